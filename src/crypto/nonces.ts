/**
 * Nonces of ECDSA by RFC 6979: made of the key and the digest, and of random bytes as well where
 * some are given (3.6). All that is secret lies in bytes that are wiped.
 */
import { concat, secretBytes, wipe } from '../base/bytes.ts'
import type { Hash } from '../domain/algorithms.ts'
import { HASH_BYTES } from '../domain/algorithms.ts'
import { CURVES } from './curves.ts'
import type { EcSpec } from './curves.ts'
import { fromBigInt, toBigInt } from './der.ts'
import type { Mac } from './provider.ts'
import { isBelow } from './scalar.ts'

export interface NonceInput {
  readonly spec: EcSpec
  readonly hash: Hash
  readonly hmac: (hash: Hash, key: Uint8Array) => Mac
  readonly scalar: Uint8Array
  readonly digest: Uint8Array
  /** k' of 3.6. */
  readonly extra: Uint8Array
}

/** bits2int of 2.3.2, in as many bytes as the order has: the leftmost bits that it has room for. */
export function leftmostBits(spec: EcSpec, data: Uint8Array): Uint8Array {
  const { order, bytes } = CURVES[spec]
  const out = secretBytes(bytes)
  if (data.length < bytes) {
    out.set(data, bytes - data.length)
    return out
  }
  const shift = 8 * bytes - order.toString(2).length
  for (let i = 0; i < bytes; i++)
    out[i] = (data[i]! >>> shift) | ((data[i - 1] ?? 0) << (8 - shift))
  return out
}

/**
 * Lends the candidates of 3.2, each in [1, n - 1], one after the other until `use` makes something
 * of one. They are wiped after it.
 */
export function withNonce<T>(input: NonceInput, use: (nonce: Uint8Array) => T | undefined): T {
  const { spec, hash, hmac, scalar, digest, extra } = input
  const { order, bytes } = CURVES[spec]
  // bits2octets of 2.3.4; the digest is public.
  const h1 = fromBigInt(toBigInt(leftmostBits(spec, digest)) % order, bytes)
  let key = secretBytes(HASH_BYTES[hash])
  let value = secretBytes(HASH_BYTES[hash]).fill(1)
  const next = (old: Uint8Array, ...data: readonly Uint8Array[]): Uint8Array => {
    const made = hmac(hash, key).compute(...data)
    wipe(old)
    return made
  }
  const rekey = (...data: readonly Uint8Array[]): void => {
    key = next(key, value, ...data)
    value = next(value, value)
  }
  try {
    // Steps d to g
    rekey(Uint8Array.of(0), scalar, h1, extra)
    rekey(Uint8Array.of(1), scalar, h1, extra)
    for (;;) {
      // Step h
      let drawn = secretBytes(0)
      while (drawn.length < bytes) {
        value = next(value, value)
        const longer = concat(drawn, value)
        wipe(drawn)
        drawn = longer
      }
      const candidate = leftmostBits(spec, drawn)
      wipe(drawn)
      try {
        const fits = candidate.some((byte) => byte !== 0) && isBelow(candidate, order)
        const made = fits ? use(candidate) : undefined
        if (made !== undefined) return made
      } finally {
        wipe(candidate)
      }
      rekey(Uint8Array.of(0))
    }
  } finally {
    wipe(key, value)
  }
}
