/** Ed25519 and Ed25519ph (RFC 8032 5.1, FIPS 186-5 section 7). */
import * as crypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { secretBytes, secretCopy, toBase64url, wipe } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { SPECS } from '../../domain/algorithms.ts'
import type { SigningAlgorithm } from '../../domain/algorithms.ts'
import { isDeterministic } from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { okpSpki, parseOkpInner, parseOkpSpki, parsePkcs8Parts, pkcs8Of } from '../keys.ts'
import type { KeyPairBytes, PrivateKey, PublicKey, SignOptions } from '../provider.ts'
import { plain } from './hash.ts'
import { exportPrivate, loadPrivate, overwriteFreed } from '../openssl-keys.ts'
import { loadPublic } from './rsa.ts'

const SPEC = 'ED25519'
const SIGNATURE_BYTES = 64

function loadSeed(seed: Uint8Array): KeyObject {
  const pkcs8 = pkcs8Of(SPEC, seed)
  try {
    return loadPrivate(pkcs8, 'pkcs8')
  } finally {
    wipe(pkcs8)
  }
}

/** Ed25519ph is not offered by the platform; loaded on first use. */
const prehashed = async () => (await import('@noble/curves/ed25519.js')).ed25519ph

/**
 * True for Ed25519ph. Plain Ed25519 signs messages only: a digest handed in as one would say
 * something else.
 */
function isPrehashed(algorithm: SigningAlgorithm, { messageType }: SignOptions): boolean {
  if (algorithm === 'ED25519PH') return true
  assert(algorithm === 'ED25519', `${algorithm} is an Ed25519 signature`)
  if (messageType === 'raw') return false
  throw new StrongroomError(
    'UNSUPPORTED',
    'messageType: ED25519 signs raw messages; use ED25519PH for digests.',
  )
}

export function okpPrivateKey(pair: KeyPairBytes): PrivateKey {
  const key = loadSeed(pair.privateKey)
  return {
    sign: (algorithm, message, options) =>
      isPrehashed(algorithm, options)
        ? signPrehashed(key, message)
        : plain(crypto.sign(null, message, key)),
    oaepDecrypt: () => undefined,
    agree: () => undefined,
    decapsulate: () => undefined,
  }
}

/** RFC 8032 5.1 with phflag 1: the bytes given, raw message or digest alike, are what PH hashes. */
async function signPrehashed(key: KeyObject, message: Uint8Array): Promise<Uint8Array> {
  const ed25519ph = await prehashed()
  const pkcs8 = exportPrivate(key, 'pkcs8')
  try {
    return ed25519ph.sign(message, seedOf(pkcs8))
  } finally {
    wipe(pkcs8)
  }
}

/** The seed inside PKCS#8 that the platform wrote, a view. */
const seedOf = (pkcs8: Uint8Array): Uint8Array =>
  parseOkpInner(parsePkcs8Parts(SPEC, pkcs8)!.inner)!

export function okpPublicKey(spki: Uint8Array): PublicKey {
  const bytes = parseOkpSpki(spki)?.slice()
  assert(bytes !== undefined, `the public part is an ${SPEC} key`)
  const key = loadPublic(spki)
  return {
    bits: SPECS[SPEC].bits,
    verify(algorithm, message, signature, options) {
      const isPh = isPrehashed(algorithm, options)
      if (signature.length !== SIGNATURE_BYTES) return false
      if (isPh) return verifyPrehashed(bytes, message, signature)
      return crypto.verify(null, message, key, signature)
    },
    oaepEncrypt: () => undefined,
    encapsulate: () => undefined,
    jwk: () => ({ kty: 'OKP', crv: SPECS[SPEC].curve, x: toBase64url(bytes) }),
  }
}

async function verifyPrehashed(
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { verifyEd25519 } = await import('../eddsa.ts')
  return verifyEd25519(true, publicKey, message, signature)
}

/** The public key of a seed (RFC 8032 5.1.5). */
export const okpPublicBytes = (seed: Uint8Array): Uint8Array => {
  const spki = crypto.createPublicKey(loadSeed(seed)).export({ type: 'spki', format: 'der' })
  return parseOkpSpki(plain(spki))!
}

/** RFC 8032 5.1.5: the private key is 32 random bytes. */
export async function generateOkp(context: ProviderContext): Promise<KeyPairBytes> {
  if (isDeterministic(context)) {
    const seed = secretBytes(SPECS[SPEC].bytes)
    context.sources.secret.fill(seed)
    return { privateKey: seed, publicKey: okpSpki(okpPublicBytes(seed)) }
  }
  const generated = await context.generation.run<KeyPairBytes>((done) => {
    crypto.generateKeyPair(
      'ed25519',
      {
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
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
    const privateKey = secretCopy(seedOf(generated.privateKey))
    return { privateKey, publicKey: generated.publicKey }
  } finally {
    wipe(generated.privateKey)
  }
}

/** The pairwise consistency test of an imported pair: sign and verify. */
export function isOkpPair({ privateKey, publicKey }: KeyPairBytes): boolean {
  const message = Buffer.from('pairwise consistency test')
  const signature = crypto.sign(null, message, loadSeed(privateKey))
  return crypto.verify(null, message, loadPublic(publicKey), signature)
}
