/**
 * Arithmetic with secret numbers in memory that can be wiped: a bigint lies on the heap of V8, and
 * whatever lay there stays until something else is written over it. Numbers are little-endian
 * arrays of 16-bit limbs; whoever makes one wipes it.
 */
import { secretBytes } from '../base/bytes.ts'

export type Limbs = Uint16Array

/** Zero, of so many limbs. */
const zero = (limbs: number): Limbs => new Uint16Array(secretBytes(limbs * 2).buffer as ArrayBuffer)

/** The number of a big-endian string. */
export function limbsOf(bytes: Uint8Array): Limbs {
  const out = zero(Math.ceil(bytes.length / 2))
  for (let i = 0; i < bytes.length; i++)
    out[i >> 1]! |= bytes[bytes.length - 1 - i]! << (8 * (i & 1))
  return out
}

export function multiply(a: Limbs, b: Limbs): Limbs {
  const out = zero(a.length + b.length)
  for (let i = 0; i < a.length; i++) {
    let carry = 0
    for (let j = 0; j < b.length; j++) {
      const sum = a[i]! * b[j]! + out[i + j]! + carry
      out[i + j] = sum & 0xffff
      carry = sum >>> 16
    }
    out[i + b.length] = carry
  }
  return out
}

/** a - 1, of a number above zero. */
export function minusOne(a: Limbs): Limbs {
  const out = zero(a.length)
  out.set(a)
  let at = 0
  while (out[at] === 0) out[at++] = 0xffff
  out[at]! -= 1
  return out
}

/** Negative, zero or positive, as a is below, at or above b. */
export function compare(a: Limbs, b: Limbs): number {
  for (let i = Math.max(a.length, b.length) - 1; i >= 0; i--) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

/** a modulo m, bit by bit (HAC 14.20 in base 2): short, and fast enough for a few numbers. */
export function modulo(a: Limbs, m: Limbs): Limbs {
  const rest = zero(m.length + 1)
  for (let bit = a.length * 16 - 1; bit >= 0; bit--) {
    let carry = (a[bit >> 4]! >> (bit & 15)) & 1
    for (let i = 0; i < rest.length; i++) {
      const doubled = (rest[i]! << 1) | carry
      rest[i] = doubled & 0xffff
      carry = doubled >>> 16
    }
    if (compare(rest, m) >= 0) subtract(rest, m)
  }
  return rest
}

/** From a, in place; a is at least b. */
function subtract(a: Limbs, b: Limbs): void {
  let borrow = 0
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - (b[i] ?? 0) - borrow
    a[i] = difference & 0xffff
    borrow = difference < 0 ? 1 : 0
  }
}
