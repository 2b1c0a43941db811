/**
 * RSA keys from a given source of random bytes, for reproducible tests and platforms without a
 * generator of their own: FIPS 186-5 A.1.3 (random probable primes) with e = 65537. BigInt
 * arithmetic is not constant in time.
 */
import { wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { Random } from '../base/ports.ts'
import { SPECS } from '../domain/algorithms.ts'
import { fromBigInt, toBigInt } from './der.ts'
import { rsaPkcs1, rsaSpki } from './keys.ts'
import type { RsaSpec } from './keys.ts'
import type { KeyPairBytes } from './provider.ts'

const E = 65537n
/**
 * FIPS 186-5 table B.1, error 2^-112 and below, Miller-Rabin only: 5 rounds at 1024 bits, 4 above.
 */
const ROUNDS: Readonly<Record<number, number>> = { 1024: 5, 1536: 4, 2048: 4 }
/** Trial division stops most candidates before the first exponentiation (HAC 4.45). */
const SMALL_PRIMES_BELOW = 4096

/** An RSA pair whose every bit comes from `random`. */
export function rsaPairFrom(random: Random, spec: RsaSpec): KeyPairBytes {
  const half = SPECS[spec].bits / 2
  // A.1.3 steps 4 and 5; p above q, as CRT coefficients are written.
  const first = probablePrime(random, half, undefined)
  const second = probablePrime(random, half, first)
  const [p, q] = first > second ? [first, second] : [second, first]
  // A.1.1 step 3: d = e^-1 mod lcm(p - 1, q - 1); 2^half < d holds for e = 65537 except with
  // vanishing probability.
  const d = inverse(E, ((p - 1n) / gcd(p - 1n, q - 1n)) * (q - 1n))
  if (d <= 1n << BigInt(half)) return rsaPairFrom(random, spec)
  const bytes = half / 8
  const n = fromBigInt(p * q, 2 * bytes)
  const secrets = {
    d: fromBigInt(d, 2 * bytes),
    p: fromBigInt(p, bytes),
    q: fromBigInt(q, bytes),
    dp: fromBigInt(d % (p - 1n), bytes),
    dq: fromBigInt(d % (q - 1n), bytes),
    qi: fromBigInt(inverse(q, p), bytes),
  }
  const e = fromBigInt(E, 3)
  const pair = { privateKey: rsaPkcs1({ n, e, ...secrets }), publicKey: rsaSpki(n, e) }
  wipe(...Object.values(secrets))
  return pair
}

/** FIPS 186-5 A.1.3 step 4 (for p) and 5 (for q, given p). */
function probablePrime(random: Random, bits: number, other: bigint | undefined): bigint {
  const candidate = new Uint8Array(bits / 8)
  // sqrt(2) 2^(bits - 1): floor, by the integer square root of 2^(2 bits - 1)
  const least = squareRoot(1n << BigInt(2 * bits - 1))
  // 4.7 and 5.8: at most 5 nlen and 10 nlen tries
  const triesMax = 20 * bits
  try {
    for (let i = 0; i < triesMax; i++) {
      random.fill(candidate)
      candidate[candidate.length - 1]! |= 1
      const value = toBigInt(candidate)
      if (value <= least || isTooClose(value, other, bits)) continue
      if (hasSmallFactor(value) || gcd(value - 1n, E) !== 1n) continue
      if (isProbablePrime(random, value, bits)) return value
    }
  } finally {
    wipe(candidate)
  }
  throw new StrongroomError('INTERNAL', 'RSA generation: no prime found in the bounded tries.')
}

/** A.1.3 step 5.5: |p - q| must exceed 2^(nlen/2 - 100). */
function isTooClose(value: bigint, other: bigint | undefined, bits: number): boolean {
  if (other === undefined) return false
  const distance = value > other ? value - other : other - value
  return distance <= 1n << BigInt(bits - 100)
}

let smallPrimes: readonly bigint[] | undefined

function hasSmallFactor(value: bigint): boolean {
  smallPrimes ??= primesBelow(SMALL_PRIMES_BELOW)
  return smallPrimes.some((prime) => value % prime === 0n)
}

function primesBelow(bound: number): readonly bigint[] {
  const composite = new Uint8Array(bound)
  const primes: bigint[] = []
  for (let n = 3; n < bound; n += 2) {
    if (composite[n] === 1) continue
    primes.push(BigInt(n))
    for (let multiple = n * n; multiple < bound; multiple += 2 * n) composite[multiple] = 1
  }
  return primes
}

/** Miller-Rabin with random bases (FIPS 186-5 B.3.1). */
function isProbablePrime(random: Random, w: bigint, bits: number): boolean {
  // Steps 1 and 2: w - 1 = 2^a m
  const last = w - 1n
  let a = 0
  while (((last >> BigInt(a)) & 1n) === 0n) a++
  const m = last >> BigInt(a)
  for (let round = 0; round < ROUNDS[bits]!; round++) {
    // Steps 4.3 to 4.5: z = b^m, squared up to a - 1 times, must meet w - 1
    let z = power(randomBase(random, w, bits), m, w)
    if (z === 1n || z === last) continue
    let met = false
    for (let j = 1; j < a && !met; j++) {
      z = (z * z) % w
      met = z === last
    }
    if (!met) return false
  }
  return true
}

/** Steps 4.1 and 4.2: 1 < b < w - 1. */
function randomBase(random: Random, w: bigint, bits: number): bigint {
  const bytes = new Uint8Array(bits / 8)
  while (true) {
    random.fill(bytes)
    const b = toBigInt(bytes)
    if (b > 1n && b < w - 1n) return b
  }
}

/** base^exponent mod modulus, four bits at a time (HAC 14.82). */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n]
  for (let i = 1; i < 16; i++) table.push((table[i - 1]! * base) % modulus)
  let result = 1n
  for (const digit of hexDigits(exponent)) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    if (digit !== 0) result = (result * table[digit]!) % modulus
  }
  return result
}

/** The base-16 digits, most significant first. */
function hexDigits(value: bigint): readonly number[] {
  const digits: number[] = []
  for (; value > 0n; value >>= 4n) digits.push(Number(value & 15n))
  return digits.reverse()
}

function gcd(a: bigint, b: bigint): bigint {
  while (b !== 0n) [a, b] = [b, a % b]
  return a
}

/** The inverse by the extended Euclidean algorithm (FIPS 186-5 B.1). */
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  return t0 < 0n ? t0 + modulus : t0
}

/** Floor of the square root, Newton's iteration from above. */
function squareRoot(value: bigint): bigint {
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2) + 1)
  while (true) {
    const next = (root + value / root) >> 1n
    if (next >= root) return root
    root = next
  }
}
