/**
 * The independent judge: node:crypto (and noble where it has no word for it) says what the room
 * must have done.
 */
import {
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  privateDecrypt,
  publicEncrypt,
  randomBytes,
  sign,
  verify,
  type KeyObject,
} from 'node:crypto'
import { ed25519ph } from '@noble/curves/ed25519.js'
import {
  ALGORITHMS,
  HASH_BYTES,
  SPECS,
  WRAPPINGS,
  type Hash,
  type PairSpec,
  type SigningAlgorithm,
  type Wrapping,
} from '../../src/domain/algorithms.ts'

const plain = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)
const nameOf = (hash: Hash): string => hash.replace('SHA_', 'sha')

export const publicOf = (spki: Uint8Array): KeyObject =>
  createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
export const privateOf = (pkcs8: Uint8Array): KeyObject =>
  createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
/** The public half of a private key. */
export const spkiOf = (key: KeyObject): Uint8Array =>
  plain(createPublicKey(key).export({ format: 'der', type: 'spki' }))

const publicKeyEncoding = { type: 'spki', format: 'der' } as const
const privateKeyEncoding = { type: 'pkcs8', format: 'der' } as const
const DER = { publicKeyEncoding, privateKeyEncoding }
/**
 * A pair straight to DER: exporting the key objects of a generated pair can block Node 20 for ever.
 */
export function pairOf(spec: PairSpec): { spki: Uint8Array; pkcs8: Uint8Array } {
  const row = SPECS[spec]
  if (row.family === 'rsa')
    return plainPair(generateKeyPairSync('rsa', { modulusLength: row.bits, ...DER }))
  if (row.family === 'ec')
    return plainPair(generateKeyPairSync('ec', { namedCurve: row.curve, ...DER }))
  return plainPair(generateKeyPairSync('ed25519', DER))
}
/** The overloads of the types do not see that both halves come as DER. */
function plainPair(made: unknown): { spki: Uint8Array; pkcs8: Uint8Array } {
  const pair = made as { publicKey: Uint8Array; privateKey: Uint8Array }
  return { spki: plain(pair.publicKey), pkcs8: plain(pair.privateKey) }
}

export const digestOf = (hash: Hash, message: Uint8Array): Uint8Array =>
  plain(createHash(nameOf(hash)).update(message).digest())
export const hmacOf = (hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array =>
  plain(createHmac(nameOf(hash), key).update(message).digest())

/** SP 800-38D with a 12-byte IV and a 16-byte tag. */
export function gcm(key: Uint8Array, aad: Uint8Array, plaintext: Uint8Array) {
  const iv = randomBytes(12)
  const cipher = createCipheriv(`aes-${key.length * 8}-gcm` as 'aes-256-gcm', key, iv)
  cipher.setAAD(aad)
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()])
  return { iv: plain(iv), ciphertext: plain(ciphertext), tag: plain(cipher.getAuthTag()) }
}
export function gcmOpen(
  key: Uint8Array,
  aad: Uint8Array,
  { iv, ciphertext, tag }: ReturnType<typeof gcm>,
): Uint8Array {
  const name = `aes-${key.length * 8}-gcm` as 'aes-256-gcm'
  const decipher = createDecipheriv(name, key, iv, { authTagLength: 16 })
  decipher.setAAD(aad).setAuthTag(tag)
  return plain(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
}

/** SP 800-38A. */
export function cbc(key: Uint8Array, iv: Uint8Array, plaintext: Uint8Array, padded: boolean) {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(padded)
  return plain(Buffer.concat([cipher.update(plaintext), cipher.final()]))
}
export function cbcOpen(key: Uint8Array, iv: Uint8Array, ciphertext: Uint8Array, padded: boolean) {
  const decipher = createDecipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(padded)
  return plain(Buffer.concat([decipher.update(ciphertext), decipher.final()]))
}

/** RFC 3394 (`wrap`) and RFC 5649 (`wrap-pad`) with their own initial values. */
export function keyWrap(kek: Uint8Array, material: Uint8Array, padded: boolean): Uint8Array {
  const name = `id-aes${kek.length * 8}-wrap${padded ? '-pad' : ''}`
  const iv = Buffer.from(padded ? 'a65959a6' : 'a6a6a6a6a6a6a6a6', 'hex')
  const cipher = createCipheriv(name, kek, iv)
  return plain(Buffer.concat([cipher.update(material), cipher.final()]))
}
export function keyUnwrap(kek: Uint8Array, wrapped: Uint8Array, padded: boolean): Uint8Array {
  const name = `id-aes${kek.length * 8}-wrap${padded ? '-pad' : ''}`
  const iv = Buffer.from(padded ? 'a65959a6' : 'a6a6a6a6a6a6a6a6', 'hex')
  const decipher = createDecipheriv(name, kek, iv)
  return plain(Buffer.concat([decipher.update(wrapped), decipher.final()]))
}

const OAEP = constants.RSA_PKCS1_OAEP_PADDING
export const oaep = (key: KeyObject, hash: Hash, secret: Uint8Array): Uint8Array =>
  plain(publicEncrypt({ key, padding: OAEP, oaepHash: nameOf(hash) }, secret))
export const oaepOpen = (key: KeyObject, hash: Hash, bytes: Uint8Array): Uint8Array =>
  plain(privateDecrypt({ key, padding: OAEP, oaepHash: nameOf(hash) }, bytes))

/** Material under somebody's RSA key, as importers do it. */
export function wrapFor(wrapping: Wrapping, spki: Uint8Array, secret: Uint8Array): Uint8Array {
  const { hash, hybrid } = WRAPPINGS[wrapping]
  if (!hybrid) return oaep(publicOf(spki), hash, secret)
  const temporary = randomBytes(32)
  const head = oaep(publicOf(spki), hash, temporary)
  return plain(Buffer.concat([head, keyWrap(temporary, secret, true)]))
}
/** The opposite, for exports. */
export function unwrapWith(wrapping: Wrapping, key: KeyObject, wrapped: Uint8Array): Uint8Array {
  const { hash, hybrid } = WRAPPINGS[wrapping]
  if (!hybrid) return oaepOpen(key, hash, wrapped)
  const size = key.asymmetricKeyDetails!.modulusLength! / 8
  const temporary = oaepOpen(key, hash, wrapped.subarray(0, size))
  return keyUnwrap(temporary, wrapped.subarray(size), true)
}

type Format = 'der' | 'raw'

/**
 * What node:crypto calls the algorithm: RFC 8017 8.2 and 8.1 with salt = hash length, FIPS 186-5 6,
 * RFC 8032.
 */
function signingKey(algorithm: SigningAlgorithm, key: KeyObject, format: Format) {
  const row = ALGORITHMS[algorithm]
  const dsaEncoding = format === 'raw' ? ('ieee-p1363' as const) : ('der' as const)
  if (row.kind === 'pss')
    return { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: HASH_BYTES[row.hash] }
  return row.kind === 'pkcs1' ? { key, padding: constants.RSA_PKCS1_PADDING } : { key, dsaEncoding }
}
const hashName = (algorithm: SigningAlgorithm): string | null => {
  const row = ALGORITHMS[algorithm]
  return 'hash' in row ? nameOf(row.hash) : null
}

/** Whether the signature of the message holds under the public key. */
export function holds(
  algorithm: SigningAlgorithm,
  spki: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  format: Format = 'der',
): boolean {
  if (algorithm === 'ED25519PH') return ed25519ph.verify(signature, message, spki.slice(-32))
  const key = signingKey(algorithm, publicOf(spki), format)
  return verify(hashName(algorithm), message, key, signature)
}

/** A signature made outside of the room. */
export function signed(
  algorithm: SigningAlgorithm,
  pkcs8: Uint8Array,
  message: Uint8Array,
): Uint8Array {
  if (algorithm === 'ED25519PH') return ed25519ph.sign(message, pkcs8.slice(-32))
  return plain(sign(hashName(algorithm), message, signingKey(algorithm, privateOf(pkcs8), 'der')))
}

export const agreed = (pkcs8: Uint8Array, peer: KeyObject): Uint8Array =>
  plain(diffieHellman({ privateKey: privateOf(pkcs8), publicKey: peer }))
