/** Keys, their versions, aliases and copies. */
import type { Purpose, Spec } from '../../domain/algorithms.ts'
import type { DefinedTags, Json, Origin, ProtectionMode, Tags } from '../../domain/records.ts'
import type {
  Asked,
  KeyRef,
  Page,
  Paged,
  ScheduleDeletion,
  Sorted,
  VaultRef,
  VersionRef,
  Write,
} from './asked.ts'
import type { RotationInput } from './rotation.ts'
import type { Alias, Key, KeyOperation, Version } from './shown.ts'

export interface ScheduleKeyDeletionInput extends KeyRef, Write, ScheduleDeletion {
  /** How far ahead the deletion may be, 7 to 90 days (Azure: 90); default 30. */
  readonly windowDaysMax?: number
}

export interface CreateKeyInput extends VaultRef, Write {
  /** A lower-case UUID of the caller's choice that no key or version ever had; default: a random one. */
  readonly id?: string
  readonly displayName: string
  readonly spec: Spec
  readonly purposes?: readonly Purpose[]
  /** Default HSM. EXTERNAL keys are data only. */
  readonly protectionMode?: ProtectionMode
  readonly description?: string
  /** Default: the vault's. */
  readonly compartmentId?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
  /**
   * `imported`: made without material (state pendingImport); `external`: a reference, with
   * `external`.
   */
  readonly origin?: Origin
  readonly olderVersions?: 'process' | 'all'
  readonly external?: Json
  /**
   * Material that was made elsewhere: the raw AES or HMAC key, or the PKCS#8 DER of a private key.
   * Default: fresh. It is not kept in sight: `origin` says `internal`, as of a key that was made here.
   */
  readonly material?: Uint8Array
  /** A first alias, in the same commit: `alias/NAME`. */
  readonly alias?: string
  /**
   * A key of a connected key store: AES_256, for encryption, without rotation. `keyId` is what the
   * key is called there; a key store that makes its keys itself names them too.
   */
  readonly keyStore?: { readonly id: string; readonly keyId?: string }
  /** It may have copies in other vaults, under the same id: see `replicateKey`. */
  readonly multiRegion?: boolean
  /** It may leave by `exportKey` although its protection is HSM. It stays so. */
  readonly exportable?: boolean
  /** Attributes of the first version. */
  readonly version?: VersionAttributes
  readonly rotation?: RotationInput
  /** A key policy: see `putKeyPolicy`. */
  readonly policy?: string
  readonly bypassLockoutCheck?: boolean
}
export interface VersionAttributes {
  readonly enabled?: boolean
  readonly notBefore?: Date | null
  readonly expiresOn?: Date | null
  readonly tags?: Tags
  readonly operations?: readonly KeyOperation[] | null
}
export interface ListKeysInput extends VaultRef, Sorted {
  readonly compartmentId?: string
  readonly protectionMode?: ProtectionMode
  readonly algorithm?: 'AES' | 'RSA' | 'ECDSA' | 'ED25519' | 'ML_DSA' | 'ML_KEM' | 'HMAC'
  /**
   * In bytes, as in key shapes: AES 16/24/32, RSA 256/384/512, EC 32/48/66, HMAC 28/32/48/64; ML-DSA
   * 32 and ML-KEM 64, the seed.
   */
  readonly length?: number
  readonly curve?: 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'Ed25519'
  /** Default true: keys that were deleted are listed as such. */
  readonly withDeleted?: boolean
}
export interface UpdateKeyInput extends KeyRef, Write {
  readonly displayName?: string
  readonly description?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
  readonly olderVersions?: 'process' | 'all'
  /** As `putRotationPolicy`, in the same commit; `null` ends it. */
  readonly rotation?: RotationInput | null
  /**
   * Update a disabled or pendingImport key too (AWS, Azure); by default only an enabled key can be
   * updated (OCI).
   */
  readonly whileDisabled?: boolean
}
export interface EnableKeyInput extends KeyRef, Write {
  /**
   * Leaves a key as it is that is enabled (or disabled) already (AWS); by default that is refused
   * (OCI).
   */
  readonly idempotent?: boolean
}
export interface TagKeyInput extends KeyRef, Write {
  readonly tags: Tags
  /** Refuses more than so many tags on the key (AWS: 50); default and at most 64. */
  readonly tagsMax?: number
}
export interface ChangeKeyCompartmentInput extends KeyRef, Write {
  readonly compartmentId: string
}
export interface CancelKeyDeletionInput extends KeyRef, Write {
  /** `previous` (default, OCI): the state before; `disabled` (AWS): always disabled. */
  readonly restoreTo?: 'previous' | 'disabled'
}
export interface CreateAliasInput extends KeyRef, Write {
  /** `alias/` and 1 to 250 of A-Z a-z 0-9 / _ - */
  readonly name: string
  /** Refuses more than so many aliases of the key; default and at most 50. */
  readonly perKeyMax?: number
}
export interface AliasRef extends Write {
  readonly name: string
  readonly vaultId?: string
}
export interface ListAliasesInput extends Paged {
  readonly vaultId: string
  readonly keyId?: string
}
export interface ReplicateKeyInput extends KeyRef, Write {
  /** An active vault without a copy of the key. */
  readonly toVaultId: string
  /** Default: that of the primary. */
  readonly displayName?: string
  /** Description, tags and policy are not copied. */
  readonly description?: string
  readonly tags?: Tags
  readonly policy?: string
  /** Do not ask whether the caller could change the policy again: POLICY_LOCKOUT. */
  readonly bypassLockoutCheck?: boolean
  /** How long the copy is `creating`; default 0. */
  readonly settleMs?: number
}
export interface ChangePrimaryKeyInput extends KeyRef, Write {
  /** The vault of the replica that leads from now on. */
  readonly toVaultId: string
  /** How long both copies are `updating`; default 0. */
  readonly settleMs?: number
}
export interface CreateKeyVersionInput extends KeyRef, Write, VersionAttributes {
  /** Default: that of the key. Another one becomes that of the key; older versions keep theirs. */
  readonly spec?: Spec
  /** More of what the key is for. */
  readonly purposes?: readonly Purpose[]
  /** Made elsewhere, as at `createKey`; default: fresh. */
  readonly material?: Uint8Array
}
export interface UpdateKeyVersionInput extends VersionRef, Write, VersionAttributes {}

export interface KeyOperations {
  createKey: [CreateKeyInput, Key]
  getKey: [KeyRef & Asked, Key]
  listKeys: [ListKeysInput, Page<Key>]
  updateKey: [UpdateKeyInput, Key]
  changeKeyCompartment: [ChangeKeyCompartmentInput, Key]
  enableKey: [EnableKeyInput, Key]
  disableKey: [EnableKeyInput, Key]
  scheduleKeyDeletion: [ScheduleKeyDeletionInput, Key]
  cancelKeyDeletion: [CancelKeyDeletionInput, Key]
  /** Destroys at once what is pending deletion or not: there is no way back. */
  destroyKey: [KeyRef & Write, Key]
  /**
   * Makes a copy of a multi-Region key in another vault: what one encrypts the other decrypts. One of
   * an imported key waits for its material.
   */
  replicateKey: [ReplicateKeyInput, Key]
  /** Makes a replica the primary, and the primary a replica. */
  changePrimaryKey: [ChangePrimaryKeyInput, Key]
  tagKey: [TagKeyInput, Key]
  untagKey: [KeyRef & Write & { readonly tagNames: readonly string[] }, Key]
  createAlias: [CreateAliasInput, Alias]
  updateAlias: [CreateAliasInput, Alias]
  deleteAlias: [AliasRef, Alias]
  listAliases: [ListAliasesInput, Page<Alias>]
  createKeyVersion: [CreateKeyVersionInput, Version]
  getKeyVersion: [VersionRef & Asked, Version]
  listKeyVersions: [KeyRef & Paged, Page<Version>]
  updateKeyVersion: [UpdateKeyVersionInput, Version]
  scheduleKeyVersionDeletion: [VersionRef & Write & ScheduleDeletion, Version]
  cancelKeyVersionDeletion: [VersionRef & Write, Version]
}
