/**
 * Key encodings, both ways, strict: SPKI (RFC 5280 4.1.2.7), PKCS#8 (RFC 5208, RFC 5958),
 * RSAPrivateKey (RFC 8017 A.1.2), ECPrivateKey (RFC 5915), Ed25519 (RFC 8410), ML-DSA and ML-KEM
 * (RFC 9881, RFC 9935). The parsers check the structure and the numbers of a foreign key; the
 * provider adds the point of the public part and a pairwise test.
 */
import { equalBytes, fromHex } from '../base/bytes.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { PairSpec, SpecOf } from '../domain/algorithms.ts'
import { CURVES } from './curves.ts'
import type { EcSpec } from './curves.ts'
import * as der from './der.ts'
import type { DerNode, DerReader } from './der.ts'
import { isLattice, isMlKem, PARAMETER_SETS } from './parameter-sets.ts'
import type { LatticeSpec } from './parameter-sets.ts'

export type RsaSpec = SpecOf<'rsa'>

// RFC 8017 A.1 rsaEncryption, RFC 5480 2.1.1 id-ecPublicKey, RFC 8410 3 id-Ed25519
const RSA_OID = fromHex('2a864886f70d010101')!
const EC_OID = fromHex('2a8648ce3d0201')!
const ED25519_OID = fromHex('2b6570')!
const ONE = Uint8Array.of(1)
const ZERO = Uint8Array.of(0)

const isRsa = (spec: PairSpec): spec is RsaSpec => SPECS[spec].family === 'rsa'
const isEc = (spec: PairSpec): spec is EcSpec => SPECS[spec].family === 'ec'

/** The AlgorithmIdentifier of a spec. */
function algorithmOf(spec: PairSpec): DerNode {
  if (isRsa(spec)) return der.sequence(der.oid(RSA_OID), der.NULL)
  if (isEc(spec)) return der.sequence(der.oid(EC_OID), der.oid(CURVES[spec].oid))
  return der.sequence(der.oid(bareOid(spec)))
}

/** RFC 8410 3, RFC 9881 2, RFC 9935 3: the parameters are absent. */
const bareOid = (spec: PairSpec): Uint8Array =>
  isLattice(spec) ? PARAMETER_SETS[spec].oid : ED25519_OID

/** Demands exactly the AlgorithmIdentifier of the spec; false when it is another one. */
function isAlgorithmOf(spec: PairSpec, reader: DerReader): boolean {
  const identifier = reader.sequence()
  const name = identifier.read(der.TAG.oid)
  if (isRsa(spec)) {
    // RFC 8017 A.1: the parameters are NULL.
    const parameters = identifier.read(der.TAG.null)
    identifier.end()
    return equalBytes(name, RSA_OID) && parameters.length === 0
  }
  if (isEc(spec)) {
    // RFC 5480 2.1.1: named curves only.
    const curve = identifier.read(der.TAG.oid)
    identifier.end()
    return equalBytes(name, EC_OID) && equalBytes(curve, CURVES[spec].oid)
  }
  identifier.end()
  return equalBytes(name, bareOid(spec))
}

const spki = (spec: PairSpec, ...key: readonly der.DerPart[]): Uint8Array =>
  der.encodeDer(der.sequence(algorithmOf(spec), der.bits(...key)))

/** SPKI of an RSA modulus and exponent, big-endian magnitudes. */
export const rsaSpki = (n: Uint8Array, e: Uint8Array): Uint8Array =>
  spki('RSA_2048', der.sequence(der.integer(n), der.integer(e)))
/** SPKI of an uncompressed point (SEC 1 2.3.3). */
export const ecSpki = (spec: EcSpec, point: Uint8Array): Uint8Array => spki(spec, point)
/** SPKI of the 32 bytes of an Ed25519 public key. */
export const okpSpki = (publicKey: Uint8Array): Uint8Array => spki('ED25519', publicKey)

/** SPKI of an ML-DSA or ML-KEM public key: its bytes as the standard writes them. */
export const latticeSpki = (spec: LatticeSpec, publicKey: Uint8Array): Uint8Array =>
  spki(spec, publicKey)

/** The contents of the SPKI's BIT STRING (a view), when it is a key of this algorithm. */
function spkiBits(spec: PairSpec, bytes: Uint8Array): Uint8Array | undefined {
  return der.decodeDer(bytes, (reader) => {
    const body = reader.sequence()
    const fits = isAlgorithmOf(spec, body)
    const contents = body.bits()
    body.end()
    return fits ? contents : undefined
  })
}

export interface RsaPublicNumbers {
  /** Big-endian magnitudes without leading zeros (views of the input). */
  readonly n: Uint8Array
  readonly e: Uint8Array
  /** Length of the modulus. */
  readonly bits: number
}

const RSA_BITS: readonly number[] = [SPECS.RSA_2048.bits, SPECS.RSA_3072.bits, SPECS.RSA_4096.bits]

/**
 * FIPS 186-5 A.1.1: e is odd and at least 2^16 + 1. Our upper bound is 64 bits, the one that
 * OpenSSL sets for moduli above 3072 bits. The modulus is odd and of a size we know.
 */
function isRsaPublic(n: Uint8Array, e: Uint8Array): boolean {
  const exponent = der.toBigInt(e.length > 8 ? ZERO : e)
  return (
    RSA_BITS.includes(der.bitLength(n)) &&
    (n[n.length - 1]! & 1) === 1 &&
    exponent >= 65537n &&
    (exponent & 1n) === 1n
  )
}

/** An RSA public key of 2048, 3072 or 4096 bits; undefined for anything else. */
export function parseRsaSpki(bytes: Uint8Array): RsaPublicNumbers | undefined {
  const contents = spkiBits('RSA_2048', bytes)
  if (contents === undefined) return undefined
  return der.decodeDer(contents, (reader) => {
    const body = reader.sequence()
    const [n, e] = [body.unsigned(), body.unsigned()]
    body.end()
    return isRsaPublic(n, e) ? { n, e, bits: der.bitLength(n) } : undefined
  })
}

/**
 * The uncompressed point of an EC public key on this curve (not checked to lie on it); undefined
 * for any other.
 */
export function parseEcSpki(spec: EcSpec, bytes: Uint8Array): Uint8Array | undefined {
  const point = spkiBits(spec, bytes)
  return point?.length === 1 + 2 * CURVES[spec].bytes && point[0] === 4 ? point : undefined
}

/**
 * The 32 bytes of an Ed25519 public key (not checked to be a point); undefined for anything else,
 * and for the points of small order, under which signatures hold for any message.
 */
export function parseOkpSpki(bytes: Uint8Array): Uint8Array | undefined {
  const key = spkiBits('ED25519', bytes)
  return key?.length === SPECS.ED25519.bytes && isCanonicalPoint(key) ? key : undefined
}

/** 2^255 - 19. */
const ED25519_P = 2n ** 255n - 19n
/** y of the eight points whose order divides 8 (Chalkias, Garillot, Nikolaenko 2020, table 1). */
const SMALL_ORDER_Y: readonly bigint[] = [
  0n,
  1n,
  ED25519_P - 1n,
  ...['26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'].flatMap((text) => {
    const y = der.toBigInt(fromHex(text)!.reverse())
    return [y, ED25519_P - y]
  }),
]

/** RFC 8032 5.1.3: y is below p, and above it stands the sign of x. */
function isCanonicalPoint(key: Uint8Array): boolean {
  const y = der.toBigInt(key.slice().reverse()) & ((1n << 255n) - 1n)
  return y < ED25519_P && !SMALL_ORDER_Y.includes(y)
}

/** The bytes of an ML-DSA or ML-KEM public key; undefined for anything else. */
export function parseLatticeSpki(spec: LatticeSpec, bytes: Uint8Array): Uint8Array | undefined {
  const key = spkiBits(spec, bytes)
  if (key?.length !== PARAMETER_SETS[spec].publicKey) return undefined
  return !isMlKem(spec) || isReduced(key) ? key : undefined
}

const ML_KEM_Q = 3329
const ML_KEM_RHO_BYTES = 32

/** The modulus check of FIPS 203 7.2: coefficients of 12 bits, two in three bytes, are below q. */
function isReduced(key: Uint8Array): boolean {
  for (let i = 0; i < key.length - ML_KEM_RHO_BYTES; i += 3) {
    const pair = key[i]! | (key[i + 1]! << 8) | (key[i + 2]! << 16)
    if ((pair & 0xfff) >= ML_KEM_Q || pair >>> 12 >= ML_KEM_Q) return false
  }
  return true
}

/** The numbers of RFC 8017 A.1.2, big-endian magnitudes (views of the input). */
export interface RsaPrivateNumbers {
  readonly n: Uint8Array
  readonly e: Uint8Array
  readonly d: Uint8Array
  readonly p: Uint8Array
  readonly q: Uint8Array
  readonly dp: Uint8Array
  readonly dq: Uint8Array
  readonly qi: Uint8Array
}

const RSA_MEMBERS = ['n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi'] as const

/** RSAPrivateKey, version 0 (two primes). */
export const rsaPkcs1 = (key: RsaPrivateNumbers): Uint8Array =>
  der.encodeDer(
    der.sequence(der.integer(ZERO), ...RSA_MEMBERS.map((member) => der.integer(key[member]))),
  )

export function parseRsaPkcs1(bytes: Uint8Array): RsaPrivateNumbers | undefined {
  return der.decodeDer(bytes, (reader) => {
    const body = reader.sequence()
    if (!isVersion(body, 0)) return undefined
    const [n, e, d, p, q] = [
      body.unsigned(),
      body.unsigned(),
      body.unsigned(),
      body.unsigned(),
      body.unsigned(),
    ]
    const [dp, dq, qi] = [body.unsigned(), body.unsigned(), body.unsigned()]
    body.end()
    return { n, e, d, p, q, dp, dq, qi }
  })
}

function isVersion(reader: DerReader, expected: number): boolean {
  return versionOf(reader) === expected
}

/** A version number of one byte; undefined for a longer one. */
function versionOf(reader: DerReader): number | undefined {
  const version = reader.unsigned()
  return version.length === 1 ? version[0] : undefined
}

/** ECPrivateKey with curve parameters and public point: our at-rest form. */
export const ecSec1 = (spec: EcSpec, scalar: Uint8Array, point: Uint8Array): Uint8Array =>
  der.encodeDer(
    der.sequence(
      der.integer(ONE),
      der.octets(scalar),
      der.node(der.TAG.context0, der.oid(CURVES[spec].oid)),
      der.node(der.TAG.context1, der.bits(point)),
    ),
  )

export interface EcPrivateParts {
  /** The scalar in exactly the bytes of the order (a view), checked to be in [1, n - 1]. */
  readonly scalar: Uint8Array
  /** The point that the key carries, when it carries one. */
  readonly point: Uint8Array | undefined
}

/** ECPrivateKey on this curve; parameters and public key are optional (RFC 5915 3). */
export function parseEcSec1(spec: EcSpec, bytes: Uint8Array): EcPrivateParts | undefined {
  return der.decodeDer(bytes, (reader) => {
    const body = reader.sequence()
    const versioned = isVersion(body, 1)
    const scalar = body.read(der.TAG.octets)
    const curve = optional(body, der.TAG.context0, (inner) => inner.read(der.TAG.oid))
    const point = optional(body, der.TAG.context1, (inner) => inner.bits())
    body.end()
    const named = curve === undefined || equalBytes(curve, CURVES[spec].oid)
    return versioned && named && isScalar(spec, scalar) ? { scalar, point } : undefined
  })
}

function optional<T>(reader: DerReader, tag: number, body: (inner: DerReader) => T): T | undefined {
  if (reader.peek() !== tag) return undefined
  const inner = new der.DerReader(reader.read(tag))
  const result = body(inner)
  inner.end()
  return result
}

function isScalar(spec: EcSpec, scalar: Uint8Array): boolean {
  const { bytes, order } = CURVES[spec]
  if (scalar.length !== bytes) return false
  // By bytes and over all of them: a bigint of the secret could not be wiped.
  const limit = der.fromBigInt(order, bytes)
  let any = 0
  let borrow = 0
  for (let i = bytes - 1; i >= 0; i--) {
    any |= scalar[i]!
    borrow = (scalar[i]! - limit[i]! - borrow) >>> 31
  }
  return any !== 0 && borrow === 1
}

/** The PKCS#8 form of a private key at rest. */
export function pkcs8Of(spec: PairSpec, privateKey: Uint8Array): Uint8Array {
  return der.encodeDer(
    der.sequence(der.integer(ZERO), algorithmOf(spec), der.octets(innerOf(spec, privateKey))),
  )
}

function innerOf(spec: PairSpec, privateKey: Uint8Array): der.DerPart {
  if (isRsa(spec)) return privateKey
  // RFC 9881 6, RFC 9935 6: the choice `seed`.
  if (isLattice(spec)) return der.node(der.TAG.context0Primitive, privateKey)
  // RFC 8410 7: CurvePrivateKey is an OCTET STRING of its own.
  if (!isEc(spec)) return der.octets(privateKey)
  // RFC 5958: the curve is named outside; inside it would be said twice.
  const { scalar, point } = parseEcSec1(spec, privateKey)!
  return der.sequence(
    der.integer(ONE),
    der.octets(scalar),
    der.node(der.TAG.context1, der.bits(point!)),
  )
}

/** What a PKCS#8 structure of this spec holds (views of the input). */
interface Pkcs8Parts {
  readonly inner: Uint8Array
  /** The public key of a OneAsymmetricKey version 1 (RFC 5958 2). */
  readonly publicKey: Uint8Array | undefined
}

export function parsePkcs8Parts(spec: PairSpec, pkcs8: Uint8Array): Pkcs8Parts | undefined {
  return der.decodeDer(pkcs8, (reader) => {
    const body = reader.sequence()
    const version = versionOf(body)
    const fits = isAlgorithmOf(spec, body)
    const inner = body.read(der.TAG.octets)
    // Attributes [0] are allowed and carry nothing for us.
    if (body.peek() === der.TAG.context0) body.read(der.TAG.context0)
    const carries = body.peek() === der.TAG.context1Primitive
    const publicKey = carries ? body.bits(der.TAG.context1Primitive) : undefined
    body.end()
    // RFC 5958 2: version 1 if and only if the public key is present.
    return version === (carries ? 1 : 0) && fits ? { inner, publicKey } : undefined
  })
}

/** The 32-byte seed inside a PKCS#8 contents (RFC 8410 7), a view. */
export function parseOkpInner(inner: Uint8Array): Uint8Array | undefined {
  const seed = der.decodeDer(inner, (reader) => reader.read(der.TAG.octets))
  return seed?.length === SPECS.ED25519.bytes ? seed : undefined
}

export interface LatticePrivateParts {
  readonly seed: Uint8Array
  /** The expanded key that came with the seed, when one did. */
  readonly expandedKey: Uint8Array | undefined
}

/**
 * The seed inside a PKCS#8 contents (RFC 9881 6, RFC 9935 6: the choices `seed` and `both`), views.
 * Undefined too for an expanded key alone: no seed can be computed from it.
 */
export function parseLatticeInner(
  spec: LatticeSpec,
  inner: Uint8Array,
): LatticePrivateParts | undefined {
  const parts = der.decodeDer(inner, (reader): LatticePrivateParts => {
    if (reader.peek() !== der.TAG.sequence)
      return { seed: reader.read(der.TAG.context0Primitive), expandedKey: undefined }
    const both = reader.sequence()
    const [seed, expandedKey] = [both.read(der.TAG.octets), both.read(der.TAG.octets)]
    both.end()
    return { seed, expandedKey }
  })
  const { seed, expandedKey } = PARAMETER_SETS[spec]
  if (parts?.seed.length !== seed) return undefined
  return (parts.expandedKey?.length ?? expandedKey) === expandedKey ? parts : undefined
}
