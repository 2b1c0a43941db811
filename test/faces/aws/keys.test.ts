/** Keys as a whole: made, shown, described, enabled, disabled, deleted (contracts: AWS 7, 10.1, 17). */
import { createPublicKey } from 'node:crypto'
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  EncryptCommand,
  GetPublicKeyCommand,
  ScheduleKeyDeletionCommand,
  UpdateKeyDescriptionCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { ACCOUNT, openWorld, refusal, REGION, START, TRANSPORTS } from './world.ts'

async function make(kms: KMSClient, input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand(input))
  return { KeyId: KeyMetadata!.KeyId!, arn: KeyMetadata!.Arn!, metadata: KeyMetadata! }
}
const show = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!

const DAY_MS = 86_400_000
const inDays = (days: number): Date => new Date(START.getTime() + days * DAY_MS)

/** Contracts: AWS 7, the matrix of specs, usages and algorithms. */
const RSASSA = ['PKCS1_V1_5', 'PSS'].flatMap((scheme) =>
  [256, 384, 512].map((bits) => `RSASSA_${scheme}_SHA_${bits}`),
)
const RSA_OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const MATRIX: readonly (readonly [string, string, string, readonly string[]])[] = [
  ['SYMMETRIC_DEFAULT', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', ['SYMMETRIC_DEFAULT']],
  ['HMAC_224', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_224']],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_256']],
  ['HMAC_384', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_384']],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', 'MacAlgorithms', ['HMAC_SHA_512']],
  ['RSA_2048', 'ENCRYPT_DECRYPT', 'EncryptionAlgorithms', RSA_OAEP],
  ['RSA_2048', 'SIGN_VERIFY', 'SigningAlgorithms', RSASSA],
  ['ECC_NIST_P256', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
  ['ECC_NIST_P384', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_384']],
  ['ECC_NIST_P521', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_512']],
  ['ECC_NIST_P256', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_NIST_P521', 'KEY_AGREEMENT', 'KeyAgreementAlgorithms', ['ECDH']],
  ['ECC_SECG_P256K1', 'SIGN_VERIFY', 'SigningAlgorithms', ['ECDSA_SHA_256']],
  [
    'ECC_NIST_EDWARDS25519',
    'SIGN_VERIFY',
    'SigningAlgorithms',
    ['ED25519_SHA_512', 'ED25519_PH_SHA_512'],
  ],
]
const LISTS = [
  'EncryptionAlgorithms',
  'SigningAlgorithms',
  'MacAlgorithms',
  'KeyAgreementAlgorithms',
  'EncapsulationAlgorithms',
]

describe.each(Object.entries(TRANSPORTS))('keys through the %s', (_, connect) => {
  it.each(MATRIX)('%s for %s has %s', async (KeySpec, KeyUsage, member, algorithms) => {
    const { kms } = await openWorld(connect)
    const { metadata } = await make(kms, { KeySpec, KeyUsage } as CreateKeyCommandInput)
    expect(metadata).toMatchObject({ KeySpec, KeyUsage, CustomerMasterKeySpec: KeySpec })
    const lists = Object.fromEntries(
      Object.entries(metadata).filter(([name]) => LISTS.includes(name)),
    )
    expect(lists).toEqual({ [member]: algorithms })
  })

  it('takes the older name of KeySpec, beside the newer when both say the same', async () => {
    const { kms } = await openWorld(connect)
    const mac = { KeyUsage: 'GENERATE_VERIFY_MAC', CustomerMasterKeySpec: 'HMAC_256' } as const
    const { metadata } = await make(kms, mac)
    expect(metadata.KeySpec).toBe('HMAC_256')
    await make(kms, { ...mac, KeySpec: 'HMAC_256' })
    const both = kms.send(new CreateKeyCommand({ ...mac, KeySpec: 'HMAC_512' }))
    expect((await refusal(both))[0]).toBe('ValidationException')
  })

  it.each([
    [
      { KeySpec: 'RSA_2048' },
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    ],
    [
      { KeySpec: 'RSA_2048', KeyUsage: 'KEY_AGREEMENT' },
      'KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048',
    ],
    [
      { KeySpec: 'ECC_SECG_P256K1', KeyUsage: 'KEY_AGREEMENT' },
      'KeyUsage KEY_AGREEMENT is not compatible with KeySpec ECC_SECG_P256K1',
    ],
    [
      { KeyUsage: 'SIGN_VERIFY' },
      'KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT',
    ],
  ])('refuses %j', async (input, text) => {
    const { kms } = await openWorld(connect)
    expect(await outcome(kms, 'CreateKey', input)).toBe(`ValidationException: ${text}`)
  })

  it('of origin EXTERNAL waits for its material', async () => {
    const { kms } = await openWorld(connect)
    const { KeyId, metadata, arn } = await make(kms, { Origin: 'EXTERNAL' })
    expect(metadata).toMatchObject({
      Origin: 'EXTERNAL',
      KeyState: 'PendingImport',
      Enabled: false,
      KeyManager: 'CUSTOMER',
    })
    expect(Object.keys(metadata)).not.toContain('ExpirationModel')
    const used = kms.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(1) }))
    expect(await refusal(used)).toEqual(['KMSInvalidStateException', `${arn} is pending import.`])
  })

  it('is found by id, ARN, alias and alias ARN', async () => {
    const { kms } = await openWorld(connect)
    const { KeyId, arn } = await make(kms)
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/it', TargetKeyId: KeyId }))
    const names = [KeyId, arn, 'alias/it', `arn:aws:kms:${REGION}:${ACCOUNT}:alias/it`]
    for (const name of names) expect((await show(kms, name)).Arn).toBe(arn)
  })

  it.each([
    ['fake-key-id', `NotFoundException: Invalid keyId 'fake-key-id'`],
    ['mrk-fake-key-id', `NotFoundException: Invalid keyId 'mrk-fake-key-id'`],
    ['1'.repeat(32), `NotFoundException: Invalid keyId '${'1'.repeat(32)}'`],
    [
      `mrk-${'1'.repeat(32)}`,
      `NotFoundException: Key 'arn:aws:kms:${REGION}:${ACCOUNT}:key/mrk-${'1'.repeat(32)}' ` +
        'does not exist',
    ],
    [
      `arn:aws:kms:us-east-1:${ACCOUNT}:key/11111111-2222-3333-4444-555555555555`,
      'NotFoundException: Invalid arn us-east-1',
    ],
    [
      'alias/nobody',
      `NotFoundException: Alias arn:aws:kms:${REGION}:${ACCOUNT}:alias/nobody is not found.`,
    ],
    ['arn:aws:s3:::bucket', 'InvalidArnException: Invalid arn arn:aws:s3:::bucket'],
  ])('is not found by %s', async (KeyId, expected) => {
    const { kms } = await openWorld(connect)
    expect(await outcome(kms, 'DescribeKey', { KeyId })).toBe(expected)
  })

  it.each([
    'EnableKey',
    'DisableKey',
    'ScheduleKeyDeletion',
    'CancelKeyDeletion',
    'UpdateKeyDescription',
    'GetKeyLastUsage',
  ])('%s takes no alias', async (name) => {
    const { kms } = await openWorld(connect)
    const { KeyId } = await make(kms)
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/it', TargetKeyId: KeyId }))
    expect(await outcome(kms, name, { KeyId: 'alias/it', Description: '' })).toBe(
      'InvalidArnException: Key Aliases are not supported for this operation.',
    )
  })

  it('is described anew, in any state but pending deletion', async () => {
    const { kms } = await openWorld(connect)
    const { KeyId } = await make(kms, { Description: 'old' })
    await kms.send(new DisableKeyCommand({ KeyId }))
    await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'new' }))
    expect((await show(kms, KeyId)).Description).toBe('new')
    await kms.send(new UpdateKeyDescriptionCommand({ KeyId, Description: '' }))
    expect((await show(kms, KeyId)).Description).toBe('')
  })

  it('is disabled and enabled, each as often as one likes', async () => {
    const { kms } = await openWorld(connect)
    const { KeyId, arn } = await make(kms)
    for (let i = 0; i < 2; i++) await kms.send(new DisableKeyCommand({ KeyId: arn }))
    expect(await show(kms, KeyId)).toMatchObject({ KeyState: 'Disabled', Enabled: false })
    const used = kms.send(new EncryptCommand({ KeyId, Plaintext: new Uint8Array(1) }))
    expect(await refusal(used)).toEqual(['DisabledException', `${arn} is disabled.`])
    for (let i = 0; i < 2; i++) await kms.send(new EnableKeyCommand({ KeyId }))
    expect(await show(kms, KeyId)).toMatchObject({ KeyState: 'Enabled', Enabled: true })
  })

  it('is deleted after 30 days, if nobody says otherwise', async () => {
    const { kms, clock } = await openWorld(connect)
    const { KeyId, arn } = await make(kms)
    const { $metadata: _, ...scheduled } = await kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    const DeletionDate = inDays(30)
    expect(scheduled).toEqual({
      KeyId: arn,
      DeletionDate,
      KeyState: 'PendingDeletion',
      PendingWindowInDays: 30,
    })
    expect(await show(kms, KeyId)).toMatchObject({
      KeyState: 'PendingDeletion',
      Enabled: false,
      DeletionDate,
    })
    clock.advance({ days: 30 })
    const gone = kms.send(new DescribeKeyCommand({ KeyId }))
    expect(await refusal(gone)).toEqual(['NotFoundException', `Key '${arn}' does not exist`])
  })

  it('comes back disabled when its deletion is cancelled', async () => {
    const { kms, clock } = await openWorld(connect)
    const { KeyId, arn } = await make(kms)
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    clock.advance({ days: 6 })
    const { KeyId: answered } = await kms.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(answered).toBe(arn)
    const shown = await show(kms, KeyId)
    expect(shown.KeyState).toBe('Disabled')
    expect(shown.DeletionDate).toBeUndefined()
    const again = kms.send(new CancelKeyDeletionCommand({ KeyId }))
    const expected = ['KMSInvalidStateException', `${arn} is not pending deletion.`]
    expect(await refusal(again)).toEqual(expected)
  })

  it('without material waits for it again when its deletion is cancelled', async () => {
    const { kms } = await openWorld(connect)
    const { KeyId } = await make(kms, { Origin: 'EXTERNAL' })
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    await kms.send(new CancelKeyDeletionCommand({ KeyId }))
    expect((await show(kms, KeyId)).KeyState).toBe('PendingImport')
  })

  it.each([1, 6, 31, 365])('has no window of %i days', async (PendingWindowInDays) => {
    const { kms } = await openWorld(connect)
    const { KeyId } = await make(kms)
    expect(await outcome(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays })).toBe(
      'ValidationException: PendingWindowInDays must be between 7 and 30',
    )
  })

  it('shows its public half', async () => {
    const { kms } = await openWorld(connect)
    const pair = { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' } as const
    const { KeyId, arn } = await make(kms, pair)
    const { $metadata: _, PublicKey, ...shown } = await kms.send(new GetPublicKeyCommand({ KeyId }))
    expect(shown).toEqual({
      KeyId: arn,
      KeySpec: 'ECC_NIST_P256',
      CustomerMasterKeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
      SigningAlgorithms: ['ECDSA_SHA_256'],
    })
    const key = createPublicKey({ key: Buffer.from(PublicKey!), format: 'der', type: 'spki' })
    expect(key.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' })
  })

  it.each(['SYMMETRIC_DEFAULT', 'HMAC_256'] as const)('%s has no public half', async (KeySpec) => {
    const { kms } = await openWorld(connect)
    const KeyUsage = KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'ENCRYPT_DECRYPT'
    const { KeyId } = await make(kms, { KeySpec, KeyUsage })
    const asked = kms.send(new GetPublicKeyCommand({ KeyId }))
    // The client has a word of its own for exceptions without a text.
    expect(await refusal(asked)).toEqual(['UnsupportedOperationException', 'UnknownError'])
  })
})
