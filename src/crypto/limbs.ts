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

export function add(a: Limbs, b: Limbs): Limbs {
  const out = zero(Math.max(a.length, b.length) + 1)
  let carry = 0
  for (let i = 0; i < out.length; i++) {
    const sum = (a[i] ?? 0) + (b[i] ?? 0) + carry
    out[i] = sum & 0xffff
    carry = sum >>> 16
  }
  return out
}

/**
 * a modulo m, limb by limb (Knuth, TAOCP 2, 4.3.1, algorithm D): each digit of the quotient is
 * estimated from the leading limbs, never too high, and what is left over is subtracted after it.
 */
export function modulo(a: Limbs, m: Limbs): Limbs {
  const top = m.findLastIndex((limb) => limb !== 0)
  const divisor = m[top]! * 0x1_0000 + (m[top - 1] ?? 0) + 1
  const rest = zero(m.length + 1)
  for (let at = a.length - 1; at >= 0; at--) {
    rest.copyWithin(1, 0)
    rest[0] = a[at]!
    const leading = (rest[top + 1]! * 0x1_0000 + rest[top]!) * 0x1_0000 + (rest[top - 1] ?? 0)
    subtractTimes(rest, m, Math.floor(leading / divisor))
    while (compare(rest, m) >= 0) subtractTimes(rest, m, 1)
  }
  return rest
}

/** From a, in place, so many times b, a limb; a is at least that. */
function subtractTimes(a: Limbs, b: Limbs, times: number): void {
  let carry = 0
  for (let i = 0; i < a.length; i++) {
    const product = (b[i] ?? 0) * times + carry
    const difference = a[i]! - (product & 0xffff)
    a[i] = difference
    carry = (product >>> 16) + (difference < 0 ? 1 : 0)
  }
}
