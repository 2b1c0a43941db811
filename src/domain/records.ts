/**
 * What the store keeps, decoded. Times are milliseconds since the epoch; ids are lower-case UUIDs.
 * A record holds deadlines, not timers: `settle` says what it is at a given moment. Absent optional
 * fields mean "none".
 */
import type { Purpose, Spec } from './algorithms.ts'

export const VAULT_TYPES = ['DEFAULT', 'VIRTUAL_PRIVATE', 'EXTERNAL'] as const
export type VaultType = (typeof VAULT_TYPES)[number]
export const PROTECTION_MODES = ['HSM', 'SOFTWARE', 'EXTERNAL'] as const
export type ProtectionMode = (typeof PROTECTION_MODES)[number]
export const ORIGINS = ['internal', 'imported', 'external'] as const
export type Origin = (typeof ORIGINS)[number]

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }
export type Tags = Readonly<Record<string, string>>
/** OCI's second kind of tag: namespace -> name -> any JSON value. */
export type DefinedTags = Readonly<Record<string, Readonly<Record<string, Json>>>>

/**
 * A deletion that is coming: the resource is unusable from `scheduledAt` on and gone from `at` on.
 */
export interface Deletion {
  readonly at: number
  readonly scheduledAt: number
  /**
   * Of a multi-Region primary: the window from `scheduledAt` to `at` begins when its last replica
   * is gone.
   */
  readonly waits?: boolean
}

export interface VaultRecord {
  readonly id: string
  readonly displayName: string
  readonly type: VaultType
  readonly compartmentId: string
  readonly createdAt: number
  readonly updatedAt: number
  readonly state: 'active' | 'deleted' | 'restoring'
  readonly deletion?: Deletion
  readonly tags: Tags
  readonly definedTags: DefinedTags
  /** Kept as data for EXTERNAL vaults: where the foreign key manager is. Never a secret. */
  readonly external?: Json
  /** The RSA-4096 wrapping key, once someone asked for it. */
  readonly wrappingKeyId?: string
  /**
   * When a scheduled deletion was last cancelled: rotations that fell due before are made up for
   * then.
   */
  readonly activeSince?: number
  readonly restoredFrom?: string
  /** Where that was made. */
  readonly restoredFromRegion?: string
  /** The region in which it was made: replicas keep it, whoever leads. */
  readonly homeRegion?: string
  /** Copies of this vault in other regions of the realm. */
  readonly replicas?: readonly ReplicaRecord[]
  /** The region for which this store stepped down; gone once that leads. */
  readonly successor?: string
  /** The last change of the vault while it had replicas. */
  readonly replicationId?: string
  /** Present while it is `restoring`: what still has to be put into it. */
  readonly restore?: RestoreRecord
}

/** A restore of a vault whose backup is authentic and lies in the store whole. */
export interface RestoreRecord {
  /** Where the pieces of the backup lie. */
  readonly spoolId: string
  readonly pieces: number
  /** The vault was deleted: what is not in the backup is gone. */
  readonly over: boolean
}

/** CREATED once the replica has caught up for the first time; DELETING until it has let go. */
export const REPLICA_STATUSES = ['CREATING', 'CREATED', 'DELETING'] as const
export type ReplicaStatus = (typeof REPLICA_STATUSES)[number]
export interface ReplicaRecord {
  readonly region: string
  readonly status: ReplicaStatus
  readonly since: number
  /** The commit at which it was asked for, or asked to go: what a replica said before is of the past. */
  readonly asked?: number
}

export interface RotationPolicy {
  /** Every so many days after `startAt`. */
  readonly everyDays?: number
  /** So many days after the current version was created, or before it expires. */
  readonly daysAfterCreation?: number
  readonly daysBeforeExpiry?: number
  /** Versions made by rotation expire so many days after their creation. */
  readonly expiryDays?: number
  readonly startAt: number
  /** A disabled policy stays readable and does not fire. */
  readonly enabled: boolean
  readonly updatedAt: number
  /** When it fires next; absent when it never will (no expiry to count from, or not enabled). */
  readonly nextAt?: number
}

export interface KeyRecord {
  readonly id: string
  readonly vaultId: string
  /** Creation order within the vault; also the key's place in the store. */
  readonly ordinal: number
  /** `wrapping`: the vault's import key; not listed, rotated, disabled or deleted. */
  readonly role: 'ordinary' | 'wrapping'
  readonly compartmentId: string
  readonly displayName: string
  readonly description: string
  readonly spec: Spec
  readonly purposes: readonly Purpose[]
  readonly protectionMode: ProtectionMode
  readonly origin: Origin
  readonly createdAt: number
  readonly updatedAt: number
  readonly state: 'pendingImport' | 'enabled' | 'disabled' | 'deleted'
  readonly deletion?: Deletion
  readonly deletedAt?: number
  /**
   * Number of the current version; 0 while there is none (pendingImport before the first import).
   */
  readonly currentVersion: number
  readonly currentVersionId?: string
  /** The highest number given to a version so far. */
  readonly lastVersion: number
  /**
   * `process`: older versions only decrypt and verify; `all`: they may also encrypt and sign when
   * named.
   */
  readonly olderVersions: 'process' | 'all'
  readonly tags: Tags
  readonly definedTags: DefinedTags
  readonly rotation?: RotationPolicy
  readonly lastRotatedAt?: number
  /**
   * The earliest expiry of imported material among its versions: from then on the key is
   * pendingImport.
   */
  readonly materialExpiresAt?: number
  /** Kept as data for keys that live elsewhere. */
  readonly external?: Json
  readonly restoredFrom?: string
  readonly replicationId?: string
  /** A new copy of a multi-Region key cannot be used before. */
  readonly creatingUntil?: number
  /** A copy that takes the lead is on its way there until then, and with it the one that gave it. */
  readonly updatingUntil?: number
  /** Number of the imported version that the next rotation on demand makes the current one. */
  readonly pendingVersion?: number
  /** Rotations on demand so far. */
  readonly onDemandRotations?: number
  /** The fingerprint of the current version, when its material was imported. */
  readonly currentMaterial?: Uint8Array
  /**
   * Of a multi-Region key, which may lie in several vaults under one id: its claim to lead. The
   * copy with the greatest is the primary; 0 never led.
   */
  readonly primacy?: number
  /** Its ciphertexts have a second layer, made there. */
  readonly keyStore?: KeyStorePlace
  /** It may leave by export, whatever protects it; decided when it was made. */
  readonly exportable?: boolean
}

export interface VersionRecord {
  readonly id: string
  readonly keyId: string
  readonly vaultId: string
  /** 1, 2, 3 ... within the key. */
  readonly number: number
  readonly spec: Spec
  readonly origin: Origin
  readonly createdAt: number
  readonly updatedAt: number
  readonly state: 'enabled' | 'disabled' | 'pendingImport' | 'deleted'
  readonly deletion?: Deletion
  readonly deletedAt?: number
  /**
   * Validity window: outside it new work (encrypt, sign, wrap) is refused, old data still opens.
   */
  readonly notBefore?: number
  readonly expiresOn?: number
  /** Operations permitted with this version; absent = all that the key's purposes allow. */
  readonly operations?: readonly string[]
  readonly tags: Tags
  /** SPKI DER of a key pair. */
  readonly publicKey?: Uint8Array
  /** When imported material expires and is deleted; absent = never. */
  readonly materialExpiresAt?: number
  /** Keyed hash of imported material: the only material that may be imported again. */
  readonly fingerprint?: Uint8Array
  readonly autoRotated: boolean
  readonly restoredFrom?: string
  readonly replicationId?: string
  /** Imported beside a current version, to be used from a rotation on. */
  readonly forRotation?: boolean
  /** When that rotation was. */
  readonly rotatedAt?: number
  /** What its importer calls the material. */
  readonly materialDescription?: string
  /** Of a version in a restored copy of a key: the id under which it was made at first. */
  readonly firstId?: string
}

export interface AliasRecord {
  readonly name: string
  readonly vaultId: string
  readonly keyId: string
  readonly createdAt: number
  readonly updatedAt: number
}

/** Where the second layer of a key is held: in hardware of one's own, or behind a proxy. */
export const KEY_STORE_TYPES = ['HSM', 'EXTERNAL'] as const
export type KeyStoreType = (typeof KEY_STORE_TYPES)[number]

/**
 * A key store that is linked to a vault: its keys work while it is connected. What opens it lies in
 * a record of its own.
 */
export interface KeyStoreRecord {
  readonly id: string
  readonly vaultId: string
  readonly name: string
  readonly type: KeyStoreType
  readonly createdAt: number
  readonly updatedAt: number
  /** What the connection is from `settlesAt` on; until then it is on the way there. */
  readonly connection: 'disconnected' | 'connected' | 'failed'
  readonly since: number
  readonly settlesAt: number
  /** Why the connection failed, in the words of the link. */
  readonly failure?: string
  /** In the words of the link. Never a secret. */
  readonly settings: Json
}

/** The place of a key in its key store. */
export interface KeyStorePlace {
  readonly id: string
  /** What the key is called over there. */
  readonly keyId: string
}

/** Who may use a key, as the document that was given. */
export interface PolicyRecord {
  readonly keyId: string
  /** JSON, at most 32 KiB of UTF-8. */
  readonly text: string
  readonly updatedAt: number
}

/** At most one of the contexts. */
export interface GrantConstraints {
  readonly contextEquals?: Readonly<Record<string, string>>
  readonly contextSubset?: Readonly<Record<string, string>>
  readonly sourceArn?: string
}

export interface GrantRecord {
  /** 32 bytes in lower-case hex: what stands for the grantee, then what stands for the grant. */
  readonly id: string
  readonly keyId: string
  readonly granteePrincipal: string
  readonly retiringPrincipal?: string
  readonly operations: readonly string[]
  readonly constraints?: GrantConstraints
  readonly name?: string
  readonly createdAt: number
  /** The principal that created it; absent: the owner. */
  readonly issuedBy?: string
  /** The account of that principal, twelve digits. */
  readonly issuingAccount?: string
}

/** How many grants a key has. */
export interface GrantCountRecord {
  readonly count: number
}

/** The first answer to a request that carried a retry token. */
export interface RetryRecord {
  readonly operation: string
  /** SHA-256 of the canonical request. */
  readonly request: Uint8Array
  /** The answer, canonically encoded. */
  readonly answer: Uint8Array
  readonly expiresAt: number
}

/** One pair of import parameters: the private key is sealed in it. */
export interface TicketRecord {
  readonly id: string
  readonly keyId: string
  readonly wrapping: string
  readonly wrappingSpec: 'RSA_2048' | 'RSA_3072' | 'RSA_4096'
  readonly privateKey: Uint8Array
  readonly publicKey: Uint8Array
  readonly expiresAt: number
}

/**
 * When a key next needs attention (deletion, expiry of material, rotation), so that `tick` finds it
 * without a scan of all keys.
 */
export interface AgendaRecord {
  readonly keyId: string
  readonly dueAt: number
}

/** A vault key or key key: 32 bytes and the epoch that it belongs to. */
export interface WrappedKeyRecord {
  readonly epoch: number
  readonly key: Uint8Array
}

/** Raw AES-GCM invocations of a version reserved so far in this store (SP 800-38D 8.3). */
export interface CounterRecord {
  readonly reserved: number
}

/**
 * One record of a commit as the journal keeps it. `value` is the sealed record itself; it is absent for a deletion and
 * for records that belong to one store only (`kind` scope `local`), which never leave it.
 */
export interface JournalWrite {
  readonly path: Uint8Array
  readonly gone: boolean
  readonly value?: Uint8Array
  /** Of the key of a key, which never shows: a keyed hash that tells one from another. */
  readonly name?: Uint8Array
}

/** One use of a key, when uses are audited too. */
export interface JournalUse {
  readonly operation: string
  readonly time: number
  readonly outcome: string
  readonly keyId?: string
  readonly versionId?: string
  readonly principal?: string
  readonly requestId?: string
  /** What the caller said of it. */
  readonly note?: Readonly<Record<string, string>>
}

/** One commit of one vault. */
export interface JournalRecord {
  /** The chain of the vault before: what the hash of this entry goes on from. */
  readonly previous: Uint8Array
  readonly time: number
  readonly operation: string
  readonly principal?: string
  readonly requestId?: string
  readonly keyId?: string
  /** Names this change to those who ask how far replicas are. */
  readonly replicationId?: string
  readonly writes: readonly JournalWrite[]
  readonly uses: readonly JournalUse[]
  /** How many rows the entry has, this one included. */
  readonly parts: number
}

/** Further writes of a commit that does not fit one row. */
export interface JournalPartRecord {
  readonly writes: readonly JournalWrite[]
}
