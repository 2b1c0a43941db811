/**
 * Ed25519 signatures that verifiers disagree about (Chalkias, Garillot, Nikolaenko 2020, "Taming
 * the many EdDSAs"), made here from their definition: one verdict of both providers on each.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { describe, expect, it, test } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { verifyEd25519 } from '../../src/crypto/eddsa.ts'
import { okpSpki, parseOkpSpki } from '../../src/crypto/keys.ts'
import { PROVIDER_NAMES, PROVIDERS } from './support.ts'

const { Point } = ed25519
type PointOf = InstanceType<typeof Point>
const L = Point.Fn.ORDER
const P = 2n ** 255n - 19n
const RAW = { messageType: 'raw' } as const
const SIGN_BIT = 1n << 255n

/** Little-endian, as RFC 8032 5.1.2 has it. */
function fromInteger(value: bigint): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => Number((value >> BigInt(8 * i)) & 0xffn))
}
const toInteger = (bytes: Uint8Array): bigint =>
  bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n)

/** Of order 8: every point of small order is a multiple of it. */
const TORSION = Point.fromHex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a')
/** The holder of the key. */
const a = 0x1234567890abcdef1234567890abcdefn
const A = Point.BASE.multiply(a)
const r = 0xfedcba0987654321n
const R = Point.BASE.multiply(r)

const DOM2_PH = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))
type Algorithm = 'ED25519' | 'ED25519PH'
const ALGORITHMS: readonly Algorithm[] = ['ED25519', 'ED25519PH']

/** The k of RFC 8032 5.1.6 step 4. */
function challenge(algorithm: Algorithm, R: Uint8Array, A: Uint8Array, m: Uint8Array): bigint {
  const parts = algorithm === 'ED25519' ? [R, A, m] : [DOM2_PH, R, A, sha512(m)]
  return toInteger(sha512(concat(...parts))) % L
}

/** R || r + k a, for whatever R and A are said to be. */
function signed(algorithm: Algorithm, R: Uint8Array, A: Uint8Array, r: bigint, m: Uint8Array) {
  const k = challenge(algorithm, R, A, m)
  return { k, s: (r + k * a) % L, signature: concat(R, fromInteger((r + k * a) % L)) }
}

async function verdicts(
  algorithm: Algorithm,
  A: Uint8Array,
  m: Uint8Array,
  signature: Uint8Array,
): Promise<readonly boolean[]> {
  const of = PROVIDER_NAMES.map(async (name) =>
    PROVIDERS[name].publicKey('ED25519', okpSpki(A)).verify(algorithm, m, signature, RAW),
  )
  return Promise.all(of)
}
const messages = Array.from({ length: 16 }, (_, i) => utf8(`message ${i}`))
const YES = [true, true]
const NO = [false, false]

describe.each(ALGORITHMS)('%s', (algorithm) => {
  const [publicKey, point] = [A.toBytes(), R.toBytes()]

  it('takes the honest signature, and no other form of its S', async () => {
    for (const m of messages) {
      const { s, signature } = signed(algorithm, point, publicKey, r, m)
      expect(await verdicts(algorithm, publicKey, m, signature)).toEqual(YES)
      // RFC 8032 5.1.7 step 1: S + L holds in the equation too, and so does each further multiple.
      for (let other = s + L; other < 1n << 256n; other += L * 3n)
        expect(await verdicts(algorithm, publicKey, m, concat(point, fromInteger(other)))).toEqual(
          NO,
        )
    }
  })

  it('refuses an R with a part of small order: only eight times the equation holds', async () => {
    for (const m of messages)
      for (let i = 1n; i < 8n; i++) {
        const mixed = R.add(TORSION.multiply(i)).toBytes()
        const { signature } = signed(algorithm, mixed, publicKey, r, m)
        expect(await verdicts(algorithm, publicKey, m, signature)).toEqual(NO)
      }
  })

  it('under a key with a part of small order takes what holds in the equation itself', async () => {
    const seen = new Set<boolean>()
    for (const m of messages) {
      const mixed = A.add(TORSION).toBytes()
      const { k, signature } = signed(algorithm, point, mixed, r, m)
      const holds = k % 8n === 0n
      seen.add(holds)
      expect(await verdicts(algorithm, mixed, m, signature)).toEqual(holds ? YES : NO)
    }
    expect(seen.has(false)).toBe(true)
  })

  it('refuses an R of small order that the equation does not give', async () => {
    for (const m of messages)
      for (let i = 1n; i < 8n; i++) {
        const { signature } = signed(algorithm, TORSION.multiply(i).toBytes(), publicKey, 0n, m)
        expect(await verdicts(algorithm, publicKey, m, signature)).toEqual(NO)
      }
  })

  it('refuses an R that is no point, or is not below p', async () => {
    // 2 is the y of no point; p + 1 is the neutral point written another way.
    for (const y of [2n, P + 1n, P + 1n + SIGN_BIT, 1n + SIGN_BIT])
      for (const m of messages.slice(0, 4)) {
        const { signature } = signed(algorithm, fromInteger(y), publicKey, 0n, m)
        expect(await verdicts(algorithm, publicKey, m, signature)).toEqual(NO)
      }
  })
})

/** Under such a key one signature holds for many messages, or for all. */
const SMALL = Array.from({ length: 8 }, (_, i) => {
  const multiple: PointOf = i === 0 ? Point.ZERO : TORSION.multiply(BigInt(i))
  return multiple.toBytes()
})
const OTHER_FORMS = [0n, 1n, 2n, 18n].flatMap((y) => [P + y, P + y + SIGN_BIT]).map(fromInteger)

test('a public key of small order is none, in any of its forms', () => {
  expect(new Set(SMALL.map(String)).size).toBe(8)
  const signFlipped = SMALL.map((bytes) => fromInteger(toInteger(bytes) ^ SIGN_BIT))
  for (const bytes of [...SMALL, ...signFlipped, ...OTHER_FORMS]) {
    expect(parseOkpSpki(okpSpki(bytes))).toBeUndefined()
    for (const name of PROVIDER_NAMES)
      expect(() => PROVIDERS[name].publicKey('ED25519', okpSpki(bytes))).toThrow(StrongroomError)
  }
  expect(parseOkpSpki(okpSpki(A.toBytes()))).toEqual(A.toBytes())
})

test('a key that is no point verifies nothing, and nothing is thrown', () => {
  // y = 2 has no x on the curve.
  const none = fromInteger(2n)
  expect(() => Point.fromBytes(none)).toThrow()
  expect(verifyEd25519(false, none, utf8('m'), new Uint8Array(64))).toBe(false)
})
