/**
 * TABLE state x event for vault, key and version (contracts: OCI section 5, AWS section 16, Azure
 * section 4.3). State changes only through `nextState`; an absent cell is a refusal. The tables are
 * the source of the diagrams in docs/lifecycle.md.
 */
import { StrongroomError } from '../base/errors.ts'

export const VAULT_STATES = ['active', 'pendingDeletion', 'deleted', 'restoring'] as const
export type VaultState = (typeof VAULT_STATES)[number]

/**
 * `unavailable`: the key store of the key is not connected. `creating` and `updating` are words for
 * faces; our own keys pass through them at once.
 */
export const KEY_STATES = [
  'creating',
  'pendingImport',
  'enabled',
  'disabled',
  'pendingDeletion',
  'deleted',
  'unavailable',
  'updating',
  'pendingReplicaDeletion',
] as const
export type KeyState = (typeof KEY_STATES)[number]

export const VERSION_STATES = [
  'pendingImport',
  'enabled',
  'disabled',
  'pendingDeletion',
  'deleted',
] as const
export type VersionState = (typeof VERSION_STATES)[number]

/**
 * A target of `previous` means: the state that the resource had before its deletion was scheduled.
 */
type Table<S extends string, E extends string> = Readonly<
  Partial<Record<S, Readonly<Partial<Record<E, S | 'previous'>>>>>
>

export type VaultEvent = 'update' | 'move' | 'schedule' | 'cancel' | 'due' | 'restore' | 'restored'
export const VAULT_TABLE: Table<VaultState, VaultEvent> = {
  active: { update: 'active', move: 'active', schedule: 'pendingDeletion' },
  pendingDeletion: { cancel: 'previous', due: 'deleted' },
  deleted: { restore: 'restoring' },
  restoring: { restored: 'active' },
}

export type KeyEvent =
  | 'update'
  | 'describe'
  | 'move'
  | 'enable'
  | 'disable'
  | 'ensureEnabled'
  | 'ensureDisabled'
  | 'rotate'
  | 'schedule'
  | 'scheduleAfterReplicas'
  | 'lastReplicaGone'
  | 'cancel'
  | 'cancelToDisabled'
  | 'due'
  | 'destroy'
  | 'importMaterial'
  | 'deleteMaterial'
export const KEY_TABLE: Table<KeyState, KeyEvent> = {
  pendingImport: {
    describe: 'pendingImport',
    move: 'pendingImport',
    importMaterial: 'enabled',
    deleteMaterial: 'pendingImport',
    schedule: 'pendingDeletion',
    scheduleAfterReplicas: 'pendingReplicaDeletion',
    destroy: 'deleted',
  },
  enabled: {
    update: 'enabled',
    describe: 'enabled',
    move: 'enabled',
    disable: 'disabled',
    ensureEnabled: 'enabled',
    ensureDisabled: 'disabled',
    rotate: 'enabled',
    schedule: 'pendingDeletion',
    scheduleAfterReplicas: 'pendingReplicaDeletion',
    destroy: 'deleted',
    importMaterial: 'enabled',
    deleteMaterial: 'pendingImport',
  },
  disabled: {
    describe: 'disabled',
    move: 'disabled',
    enable: 'enabled',
    ensureEnabled: 'enabled',
    ensureDisabled: 'disabled',
    schedule: 'pendingDeletion',
    scheduleAfterReplicas: 'pendingReplicaDeletion',
    destroy: 'deleted',
    importMaterial: 'disabled',
    deleteMaterial: 'pendingImport',
  },
  pendingDeletion: {
    cancel: 'previous',
    cancelToDisabled: 'disabled',
    due: 'deleted',
    destroy: 'deleted',
    deleteMaterial: 'pendingDeletion',
  },
  // A primary with replicas: its window begins when the last of them is gone.
  pendingReplicaDeletion: {
    cancel: 'previous',
    cancelToDisabled: 'disabled',
    lastReplicaGone: 'pendingDeletion',
    deleteMaterial: 'pendingReplicaDeletion',
  },
  // What is stored, and shows once the key store is connected again.
  unavailable: {
    describe: 'unavailable',
    move: 'unavailable',
    enable: 'enabled',
    disable: 'disabled',
    ensureEnabled: 'enabled',
    ensureDisabled: 'disabled',
    schedule: 'pendingDeletion',
    destroy: 'deleted',
  },
  // Copies of a multi-Region key: a new one, and those between which the lead changes.
  creating: {
    describe: 'creating',
    move: 'creating',
    schedule: 'pendingDeletion',
    destroy: 'deleted',
  },
  updating: {
    update: 'updating',
    describe: 'updating',
    move: 'updating',
    importMaterial: 'enabled',
    destroy: 'deleted',
  },
}

export const KEY_STORE_STATES = [
  'disconnected',
  'connecting',
  'connected',
  'disconnecting',
  'failed',
  'deleted',
] as const
export type KeyStoreState = (typeof KEY_STORE_STATES)[number]
export type KeyStoreEvent =
  'describe' | 'configure' | 'connect' | 'settled' | 'refused' | 'disconnect' | 'delete'
/** A key store that failed has to be disconnected before anything else (contracts: AWS 14, 17). */
export const KEY_STORE_TABLE: Table<KeyStoreState, KeyStoreEvent> = {
  disconnected: {
    describe: 'disconnected',
    configure: 'disconnected',
    connect: 'connecting',
    delete: 'deleted',
  },
  connecting: {
    connect: 'connecting',
    settled: 'connected',
    refused: 'failed',
    disconnect: 'disconnecting',
  },
  connected: { describe: 'connected', connect: 'connected', disconnect: 'disconnecting' },
  failed: { disconnect: 'disconnecting' },
  disconnecting: { settled: 'disconnected' },
}

export type VersionEvent =
  | 'update'
  | 'enable'
  | 'disable'
  | 'schedule'
  | 'cancel'
  | 'due'
  | 'importMaterial'
  | 'deleteMaterial'
export const VERSION_TABLE: Table<VersionState, VersionEvent> = {
  enabled: {
    update: 'enabled',
    enable: 'enabled',
    disable: 'disabled',
    schedule: 'pendingDeletion',
    deleteMaterial: 'pendingImport',
    importMaterial: 'enabled',
  },
  disabled: {
    update: 'disabled',
    enable: 'enabled',
    disable: 'disabled',
    schedule: 'pendingDeletion',
    deleteMaterial: 'pendingImport',
    importMaterial: 'disabled',
  },
  pendingImport: {
    update: 'pendingImport',
    importMaterial: 'enabled',
    deleteMaterial: 'pendingImport',
    schedule: 'pendingDeletion',
  },
  pendingDeletion: { cancel: 'previous', due: 'deleted' },
}

export const TABLES = {
  vault: VAULT_TABLE,
  key: KEY_TABLE,
  version: VERSION_TABLE,
  keyStore: KEY_STORE_TABLE,
} as const

/**
 * The state after an event, or the refusal that says which states allow it. `previous` is only read
 * on `cancel`.
 */
export function nextState<S extends string, E extends string>(
  kind: keyof typeof TABLES,
  table: Table<S, E>,
  state: S,
  event: E,
  previous?: S,
): S {
  const row = Object.hasOwn(table, state) ? table[state] : undefined
  const target = row && Object.hasOwn(row, event) ? row[event] : undefined
  if (target !== undefined) return target === 'previous' ? previous! : (target as S)
  const allowed = (Object.keys(table) as S[]).filter((from) =>
    Object.hasOwn(table[from] ?? {}, event),
  )
  const expected = allowed.join(' or ')
  throw new StrongroomError(
    'INVALID_STATE',
    `${kind}: ${event} expected state ${expected}, found ${state}.`,
    {
      explain: { operation: event, rule: `${kind}.state`, expected, found: state },
    },
  )
}
