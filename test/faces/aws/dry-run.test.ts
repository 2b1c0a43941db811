/** DryRun and IGNORE_CIPHERTEXT (contracts: AWS 10.4), by the official client. */
import {
  EncapsulateCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  SignCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld } from './world.ts'
import { clientsOf, createKey, keysOf, UNKNOWN, utf8 } from './using.ts'

const world = await openWorld()
const { kms: handler, room } = world
const keyOf = keysOf(handler)
const Message = utf8('hello')
const WOULD =
  'DryRunOperationException: The request would have succeeded, but the DryRun option is set.'

const aes = await keyOf()
const other = await createKey(handler)
const signer = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY')
const hmac = await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC')
const agreeing = await keyOf('ECC_NIST_P256', 'KEY_AGREEMENT')
const kem = await keyOf('ML_KEM_512', 'ENCAPSULATE_DECAPSULATE')
const SIGNING = { SigningAlgorithm: 'ECDSA_SHA_256', Message } as const
const MAC = { MacAlgorithm: 'HMAC_SHA_256', Message } as const
const KEM = { EncapsulationAlgorithm: 'ML_KEM' } as const
const { CiphertextBlob } = await handler.send(
  new EncryptCommand({ KeyId: aes.KeyId, Plaintext: Message }),
)
const { Signature } = await handler.send(new SignCommand({ KeyId: signer.KeyId, ...SIGNING }))
const { Mac } = await handler.send(new GenerateMacCommand({ KeyId: hmac.KeyId, ...MAC }))
const { PublicKey } = await handler.send(new GetPublicKeyCommand({ KeyId: agreeing.KeyId }))
const { SharedSecretCiphertextBlob } = await handler.send(
  new EncapsulateCommand({ KeyId: kem.KeyId, ...KEM }),
)
const altered = (blob: Uint8Array | undefined) =>
  new Uint8Array(blob!).map((byte, i, { length }) => (i === length - 1 ? byte ^ 1 : byte))

interface Case {
  readonly name: string
  readonly keyId: string
  readonly input: object
  /** What is wrong about the same request otherwise, and how it ends then. */
  readonly wrong: object
  readonly refusal: RegExp
}
const CASES: readonly Case[] = [
  {
    name: 'Encrypt',
    keyId: aes.KeyId,
    input: { Plaintext: Message },
    wrong: { EncryptionAlgorithm: 'RSAES_OAEP_SHA_1' },
    refusal: /^InvalidKeyUsageException: Algorithm RSAES_OAEP_SHA_1 is incompatible/,
  },
  {
    name: 'Decrypt',
    keyId: aes.KeyId,
    input: { CiphertextBlob },
    wrong: { CiphertextBlob: altered(CiphertextBlob) },
    refusal: /^InvalidCiphertextException/,
  },
  ...['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext'].map((name) => ({
    name,
    keyId: aes.KeyId,
    input: { KeySpec: 'AES_256' },
    wrong: { NumberOfBytes: 3 },
    refusal: /^ValidationException: Please specify either number of bytes or key spec\./,
  })),
  ...['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext'].map((name) => ({
    name,
    keyId: aes.KeyId,
    input: { KeyPairSpec: 'ECC_NIST_P256' },
    wrong: { KeyPairSpec: 'ECC_NIST_P123' },
    refusal: /^ValidationException: 1 validation error detected/,
  })),
  {
    name: 'Sign',
    keyId: signer.KeyId,
    input: SIGNING,
    wrong: { MessageType: 'DIGEST' },
    refusal: /^ValidationException: Digest is invalid length/,
  },
  {
    name: 'Verify',
    keyId: signer.KeyId,
    input: { ...SIGNING, Signature },
    wrong: { Signature: altered(Signature) },
    refusal: /^KMSInvalidSignatureException/,
  },
  {
    name: 'GenerateMac',
    keyId: hmac.KeyId,
    input: MAC,
    wrong: { MacAlgorithm: 'HMAC_SHA_512' },
    refusal: /^InvalidKeyUsageException/,
  },
  {
    name: 'VerifyMac',
    keyId: hmac.KeyId,
    input: { ...MAC, Mac },
    wrong: { Mac: altered(Mac) },
    refusal: /^KMSInvalidMacException/,
  },
  {
    name: 'DeriveSharedSecret',
    keyId: agreeing.KeyId,
    input: { KeyAgreementAlgorithm: 'ECDH', PublicKey },
    wrong: { PublicKey: altered(PublicKey) },
    refusal: /^ValidationException/,
  },
  {
    name: 'Encapsulate',
    keyId: kem.KeyId,
    input: KEM,
    wrong: { EncapsulationAlgorithm: 'RSA' },
    refusal: /^ValidationException: 1 validation error detected/,
  },
  {
    name: 'Decapsulate',
    keyId: kem.KeyId,
    input: { ...KEM, SharedSecretCiphertextBlob },
    wrong: { SharedSecretCiphertextBlob: new Uint8Array(1) },
    refusal: /^InvalidCiphertextException/,
  },
]

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  it.each(CASES)('$name would succeed, or ends as it would', async (each) => {
    const { name, keyId: KeyId, input, wrong, refusal } = each
    const asked = { KeyId, ...input }
    expect(await outcome(kms, name, { ...asked, DryRun: false })).toBe('ok')
    expect(await outcome(kms, name, { ...asked, DryRun: true })).toBe(WOULD)
    expect(await outcome(kms, name, { ...asked, ...wrong, DryRun: true })).toMatch(refusal)
    const unknown = { ...asked, KeyId: UNKNOWN, DryRun: true }
    expect(await outcome(kms, name, unknown)).toMatch(/^NotFoundException: Key 'arn:/)
    await room.disableKey({ keyId: KeyId })
    try {
      expect(await outcome(kms, name, { ...asked, DryRun: true })).toMatch(
        /^DisabledException: arn:.* is disabled\.$/,
      )
    } finally {
      await room.enableKey({ keyId: KeyId })
    }
  })

  it('ReEncrypt would succeed, or ends as it would, for either key', async () => {
    const asked = { CiphertextBlob, DestinationKeyId: other.KeyId, DryRun: true }
    expect(await outcome(kms, 'ReEncrypt', asked)).toBe(WOULD)
    const wrong = { ...asked, CiphertextBlob: altered(CiphertextBlob) }
    expect(await outcome(kms, 'ReEncrypt', wrong)).toMatch(/^InvalidCiphertextException/)
    for (const { KeyId, Arn } of [aes, other]) {
      await room.disableKey({ keyId: KeyId })
      const refused = await outcome(kms, 'ReEncrypt', asked)
      await room.enableKey({ keyId: KeyId })
      expect(refused).toBe(`DisabledException: ${Arn} is disabled.`)
    }
  })

  it('IGNORE_CIPHERTEXT asks for the right alone, of a key that is named', async () => {
    const ignoring = { DryRun: true, DryRunModifiers: ['IGNORE_CIPHERTEXT'] }
    const garbage = new Uint8Array(3)
    for (const more of [{}, { CiphertextBlob: garbage }]) {
      const opened = { KeyId: aes.KeyId, ...ignoring, ...more }
      expect(await outcome(kms, 'Decrypt', opened)).toBe(WOULD)
      const moved = { SourceKeyId: aes.KeyId, DestinationKeyId: other.KeyId, ...ignoring, ...more }
      expect(await outcome(kms, 'ReEncrypt', moved)).toBe(WOULD)
      for (const { KeyId, Arn } of [aes, other]) {
        await room.disableKey({ keyId: KeyId })
        const disabled = `DisabledException: ${Arn} is disabled.`
        const refused = await outcome(kms, 'ReEncrypt', moved)
        const alone = await outcome(kms, 'Decrypt', { ...opened, KeyId })
        await room.enableKey({ keyId: KeyId })
        expect([refused, alone]).toEqual([disabled, disabled])
      }
    }
    expect(await outcome(kms, 'Decrypt', { KeyId: signer.KeyId, ...ignoring })).toBe(
      `InvalidKeyUsageException: ${signer.Arn} key usage is SIGN_VERIFY which is not valid for ` +
        'Decrypt.',
    )
    expect(await outcome(kms, 'Decrypt', { ...ignoring, CiphertextBlob })).toBe(
      'ValidationException: KeyId is required when the ciphertext is ignored.',
    )
    expect(await outcome(kms, 'ReEncrypt', { ...ignoring, DestinationKeyId: aes.KeyId })).toBe(
      'ValidationException: SourceKeyId is required when the ciphertext is ignored.',
    )
    for (const DryRun of [undefined, false])
      expect(
        await outcome(kms, 'Decrypt', { KeyId: aes.KeyId, CiphertextBlob, ...ignoring, DryRun }),
      ).toBe('ValidationException: DryRunModifiers can only be specified when DryRun is true.')
  })
})
