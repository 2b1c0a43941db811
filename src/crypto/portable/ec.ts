/**
 * ECDSA (FIPS 186-5 section 6) and ECDH (SP 800-56A 5.7.1.2) on P-256, P-384, P-521 and secp256k1,
 * by @noble/curves.
 */
import { p256, p384, p521 } from '@noble/curves/nist.js'
import { secp256k1 } from '@noble/curves/secp256k1.js'
import { assert } from '../../base/assert.ts'
import { toBase64url, utf8, wipe } from '../../base/bytes.ts'
import { ALGORITHMS, SPECS } from '../../domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../domain/algorithms.ts'
import { isDeterministic } from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { CURVES } from '../curves.ts'
import type { EcSpec } from '../curves.ts'
import { signatureFromDer, signatureToDer } from '../der.ts'
import { verifyDigest } from '../ecdsa.ts'
import { ecSec1, ecSpki, parseEcSec1, parseEcSpki } from '../keys.ts'
import type { KeyPairBytes, PrivateKey, PublicKey, SignOptions } from '../provider.ts'
import { randomScalar } from '../scalar.ts'
import { attempt } from './aes.ts'
import { signDigest } from './ecdsa.ts'
import { digest } from './hash.ts'

/** TABLE: the curve arithmetic of each spec. */
const ARITHMETIC: Readonly<Record<EcSpec, typeof p256>> = {
  EC_P256: p256,
  EC_P384: p384,
  EC_P521: p521,
  EC_SECP256K1: secp256k1,
}

/**
 * The hash of the algorithm and the digest to sign: FIPS 186-5 6.4.1 step 1, unless the caller did
 * it.
 */
function digestOf(
  algorithm: SigningAlgorithm,
  message: Uint8Array,
  { messageType }: SignOptions,
): { hash: Hash; hashed: Uint8Array } {
  const row = ALGORITHMS[algorithm]
  assert(row.kind === 'ecdsa', `${algorithm} is an ECDSA signature`)
  return {
    hash: row.hash,
    hashed: messageType === 'digest' ? message : digest(row.hash, message),
  }
}

export function ecPrivateKey(
  context: ProviderContext,
  spec: EcSpec,
  pair: KeyPairBytes,
): PrivateKey {
  const scalar = parseEcSec1(spec, pair.privateKey)?.scalar.slice()
  assert(scalar !== undefined, `the private part is an ${spec} key`)
  // Hedged (RFC 6979 3.6), or exactly RFC 6979 when reproducible.
  const random = isDeterministic(context) ? undefined : context.sources.secret
  return {
    async sign(algorithm, message, options) {
      const { hash, hashed } = digestOf(algorithm, message, options)
      const signature = await signDigest(spec, hash, hashed, scalar, random)
      if (options.format === 'raw') return signature
      return signatureToDer(signature, CURVES[spec].order)!
    },
    oaepDecrypt: () => undefined,
    agree: (peerSpki) => agree(spec, scalar, peerSpki),
    decapsulate: () => undefined,
  }
}

/**
 * SP 800-56A 5.7.1.2: the x coordinate of d Q. noble checks that Q lies on the curve; each cofactor
 * is 1.
 */
function agree(spec: EcSpec, scalar: Uint8Array, peerSpki: Uint8Array): Uint8Array | undefined {
  const point = parseEcSpki(spec, peerSpki)
  if (point === undefined) return undefined
  // 04 || x || y
  const shared = attempt(() => ARITHMETIC[spec].getSharedSecret(scalar, point, false))
  const x = shared?.slice(1, 1 + CURVES[spec].bytes)
  wipe(shared)
  return x
}

export function ecPublicKey(_context: unknown, spec: EcSpec, spki: Uint8Array): PublicKey {
  const point = parseEcSpki(spec, spki)?.slice()
  assert(point !== undefined && isOnCurve(spec, point), `the public part is an ${spec} key`)
  const { bytes, crv, order } = CURVES[spec]
  return {
    bits: SPECS[spec].bits,
    async verify(algorithm, message, signature, options) {
      const { hash, hashed } = digestOf(algorithm, message, options)
      const isRaw = options.format === 'raw'
      const raw = isRaw ? signature : signatureFromDer(signature, order, bytes)
      if (raw?.length !== 2 * bytes) return false
      return verifyDigest(spec, hash, hashed, raw, point)
    },
    oaepEncrypt: () => undefined,
    encapsulate: () => undefined,
    jwk: () => ({
      kty: 'EC',
      crv,
      x: toBase64url(point.subarray(1, 1 + bytes)),
      y: toBase64url(point.subarray(1 + bytes)),
    }),
  }
}

const isOnCurve = (spec: EcSpec, point: Uint8Array): boolean =>
  ARITHMETIC[spec].utils.isValidPublicKey(point, false)

/** The uncompressed point d G. */
export const ecPublicPoint = (spec: EcSpec, scalar: Uint8Array): Uint8Array =>
  ARITHMETIC[spec].getPublicKey(scalar, false)

/** FIPS 186-5 A.2.2: by rejection from the source of secrets. */
export function generateEc(context: ProviderContext, spec: EcSpec): KeyPairBytes {
  const scalar = randomScalar(context.sources.secret, spec)
  try {
    const point = ecPublicPoint(spec, scalar)
    return { privateKey: ecSec1(spec, scalar, point), publicKey: ecSpki(spec, point) }
  } finally {
    wipe(scalar)
  }
}

/** The pairwise consistency test of an imported pair: sign and verify. */
export function isEcPair(spec: EcSpec, { privateKey, publicKey }: KeyPairBytes): boolean {
  const options = { prehash: false, lowS: false } as const
  const hashed = digest('SHA_256', utf8('pairwise consistency test'))
  const { scalar } = parseEcSec1(spec, privateKey)!
  const signature = ARITHMETIC[spec].sign(hashed, scalar, options)
  return ARITHMETIC[spec].verify(signature, hashed, parseEcSpki(spec, publicKey)!, options)
}
