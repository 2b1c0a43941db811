/**
 * State is a pure function of record and time: what a vault, key or version *is* at `now`, whether
 * or not anything ran since the deadline. The cascade of a deletion is derived here and never
 * written: a key of a vault that is pending deletion is pending deletion with the vault's time,
 * unless it has its own; the same for the versions of a key (contracts: OCI 5.4).
 */
import { aloneSince, updatingUntil, type Family } from './family.ts'
import type { KeyState, KeyStoreState, VaultState, VersionState } from './lifecycle.ts'
import type { Deletion, KeyRecord, KeyStoreRecord, VaultRecord, VersionRecord } from './records.ts'

/**
 * A record with what it is at one moment. `seq` is the vault sequence at which the record was
 * written.
 */
interface View<R, S> {
  readonly record: R
  readonly seq: bigint
  readonly state: S
  readonly deletionAt?: number
  /** The state changed by time or by the parent alone: the record itself says something else. */
  readonly derived: boolean
}
export interface VaultView extends View<VaultRecord, VaultState> {
  /** A replica takes its changes from the primary alone. */
  readonly role: 'primary' | 'replica'
}
export type KeyStoreView = View<KeyStoreRecord, KeyStoreState>
export interface KeyView extends View<KeyRecord, KeyState> {
  readonly vault: VaultView
  /** The key store of the key, if it has one and that is here. */
  readonly keyStore?: KeyStoreView
  /** The other copies, of a multi-Region key. */
  readonly family?: Family
}
/** What a key's state depends on besides its own record and vault. */
export type Beside = Pick<KeyView, 'keyStore' | 'family'>
export interface VersionView extends View<VersionRecord, VersionState> {
  readonly key: KeyView
}

/** A record as the store holds it. */
export interface Stored<R> {
  readonly record: R
  readonly seq: bigint
}

const due = (deletion: Deletion | undefined, now: number): boolean =>
  deletion !== undefined && now >= deletion.at

export function settleVault(
  { record, seq }: Stored<VaultRecord>,
  now: number,
  role: VaultView['role'] = 'primary',
): VaultView {
  const at = record.deletion && { deletionAt: record.deletion.at }
  const view = { record, seq, role, ...at }
  if (record.state !== 'active') return { ...view, state: record.state, derived: false }
  if (due(record.deletion, now)) return { ...view, state: 'deleted', derived: true }
  return { ...view, state: record.deletion ? 'pendingDeletion' : 'active', derived: false }
}

/** A connection is on its way until it settles; a failure shows then too. */
export function settleKeyStore({ record, seq }: Stored<KeyStoreRecord>, now: number): KeyStoreView {
  const { connection, settlesAt } = record
  if (now >= settlesAt) return { record, seq, state: connection, derived: false }
  const state = connection === 'disconnected' ? 'disconnecting' : 'connecting'
  return { record, seq, state, derived: true }
}

/** When a deletion falls due: of a primary with replicas its window after the last of them is gone. */
function ending(
  { at, scheduledAt, waits }: Deletion,
  family: Family | undefined,
): { readonly at?: number; readonly derived: boolean } {
  if (!waits) return { at, derived: false }
  const alone = family && aloneSince(family)
  if (alone === undefined) return { derived: true }
  return { at: Math.max(alone, scheduledAt) + at - scheduledAt, derived: true }
}

export function settleKey(
  { record, seq }: Stored<KeyRecord>,
  vault: VaultView,
  now: number,
  { keyStore, family }: Beside = {},
): KeyView {
  const view = (state: KeyState, derived: boolean, deletionAt?: number): KeyView => ({
    record,
    seq,
    vault,
    state,
    derived,
    ...(keyStore && { keyStore }),
    ...(family && { family }),
    ...(deletionAt === undefined ? {} : { deletionAt }),
  })
  const own = record.deletion && ending(record.deletion, family)
  if (record.state === 'deleted') return view('deleted', false, own?.at ?? record.deletedAt)
  if (own?.at !== undefined && now >= own.at) return view('deleted', true, own.at)
  if (vault.state === 'deleted') return view('deleted', true, vault.deletionAt)
  if (own?.at === undefined && own) return view('pendingReplicaDeletion', false)
  if (own) return view('pendingDeletion', own.derived, own.at)
  if (vault.state === 'pendingDeletion') return view('pendingDeletion', true, vault.deletionAt)
  if (record.keyStore && keyStore?.state !== 'connected') return view('unavailable', true)
  if (now < (record.creatingUntil ?? -Infinity)) return view('creating', true)
  if (now < updatingUntil(record, family)) return view('updating', true)
  if (record.materialExpiresAt !== undefined && now >= record.materialExpiresAt)
    return view('pendingImport', record.state !== 'pendingImport')
  return view(record.state, false)
}

/** What a key is that is on its way into another state or role, once it is there. */
export const beneath = ({ record, state }: KeyView): KeyState =>
  state === 'creating' || state === 'updating' ? record.state : state

export function settleVersion(
  { record, seq }: Stored<VersionRecord>,
  key: KeyView,
  now: number,
): VersionView {
  const view = (state: VersionState, derived: boolean, deletionAt?: number): VersionView => ({
    record,
    seq,
    key,
    state,
    derived,
    ...(deletionAt === undefined ? {} : { deletionAt }),
  })
  const own = record.deletion
  if (record.state === 'deleted') return view('deleted', false, own?.at ?? record.deletedAt)
  if (due(own, now)) return view('deleted', true, own!.at)
  if (key.state === 'deleted') return view('deleted', true, key.deletionAt)
  if (own) return view('pendingDeletion', false, own.at)
  if (key.state === 'pendingDeletion') return view('pendingDeletion', true, key.deletionAt)
  if (key.state === 'pendingReplicaDeletion') return view('pendingDeletion', true)
  if (record.materialExpiresAt !== undefined && now >= record.materialExpiresAt)
    return view('pendingImport', record.state !== 'pendingImport')
  return view(record.state, false)
}

/** The state that a cancelled deletion gives back. */
export const previousKeyState = (record: KeyRecord): KeyState => record.state
