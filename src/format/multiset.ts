/**
 * The additive multiset hash of a vault (MSet-Add-Hash; Clarke, Devadas, van Dijk, Gassend, Suh
 * 2003): elements are 256-bit keyed hashes, the sum is taken modulo 2^256 in little-endian bytes.
 * Adding and removing is O(1) per write.
 */
import { assert } from '../base/assert.ts'

export const SUM_BYTES = 32

/** The sum of no elements. Never written to: every operation answers a new array. */
export const ZERO_SUM: Uint8Array = new Uint8Array(SUM_BYTES)

function combine(sum: Uint8Array, element: Uint8Array, sign: 1 | -1): Uint8Array {
  assert(sum.length === SUM_BYTES && element.length === SUM_BYTES, 'multiset values of 32 bytes')
  const out = new Uint8Array(SUM_BYTES)
  let carry = 0
  for (let i = 0; i < SUM_BYTES; i++) {
    const digit = sum[i]! + sign * element[i]! + carry
    out[i] = digit
    carry = digit >> 8
  }
  return out
}

/** A new array: `sum + element` mod 2^256. */
export const addElement = (sum: Uint8Array, element: Uint8Array): Uint8Array =>
  combine(sum, element, 1)

/** A new array: `sum - element` mod 2^256. */
export const removeElement = (sum: Uint8Array, element: Uint8Array): Uint8Array =>
  combine(sum, element, -1)
