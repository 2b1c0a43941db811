/**
 * Verification of ECDSA over a digest that was made elsewhere (FIPS 186-5 6.4.2), by noble. The curve
 * code is loaded on first use: most rooms never need it.
 */
import type { Hash } from '../domain/algorithms.ts'
import type { EcSpec } from './curves.ts'

type Ecdsa = typeof import('@noble/curves/nist.js').p256

const POINTS: Readonly<Record<EcSpec, () => Promise<Ecdsa['Point']>>> = {
  EC_P256: async () => (await import('@noble/curves/nist.js')).p256.Point,
  EC_P384: async () => (await import('@noble/curves/nist.js')).p384.Point,
  EC_P521: async () => (await import('@noble/curves/nist.js')).p521.Point,
  EC_SECP256K1: async () => (await import('@noble/curves/secp256k1.js')).secp256k1.Point,
}

const hashes = () => import('@noble/hashes/sha2.js')
const HASHES: Readonly<Partial<Record<Hash, () => Promise<Parameters<MakeEcdsa>[1]>>>> = {
  SHA_256: async () => (await hashes()).sha256,
  SHA_384: async () => (await hashes()).sha384,
  SHA_512: async () => (await hashes()).sha512,
}
type MakeEcdsa = typeof import('@noble/curves/abstract/weierstrass.js').ecdsa

const cache = new Map<string, Promise<Ecdsa>>()

/** ECDSA on the curve with the nonce generator of RFC 6979 over this hash. */
export function ecdsaFor(spec: EcSpec, hash: Hash): Promise<Ecdsa> {
  const name = `${spec} ${hash}`
  let made = cache.get(name)
  if (made === undefined) {
    made = makeEcdsa(spec, hash)
    cache.set(name, made)
  }
  return made
}

async function makeEcdsa(spec: EcSpec, hash: Hash): Promise<Ecdsa> {
  const { ecdsa } = await import('@noble/curves/abstract/weierstrass.js')
  return ecdsa(await POINTS[spec](), await HASHES[hash]!())
}

// lowS off: FIPS 186-5 knows no such rule, and signatures of others may have a high s.
export const OPTIONS = { prehash: false, lowS: false, format: 'compact' } as const

/** False for r or s outside [1, n - 1] and for any other failure. */
export async function verifyDigest(
  spec: EcSpec,
  hash: Hash,
  digest: Uint8Array,
  signature: Uint8Array,
  point: Uint8Array,
): Promise<boolean> {
  const ecdsa = await ecdsaFor(spec, hash)
  try {
    return ecdsa.verify(signature, digest, point, OPTIONS)
  } catch {
    return false
  }
}
