/** Backups and their restore. */
import type { ObjectRef } from '../../backup/objects.ts'
import type { ProtectionMode } from '../../domain/records.ts'
import type { Asked, KeyRef, VaultRef } from './asked.ts'
import type { Key, Vault } from './shown.ts'

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
  /** The key takes the aliases of the backup, with `newIds` too; ALREADY_EXISTS when one is taken. */
  readonly takeAliases?: boolean
  readonly retryToken?: string
}
export interface RestoreVaultInput extends Asked, BackupSource {
  /** Default: that of the backup. */
  readonly compartmentId?: string
  readonly retryToken?: string
}

export interface BackupOperations {
  /** Without `to` the answer has the blob; a vault's is made while it is read. */
  backupVault: [BackupVaultInput, VaultBackup]
  /** All or nothing; over a vault that is not deleted: ALREADY_EXISTS. */
  restoreVault: [RestoreVaultInput, Vault]
  backupKey: [BackupKeyInput, KeyBackup]
  /** Adds what is missing; nothing that was destroyed comes back, unless as a new key. */
  restoreKey: [RestoreKeyInput, Key]
}
