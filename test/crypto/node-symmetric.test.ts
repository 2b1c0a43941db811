/** The symmetric half of the node:crypto provider: hashes, KDFs, the suite and the raw AES modes. */
import * as crypto from 'node:crypto'
import { shake128 } from '@noble/hashes/sha3.js'
import { describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/ports.ts'
import { HASH_BYTES } from '../../src/domain/algorithms.ts'
import type { Hash } from '../../src/domain/algorithms.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import { SUITE_OVERHEAD_BYTES } from '../../src/crypto/provider.ts'
import { givenByCiphers, isWiped } from './recorded.ts'
import { counted, ownsMemory } from './support.ts'

const provider = createNodeProvider()
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const MESSAGE = utf8('a message of some length')

/** Every copy of `original` with one byte changed. */
function* flips(original: Uint8Array): Generator<Uint8Array> {
  for (let i = 0; i < original.length; i++) {
    const copy = original.slice()
    copy[i]! ^= 0x10
    yield copy
  }
}

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

  it('what the platform gave on the way is overwritten, and what a wrong tag kept back', () => {
    const given = givenByCiphers(() => {
      const padded = aes.cbcEncrypt(bytes(16), MESSAGE, true)!
      expect(aes.cbcDecrypt(bytes(16), padded, true)).toEqual(MESSAGE)
      expect(aes.unwrap(aes.wrap(bytes(16), false)!, false)).toEqual(bytes(16))
      expect(aes.unwrap(bytes(24), false)).toBeUndefined()
    })
    expect(given.length).toBeGreaterThan(6)
    expect(given.every(isWiped)).toBe(true)
    const { ciphertext } = aes.gcmSeal(bytes(12), aad, MESSAGE)
    const [body] = givenByCiphers(() => aes.gcmOpen(bytes(12), aad, ciphertext, bytes(16)))
    expect(body).toHaveLength(MESSAGE.length)
    expect(isWiped(body!)).toBe(true)
  })
})
