/**
 * The numbers of a foreign private key: each relation of RFC 8017 3.2 and each size of FIPS 186-5
 * A.1.1, broken alone, and public parts that do not belong to the private one. The numbers are made
 * here; whether factors are prime is not asked (the provider's pairwise test is elsewhere).
 */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import type { EcSpec } from '../../src/crypto/curves.ts'
import * as der from '../../src/crypto/der.ts'
import { importPkcs8 } from '../../src/crypto/import-key.ts'
import type { PublicPart } from '../../src/crypto/import-key.ts'
import * as keys from '../../src/crypto/keys.ts'

const never = (): never => expect.unreachable('no public part of this family')
const NONE: PublicPart = { ec: never, okp: never }
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const E = 65537n

interface Numbers {
  readonly p: bigint
  readonly q: bigint
  readonly e: bigint
  readonly d: bigint
}
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
const lcm = (a: bigint, b: bigint): bigint => (a / gcd(a, b)) * b
function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  if (r0 !== 1n) throw new Error('no inverse: choose other numbers')
  return t0 < 0n ? t0 + modulus : t0
}
const magnitude = (value: bigint): Uint8Array => {
  const text = value.toString(16)
  return fromHex(text.length % 2 === 0 ? text : `0${text}`)!
}
/** All numbers of two factors, as RFC 8017 3.2 relates them. */
const numbersOf = (p: bigint, q: bigint, e = E): Numbers => ({
  p,
  q,
  e,
  d: inverse(e, lcm(p - 1n, q - 1n)),
})

type Changes = Partial<Record<keyof keys.RsaPrivateNumbers, bigint>>
function pkcs8Of({ p, q, e, d }: Numbers, changes: Changes = {}): Uint8Array {
  const qi = p === q ? 1n : inverse(q, p)
  const all = { n: p * q, e, d, p, q, dp: d % (p - 1n), dq: d % (q - 1n), qi, ...changes }
  const entries = Object.entries(all).map(([name, value]) => [name, magnitude(value)])
  const pkcs1 = keys.rsaPkcs1(Object.fromEntries(entries) as keys.RsaPrivateNumbers)
  return keys.pkcs8Of('RSA_2048', pkcs1)
}
const taken = (pkcs8: Uint8Array, spec: keys.RsaSpec = 'RSA_2048'): boolean =>
  importPkcs8(spec, pkcs8, NONE) !== undefined

/** Two factors of 1024 bits whose product has 2048. */
const SOUND = numbersOf(
  2n ** 1023n + 2n ** 1022n + 1155n,
  2n ** 1023n + 2n ** 1022n + 2n ** 900n + 3n,
)

afterEach(() => vi.unstubAllGlobals())

describe('RSA', () => {
  it('numbers that belong together: the same inside, and the public part of them', () => {
    const pkcs8 = pkcs8Of(SOUND)
    const pair = importPkcs8('RSA_2048', pkcs8, NONE)!
    const { inner } = keys.parsePkcs8Parts('RSA_2048', pkcs8)!
    expect(toHex(pair.privateKey)).toBe(toHex(inner))
    const spki = keys.rsaSpki(magnitude(SOUND.p * SOUND.q), magnitude(E))
    expect(toHex(pair.publicKey)).toBe(toHex(spki))
    expect(pair.privateKey.buffer).not.toBe(pkcs8.buffer)
    for (const spec of ['RSA_3072', 'RSA_4096'] as const) expect(taken(pkcs8, spec)).toBe(false)
  })

  it('are of the size of the spec', () => {
    const half = 1536n
    const larger = numbersOf(2n ** half - 2n ** 900n + 1155n, 2n ** half - 2n ** 800n + 7n)
    expect(taken(pkcs8Of(larger), 'RSA_3072')).toBe(true)
    expect(taken(pkcs8Of(larger), 'RSA_2048')).toBe(false)
  })

  const { p, q, d } = SOUND
  const [p1, q1] = [p - 1n, q - 1n]
  const qi = inverse(q, p)
  it.each<readonly [string, Changes]>([
    ['n is not p q', { n: p * q + 2n }],
    ['n is not p q, by its top', { n: p * q + 2n ** 2040n }],
    ['d is no inverse of e', { d: d + 1n }],
    ['d is one of e modulo p - 1 alone', { d: d + p1, dq: (d + p1) % q1 }],
    ['d is one of e modulo q - 1 alone', { d: d + q1, dp: (d + q1) % p1 }],
    ['d is above n', { d: d + lcm(p1, q1) * ((p * q) / lcm(p1, q1) + 1n) }],
    ['dp is another', { dp: (d % p1) + 1n }],
    ['dp is not reduced', { dp: (d % p1) + p1 }],
    ['dq is another', { dq: (d % q1) + 1n }],
    ['dq is not reduced', { dq: (d % q1) + q1 }],
    ['qi is another', { qi: qi + 1n }],
    ['qi is not reduced', { qi: qi + p }],
    ['p and q changed places', { p: q, q: p }],
    ['e is another', { e: E + 2n }],
    ['e is 1', { e: 1n, d: 1n, dp: 1n, dq: 1n }],
  ])('refused: %s', (_, changes) => {
    expect(taken(pkcs8Of(SOUND, changes))).toBe(false)
  })

  it.each([17n, 65521n, 2n ** 64n + 13n])('refused: e is %s, though all else fits it', (e) => {
    expect(taken(pkcs8Of(numbersOf(p, q, e)))).toBe(false)
  })

  it('refused: no RSAPrivateKey inside', () => {
    expect(taken(keys.pkcs8Of('RSA_2048', bytes(20)))).toBe(false)
  })

  it('refused: both primes the same', () => {
    const same = numbersOf(SOUND.p, SOUND.p)
    for (const value of [0n, 1n, SOUND.p - 1n])
      expect(taken(pkcs8Of(same, { qi: value }))).toBe(false)
  })

  it.each([
    ['p', 2n ** 1024n + 2n ** 900n + 1155n, 2n ** 1023n + 2n ** 900n + 3n],
    ['q', 2n ** 1023n + 2n ** 900n + 3n, 2n ** 1024n + 2n ** 900n + 1155n],
  ])('refused: %s has a bit more than half of those of n', (_, one, other) => {
    const numbers = numbersOf(one, other)
    expect(der.bitLength(magnitude(one * other))).toBe(2048)
    expect(taken(pkcs8Of(numbers))).toBe(false)
  })

  it('d exceeds 2^(nlen / 2) (FIPS 186-5 A.1.1 step 3 a)', () => {
    // p - 1 and q - 1 share almost everything, so that d can be as short as they are.
    const lengths = new Set<number>()
    for (let g = 5n * 2n ** 1019n + 1n; lengths.size < 2; g += 2n) {
      const [one, other] = [6n * g + 1n, 4n * g + 1n]
      if (gcd(E, 12n * g) !== 1n || gcd(one, other) !== 1n) continue
      const numbers = numbersOf(one, other)
      const bits = numbers.d.toString(2).length
      if (lengths.has(bits) || bits < 1024) continue
      lengths.add(bits)
      expect(der.bitLength(magnitude(one * other))).toBe(2048)
      expect(taken(pkcs8Of(numbers)), `${bits} bits`).toBe(bits > 1024)
    }
    expect(lengths).toEqual(new Set([1024, 1025]))
  })

  it('refused: a public key beside the private one (only RFC 5208 is written for RSA)', () => {
    const { inner } = keys.parsePkcs8Parts('RSA_2048', pkcs8Of(SOUND))!
    const algorithm = der.sequence(der.oid(fromHex('2a864886f70d010101')!), der.NULL)
    const spki = keys.rsaSpki(magnitude(SOUND.p * SOUND.q), magnitude(E))
    const beside = der.node(der.TAG.context1Primitive, Uint8Array.of(0), spki)
    const whole = der.sequence(der.integer(Uint8Array.of(1)), algorithm, der.octets(inner), beside)
    expect(taken(der.encodeDer(whole))).toBe(false)
  })

  it('no number is left behind, whatever the verdict', () => {
    const made: Uint16Array[] = []
    class Kept extends Uint16Array {
      constructor(buffer: ArrayBuffer) {
        super(buffer)
        made.push(this)
      }
    }
    vi.stubGlobal('Uint16Array', Kept)
    for (const changes of [{}, { qi: qi + 1n }, { n: p * q + 2n }]) {
      taken(pkcs8Of(SOUND, changes))
      expect(made.length).toBeGreaterThan(5)
      expect(made.splice(0).every((limbs) => limbs.every((limb) => limb === 0))).toBe(true)
    }
  })
})

/** PKCS#8 of these contents, with the public key beside them where one is given. */
function carrying(algorithm: der.DerNode, inner: der.DerPart, publicKey?: Uint8Array): Uint8Array {
  const parts = [algorithm, der.octets(inner)]
  if (publicKey === undefined)
    return der.encodeDer(der.sequence(der.integer(Uint8Array.of(0)), ...parts))
  const beside = der.node(der.TAG.context1Primitive, Uint8Array.of(0), publicKey)
  return der.encodeDer(der.sequence(der.integer(Uint8Array.of(1)), ...parts, beside))
}

describe('EC: a point that came along is that of the scalar (SP 800-56A 5.6.2.1.4)', () => {
  const SPEC: EcSpec = 'EC_P256'
  const [scalar, point, other] = [bytes(32, 1), bytes(65, 4), bytes(65, 4).fill(5, 64)]
  const asked: unknown[] = []
  const part: PublicPart = {
    ec: (...given) => {
      asked.push(given)
      return point
    },
    okp: never,
  }
  const algorithm = der.sequence(
    der.oid(fromHex('2a8648ce3d0201')!),
    der.oid(fromHex('2a8648ce3d030107')!),
  )
  const inner = (inside?: Uint8Array) =>
    der.sequence(
      der.integer(Uint8Array.of(1)),
      der.octets(scalar),
      ...(inside ? [der.node(der.TAG.context1, der.bits(inside))] : []),
    )
  const pair = (inside?: Uint8Array, beside?: Uint8Array) =>
    importPkcs8(SPEC, carrying(algorithm, inner(inside), beside), part)

  it('in either place, both, or none', () => {
    const expected = {
      privateKey: keys.ecSec1(SPEC, scalar, point),
      publicKey: keys.ecSpki(SPEC, point),
    }
    for (const [inside, beside] of [[], [point], [undefined, point], [point, point]] as const)
      expect(pair(inside, beside)).toEqual(expected)
    expect(asked[0]).toEqual([SPEC, scalar])
    const wrong: readonly (readonly [Uint8Array | undefined, Uint8Array?])[] = [
      [other],
      [undefined, other],
      [point, other],
      [other, point],
      [point.subarray(1)],
    ]
    for (const [inside, beside] of wrong) expect(pair(inside, beside)).toBeUndefined()
  })

  it('no scalar, no key', () => {
    const zero = der.sequence(der.integer(Uint8Array.of(1)), der.octets(bytes(32, 0)))
    expect(importPkcs8(SPEC, carrying(algorithm, zero), part)).toBeUndefined()
    expect(importPkcs8('EC_P384', carrying(algorithm, inner()), part)).toBeUndefined()
  })
})

describe('Ed25519: a public key that came along is that of the seed', () => {
  const [seed, computed] = [bytes(32, 1), bytes(32, 3)]
  const part: PublicPart = {
    ec: never,
    okp: (given) => (toHex(given) === toHex(seed) ? computed : given),
  }
  const algorithm = der.sequence(der.oid(fromHex('2b6570')!))
  const pair = (inner: der.DerPart, beside?: Uint8Array) =>
    importPkcs8('ED25519', carrying(algorithm, inner, beside), part)

  it('or none came', () => {
    const expected = { privateKey: seed, publicKey: keys.okpSpki(computed) }
    expect(pair(der.octets(seed))).toEqual(expected)
    expect(pair(der.octets(seed), computed)).toEqual(expected)
    expect(pair(der.octets(seed), bytes(32, 4))).toBeUndefined()
    expect(pair(der.octets(seed), computed.subarray(1))).toBeUndefined()
    expect(pair(der.octets(seed.subarray(1)))).toBeUndefined()
    expect(pair(seed)).toBeUndefined()
  })

  it('nothing of what came is kept', () => {
    const pkcs8 = carrying(algorithm, der.octets(seed))
    const made = importPkcs8('ED25519', pkcs8, part)!
    pkcs8.fill(0)
    expect(made.privateKey).toEqual(seed)
  })
})
