/**
 * Nonces of RFC 6979: which digests fit which curves, what is drawn again, and what is left in
 * memory. The vectors of its appendix are in fixtures/vectors/ecdsa.json (vectors.test.ts).
 */
import { describe, expect, it } from 'vitest'
import { concat, toHex } from '../../src/base/bytes.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import { fromBigInt, toBigInt } from '../../src/crypto/der.ts'
import { hmac } from '../../src/crypto/node/hash.ts'
import { leftmostBits, withNonce } from '../../src/crypto/nonces.ts'
import type { Mac } from '../../src/crypto/provider.ts'
import { randomScalar } from '../../src/crypto/scalar.ts'
import { EC_SPECS, hex, PROVIDERS } from './support.ts'

/** RFC 6979 A.2.5, P-256: x, and k with SHA-256 for the message "sample". */
const X = hex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
const K = 'a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60'
const SAMPLE = PROVIDERS.node.digest('SHA_256', new TextEncoder().encode('sample'))
const INPUT = {
  spec: 'EC_P256',
  hash: 'SHA_256',
  hmac,
  scalar: X,
  digest: SAMPLE,
  extra: new Uint8Array(0),
} as const

const nonceOf = (more: object): string => withNonce({ ...INPUT, ...more }, (nonce) => toHex(nonce))

describe('leftmostBits (2.3.2)', () => {
  it.each(EC_SPECS)('%s: the first bits of what is longer, all of what is shorter', (spec) => {
    const { order, bytes } = CURVES[spec]
    const bits = order.toString(2).length
    for (const length of [1, 20, 32, 48, 64, 66, 67, 128]) {
      const data = Uint8Array.from({ length }, (_, i) => 0xff - i)
      const whole = toBigInt(data)
      const expected = 8 * length > bits ? whole >> BigInt(8 * length - bits) : whole
      // RFC 6979 shifts by the bits of the string; shorter strings than the order are all of it.
      const found = leftmostBits(spec, data)
      expect(found.length).toBe(bytes)
      expect(toBigInt(found)).toBe(expected)
    }
  })
})

describe('withNonce', () => {
  it('is that of the RFC', () => {
    expect(nonceOf({})).toBe(K)
  })

  it('is another with other random bytes, another key or another digest, and the same again', () => {
    const others = [
      {},
      { extra: new Uint8Array(32) },
      { extra: new Uint8Array(32).fill(1) },
      { scalar: fromBigInt(toBigInt(X) + 1n, 32) },
      { digest: SAMPLE.map((byte) => byte ^ 1) },
    ].map(nonceOf)
    expect(new Set(others).size).toBe(others.length)
    expect(nonceOf({ extra: new Uint8Array(32) })).toBe(others[1])
  })

  it('takes a digest as the number that it is, modulo the order', () => {
    const { order } = CURVES.EC_P256
    const [small, large] = [fromBigInt(5n, 32), fromBigInt(order + 5n, 32)]
    expect(nonceOf({ digest: large })).toBe(nonceOf({ digest: small }))
  })

  it('lends the next candidate when nothing was made of one, and wipes each', () => {
    const lent: Uint8Array[] = []
    const seen: string[] = []
    const third = withNonce(INPUT, (nonce) => {
      lent.push(nonce)
      seen.push(toHex(nonce))
      return lent.length === 3 ? 'made' : undefined
    })
    expect(third).toBe('made')
    expect(seen[0]).toBe(K)
    expect(new Set(seen).size).toBe(3)
    expect(lent.every((nonce) => nonce.every((byte) => byte === 0))).toBe(true)
  })

  it('draws again what is zero, the order, or above it (3.2 h 3)', () => {
    const { order, bytes } = CURVES.EC_P256
    const outside = [0n, order, order + 1n, (1n << 256n) - 1n].map((k) => fromBigInt(k, bytes))
    const inside = fromBigInt(order - 1n, bytes)
    const drawn = [...outside, inside]
    // After two for each of the two first keys, values are candidates; each refusal makes two more.
    let count = 0
    const scripted = (): Mac => ({
      compute: () => {
        count++
        const at = count - 5
        return at >= 0 && at % 3 === 0 ? drawn[at / 3]!.slice() : new Uint8Array(32).fill(count)
      },
      verify: () => false,
    })
    const nonce = withNonce({ ...INPUT, hmac: scripted }, (candidate) => candidate.slice())
    expect(toHex(nonce)).toBe(toHex(inside))
    expect(count).toBe(5 + 3 * outside.length)
  })

  it('wipes what it made a nonce of, also when its use fails', () => {
    const made: Uint8Array[] = []
    const watched = (...given: Parameters<typeof hmac>): Mac => {
      const mac = hmac(...given)
      return {
        ...mac,
        compute: (...data) => {
          const value = mac.compute(...data)
          made.push(value)
          return value
        },
      }
    }
    const failing = (): never => {
      throw new Error('of the caller')
    }
    expect(() => withNonce({ ...INPUT, hmac: watched }, failing)).toThrow('of the caller')
    expect(made.length).toBeGreaterThan(4)
    expect(made.every((value) => value.every((byte) => byte === 0))).toBe(true)
  })

  it('joins values where a hash is shorter than the order', () => {
    const { bytes } = CURVES.EC_P384
    const scalar = concat(new Uint8Array(16), X)
    const nonce = withNonce({ ...INPUT, spec: 'EC_P384', scalar }, (candidate) => candidate.slice())
    expect(nonce.length).toBe(bytes)
    expect(nonce.subarray(32).some((byte) => byte !== 0)).toBe(true)
  })
})

it('a scalar is one more than what was drawn, whatever has to be carried (FIPS 186-5 A.2.2)', () => {
  const drawn = (target: Uint8Array): void => void target.fill(0xff).fill(0, 0, 1)
  expect(toHex(randomScalar({ fill: drawn }, 'EC_P256'))).toBe(`01${'00'.repeat(31)}`)
})
