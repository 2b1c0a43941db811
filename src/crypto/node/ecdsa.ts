/**
 * ECDSA over a digest that was made elsewhere (FIPS 186-5 6.4.1), which the platform does not offer.
 * The point is the platform's; what is computed with the nonce and the key here is blinded, and lies
 * in memory that is wiped.
 */
import { createECDH, randomFillSync } from 'node:crypto'
import { concat, wipe } from '../../base/bytes.ts'
import { CURVES } from '../curves.ts'
import type { EcSpec } from '../curves.ts'
import { fromBigInt, toBigInt } from '../der.ts'
import { add, limbsOf, modulo, multiply } from '../limbs.ts'
import type { Limbs } from '../limbs.ts'
import { leftmostBits, withNonce } from '../nonces.ts'
import type { NonceInput } from '../nonces.ts'
import { asBuffer } from '../openssl-keys.ts'
import { randomScalar } from '../scalar.ts'
import { hmac } from './hash.ts'

type Input = Omit<NonceInput, 'hmac'>
type Invert = typeof import('@noble/curves/abstract/modular.js').invert

/** Makes r || s. Its arithmetic is loaded with the first digest: most rooms sign none. */
export async function digestSigner(): Promise<(input: Input) => Uint8Array> {
  const { invert } = await import('@noble/curves/abstract/modular.js')
  return (input) => signDigest(input, invert)
}

/** With the first nonce that fits. */
function signDigest(input: Input, invert: Invert): Uint8Array {
  const { spec, scalar, digest } = input
  const { order, bytes } = CURVES[spec]
  const z = leftmostBits(spec, digest)
  return withNonce({ ...input, hmac }, (nonce) => {
    const r = toBigInt(abscissa(spec, nonce)) % order
    if (r === 0n) return undefined
    const { blindedNonce, blindedSum } = blinded(spec, nonce, scalar, fromBigInt(r, bytes), z)
    const s = (blindedSum * invert(blindedNonce, order)) % order
    return s === 0n ? undefined : concat(fromBigInt(r, bytes), fromBigInt(s, bytes))
  })
}

/** The x coordinate of k G. */
function abscissa(spec: EcSpec, nonce: Uint8Array): Uint8Array {
  const { openssl, bytes } = CURVES[spec]
  const ecdh = createECDH(openssl)
  ecdh.setPrivateKey(asBuffer(nonce))
  return ecdh.getPublicKey().subarray(1, 1 + bytes)
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
