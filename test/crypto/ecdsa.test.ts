/**
 * Signatures over digests made elsewhere, which OpenSSL verifies under a key that was moved: the
 * verdicts are those of noble, which computes the point itself.
 */
import { createECDH, randomInt } from 'node:crypto'
import fc from 'fast-check'
import { invert } from '@noble/curves/abstract/modular.js'
import { describe, expect, it } from 'vitest'
import { concat } from '../../src/base/bytes.ts'
import { CURVES, type EcSpec } from '../../src/crypto/curves.ts'
import { fromBigInt, toBigInt } from '../../src/crypto/der.ts'
import { verifyDigest as byNoble } from '../../src/crypto/ecdsa.ts'
import { ecSpki } from '../../src/crypto/keys.ts'
import { leftmostBits } from '../../src/crypto/nonces.ts'
import type { Hash, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { PROVIDERS } from './support.ts'

const SEED = Number(process.env['STRONGROOM_SEED'] ?? randomInt(2 ** 31))

const { node } = PROVIDERS
const ALGORITHMS: Readonly<Record<EcSpec, readonly [SigningAlgorithm, Hash, number]>> = {
  EC_P256: ['ECDSA_SHA_256', 'SHA_256', 32],
  EC_P384: ['ECDSA_SHA_384', 'SHA_384', 48],
  EC_P521: ['ECDSA_SHA_512', 'SHA_512', 64],
  EC_SECP256K1: ['ECDSA_SHA_256', 'SHA_256', 32],
}
const SPECS = Object.keys(ALGORITHMS) as EcSpec[]

describe.each(SPECS)('%s', (spec) => {
  const { order, bytes, openssl } = CURVES[spec]
  const [algorithm, hash, length] = ALGORITHMS[spec]
  const modulo = (value: bigint): bigint => ((value % order) + order) % order
  const pointOf = (scalar: bigint): Uint8Array => {
    const ecdh = createECDH(openssl)
    ecdh.setPrivateKey(fromBigInt(scalar, bytes))
    return ecdh.getPublicKey()
  }
  /** The signature of a number under d with the nonce k (FIPS 186-5 6.4.1). */
  const signed = (z: bigint, d: bigint, k: bigint): Uint8Array => {
    const r = rOf(k)
    return encoded(r, modulo(invert(k, order) * (z + r * d)))
  }
  const rOf = (k: bigint): bigint => modulo(toBigInt(pointOf(k).subarray(1, 1 + bytes)))
  const encoded = (r: bigint, s: bigint): Uint8Array =>
    concat(fromBigInt(r, bytes), fromBigInt(s, bytes))
  const numberOf = (digest: Uint8Array): bigint => toBigInt(leftmostBits(spec, digest))
  /** What OpenSSL verifies instead. */
  const own = numberOf(node.digest('SHA_256', new Uint8Array(0)))

  /** The verdict of both, which must be one. */
  const verdict = async (digest: Uint8Array, signature: Uint8Array, d: bigint) => {
    const point = pointOf(d)
    const key = node.publicKey(spec, ecSpki(spec, point))
    const found = await key.verify(algorithm, digest, signature, {
      messageType: 'digest',
      format: 'raw',
    })
    expect(found).toBe(await byNoble(spec, hash, digest, signature, point))
    return found
  }

  const scalar = fc.bigInt({ min: 1n, max: order - 1n })
  const digest = fc.uint8Array({ minLength: length, maxLength: length })

  it(`takes a signature, and none with one bit changed anywhere (seed ${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(scalar, scalar, digest, fc.nat(), async (d, k, given, at) => {
        const signature = signed(numberOf(given), d, k)
        expect(await verdict(given, signature, d)).toBe(true)
        const flipped = (data: Uint8Array): Uint8Array =>
          data.map((byte, i) => (i === at % data.length ? byte ^ (1 << (at % 8)) : byte))
        expect(await verdict(given, flipped(signature), d)).toBe(false)
        expect(await verdict(flipped(given), signature, d)).toBe(false)
        expect(await verdict(given, signature, modulo(d + 1n) || 1n)).toBe(false)
      }),
      { seed: SEED, numRuns: 12 },
    )
  })

  it('takes both s of a signature, and no r or s outside of its range', async () => {
    const [d, k, given] = [7n, 11n, new Uint8Array(length).fill(0x5a)]
    const signature = signed(numberOf(given), d, k)
    const [r, s] = [toBigInt(signature.subarray(0, bytes)), toBigInt(signature.subarray(bytes))]
    expect(await verdict(given, encoded(r, s), d)).toBe(true)
    expect(await verdict(given, encoded(r, order - s), d)).toBe(true)
    const most = (1n << BigInt(8 * bytes)) - 1n
    for (const bad of [0n, order, most])
      for (const pair of [encoded(bad, s), encoded(r, bad), encoded(bad, bad)])
        expect(await verdict(given, pair, d)).toBe(false)
    for (const more of [r + order, s + order].filter((value) => value <= most))
      expect(await verdict(given, encoded(more, more), d)).toBe(false)
  })

  // The key is moved by ((z - z') / r) G.
  const given = new Uint8Array(length).fill(0x3c)
  const factor = (k: bigint): bigint => modulo((numberOf(given) - own) * invert(rOf(k), order))
  it.each([
    ['by itself: the sum is a doubling', factor(5n), 5n],
    ['by its negative: the sum is no point', order - factor(5n), 5n],
  ])('a digest that moves the key %s', async (_how, d, k) => {
    const signature = signed(numberOf(given), d, k)
    expect(await verdict(given, signature, d)).toBe(true)
    expect(await verdict(given, signature, d + 1n)).toBe(false)
    expect(await verdict(given, signed(numberOf(given), d, k + 1n), d)).toBe(true)
    expect(await verdict(given, signed(numberOf(given) + 1n, d, k), d)).toBe(false)
  })

  it('a digest that does not move the key', async () => {
    const same = fromBigInt(own, length)
    expect(numberOf(same)).toBe(own)
    expect(await verdict(same, signed(own, 9n, 5n), 9n)).toBe(true)
    expect(await verdict(same, signed(own, 9n, 5n), 10n)).toBe(false)
  })
})
