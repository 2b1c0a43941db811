/** Material that comes from outside, and goes there. */
import type { Spec, Wrapping } from '../../domain/algorithms.ts'
import type { Asked, KeyRef, VaultRef, Write } from './asked.ts'
import type { CreateKeyInput, VersionAttributes } from './keys.ts'
import type { Key, Version } from './shown.ts'
import type { UseKey } from './use.ts'

export interface WrappingKey {
  readonly id: string
  readonly vaultId: string
  /** SPKI DER, RSA 4096. */
  readonly publicKey: Uint8Array
  readonly createdAt: Date
}
export interface WrappedMaterial {
  readonly wrapped: Uint8Array
  /**
   * RSA_OAEP_*: the raw AES or HMAC key; RSA_OAEP_AES_*: RSA-OAEP(temporary AES key) || AES-
   * KWP(material).
   */
  readonly wrapping: Wrapping
  /** Imported material of a version made by import expires then. */
  readonly expiresAt?: Date
}
export interface ImportKeyInput
  extends Omit<CreateKeyInput, 'origin' | 'external' | 'material' | 'alias'>, WrappedMaterial {}
export interface ImportKeyVersionInput extends KeyRef, Write, WrappedMaterial, VersionAttributes {}
export interface GetImportParametersInput extends KeyRef, Asked {
  readonly wrapping: Wrapping
  /** Default RSA_4096. */
  readonly wrappingSpec?: 'RSA_2048' | 'RSA_3072' | 'RSA_4096'
}
export interface ImportParameters {
  readonly keyId: string
  readonly publicKey: Uint8Array
  readonly importToken: Uint8Array
  readonly expiresAt: Date
}
export interface ImportKeyMaterialInput extends KeyRef, Write {
  readonly importToken: Uint8Array
  readonly wrapped: Uint8Array
  /** When the material expires; absent = never. At most 365 days ahead. */
  readonly expiresAt?: Date
  /**
   * `existing`: the same as before; `new`: the first, or, of a symmetric key, one that waits beside
   * the current material for `rotateKey`. Default: `new` for the first import alone.
   */
  readonly importType?: 'new' | 'existing'
  /** Of existing material: what it has to be. */
  readonly materialId?: string
  readonly materialDescription?: string
}
export type ImportedMaterial = Key & { readonly materialId: string }
export interface DeleteKeyMaterialInput extends KeyRef, Write {
  /** Default: the newest that is in use. One that waits for a rotation is forgotten altogether. */
  readonly materialId?: string
}
export interface ExportKeyInput extends UseKey {
  readonly wrapping: Wrapping
  /** The caller's RSA public key, SPKI DER, 2048, 3072 or 4096 bits. */
  readonly publicKey: Uint8Array
}
export interface Exported {
  readonly wrapped: Uint8Array
  readonly wrapping: Wrapping
  readonly keyId: string
  readonly versionId: string
  readonly vaultId: string
  readonly spec: Spec
  readonly createdAt: Date
}

export interface MaterialOperations {
  getWrappingKey: [VaultRef & Asked, WrappingKey]
  importKey: [ImportKeyInput, Key]
  importKeyVersion: [ImportKeyVersionInput, Version]
  getImportParameters: [GetImportParametersInput, ImportParameters]
  importKeyMaterial: [ImportKeyMaterialInput, ImportedMaterial]
  deleteKeyMaterial: [DeleteKeyMaterialInput, Key]
  exportKey: [ExportKeyInput, Exported]
}
