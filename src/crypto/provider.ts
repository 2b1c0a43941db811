/**
 * What every crypto provider offers. `node/` (node:crypto) and `portable/` (noble + WebCrypto)
 * implement it with the same file names; every vector runs through both. Inputs are already checked
 * for type and range by the caller; providers check what their primitive needs (lengths, points on
 * the curve, DER) and never release unverified bytes.
 *
 * A method that fails because of *foreign data* (a ciphertext, tag, signature, wrapped key) answers
 * `undefined` or `false`, never an exception with a reason: all such failures must look alike from
 * outside.
 */
import type { Random } from '../base/ports.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../domain/algorithms.ts'
import type { ClassicSpec } from './parameter-sets.ts'

/**
 * A value now, or later from the thread pool or WebCrypto. Callers `await` only when it is a
 * promise.
 */
export type Eventually<T> = T | Promise<T>

export interface CryptoProvider {
  readonly name: 'node' | 'portable'
  /**
   * The CSPRNG of the platform behind pools (copied and wiped), or the deterministic source given
   * for tests.
   */
  readonly random: Random
  /**
   * Undefined when offered; else one sentence saying what the platform lacks (for an UNSUPPORTED
   * error).
   */
  lacks(feature: PairSpec | SigningAlgorithm | 'scrypt'): string | undefined
  /** Known answers for every primitive (SP 800-140-style). Runs once; throws SELF_TEST_FAILED. */
  selfTest(): Promise<void>

  digest(hash: Hash, ...data: readonly Uint8Array[]): Uint8Array
  hmac(hash: Hash, key: Uint8Array): Mac
  /** RFC 5869 with SHA-256. */
  hkdf(input: Uint8Array, salt: Uint8Array, info: Uint8Array, lengthBytes: number): Uint8Array
  /** RFC 7914, off the event loop. */
  scrypt(
    passphrase: Uint8Array,
    salt: Uint8Array,
    cost: ScryptCost,
    lengthBytes: number,
  ): Promise<Uint8Array>

  /**
   * The committing XAES suite of docs/formats/ciphertext.md under a 16-, 24- or 32-byte key. Copies
   * what it needs.
   */
  suite(key: Uint8Array): Suite
  /** Raw AES modes under a 16-, 24- or 32-byte key. */
  aes(key: Uint8Array): RawAes

  generatePair(spec: PairSpec): Promise<KeyPairBytes>
  /**
   * Parses PKCS#8 DER that someone imports, checks it fully against the spec (modulus size, point,
   * public part, expanded key).
   */
  parsePkcs8(spec: ClassicSpec, pkcs8: Uint8Array): KeyPairBytes | undefined
  /** The same of any pair: ML-DSA and ML-KEM are loaded on first use. */
  parsePkcs8(spec: PairSpec, pkcs8: Uint8Array): Eventually<KeyPairBytes | undefined>
  /** The PKCS#8 form of a private key in our at-rest form, for export and data key pairs. */
  toPkcs8(spec: PairSpec, privateKey: Uint8Array): Uint8Array
  privateKey(spec: PairSpec, pair: KeyPairBytes): PrivateKey
  publicKey(spec: PairSpec, spki: Uint8Array): PublicKey
  /**
   * A caller's RSA public key (SPKI DER) for export; undefined when it is not RSA of 2048, 3072 or
   * 4096 bits.
   */
  parseRsaPublicKey(spki: Uint8Array): PublicKey | undefined
}

export interface ScryptCost {
  /** CPU and memory cost, a power of two. */
  readonly N: number
  readonly r: number
  readonly p: number
}

/**
 * Private part at rest: RSA PKCS#1 DER, EC SEC1 DER, Ed25519 the 32-byte seed, ML-DSA and ML-KEM
 * the seed of 32 and 64 bytes. Public part: SPKI DER.
 */
export interface KeyPairBytes {
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
}

export interface Mac {
  compute(...data: readonly Uint8Array[]): Uint8Array
  /** Constant time. */
  verify(tag: Uint8Array, ...data: readonly Uint8Array[]): boolean
}

/** Byte costs of the suite: nonce 24, commitment 32, tag 16. */
export const SUITE_NONCE_BYTES = 24
export const SUITE_COMMITMENT_BYTES = 32
export const SUITE_TAG_BYTES = 16
export const SUITE_OVERHEAD_BYTES = SUITE_NONCE_BYTES + SUITE_COMMITMENT_BYTES + SUITE_TAG_BYTES

/**
 * XAES-256-GCM (C2SP) with key commitment: N = 24 random bytes; KDF blocks with counters 1 and 2
 * give the message key (AES-128: block 1; AES-192: the first 24 bytes), counters 3 and 4 the
 * 32-byte commitment; IV = N[12..24).
 */
export interface Suite {
  /**
   * Answers `header || N || commitment || body || tag` in one new buffer. `aad` is authenticated
   * (it should cover the header).
   */
  seal(header: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
  /**
   * Opens what `seal` made, whose header is `headerBytes` long; undefined for any failure. The
   * result is a fresh, unpooled buffer.
   */
  open(sealed: Uint8Array, headerBytes: number, aad: Uint8Array): Uint8Array | undefined
  /**
   * The chunk form of STREAM and of vectors: the same with the nonce given (24 bytes), no header.
   */
  sealWithNonce(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array
}

export interface RawAes {
  /** SP 800-38D, 96-bit IV, 128-bit tag. */
  gcmSeal(
    iv: Uint8Array,
    aad: Uint8Array,
    plaintext: Uint8Array,
  ): { ciphertext: Uint8Array; tag: Uint8Array }
  gcmOpen(
    iv: Uint8Array,
    aad: Uint8Array,
    ciphertext: Uint8Array,
    tag: Uint8Array,
  ): Uint8Array | undefined
  /**
   * SP 800-38A, 16-byte IV; padded: PKCS#7, else a multiple of 16 bytes (undefined when it is not).
   */
  cbcEncrypt(iv: Uint8Array, plaintext: Uint8Array, padded: boolean): Uint8Array | undefined
  cbcDecrypt(iv: Uint8Array, ciphertext: Uint8Array, padded: boolean): Uint8Array | undefined
  /**
   * SP 800-38F; padded: KWP (RFC 5649), else KW (RFC 3394: at least 16 bytes, a multiple of 8;
   * undefined when not).
   */
  wrap(material: Uint8Array, padded: boolean): Uint8Array | undefined
  unwrap(wrapped: Uint8Array, padded: boolean): Uint8Array | undefined
}

/** How ECDSA signatures are written: ASN.1 DER, or r || s (IEEE P1363). */
export type SignatureFormat = 'der' | 'raw'

export type MessageType = 'raw' | 'digest' | 'externalMu'

export interface SignOptions {
  /**
   * `raw`: the provider hashes; `digest`: the message is the hash; `externalMu`: the message is the
   * message representative of ML-DSA (FIPS 204 6.2). Lengths are already checked.
   */
  readonly messageType: MessageType
  /** ECDSA only; default `der`. */
  readonly format?: SignatureFormat
}

export interface PrivateKey {
  /** PSS salt length = hash length, MGF1 with the same hash. */
  sign(
    algorithm: SigningAlgorithm,
    message: Uint8Array,
    options: SignOptions,
  ): Eventually<Uint8Array>
  /** RSA-OAEP, MGF1 with the same hash, empty label. */
  oaepDecrypt(hash: Hash, ciphertext: Uint8Array): Eventually<Uint8Array | undefined>
  /** ECDH: the x coordinate padded to the field size; undefined for a bad or foreign point. */
  agree(peerSpki: Uint8Array): Eventually<Uint8Array | undefined>
  /**
   * ML-KEM (FIPS 203 7.3): 32 bytes for every ciphertext of the right length, pseudorandom ones for a
   * ciphertext that nobody made with this key (implicit rejection); undefined for another length.
   */
  decapsulate(ciphertext: Uint8Array): Eventually<Uint8Array | undefined>
}

export interface Encapsulated {
  readonly ciphertext: Uint8Array
  readonly sharedSecret: Uint8Array
}

export interface PublicKey {
  readonly bits: number
  verify(
    algorithm: SigningAlgorithm,
    message: Uint8Array,
    signature: Uint8Array,
    options: SignOptions,
  ): Eventually<boolean>
  /** Undefined when the plaintext is longer than k - 2 hLen - 2. */
  oaepEncrypt(hash: Hash, plaintext: Uint8Array): Eventually<Uint8Array | undefined>
  /** ML-KEM (FIPS 203 7.2); undefined where the family has no such operation. */
  encapsulate(): Eventually<Encapsulated | undefined>
  /** RFC 7517/7518/8037 public members only; kty AKP for ML-DSA and ML-KEM. */
  jwk(): Readonly<Record<string, string>>
}
