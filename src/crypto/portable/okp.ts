/** Ed25519 and Ed25519ph (RFC 8032 5.1, FIPS 186-5 section 7) by @noble/curves. */
import { ed25519, ed25519ph } from '@noble/curves/ed25519.js'
import { assert } from '../../base/assert.ts'
import { toBase64url, utf8 } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { SPECS } from '../../domain/algorithms.ts'
import type { SigningAlgorithm } from '../../domain/algorithms.ts'
import type { ProviderContext } from '../context.ts'
import { verifyEd25519 } from '../eddsa.ts'
import { okpSpki, parseOkpSpki } from '../keys.ts'
import type { KeyPairBytes, PrivateKey, PublicKey, SignOptions } from '../provider.ts'

const SPEC = 'ED25519'

/** Plain Ed25519 signs messages only: a digest handed in as one would say something else. */
function schemeOf(algorithm: SigningAlgorithm, { messageType }: SignOptions): typeof ed25519 {
  // RFC 8032 5.1 with phflag 1: the bytes given, raw message or digest alike, are what PH hashes.
  if (algorithm === 'ED25519PH') return ed25519ph
  assert(algorithm === 'ED25519', `${algorithm} is an Ed25519 signature`)
  if (messageType === 'raw') return ed25519
  throw new StrongroomError(
    'UNSUPPORTED',
    'messageType: ED25519 signs raw messages; use ED25519PH for digests.',
  )
}

export function okpPrivateKey(pair: KeyPairBytes): PrivateKey {
  const seed = pair.privateKey.slice()
  return {
    sign: (algorithm, message, options) => schemeOf(algorithm, options).sign(message, seed),
    oaepDecrypt: () => undefined,
    agree: () => undefined,
    decapsulate: () => undefined,
  }
}

export function okpPublicKey(spki: Uint8Array): PublicKey {
  const bytes = parseOkpSpki(spki)?.slice()
  assert(bytes !== undefined, `the public part is an ${SPEC} key`)
  return {
    bits: SPECS[SPEC].bits,
    verify(algorithm, message, signature, options) {
      const prehashed = schemeOf(algorithm, options) === ed25519ph
      return verifyEd25519(prehashed, bytes, message, signature)
    },
    oaepEncrypt: () => undefined,
    encapsulate: () => undefined,
    jwk: () => ({ kty: 'OKP', crv: SPECS[SPEC].curve, x: toBase64url(bytes) }),
  }
}

/** The public key of a seed (RFC 8032 5.1.5). */
export const okpPublicBytes = (seed: Uint8Array): Uint8Array => ed25519.getPublicKey(seed)

/** RFC 8032 5.1.5: the private key is 32 random bytes. */
export function generateOkp(context: ProviderContext): KeyPairBytes {
  const seed = new Uint8Array(SPECS[SPEC].bytes)
  context.sources.secret.fill(seed)
  return { privateKey: seed, publicKey: okpSpki(okpPublicBytes(seed)) }
}

/** The pairwise consistency test of an imported pair: sign and verify. */
export function isOkpPair({ privateKey, publicKey }: KeyPairBytes): boolean {
  const message = utf8('pairwise consistency test')
  const signature = ed25519.sign(message, privateKey)
  return verifyEd25519(false, parseOkpSpki(publicKey)!, message, signature)
}
