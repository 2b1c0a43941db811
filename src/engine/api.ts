/**
 * The public surface: what every operation takes and answers. One options object in, plain frozen
 * data out. Times are `Date`, ids strings, bytes `Uint8Array`. Every mutable resource carries
 * `etag`; every write takes `ifMatch` and `retryToken`; every operation takes `principal`.
 */
import type {
  Algorithm,
  EncryptionAlgorithm,
  MacAlgorithm,
  PairSpec,
  Purpose,
  SigningAlgorithm,
  Spec,
  WrapAlgorithm,
  Wrapping,
} from '../domain/algorithms.ts'
import type {
  DefinedTags,
  GrantConstraints,
  Json,
  KeyStorePlace,
  KeyStoreType,
  Origin,
  ProtectionMode,
  ReplicaStatus,
  Tags,
  VaultType,
} from '../domain/records.ts'
import type { KeyState, KeyStoreState, VaultState, VersionState } from '../domain/lifecycle.ts'
import type { MaterialUse } from '../domain/material.ts'
import type { AttributeLookup, GivenAttributes } from '../domain/policy/attributes.ts'
import type { GrantOperation } from '../domain/policy/grants.ts'
import type { SignatureFormat } from '../crypto/provider.ts'
import type { ErrorCode, Explanation } from '../base/errors.ts'
import type { ObjectRef } from '../backup/objects.ts'

/** Who asks, and under which name the request is known elsewhere. */
export interface Asked {
  /** The owner (`owner`, or absent) may do all; others are judged by policies and grants. */
  readonly principal?: string
  /** What a decision about the principal looks at beside the key and the request (docs/policies.md). */
  readonly access?: Access
  /** Up to 256 characters, for the journal. */
  readonly requestId?: string
}
/**
 * A write: the etag it must match, and a token (up to 64 characters) that makes repeating it safe
 * for 24 hours.
 */
export interface Write extends Asked {
  readonly ifMatch?: string
  readonly retryToken?: string
}
/** What a face knows of a request by a principal, and the core cannot. */
export interface Access {
  /** The action in the words of policies; default `kms:` and the operation, as `kms:Encrypt`. */
  readonly action?: string
  /**
   * Condition keys and their values, or a function from a key in lower case to its value; they win
   * over those that the core derives itself.
   */
  readonly attributes?: GivenAttributes | AttributeLookup
  /** Of the request, where the operation itself takes none: what grants are bound to. */
  readonly context?: Context
  /** Tokens of grants. All must be authentic: INVALID_GRANT_TOKEN. Grants count without them too. */
  readonly grantTokens?: readonly string[]
  /** The policies of the caller (IAM's form, no Principal), or `all`; default: none. */
  readonly identityPolicies?: readonly string[] | 'all'
  /** The account that owns the key, twelve digits; default: that of the caller. */
  readonly account?: string
  /** Refuse callers of other accounts whatever policies say. */
  readonly sameAccountOnly?: boolean
  /** What is asked for, as policies name it; default `key/ID`, `vault/ID` or `*`. */
  readonly resource?: string
  /** The policy of a key that has none; default: such a key is for the owner alone. */
  readonly unlessPolicy?: string
  /** Further things that the caller's own policies have to allow, such as the name of an alias. */
  readonly also?: readonly { readonly action: string; readonly resource: string }[]
  /**
   * What a face says of the key once it is found; as good as the same members given before. A pure
   * function: its answer is kept for as long as the key does not change.
   */
  readonly describe?: (key: KeyFacts) => KeyDescription
}
/** Of a key that was found: what does not change by time alone. */
export type KeyFacts = Omit<Key, 'state' | 'deletionAt' | 'etag'>
export type KeyDescription = Pick<Access, 'resource' | 'account' | 'attributes' | 'unlessPolicy'>
export interface VaultRef {
  readonly vaultId: string
}
/**
 * A key by id, or by `alias/NAME` (then with `vaultId`, which may be left out while the room has
 * one vault).
 */
export interface KeyRef {
  readonly keyId: string
  readonly vaultId?: string
}
export interface VersionRef extends KeyRef {
  readonly versionId: string
}
export interface Paged extends Asked {
  /** 1 to 1000, default 100. */
  readonly limit?: number
  readonly pageToken?: string
  readonly sortOrder?: 'ASC' | 'DESC'
}
export interface Sorted extends Paged {
  /** Default TIMECREATED. Default order: TIMECREATED DESC, DISPLAYNAME ASC. */
  readonly sortBy?: 'TIMECREATED' | 'DISPLAYNAME'
}
export interface Page<T> {
  readonly items: readonly T[]
  /** Present only when more exist. */
  readonly nextPage?: string
}
/** Authenticated, not secret; must be given again, equal, to decrypt. Order does not matter. */
export type Context = Readonly<Record<string, string>>

export interface Vault {
  readonly id: string
  readonly displayName: string
  readonly type: VaultType
  readonly compartmentId: string
  readonly state: VaultState
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletionAt?: Date
  readonly tags: Tags
  readonly definedTags: DefinedTags
  readonly external?: Json
  readonly wrappingKeyId?: string
  /** Where it was made, at its primary and its replicas alike. */
  readonly homeRegion?: string
  readonly restoredFrom?: string
  /** The home region of that vault. */
  readonly restoredFromRegion?: string
  /** A replica serves and shows; changes are made at the primary. */
  readonly role: 'primary' | 'replica'
  /** Names the last change while the vault had replicas: see `getReplicationStatus`. */
  readonly replicationId?: string
  readonly etag: string
}
export interface VaultUsage {
  /**
   * Everything but deleted, split by protection mode, across all compartments; the wrapping key is
   * not counted.
   */
  readonly keyCount: number
  readonly keyVersionCount: number
  readonly softwareKeyCount: number
  readonly softwareKeyVersionCount: number
}
export interface Key {
  readonly id: string
  readonly vaultId: string
  readonly compartmentId: string
  readonly displayName: string
  readonly description: string
  readonly spec: Spec
  readonly purposes: readonly Purpose[]
  readonly protectionMode: ProtectionMode
  readonly origin: Origin
  readonly state: KeyState
  readonly role: 'ordinary' | 'wrapping'
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletionAt?: Date
  readonly currentVersionId?: string
  /** 64 hexadecimal digits; the same wherever the key lies, and when it is imported again. */
  readonly currentMaterialId?: string
  /** The first expiry of imported material that is here: from then on the key is pendingImport. */
  readonly materialExpiresAt?: Date
  readonly olderVersions: 'process' | 'all'
  readonly tags: Tags
  readonly definedTags: DefinedTags
  readonly rotation?: RotationStatus
  /** Of a key that may have copies in other vaults. */
  readonly multiRegion?: MultiRegion
  /** While it waits for its replicas to go: how long it stays after that. */
  readonly deletionWindowDays?: number
  readonly external?: Json
  /** Where the second layer of its ciphertexts is made; without `type`, the key store is not here. */
  readonly keyStore?: KeyStorePlace & { readonly type?: KeyStoreType }
  readonly restoredFrom?: string
  readonly replicationId?: string
  readonly etag: string
}
/** The copies of a key in the vaults of this room. */
export interface MultiRegion {
  /** The primary rotates, and has replicas made of it. */
  readonly role: 'primary' | 'replica'
  /** Absent when the primary is gone with its vault: `changePrimaryKey` makes another copy lead. */
  readonly primaryVaultId?: string
  readonly replicaVaultIds: readonly string[]
}
export interface Version {
  readonly id: string
  readonly keyId: string
  readonly vaultId: string
  readonly number: number
  readonly spec: Spec
  readonly origin: Origin
  readonly state: VersionState
  readonly current: boolean
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly deletionAt?: Date
  readonly notBefore?: Date
  readonly expiresOn?: Date
  readonly operations?: readonly KeyOperation[]
  readonly tags: Tags
  /** Absent for a key that lives elsewhere. */
  readonly materialId?: string
  readonly materialDescription?: string
  readonly materialExpiresAt?: Date
  /** Imported beside the current version, which it follows at the next rotation on demand. */
  readonly pendingRotation?: boolean
  readonly autoRotated: boolean
  /** SPKI DER of a key pair. */
  readonly publicKey?: Uint8Array
  readonly restoredFrom?: string
  readonly replicationId?: string
  readonly etag: string
}
export interface Alias {
  readonly name: string
  readonly vaultId: string
  readonly keyId: string
  readonly createdAt: Date
  readonly updatedAt: Date
  readonly etag: string
}
/** A key store that is linked to a vault: its keys work while it is connected. */
export interface KeyStore {
  readonly id: string
  readonly vaultId: string
  readonly name: string
  /** HSM: hardware of one's own; EXTERNAL: behind a proxy. */
  readonly type: KeyStoreType
  readonly state: KeyStoreState
  /** Why it failed, in the words of the link; only while the state is `failed`. */
  readonly failure?: string
  readonly createdAt: Date
  readonly updatedAt: Date
  /** In the words of the link. */
  readonly settings: Json
  readonly etag: string
}
/** What a version may be limited to (`operations`). */
export const KEY_OPERATIONS = [
  'encrypt',
  'decrypt',
  'sign',
  'verify',
  'wrapKey',
  'unwrapKey',
  'generateMac',
  'verifyMac',
  'deriveSharedSecret',
  'encapsulate',
  'decapsulate',
  'export',
] as const
export type KeyOperation = (typeof KEY_OPERATIONS)[number]

export interface CreateVaultInput extends Write {
  readonly displayName: string
  readonly type?: VaultType
  readonly compartmentId?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
  readonly external?: Json
}
export interface ListVaultsInput extends Sorted {
  readonly compartmentId?: string
}
export interface UpdateVaultInput extends VaultRef, Write {
  readonly displayName?: string
  readonly tags?: Tags
  readonly definedTags?: DefinedTags
}
export interface ChangeVaultCompartmentInput extends VaultRef, Write {
  readonly compartmentId: string
}
/** A copy of a vault in another region of the realm. */
export interface VaultReplica {
  readonly region: string
  /** CREATED once it has caught up for the first time; DELETING until it has let go. */
  readonly status: ReplicaStatus
  readonly since: Date
  /** The commit of the vault up to which it told that it has everything. */
  readonly sequence?: bigint
}
export interface VaultReplicaInput extends VaultRef, Write {
  readonly region: string
}
export interface DeleteVaultReplicaInput extends VaultReplicaInput {
  /** Does not wait until the replica has let go: for one that will never be heard of again. */
  readonly force?: boolean
}
export interface PromoteVaultReplicaInput extends VaultRef, Asked {
  /** Leads from what is here, without the primary: what has not arrived is lost. */
  readonly force?: boolean
}
export interface GetReplicationStatusInput extends VaultRef, Asked {
  /** Of a vault, key or version that was changed while the vault had replicas. */
  readonly replicationId: string
}
export interface ReplicationStatus {
  readonly replicationId: string
  readonly replicas: readonly {
    readonly region: string
    readonly status: 'REPLICATING' | 'REPLICATED'
  }[]
}
export interface ScheduleDeletion {
  /** 7 to 30 days ahead; default 30. */
  readonly deletionAt?: Date
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
  /**
   * A key of a connected key store: AES_256, for encryption, without rotation. `keyId` is what the
   * key is called there; a key store that makes its keys itself names them too.
   */
  readonly keyStore?: { readonly id: string; readonly keyId?: string }
  /** It may have copies in other vaults, under the same id: see `replicateKey`. */
  readonly multiRegion?: boolean
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
export interface KeyStoreRef extends VaultRef {
  readonly keyStoreId: string
}
export interface CreateKeyStoreInput extends VaultRef, Write {
  /** Unique in the vault. */
  readonly name: string
  readonly type: KeyStoreType
  /** What the link of the room understands; never a secret. */
  readonly settings: Json
  /** What opens it: sealed, handed to the link alone, in no answer. */
  readonly secret?: Uint8Array
}
export interface UpdateKeyStoreInput extends KeyStoreRef, Write {
  readonly name?: string
  readonly settings?: Json
  readonly secret?: Uint8Array
  /** The change may be made while it is connected; by default it has to be disconnected. */
  readonly whileConnected?: boolean
}
export interface ConnectKeyStoreInput extends KeyStoreRef, Write {
  /** How long it shows `connecting` or `disconnecting` first; default 0. */
  readonly settleMs?: number
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
/** Who may use a key, as a document of IAM's policy language (docs/policies.md). */
export interface KeyPolicy {
  readonly keyId: string
  /** The text as it was given. Absent: the key is for the owner, and for grants. */
  readonly policy?: string
  readonly updatedAt?: Date
  /** Of the policy, not of the key; absent while there is none. */
  readonly etag?: string
}
export interface PutKeyPolicyInput extends KeyRef, Write {
  /** JSON, at most 32 KiB of UTF-8; `null` removes it. */
  readonly policy: string | null
  /** Do not ask whether the caller could change the policy again: POLICY_LOCKOUT. */
  readonly bypassLockoutCheck?: boolean
}
/** Checks everything, does nothing, and refuses with DRY_RUN when it would have succeeded. */
export interface DryRun {
  readonly dryRun?: boolean
}
export interface CreateGrantInput extends KeyRef, Write, DryRun {
  /** An ARN, an account or the name of a service. */
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly GrantOperation[]
  /** At most one of the contexts; they need a key that binds one. */
  readonly constraints?: GrantConstraints
  /** The same name with the same terms answers the grant that is there. */
  readonly name?: string
}
export interface Grant {
  /** 64 digits of lower-case hex. */
  readonly id: string
  readonly keyId: string
  readonly vaultId: string
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly GrantOperation[]
  readonly constraints?: GrantConstraints
  readonly name?: string
  readonly createdAt: Date
  /** Who created it; absent: the owner. */
  readonly issuedBy?: string
  /** The account of that principal, twelve digits. */
  readonly issuingAccount?: string
}
export interface CreatedGrant {
  readonly grant: Grant
  /** Another one for every call; all of them stand for the grant. */
  readonly grantToken: string
}
/** By grant id, default order of these ids. */
export interface ListGrantsInput extends KeyRef, Omit<Paged, 'sortOrder'> {
  readonly grantId?: string
  readonly granteePrincipal?: string
}
export interface ListRetirableGrantsInput extends Omit<Paged, 'sortOrder'> {
  readonly retiringPrincipal: string
  /** Default: all vaults of the room. */
  readonly vaultIds?: readonly string[]
}
/** A grant of a key, or by a token alone. */
export interface RetireGrantInput extends Write, DryRun {
  readonly grantToken?: string
  readonly keyId?: string
  readonly vaultId?: string
  readonly grantId?: string
}
export interface RevokeGrantInput extends KeyRef, Write, DryRun {
  readonly grantId: string
}
export interface RotationInput {
  /** Exactly one of the three triggers, in days (1 to 3650). */
  readonly everyDays?: number
  readonly daysAfterCreation?: number
  readonly daysBeforeExpiry?: number
  /** New versions expire so many days after their creation. */
  readonly expiryDays?: number
  /** Only with `everyDays`: when the first interval begins; default now. */
  readonly startAt?: Date
  readonly enabled?: boolean
}
export interface RotationStatus extends RotationInput {
  readonly startAt: Date
  readonly enabled: boolean
  readonly updatedAt: Date
  readonly nextRotationAt?: Date
  readonly lastRotatedAt?: Date
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
export interface PutRotationPolicyInput extends KeyRef, Write {
  readonly rotation: RotationInput | null
  /** Refuse a key that cannot be used now (AWS); by default only one on its way out is refused. */
  readonly whileUsable?: boolean
}
export interface RotateKeyInput extends KeyRef, Write {
  /** Refuses when there were so many rotations on demand; default 25. */
  readonly rotationsMax?: number
}
export interface ListRotationsInput extends KeyRef, Paged {
  /** The first material too, and one that waits for its rotation; default: rotations alone. */
  readonly includeMaterials?: boolean
}
/** A rotation, and the material that it made the current one. */
export interface Rotation {
  readonly versionId: string
  readonly number: number
  /** Absent for the first material and for one that waits. */
  readonly rotatedAt?: Date
  readonly automatic: boolean
  /** Absent for a key that lives elsewhere. */
  readonly materialId?: string
  readonly use: MaterialUse
  /** Of imported material. */
  readonly imported?: {
    /** It is here; otherwise it expired, was deleted, or has not come to this copy of the key. */
    readonly present: boolean
    readonly expiresAt?: Date
    readonly description?: string
  }
}
export interface CreateKeyVersionInput extends KeyRef, Write, VersionAttributes {}
export interface UpdateKeyVersionInput extends VersionRef, Write, VersionAttributes {}

/** Where a backup goes: into the store of `open({ objects })`; absent: into the answer. */
export interface BackupDestination {
  readonly to?: ObjectRef
}
/** A backup: its bytes, all at once or piece by piece, or where they are in the object store. */
export interface BackupSource {
  readonly blob?: Uint8Array | AsyncIterable<Uint8Array>
  readonly from?: ObjectRef
  /** Base64 of the MD5 of the bytes, as in the header Content-MD5; a wrong one is CONTENT_MISMATCH. */
  readonly md5?: string
}
export interface BackupKeyInput extends KeyRef, Asked, BackupDestination {
  readonly ifMatch?: string
}
export interface KeyBackup {
  readonly key: Key
  /** ASCII. Absent when it went to the object store. */
  readonly blob?: Uint8Array
}
export interface BackupVaultInput extends VaultRef, Asked, BackupDestination {
  readonly ifMatch?: string
  /** Its enabled and disabled keys too; default: what describes the vault alone. */
  readonly includeKeys?: boolean
  /** Of its keys those that are protected so; default: all. */
  readonly protectionMode?: ProtectionMode
}
export interface VaultBackup {
  readonly vault: Vault
  /** ASCII, made while it is read, once. Absent when it went to the object store. */
  readonly blob?: AsyncIterable<Uint8Array>
}
export interface RestoreKeyInput extends Asked, BackupSource {
  /** Default: the vault of the backup. Another one needs `newIds`, in the region of the backup. */
  readonly vaultId?: string
  /** A new key, whatever became of the old one; `restoredFrom` leads from the one to the other. */
  readonly newIds?: boolean
  /** Refuse when a key of the vault that is not deleted has the display name (Azure). */
  readonly failIfNameInUse?: boolean
  readonly retryToken?: string
}
export interface RestoreVaultInput extends Asked, BackupSource {
  /** Default: that of the backup. */
  readonly compartmentId?: string
  readonly retryToken?: string
}

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
  extends Omit<CreateKeyInput, 'origin' | 'external' | 'material'>, WrappedMaterial {}
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

/** A use of a key: what it says of itself. */
export interface Noted extends Asked {
  /**
   * Up to 64 names and texts, 4096 characters in all, that go into the journal with the use when uses
   * are audited. They change nothing, and they are not authenticated: that is the context.
   */
  readonly note?: Readonly<Record<string, string>>
}
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
export interface ExplainInput extends UseKey {
  /** Any operation that targets a key, for example `encrypt`. */
  readonly operation: OperationName
}
export interface Explained {
  readonly allowed: boolean
  /** The code of the refusal, and the rule that refuses; absent when allowed. */
  readonly code?: ErrorCode
  readonly explain?: Explanation
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

export interface ExplainAccessInput extends Asked {
  readonly principal: string
  /** Default: the action of `access`. */
  readonly operation?: OperationName
  /** Absent: an operation that asks for no key. */
  readonly keyId?: string
  readonly vaultId?: string
  /** Of the request. */
  readonly context?: Context
}
export interface AccessExplained {
  readonly allowed: boolean
  readonly action: string
  readonly resource: string
  /** Which rule decided, for example `keyPolicy.deny` or `grant.allow`. */
  readonly rule: string
  /** The statement or grant that decided, in words. */
  readonly by: string
  /** What every statement and grant said, one line each. */
  readonly trace: readonly string[]
}

/** Every operation: what it takes, what it answers. */
export interface Operations {
  createVault: [CreateVaultInput, Vault]
  getVault: [VaultRef & Asked, Vault]
  listVaults: [ListVaultsInput, Page<Vault>]
  updateVault: [UpdateVaultInput, Vault]
  changeVaultCompartment: [ChangeVaultCompartmentInput, Vault]
  scheduleVaultDeletion: [VaultRef & Write & ScheduleDeletion, Vault]
  cancelVaultDeletion: [VaultRef & Write, Vault]
  getVaultUsage: [VaultRef & Asked, VaultUsage]
  createVaultReplica: [VaultReplicaInput, VaultReplica]
  deleteVaultReplica: [DeleteVaultReplicaInput, VaultReplica]
  listVaultReplicas: [VaultRef & Asked, { readonly items: readonly VaultReplica[] }]
  /** Asked at the replica: it becomes the primary, and the former primary its replica. */
  promoteVaultReplica: [PromoteVaultReplicaInput, Vault]
  getReplicationStatus: [GetReplicationStatusInput, ReplicationStatus]
  /** Without `to` the answer has the blob; a vault's is made while it is read. */
  backupVault: [BackupVaultInput, VaultBackup]
  /** All or nothing; over a vault that is not deleted: ALREADY_EXISTS. */
  restoreVault: [RestoreVaultInput, Vault]
  createKey: [CreateKeyInput, Key]
  getKey: [KeyRef & Asked, Key]
  listKeys: [ListKeysInput, Page<Key>]
  updateKey: [UpdateKeyInput, Key]
  changeKeyCompartment: [ChangeKeyCompartmentInput, Key]
  enableKey: [EnableKeyInput, Key]
  disableKey: [EnableKeyInput, Key]
  scheduleKeyDeletion: [KeyRef & Write & ScheduleDeletion, Key]
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
  getKeyPolicy: [KeyRef & Asked, KeyPolicy]
  putKeyPolicy: [PutKeyPolicyInput, KeyPolicy]
  createGrant: [CreateGrantInput, CreatedGrant]
  listGrants: [ListGrantsInput, Page<Grant>]
  /** Grants that a principal may retire because it is named as the one who does. */
  listRetirableGrants: [ListRetirableGrantsInput, Page<Grant>]
  /** By who uses it: the grantee, the retiring principal, the account that made it. */
  retireGrant: [RetireGrantInput, Grant]
  /** By who rules over the key. */
  revokeGrant: [RevokeGrantInput, Grant]
  getRotationPolicy: [
    KeyRef & Asked,
    { readonly keyId: string; readonly rotation?: RotationStatus },
  ]
  putRotationPolicy: [PutRotationPolicyInput, Key]
  /** A new version now, or the imported material that waits for it; no schedule moves. */
  rotateKey: [RotateKeyInput, Version]
  listRotations: [ListRotationsInput, Page<Rotation>]
  /** Linked, and disconnected at first. */
  createKeyStore: [CreateKeyStoreInput, KeyStore]
  getKeyStore: [KeyStoreRef & Asked, KeyStore]
  listKeyStores: [VaultRef & Paged, Page<KeyStore>]
  updateKeyStore: [UpdateKeyStoreInput, KeyStore]
  /** A link that refuses is no error: the key store is `failed` then, and says why. */
  connectKeyStore: [ConnectKeyStoreInput, KeyStore]
  /** Its keys are unavailable until it is connected again. */
  disconnectKeyStore: [ConnectKeyStoreInput, KeyStore]
  /** Disconnected, and without keys. */
  deleteKeyStore: [KeyStoreRef & Write, KeyStore]
  backupKey: [BackupKeyInput, KeyBackup]
  /** Adds what is missing; nothing that was destroyed comes back, unless as a new key. */
  restoreKey: [RestoreKeyInput, Key]
  createKeyVersion: [CreateKeyVersionInput, Version]
  getKeyVersion: [VersionRef & Asked, Version]
  listKeyVersions: [KeyRef & Paged, Page<Version>]
  updateKeyVersion: [UpdateKeyVersionInput, Version]
  scheduleKeyVersionDeletion: [VersionRef & Write & ScheduleDeletion, Version]
  cancelKeyVersionDeletion: [VersionRef & Write, Version]
  getWrappingKey: [VaultRef & Asked, WrappingKey]
  importKey: [ImportKeyInput, Key]
  importKeyVersion: [ImportKeyVersionInput, Version]
  getImportParameters: [GetImportParametersInput, ImportParameters]
  importKeyMaterial: [ImportKeyMaterialInput, ImportedMaterial]
  deleteKeyMaterial: [DeleteKeyMaterialInput, Key]
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
  exportKey: [ExportKeyInput, Exported]
}
export type OperationName = keyof Operations
export type Input<O extends OperationName> = Operations[O][0]
export type Answer<O extends OperationName> = Operations[O][1]
