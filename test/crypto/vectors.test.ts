/** Known answers from published standards and Wycheproof, every one through both providers. */
import { shake128 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import { concat, toHex } from '../../src/base/bytes.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { SUITE_COMMITMENT_BYTES, SUITE_NONCE_BYTES } from '../../src/crypto/provider.ts'
import type { RawAes, SignatureFormat } from '../../src/crypto/provider.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import type { EcSpec } from '../../src/crypto/curves.ts'
import { signatureToDer } from '../../src/crypto/der.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import * as support from './support.ts'

const { hex } = support
type Row<T> = T & { readonly source: string; readonly valid: boolean }
interface Sealed {
  readonly key: string
  readonly iv: string
  readonly ciphertext: string
}
const gcm = support.loadVectors('aes-gcm') as {
  vectors: Row<Sealed & { aad: string; plaintext: string; tag: string }>[]
}
const cbc = support.loadVectors('aes-cbc') as {
  vectors: Row<Sealed & { padded: boolean; plaintext?: string }>[]
}
const wrapping = support.loadVectors('aes-wrap') as {
  vectors: Row<{ padded: boolean; key: string; plaintext?: string; ciphertext: string }>[]
  unwrappable: { source: string; padded: boolean; key: string; plaintext: string }[]
}
const xaes = support.loadVectors('xaes') as {
  vectors: Record<'source' | 'key' | 'nonce' | 'aad' | 'plaintext' | 'ciphertext', string>[]
  accumulated: { iterations: number; streamStart: string; hash: string }
}
const hashes = support.loadVectors('hash') as {
  digests: { source: string; hash: Hash; message: string; digest: string }[]
  macs: Row<{ hash: Hash; key: string; message: string; tag: string }>[]
  hkdf: Record<'source' | 'input' | 'salt' | 'info' | 'output', string>[]
  scrypt: (Record<'source' | 'passphrase' | 'salt' | 'output', string> &
    Record<'N' | 'r' | 'p', number>)[]
}
interface Signed {
  readonly algorithm: SigningAlgorithm
  readonly message: string
  readonly signature: string
}
const ecdsa = support.loadVectors('ecdsa') as {
  rfc6979: Row<Signed & { spec: EcSpec; scalar: string }>[]
  verify: Row<Signed & { spec: EcSpec; publicKey: string; format?: SignatureFormat }>[]
}
const eddsa = support.loadVectors('eddsa') as {
  seeds: Row<Signed & { seed: string; publicKey: string }>[]
  verify: Row<Signed & { publicKey: string }>[]
}
const ecdh = support.loadVectors('ecdh') as {
  agreements: (Record<'source' | 'scalar' | 'peerScalar' | 'shared', string> & { spec: EcSpec })[]
  peers: Row<{ spec: EcSpec; scalar: string; peer: string; shared?: string }>[]
}
const rsaSignature = support.loadVectors('rsa-signature') as {
  key: { spki: string }
  vectors: Row<Signed>[]
}
const rsaOaep = support.loadVectors('rsa-oaep') as {
  key: { pkcs8: string; spki: string }
  vectors: Row<{ hash: Hash; plaintext?: string; ciphertext: string }>[]
}

const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const text = (bytes: Uint8Array | undefined) => (bytes === undefined ? undefined : toHex(bytes))

describe.each(support.PROVIDER_NAMES)('%s: symmetric', (name) => {
  const provider = support.PROVIDERS[name]

  it.each(gcm.vectors)('AES-GCM $source', (v) => {
    const aes = provider.aes(hex(v.key))
    const opened = aes.gcmOpen(hex(v.iv), hex(v.aad), hex(v.ciphertext), hex(v.tag))
    expect(text(opened)).toBe(v.valid ? v.plaintext : undefined)
    if (!v.valid) return
    const sealed = aes.gcmSeal(hex(v.iv), hex(v.aad), hex(v.plaintext))
    expect([text(sealed.ciphertext), text(sealed.tag)]).toEqual([v.ciphertext, v.tag])
  })

  it.each(cbc.vectors)('AES-CBC $source', (v) => {
    const aes = provider.aes(hex(v.key))
    const opened = aes.cbcDecrypt(hex(v.iv), hex(v.ciphertext), v.padded)
    expect(text(opened)).toBe(v.plaintext)
    if (v.plaintext === undefined) return
    expect(text(aes.cbcEncrypt(hex(v.iv), hex(v.plaintext), v.padded))).toBe(v.ciphertext)
  })

  it('AES-CBC without padding refuses plaintexts that are not whole blocks', () => {
    const aes = provider.aes(new Uint8Array(32))
    const iv = new Uint8Array(16)
    for (const length of [1, 15, 17, 31])
      expect(aes.cbcEncrypt(iv, new Uint8Array(length), false)).toBeUndefined()
    expect(aes.cbcEncrypt(new Uint8Array(15), new Uint8Array(16), false)).toBeUndefined()
    expect(text(aes.cbcEncrypt(iv, new Uint8Array(0), false))).toBe('')
    expect(text(aes.cbcDecrypt(iv, new Uint8Array(0), false))).toBe('')
  })

  it.each(wrapping.vectors)('AES-KW and KWP $source', (v) => {
    const aes = provider.aes(hex(v.key))
    expect(text(aes.unwrap(hex(v.ciphertext), v.padded))).toBe(v.plaintext)
    if (v.plaintext === undefined) return
    expect(text(aes.wrap(hex(v.plaintext), v.padded))).toBe(v.ciphertext)
  })

  it.each(wrapping.unwrappable)('AES-KW and KWP $source ($plaintext)', (v) => {
    expect(provider.aes(hex(v.key)).wrap(hex(v.plaintext), v.padded)).toBeUndefined()
  })

  it.each([0, 8, 15, 17, 31, 33])('an AES key of %i bytes is refused', (length) => {
    const key = new Uint8Array(length)
    expect(() => provider.aes(key)).toThrow(/16, 24 or 32 bytes/)
    expect(() => provider.suite(key)).toThrow(/16, 24 or 32 bytes/)
  })

  it.each(hashes.digests)('$hash $source', (v) => {
    const message = hex(v.message)
    expect(text(provider.digest(v.hash, message))).toBe(v.digest)
    const parts = [message.subarray(0, 2), new Uint8Array(0), message.subarray(2)]
    expect(text(provider.digest(v.hash, ...parts))).toBe(v.digest)
  })

  it.each(hashes.macs)('HMAC $hash $source', (v) => {
    const [key, message, tag] = [hex(v.key), hex(v.message), hex(v.tag)]
    const mac = provider.hmac(v.hash, key)
    key.fill(0)
    expect(mac.verify(tag, message)).toBe(v.valid)
    expect(mac.verify(tag, message.subarray(0, 3), message.subarray(3))).toBe(v.valid)
    expect(text(mac.compute(message)) === v.tag).toBe(v.valid)
  })

  it.each(hashes.hkdf)('HKDF $source', (v) => {
    const output = provider.hkdf(hex(v.input), hex(v.salt), hex(v.info), v.output.length / 2)
    expect(text(output)).toBe(v.output)
  })

  it.each(hashes.scrypt)('scrypt $source', async (v) => {
    const output = await provider.scrypt(hex(v.passphrase), hex(v.salt), v, v.output.length / 2)
    expect(text(output)).toBe(v.output)
  })
})

describe.each(support.PROVIDER_NAMES)('%s: XAES-256-GCM', (name) => {
  const provider = support.PROVIDERS[name]
  const bodyAt = SUITE_NONCE_BYTES + SUITE_COMMITMENT_BYTES

  it.each(xaes.vectors)('$source', (v) => {
    const suite = provider.suite(hex(v.key))
    const sealed = suite.sealWithNonce(hex(v.nonce), hex(v.aad), hex(v.plaintext))
    expect(text(sealed.subarray(0, SUITE_NONCE_BYTES))).toBe(v.nonce)
    expect(text(sealed.subarray(bodyAt))).toBe(v.ciphertext)
    expect(text(suite.open(sealed, 0, hex(v.aad)))).toBe(v.plaintext)
    // Every byte is under the commitment, the tag or both.
    for (let at = 0; at < sealed.length; at++)
      expect(suite.open(support.flipped(sealed, at), 0, hex(v.aad))).toBeUndefined()
    for (let length = 0; length < sealed.length; length++)
      expect(suite.open(sealed.subarray(0, length), 0, hex(v.aad))).toBeUndefined()
    expect(suite.open(sealed, 0, concat(hex(v.aad), Uint8Array.of(0)))).toBeUndefined()
    expect(suite.open(sealed, 1, hex(v.aad))).toBeUndefined()
  })

  it('C2SP accumulated randomized tests, 10,000 iterations', () => {
    const { iterations, streamStart, hash } = xaes.accumulated
    expect(text(shake128(new Uint8Array(0), { dkLen: 16 }))).toBe(streamStart)
    const stream = shake128.create()
    const read = (length: number) => stream.xofInto(new Uint8Array(length))
    const accumulated = shake128.create({ dkLen: hash.length / 2 })
    for (let i = 0; i < iterations; i++) {
      const suite = provider.suite(read(32))
      const nonce = read(24)
      const plaintext = read(read(1)[0]!)
      const aad = read(read(1)[0]!)
      accumulated.update(suite.sealWithNonce(nonce, aad, plaintext).subarray(bodyAt))
    }
    expect(text(accumulated.digest())).toBe(hash)
  })

  it.each([16, 24, 32])('the definition, step by step, under a key of %i bytes', (keyBytes) => {
    const key = Uint8Array.from({ length: keyBytes }, (_, i) => 7 * i + 1)
    const nonce = Uint8Array.from({ length: SUITE_NONCE_BYTES }, (_, i) => 200 - i)
    const [aad, plaintext] = [hex('a1a2'), hex('00112233445566778899')]
    const blocks = kdfBlocks(provider.aes(key), nonce)
    const body = provider
      .aes(blocks.subarray(0, keyBytes))
      .gcmSeal(nonce.subarray(12), aad, plaintext)
    const expected = concat(nonce, blocks.subarray(32), body.ciphertext, body.tag)
    const suite = provider.suite(key)
    key.fill(0)
    expect(text(suite.sealWithNonce(nonce, aad, plaintext))).toBe(text(expected))
  })

  it('opens what it sealed, behind a header, at every length around a block', () => {
    const suite = provider.suite(new Uint8Array(32).fill(9))
    const nonces = new Set<string>()
    for (let length = 0; length < 70; length++) {
      const header = new Uint8Array(length % 7).fill(0xee)
      const plaintext = new Uint8Array(length).fill(length)
      const sealed = suite.seal(header, header, plaintext)
      expect(text(sealed.subarray(0, header.length))).toBe(text(header))
      expect(text(suite.open(sealed, header.length, header))).toBe(text(plaintext))
      nonces.add(toHex(sealed.subarray(header.length, header.length + SUITE_NONCE_BYTES)))
    }
    expect(nonces.size).toBe(70)
  })

  it('another key never opens it, nor does a commitment taken from another message', () => {
    const [own, other] = [provider.suite(new Uint8Array(32)), provider.suite(hex('01'.repeat(32)))]
    const [none, nonce] = [new Uint8Array(0), new Uint8Array(SUITE_NONCE_BYTES)]
    const sealed = own.sealWithNonce(nonce, none, hex('abcd'))
    expect(other.open(sealed, 0, none)).toBeUndefined()
    const grafted = sealed.slice()
    grafted.set(other.sealWithNonce(nonce, none, hex('abcd')).subarray(24, 56), 24)
    expect(own.open(grafted, 0, none)).toBeUndefined()
    expect(other.open(grafted, 0, none)).toBeUndefined()
  })
})

/** C2SP steps 1 to 5 with counters 1 to 4, from one AES block at a time (CBC with a zero IV). */
function kdfBlocks(aes: RawAes, nonce: Uint8Array): Uint8Array {
  const block = (input: Uint8Array) => aes.cbcEncrypt(new Uint8Array(16), input, false)!
  const l = BigInt(`0x${toHex(block(new Uint8Array(16)))}`)
  const doubled = ((l << 1n) & ((1n << 128n) - 1n)) ^ (l >> 127n === 1n ? 0x87n : 0n)
  const k1 = hex(doubled.toString(16).padStart(32, '0'))
  const messages = [1, 2, 3, 4].map((i) => concat(hex(`000${i}5800`), nonce.subarray(0, 12)))
  return concat(...messages.map((message) => block(message.map((byte, i) => byte ^ k1[i]!))))
}

describe.each(support.PROVIDER_NAMES)('%s: signatures', (name) => {
  const provider = support.PROVIDERS[name]
  const exact = support.CREATE[name]({ random: seededRandom('unused') })

  it.each(ecdsa.rfc6979)('$source', async (v) => {
    const pair = support.imported(exact, v.spec, support.ecPkcs8(v.spec, hex(v.scalar)))
    const [key, verifier] = [
      exact.privateKey(v.spec, pair),
      exact.publicKey(v.spec, pair.publicKey),
    ]
    const message = hex(v.message)
    const hash = v.algorithm.replace('ECDSA_', '') as Hash
    const raw = await key.sign(v.algorithm, message, { ...RAW, format: 'raw' })
    expect(text(raw)).toBe(v.signature)
    const digest = exact.digest(hash, message)
    expect(text(await key.sign(v.algorithm, digest, { ...DIGEST, format: 'raw' }))).toBe(
      v.signature,
    )
    const der = signatureToDer(hex(v.signature), CURVES[v.spec].order)!
    expect(text(await key.sign(v.algorithm, message, RAW))).toBe(text(der))
    expect(await verifier.verify(v.algorithm, message, der, RAW)).toBe(true)
    expect(await verifier.verify(v.algorithm, digest, raw, { ...DIGEST, format: 'raw' })).toBe(true)
    expect(await verifier.verify(v.algorithm, digest, raw, { ...RAW, format: 'raw' })).toBe(false)
  })

  it.each(ecdsa.verify)('ECDSA $source', async ({ spec, algorithm, format, valid, ...v }) => {
    const key = provider.publicKey(spec, hex(v.publicKey))
    const [message, signature] = [hex(v.message), hex(v.signature)]
    const options = format === undefined ? {} : { format }
    expect(await key.verify(algorithm, message, signature, { ...RAW, ...options })).toBe(valid)
    const digest = provider.digest('SHA_256', message)
    expect(await key.verify(algorithm, digest, signature, { ...DIGEST, ...options })).toBe(valid)
  })

  it.each(eddsa.seeds)('$algorithm $source', async ({ algorithm, ...v }) => {
    const pair = support.imported(provider, 'ED25519', support.okpPkcs8(hex(v.seed)))
    expect(text(pair.privateKey)).toBe(v.seed)
    expect(text(pair.publicKey.subarray(12))).toBe(v.publicKey)
    const [key, message] = [provider.privateKey('ED25519', pair), hex(v.message)]
    expect(text(await key.sign(algorithm, message, RAW))).toBe(v.signature)
    const verifier = provider.publicKey('ED25519', pair.publicKey)
    expect(await verifier.verify(algorithm, message, hex(v.signature), RAW)).toBe(true)
  })

  it.each(eddsa.verify)('$algorithm $source', async ({ algorithm, valid, ...v }) => {
    const key = provider.publicKey('ED25519', hex(v.publicKey))
    expect(await key.verify(algorithm, hex(v.message), hex(v.signature), RAW)).toBe(valid)
  })

  it.each(rsaSignature.vectors)('$algorithm $source', async ({ algorithm, valid, ...v }) => {
    const key = provider.publicKey('RSA_2048', hex(rsaSignature.key.spki))
    const [message, signature] = [hex(v.message), hex(v.signature)]
    expect(await key.verify(algorithm, message, signature, RAW)).toBe(valid)
    const digest = provider.digest(algorithm.replace(/RSA_(PKCS1|PSS)_/, '') as Hash, message)
    expect(await key.verify(algorithm, digest, signature, DIGEST)).toBe(valid)
  })

  const deterministicRsa = rsaSignature.vectors.filter((v) => v.valid && /PKCS1/.test(v.algorithm))
  it.each(deterministicRsa)('signs $algorithm $source', async ({ algorithm, ...v }) => {
    const pair = support.imported(provider, 'RSA_2048', hex(rsaOaep.key.pkcs8))
    const [key, message] = [provider.privateKey('RSA_2048', pair), hex(v.message)]
    expect(text(await key.sign(algorithm, message, RAW))).toBe(v.signature)
    const digest = provider.digest(algorithm.replace('RSA_PKCS1_', '') as Hash, message)
    expect(text(await key.sign(algorithm, digest, DIGEST))).toBe(v.signature)
  })
})

describe.each(support.PROVIDER_NAMES)('%s: RSA-OAEP and ECDH', (name) => {
  const provider = support.PROVIDERS[name]

  it.each(rsaOaep.vectors)('OAEP $hash $source', async (v) => {
    const pair = support.imported(provider, 'RSA_2048', hex(rsaOaep.key.pkcs8))
    expect(text(pair.publicKey)).toBe(rsaOaep.key.spki)
    const key = provider.privateKey('RSA_2048', pair)
    expect(text(await key.oaepDecrypt(v.hash, hex(v.ciphertext)))).toBe(v.plaintext)
  })

  const partyOf = (spec: PairSpec & EcSpec, scalar: string) => {
    const pair = support.imported(provider, spec, support.ecPkcs8(spec, hex(scalar)))
    return { key: provider.privateKey(spec, pair), spki: pair.publicKey }
  }

  it.each(ecdh.agreements)('ECDH $source', async (v) => {
    const [i, r] = [partyOf(v.spec, v.scalar), partyOf(v.spec, v.peerScalar)]
    expect(text(await i.key.agree(r.spki))).toBe(v.shared)
    expect(text(await r.key.agree(i.spki))).toBe(v.shared)
  })

  it.each(ecdh.peers)('ECDH $source', async (v) => {
    expect(text(await partyOf(v.spec, v.scalar).key.agree(hex(v.peer)))).toBe(v.shared)
  })
})

it('about half of all vectors must be refused, and each names its source', () => {
  const rows = [
    ...gcm.vectors,
    ...cbc.vectors,
    ...wrapping.vectors,
    ...hashes.macs,
    ...ecdsa.verify,
    ...eddsa.verify,
    ...ecdh.peers,
    ...rsaSignature.vectors,
    ...rsaOaep.vectors,
  ]
  const share = rows.filter((row) => !row.valid).length / rows.length
  expect(share).toBeGreaterThan(0.45)
  expect(rows.every((row) => row.source.length > 10)).toBe(true)
})
