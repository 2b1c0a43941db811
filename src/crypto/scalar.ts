/**
 * Private scalars of elliptic curves from a given source of random bytes, in memory that can be
 * wiped.
 */
import type { Random } from '../base/ports.ts'
import { CURVES } from './curves.ts'
import type { EcSpec } from './curves.ts'
import { fromBigInt } from './der.ts'
import { compare, limbsOf } from './limbs.ts'
import { secretBytes } from '../base/bytes.ts'

/** FIPS 186-5 A.2.2 (rejection sampling): d in [1, n - 1], big-endian in the bytes of the order. */
export function randomScalar(random: Pick<Random, 'fill'>, spec: EcSpec): Uint8Array {
  const { order, bytes } = CURVES[spec]
  const scalar = secretBytes(bytes)
  // Step 2: N = len(n) bits; the bits above them (P-521: seven) are cleared.
  const top = 0xff >>> (8 * bytes - order.toString(2).length)
  do {
    // Steps 4 and 5
    random.fill(scalar)
    scalar[0]! &= top
    // Steps 6 and 7: reject c > n - 2, else d = c + 1
  } while (!isBelow(scalar, order - 1n))
  addOne(scalar)
  return scalar
}

/** Of big-endian bytes; the bound is public. */
export function isBelow(bytes: Uint8Array, bound: bigint): boolean {
  const limbs = limbsOf(bytes)
  try {
    return compare(limbs, limbsOf(fromBigInt(bound, bytes.length))) < 0
  } finally {
    limbs.fill(0)
  }
}

function addOne(bytes: Uint8Array): void {
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = bytes[i]! + 1
    if (bytes[i] !== 0) return
  }
}
