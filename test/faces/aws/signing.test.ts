/** Sign and Verify (contracts: AWS 8.3, 17), by the official client. */
import { createHash } from 'node:crypto'
import {
  SignCommand,
  VerifyCommand,
  type MessageType,
  type SignCommandInput,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld } from './world.ts'
import { bytes, clientsOf, createKey, keysOf, utf8 } from './using.ts'

const world = await openWorld()
const { kms: handler } = world
const keyOf = keysOf(handler)
const signer = (spec: string) => keyOf(spec, 'SIGN_VERIFY')
const MESSAGE = utf8('a message to sign')
const digest = (hash: string) => bytes(createHash(hash).update(MESSAGE).digest())
const INVALID_SIGNATURE = /^KMSInvalidSignatureException: (UnknownError)?$/

interface Case {
  readonly spec: string
  readonly algorithm: SigningAlgorithmSpec
  readonly hash?: string
  readonly types: readonly MessageType[]
  /** Length of a signature, or of the longest. */
  readonly length: number
}
const rsassa = (bits: number): Case[] =>
  ['PKCS1_V1_5', 'PSS'].map((scheme) => ({
    spec: 'RSA_2048',
    algorithm: `RSASSA_${scheme}_SHA_${bits}` as SigningAlgorithmSpec,
    hash: `sha${bits}`,
    types: ['RAW', 'DIGEST'],
    length: 256,
  }))
const ecdsa = (spec: string, bits: number, length: number): Case => ({
  spec,
  algorithm: `ECDSA_SHA_${bits}` as SigningAlgorithmSpec,
  hash: `sha${bits}`,
  types: ['RAW', 'DIGEST'],
  length,
})
const mlDsa = (spec: string, length: number): Case => ({
  spec,
  algorithm: 'ML_DSA_SHAKE_256',
  types: ['RAW'],
  length,
})
/** Contracts: AWS 7, 8.3: all algorithms, their specs, what a message can be, how long a signature is. */
const CASES: readonly Case[] = [
  ...[256, 384, 512].flatMap(rsassa),
  ecdsa('ECC_NIST_P256', 256, 72),
  ecdsa('ECC_SECG_P256K1', 256, 72),
  ecdsa('ECC_NIST_P384', 384, 104),
  ecdsa('ECC_NIST_P521', 512, 139),
  { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512', types: ['RAW'], length: 64 },
  {
    spec: 'ECC_NIST_EDWARDS25519',
    algorithm: 'ED25519_PH_SHA_512',
    hash: 'sha512',
    types: ['DIGEST'],
    length: 64,
  },
  mlDsa('ML_DSA_44', 2420),
  mlDsa('ML_DSA_65', 3309),
  mlDsa('ML_DSA_87', 4627),
]
const TYPES: readonly MessageType[] = ['RAW', 'DIGEST', 'EXTERNAL_MU']
const messageOf = ({ hash }: Case, type: MessageType) =>
  type === 'DIGEST' ? digest(hash!) : MESSAGE

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  it.each(CASES)('$spec $algorithm: as $types, verified as any of them', async (each) => {
    const { spec, algorithm: SigningAlgorithm, types, length } = each
    const { KeyId, Arn } = await signer(spec)
    for (const type of types) {
      const named = { KeyId, SigningAlgorithm }
      const { $metadata: _, ...signed } = await kms.send(
        new SignCommand({ ...named, Message: messageOf(each, type), MessageType: type }),
      )
      expect(signed).toEqual({
        KeyId: Arn,
        SigningAlgorithm,
        Signature: expect.any(Uint8Array) as Uint8Array,
      })
      const Signature = bytes(signed.Signature)
      expect(Signature.length).toBeLessThanOrEqual(length)
      expect(Signature.length).toBeGreaterThan(length - 12)
      for (const other of types) {
        const asked = { ...named, Signature, MessageType: other }
        const { $metadata: __, ...verified } = await kms.send(
          new VerifyCommand({ ...asked, Message: messageOf(each, other) }),
        )
        expect(verified).toEqual({ KeyId: Arn, SigningAlgorithm, SignatureValid: true })
      }
      const wrong = messageOf(each, type).map((byte, i) => (i === 0 ? byte ^ 1 : byte))
      const asked = { ...named, Signature, MessageType: type }
      expect(await outcome(kms, 'Verify', { ...asked, Message: wrong })).toMatch(INVALID_SIGNATURE)
    }
  })

  it('a signature that is none is invalid, never false', async () => {
    for (const { spec, algorithm: SigningAlgorithm } of CASES.filter(({ types }) =>
      types.includes('RAW'),
    )) {
      const { KeyId } = await signer(spec)
      for (const length of [1, 64, 256, 6144]) {
        const Signature = new Uint8Array(length).fill(1)
        const input = { KeyId, SigningAlgorithm, Message: MESSAGE, Signature }
        expect(await outcome(kms, 'Verify', input)).toMatch(INVALID_SIGNATURE)
      }
    }
  })
})

describe('messages', () => {
  it('RAW is what a message is when nothing is said, and may be empty', async () => {
    const { KeyId } = await signer('ECC_NIST_P256')
    const SigningAlgorithm = 'ECDSA_SHA_256'
    for (const Message of [new Uint8Array(0), new Uint8Array(4096)]) {
      const named = { KeyId, SigningAlgorithm, Message } as const
      const { Signature } = await handler.send(new SignCommand(named))
      const asked = { ...named, Signature, MessageType: 'RAW' } as const
      expect((await handler.send(new VerifyCommand(asked))).SignatureValid).toBe(true)
    }
    const long = { KeyId, SigningAlgorithm, Message: new Uint8Array(4097) }
    expect(await outcome(handler, 'Sign', long)).toBe(
      "ValidationException: 1 validation error detected: Value at 'message' failed to satisfy " +
        'constraint: Member must have length less than or equal to 4096',
    )
  })

  it.each(CASES.filter(({ hash }) => hash !== undefined))(
    '$algorithm: a digest has the length of its hash',
    async ({ spec, algorithm: SigningAlgorithm, hash }) => {
      const { KeyId } = await signer(spec)
      const { length } = digest(hash!)
      for (const wrong of [length - 1, length + 1, 1]) {
        const Message = new Uint8Array(wrong)
        const input = { KeyId, SigningAlgorithm, Message, MessageType: 'DIGEST' }
        const expected = `ValidationException: Digest is invalid length for algorithm ${SigningAlgorithm}.`
        expect(await outcome(handler, 'Sign', input)).toBe(expected)
        const Signature = new Uint8Array(64)
        expect(await outcome(handler, 'Verify', { ...input, Signature })).toBe(expected)
      }
    },
  )

  it.each(CASES)('$spec $algorithm takes no message of another type', async (each) => {
    const { KeyId } = await signer(each.spec)
    const taken = each.spec.startsWith('ML_DSA') ? [...each.types, 'EXTERNAL_MU'] : each.types
    for (const MessageType of TYPES.filter((type) => !taken.includes(type))) {
      const named = { KeyId, SigningAlgorithm: each.algorithm, MessageType }
      expect(await outcome(handler, 'Sign', { ...named, Message: new Uint8Array(64) })).toBe(
        `ValidationException: MessageType ${MessageType} is not supported with algorithm ` +
          `${each.algorithm}.`,
      )
    }
  })

  it('Ed25519ph hashes the digest that it is given: pure signatures are no other form of it', async () => {
    const { KeyId } = await signer('ECC_NIST_EDWARDS25519')
    const named = { KeyId, Message: digest('sha512') }
    const { Signature } = await handler.send(
      new SignCommand({ ...named, SigningAlgorithm: 'ED25519_SHA_512' }),
    )
    const asked = { ...named, Signature, SigningAlgorithm: 'ED25519_PH_SHA_512' }
    expect(await outcome(handler, 'Verify', { ...asked, MessageType: 'DIGEST' })).toMatch(
      INVALID_SIGNATURE,
    )
  })
})

describe('refusals', () => {
  const sign = (input: Partial<SignCommandInput>) =>
    outcome(handler, 'Sign', { Message: MESSAGE, SigningAlgorithm: 'ECDSA_SHA_256', ...input })

  it('keys of another usage, then algorithms of another spec', async () => {
    const aes = await keyOf()
    expect(await sign({ KeyId: aes.KeyId })).toBe(
      `InvalidKeyUsageException: ${aes.Arn} key usage is ENCRYPT_DECRYPT which is not valid for ` +
        'Sign.',
    )
    const agreeing = await keyOf('ECC_NIST_P256', 'KEY_AGREEMENT')
    expect(await sign({ KeyId: agreeing.KeyId })).toBe(
      `InvalidKeyUsageException: ${agreeing.Arn} key usage is KEY_AGREEMENT which is not valid ` +
        'for Sign.',
    )
    for (const [spec, SigningAlgorithm] of [
      ['ECC_NIST_P256', 'ECDSA_SHA_384'],
      ['ECC_NIST_P384', 'ECDSA_SHA_256'],
      ['ECC_NIST_P256', 'RSASSA_PSS_SHA_256'],
      ['RSA_2048', 'ED25519_SHA_512'],
      ['RSA_2048', 'ML_DSA_SHAKE_256'],
    ] as const) {
      const { KeyId } = await signer(spec)
      const expected = `InvalidKeyUsageException: Algorithm ${SigningAlgorithm} is incompatible with key spec ${spec}.`
      expect(await sign({ KeyId, SigningAlgorithm })).toBe(expected)
      const Signature = new Uint8Array(64)
      const verify = { KeyId, SigningAlgorithm, Message: MESSAGE, Signature }
      expect(await outcome(handler, 'Verify', verify)).toBe(expected)
    }
  })

  it('a disabled key, before anything about the message', async () => {
    const { KeyId, Arn } = await createKey(handler, {
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'SIGN_VERIFY',
    })
    await world.room.disableKey({ keyId: KeyId })
    for (const more of [
      {},
      { SigningAlgorithm: 'ECDSA_SHA_512' },
      { MessageType: 'DIGEST', Message: new Uint8Array(3) },
    ] as const)
      expect(await sign({ KeyId, ...more })).toBe(`DisabledException: ${Arn} is disabled.`)
  })
})
