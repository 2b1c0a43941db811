/** FIPS 180-4 hashes, FIPS 198-1 HMAC, RFC 5869 HKDF and RFC 7914 scrypt from @noble/hashes. */
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha1 } from '@noble/hashes/legacy.js'
import { scryptAsync } from '@noble/hashes/scrypt.js'
import { sha224, sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { constantTimeEqual } from '../../base/bytes.ts'
import type { Hash } from '../../domain/algorithms.ts'
import type { Mac, ScryptCost } from '../provider.ts'

/** TABLE: our hash names and the functions that compute them. */
const HASHES = {
  SHA_1: sha1,
  SHA_224: sha224,
  SHA_256: sha256,
  SHA_384: sha384,
  SHA_512: sha512,
} as const satisfies Record<Hash, unknown>

export function digest(hash: Hash, ...data: readonly Uint8Array[]): Uint8Array {
  const state = HASHES[hash].create()
  for (const part of data) state.update(part)
  return state.digest()
}

/**
 * FIPS 198-1. The two padded keys are hashed once here; every tag starts from a copy of that state.
 */
export function hmac(hash: Hash, key: Uint8Array): Mac {
  const keyed = nobleHmac.create(HASHES[hash], key)
  const compute = (...data: readonly Uint8Array[]): Uint8Array => {
    const state = keyed.clone()
    for (const part of data) state.update(part)
    return state.digest()
  }
  return { compute, verify: (tag, ...data) => constantTimeEqual(compute(...data), tag) }
}

/** RFC 5869 sections 2.2 and 2.3 with SHA-256: at most 255 * 32 bytes. */
export const hkdf = (
  input: Uint8Array,
  salt: Uint8Array,
  info: Uint8Array,
  lengthBytes: number,
): Uint8Array => nobleHkdf(sha256, input, salt, info, lengthBytes)

/** RFC 7914 needs 128 * N * r bytes for V, 128 * r * p for B and a little more. */
const scryptMemoryBytes = ({ N, r, p }: ScryptCost): number => 128 * r * (N + p + 4)

/** RFC 7914 in slices of 10 ms: a page has no threads to give, but it stays responsive. */
export const scrypt = (
  passphrase: Uint8Array,
  salt: Uint8Array,
  cost: ScryptCost,
  lengthBytes: number,
): Promise<Uint8Array> =>
  scryptAsync(passphrase, salt, {
    N: cost.N,
    r: cost.r,
    p: cost.p,
    dkLen: lengthBytes,
    maxmem: scryptMemoryBytes(cost),
  })
