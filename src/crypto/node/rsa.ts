/** RSA (RFC 8017, FIPS 186-5 section 5) by OpenSSL, which blinds every private operation. */
import * as crypto from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { equalBytes, toBase64url, wipe } from '../../base/bytes.ts'
import { ALGORITHMS, HASH_BYTES, SPECS } from '../../domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../domain/algorithms.ts'
import { isDeterministic } from '../context.ts'
import type { ProviderContext } from '../context.ts'
import * as emsa from '../emsa.ts'
import { parseRsaSpki } from '../keys.ts'
import type { RsaPublicNumbers, RsaSpec } from '../keys.ts'
import { rsaPairFrom } from '../prime.ts'
import type { KeyPairBytes, PrivateKey, PublicKey } from '../provider.ts'
import { HASH_NAMES, digest, plain } from './hash.ts'
import { asBuffer, loadPrivate, overwriteFreed } from '../openssl-keys.ts'

const { RSA_NO_PADDING, RSA_PKCS1_OAEP_PADDING, RSA_PKCS1_PADDING } = crypto.constants
const { RSA_PKCS1_PSS_PADDING, RSA_PSS_SALTLEN_DIGEST } = crypto.constants

type Kind = 'pkcs1' | 'pss'

/**
 * Per signature scheme: OpenSSL's padding options, and both directions over a digest that is made
 * elsewhere.
 */
interface Scheme {
  readonly native: { readonly padding: number; readonly saltLength?: number }
  /** True when signing draws a salt. */
  readonly salted: boolean
  encode(hash: Hash, message: Uint8Array, bits: number, salt: Uint8Array): Uint8Array
  matches(hash: Hash, message: Uint8Array, encoded: Uint8Array, bits: number): boolean
}

const SCHEMES: Readonly<Record<Kind, Scheme>> = {
  pkcs1: {
    native: { padding: RSA_PKCS1_PADDING },
    salted: false,
    encode: (hash, message, bits) => emsa.pkcs1Encode(hash, message, bits / 8),
    // RFC 8017 8.2.2: encode again and compare, instead of parsing what came.
    matches: (hash, message, encoded, bits) =>
      equalBytes(emsa.pkcs1Encode(hash, message, bits / 8), encoded),
  },
  pss: {
    native: { padding: RSA_PKCS1_PSS_PADDING, saltLength: RSA_PSS_SALTLEN_DIGEST },
    salted: true,
    encode: (hash, message, bits, salt) => emsa.pssEncode(digest, hash, message, salt, bits),
    matches: (hash, message, encoded, bits) => emsa.pssVerify(digest, hash, message, encoded, bits),
  },
}

function schemeOf(algorithm: SigningAlgorithm): { scheme: Scheme; hash: Hash } {
  const row = ALGORITHMS[algorithm]
  assert(row.kind === 'pkcs1' || row.kind === 'pss', `${algorithm} is an RSA signature`)
  return { scheme: SCHEMES[row.kind], hash: row.hash }
}

export const loadPublic = (spki: Uint8Array): KeyObject =>
  crypto.createPublicKey({ key: asBuffer(spki), format: 'der', type: 'spki' })

export function rsaPrivateKey(
  context: ProviderContext,
  spec: RsaSpec,
  pair: KeyPairBytes,
): PrivateKey {
  const key = loadPrivate(pair.privateKey, 'pkcs1')
  const { bits, bytes } = SPECS[spec]
  const { operations, sources } = context

  const signDigest = (scheme: Scheme, hash: Hash, message: Uint8Array): Uint8Array => {
    const salt = new Uint8Array(scheme.salted ? HASH_BYTES[hash] : 0)
    sources.secret.fill(salt)
    const encoded = scheme.encode(hash, message, bits, salt)
    // RFC 8017 5.2.1 RSASP1; the platform offers the raw operation only synchronously.
    return plain(crypto.privateEncrypt({ key, padding: RSA_NO_PADDING }, encoded))
  }

  return {
    sign(algorithm, message, { messageType }) {
      const { scheme, hash } = schemeOf(algorithm)
      if (messageType === 'digest') return signDigest(scheme, hash, message)
      if (scheme.salted && isDeterministic(context))
        return signDigest(scheme, hash, digest(hash, message))
      return operations
        .run<Buffer>((done) => {
          crypto.sign(HASH_NAMES[hash], message, { key, ...scheme.native }, done)
        })
        .then(plain)
    },
    oaepDecrypt(hash, ciphertext) {
      // RFC 8017 7.1.2 step 1 b; every other failure is decided inside, in constant time, with one
      // outcome.
      if (ciphertext.length !== bytes) return undefined
      try {
        return plain(crypto.privateDecrypt({ key, ...oaep(hash) }, ciphertext))
      } catch {
        return undefined
      }
    },
    agree: () => undefined,
    decapsulate: () => undefined,
  }
}

/** OpenSSL takes the hash of the label for MGF1 as well. */
const oaep = (hash: Hash) => ({ padding: RSA_PKCS1_OAEP_PADDING, oaepHash: HASH_NAMES[hash] })

/** A public key of a size we know; undefined for anything else. */
export function parseRsaPublicKey(
  context: ProviderContext,
  spki: Uint8Array,
): PublicKey | undefined {
  const own = spki.slice()
  const numbers = parseRsaSpki(own)
  return numbers === undefined ? undefined : rsaPublic(context, numbers, loadPublic(own))
}

export function rsaPublicKey(context: ProviderContext, spec: RsaSpec, spki: Uint8Array): PublicKey {
  const key = parseRsaPublicKey(context, spki)
  assert(key?.bits === SPECS[spec].bits, `the public part is an ${spec} key`)
  return key
}

function rsaPublic(
  context: ProviderContext,
  { n, e, bits }: RsaPublicNumbers,
  key: KeyObject,
): PublicKey {
  return {
    bits,
    verify(algorithm, message, signature, options) {
      const { scheme, hash } = schemeOf(algorithm)
      // RFC 8017 8.1.2 and 8.2.2 step 1
      if (signature.length !== bits / 8) return false
      if (options.messageType === 'raw')
        return crypto.verify(HASH_NAMES[hash], message, { key, ...scheme.native }, signature)
      const encoded = recovered(key, signature)
      return encoded !== undefined && scheme.matches(hash, message, encoded, bits)
    },
    oaepEncrypt(hash, plaintext) {
      if (plaintext.length > emsa.oaepMaxBytes(hash, bits / 8)) return undefined
      if (isDeterministic(context)) return oaepFrom(context, key, bits / 8, hash, plaintext)
      return plain(crypto.publicEncrypt({ key, ...oaep(hash) }, plaintext))
    },
    encapsulate: () => undefined,
    jwk: () => ({ kty: 'RSA', n: toBase64url(n), e: toBase64url(e) }),
  }
}

/** RFC 8017 5.2.2 RSAVP1; undefined for what is not below the modulus (step 1). */
function recovered(key: KeyObject, signature: Uint8Array): Uint8Array | undefined {
  try {
    return crypto.publicEncrypt({ key, padding: RSA_NO_PADDING }, signature)
  } catch {
    return undefined
  }
}

/** RFC 8017 7.1.1 with a seed from the reproducible source. */
function oaepFrom(
  context: ProviderContext,
  key: KeyObject,
  k: number,
  hash: Hash,
  plaintext: Uint8Array,
): Uint8Array {
  const seed = new Uint8Array(HASH_BYTES[hash])
  context.sources.secret.fill(seed)
  const encoded = emsa.oaepEncode(digest, hash, plaintext, seed, k)
  try {
    return plain(crypto.publicEncrypt({ key, padding: RSA_NO_PADDING }, encoded))
  } finally {
    wipe(seed, encoded)
  }
}

/** FIPS 186-5 A.1 with e = 65537, on the thread pool. */
export function generateRsa(context: ProviderContext, spec: RsaSpec): Promise<KeyPairBytes> {
  if (isDeterministic(context)) return Promise.resolve(rsaPairFrom(context.sources.secret, spec))
  return context.generation.run<KeyPairBytes>((done) => {
    crypto.generateKeyPair(
      'rsa',
      {
        modulusLength: SPECS[spec].bits,
        publicExponent: 65537,
        // Straight to DER: exporting a key object that was just generated can deadlock on Node 20.
        publicKeyEncoding: { type: 'spki', format: 'der' },
        privateKeyEncoding: { type: 'pkcs1', format: 'der' },
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
}

/** The pairwise consistency test of an imported pair: sign and verify. */
export function isRsaPair({ privateKey, publicKey }: KeyPairBytes): boolean {
  const message = Buffer.from('pairwise consistency test')
  const signature = crypto.sign('sha256', message, loadPrivate(privateKey, 'pkcs1'))
  return crypto.verify('sha256', message, loadPublic(publicKey), signature)
}
