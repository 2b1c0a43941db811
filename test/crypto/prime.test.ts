/**
 * RSA pairs out of a given source (FIPS 186-5 A.1.3): which candidates are taken and how many bytes
 * each decision draws. The source is a script, so that no test has to search for primes.
 */
import { generatePrimeSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/ports.ts'
import { fromBigInt, toBigInt } from '../../src/crypto/der.ts'
import { parseRsaPkcs1, parseRsaSpki } from '../../src/crypto/keys.ts'
import type { RsaPrivateNumbers } from '../../src/crypto/keys.ts'
import { rsaPairFrom } from '../../src/crypto/prime.ts'
import { holds, recorded } from './recorded.ts'

/** Gives these numbers in turn, each in all bytes asked for; more than there are is a failure. */
const scripted = (...script: readonly bigint[]) => scriptedOf(128, script)

function scriptedOf(
  bytes: number,
  script: readonly bigint[],
): Random & { readonly left: () => number } {
  const left = script.map((number) => fromBigInt(number, bytes))
  return {
    deterministic: true,
    left: () => left.length,
    fill(target) {
      const next = left.shift()
      if (next === undefined) throw new Error('more was drawn than is in the script')
      expect(target).toHaveLength(bytes)
      target.set(next)
    },
  }
}

// Found with OpenSSL's BN_check_prime: p and p + 2^924 are prime, and so are those beside them.
const BASE = (3n << 1022n) + (1n << 1000n)
const P = BASE + 603_663n
/** FIPS 186-5 A.1.3 step 5.5: |p - q| must exceed 2^(nlen / 2 - 100). */
const DISTANCE = 1n << 924n
const Q = P - DISTANCE - 302n
/** The greatest number not above sqrt(2) 2^1023 (step 4.4), by its square. */
const LEAST = squareRoot(1n << 2047n)
const ROUNDS = 5
const BASES = [2n, 3n, 5n, 7n, 11n]
/** A prime and what its test draws. */
const prime = (value: bigint): readonly bigint[] => [value, ...BASES]

function squareRoot(value: bigint): bigint {
  let [low, high] = [0n, value]
  while (low < high) {
    const middle = (low + high + 1n) >> 1n
    if (middle * middle <= value) low = middle
    else high = middle - 1n
  }
  return low
}
const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b))
const power = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let [result, square] = [1n, base % modulus]
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % modulus
    square = (square * square) % modulus
  }
  return result
}

/** The numbers of a pair made with this script, which must be used up. */
function numbersOf(...script: readonly bigint[]): Record<keyof RsaPrivateNumbers, bigint> {
  const random = scripted(...script)
  const { privateKey } = rsaPairFrom(random, 'RSA_2048')
  expect(random.left()).toBe(0)
  const entries = Object.entries(parseRsaPkcs1(privateKey)!) as [string, Uint8Array][]
  const numbers = Object.fromEntries(entries.map(([name, value]) => [name, toBigInt(value)]))
  related(numbers as Record<keyof RsaPrivateNumbers, bigint>)
  return numbers as never
}

/** RFC 8017 3.2, and FIPS 186-5 A.1.1 step 3 for d. */
function related({ n, e, d, p, q, dp, dq, qi }: Record<keyof RsaPrivateNumbers, bigint>): void {
  const lcm = ((p - 1n) / gcd(p - 1n, q - 1n)) * (q - 1n)
  expect([e, n, (e * d) % lcm, d < lcm]).toEqual([65537n, p * q, 1n, true])
  expect([dp, dq, (qi * q) % p, qi < p]).toEqual([d % (p - 1n), d % (q - 1n), 1n, true])
}
/** The factors, larger first. */
const factors = (...script: readonly bigint[]): readonly bigint[] => {
  const { p, q } = numbersOf(...script)
  return [p, q]
}

// First of all: the table of small primes is made for the first candidate.
describe('a candidate with a small factor', () => {
  it('is found without drawing a base', () => {
    // The first and the last prime below 4096, and primes between them.
    for (const factor of [3n, 5n, 7n, 41n, 2039n, 4091n, 4093n]) {
      let composite = (BASE / factor) * factor
      while ((composite & 1n) === 0n) composite += factor
      expect(factors(composite, ...prime(P), ...prime(Q))).toEqual([P, Q])
    }
  })
})

describe('the pair', () => {
  it('has the numbers of RFC 8017 3.2, p above q, whichever was found first', () => {
    for (const script of [
      [...prime(P), ...prime(Q)],
      [...prime(Q), ...prime(P)],
    ]) {
      expect(factors(...script)).toEqual([P, Q])
    }
  })

  it('is one pair, at rest in the usual forms', () => {
    const { privateKey, publicKey } = rsaPairFrom(scripted(...prime(P), ...prime(Q)), 'RSA_2048')
    const [own, spki] = [parseRsaPkcs1(privateKey)!, parseRsaSpki(publicKey)!]
    expect([toHex(spki.n), toHex(spki.e), spki.bits]).toEqual([toHex(own.n), '010001', 2048])
  })

  it('leaves no secret number behind', () => {
    const random = scripted(...prime(P), ...prime(Q))
    const { made, result } = recorded(() => rsaPairFrom(random, 'RSA_2048'))
    const own = parseRsaPkcs1(result.privateKey)!
    const others = made.filter(({ buffer }) => buffer !== result.privateKey.buffer)
    for (const name of ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const)
      expect(holds(others, own[name]), name).toBe(false)
  })

  it('is another when d is not above 2^(nlen / 2) (A.1.1 step 3 a)', () => {
    // Primes 8 g + 1 and 6 g + 1: the exponents live modulo 24 g, where a short d is common.
    const g = (31n << 1016n) + 580_694n
    const short = [8n * g + 1n, 6n * g + 1n]
    expect(factors(...short.flatMap(prime), ...prime(P), ...prime(Q))).toEqual([P, Q])
  })
})

describe('a candidate', () => {
  const other = prime(Q)

  it('is made odd', () => {
    expect(factors(P - 1n, ...BASES, ...other)).toEqual([P, Q])
  })

  it('is above sqrt(2) 2^(bits - 1) (step 4.4)', () => {
    const [above, below] = [LEAST + 37n, LEAST - 1073n]
    expect(factors(...prime(P), ...prime(above))).toEqual([P, above])
    expect(factors(...prime(P), below, ...other)).toEqual([P, Q])
    expect(factors(0n, LEAST | 1n, 1n << 1022n, ...prime(P), ...other)).toEqual([P, Q])
  })

  it('is far enough from the first prime (step 5.5)', () => {
    // At exactly the distance, inside of it above and below, and the same again.
    const near = [P + DISTANCE, P + DISTANCE - 228n, P - DISTANCE + 184n, P]
    expect(factors(...prime(P), ...near, ...prime(Q))).toEqual([P, Q])
    const far = P + DISTANCE + 1320n
    expect(factors(...prime(P), ...prime(far))).toEqual([far, P])
  })

  it('leaves e invertible: p - 1 is no multiple of 65537 (step 4.5)', () => {
    // 65537 divides each of these, less one; none has a small factor.
    const value = multiple(65537n, 1n)
    expect(factors(value, ...prime(P), ...other)).toEqual([P, Q])
  })

  /** A number above BASE of this rest, with no factor below 4096. */
  function multiple(modulus: bigint, rest: bigint): bigint {
    let value = (BASE / modulus) * modulus + rest
    const smooth = (n: bigint) => {
      for (let factor = 3n; factor < 4096n; factor += 2n) if (n % factor === 0n) return true
      return false
    }
    while ((value & 1n) === 0n || smooth(value)) value += modulus
    return value
  }

  it('with a factor above them is found by the first base', () => {
    const value = multiple(4099n, 0n)
    expect(factors(value, 2n, ...prime(P), ...other)).toEqual([P, Q])
  })

  it('is sought 20 times as often as it has bits (steps 4.7 and 5.8), not forever', () => {
    let draws = 0
    const random: Random = {
      fill: (target) => {
        draws++
        target.fill(0)
      },
    }
    expect(() => rsaPairFrom(random, 'RSA_2048')).toThrow(
      expect.objectContaining({ code: 'INTERNAL' }) as Error,
    )
    expect(draws).toBe(20 * 1024)
  })

  it('that was tried is not left behind', () => {
    const random = scripted(...prime(P), P + DISTANCE)
    const { made } = recorded(() => expect(() => rsaPairFrom(random, 'RSA_2048')).toThrow())
    expect(holds(made, fromBigInt(P, 128))).toBe(false)
    expect(holds(made, fromBigInt(P + DISTANCE, 128))).toBe(false)
  })
})

describe('Miller-Rabin (FIPS 186-5 B.3.1)', () => {
  const other = prime(Q)
  // Both factors prime, and w - 1 is 16 times an odd number: a = 4.
  const r = (157n << 503n) + 1_254_088n
  const [one, two] = [2n * r + 1n, 4n * r + 1n]
  const w = one * two
  const m = (w - 1n) >> 4n

  /** The number with these rests modulo the factors. */
  function joined(first: bigint, second: bigint): bigint {
    const inverse = power(two % one, one - 2n, one)
    return (((((first - second) * inverse) % one) + one) % one) * two + second
  }
  /** A number of this order, a power of two or one, modulo a factor. */
  function ofOrder(modulus: bigint, order: bigint): bigint {
    let odd = modulus - 1n
    while ((odd & 1n) === 0n) odd >>= 1n
    const twos = (modulus - 1n) / odd
    for (let base = 2n; ; base++) {
      const root = power(power(base, odd, modulus), twos / order, modulus)
      if (order === 1n || power(root, order / 2n, modulus) === modulus - 1n) return root
    }
  }
  const root = (modulus: bigint) => power(3n, (modulus - 1n) / gcd(modulus - 1n, m), modulus)
  const unit = joined(root(one), root(two))
  /** Bases that say of w that it is prime: b^m meets -1 after so many squares. */
  const liar = (squares: number): bigint => {
    const order = 2n ** BigInt(squares + 1)
    return (joined(ofOrder(one, order), ofOrder(two, order)) * unit) % w
  }
  const LIARS = [unit, liar(0), liar(1), liar(2), liar(3)]

  it('the numbers here are what they are said to be', () => {
    expect(m & 1n).toBe(1n)
    expect(power(unit, m, w)).toBe(1n)
    for (const squares of [0, 1, 2, 3])
      expect(power(liar(squares), m << BigInt(squares), w)).toBe(w - 1n)
    expect(new Set(LIARS).size).toBe(ROUNDS)
  })

  it.each([0, 1, 2, 3, 4])('one witness is enough, in round %i', (round) => {
    const bases = [...LIARS.slice(0, round), 2n]
    expect(factors(w, ...bases, ...prime(P), ...other)).toEqual([P, Q])
  })

  it('a witness that meets 1 by another root than -1, or -1 in one factor alone', () => {
    const witnesses = [
      joined(ofOrder(one, 2n), 1n),
      joined(ofOrder(one, 4n), ofOrder(two, 2n)),
      joined(ofOrder(one, 16n), ofOrder(two, 8n)),
      joined(ofOrder(one, 16n), ofOrder(two, 32n)),
    ]
    for (const witness of witnesses)
      expect(factors(w, witness, ...prime(P), ...other)).toEqual([P, Q])
  })

  it('five rounds at 1024 bits (table B.1), four above: so many liars pass', () => {
    const random = scripted(...prime(P), w, ...LIARS, ...prime(Q))
    const { n } = parseRsaPkcs1(rsaPairFrom(random, 'RSA_2048').privateKey)!
    expect(toBigInt(n)).toBe(P * w)
    expect(random.left()).toBe(1 + ROUNDS)
  })

  it('bases are above 1 and below w - 1 (steps 4.1 and 4.2); others are drawn again', () => {
    // The last base is a prime: one base too few, and it would be taken for the next candidate.
    const outside = [0n, 1n, P - 1n, P, P + 1n, (1n << 1024n) - 1n]
    const first = [P, ...outside, 2n, ...outside, P - 2n, 5n, 7n, ...outside, LEAST + 37n]
    expect(factors(...first, ...other)).toEqual([P, Q])
  })
})

it('a larger key has half of the bits in each prime, and takes four rounds', () => {
  const found = () => generatePrimeSync(1536, { bigint: true })
  const script = [found(), 2n, 3n, 5n, 7n, found(), 2n, 3n, 5n, 7n]
  const random = scriptedOf(192, script)
  const { n } = parseRsaPkcs1(rsaPairFrom(random, 'RSA_3072').privateKey)!
  expect(toBigInt(n)).toBe(script[0]! * script[5]!)
  expect(random.left()).toBe(0)
})
