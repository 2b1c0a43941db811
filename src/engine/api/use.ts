/** The use of keys. */
import type { SignatureFormat } from '../../crypto/provider.ts'
import type {
  Algorithm,
  EncryptionAlgorithm,
  MacAlgorithm,
  PairSpec,
  SigningAlgorithm,
  WrapAlgorithm,
} from '../../domain/algorithms.ts'
import type { Access, Asked, Context, KeyRef, Noted } from './asked.ts'

export interface UseKey extends KeyRef, Noted {
  readonly versionId?: string
}
export interface EncryptInput extends UseKey {
  readonly plaintext: Uint8Array
  readonly context?: Context
  /** AES default XAES_GCM. RSA keys must name one. */
  readonly algorithm?: EncryptionAlgorithm
  /** Raw AES_GCM only: authenticated bytes. */
  readonly aad?: Uint8Array
  /** AES_CBC and AES_CBC_PAD only: 16 bytes. */
  readonly iv?: Uint8Array
}
export interface Encrypted {
  readonly ciphertext: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: EncryptionAlgorithm
  readonly iv?: Uint8Array
  readonly tag?: Uint8Array
}
export interface DecryptInput extends Noted {
  readonly ciphertext: Uint8Array
  /**
   * Not needed for our own AES form, which names its version. When given, it must be the key that
   * encrypted.
   */
  readonly keyId?: string
  readonly vaultId?: string
  readonly versionId?: string
  readonly context?: Context
  readonly algorithm?: EncryptionAlgorithm
  readonly aad?: Uint8Array
  readonly iv?: Uint8Array
  readonly tag?: Uint8Array
}
export interface Decrypted {
  readonly plaintext: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: EncryptionAlgorithm
}
export interface ReEncryptInput extends Noted {
  readonly ciphertext: Uint8Array
  readonly sourceKeyId?: string
  readonly sourceVaultId?: string
  readonly sourceVersionId?: string
  readonly sourceContext?: Context
  readonly sourceAlgorithm?: EncryptionAlgorithm
  /** As `access`, for the key that opens; default: the same, with its own action. */
  readonly sourceAccess?: Access
  readonly keyId: string
  readonly vaultId?: string
  readonly context?: Context
  readonly algorithm?: EncryptionAlgorithm
}
export interface ReEncrypted extends Encrypted {
  readonly sourceKeyId: string
  readonly sourceVersionId: string
  readonly sourceAlgorithm: EncryptionAlgorithm
}
export interface GenerateDataKeyInput extends UseKey {
  /** One of the two: AES_128, AES_192 or AES_256; or 1 to 1024 bytes. Default AES_256. */
  readonly spec?: 'AES_128' | 'AES_192' | 'AES_256'
  readonly lengthBytes?: number
  readonly context?: Context
  readonly withoutPlaintext?: boolean
}
export interface DataKey {
  readonly ciphertext: Uint8Array
  /** Absent with `withoutPlaintext`. Wipe it after use. */
  readonly plaintext?: Uint8Array
  readonly keyId: string
  readonly versionId: string
}
export interface GenerateDataKeyPairInput extends UseKey {
  readonly pairSpec: PairSpec
  readonly context?: Context
  readonly withoutPlaintext?: boolean
}
export interface DataKeyPair {
  /** SPKI DER. */
  readonly publicKey: Uint8Array
  /** PKCS#8 DER, encrypted under the key. */
  readonly ciphertext: Uint8Array
  readonly privateKey?: Uint8Array
  readonly pairSpec: PairSpec
  readonly keyId: string
  readonly versionId: string
}
export interface GenerateRandomInput extends Asked {
  readonly lengthBytes: number
  /** Bytes of a connected key store of this vault; default: of the room. */
  readonly keyStore?: { readonly id: string; readonly vaultId: string }
}
export interface SignInput extends UseKey {
  readonly message: Uint8Array
  /** EC by curve, Ed25519 ED25519, ML-DSA ML_DSA; RSA keys must name one. */
  readonly algorithm?: SigningAlgorithm
  /**
   * `raw` (default): the message itself; `digest`: its hash; `externalMu`: for ML_DSA, the 64 bytes
   * SHAKE256(SHAKE256(public key, 64) || 0x0000 || message, 64) (FIPS 204 algorithm 7, line 6): what
   * it signs verifies as the signature of the message.
   */
  readonly messageType?: 'raw' | 'digest' | 'externalMu'
  /** ECDSA: ASN.1 DER (default) or r || s. */
  readonly format?: SignatureFormat
}
export interface Signed {
  readonly signature: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: SigningAlgorithm
}
export interface VerifyInput extends SignInput {
  readonly signature: Uint8Array
}
export interface Verified {
  readonly valid: boolean
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: Algorithm
}
export interface GenerateMacInput extends UseKey {
  readonly message: Uint8Array
  readonly algorithm?: MacAlgorithm
}
export interface Mac {
  readonly mac: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: MacAlgorithm
}
export interface VerifyMacInput extends GenerateMacInput {
  readonly mac: Uint8Array
}
export interface WrapKeyInput extends UseKey {
  readonly plaintext: Uint8Array
  /** AES default AES_KWP. RSA keys must name one. */
  readonly algorithm?: WrapAlgorithm
}
export interface Wrapped {
  readonly wrapped: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: WrapAlgorithm
}
export interface UnwrapKeyInput extends UseKey {
  readonly wrapped: Uint8Array
  readonly algorithm?: WrapAlgorithm
}
export interface Unwrapped {
  readonly plaintext: Uint8Array
  readonly keyId: string
  readonly versionId: string
  readonly algorithm: WrapAlgorithm
}
export interface DeriveSharedSecretInput extends UseKey {
  /** The peer's public key, SPKI DER, on the same curve. */
  readonly publicKey: Uint8Array
}
export interface SharedSecret {
  /** ECDH: the x coordinate; ML-KEM: 32 bytes. Wipe it after use. */
  readonly sharedSecret: Uint8Array
  readonly keyId: string
  readonly versionId: string
}
export interface Encapsulated extends SharedSecret {
  /** For the holder of the private key: 768, 1088 or 1568 bytes by spec. */
  readonly ciphertext: Uint8Array
}
export interface DecapsulateInput extends UseKey {
  readonly ciphertext: Uint8Array
}
export interface PublicKeyAnswer {
  readonly keyId: string
  readonly versionId: string
  readonly spec: PairSpec
  /** SPKI DER. */
  readonly publicKey: Uint8Array
  /** RFC 7517 public members; kty AKP for ML-DSA and ML-KEM. */
  readonly jwk: Readonly<Record<string, string>>
}
export interface IdentifyCiphertextInput {
  readonly ciphertext: Uint8Array
  /** Looks nowhere else. */
  readonly vaultId?: string
}
/** What a ciphertext says of itself in clear; nothing is opened, so nothing is proved. */
export interface IdentifiedCiphertext {
  readonly versionId: string
  /** Absent when no such version is here. */
  readonly keyId?: string
  readonly vaultId?: string
}

export interface UseOperations {
  encrypt: [EncryptInput, Encrypted]
  decrypt: [DecryptInput, Decrypted]
  reEncrypt: [ReEncryptInput, ReEncrypted]
  generateDataKey: [GenerateDataKeyInput, DataKey]
  generateDataKeyPair: [GenerateDataKeyPairInput, DataKeyPair]
  generateRandom: [GenerateRandomInput, { readonly bytes: Uint8Array }]
  sign: [SignInput, Signed]
  verify: [VerifyInput, Verified]
  generateMac: [GenerateMacInput, Mac]
  verifyMac: [VerifyMacInput, Verified]
  wrapKey: [WrapKeyInput, Wrapped]
  unwrapKey: [UnwrapKeyInput, Unwrapped]
  deriveSharedSecret: [DeriveSharedSecretInput, SharedSecret]
  /** A fresh secret, and the ciphertext from which `decapsulate` makes the same (FIPS 203). */
  encapsulate: [UseKey, Encapsulated]
  /**
   * INVALID_CIPHERTEXT for a ciphertext of another length; every other one gives 32 bytes, which are
   * those of the other side only if `encapsulate` made it for this version (implicit rejection).
   */
  decapsulate: [DecapsulateInput, SharedSecret]
  getPublicKey: [UseKey, PublicKeyAnswer]
}
