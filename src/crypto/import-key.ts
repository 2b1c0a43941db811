/**
 * Checks PKCS#8 that someone imports, as far as structure and numbers go, and brings it into our
 * at-rest form.
 */
import { equalBytes, secretCopy } from '../base/bytes.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { Family } from '../domain/algorithms.ts'
import type { EcSpec } from './curves.ts'
import { bitLength } from './der.ts'
import * as keys from './keys.ts'
import { compare, limbsOf, minusOne, modulo, multiply } from './limbs.ts'
import type { Limbs } from './limbs.ts'
import type { ClassicSpec } from './parameter-sets.ts'
import type { KeyPairBytes } from './provider.ts'

/** How a provider computes the public part of a private one. */
export interface PublicPart {
  /** The uncompressed point d G. */
  ec(spec: EcSpec, scalar: Uint8Array): Uint8Array
  /** The 32 bytes of the public key of an Ed25519 seed. */
  okp(seed: Uint8Array): Uint8Array
}

type Importer = (
  spec: never,
  parts: NonNullable<ReturnType<typeof keys.parsePkcs8Parts>>,
  publicPart: PublicPart,
) => KeyPairBytes | undefined

const IMPORTERS: Readonly<Partial<Record<Family, Importer>>> = {
  rsa: importRsa,
  ec: importEc,
  okp: importOkp,
}

/**
 * The pair in a PKCS#8 structure: fresh buffers, the private part in our at-rest form, the public
 * part computed. Undefined when the structure, the algorithm, a size or a relation between the
 * numbers is wrong.
 */
export function importPkcs8(
  spec: ClassicSpec,
  pkcs8: Uint8Array,
  publicPart: PublicPart,
): KeyPairBytes | undefined {
  const parts = keys.parsePkcs8Parts(spec, pkcs8)
  if (parts === undefined) return undefined
  return IMPORTERS[SPECS[spec].family]!(spec as never, parts, publicPart)
}

type Parts = Parameters<Importer>[1]

function importRsa(spec: keys.RsaSpec, { inner, publicKey }: Parts): KeyPairBytes | undefined {
  const numbers = keys.parseRsaPkcs1(inner)
  if (numbers === undefined || bitLength(numbers.n) !== SPECS[spec].bits) return undefined
  const spki = keys.rsaSpki(numbers.n, numbers.e)
  if (publicKey !== undefined || keys.parseRsaSpki(spki) === undefined) return undefined
  return isConsistent(numbers) ? { privateKey: secretCopy(inner), publicKey: spki } : undefined
}

/**
 * The relations of RFC 8017 3.2 and the sizes of FIPS 186-5 A.1.1. That p and q are prime is not
 * proved: the provider's pairwise test catches accidents, and whoever imports composite factors on
 * purpose weakens only a key they know.
 */
function isConsistent(numbers: keys.RsaPrivateNumbers): boolean {
  const half = bitLength(numbers.n) / 2
  // FIPS 186-5 A.1.1: both primes have half the bits, and d exceeds 2^(nlen/2) (3 a).
  const sized = bitLength(numbers.p) === half && bitLength(numbers.q) === half
  if (!sized || bitLength(numbers.d) <= half) return false
  const made: Limbs[] = []
  const kept = (limbs: Limbs): Limbs => {
    made.push(limbs)
    return limbs
  }
  const of = (name: keyof keys.RsaPrivateNumbers): Limbs => kept(limbsOf(numbers[name]))
  const product = (a: Limbs, b: Limbs): Limbs => kept(multiply(a, b))
  const rest = (a: Limbs, m: Limbs): Limbs => kept(modulo(a, m))
  const [n, d, p, q, qi] = [of('n'), of('d'), of('p'), of('q'), of('qi')]
  const [ed, p1, q1] = [product(of('e'), d), kept(minusOne(p)), kept(minusOne(q))]
  try {
    return (
      compare(product(p, q), n) === 0 &&
      compare(d, n) < 0 &&
      compare(rest(ed, p1), ONE) === 0 &&
      compare(rest(ed, q1), ONE) === 0 &&
      compare(of('dp'), rest(d, p1)) === 0 &&
      compare(of('dq'), rest(d, q1)) === 0 &&
      compare(qi, p) < 0 &&
      // Were the primes the same (2 f), q would have no inverse.
      compare(rest(product(qi, q), p), ONE) === 0
    )
  } finally {
    for (const limbs of made) limbs.fill(0)
  }
}

const ONE: Limbs = Uint16Array.of(1)

function importEc(
  spec: EcSpec,
  { inner, publicKey }: Parts,
  publicPart: PublicPart,
): KeyPairBytes | undefined {
  const parsed = keys.parseEcSec1(spec, inner)
  if (parsed === undefined) return undefined
  const point = publicPart.ec(spec, parsed.scalar)
  // SP 800-56A 5.6.2.1.4: a public part that came along must be the one that belongs to the scalar.
  for (const carried of [parsed.point, publicKey])
    if (carried !== undefined && !equalBytes(carried, point)) return undefined
  return {
    privateKey: keys.ecSec1(spec, parsed.scalar, point),
    publicKey: keys.ecSpki(spec, point),
  }
}

function importOkp(
  _spec: 'ED25519',
  { inner, publicKey }: Parts,
  publicPart: PublicPart,
): KeyPairBytes | undefined {
  const seed = keys.parseOkpInner(inner)
  if (seed === undefined) return undefined
  const computed = publicPart.okp(seed)
  if (publicKey !== undefined && !equalBytes(publicKey, computed)) return undefined
  return { privateKey: secretCopy(seed), publicKey: keys.okpSpki(computed) }
}
