/** DeriveSharedSecret, Encapsulate and Decapsulate (contracts: AWS 8.4, 17), by the official client. */
import { createECDH, generateKeyPairSync } from 'node:crypto'
import {
  DecapsulateCommand,
  DeriveSharedSecretCommand,
  EncapsulateCommand,
  GetPublicKeyCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld } from './world.ts'
import { bytes, clientsOf, createKey, keysOf } from './using.ts'

const world = await openWorld()
const { kms: handler } = world
const keyOf = keysOf(handler)
const agreeing = (spec: string) => keyOf(spec, 'KEY_AGREEMENT')
const encapsulating = (spec: string) => keyOf(spec, 'ENCAPSULATE_DECAPSULATE')
const BLOB = expect.any(Uint8Array) as Uint8Array

const pair = (namedCurve: string) =>
  generateKeyPairSync('ec', {
    namedCurve,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
const peerOf = (namedCurve: string): Uint8Array => bytes(pair(namedCurve).publicKey)

const CURVES: readonly (readonly [string, string, string, number])[] = [
  ['ECC_NIST_P256', 'P-256', 'prime256v1', 32],
  ['ECC_NIST_P384', 'P-384', 'secp384r1', 48],
  ['ECC_NIST_P521', 'P-521', 'secp521r1', 66],
]
const KEMS: readonly (readonly [string, number])[] = [
  ['ML_KEM_512', 768],
  ['ML_KEM_768', 1088],
  ['ML_KEM_1024', 1568],
]

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  it.each(CURVES)('%s: two keys agree', async (spec, _curve, _name, length) => {
    const [ours, theirs] = [
      await agreeing(spec),
      await createKey(handler, {
        KeySpec: spec as 'ECC_NIST_P256',
        KeyUsage: 'KEY_AGREEMENT',
      }),
    ]
    const publicOf = async (KeyId: string) =>
      (await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey
    const derive = async (KeyId: string, PublicKey: Uint8Array | undefined) =>
      kms.send(new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }))
    const { $metadata: _, ...derived } = await derive(ours.KeyId, await publicOf(theirs.KeyId))
    expect(derived).toEqual({
      KeyId: ours.Arn,
      SharedSecret: BLOB,
      KeyAgreementAlgorithm: 'ECDH',
      KeyOrigin: 'AWS_KMS',
    })
    expect(derived.SharedSecret).toHaveLength(length)
    const there = await derive(theirs.KeyId, await publicOf(ours.KeyId))
    expect(bytes(there.SharedSecret)).toEqual(bytes(derived.SharedSecret))
  })

  it.each(KEMS)('%s: what is encapsulated in %d bytes is decapsulated', async (spec, length) => {
    const { KeyId, Arn } = await encapsulating(spec)
    const named = { KeyId, EncapsulationAlgorithm: 'ML_KEM' } as const
    const { $metadata: _, ...made } = await kms.send(new EncapsulateCommand(named))
    expect(made).toEqual({
      KeyId: Arn,
      EncapsulationAlgorithm: 'ML_KEM',
      SharedSecret: BLOB,
      SharedSecretCiphertextBlob: BLOB,
    })
    expect(made.SharedSecret).toHaveLength(32)
    const blob = bytes(made.SharedSecretCiphertextBlob)
    expect(blob).toHaveLength(length)
    const open = (SharedSecretCiphertextBlob: Uint8Array) =>
      kms.send(new DecapsulateCommand({ ...named, SharedSecretCiphertextBlob }))
    const { $metadata: __, ...opened } = await open(blob)
    expect({ ...opened, SharedSecret: bytes(opened.SharedSecret) }).toEqual({
      KeyId: Arn,
      EncapsulationAlgorithm: 'ML_KEM',
      SharedSecret: bytes(made.SharedSecret),
    })
    // Implicit rejection (FIPS 203): another secret, and always the same one.
    const altered = blob.map((byte, i) => (i === 5 ? byte ^ 1 : byte))
    const rejected = bytes((await open(altered)).SharedSecret)
    expect(rejected).not.toEqual(bytes(made.SharedSecret))
    expect(bytes((await open(altered)).SharedSecret)).toEqual(rejected)
    for (const wrong of [blob.subarray(1), new Uint8Array([...blob, 0]), new Uint8Array(1)])
      expect(
        await outcome(kms, 'Decapsulate', { ...named, SharedSecretCiphertextBlob: wrong }),
      ).toMatch(/^InvalidCiphertextException: (UnknownError)?$/)
  })
})

describe('DeriveSharedSecret', () => {
  const derive = (input: object) =>
    outcome(handler, 'DeriveSharedSecret', { KeyAgreementAlgorithm: 'ECDH', ...input })

  it.each(CURVES)(
    '%s refuses public keys that are none, or of another curve',
    async (spec, own) => {
      const { KeyId } = await agreeing(spec)
      const good = peerOf(own)
      // y is changed: the point is not on the curve.
      const off = good.map((byte, i) => (i === good.length - 1 ? byte ^ 1 : byte))
      const infinity = new Uint8Array([...good.subarray(0, good.length - 1), 0]).fill(0, -64)
      const others = ['P-256', 'P-384', 'P-521', 'secp256k1'].filter((curve) => curve !== own)
      const rsa = bytes(
        generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'der' }),
      )
      for (const PublicKey of [
        new Uint8Array([1, 2, 3]),
        off,
        infinity,
        rsa,
        good.subarray(0, good.length - 1),
        new Uint8Array(8192),
        ...others.map(peerOf),
      ])
        expect(await derive({ KeyId, PublicKey })).toMatch(/^ValidationException: (UnknownError)?$/)
    },
  )

  it('keys of another usage', async () => {
    const PublicKey = peerOf('P-256')
    const signer = await keyOf('ECC_NIST_P256', 'SIGN_VERIFY')
    expect(await derive({ KeyId: signer.KeyId, PublicKey })).toBe(
      `InvalidKeyUsageException: ${signer.Arn} key usage is SIGN_VERIFY which is not valid for ` +
        'DeriveSharedSecret.',
    )
    const aes = await keyOf()
    expect(await derive({ KeyId: aes.KeyId, PublicKey })).toBe(
      `InvalidKeyUsageException: ${aes.Arn} key usage is ENCRYPT_DECRYPT which is not valid for ` +
        'DeriveSharedSecret.',
    )
  })

  it('a disabled key, whatever the public key', async () => {
    const { KeyId, Arn } = await createKey(handler, {
      KeySpec: 'ECC_NIST_P256',
      KeyUsage: 'KEY_AGREEMENT',
    })
    await world.room.disableKey({ keyId: KeyId })
    const disabled = `DisabledException: ${Arn} is disabled.`
    expect(await derive({ KeyId, PublicKey: new Uint8Array(3) })).toBe(disabled)
  })

  it.each(CURVES)('%s is what Node derives', async (spec, curve, name, length) => {
    const { KeyId } = await agreeing(spec)
    const peer = createECDH(name)
    const point = peer.generateKeys()
    const template = pair(curve).publicKey
    const PublicKey = new Uint8Array([
      ...template.subarray(0, template.length - point.length),
      ...point,
    ])
    const derived = await handler.send(
      new DeriveSharedSecretCommand({ KeyId, PublicKey, KeyAgreementAlgorithm: 'ECDH' }),
    )
    const { PublicKey: ours } = await handler.send(new GetPublicKeyCommand({ KeyId }))
    const secret = peer.computeSecret(Buffer.from(ours!).subarray(-point.length))
    expect(secret).toHaveLength(length)
    expect(bytes(derived.SharedSecret)).toEqual(bytes(secret))
  })
})

describe.each(['Encapsulate', 'Decapsulate'])('%s', (name) => {
  it('wants a key for it', async () => {
    const SharedSecretCiphertextBlob = new Uint8Array(768)
    const more = { EncapsulationAlgorithm: 'ML_KEM', SharedSecretCiphertextBlob }
    const signer = await keyOf('ML_DSA_44', 'SIGN_VERIFY')
    expect(await outcome(handler, name, { KeyId: signer.KeyId, ...more })).toBe(
      `InvalidKeyUsageException: ${signer.Arn} key usage is SIGN_VERIFY which is not valid for ` +
        `${name}.`,
    )
  })
})
