/** Data keys, data key pairs and random bytes (contracts: AWS 8.1, 17), by the official client. */
import { execFileSync } from 'node:child_process'
import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import {
  DecryptCommand,
  GenerateDataKeyCommand,
  GenerateDataKeyPairCommand,
  GenerateDataKeyPairWithoutPlaintextCommand,
  GenerateDataKeyWithoutPlaintextCommand,
  GenerateRandomCommand,
  type DataKeyPairSpec,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld } from './world.ts'
import { bytes, clientsOf, keysOf } from './using.ts'

const world = await openWorld()
const { kms: handler } = world
const keyOf = keysOf(handler)
const EncryptionContext = { table: 'orders' }
const MATERIAL = expect.stringMatching(/^[0-9a-f]{64}$/) as string
const BLOB = expect.any(Uint8Array) as Uint8Array
const DATA_KEYS = ['GenerateDataKey', 'GenerateDataKeyWithoutPlaintext']
const PAIRS = ['GenerateDataKeyPair', 'GenerateDataKeyPairWithoutPlaintext']
const EXACTLY_ONE = 'ValidationException: Please specify either number of bytes or key spec.'

describe.each(clientsOf(world))('through the %s', (_, kms) => {
  it.each([
    [{ KeySpec: 'AES_128' }, 16],
    [{ KeySpec: 'AES_256' }, 32],
    [{ NumberOfBytes: 1 }, 1],
    [{ NumberOfBytes: 64 }, 64],
    [{ NumberOfBytes: 1024 }, 1024],
  ] as const)('a data key of %o has %d bytes', async (asked, length) => {
    const { KeyId, Arn } = await keyOf()
    const input = { KeyId, EncryptionContext, ...asked }
    const { $metadata: _, ...made } = await kms.send(new GenerateDataKeyCommand(input))
    expect(made).toEqual({
      CiphertextBlob: BLOB,
      Plaintext: BLOB,
      KeyId: Arn,
      KeyMaterialId: MATERIAL,
    })
    expect(made.Plaintext).toHaveLength(length)
    const { CiphertextBlob } = made
    const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
    expect(bytes(opened.Plaintext)).toEqual(bytes(made.Plaintext))

    const { $metadata: __, ...hidden } = await kms.send(
      new GenerateDataKeyWithoutPlaintextCommand(input),
    )
    expect(hidden).toEqual({ CiphertextBlob: BLOB, KeyId: Arn, KeyMaterialId: MATERIAL })
    const shown = await kms.send(
      new DecryptCommand({ CiphertextBlob: hidden.CiphertextBlob, EncryptionContext }),
    )
    expect(shown.Plaintext).toHaveLength(length)
  })

  it.each(['ECC_NIST_P256', 'ECC_NIST_EDWARDS25519'] as const)(
    'a pair of %s',
    async (KeyPairSpec) => {
      const { KeyId, Arn } = await keyOf()
      const input = { KeyId, EncryptionContext, KeyPairSpec }
      const { $metadata: _, ...made } = await kms.send(new GenerateDataKeyPairCommand(input))
      const common = {
        PrivateKeyCiphertextBlob: BLOB,
        PublicKey: BLOB,
        KeyId: Arn,
        KeyPairSpec,
        KeyMaterialId: MATERIAL,
      }
      expect(made).toEqual({ ...common, PrivateKeyPlaintext: BLOB })
      const { PrivateKeyCiphertextBlob: CiphertextBlob } = made
      const opened = await kms.send(new DecryptCommand({ CiphertextBlob, EncryptionContext }))
      expect(bytes(opened.Plaintext)).toEqual(bytes(made.PrivateKeyPlaintext))
      const { $metadata: __, ...hidden } = await kms.send(
        new GenerateDataKeyPairWithoutPlaintextCommand(input),
      )
      expect(hidden).toEqual(common)
    },
  )

  it('random bytes, as many as are asked for', async () => {
    for (const NumberOfBytes of [1, 32, 1024]) {
      const { Plaintext } = await kms.send(new GenerateRandomCommand({ NumberOfBytes }))
      expect(Plaintext).toHaveLength(NumberOfBytes)
    }
  })
})

describe('pairs', () => {
  const PAIR_SPECS: readonly [DataKeyPairSpec, string][] = [
    ['RSA_2048', 'rsa'],
    ['ECC_NIST_P256', 'ec'],
    ['ECC_NIST_P384', 'ec'],
    ['ECC_NIST_P521', 'ec'],
    ['ECC_SECG_P256K1', 'ec'],
    ['ECC_NIST_EDWARDS25519', 'ed25519'],
  ]

  it.each(PAIR_SPECS)(
    '%s is read by Node and by OpenSSL, both parts',
    async (KeyPairSpec, type) => {
      const { KeyId } = await keyOf()
      const made = await handler.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }))
      const [secret, open] = [made.PrivateKeyPlaintext!, made.PublicKey!].map((key) =>
        Buffer.from(key),
      )
      const privateKey = createPrivateKey({ key: secret!, type: 'pkcs8', format: 'der' })
      const publicKey = createPublicKey({ key: open!, type: 'spki', format: 'der' })
      expect(privateKey.asymmetricKeyType).toBe(type)
      const signature = sign(type === 'ed25519' ? null : 'sha256', Buffer.from('hello'), privateKey)
      const hash = type === 'ed25519' ? null : 'sha256'
      expect(verify(hash, Buffer.from('hello'), publicKey, signature)).toBe(true)
      const derived = execFileSync(
        'openssl',
        ['pkey', '-inform', 'DER', '-pubout', '-outform', 'DER'],
        {
          input: secret,
        },
      )
      expect(derived.equals(open!)).toBe(true)
    },
  )

  it.each([
    ['ML_KEM_512', 800],
    ['ML_KEM_768', 1184],
    ['ML_KEM_1024', 1568],
  ] as const)('%s is its seed of 64 bytes', async (KeyPairSpec, publicBytes) => {
    const { KeyId } = await keyOf()
    const made = await handler.send(new GenerateDataKeyPairCommand({ KeyId, KeyPairSpec }))
    const secret = Buffer.from(made.PrivateKeyPlaintext!)
    // The choice of a seed in PKCS#8 is [0] IMPLICIT OCTET STRING of 64 bytes, at the end.
    expect(secret.subarray(-66, -64).toString('hex')).toBe('8040')
    expect(made.PublicKey!.length).toBeGreaterThan(publicBytes)
    expect(made.PublicKey!.length).toBeLessThan(publicBytes + 32)
  })
})

describe('refusals', () => {
  it.each(DATA_KEYS)('%s takes exactly one of length and spec', async (name) => {
    const { KeyId } = await keyOf()
    expect(await outcome(handler, name, { KeyId })).toBe(EXACTLY_ONE)
    const both = { KeyId, NumberOfBytes: 32, KeySpec: 'AES_256' }
    expect(await outcome(handler, name, both)).toBe(EXACTLY_ONE)
    for (const [NumberOfBytes, bound] of [
      [0, 'greater than or equal to 1'],
      [1025, 'less than or equal to 1024'],
    ] as const)
      expect(await outcome(handler, name, { KeyId, NumberOfBytes })).toBe(
        `ValidationException: 1 validation error detected: Value '${NumberOfBytes}' at ` +
          `'numberOfBytes' failed to satisfy constraint: Member must have value ${bound}`,
      )
    expect(await outcome(handler, name, { KeyId, KeySpec: 'AES_192' })).toBe(
      "ValidationException: 1 validation error detected: Value 'AES_192' at 'keySpec' failed to " +
        'satisfy constraint: Member must satisfy enum value set: [AES_128, AES_256]',
    )
  })

  it.each([...DATA_KEYS, ...PAIRS])('%s wants a symmetric encryption key', async (name) => {
    const asked = PAIRS.includes(name) ? { KeyPairSpec: 'ECC_NIST_P256' } : { KeySpec: 'AES_256' }
    const hmac = await keyOf('HMAC_256', 'GENERATE_VERIFY_MAC')
    expect(await outcome(handler, name, { KeyId: hmac.KeyId, ...asked })).toBe(
      `InvalidKeyUsageException: ${hmac.Arn} key usage is GENERATE_VERIFY_MAC which is not valid ` +
        `for ${name}.`,
    )
    const { KeyId } = await keyOf('RSA_2048')
    expect(await outcome(handler, name, { KeyId, ...asked })).toBe(
      'InvalidKeyUsageException: Algorithm SYMMETRIC_DEFAULT is incompatible with key spec ' +
        'RSA_2048.',
    )
  })

  it.each(PAIRS)('%s knows no pairs of ML-DSA, nor of SM2', async (name) => {
    const { KeyId } = await keyOf()
    for (const KeyPairSpec of ['ML_DSA_44', 'SM2', 'ED448'])
      expect(await outcome(handler, name, { KeyId, KeyPairSpec })).toMatch(
        new RegExp(
          `^ValidationException: 1 validation error detected: Value '${KeyPairSpec}' at ` +
            "'keyPairSpec' failed to satisfy constraint: Member must satisfy enum value set: ",
        ),
      )
  })

  it('GenerateRandom wants a length', async () => {
    const missing = 'ValidationException: NumberOfBytes is required.'
    expect(await outcome(handler, 'GenerateRandom', {})).toBe(missing)
    expect(await outcome(handler, 'GenerateRandom', { NumberOfBytes: 0 })).toMatch(
      /at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or/,
    )
  })
})
