/**
 * ECDSA over a digest that was made elsewhere (FIPS 186-5 6.4), which the platform does not offer.
 *
 * Signing: the point is the platform's; what is computed with the nonce and the key here is blinded,
 * and lies in memory that is wiped.
 *
 * Verifying: the platform verifies messages alone, so the key is moved by the difference of two
 * digests. Where Q' = Q + ((z - z') / r) G, z G + r Q and z' G + r Q' are one point, and (r, s) is a
 * signature of z under Q exactly when it is one of z' under Q'. Everything in it is public.
 */
import { createECDH, randomFillSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { concat, utf8, wipe } from '../../base/bytes.ts'
import type { Hash } from '../../domain/algorithms.ts'
import { CURVES } from '../curves.ts'
import type { EcSpec } from '../curves.ts'
import { fromBigInt, toBigInt } from '../der.ts'
import { verifyDigest as verifyByNoble } from '../ecdsa.ts'
import { ecSpki } from '../keys.ts'
import { add, limbsOf, modulo, multiply } from '../limbs.ts'
import type { Limbs } from '../limbs.ts'
import { leftmostBits, withNonce } from '../nonces.ts'
import type { NonceInput } from '../nonces.ts'
import { asBuffer } from '../openssl-keys.ts'
import type { SignatureFormat } from '../provider.ts'
import { randomScalar } from '../scalar.ts'
import { digest, hmac } from './hash.ts'
import { loadPublic } from './rsa.ts'

type Input = Omit<NonceInput, 'hmac'>
type Invert = typeof import('@noble/curves/abstract/modular.js').invert

/** Makes r || s. Its arithmetic is loaded with the first digest: most rooms sign none. */
export async function digestSigner(): Promise<(input: Input) => Uint8Array> {
  const { invert } = await import('@noble/curves/abstract/modular.js')
  return (input) => signDigest(input, invert)
}

/** With the first nonce that fits. */
function signDigest(input: Input, invert: Invert): Uint8Array {
  const { spec, scalar } = input
  const { order, bytes } = CURVES[spec]
  const z = leftmostBits(spec, input.digest)
  return withNonce({ ...input, hmac }, (nonce) => {
    const r = coordinates(multiple(spec, nonce))[0] % order
    if (r === 0n) return undefined
    const { blindedNonce, blindedSum } = blinded(spec, nonce, scalar, fromBigInt(r, bytes), z)
    const s = (blindedSum * invert(blindedNonce, order)) % order
    return s === 0n ? undefined : concat(fromBigInt(r, bytes), fromBigInt(s, bytes))
  })
}

/**
 * b k and b (z + r d) for a random b that nobody learns: numbers that say nothing of k and d, though
 * they lie on the heap. Their quotient is k^-1 (z + r d). b leaves no trace in it, so that it comes
 * from the platform always.
 */
function blinded(
  spec: EcSpec,
  nonce: Uint8Array,
  scalar: Uint8Array,
  r: Uint8Array,
  z: Uint8Array,
): { readonly blindedNonce: bigint; readonly blindedSum: bigint } {
  const { order, bytes } = CURVES[spec]
  const n = limbsOf(fromBigInt(order, bytes))
  const factor = randomScalar({ fill: (target) => void randomFillSync(target) }, spec)
  const made: Limbs[] = []
  const kept = (limbs: Limbs): Limbs => {
    made.push(limbs)
    return limbs
  }
  try {
    const [b, k, d] = [factor, nonce, scalar].map((secret) => kept(limbsOf(secret)))
    const bk = kept(multiply(b!, k!))
    const rd = kept(multiply(limbsOf(r), d!))
    const sum = kept(modulo(kept(add(rd, limbsOf(z))), n))
    const bsum = kept(multiply(b!, sum))
    return { blindedNonce: numberOf(modulo(bk, n)), blindedSum: numberOf(modulo(bsum, n)) }
  } finally {
    wipe(factor)
    for (const limbs of made) limbs.fill(0)
  }
}

const numberOf = (limbs: Limbs): bigint =>
  limbs.reduceRight((value, limb) => (value << 16n) | BigInt(limb), 0n)

/** What OpenSSL verifies; its digest, z', is as short as the shortest order. */
const MESSAGE = utf8('')
const MESSAGE_HASH = 'SHA_256'

interface DigestCheck {
  readonly spec: EcSpec
  /** Q, uncompressed. */
  readonly point: Uint8Array
  readonly hash: Hash
  readonly digest: Uint8Array
  /** r || s */
  readonly signature: Uint8Array
}

/** How OpenSSL is asked to verify a message. */
export type VerifyMessage = (
  key: KeyObject,
  hash: Hash,
  message: Uint8Array,
  signature: Uint8Array,
  format: SignatureFormat,
) => boolean | Promise<boolean>

export async function verifyDigest(check: DigestCheck, verify: VerifyMessage): Promise<boolean> {
  const { spec, point, hash, signature } = check
  const { order, bytes } = CURVES[spec]
  const r = toBigInt(signature.subarray(0, bytes))
  if (r === 0n || r >= order) return false
  const { invert } = await import('@noble/curves/abstract/modular.js')
  const z = toBigInt(leftmostBits(spec, check.digest))
  const own = toBigInt(leftmostBits(spec, digest(MESSAGE_HASH, MESSAGE)))
  const factor = residue((z - own) * invert(r, order), order)
  const moved =
    factor === 0n ? point : sum(spec, point, multiple(spec, fromBigInt(factor, bytes)), invert)
  // Q and -Q: only who knows the private key finds such a digest.
  if (!moved) return verifyByNoble(spec, hash, check.digest, signature, point)
  return verify(loadPublic(ecSpki(spec, moved)), MESSAGE_HASH, MESSAGE, signature, 'raw')
}

/** k G, uncompressed. */
export function multiple(spec: EcSpec, factor: Uint8Array): Buffer {
  const ecdh = createECDH(CURVES[spec].openssl)
  ecdh.setPrivateKey(asBuffer(factor))
  return ecdh.getPublicKey()
}

/** Of two points of the curve; undefined when their x are the same. */
function sum(
  spec: EcSpec,
  one: Uint8Array,
  other: Uint8Array,
  invert: Invert,
): Uint8Array | undefined {
  const { field, bytes } = CURVES[spec]
  const [x1, y1] = coordinates(one)
  const [x2, y2] = coordinates(other)
  if (x1 === x2) return undefined
  const slope = (y2 - y1) * invert(residue(x2 - x1, field), field)
  const x = residue(slope * slope - x1 - x2, field)
  const y = residue(slope * (x1 - x) - y1, field)
  const point = new Uint8Array(1 + 2 * bytes)
  point[0] = 0x04
  point.set(fromBigInt(x, bytes), 1)
  point.set(fromBigInt(y, bytes), 1 + bytes)
  return point
}

const residue = (value: bigint, modulus: bigint): bigint => ((value % modulus) + modulus) % modulus

function coordinates(point: Uint8Array): readonly [bigint, bigint] {
  const bytes = (point.length - 1) / 2
  return [toBigInt(point.subarray(1, 1 + bytes)), toBigInt(point.subarray(1 + bytes))]
}
