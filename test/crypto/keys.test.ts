/**
 * Key encodings: what the writers write is what OpenSSL and the RFCs write, and the parsers take
 * that alone. No provider is at work here.
 */
import * as crypto from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { concat, fromHex, toHex } from '../../src/base/bytes.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import type { EcSpec } from '../../src/crypto/curves.ts'
import * as der from '../../src/crypto/der.ts'
import * as keys from '../../src/crypto/keys.ts'
import { PARAMETER_SETS } from '../../src/crypto/parameter-sets.ts'
import type { LatticeSpec } from '../../src/crypto/parameter-sets.ts'
import { injured } from './ber.ts'

const hex = (text: string): Uint8Array => fromHex(text)!
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const text = (value: Uint8Array | undefined) => value && toHex(value)
const load = (name: string) =>
  JSON.parse(
    readFileSync(new URL(`../../fixtures/vectors/${name}.json`, import.meta.url), 'utf8'),
  ) as unknown
const opened = (pkcs8: string): crypto.KeyObject =>
  crypto.createPrivateKey({ key: Buffer.from(pkcs8, 'hex'), format: 'der', type: 'pkcs8' })
const exported = (key: crypto.KeyObject, type: string): Uint8Array =>
  new Uint8Array(key.export({ type: type as 'pkcs8', format: 'der' }))
const jwkOf = (key: crypto.KeyObject): Record<string, Uint8Array> =>
  Object.fromEntries(
    Object.entries(key.export({ format: 'jwk' })).map(([name, value]) => [
      name,
      new Uint8Array(Buffer.from(String(value), 'base64url')),
    ]),
  )

/** Every wrong form of a structure that the parser must not take; `not` names what it does not see. */
function refusesInjured(
  structure: Uint8Array,
  parse: (bytes: Uint8Array) => unknown,
  not = /^(?!)/,
): void {
  expect(parse(structure)).toBeDefined()
  for (const { name, bytes: other } of injured(structure))
    expect(parse(other) !== undefined, name).toBe(not.test(name))
}

const EC_SPECS = Object.keys(CURVES) as readonly EcSpec[]
const LATTICES = Object.keys(PARAMETER_SETS) as readonly LatticeSpec[]
const { key: wycheproof } = load('rsa-oaep') as { key: { pkcs8: string; spki: string } }
const rsaKey = opened(wycheproof.pkcs8)
const numbers = jwkOf(rsaKey) as unknown as keys.RsaPrivateNumbers
const RSA = { n: numbers.n, e: numbers.e }

describe('RSA', () => {
  it('public: SPKI as OpenSSL writes it, both ways', () => {
    expect(toHex(keys.rsaSpki(RSA.n, RSA.e))).toBe(wycheproof.spki)
    const parsed = keys.parseRsaSpki(hex(wycheproof.spki))!
    expect([toHex(parsed.n), toHex(parsed.e), parsed.bits]).toEqual([
      toHex(RSA.n),
      toHex(RSA.e),
      2048,
    ])
  })

  it('public: nothing else, outside and inside', () => {
    refusesInjured(hex(wycheproof.spki), keys.parseRsaSpki)
    const body = der.encodeDer(der.sequence(der.integer(RSA.n), der.integer(RSA.e)))
    const around = (inner: Uint8Array, oid = '2a864886f70d010101') =>
      der.encodeDer(der.sequence(der.sequence(der.oid(hex(oid)), der.NULL), der.bits(inner)))
    refusesInjured(body, (inner) => keys.parseRsaSpki(around(inner)))
    // id-RSASSA-PSS, and another of the same length
    for (const oid of ['2a864886f70d01010a', '2a864886f70d010102'])
      expect(keys.parseRsaSpki(around(body, oid))).toBeUndefined()
  })

  it.each([
    ['03', false],
    ['ffff', false],
    ['010001', true],
    ['010000', false],
    ['010002', false],
    ['010003', true],
    ['ffffffffffffffff', true],
    ['01000000000000000f', false],
    ['00', false],
  ])('public: the exponent %s (FIPS 186-5 A.1.1): %s', (e, valid) => {
    expect(keys.parseRsaSpki(keys.rsaSpki(RSA.n, hex(e))) !== undefined).toBe(valid)
  })

  it.each([1024, 2040, 2047, 2048, 2049, 3072, 4095, 4096, 4097, 8192])(
    'public: a modulus of %i bits',
    (bits) => {
      const n = bytes(Math.ceil(bits / 8), 0xff)
      n[0] = 0xff >>> (8 * n.length - bits)
      const parsed = keys.parseRsaSpki(keys.rsaSpki(n, RSA.e))
      expect(parsed?.bits).toBe([2048, 3072, 4096].includes(bits) ? bits : undefined)
      n[n.length - 1] = 0xfe
      expect(keys.parseRsaSpki(keys.rsaSpki(n, RSA.e))).toBeUndefined()
    },
  )

  it('private: RSAPrivateKey and PKCS#8 as OpenSSL writes them, both ways', () => {
    const pkcs1 = keys.rsaPkcs1(numbers)
    expect(toHex(pkcs1)).toBe(toHex(exported(rsaKey, 'pkcs1')))
    expect(toHex(keys.pkcs8Of('RSA_2048', pkcs1))).toBe(wycheproof.pkcs8)
    const parts = keys.parsePkcs8Parts('RSA_2048', hex(wycheproof.pkcs8))!
    expect(text(parts.inner)).toBe(toHex(pkcs1))
    expect(parts.publicKey).toBeUndefined()
    const parsed = keys.parseRsaPkcs1(pkcs1)!
    expect(Object.keys(parsed)).toEqual(['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'])
    for (const [name, value] of Object.entries(parsed))
      expect(toHex(value as Uint8Array), name).toBe(toHex(jwkOf(rsaKey)[name]!))
  })

  it('private: nothing else, and no other version', () => {
    const pkcs1 = keys.rsaPkcs1(numbers)
    // Other numbers are numbers too; whoever imports them looks at their relations.
    refusesInjured(pkcs1, keys.parseRsaPkcs1, /^0\.[1-8] with a byte (more|less) inside$/)
    const version = pkcs1.slice()
    expect(toHex(version.subarray(4, 7))).toBe('020100')
    for (const other of [1, 2, 0x7f]) {
      version[6] = other
      expect(keys.parseRsaPkcs1(version)).toBeUndefined()
    }
  })
})

describe.each(EC_SPECS)('%s', (spec) => {
  const { bytes: size, openssl, order, oid } = CURVES[spec]
  const pair = crypto.generateKeyPairSync('ec', { namedCurve: openssl })
  const spki = exported(pair.publicKey, 'spki')
  const sec1 = exported(pair.privateKey, 'sec1')
  const { d: scalar, x, y } = jwkOf(pair.privateKey) as Record<'d' | 'x' | 'y', Uint8Array>
  const point = concat(Uint8Array.of(4), x, y)

  it('public: SPKI as OpenSSL writes it, both ways, and nothing else', () => {
    expect(toHex(keys.ecSpki(spec, point))).toBe(toHex(spki))
    expect(text(keys.parseEcSpki(spec, spki))).toBe(toHex(point))
    refusesInjured(spki, (other) => keys.parseEcSpki(spec, other))
    for (const other of EC_SPECS)
      expect(keys.parseEcSpki(other, spki) !== undefined).toBe(other === spec)
    const wrong = (key: Uint8Array) => keys.parseEcSpki(spec, keys.ecSpki(spec, key))
    for (const form of [2, 3, 6, 7, 0])
      expect(wrong(concat(Uint8Array.of(form), x, y))).toBeUndefined()
    expect(wrong(concat(Uint8Array.of(2), x))).toBeUndefined()
    expect(wrong(concat(point, bytes(1)))).toBeUndefined()
    // id-ecDH (RFC 5480 2.1.2) over the same curve
    const ecdh = der.sequence(der.oid(hex('2b8104010c')), der.oid(oid))
    const otherwise = der.encodeDer(der.sequence(ecdh, der.bits(point)))
    expect(keys.parseEcSpki(spec, otherwise)).toBeUndefined()
  })

  it('private: ECPrivateKey and PKCS#8 as OpenSSL writes them, both ways', () => {
    expect(toHex(keys.ecSec1(spec, scalar, point))).toBe(toHex(sec1))
    const parsed = keys.parseEcSec1(spec, sec1)!
    expect([text(parsed.scalar), text(parsed.point)]).toEqual([toHex(scalar), toHex(point)])
    const pkcs8 = exported(pair.privateKey, 'pkcs8')
    expect(toHex(keys.pkcs8Of(spec, sec1))).toBe(toHex(pkcs8))
    const { inner, publicKey } = keys.parsePkcs8Parts(spec, pkcs8)!
    expect(publicKey).toBeUndefined()
    expect(text(keys.parseEcSec1(spec, inner)?.point)).toBe(toHex(point))
  })

  /** ECPrivateKey (RFC 5915 3) of any parts. */
  const sec1Of = (version: number, key: Uint8Array, ...parts: readonly der.DerNode[]) =>
    der.encodeDer(der.sequence(der.integer(Uint8Array.of(version)), der.octets(key), ...parts))
  const parameters = (curve: Uint8Array) => der.node(der.TAG.context0, der.oid(curve))
  const publicPart = (...content: readonly der.DerPart[]) =>
    der.node(der.TAG.context1, der.bits(...content))

  it('private: curve and point are optional (RFC 5915 3)', () => {
    const parse = (...parts: readonly der.DerNode[]) =>
      keys.parseEcSec1(spec, sec1Of(1, scalar, ...parts))
    expect(parse()).toEqual({ scalar, point: undefined })
    expect(parse(parameters(oid))).toEqual({ scalar, point: undefined })
    expect(parse(publicPart(point))).toEqual({ scalar, point })
    expect(parse(publicPart(point), parameters(oid))).toBeUndefined()
    for (const other of EC_SPECS)
      if (other !== spec) expect(parse(parameters(CURVES[other].oid))).toBeUndefined()
    expect(parse(der.node(der.TAG.context0, der.oid(oid), der.NULL))).toBeUndefined()
    expect(parse(der.node(der.TAG.context1, der.bits(point), der.NULL))).toBeUndefined()
    for (const version of [0, 2]) {
      const other = sec1Of(version, scalar, parameters(oid), publicPart(point))
      expect(keys.parseEcSec1(spec, other)).toBeUndefined()
    }
  })

  it('private: nothing else', () => {
    // Both last parts are optional; the import compares the point with that of the scalar.
    const unseen = /^0\.[23] left out$|^0\.3\.0 with a byte (more|less) inside$/
    refusesInjured(sec1, (other) => keys.parseEcSec1(spec, other), unseen)
  })

  it('private: scalars from 1 to n - 1, in exactly their bytes', () => {
    const parse = (value: bigint, length = size) =>
      keys.parseEcSec1(spec, sec1Of(1, der.fromBigInt(value, length))) !== undefined
    const top = 1n << BigInt(8 * (size - 1))
    for (const value of [1n, 2n, 255n, 256n, top, order - 2n, order - 1n])
      expect(parse(value)).toBe(true)
    for (const value of [
      0n,
      order,
      order + 1n,
      order + 256n,
      order | top,
      256n ** BigInt(size) - 1n,
    ])
      expect(parse(value)).toBe(false)
    expect(parse(1n, size - 1)).toBe(false)
    expect(parse(1n, size + 1)).toBe(false)
  })
})

describe('Ed25519', () => {
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519')
  const spki = exported(publicKey, 'spki')
  const { d: seed, x } = jwkOf(privateKey) as Record<'d' | 'x', Uint8Array>

  it('public: SPKI as OpenSSL writes it, both ways, and nothing else', () => {
    expect(toHex(keys.okpSpki(x))).toBe(toHex(spki))
    expect(text(keys.parseOkpSpki(spki))).toBe(toHex(x))
    refusesInjured(spki, keys.parseOkpSpki)
    // X25519 and Ed448 (RFC 8410 3)
    for (const oid of ['2b656e', '2b6571']) {
      const other = der.sequence(der.sequence(der.oid(hex(oid))), der.bits(x))
      expect(keys.parseOkpSpki(der.encodeDer(other))).toBeUndefined()
    }
    const withNull = der.sequence(der.sequence(der.oid(hex('2b6570')), der.NULL), der.bits(x))
    expect(keys.parseOkpSpki(der.encodeDer(withNull))).toBeUndefined()
    for (const length of [0, 31, 33])
      expect(keys.parseOkpSpki(keys.okpSpki(bytes(length)))).toBeUndefined()
  })

  /** y and the sign of x, little-endian (RFC 8032 5.1.2). */
  const encoded = (y: bigint, sign: bigint) => der.fromBigInt(y | (sign << 255n), 32).reverse()
  const P = 2n ** 255n - 19n
  // Chalkias, Garillot, Nikolaenko 2020, table 1: y of the points of order 8.
  const Y8 = der.toBigInt(
    hex('26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05').reverse(),
  )

  it('public: no point of small order, and one form of each', () => {
    const taken = (y: bigint, sign: bigint) => keys.parseOkpSpki(keys.okpSpki(encoded(y, sign)))
    for (const sign of [0n, 1n]) {
      for (const y of [0n, 1n, P - 1n, Y8, P - Y8]) expect(taken(y, sign)).toBeUndefined()
      for (const y of [P, P + 1n, P + 18n]) expect(taken(y, sign)).toBeUndefined()
      for (const y of [2n, P - 2n, Y8 + 1n]) expect(taken(y, sign)).toEqual(encoded(y, sign))
    }
  })

  it('private: PKCS#8 as OpenSSL writes it, both ways, and seeds of 32 bytes alone', () => {
    const pkcs8 = exported(privateKey, 'pkcs8')
    expect(toHex(keys.pkcs8Of('ED25519', seed))).toBe(toHex(pkcs8))
    const { inner } = keys.parsePkcs8Parts('ED25519', pkcs8)!
    expect(text(keys.parseOkpInner(inner))).toBe(toHex(seed))
    refusesInjured(inner, keys.parseOkpInner)
    for (const length of [0, 31, 33])
      expect(keys.parseOkpInner(der.encodeDer(der.octets(bytes(length))))).toBeUndefined()
  })
})

interface LatticeVector {
  readonly spec: LatticeSpec
  readonly seed: string
  readonly pkcs8: string
}
const VECTORS = ['ml-dsa', 'ml-kem'].flatMap(
  (name) => (load(name) as { keys: readonly LatticeVector[] }).keys,
)

describe.each(VECTORS)('$spec', ({ spec, seed, pkcs8 }) => {
  const row = PARAMETER_SETS[spec]
  const isKem = spec.startsWith('ML_KEM')

  it('private: PKCS#8 of the RFC, both ways', () => {
    expect(toHex(keys.pkcs8Of(spec, hex(seed)))).toBe(pkcs8)
    const { inner } = keys.parsePkcs8Parts(spec, hex(pkcs8))!
    const parts = keys.parseLatticeInner(spec, inner)
    expect(parts).toEqual({ seed: hex(seed), expandedKey: undefined })
    refusesInjured(inner, (other) => keys.parseLatticeInner(spec, other))
    for (const length of [0, row.seed - 1, row.seed + 1]) {
      const other = der.encodeDer(der.node(der.TAG.context0Primitive, bytes(length)))
      expect(keys.parseLatticeInner(spec, other)).toBeUndefined()
    }
  })

  it('private: seed and expanded key together, and no expanded key alone', () => {
    const both = (seedBytes: number, expanded: number) =>
      der.encodeDer(der.sequence(der.octets(bytes(seedBytes)), der.octets(bytes(expanded, 9))))
    const sound = both(row.seed, row.expandedKey)
    expect(keys.parseLatticeInner(spec, sound)).toEqual({
      seed: bytes(row.seed),
      expandedKey: bytes(row.expandedKey, 9),
    })
    refusesInjured(sound, (other) => keys.parseLatticeInner(spec, other))
    for (const [one, other] of [
      [row.seed - 1, row.expandedKey],
      [row.seed, row.expandedKey - 1],
      [row.seed, row.expandedKey + 1],
      [row.seed, 0],
    ] as const)
      expect(keys.parseLatticeInner(spec, both(one, other))).toBeUndefined()
    const alone = der.encodeDer(der.octets(bytes(row.expandedKey)))
    expect(keys.parseLatticeInner(spec, alone)).toBeUndefined()
  })

  it('public: SPKI of exactly the bytes of the standard', () => {
    const spki = keys.latticeSpki(spec, bytes(row.publicKey, 0))
    expect(keys.parseLatticeSpki(spec, spki)).toEqual(bytes(row.publicKey, 0))
    const head = der.sequence(der.sequence(der.oid(row.oid)), der.bits(bytes(row.publicKey, 0)))
    expect(toHex(spki)).toBe(toHex(der.encodeDer(head)))
    refusesInjured(spki, (other) => keys.parseLatticeSpki(spec, other))
    for (const other of LATTICES)
      expect(keys.parseLatticeSpki(other, spki) !== undefined).toBe(other === spec)
    for (const length of [0, row.publicKey - 1, row.publicKey + 1])
      expect(keys.parseLatticeSpki(spec, keys.latticeSpki(spec, bytes(length, 0)))).toBeUndefined()
  })

  it('public: coefficients of ML-KEM are below q (FIPS 203 7.2); rho is any bytes', () => {
    const polynomials = row.publicKey - 32
    const taken = (at: number, ...values: readonly number[]) => {
      const key = bytes(row.publicKey, 0)
      key.set(values, at)
      return keys.parseLatticeSpki(spec, keys.latticeSpki(spec, key)) !== undefined
    }
    // Two coefficients of 12 bits in three bytes, the low bits first: 3328, 3329, 3330, 3585, 4095.
    for (const at of [0, 3, polynomials - 3]) {
      for (const low of [0xd00, 0xcff, 0xa01]) {
        expect(taken(at, low & 0xff, low >>> 8)).toBe(true)
        expect(taken(at + 1, (low & 15) << 4, low >>> 4)).toBe(true)
      }
      for (const low of [0xd01, 0xd02, 0xe01, 0xfff]) {
        expect(taken(at, low & 0xff, low >>> 8)).toBe(!isKem)
        expect(taken(at + 1, (low & 15) << 4, low >>> 4)).toBe(!isKem)
      }
    }
    expect(taken(polynomials, ...bytes(32, 0xff))).toBe(true)
  })
})

describe('PKCS#8 (RFC 5958 2)', () => {
  const inner = der.octets(der.octets(bytes(32)))
  const algorithm = der.sequence(der.oid(hex('2b6570')))
  const version = (value: string) => der.integer(hex(value))
  const publicKey = der.node(der.TAG.context1Primitive, Uint8Array.of(0), bytes(32, 9))
  const attributes = der.node(der.TAG.context0, der.NULL)
  const parse = (...parts: readonly der.DerNode[]) =>
    keys.parsePkcs8Parts('ED25519', der.encodeDer(der.sequence(...parts)))

  it('version 0 without, version 1 with the public key', () => {
    expect(parse(version('00'), algorithm, inner)?.publicKey).toBeUndefined()
    expect(parse(version('00'), algorithm, inner)?.inner).toBeDefined()
    expect(parse(version('01'), algorithm, inner, publicKey)?.publicKey).toEqual(bytes(32, 9))
    for (const [number, ...rest] of [['01'], ['00', publicKey], ['02'], ['02', publicKey]] as const)
      expect(parse(version(number), algorithm, inner, ...rest)).toBeUndefined()
    expect(parse(version('0100'), algorithm, inner)).toBeUndefined()
    expect(parse(version('0001'), algorithm, inner)).toBeUndefined()
  })

  it('attributes carry nothing, and stand before the public key', () => {
    expect(parse(version('00'), algorithm, inner, attributes)).toBeDefined()
    expect(parse(version('01'), algorithm, inner, attributes, publicKey)).toBeDefined()
    expect(parse(version('01'), algorithm, inner, publicKey, attributes)).toBeUndefined()
    expect(parse(version('00'), algorithm, inner, attributes, attributes)).toBeUndefined()
  })

  it('nothing else', () => {
    const whole = der.encodeDer(der.sequence(version('00'), algorithm, inner))
    // The contents are read by those who know the algorithm.
    const unseen = /^0\.2 with (a byte more|a byte less|nothing) inside$/
    refusesInjured(whole, (other) => keys.parsePkcs8Parts('ED25519', other), unseen)
    const other = der.sequence(der.oid(hex('2b6571')))
    expect(parse(version('00'), other, inner)).toBeUndefined()
  })
})
