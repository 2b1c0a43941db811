/** What keys of the AWS face make is read by Node and by OpenSSL, and the other way round. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  constants,
  createHash,
  createHmac,
  createPublicKey,
  publicEncrypt,
  verify,
  type KeyObject,
} from 'node:crypto'
import {
  DecryptCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetPublicKeyCommand,
  SignCommand,
  VerifyCommand,
  type SigningAlgorithmSpec,
} from '@aws-sdk/client-kms'
import { afterAll, describe, expect, it } from 'vitest'
import { openWorld } from './world.ts'
import { bytes, keysOf, utf8 } from './using.ts'

const { kms, room } = await openWorld()
const keyOf = keysOf(kms)
const MESSAGE = utf8('a message that others verify')
const folder = mkdtempSync(join(tmpdir(), 'strongroom-'))
afterAll(() => rmSync(folder, { recursive: true }))

const spkiOf = async (KeyId: string): Promise<Buffer> =>
  Buffer.from((await kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey!)
const publicKeyOf = async (KeyId: string): Promise<KeyObject> =>
  createPublicKey({ key: await spkiOf(KeyId), type: 'spki', format: 'der' })

interface Case {
  readonly spec: string
  readonly algorithm: SigningAlgorithmSpec
  readonly hash?: string
  readonly pss?: true
}
const CASES: readonly Case[] = [
  ...[256, 384, 512].flatMap((bits): Case[] => [
    {
      spec: 'RSA_2048',
      algorithm: `RSASSA_PKCS1_V1_5_SHA_${bits}` as SigningAlgorithmSpec,
      hash: `sha${bits}`,
    },
    {
      spec: 'RSA_2048',
      algorithm: `RSASSA_PSS_SHA_${bits}` as SigningAlgorithmSpec,
      hash: `sha${bits}`,
      pss: true,
    },
  ]),
  { spec: 'ECC_NIST_P256', algorithm: 'ECDSA_SHA_256', hash: 'sha256' },
  { spec: 'ECC_SECG_P256K1', algorithm: 'ECDSA_SHA_256', hash: 'sha256' },
  { spec: 'ECC_NIST_P384', algorithm: 'ECDSA_SHA_384', hash: 'sha384' },
  { spec: 'ECC_NIST_P521', algorithm: 'ECDSA_SHA_512', hash: 'sha512' },
  { spec: 'ECC_NIST_EDWARDS25519', algorithm: 'ED25519_SHA_512' },
]

/** By the binary, from files; PSS with a salt as long as the hash. */
function opensslVerifies({ hash, pss }: Case, spki: Buffer, signature: Uint8Array): boolean {
  const file = (name: string, content: Uint8Array) => {
    const path = join(folder, name)
    writeFileSync(path, content)
    return path
  }
  const key = ['-pubin', '-keyform', 'DER', '-inkey', file('key', spki)]
  const digested = hash ? ['-rawin', '-digest', hash] : ['-rawin']
  const padded = pss
    ? ['-pkeyopt', 'rsa_padding_mode:pss', '-pkeyopt', 'rsa_pss_saltlen:digest']
    : []
  const files = ['-in', file('message', MESSAGE), '-sigfile', file('signature', signature)]
  const args = ['pkeyutl', '-verify', ...key, ...digested, ...padded, ...files]
  return execFileSync('openssl', args).toString().includes('Verified Successfully')
}

describe('signatures', () => {
  it.each(CASES)('$spec $algorithm verifies with Node and with OpenSSL', async (each) => {
    const { spec, algorithm: SigningAlgorithm, hash, pss } = each
    const { KeyId } = await keyOf(spec, 'SIGN_VERIFY')
    const signed = [{ KeyId, SigningAlgorithm, Message: MESSAGE }]
    if (hash)
      signed.push({
        ...signed[0]!,
        Message: bytes(createHash(hash).update(MESSAGE).digest()),
        ...{ MessageType: 'DIGEST' },
      })
    const key = await publicKeyOf(KeyId)
    const padding = pss && {
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
    }
    for (const input of signed) {
      const { Signature } = await kms.send(new SignCommand(input))
      expect(verify(hash ?? null, MESSAGE, { key, ...padding }, Signature!)).toBe(true)
      expect(opensslVerifies(each, await spkiOf(KeyId), Signature!)).toBe(true)
    }
  })

  it.each(['ML_DSA_44', 'ML_DSA_65', 'ML_DSA_87'])(
    '%s signs a representative that was computed outside (FIPS 204 algorithm 7)',
    async (spec) => {
      const { KeyId } = await keyOf(spec, 'SIGN_VERIFY')
      const { publicKey } = await room.getPublicKey({ keyId: KeyId })
      const lengths: Readonly<Record<string, number>> = {
        ML_DSA_44: 1312,
        ML_DSA_65: 1952,
        ML_DSA_87: 2592,
      }
      const raw = publicKey.subarray(publicKey.length - lengths[spec]!)
      const shake = (...parts: Uint8Array[]) => {
        const hash = createHash('shake256', { outputLength: 64 })
        for (const part of parts) hash.update(part)
        return bytes(hash.digest())
      }
      const mu = shake(shake(raw), new Uint8Array(2), MESSAGE)
      const named = { KeyId, SigningAlgorithm: 'ML_DSA_SHAKE_256' } as const
      const outside = { ...named, Message: mu, MessageType: 'EXTERNAL_MU' } as const
      const raws = { ...named, Message: MESSAGE, MessageType: 'RAW' } as const
      for (const [signed, verified] of [
        [outside, raws],
        [raws, outside],
      ] as const) {
        const { Signature } = await kms.send(new SignCommand(signed))
        const answer = await kms.send(new VerifyCommand({ ...verified, Signature }))
        expect(answer.SignatureValid).toBe(true)
      }
    },
  )
})

describe('MACs', () => {
  it.each([224, 256, 384, 512])('HMAC_SHA_%d is what Node computes', async (bits) => {
    const material = new Uint8Array(bits / 8).fill(5)
    const { items } = await room.listVaults({})
    const given = { spec: `HMAC_${bits}` as 'HMAC_256', purposes: ['mac'] as const, material }
    const { id: KeyId } = await room.createKey({
      vaultId: items[0]!.id,
      displayName: 'known',
      ...given,
    })
    const MacAlgorithm = `HMAC_SHA_${bits}` as 'HMAC_SHA_256'
    const { Mac } = await kms.send(
      new GenerateMacCommand({ KeyId, MacAlgorithm, Message: MESSAGE }),
    )
    const expected = createHmac(`sha${bits}`, material).update(MESSAGE).digest()
    expect(Buffer.from(Mac!).equals(expected)).toBe(true)
  })
})

describe('RSA', () => {
  it.each([
    ['RSAES_OAEP_SHA_1', 'sha1'],
    ['RSAES_OAEP_SHA_256', 'sha256'],
  ] as const)('%s: what Node encrypts is decrypted', async (EncryptionAlgorithm, oaepHash) => {
    const { KeyId } = await keyOf('RSA_2048')
    const padding = constants.RSA_PKCS1_OAEP_PADDING
    const key = await publicKeyOf(KeyId)
    const CiphertextBlob = publicEncrypt({ key, padding, oaepHash }, MESSAGE)
    const asked = { KeyId, EncryptionAlgorithm, CiphertextBlob }
    const { Plaintext } = await kms.send(new DecryptCommand(asked))
    expect(bytes(Plaintext)).toEqual(MESSAGE)
    const sealed = await kms.send(
      new EncryptCommand({ KeyId, EncryptionAlgorithm, Plaintext: MESSAGE }),
    )
    expect(sealed.CiphertextBlob).toHaveLength(256)
  })
})
