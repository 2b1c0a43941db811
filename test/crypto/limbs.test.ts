/** Numbers that can be wiped: the same results as bigints, at every length. */
import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { fromBigInt, toBigInt } from '../../src/crypto/der.ts'
import { importPkcs8 } from '../../src/crypto/import-key.ts'
import { add, compare, limbsOf, minusOne, modulo, multiply } from '../../src/crypto/limbs.ts'
import type { Limbs } from '../../src/crypto/limbs.ts'
import { pairOf } from '../engine/judge.ts'

/** Bigints lie on the heap of V8, where nobody can wipe them. */
test('an imported RSA key is checked without bigints of its secrets', () => {
  const { pkcs8 } = pairOf('RSA_2048')
  const spy = vi.spyOn(globalThis, 'BigInt')
  try {
    const none = (): never => expect.unreachable()
    expect(importPkcs8('RSA_2048', pkcs8, { ec: none, okp: none })).toBeDefined()
    // The public exponent alone.
    expect(spy.mock.calls.length).toBeLessThanOrEqual(8)
  } finally {
    spy.mockRestore()
  }
})

const bytes = fc.uint8Array({ minLength: 1, maxLength: 70 })
const positive = bytes.filter((some) => some.some((byte) => byte !== 0))
const numberOf = (limbs: Limbs): bigint =>
  limbs.reduceRight((value, limb) => (value << 16n) | BigInt(limb), 0n)

function same(limbs: Limbs, value: bigint): void {
  expect(numberOf(limbs)).toBe(value)
}

describe('limbs', () => {
  test('are the number of the bytes, whatever zeros lead it', () => {
    fc.assert(fc.property(bytes, (a) => same(limbsOf(a), toBigInt(a))))
    same(limbsOf(new Uint8Array(3)), 0n)
    same(limbsOf(fromBigInt(0x010000n, 5)), 0x010000n)
  })

  test('multiply', () => {
    const property = fc.property(bytes, bytes, (a, b) =>
      same(multiply(limbsOf(a), limbsOf(b)), toBigInt(a) * toBigInt(b)),
    )
    const ones = new Uint8Array(64).fill(0xff)
    fc.assert(property, { examples: [[ones, ones]] })
  })

  test('add', () => {
    const property = fc.property(bytes, bytes, (a, b) =>
      same(add(limbsOf(a), limbsOf(b)), toBigInt(a) + toBigInt(b)),
    )
    const ones = new Uint8Array(64).fill(0xff)
    fc.assert(property, { examples: [[ones, Uint8Array.of(1)]] })
  })

  test('leave a rest', () => {
    const property = fc.property(bytes, positive, (a, m) =>
      same(modulo(limbsOf(a), limbsOf(m)), toBigInt(a) % toBigInt(m)),
    )
    const ones = new Uint8Array(64).fill(0xff)
    fc.assert(property, { examples: [[ones, ones]] })
  })

  test('leave a rest where a digit of the quotient is hard to guess', () => {
    const limb = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xfffe, 0xffff)
    const number = (most: number) =>
      fc.array(limb, { minLength: 1, maxLength: most }).map((limbs) => Uint16Array.from(limbs))
    const property = fc.property(number(8), number(4), (a, m) => {
      if (numberOf(m) > 0n) same(modulo(a, m), numberOf(a) % numberOf(m))
    })
    fc.assert(property, { numRuns: 2000 })
    // Just below, at and above multiples.
    const nearby = fc.property(
      number(4),
      number(4),
      fc.integer({ min: -1, max: 1 }),
      (m, q, by) => {
        const value = numberOf(m) * numberOf(q) + BigInt(by)
        if (numberOf(m) > 0n && value >= 0n)
          same(modulo(limbsOf(fromBigInt(value, 20)), m), value % numberOf(m))
      },
    )
    fc.assert(nearby, { numRuns: 1000 })
  })

  test('count down by one', () => {
    const property = fc.property(positive, (a) => same(minusOne(limbsOf(a)), toBigInt(a) - 1n))
    fc.assert(property, { examples: [[Uint8Array.of(1, 0, 0, 0, 0)]] })
  })

  test('compare', () => {
    const property = fc.property(bytes, bytes, (a, b) => {
      const [x, y] = [toBigInt(a), toBigInt(b)]
      expect(Math.sign(compare(limbsOf(a), limbsOf(b)))).toBe(x < y ? -1 : x > y ? 1 : 0)
    })
    fc.assert(property, { examples: [[Uint8Array.of(0, 0, 0, 7), Uint8Array.of(7)]] })
  })
})
