/**
 * The encodings of RFC 8017 against OpenSSL's own, both ways, and against encodings made here that
 * are wrong at one place.
 */
import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { HASH_BYTES } from '../../src/domain/algorithms.ts'
import type { Hash } from '../../src/domain/algorithms.ts'
import * as emsa from '../../src/crypto/emsa.ts'
import { HASH_NAMES } from '../../src/crypto/node/hash.ts'

const { RSA_NO_PADDING, RSA_PKCS1_PSS_PADDING, RSA_PKCS1_OAEP_PADDING } = crypto.constants
const HASHES = Object.keys(HASH_BYTES) as readonly Hash[]
const MESSAGE = utf8('a message')
const K = 256
const BITS = 8 * K

const VECTORS = new URL('../../fixtures/vectors/rsa-oaep.json', import.meta.url)
/** The 2048-bit key of C2SP/wycheproof testvectors_v1/rsa_oaep_2048_sha256_mgf1sha256_test.json. */
const { key: wycheproof } = JSON.parse(readFileSync(VECTORS, 'utf8')) as { key: { pkcs8: string } }
const privateKey = crypto.createPrivateKey({
  key: Buffer.from(wycheproof.pkcs8, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const publicKey = crypto.createPublicKey(privateKey)
/** The raw permutation of RFC 8017 5.1 and 5.2, both ways. */
const privately = (input: Uint8Array): Uint8Array =>
  new Uint8Array(crypto.privateDecrypt({ key: privateKey, padding: RSA_NO_PADDING }, input))
const publicly = (input: Uint8Array): Uint8Array =>
  new Uint8Array(crypto.publicEncrypt({ key: publicKey, padding: RSA_NO_PADDING }, input))

const digest: emsa.Digest = (hash, ...data) => {
  const state = crypto.createHash(HASH_NAMES[hash])
  for (const piece of data) state.update(piece)
  return new Uint8Array(state.digest())
}
const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i + 1)

/** RFC 8017 B.2.1, step by step. */
function mgf1(hash: Hash, seed: Uint8Array, length: number): Uint8Array {
  const blocks = Array.from({ length: Math.ceil(length / HASH_BYTES[hash]) }, (_, i) =>
    digest(hash, seed, Uint8Array.of(0, 0, i >>> 8, i & 0xff)),
  )
  return concat(...blocks).subarray(0, length)
}
const xor = (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => byte ^ b[i]!)

/** A digest function that keeps what it saw and gave. */
function watched(): { digest: emsa.Digest; seen: Uint8Array[]; given: Uint8Array[] } {
  const [seen, given]: [Uint8Array[], Uint8Array[]] = [[], []]
  return {
    seen,
    given,
    digest: (hash, ...data) => {
      const answer = digest(hash, ...data)
      seen.push(...data)
      given.push(answer)
      return answer
    },
  }
}

describe.each(HASHES)('%s', (hash) => {
  const hLen = HASH_BYTES[hash]
  const hashed = digest(hash, MESSAGE)

  it('PKCS #1 v1.5: what OpenSSL signs', () => {
    const signature = crypto.sign(HASH_NAMES[hash], MESSAGE, privateKey)
    expect(toHex(emsa.pkcs1Encode(hash, hashed, K))).toBe(toHex(publicly(signature)))
    const info = emsa.digestInfo(hash, hashed)
    expect(toHex(publicly(signature)).endsWith(`00${toHex(info)}`)).toBe(true)
  })

  it.each([0, 20, 'hash'])('PSS: OpenSSL takes it, with a salt of %s', (salt) => {
    const saltLength = salt === 'hash' ? hLen : Number(salt)
    const encoded = emsa.pssEncode(digest, hash, hashed, counting(saltLength), BITS)
    const input = { key: publicKey, padding: RSA_PKCS1_PSS_PADDING, saltLength }
    expect(crypto.verify(HASH_NAMES[hash], MESSAGE, input, privately(encoded))).toBe(true)
    expect(emsa.pssVerify(digest, hash, hashed, encoded, BITS)).toBe(saltLength === hLen)
  })

  it('PSS: takes what OpenSSL made with a salt as long as the hash, and no other', () => {
    for (const saltLength of [0, hLen - 1, hLen, hLen + 1]) {
      const input = { key: privateKey, padding: RSA_PKCS1_PSS_PADDING, saltLength }
      const encoded = publicly(crypto.sign(HASH_NAMES[hash], MESSAGE, input))
      const verdict = emsa.pssVerify(digest, hash, hashed, encoded, BITS)
      expect(verdict).toBe(saltLength === hLen)
    }
  })

  it('OAEP: OpenSSL opens it, at each length up to the longest', () => {
    const most = emsa.oaepMaxBytes(hash, K)
    expect(most).toBe(K - 2 * hLen - 2)
    for (const length of [0, 1, 16, most]) {
      const encoded = emsa.oaepEncode(digest, hash, counting(length), counting(hLen), K)
      expect(encoded).toHaveLength(K)
      const padding = { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: HASH_NAMES[hash] }
      const opened = crypto.privateDecrypt({ key: privateKey, ...padding }, publicly(encoded))
      expect(toHex(opened)).toBe(toHex(counting(length)))
      expect(toHex(emsa.oaepDecode(digest, hash, encoded)!)).toBe(toHex(counting(length)))
    }
  })

  it('OAEP: opens what OpenSSL made', () => {
    for (const length of [0, 1, 16, emsa.oaepMaxBytes(hash, K)]) {
      // Zeros and ones look like what stands before the message.
      const message = Uint8Array.from({ length }, (_, i) => i % 2)
      const padding = { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: HASH_NAMES[hash] }
      const sealed = crypto.publicEncrypt({ key: publicKey, ...padding }, message)
      const opened = emsa.oaepDecode(digest, hash, privately(new Uint8Array(sealed)))
      expect(toHex(opened!)).toBe(toHex(message))
    }
  })
})

describe('PSS encodings of SHA-256 (RFC 8017 9.1.2)', () => {
  const salt = counting(32)
  const hashed = digest('SHA_256', MESSAGE)
  const h = digest('SHA_256', new Uint8Array(8), hashed, salt)
  const verify = (encoded: Uint8Array, bits: number) =>
    emsa.pssVerify(digest, 'SHA_256', hashed, encoded, bits)

  /** EM of any DB: step 9 to 12 of 9.1.1. */
  function around(db: Uint8Array, bits: number): Uint8Array {
    const masked = xor(db, mgf1('SHA_256', h, db.length))
    const emLen = db.length + 33
    masked[0]! &= 0xff >>> (8 * emLen - (bits - 1))
    return concat(masked, h, Uint8Array.of(0xbc))
  }
  const dbOf = (length: number): Uint8Array =>
    concat(new Uint8Array(length - 33), Uint8Array.of(1), salt)

  // 1 to 8 bits of the last byte are used; the last size leaves no room for PS.
  it.each([2048, 2047, 2046, 2045, 2044, 2043, 2042, 2041, 1024, 528])(
    'a modulus of %i bits',
    (bits) => {
      const encoded = emsa.pssEncode(digest, 'SHA_256', hashed, salt, bits)
      const emLen = Math.ceil((bits - 1) / 8)
      expect(toHex(encoded)).toBe(toHex(around(dbOf(emLen - 33), bits)))
      expect(verify(encoded, bits)).toBe(true)
      expect(verify(encoded, bits + 8)).toBe(false)
      expect(verify(encoded, bits - 8)).toBe(false)
      expect(verify(concat(encoded, Uint8Array.of(0xbc)), bits)).toBe(false)
    },
  )

  it('any byte changed, and any bit of the first', () => {
    const encoded = emsa.pssEncode(digest, 'SHA_256', hashed, salt, BITS)
    for (let at = 0; at < encoded.length; at++)
      for (const bit of at === 0 ? [1, 2, 4, 8, 16, 32, 64, 128] : [1]) {
        const other = encoded.slice()
        other[at]! ^= bit
        expect(verify(other, BITS), `byte ${at}`).toBe(false)
      }
  })

  it('a modulus too small for hash and salt', () => {
    // Step 3: one byte less than hash, salt and the two fixed bytes need.
    const bits = 8 * (32 + 32 + 1)
    const db = concat(Uint8Array.of(1), salt).subarray(1)
    expect(verify(around(db, bits), bits)).toBe(false)
    expect(verify(new Uint8Array(0), 1)).toBe(false)
    expect(verify(Uint8Array.of(0xbc), 9)).toBe(false)
  })

  it('PS and the byte after it, wrong one at a time, around a hash that is right', () => {
    const sound = dbOf(223)
    expect(verify(around(sound, BITS), BITS)).toBe(true)
    const wrong: readonly (readonly [number, number])[] = [
      [0, 0x01],
      [1, 0x01],
      [100, 0x80],
      [189, 0x01],
      [190, 0x00],
      [190, 0x02],
      [190, 0x81],
    ]
    for (const [at, value] of wrong) {
      const db = sound.slice()
      db[at] = value
      expect(verify(around(db, BITS), BITS), `DB[${at}]`).toBe(false)
    }
  })
})

describe('OAEP encodings of SHA-256 (RFC 8017 7.1.2)', () => {
  const seed = counting(32)
  const label = digest('SHA_256')

  /** EM of any DB. */
  function around(db: Uint8Array, first = 0): Uint8Array {
    const masked = xor(db, mgf1('SHA_256', seed, db.length))
    return concat(Uint8Array.of(first), xor(seed, mgf1('SHA_256', masked, 32)), masked)
  }
  const opened = (encoded: Uint8Array): string | undefined => {
    const message = emsa.oaepDecode(digest, 'SHA_256', encoded)
    return message && toHex(message)
  }
  const dbOf = (...after: readonly number[]): Uint8Array => concat(label, Uint8Array.from(after))

  it.each([
    ['no PS and no message', [1], ''],
    ['no PS', [1, 7, 8], '0708'],
    ['PS', [0, 0, 0, 1, 7], '07'],
    ['a message of separators', [0, 1, 1, 1], '0101'],
    ['a message of zeros', [0, 1, 0, 0], '0000'],
    ['a message that ends in a separator', [0, 1, 0xff, 1], 'ff01'],
    ['no separator', [0, 0, 0, 0], undefined],
    ['another separator', [0, 0, 2, 7], undefined],
    ['another separator, of one bit more', [0, 0, 0x81, 7], undefined],
    ['a byte of PS', [3, 0, 1, 7], undefined],
    ['the last byte of PS', [0, 0xff, 1, 7], undefined],
    ['a byte of PS of one bit', [0, 0x80, 1, 7], undefined],
  ])('%s', (_, after, message) => {
    expect(opened(around(dbOf(...after)))).toBe(message)
  })

  it.each([0x01, 0x02, 0x80, 0xff])('a first byte of %i is refused (Manger)', (first) => {
    expect(opened(around(dbOf(0, 1, 7), first))).toBeUndefined()
  })

  it('a label hash that differs in any one byte is refused', () => {
    for (let at = 0; at < 32; at++) {
      const db = dbOf(0, 1, 7)
      db[at]! ^= 0x40
      expect(opened(around(db)), `byte ${at}`).toBeUndefined()
    }
  })

  it('what is too short for seed, hash and separator is refused (step 1 c)', () => {
    for (let length = 0; length < 66; length++)
      expect(opened(around(dbOf(1)).subarray(0, length))).toBeUndefined()
    expect(opened(around(dbOf()))).toBeUndefined()
  })

  it('leaves neither seed nor mask behind', () => {
    const { digest: own, seen, given } = watched()
    const encoded = around(dbOf(0, 1, 7))
    expect(emsa.oaepDecode(own, 'SHA_256', encoded)).toEqual(Uint8Array.of(7))
    const isZero = (bytes: Uint8Array) => bytes.every((byte) => byte === 0)
    // The encoded message is the caller's; the counters of MGF1 and the hash of the label are public.
    const secret = seen.filter(({ length, buffer }) => length === 32 && buffer !== encoded.buffer)
    expect(secret.length).toBeGreaterThan(0)
    expect(secret.every(isZero)).toBe(true)
    expect(given.filter((answer) => toHex(answer) !== toHex(label)).every(isZero)).toBe(true)
  })
})
