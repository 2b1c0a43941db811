/** What is answered of vaults, keys and what belongs to them. */
import type { Purpose, Spec } from '../../domain/algorithms.ts'
import type { KeyState, KeyStoreState, VaultState, VersionState } from '../../domain/lifecycle.ts'
import type {
  DefinedTags,
  Json,
  KeyStorePlace,
  KeyStoreType,
  Origin,
  ProtectionMode,
  Tags,
  VaultType,
} from '../../domain/records.ts'
import type { RotationStatus } from './rotation.ts'

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
  /** Present when it may leave by `exportKey` whatever protects it. */
  readonly exportable?: true
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
  /** In a copy that was restored under new ids: the id under which the version was made at first. */
  readonly firstId?: string
  /** While it is `pendingDeletion`: the state that a cancellation gives back. */
  readonly previousState?: VersionState
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
