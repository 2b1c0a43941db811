/**
 * TABLE of operations: what each requires of vault, key and version, whether it writes, and what it
 * is for. A new operation is one row here, one input schema, and a body that the compiler asks for.
 */
import type { Purpose } from './algorithms.ts'
import {
  KEY_STATES,
  type KeyEvent,
  type KeyState,
  type VaultEvent,
  type VaultState,
  type VersionEvent,
} from './lifecycle.ts'
import type { ProtectionMode } from './records.ts'

interface Common {
  readonly writes: boolean
  /** The states in which the vault allows it; absent = any. */
  readonly vault?: readonly VaultState[]
  /**
   * False where `ifMatch` does not speak of the target: something new is made, or the body matches
   * an alias or a key store.
   */
  readonly etag?: false
  /**
   * True where material is destroyed: the answer waits for the sweep that makes it unrecoverable.
   */
  readonly destroys?: true
  /** False where a key of a key store has nothing to offer: it has one version, which stays here. */
  readonly keyStores?: false
}
export interface RoomRow extends Common {
  readonly target: 'room'
}
export interface VaultRow extends Common {
  readonly target: 'vault'
  readonly event?: VaultEvent
  readonly copies?: true
}
export interface KeyRow extends Common {
  readonly target: 'key'
  readonly event?: KeyEvent
  readonly key?: readonly KeyState[]
  /** True where material leaves in a backup: of what is here, and at the primary. */
  readonly copies?: true
  /** True where it is for the primary of a multi-Region key: the other copies follow. */
  readonly primary?: true
  /** True where a multi-Region key must have no other copies. */
  readonly alone?: true
  /** Who may is decided by what the key has, such as a grant, and not by the key. */
  readonly by?: 'grant'
}
export interface VersionRow extends Common {
  readonly target: 'version'
  readonly event?: VersionEvent
  readonly key?: readonly KeyState[]
}
/** Uses the material of a version. */
export interface UseRow extends Common {
  readonly target: 'use'
  readonly key: readonly KeyState[]
  readonly purpose?: Purpose
  /** The word in a version's permitted operations. */
  readonly operation?: string
  /**
   * `apply` makes new protected data (current version, inside its window); `process` opens old
   * data.
   */
  readonly mode: 'apply' | 'process'
  readonly protection?: readonly ProtectionMode[]
}
export type OperationRow = RoomRow | VaultRow | KeyRow | VersionRow | UseRow

const ACTIVE: readonly VaultState[] = ['active']
const USABLE: readonly KeyState[] = ['enabled', 'updating']
const USABLE_OR_AWAY: readonly KeyState[] = [...USABLE, 'unavailable']
const LIVING = KEY_STATES.filter((state) => state !== 'deleted')
const ENABLED: readonly KeyState[] = ['enabled']
const HELD: readonly KeyState[] = ['enabled', 'disabled']
const IMPORTABLE: readonly KeyState[] = ['pendingImport', ...HELD]

const room = (writes: boolean) => ({ target: 'room', writes }) as const
const readVault = { target: 'vault', writes: false } as const
const vaultEvent = (event: VaultEvent) => ({ target: 'vault', writes: true, event }) as const
/** Makes something new inside an active vault. */
const inVault = { target: 'vault', writes: true, vault: ACTIVE, etag: false } as const
const readKey = { target: 'key', writes: false } as const
const keyEvent = (event: KeyEvent) =>
  ({ target: 'key', writes: true, vault: ACTIVE, event }) as const
/** Changes who may use a key that is not gone. */
const shared = { target: 'key', writes: true, vault: ACTIVE, key: LIVING } as const
const readVersion = { target: 'version', writes: false } as const
const versionEvent = (event: VersionEvent) =>
  ({ target: 'version', writes: true, vault: ACTIVE, key: HELD, event }) as const
const use = (mode: 'apply' | 'process', operation: string, purpose: Purpose) =>
  ({ target: 'use', writes: false, vault: ACTIVE, key: USABLE, mode, operation, purpose }) as const

export const OPERATIONS = {
  createVault: room(true),
  getVault: readVault,
  listVaults: room(false),
  updateVault: vaultEvent('update'),
  changeVaultCompartment: vaultEvent('move'),
  scheduleVaultDeletion: vaultEvent('schedule'),
  cancelVaultDeletion: vaultEvent('cancel'),
  getVaultUsage: readVault,
  createVaultReplica: { target: 'vault', writes: true, vault: ACTIVE },
  deleteVaultReplica: { target: 'vault', writes: true },
  listVaultReplicas: readVault,
  promoteVaultReplica: room(true),
  getReplicationStatus: readVault,
  backupVault: { target: 'vault', writes: false, vault: ACTIVE, copies: true },
  restoreVault: room(true),

  createKey: inVault,
  getKey: readKey,
  listKeys: readVault,
  updateKey: keyEvent('update'),
  changeKeyCompartment: keyEvent('move'),
  enableKey: keyEvent('enable'),
  disableKey: keyEvent('disable'),
  scheduleKeyDeletion: keyEvent('schedule'),
  cancelKeyDeletion: keyEvent('cancel'),
  destroyKey: { target: 'key', writes: true, event: 'destroy', destroys: true, alone: true },
  replicateKey: { target: 'key', writes: true, vault: ACTIVE, key: ENABLED, primary: true },
  changePrimaryKey: { target: 'key', writes: true, vault: ACTIVE, key: USABLE },
  tagKey: keyEvent('describe'),
  untagKey: keyEvent('describe'),
  createAlias: { ...keyEvent('describe'), etag: false },
  updateAlias: { ...keyEvent('describe'), etag: false },
  deleteAlias: { target: 'vault', writes: true, etag: false },
  listAliases: readVault,
  getKeyPolicy: readKey,
  putKeyPolicy: { ...shared, etag: false },
  createGrant: { ...shared, key: USABLE_OR_AWAY },
  listGrants: readKey,
  listRetirableGrants: room(false),
  retireGrant: { ...shared, by: 'grant' },
  revokeGrant: shared,
  getRotationPolicy: readKey,
  putRotationPolicy: { ...keyEvent('describe'), keyStores: false, primary: true },
  rotateKey: { ...keyEvent('rotate'), keyStores: false, primary: true },
  listRotations: readKey,
  backupKey: { target: 'key', writes: false, vault: ACTIVE, key: HELD, copies: true },
  restoreKey: room(true),

  createKeyStore: inVault,
  getKeyStore: readVault,
  listKeyStores: readVault,
  updateKeyStore: { target: 'vault', writes: true, vault: ACTIVE, etag: false },
  connectKeyStore: { target: 'vault', writes: true, vault: ACTIVE, etag: false },
  disconnectKeyStore: { target: 'vault', writes: true, vault: ACTIVE, etag: false },
  deleteKeyStore: { target: 'vault', writes: true, vault: ACTIVE, etag: false },

  createKeyVersion: { ...keyEvent('rotate'), keyStores: false, primary: true },
  getKeyVersion: readVersion,
  listKeyVersions: readKey,
  updateKeyVersion: versionEvent('update'),
  scheduleKeyVersionDeletion: versionEvent('schedule'),
  cancelKeyVersionDeletion: versionEvent('cancel'),

  getWrappingKey: { target: 'vault', writes: true, vault: ACTIVE },
  importKey: inVault,
  importKeyVersion: { ...keyEvent('rotate'), keyStores: false, primary: true },
  getImportParameters: { ...keyEvent('importMaterial'), key: IMPORTABLE, keyStores: false },
  importKeyMaterial: { ...keyEvent('importMaterial'), keyStores: false },
  deleteKeyMaterial: { ...keyEvent('deleteMaterial'), destroys: true, keyStores: false },

  encrypt: use('apply', 'encrypt', 'encrypt'),
  decrypt: use('process', 'decrypt', 'encrypt'),
  reEncrypt: use('apply', 'encrypt', 'encrypt'),
  generateDataKey: use('apply', 'encrypt', 'encrypt'),
  generateDataKeyPair: use('apply', 'encrypt', 'encrypt'),
  generateRandom: room(false),
  sign: use('apply', 'sign', 'sign'),
  verify: use('process', 'verify', 'sign'),
  generateMac: use('apply', 'generateMac', 'mac'),
  verifyMac: use('process', 'verifyMac', 'mac'),
  wrapKey: use('apply', 'wrapKey', 'wrap'),
  unwrapKey: use('process', 'unwrapKey', 'wrap'),
  deriveSharedSecret: use('apply', 'deriveSharedSecret', 'agree'),
  encapsulate: use('apply', 'encapsulate', 'encapsulate'),
  decapsulate: use('process', 'decapsulate', 'encapsulate'),
  getPublicKey: { target: 'use', writes: false, vault: ACTIVE, key: USABLE, mode: 'process' },
  exportKey: {
    target: 'use',
    writes: false,
    vault: ACTIVE,
    key: USABLE,
    mode: 'process',
    operation: 'export',
    protection: ['SOFTWARE'],
  },
} as const satisfies Record<string, OperationRow>

export type OperationTable = typeof OPERATIONS
export type UseName = {
  [O in keyof OperationTable]: OperationTable[O]['target'] extends 'use' ? O : never
}[keyof OperationTable]
