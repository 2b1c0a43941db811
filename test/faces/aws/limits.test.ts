/** Quotas, request rates and last use (contracts: AWS 10.6, 17). */
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GetKeyLastUsageCommand,
  GetPublicKeyCommand,
  ReEncryptCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { RATES } from '../../../src/faces/aws/throttle.ts'
import { Tally } from '../../../src/faces/aws/quotas.ts'
import { KmsFault } from '../../../src/faces/aws/errors.ts'
import { ask, outcome } from './ask.ts'
import { openWorld, START, TRANSPORTS } from './world.ts'

async function make(kms: KMSClient, input = {}): Promise<string> {
  return (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.KeyId!
}
const THROTTLED =
  'ThrottlingException: You have exceeded the rate at which you may call KMS. Reduce the ' +
  'frequency of your calls.'
const LIMIT = 'LimitExceededException: The quota of 3 KMS keys in an account and Region is reached.'
const Plaintext = new Uint8Array(8)

describe.each(Object.entries(TRANSPORTS))('quotas through the %s', (_, connect) => {
  it('count the keys of an account and region, without those of services and those gone', async () => {
    const { kms, clock, client } = await openWorld(connect, { quotas: { keys: 3 } })
    await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' }))
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => outcome(kms, 'CreateKey', {})),
    )
    expect(answers.toSorted()).toEqual([LIMIT, LIMIT, 'ok', 'ok', 'ok'].toSorted())
    await make(client({ region: 'us-east-1' }))
    const { Keys } = (await ask(kms, 'ListKeys')) as unknown as { Keys: { KeyId: string }[] }
    const { KeyId } = Keys.at(-1)!
    await ask(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    expect(await outcome(kms, 'CreateKey', {})).toBe(LIMIT)
    clock.advance({ days: 7 })
    expect(await outcome(kms, 'CreateKey', {})).toBe('ok')
    expect(await outcome(kms, 'CreateKey', {})).toBe(LIMIT)
  })

  it('do not count what was refused', async () => {
    const { kms } = await openWorld(connect, { quotas: { keys: 1 } })
    const Tags = [{ TagKey: 'aws:no', TagValue: '' }]
    for (let i = 0; i < 3; i++) expect(await outcome(kms, 'CreateKey', { Tags })).not.toBe('ok')
    expect(await outcome(kms, 'CreateKey', {})).toBe('ok')
  })

  it('can be left out', async () => {
    const { kms } = await openWorld(connect, { quotas: false })
    const Tags = Array.from({ length: 60 }, (_, i) => ({ TagKey: `${i}`, TagValue: '' }))
    expect(await outcome(kms, 'CreateKey', { Tags })).toBe('ok')
  })
})

describe('a tally', () => {
  it('counts once, and again only when it seems to be too many', async () => {
    let counted = 0
    const tally = new Tally()
    let there = 5
    const count = async () => (counted++, there)
    const refuse = () => new KmsFault('LimitExceededException')
    const add = () => tally.add(10, count, refuse, async () => there++)
    for (let i = 0; i < 4; i++) await add()
    expect(counted).toBe(1)
    await add()
    await expect(add()).rejects.toBeInstanceOf(KmsFault)
    expect([counted, there]).toEqual([2, 10])
    there = 7
    await add()
    expect([counted, there]).toEqual([3, 8])
  })
})

describe.each(Object.entries(TRANSPORTS))('request rates through the %s', (_, connect) => {
  /** How many of so many requests at one moment are answered. */
  const answered = async (kms: KMSClient, name: string, input: object, times: number) => {
    let count = 0
    for (let i = 0; i < times; i++) {
      const found = await outcome(kms, name, input)
      if (found === 'ok') count++
      else expect(found).toBe(THROTTLED)
    }
    return count
  }

  it('are not looked at unless asked for', async () => {
    const { kms } = await openWorld(connect)
    expect(await answered(kms, 'CreateKey', {}, 7)).toBe(7)
  })

  it('are five a second for what changes keys, by operation, region and the clock', async () => {
    const { kms, clock, client } = await openWorld(connect, { throttle: true })
    const KeyId = await make(kms)
    expect(await answered(kms, 'CreateKey', {}, 5)).toBe(4)
    expect(await answered(kms, 'DisableKey', { KeyId }, 7)).toBe(5)
    expect(await answered(client({ region: 'us-east-1' }), 'CreateKey', {}, 7)).toBe(5)
    clock.advance({ milliseconds: 400 })
    expect(await answered(kms, 'CreateKey', {}, 5)).toBe(2)
    clock.advance({ seconds: 60 })
    expect(await answered(kms, 'CreateKey', {}, 7)).toBe(5)
  })

  it('may be less than one a second', async () => {
    const { kms, clock } = await openWorld(connect, { throttle: { DescribeKey: 0.25 } })
    const KeyId = await make(kms)
    expect(await answered(kms, 'DescribeKey', { KeyId }, 2)).toBe(1)
    clock.advance({ seconds: 3 })
    expect(await answered(kms, 'DescribeKey', { KeyId }, 1)).toBe(0)
    clock.advance({ seconds: 1 })
    expect(await answered(kms, 'DescribeKey', { KeyId }, 2)).toBe(1)
  })

  it('are shared by all uses of one kind of key', async () => {
    const throttle = { symmetric: 4, ecc: 2, rsa: 1 }
    const { kms } = await openWorld(connect, { throttle })
    const KeyId = await make(kms)
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext }))
    expect(await answered(kms, 'Decrypt', { CiphertextBlob }, 1)).toBe(1)
    expect(await answered(kms, 'GenerateRandom', { NumberOfBytes: 1 }, 1)).toBe(1)
    expect(await answered(kms, 'Decrypt', { CiphertextBlob, KeyId }, 3)).toBe(1)
    const pair = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' }
    const SigningAlgorithm = 'ECDSA_SHA_256'
    const signing = { KeyId: await make(kms, pair), Message: Plaintext, SigningAlgorithm }
    expect(await answered(kms, 'Sign', signing, 4)).toBe(2)
    const rsa = { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' }
    const EncryptionAlgorithm = 'RSAES_OAEP_SHA_256'
    const encrypting = { KeyId: await make(kms, rsa), Plaintext, EncryptionAlgorithm }
    expect(await answered(kms, 'Encrypt', encrypting, 3)).toBe(1)
  })

  it('are those of the contract', () => {
    expect(RATES).toMatchObject({
      symmetric: 5500,
      rsa: 500,
      ecc: 300,
      customKeyStore: 1800,
      DescribeKey: 2000,
      GetKeyPolicy: 1000,
      ListKeys: 500,
      ListGrants: 100,
      CreateGrant: 50,
      PutKeyPolicy: 15,
      GetParametersForImport: 0.25,
      'GenerateDataKeyPair RSA_4096': 0.1,
    })
  })
})

describe.each(Object.entries(TRANSPORTS))('last use through the %s', (_, connect) => {
  const lastUse = async (kms: KMSClient, KeyId: string) => {
    const { $metadata: _, ...told } = await kms.send(new GetKeyLastUsageCommand({ KeyId }))
    return told
  }

  it('is empty for a key that was not used, since it was made', async () => {
    const { kms, clock } = await openWorld(connect)
    const old = await make(kms)
    clock.advance({ days: 2 })
    const KeyId = await make(kms)
    const made = new Date(START.getTime() + 2 * 86_400_000)
    expect(await lastUse(kms, KeyId)).toEqual({
      KeyId,
      KeyLastUsage: {},
      TrackingStartDate: made,
      KeyCreationDate: made,
    })
    expect((await lastUse(kms, old)).TrackingStartDate).toEqual(START)
  })

  it('tells the last operation that worked, of both keys of ReEncrypt', async () => {
    const { kms, clock } = await openWorld(connect)
    const [source, target] = [await make(kms), await make(kms)]
    const encrypted = await kms.send(new EncryptCommand({ KeyId: source, Plaintext }))
    const { KeyLastUsage } = await lastUse(kms, source)
    expect(KeyLastUsage).toEqual({
      Operation: 'Encrypt',
      Timestamp: START,
      KmsRequestId: encrypted.$metadata.requestId,
    })
    clock.advance({ seconds: 1 })
    const { CiphertextBlob } = encrypted
    await kms.send(new ReEncryptCommand({ CiphertextBlob, DestinationKeyId: target }))
    const Timestamp = new Date(START.getTime() + 1000)
    for (const KeyId of [source, target])
      expect((await lastUse(kms, KeyId)).KeyLastUsage).toMatchObject({
        Operation: 'ReEncrypt',
        Timestamp,
      })
  })

  it('is no request that was refused, or a test run, or about a public key', async () => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    const signing = { KeyId, Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' }
    expect(await outcome(kms, 'Sign', { ...signing, DryRun: true })).toMatch(/^DryRun/)
    const Signature = new Uint8Array(70)
    expect(await outcome(kms, 'Verify', { ...signing, Signature })).toMatch(/^KMSInvalidSignature/)
    await kms.send(new GetPublicKeyCommand({ KeyId }))
    expect((await lastUse(kms, KeyId)).KeyLastUsage).toEqual({})
  })
})
