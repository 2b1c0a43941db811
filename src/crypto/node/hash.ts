/** FIPS 180-4 digests, FIPS 198-1 HMAC, RFC 5869 HKDF, RFC 7914 scrypt by OpenSSL. */
import * as crypto from 'node:crypto'
import type { Hash } from '../../domain/algorithms.ts'
import type { Mac, ScryptCost } from '../provider.ts'

/** What OpenSSL calls the hashes. */
export const HASH_NAMES: Readonly<Record<Hash, string>> = {
  SHA_1: 'sha1',
  SHA_224: 'sha224',
  SHA_256: 'sha256',
  SHA_384: 'sha384',
  SHA_512: 'sha512',
}

/**
 * The same memory as a plain Uint8Array (a Buffer's `slice` would alias). Only for buffers that own
 * their memory.
 */
export const plain = (buffer: Buffer): Uint8Array =>
  new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length)

export function digest(hash: Hash, ...data: readonly Uint8Array[]): Uint8Array {
  // In one call: without the state that a second piece would need, it takes half the time.
  const [only] = data
  if (only && data.length === 1) return plain(crypto.hash(HASH_NAMES[hash], only, 'buffer'))
  const state = crypto.createHash(HASH_NAMES[hash])
  for (const piece of data) state.update(piece)
  return plain(state.digest())
}

/** HMAC under a key that is copied into a KeyObject once. */
export function hmac(hash: Hash, key: Uint8Array): Mac {
  const secret = crypto.createSecretKey(key)
  const name = HASH_NAMES[hash]
  const compute = (data: readonly Uint8Array[]): Buffer => {
    const state = crypto.createHmac(name, secret)
    for (const piece of data) state.update(piece)
    return state.digest()
  }
  return {
    compute: (...data) => plain(compute(data)),
    verify: (tag, ...data) => {
      const expected = compute(data)
      // The length of a tag is public; timingSafeEqual throws when the lengths differ.
      return tag.length === expected.length && crypto.timingSafeEqual(tag, expected)
    },
  }
}

export const hkdf = (
  input: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array => new Uint8Array(crypto.hkdfSync('sha256', input, salt, info, lengthBytes))

export function scrypt(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { N, r, p }: ScryptCost,
  lengthBytes: number,
): Promise<Uint8Array> {
  // RFC 7914 2: V takes 128 N r bytes and B 128 p r; OpenSSL counts two blocks more of scratch.
  const maxmem = 128 * r * (N + p + 2)
  return new Promise((resolve, reject) => {
    crypto.scrypt(passphrase, salt, lengthBytes, { N, r, p, maxmem }, (error, key) => {
      if (error) reject(error)
      else resolve(plain(key))
    })
  })
}
