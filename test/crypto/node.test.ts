/**
 * The node:crypto provider: behaviour, refusals, and the traps of the platform that it must not
 * fall into.
 */
import * as crypto from 'node:crypto'
import { shake128 } from '@noble/hashes/sha3.js'
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/ports.ts'
import { ALGORITHMS, HASH_BYTES, PAIR_SPECS, SPECS } from '../../src/domain/algorithms.ts'
import { SIGNING_ALGORITHMS } from '../../src/domain/algorithms.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import { SUITE_OVERHEAD_BYTES } from '../../src/crypto/provider.ts'
import type { KeyPairBytes, SignOptions } from '../../src/crypto/provider.ts'
import { CLASSIC_SPECS } from './support.ts'

const provider = createNodeProvider()
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const MESSAGE = utf8('a message of some length')

/** A reproducible source that counts what was taken. */
function counted(seed: string): Random & { taken: number } {
  const state = shake128.create().update(utf8(seed))
  const random = {
    deterministic: true,
    taken: 0,
    fill(target: Uint8Array) {
      target.set(state.xof(target.length))
      random.taken += target.length
    },
  }
  return random
}

const ownsMemory = (result: Uint8Array): boolean =>
  result.constructor === Uint8Array && result.buffer.byteLength === result.length

/** Every copy of `original` with one byte changed. */
function* flips(original: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < original.length; i++) {
    const copy = original.slice()
    copy[i]! ^= 0x10
    yield copy
  }
}

const pairs = new Map<PairSpec, KeyPairBytes>()
beforeAll(async () => {
  for (const spec of PAIR_SPECS) pairs.set(spec, await provider.generatePair(spec))
})
const pairOf = (spec: PairSpec): KeyPairBytes => pairs.get(spec)!
const privateOf = (spec: PairSpec) => provider.privateKey(spec, pairOf(spec))
const publicOf = (spec: PairSpec) => provider.publicKey(spec, pairOf(spec).publicKey)
const fits = (spec: PairSpec, algorithm: SigningAlgorithm): boolean =>
  (ALGORITHMS[algorithm].families as readonly string[]).includes(SPECS[spec].family)

describe('hash, HMAC, KDF', () => {
  it('answers plain arrays that own their memory', async () => {
    const cost = { N: 16, r: 1, p: 1 }
    for (const result of [
      provider.digest('SHA_512', MESSAGE),
      provider.hmac('SHA_256', bytes(32)).compute(MESSAGE),
      provider.hkdf(bytes(32), bytes(16), bytes(3), 100),
      await provider.scrypt(bytes(8), bytes(8), cost, 48),
    ])
      expect(ownsMemory(result)).toBe(true)
  })

  it('hashes pieces as their concatenation', () => {
    for (const hash of Object.keys(HASH_BYTES) as Hash[]) {
      const whole = provider.digest(hash, MESSAGE)
      expect(whole).toHaveLength(HASH_BYTES[hash])
      expect(provider.digest(hash, MESSAGE.subarray(0, 5), MESSAGE.subarray(5))).toEqual(whole)
    }
  })

  it('verifies a MAC and refuses every change, a shorter and a longer tag', () => {
    const mac = provider.hmac('SHA_256', bytes(32))
    const tag = mac.compute(MESSAGE)
    expect(mac.verify(tag, MESSAGE)).toBe(true)
    for (const flipped of flips(tag)) expect(mac.verify(flipped, MESSAGE)).toBe(false)
    expect(mac.verify(tag.subarray(0, 16), MESSAGE)).toBe(false)
    expect(mac.verify(concat(tag, bytes(1)), MESSAGE)).toBe(false)
    expect(mac.verify(new Uint8Array(0), MESSAGE)).toBe(false)
  })

  it('copies the HMAC key', () => {
    const key = bytes(32)
    const mac = provider.hmac('SHA_256', key)
    const tag = mac.compute(MESSAGE)
    key.fill(0)
    expect(mac.compute(MESSAGE)).toEqual(tag)
  })

  it('runs scrypt at costs above the memory limit that the platform sets by default', async () => {
    const cost = { N: 2 ** 15, r: 8, p: 1 }
    expect(await provider.scrypt(bytes(8), bytes(16), cost, 32)).toHaveLength(32)
    await expect(provider.scrypt(bytes(8), bytes(16), { N: 3, r: 8, p: 1 }, 32)).rejects.toThrow()
  })
})

describe('suite', () => {
  const aad = utf8('context')
  const header = utf8('header')

  it.each([16, 24, 32])('seals and opens under a key of %i bytes', (length) => {
    const suite = provider.suite(crypto.randomBytes(length))
    // Past the point where nonces are drawn ahead, and over several batches.
    for (let i = 0; i < 200; i++) {
      const plaintext = bytes(i * 7, i & 0xff)
      const sealed = suite.seal(header, aad, plaintext)
      expect(sealed).toHaveLength(header.length + SUITE_OVERHEAD_BYTES + plaintext.length)
      expect(sealed.subarray(0, header.length)).toEqual(header)
      expect(ownsMemory(sealed)).toBe(true)
      const opened = suite.open(sealed, header.length, aad)!
      expect(ownsMemory(opened)).toBe(true)
      expect(opened).toEqual(plaintext)
    }
  })

  it('never repeats a nonce, also across suites and a reseed', () => {
    const own = createNodeProvider()
    const seen = new Set<string>()
    const [one, other] = [own.suite(bytes(32)), own.suite(bytes(32))]
    for (let i = 0; i < 300; i++) {
      if (i === 150) own.reseed()
      for (const suite of [one, other])
        seen.add(toHex(suite.seal(new Uint8Array(0), aad, aad).subarray(0, 24)))
    }
    expect(seen.size).toBe(600)
  })

  it('draws fresh nonces after a reseed: none of those drawn before comes out', () => {
    let calls = 0
    // A source whose every fill is marked by its number.
    const random: Random = { fill: (target) => void target.fill(++calls) }
    const own = createNodeProvider({ random })
    const suite = own.suite(bytes(32))
    const mark = () => suite.seal(new Uint8Array(0), aad, aad)[0]!
    for (let i = 0; i < 20; i++) mark()
    const before = calls
    own.reseed()
    expect(mark()).toBeGreaterThan(before)
  })

  it('gives what sealWithNonce gives for the nonce it drew', () => {
    const suite = provider.suite(bytes(32))
    for (let i = 0; i < 100; i++) {
      const sealed = suite.seal(new Uint8Array(0), aad, MESSAGE)
      expect(suite.sealWithNonce(sealed.slice(0, 24), aad, MESSAGE)).toEqual(sealed)
    }
  })

  it('opens none of: a changed byte, another aad, another key, each truncation, an addition', () => {
    const suite = provider.suite(bytes(32))
    const sealed = suite.seal(new Uint8Array(0), aad, MESSAGE)
    for (const flipped of flips(sealed)) expect(suite.open(flipped, 0, aad)).toBeUndefined()
    for (let i = 0; i < sealed.length; i++)
      expect(suite.open(sealed.subarray(0, i), 0, aad)).toBeUndefined()
    expect(suite.open(concat(sealed, bytes(1)), 0, aad)).toBeUndefined()
    expect(suite.open(sealed, 0, utf8('other'))).toBeUndefined()
    expect(suite.open(sealed, 0, new Uint8Array(0))).toBeUndefined()
    expect(suite.open(sealed, 1, aad)).toBeUndefined()
    expect(provider.suite(bytes(32, 8)).open(sealed, 0, aad)).toBeUndefined()
    expect(suite.open(sealed, 0, aad)).toEqual(MESSAGE)
  })

  it('copies the key and takes views at any offset', () => {
    const key = bytes(32)
    const suite = provider.suite(key)
    key.fill(0)
    const sealed = suite.seal(new Uint8Array(0), aad, MESSAGE)
    for (const offset of [0, 1, 2, 3]) {
      const shifted = concat(bytes(offset), sealed).subarray(offset)
      expect(provider.suite(bytes(32)).open(shifted, 0, aad)).toEqual(MESSAGE)
      expect(provider.suite(bytes(32)).open(Buffer.from(shifted), 0, aad)).toEqual(MESSAGE)
    }
  })

  it.each([0, 15, 31, 33])('refuses a key of %i bytes', (length) => {
    expect(() => provider.suite(bytes(length))).toThrow(/16, 24 or 32 bytes/)
    expect(() => provider.aes(bytes(length))).toThrow(/16, 24 or 32 bytes/)
  })

  it('takes nonces in order, none ahead, from a reproducible source', () => {
    const random = counted('suite')
    const suite = createNodeProvider({ random }).suite(bytes(32))
    for (let i = 1; i <= 100; i++) {
      suite.seal(new Uint8Array(0), aad, MESSAGE)
      expect(random.taken).toBe(24 * i)
    }
  })
})

describe('XAES-256-GCM (C2SP)', () => {
  /** The ciphertext and tag of the standard, out of our layout. */
  const standard = (key: Uint8Array, nonce: Uint8Array, plaintext: Uint8Array, aad: Uint8Array) =>
    provider.suite(key).sealWithNonce(nonce, aad, plaintext).subarray(56)

  it('gives both published vectors', () => {
    const nonce = utf8('ABCDEFGHIJKLMNOPQRSTUVWX')
    const plaintext = utf8('XAES-256-GCM')
    expect(toHex(standard(bytes(32, 1), nonce, plaintext, new Uint8Array(0)))).toBe(
      'ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271',
    )
    expect(toHex(standard(bytes(32, 3), nonce, plaintext, utf8('c2sp.org/XAES-256-GCM')))).toBe(
      '986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d',
    )
  })

  it('gives the accumulated hash of 10,000 random inputs', () => {
    const source = shake128.create()
    const sum = shake128.create()
    const variable = () => source.xof(source.xof(1)[0]!)
    for (let i = 0; i < 10_000; i++) {
      const [key, nonce] = [source.xof(32), source.xof(24)]
      const [plaintext, aad] = [variable(), variable()]
      sum.update(standard(key, nonce, plaintext, aad))
    }
    expect(toHex(sum.xof(32))).toBe(
      'e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939',
    )
  })
})

describe('raw AES', () => {
  const aes = provider.aes(bytes(32))
  const aad = utf8('aad')

  it('GCM: refuses each change, short tags and other IV lengths', () => {
    const { ciphertext, tag } = aes.gcmSeal(bytes(12), aad, MESSAGE)
    expect(ownsMemory(ciphertext) && ownsMemory(tag)).toBe(true)
    expect(aes.gcmOpen(bytes(12), aad, ciphertext, tag)).toEqual(MESSAGE)
    for (const flipped of flips(ciphertext))
      expect(aes.gcmOpen(bytes(12), aad, flipped, tag)).toBeUndefined()
    for (const flipped of flips(tag))
      expect(aes.gcmOpen(bytes(12), aad, ciphertext, flipped)).toBeUndefined()
    // The platform itself would accept a prefix of 4 bytes.
    for (const length of [0, 4, 8, 12, 15])
      expect(aes.gcmOpen(bytes(12), aad, ciphertext, tag.subarray(0, length))).toBeUndefined()
    expect(aes.gcmOpen(bytes(16), aad, ciphertext, tag)).toBeUndefined()
    expect(aes.gcmOpen(bytes(12), utf8('bad'), ciphertext, tag)).toBeUndefined()
    expect(() => aes.gcmSeal(bytes(16), aad, MESSAGE)).toThrow(/12 bytes/)
  })

  it('CBC: padded at every length, unpadded only in whole blocks', () => {
    for (let length = 0; length <= 33; length++) {
      const padded = aes.cbcEncrypt(bytes(16), bytes(length), true)!
      expect(padded).toHaveLength(16 * (Math.floor(length / 16) + 1))
      expect(aes.cbcDecrypt(bytes(16), padded, true)).toEqual(bytes(length))
      const plain = aes.cbcEncrypt(bytes(16), bytes(length), false)
      expect(plain?.length).toBe(length % 16 === 0 ? length : undefined)
      if (plain) expect(aes.cbcDecrypt(bytes(16), plain, false)).toEqual(bytes(length))
    }
    expect(aes.cbcEncrypt(bytes(12), bytes(16), false)).toBeUndefined()
    expect(aes.cbcDecrypt(bytes(16), bytes(15), true)).toBeUndefined()
    expect(aes.cbcDecrypt(bytes(16), new Uint8Array(0), true)).toBeUndefined()
    // A block whose last byte decrypts to no valid padding.
    const bad = aes.cbcEncrypt(bytes(16), bytes(16, 0), false)!
    expect(aes.cbcDecrypt(bytes(16), bad, true)).toBeUndefined()
  })

  it('KW: whole semiblocks of at least 16 bytes; refuses the empty and the short', () => {
    for (const length of [16, 24, 32, 40]) {
      const wrapped = aes.wrap(bytes(length), false)!
      expect(wrapped).toHaveLength(length + 8)
      expect(aes.unwrap(wrapped, false)).toEqual(bytes(length))
      for (const flipped of flips(wrapped)) expect(aes.unwrap(flipped, false)).toBeUndefined()
    }
    for (const length of [0, 8, 15, 17, 31]) expect(aes.wrap(bytes(length), false)).toBeUndefined()
    for (const length of [0, 8, 16, 23, 25])
      expect(aes.unwrap(bytes(length), false)).toBeUndefined()
  })

  it('KWP: any length from one byte on', () => {
    for (let length = 1; length <= 40; length++) {
      const wrapped = aes.wrap(bytes(length), true)!
      expect(wrapped).toHaveLength(8 * Math.ceil(length / 8) + 8)
      expect(aes.unwrap(wrapped, true)).toEqual(bytes(length))
      for (const flipped of flips(wrapped)) expect(aes.unwrap(flipped, true)).toBeUndefined()
    }
    expect(aes.wrap(new Uint8Array(0), true)).toBeUndefined()
    for (const length of [0, 8, 15, 17]) expect(aes.unwrap(bytes(length), true)).toBeUndefined()
    expect(aes.unwrap(aes.wrap(bytes(16), false)!, true)).toBeUndefined()
    expect(aes.unwrap(aes.wrap(bytes(16), true)!, false)).toBeUndefined()
  })
})

describe.each(CLASSIC_SPECS)('%s', (spec) => {
  const { family, bits } = SPECS[spec]
  const algorithms = SIGNING_ALGORITHMS.filter((algorithm) => fits(spec, algorithm))

  it('keeps pairs in the at-rest form and turns them into PKCS#8 and back', () => {
    const { privateKey, publicKey } = pairOf(spec)
    expect(ownsMemory(privateKey) && ownsMemory(publicKey)).toBe(true)
    const pkcs8 = provider.toPkcs8(spec, privateKey)
    const key = crypto.createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
    expect(provider.parsePkcs8(spec, pkcs8)).toEqual({ privateKey, publicKey })
    expect(pkcs8).toEqual(new Uint8Array(key.export({ type: 'pkcs8', format: 'der' })))
    const type = { rsa: 'pkcs1', ec: 'sec1', okp: undefined }[family]
    if (type === undefined) expect(privateKey).toHaveLength(32)
    else
      expect(privateKey).toEqual(
        new Uint8Array(key.export({ type: type as 'sec1', format: 'der' })),
      )
    const spki = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })
    expect(publicKey).toEqual(new Uint8Array(spki))
  })

  it('describes its public part', () => {
    const key = publicOf(spec)
    expect(key.bits).toBe(bits)
    const jwk = crypto
      .createPublicKey({ key: Buffer.from(pairOf(spec).publicKey), format: 'der', type: 'spki' })
      .export({ format: 'jwk' })
    expect(key.jwk()).toEqual(jwk)
  })

  it('does not need the pair any more once it is loaded', async () => {
    const own = {
      privateKey: pairOf(spec).privateKey.slice(),
      publicKey: pairOf(spec).publicKey.slice(),
    }
    const [key, verifier] = [
      provider.privateKey(spec, own),
      provider.publicKey(spec, own.publicKey),
    ]
    own.privateKey.fill(0)
    own.publicKey.fill(0)
    for (const algorithm of algorithms) {
      const signature = await key.sign(algorithm, MESSAGE, RAW)
      expect(await verifier.verify(algorithm, MESSAGE, signature, RAW)).toBe(true)
    }
    expect(verifier.jwk()).toEqual(publicOf(spec).jwk())
  })

  it.each(algorithms)(
    '%s: signs raw and digest alike, in each format, and refuses changes',
    async (algorithm) => {
      const [key, verifier] = [privateOf(spec), publicOf(spec)]
      const row = ALGORITHMS[algorithm]
      for (const format of ['der', 'raw'] as const)
        for (const messageType of ['raw', 'digest'] as const) {
          if (algorithm === 'ED25519' && messageType === 'digest') continue
          const prehashed = messageType === 'digest' && algorithm !== 'ED25519PH'
          const message = prehashed && 'hash' in row ? provider.digest(row.hash, MESSAGE) : MESSAGE
          const options: SignOptions = { messageType, format }
          const other = [...flips(message)][0]!
          const signature = await key.sign(algorithm, message, options)
          expect(ownsMemory(signature)).toBe(true)
          // What was signed as a digest verifies as a message, and the other way round.
          expect(await verifier.verify(algorithm, MESSAGE, signature, { ...RAW, format })).toBe(
            true,
          )
          expect(await verifier.verify(algorithm, message, signature, options)).toBe(true)
          for (const bad of [
            signature.subarray(1),
            concat(signature, bytes(1)),
            new Uint8Array(0),
            bytes(signature.length, 0),
            bytes(signature.length, 0xff),
            flipped(signature),
          ])
            expect(await verifier.verify(algorithm, message, bad, options)).toBe(false)
          // The first byte: of a digest longer than the order, ECDSA reads the front (FIPS 186-5
          // 6.4.1).
          expect(await verifier.verify(algorithm, other, signature, options)).toBe(false)
        }
    },
  )

  it('answers undefined where its family has no such operation', async () => {
    const [key, verifier] = [privateOf(spec), publicOf(spec)]
    if (family !== 'rsa') {
      expect(await key.oaepDecrypt('SHA_256', bytes(256))).toBeUndefined()
      expect(await verifier.oaepEncrypt('SHA_256', bytes(16))).toBeUndefined()
      expect(provider.parseRsaPublicKey(pairOf(spec).publicKey)).toBeUndefined()
    }
    if (family !== 'ec') expect(await key.agree(pairOf(spec).publicKey)).toBeUndefined()
  })

  it('imports no changed, truncated or extended PKCS#8, and none of another spec', async () => {
    const pkcs8 = provider.toPkcs8(spec, pairOf(spec).privateKey)
    const structure = family === 'rsa' ? 40 : pkcs8.length
    for (let i = 0; i < structure; i++) {
      const copy = pkcs8.slice()
      copy[i]! ^= 0x01
      const parsed = provider.parsePkcs8(spec, copy)
      // Ed25519: every 32 bytes are a key of their own.
      if (spec === 'ED25519' && i >= 16) expect(parsed).not.toEqual(pairOf(spec))
      else expect(parsed).toBeUndefined()
    }
    for (let i = 0; i < Math.min(pkcs8.length, 120); i++)
      expect(provider.parsePkcs8(spec, pkcs8.subarray(0, i))).toBeUndefined()
    expect(provider.parsePkcs8(spec, concat(pkcs8, bytes(1)))).toBeUndefined()
    for (const other of PAIR_SPECS)
      if (other !== spec) expect(await provider.parsePkcs8(other, pkcs8)).toBeUndefined()
  })
})

function flipped(original: Uint8Array): Uint8Array {
  const copy = original.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}

describe('RSA', () => {
  const OAEP_HASHES = ['SHA_1', 'SHA_256'] as const

  it.each(OAEP_HASHES)('OAEP with %s: up to k - 2 hLen - 2 bytes, no more', async (hash) => {
    const [key, verifier] = [privateOf('RSA_2048'), publicOf('RSA_2048')]
    const longest = 256 - 2 * HASH_BYTES[hash] - 2
    for (const length of [0, 1, 32, longest]) {
      const ciphertext = (await verifier.oaepEncrypt(hash, bytes(length)))!
      expect(await key.oaepDecrypt(hash, ciphertext)).toEqual(bytes(length))
      for (const bad of [
        flipped(ciphertext),
        ciphertext.subarray(1),
        bytes(256, 0xff),
        bytes(256, 0),
      ])
        expect(await key.oaepDecrypt(hash, bad)).toBeUndefined()
      const other = hash === 'SHA_1' ? 'SHA_256' : 'SHA_1'
      expect(await key.oaepDecrypt(other, ciphertext)).toBeUndefined()
    }
    expect(await verifier.oaepEncrypt(hash, bytes(longest + 1))).toBeUndefined()
  })

  it('takes callers’ public keys of the three sizes and nothing else', () => {
    for (const spec of ['RSA_2048', 'RSA_3072', 'RSA_4096'] as const)
      expect(provider.parseRsaPublicKey(pairOf(spec).publicKey)?.bits).toBe(SPECS[spec].bits)
    const der = { publicKeyEncoding: { type: 'spki', format: 'der' } } as const
    const make = (modulusLength: number, publicExponent = 65537) =>
      crypto.generateKeyPairSync('rsa', {
        modulusLength,
        publicExponent,
        ...der,
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      })
    const [small, weak] = [make(1024), make(2048, 3)]
    expect(provider.parseRsaPublicKey(small.publicKey)).toBeUndefined()
    expect(provider.parseRsaPublicKey(weak.publicKey)).toBeUndefined()
    expect(provider.parsePkcs8('RSA_2048', small.privateKey)).toBeUndefined()
    expect(provider.parsePkcs8('RSA_2048', weak.privateKey)).toBeUndefined()
    expect(provider.parseRsaPublicKey(bytes(294))).toBeUndefined()
  })

  it('refuses another RSA type in PKCS#8 (id-RSASSA-PSS)', () => {
    const { privateKey } = crypto.generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
    expect(provider.parsePkcs8('RSA_2048', pkcs8)).toBeUndefined()
  })

  it('PSS demands a salt as long as the hash', async () => {
    const key = crypto.createPrivateKey({
      key: Buffer.from(pairOf('RSA_2048').privateKey),
      format: 'der',
      type: 'pkcs1',
    })
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING
    const hash = provider.digest('SHA_256', MESSAGE)
    for (const saltLength of [0, 20, 31, 32, 33, 64]) {
      const signature = crypto.sign('sha256', MESSAGE, { key, padding, saltLength })
      const verifier = publicOf('RSA_2048')
      const expected = saltLength === 32
      expect(await verifier.verify('RSA_PSS_SHA_256', MESSAGE, signature, RAW)).toBe(expected)
      expect(await verifier.verify('RSA_PSS_SHA_256', hash, signature, DIGEST)).toBe(expected)
    }
  })

  it('signs many at once and keeps each answer with its question', async () => {
    const [key, verifier] = [privateOf('RSA_2048'), publicOf('RSA_2048')]
    const messages = Array.from({ length: 20 }, (_, i) => utf8(`message ${i}`))
    const signatures = await Promise.all(
      messages.map(async (message) => key.sign('RSA_PKCS1_SHA_256', message, RAW)),
    )
    for (const [i, message] of messages.entries())
      expect(await verifier.verify('RSA_PKCS1_SHA_256', message, signatures[i]!, RAW)).toBe(true)
  })
})

describe('ECDSA and ECDH', () => {
  const CURVES = ['EC_P256', 'EC_P384', 'EC_P521'] as const

  it('accepts a high s, as FIPS 186-5 does', async () => {
    // RFC 6979 A.2.5: this s is above n / 2.
    const point =
      '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
      '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
    const spki = Buffer.from(`3059301306072a8648ce3d020106082a8648ce3d030107034200${point}`, 'hex')
    const signature = Buffer.from(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
      'hex',
    )
    const key = provider.publicKey('EC_P256', spki)
    const hash = provider.digest('SHA_256', utf8('sample'))
    const format = 'raw'
    for (const [message, type] of [
      [utf8('sample'), RAW],
      [hash, DIGEST],
    ] as const)
      expect(await key.verify('ECDSA_SHA_256', message, signature, { ...type, format })).toBe(true)
  })

  it('hedges: two signatures of one digest differ', async () => {
    const hash = provider.digest('SHA_256', MESSAGE)
    const key = privateOf('EC_P256')
    const [one, two] = [
      await key.sign('ECDSA_SHA_256', hash, DIGEST),
      await key.sign('ECDSA_SHA_256', hash, DIGEST),
    ]
    expect(one).not.toEqual(two)
  })

  it.each(CURVES)('%s: both sides agree; foreign and bad points are refused', async (spec) => {
    const peer = await provider.generatePair(spec)
    const [mine, theirs] = [privateOf(spec), provider.privateKey(spec, peer)]
    const shared = (await mine.agree(peer.publicKey))!
    expect(shared).toHaveLength(SPECS[spec].bytes)
    expect(await theirs.agree(pairOf(spec).publicKey)).toEqual(shared)
    for (const other of PAIR_SPECS)
      if (other !== spec) expect(await mine.agree(pairOf(other).publicKey)).toBeUndefined()
    // Off the curve: one bit of y.
    expect(await mine.agree(flipped(peer.publicKey))).toBeUndefined()
    expect(await mine.agree(peer.publicKey.subarray(1))).toBeUndefined()
    expect(await mine.agree(concat(peer.publicKey, bytes(1)))).toBeUndefined()
    expect(await mine.agree(new Uint8Array(0))).toBeUndefined()
  })

  it('imports PKCS#8 without the public key inside, and computes it', () => {
    const { privateKey, publicKey } = pairOf('EC_P256')
    const scalar = privateKey.subarray(7, 39)
    const bare = concat(
      Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex'),
      scalar,
    )
    expect(provider.parsePkcs8('EC_P256', bare)).toEqual({ privateKey, publicKey })
    // Zero and n are no scalars.
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
    for (const bad of [new Uint8Array(32), Buffer.from(order, 'hex')])
      expect(provider.parsePkcs8('EC_P256', concat(bare.subarray(0, 35), bad))).toBeUndefined()
  })
})

describe('Ed25519', () => {
  it('signs digests only as Ed25519ph', () => {
    const refusal = expect.objectContaining({ code: 'UNSUPPORTED' }) as Error
    expect(() => privateOf('ED25519').sign('ED25519', bytes(64), DIGEST)).toThrow(refusal)
    expect(() => publicOf('ED25519').verify('ED25519', bytes(64), bytes(64), DIGEST)).toThrow(
      refusal,
    )
  })

  it('gives the Ed25519ph vector of RFC 8032 7.3', async () => {
    const seed = Buffer.from(
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'hex',
    )
    const spki = Buffer.from(
      '302a300506032b6570032100ec172b93ad5e563f4932c70e1245034c35467ef2efd4d64ebf819683467e2bf2',
      'hex',
    )
    const key = provider.privateKey('ED25519', { privateKey: seed, publicKey: spki })
    const expected =
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
      '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406'
    for (const options of [RAW, DIGEST])
      expect(toHex(await key.sign('ED25519PH', utf8('abc'), options))).toBe(expected)
  })
})

describe('a reproducible source', () => {
  const build = async (seed: string) => {
    const own = createNodeProvider({ random: counted(seed) })
    const parts: Uint8Array[] = []
    for (const spec of ['EC_P256', 'EC_P521', 'EC_SECP256K1', 'ED25519', 'RSA_2048'] as const) {
      const pair = await own.generatePair(spec)
      parts.push(pair.privateKey, pair.publicKey)
      const [key, verifier] = [own.privateKey(spec, pair), own.publicKey(spec, pair.publicKey)]
      for (const algorithm of SIGNING_ALGORITHMS.filter((name) => fits(spec, name))) {
        const signature = await key.sign(algorithm, MESSAGE, RAW)
        expect(await publicVerify(spec, pair, algorithm, signature)).toBe(true)
        parts.push(signature)
      }
      const sealed = await verifier.oaepEncrypt('SHA_256', MESSAGE)
      if (sealed) {
        expect(await key.oaepDecrypt('SHA_256', sealed)).toEqual(MESSAGE)
        parts.push(sealed)
      }
    }
    return toHex(concat(...parts))
  }
  /** By a provider that is not reproducible: the signatures are ordinary ones. */
  const publicVerify = async (
    spec: PairSpec,
    pair: KeyPairBytes,
    algorithm: SigningAlgorithm,
    signature: Uint8Array,
  ) => provider.publicKey(spec, pair.publicKey).verify(algorithm, MESSAGE, signature, RAW)

  it('decides every byte of keys, signatures and ciphertexts', async () => {
    const [one, again, other] = [await build('a'), await build('a'), await build('b')]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it('gives the signatures of RFC 6979 A.2.5, with the nonce generator of the named hash', async () => {
    const own = createNodeProvider({ random: counted('rfc6979') })
    const scalar = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'
    const pkcs8 = `3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${scalar}`
    const key = own.privateKey('EC_P256', own.parsePkcs8('EC_P256', Buffer.from(pkcs8, 'hex'))!)
    const starts = {
      ECDSA_SHA_256: 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      ECDSA_SHA_384: '0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719',
      ECDSA_SHA_512: '8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00',
    } as const
    for (const [algorithm, r] of Object.entries(starts)) {
      const name = algorithm as keyof typeof starts
      const signature = await key.sign(name, utf8('sample'), { ...RAW, format: 'raw' })
      expect(toHex(signature.subarray(0, 32))).toBe(r)
    }
  })
})

it('lacks nothing', () => {
  for (const feature of [...PAIR_SPECS, ...SIGNING_ALGORITHMS, 'scrypt'] as const)
    expect(provider.lacks(feature)).toBeUndefined()
})
