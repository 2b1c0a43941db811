/**
 * What the operations on key versions do, or why they are refused (contracts: OCI 5.3, 5.4; Azure
 * 4.2, 4.3).
 */
import {
  addVersion,
  DAY_MS,
  nextRotation,
  refuse,
  resume,
  versionState,
  type Model,
  type ModelKey,
  type ModelVersion,
  type VersionFacts,
} from './model-state.ts'
import { needKey } from './model-keys.ts'
import { deletionTime } from './model-vaults.ts'

/** New material for an enabled key; a schedule that counts from the current version starts anew. */
export function createKeyVersion(
  model: Model,
  key: ModelKey,
  facts: Omit<VersionFacts, 'createdAt'>,
): ModelVersion {
  needKey(key, 'enabled')
  const days = key.rotation?.expiryDays
  const expiresOn = facts.expiresOn ?? (days === undefined ? undefined : model.now + days * DAY_MS)
  if (isEmpty(facts.notBefore, expiresOn)) refuse('INVALID_ARGUMENT')
  const version = addVersion(key, { ...facts, expiresOn, createdAt: model.now })
  countFromCurrent(model, key)
  return version
}

/** A window must have a moment inside. */
const isEmpty = (notBefore: number | undefined, expiresOn: number | undefined): boolean =>
  notBefore !== undefined && expiresOn !== undefined && notBefore >= expiresOn

/** An interval keeps its beat; the other triggers look at the current version. */
function countFromCurrent(model: Model, key: ModelKey): void {
  if (key.rotation === undefined || key.rotation.everyDays !== undefined) return
  key.rotation.nextAt = nextRotation(key.rotation, 0, key.current)
  resume(key, model.now)
}

function needVersion(version: ModelVersion, ...states: readonly string[]): void {
  needKey(version.key, 'enabled', 'disabled')
  if (!states.includes(versionState(version))) refuse('INVALID_STATE')
}

export interface VersionChange {
  readonly enabled?: boolean
  readonly notBefore?: number | null
  readonly expiresOn?: number | null
  readonly operations?: readonly string[] | null
  readonly tags?: Record<string, string>
}

/** Null takes a bound away, absence leaves it. */
const changed = <T>(before: T | undefined, change: T | null | undefined): T | undefined =>
  change === undefined ? before : (change ?? undefined)

export function updateKeyVersion(model: Model, version: ModelVersion, change: VersionChange): void {
  needVersion(version, 'enabled', 'disabled', 'pendingImport')
  if (change.enabled !== undefined && version.state === 'pendingImport') refuse('INVALID_STATE')
  const notBefore = changed(version.notBefore, change.notBefore)
  const expiresOn = changed(version.expiresOn, change.expiresOn)
  if (isEmpty(notBefore, expiresOn)) refuse('INVALID_ARGUMENT')
  if (change.enabled !== undefined) version.state = change.enabled ? 'enabled' : 'disabled'
  version.notBefore = notBefore
  version.expiresOn = expiresOn
  version.operations = changed(version.operations, change.operations)
  if (change.tags !== undefined) version.tags = { ...change.tags }
  version.touched = true
  version.key.touched = true
  if (version === version.key.current) countFromCurrent(model, version.key)
}

/** The current version cannot go before its key. */
export function scheduleVersionDeletion(model: Model, version: ModelVersion, asked?: number): void {
  needVersion(version, 'enabled', 'disabled', 'pendingImport')
  if (version.key.current === version || version.key.pending === version) refuse('CONFLICT')
  version.deletionAt = deletionTime(model.now, asked)
  version.touched = true
  version.key.touched = true
}

export function cancelVersionDeletion(version: ModelVersion): void {
  needVersion(version, 'pendingDeletion')
  version.deletionAt = undefined
  version.touched = true
  version.key.touched = true
}
