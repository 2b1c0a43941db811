/** The same client, the same requests, by each way: the same answers and the same exceptions. */
import {
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateRandomCommand,
  InvalidCiphertextException,
  KMSServiceException,
  NotFoundException,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { ACCOUNT, openWorld, refusal, REGION, START, TRANSPORTS } from './world.ts'

const UNKNOWN = '11111111-2222-3333-4444-555555555555'

describe.each(Object.entries(TRANSPORTS))('through the %s', (_, connect) => {
  it('shows a new key as the service does', async () => {
    const { kms } = await openWorld(connect)
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Description: 'orders' }))
    const { KeyId, Arn } = KeyMetadata!
    expect(Arn).toBe(`arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId}`)
    expect(KeyMetadata).toEqual({
      AWSAccountId: ACCOUNT,
      KeyId,
      Arn,
      CreationDate: START,
      Enabled: true,
      Description: 'orders',
      KeyUsage: 'ENCRYPT_DECRYPT',
      KeyState: 'Enabled',
      Origin: 'AWS_KMS',
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      CurrentKeyMaterialId: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      MultiRegion: false,
    })
    const described = await kms.send(new DescribeKeyCommand({ KeyId: Arn }))
    expect(described.KeyMetadata).toEqual(KeyMetadata)
    expect(described.$metadata.httpStatusCode).toBe(200)
    expect(described.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/)
  })

  it('decrypts what it encrypted, under the same context alone', async () => {
    const { kms } = await openWorld(connect)
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const KeyId = KeyMetadata!.KeyId!
    const Plaintext = new Uint8Array([1, 2, 3])
    const EncryptionContext = { table: 'orders' }
    const { CiphertextBlob } = await kms.send(
      new EncryptCommand({ KeyId, Plaintext, EncryptionContext }),
    )
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(new Uint8Array(opened.Plaintext!)).toEqual(Plaintext)
    expect(opened.KeyId).toBe(KeyMetadata!.Arn)
    const other = kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext: { a: 'b' } }))
    await expect(other).rejects.toBeInstanceOf(InvalidCiphertextException)
  })

  it('throws the exceptions of the client, with status, request id and text', async () => {
    const { kms } = await openWorld(connect)
    const unknown = kms.send(new DescribeKeyCommand({ KeyId: UNKNOWN }))
    await expect(unknown).rejects.toBeInstanceOf(NotFoundException)
    await expect(unknown).rejects.toMatchObject({
      message: `Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/${UNKNOWN}' does not exist`,
      $metadata: { httpStatusCode: 400 },
    })
    const invalid = kms.send(new GenerateRandomCommand({ NumberOfBytes: 1025 }))
    await expect(invalid).rejects.toBeInstanceOf(KMSServiceException)
    expect(await refusal(invalid)).toEqual([
      'ValidationException',
      "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy " +
        'constraint: Member must have value less than or equal to 1024',
    ])
  })

  it('repeats what was a passing failure, and is answered', async () => {
    let failures = 1
    const intercept = () =>
      failures-- > 0 ? { name: 'KeyUnavailableException', message: 'for a moment' } : undefined
    const world = await openWorld(connect, { intercept })
    const { Plaintext } = await world
      .client({ maxAttempts: 2 })
      .send(new GenerateRandomCommand({ NumberOfBytes: 8 }))
    expect(Plaintext).toHaveLength(8)
  })

  it('keeps regions apart', async () => {
    const { kms, client } = await openWorld(connect)
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const elsewhere = client({ region: 'us-east-1' })
    expect(
      await refusal(elsewhere.send(new DescribeKeyCommand({ KeyId: KeyMetadata!.KeyId }))),
    ).toEqual([
      'NotFoundException',
      `Key 'arn:aws:kms:us-east-1:${ACCOUNT}:key/${KeyMetadata!.KeyId}' does not exist`,
    ])
  })
})
