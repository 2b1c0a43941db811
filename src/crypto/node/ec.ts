/**
 * ECDSA (FIPS 186-5 section 6) and ECDH (SP 800-56A 5.7.1.2) on P-256, P-384, P-521 and secp256k1.
 */
import * as crypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { secretBytes, toBase64url, wipe } from '../../base/bytes.ts'
import { ALGORITHMS, HASH_BYTES, SPECS } from '../../domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../domain/algorithms.ts'
import { isDeterministic } from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { CURVES } from '../curves.ts'
import type { EcSpec } from '../curves.ts'
import { signatureFromDer, signatureToDer } from '../der.ts'
import { ecSec1, ecSpki, parseEcSec1, parseEcSpki } from '../keys.ts'
import type { Held } from '../held.ts'
import type { KeyPairBytes, PrivateKey, PublicKey, SignatureFormat } from '../provider.ts'
import { randomScalar } from '../scalar.ts'
import { digestSigner, multiple, verifyDigest } from './ecdsa.ts'
import type { VerifyMessage } from './ecdsa.ts'
import { HASH_NAMES, digest, plain } from './hash.ts'
import { exportPrivate, loadPrivate, overwriteFreed } from '../openssl-keys.ts'
import { loadPublic } from './rsa.ts'

/** OpenSSL's fast curve: cheaper to sign at once than to visit the thread pool. */
const SYNCHRONOUS: Readonly<Record<EcSpec, boolean>> = {
  EC_P256: true,
  EC_P384: false,
  EC_P521: false,
  EC_SECP256K1: false,
}

const ENCODINGS = { der: 'der', raw: 'ieee-p1363' } as const satisfies Record<
  SignatureFormat,
  string
>

function hashOf(algorithm: SigningAlgorithm): Hash {
  const row = ALGORITHMS[algorithm]
  assert(row.kind === 'ecdsa', `${algorithm} is an ECDSA signature`)
  return row.hash
}

export function ecPrivateKey(
  context: ProviderContext,
  spec: EcSpec,
  pair: KeyPairBytes,
): PrivateKey {
  const key = loadPrivate(pair.privateKey, 'sec1')
  let held: Held | undefined
  const scalar = (): Held => (held ??= heldScalar(context, spec, key))
  const signOver = async (hash: Hash, hashed: Uint8Array, format: SignatureFormat) => {
    const sign = await digestSigner()
    const extra = hedge(context, hash)
    try {
      const signature = scalar().use((d) => sign({ spec, hash, scalar: d, digest: hashed, extra }))
      return format === 'raw' ? signature : signatureToDer(signature, CURVES[spec].order)!
    } finally {
      wipe(extra)
    }
  }
  const inputs = {
    der: { key, dsaEncoding: ENCODINGS.der },
    raw: { key, dsaEncoding: ENCODINGS.raw },
  }
  return {
    sign(algorithm, message, { messageType, format = 'der' }) {
      const hash = hashOf(algorithm)
      if (messageType === 'digest') return signOver(hash, message.slice(), format)
      if (isDeterministic(context)) return signOver(hash, digest(hash, message), format)
      const name = HASH_NAMES[hash]
      if (SYNCHRONOUS[spec]) return plain(crypto.sign(name, message, inputs[format]))
      return context.operations
        .run<Buffer>((done) => {
          crypto.sign(name, message, inputs[format], done)
        })
        .then(plain)
    },
    oaepDecrypt: () => undefined,
    agree: (peerSpki) => agree(spec, key, peerSpki),
    decapsulate: () => undefined,
  }
}

/** d, which OpenSSL tells in DER alone, kept for the signatures to come. */
function heldScalar({ hold }: ProviderContext, spec: EcSpec, key: KeyObject): Held {
  const sec1 = exportPrivate(key, 'sec1')
  try {
    return hold(parseEcSec1(spec, sec1)!.scalar)
  } finally {
    wipe(sec1)
  }
}

/** Hedged with random bytes (RFC 6979 3.6), or exactly RFC 6979 when reproducible. */
function hedge(context: ProviderContext, hash: Hash): Uint8Array {
  const extra = secretBytes(isDeterministic(context) ? 0 : HASH_BYTES[hash])
  if (extra.length > 0) context.sources.secret.fill(extra)
  return extra
}

/**
 * SP 800-56A 5.7.1.2: the x coordinate of d Q. OpenSSL checks that Q lies on the curve; each
 * cofactor is 1.
 */
function agree(spec: EcSpec, privateKey: KeyObject, peerSpki: Uint8Array): Uint8Array | undefined {
  if (parseEcSpki(spec, peerSpki) === undefined) return undefined
  try {
    return plain(crypto.diffieHellman({ privateKey, publicKey: loadPublic(peerSpki) }))
  } catch {
    return undefined
  }
}

export function ecPublicKey(context: ProviderContext, spec: EcSpec, spki: Uint8Array): PublicKey {
  const point = parseEcSpki(spec, spki)?.slice()
  assert(point !== undefined, `the public part is an ${spec} key`)
  const { bytes, crv, order } = CURVES[spec]
  const key = loadPublic(spki)
  const verify: VerifyMessage = (under, hash, message, signature, format) => {
    const input = { key: under, dsaEncoding: ENCODINGS[format] }
    const name = HASH_NAMES[hash]
    if (SYNCHRONOUS[spec]) return crypto.verify(name, message, input, signature)
    return context.operations.run<boolean>((done) => {
      crypto.verify(name, message, input, signature, done)
    })
  }
  return {
    bits: SPECS[spec].bits,
    verify(algorithm, message, signature, { messageType, format = 'der' }) {
      const hash = hashOf(algorithm)
      if (format === 'raw' && signature.length !== 2 * bytes) return false
      if (messageType !== 'digest') return verify(key, hash, message, signature, format)
      const raw = format === 'raw' ? signature : signatureFromDer(signature, order, bytes)
      const given = raw && { digest: message.slice(), signature: raw.slice() }
      return given ? verifyDigest({ spec, point, hash, ...given }, verify) : false
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

/** The uncompressed point d G. */
export const ecPublicPoint = (spec: EcSpec, scalar: Uint8Array): Uint8Array =>
  plain(multiple(spec, scalar))

/** FIPS 186-5 A.2: by OpenSSL on the thread pool, or by rejection from the reproducible source. */
export async function generateEc(context: ProviderContext, spec: EcSpec): Promise<KeyPairBytes> {
  if (isDeterministic(context)) {
    const scalar = randomScalar(context.sources.secret, spec)
    try {
      return pairOf(spec, scalar, ecPublicPoint(spec, scalar))
    } finally {
      wipe(scalar)
    }
  }
  const generated = await context.generation.run<KeyPairBytes>((done) => {
    crypto.generateKeyPair(
      'ec',
      {
        namedCurve: CURVES[spec].openssl,
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'sec1', format: 'der' },
      },
      (error, publicKey, privateKey) => {
        if (error) done(error)
        else {
          overwriteFreed(privateKey.length)
          done(null, { publicKey: plain(publicKey), privateKey: plain(privateKey) })
        }
      },
    )
  })
  try {
    // Written again in our own form, so that the bytes at rest never depend on the platform.
    const { scalar, point } = parseEcSec1(spec, generated.privateKey)!
    return pairOf(spec, scalar, point!)
  } finally {
    wipe(generated.privateKey)
  }
}

const pairOf = (spec: EcSpec, scalar: Uint8Array, point: Uint8Array): KeyPairBytes => ({
  privateKey: ecSec1(spec, scalar, point),
  publicKey: ecSpki(spec, point),
})

/** The pairwise consistency test of an imported pair: sign and verify. */
export function isEcPair({ privateKey, publicKey }: KeyPairBytes): boolean {
  const message = Buffer.from('pairwise consistency test')
  const signature = crypto.sign('sha256', message, loadPrivate(privateKey, 'sec1'))
  return crypto.verify('sha256', message, loadPublic(publicKey), signature)
}
