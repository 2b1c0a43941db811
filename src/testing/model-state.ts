/**
 * A second opinion: the life cycles of vaults, keys and versions written down a second time,
 * plainly, from the promises made to users and not from the engine's tables. It moves through time
 * event by event, where the engine computes what a record is at a moment; it keeps its resources as
 * plain mutable objects and holds no secret. Property tests run the same operations through both
 * and compare (`test/model`).
 */
import type { Purpose, Spec } from '../domain/algorithms.ts'
import type { ErrorCode } from '../base/errors.ts'

export const DAY_MS = 24 * 60 * 60 * 1000
const CATCH_UP_MAX = 12

/** The refusal that the model predicts. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: ErrorCode
  constructor(code: ErrorCode) {
    super(code)
    this.code = code
  }
}
export function refuse(code: ErrorCode): never {
  throw new Refusal(code)
}

export interface ModelVault {
  id: string
  displayName: string
  compartmentId: string
  tags: Record<string, string>
  gone: boolean
  deletionAt: number | undefined
  keys: ModelKey[]
  /** Alias name -> key. */
  aliases: Map<string, ModelKey>
  /** Set by every change, cleared by whoever compares. */
  touched: boolean
}

export interface ModelRotation {
  everyDays: number | undefined
  daysAfterCreation: number | undefined
  daysBeforeExpiry: number | undefined
  expiryDays: number | undefined
  enabled: boolean
  /** When it fires next; in the past while the key cannot rotate. */
  nextAt: number | undefined
}

export interface ModelKey {
  id: string
  readonly vault: ModelVault
  readonly spec: Spec
  readonly purposes: readonly Purpose[]
  readonly imported: boolean
  displayName: string
  description: string
  compartmentId: string
  tags: Record<string, string>
  /** What it is when nothing is scheduled. */
  state: 'pendingImport' | 'enabled' | 'disabled'
  gone: boolean
  /** Its own deletion; the vault's is not written here. */
  deletionAt: number | undefined
  olderVersions: 'process' | 'all'
  versions: ModelVersion[]
  current: ModelVersion | undefined
  /** Imported, and waiting for a rotation on demand. */
  pending?: ModelVersion | undefined
  /** On demand, so far. */
  rotations?: number
  rotation: ModelRotation | undefined
  /** The highest number given before a backup that it was restored from. */
  readonly lastNumber?: number
  touched: boolean
}

export interface ModelVersion {
  id: string
  readonly key: ModelKey
  readonly number: number
  readonly createdAt: number
  readonly autoRotated: boolean
  state: 'pendingImport' | 'enabled' | 'disabled'
  gone: boolean
  deletionAt: number | undefined
  notBefore: number | undefined
  expiresOn: number | undefined
  operations: readonly string[] | undefined
  materialExpiresAt: number | undefined
  /** Stands for the bytes of imported material. */
  readonly material: number | undefined
  tags: Record<string, string>
  touched: boolean
}

export interface Model {
  now: number
  readonly vaults: ModelVault[]
}

export const newModel = (now: number): Model => ({ now, vaults: [] })

export function vaultState(vault: ModelVault): 'active' | 'pendingDeletion' | 'deleted' {
  if (vault.gone) return 'deleted'
  return vault.deletionAt === undefined ? 'active' : 'pendingDeletion'
}

/** A key follows its vault down, unless it went earlier by itself. */
export function keyState(key: ModelKey): ModelKey['state'] | 'pendingDeletion' | 'deleted' {
  if (key.gone || key.vault.gone) return 'deleted'
  if (key.deletionAt !== undefined) return 'pendingDeletion'
  return key.vault.deletionAt === undefined ? key.state : 'pendingDeletion'
}

export const keyDeletionAt = (key: ModelKey): number | undefined =>
  key.deletionAt ?? key.vault.deletionAt

/** A version follows its key down, unless it went earlier by itself. */
export function versionState(
  version: ModelVersion,
): ModelVersion['state'] | 'pendingDeletion' | 'deleted' {
  const key = keyState(version.key)
  if (version.gone || key === 'deleted') return 'deleted'
  if (version.deletionAt !== undefined) return 'pendingDeletion'
  return key === 'pendingDeletion' ? 'pendingDeletion' : version.state
}

export const versionDeletionAt = (version: ModelVersion): number | undefined =>
  version.deletionAt ?? keyDeletionAt(version.key)

/** Marks a key and all below it as changed. */
export function touchKey(key: ModelKey): void {
  key.touched = true
  for (const version of key.versions) version.touched = true
}

/** Marks a vault and all below it as changed. */
export function touchVault(vault: ModelVault): void {
  vault.touched = true
  for (const key of vault.keys) touchKey(key)
}

export interface VersionFacts {
  readonly createdAt: number
  readonly autoRotated?: boolean
  readonly state?: ModelVersion['state']
  readonly notBefore?: number | undefined
  readonly expiresOn?: number | undefined
  readonly operations?: readonly string[] | undefined
  readonly materialExpiresAt?: number | undefined
  readonly material?: number
  /** It waits beside the current one. */
  readonly pending?: boolean
  readonly tags?: Record<string, string>
}

/** A new version becomes the current one, unless it waits, and counts on from the highest number ever given. */
export function addVersion(key: ModelKey, facts: VersionFacts): ModelVersion {
  const version: ModelVersion = {
    id: '',
    key,
    number: Math.max(key.lastNumber ?? 0, key.versions.at(-1)?.number ?? 0) + 1,
    createdAt: facts.createdAt,
    autoRotated: facts.autoRotated ?? false,
    state: facts.state ?? 'enabled',
    gone: false,
    deletionAt: undefined,
    notBefore: facts.notBefore,
    expiresOn: facts.expiresOn,
    operations: facts.operations,
    materialExpiresAt: facts.materialExpiresAt,
    material: facts.material,
    tags: { ...facts.tags },
    touched: true,
  }
  key.versions.push(version)
  if (facts.pending) key.pending = version
  else key.current = version
  touchKey(key)
  return version
}

/** When a policy fires next, given when it fired last (or was set) and the current version. */
export function nextRotation(
  rotation: ModelRotation,
  since: number,
  current: { readonly createdAt: number; readonly expiresOn: number | undefined } | undefined,
): number | undefined {
  if (!rotation.enabled || current === undefined) return undefined
  if (rotation.everyDays !== undefined) return since + rotation.everyDays * DAY_MS
  if (rotation.daysAfterCreation !== undefined)
    return current.createdAt + rotation.daysAfterCreation * DAY_MS
  if (current.expiresOn === undefined) return undefined
  return current.expiresOn - (rotation.daysBeforeExpiry ?? 0) * DAY_MS
}

/** Only an enabled key rotates; what was missed for too long is made up by the newest twelve. */
function rotate(key: ModelKey, from: number, to: number): void {
  const { rotation } = key
  if (rotation === undefined || keyState(key) !== 'enabled') return
  const due: number[] = []
  let current: Parameters<typeof nextRotation>[2] = key.current
  while (rotation.nextAt !== undefined && rotation.nextAt <= to) {
    const at = Math.max(rotation.nextAt, from)
    due.push(at)
    const { expiryDays } = rotation
    const expiresOn = expiryDays === undefined ? undefined : at + expiryDays * DAY_MS
    current = { createdAt: at, expiresOn }
    rotation.nextAt = nextRotation(rotation, at, current)
  }
  // What the version before may be used for, its successor may.
  const { operations, tags = {} } = key.current ?? {}
  for (const createdAt of due.slice(-CATCH_UP_MAX)) {
    const { expiryDays } = rotation
    const expiresOn = expiryDays === undefined ? undefined : createdAt + expiryDays * DAY_MS
    addVersion(key, { createdAt, autoRotated: true, expiresOn, operations, tags })
  }
}

/** A key that can rotate again does at once what fell due while it could not. */
export function resume(key: ModelKey, now: number): void {
  rotate(key, now, now)
}

const reached = (at: number | undefined, now: number): boolean => at !== undefined && at <= now

function endVersion(version: ModelVersion, now: number): void {
  if (!version.gone && reached(version.deletionAt, now)) {
    version.gone = true
    version.touched = true
  }
  if (reached(version.materialExpiresAt, now)) loseMaterial(version)
}

/**
 * Expired or deleted: the version waits for its material, and so does its key (AWS 9: all of it has
 * to be there).
 */
export function loseMaterial(version: ModelVersion): void {
  version.state = 'pendingImport'
  version.materialExpiresAt = undefined
  touchKey(version.key)
  if (version !== version.key.pending) version.key.state = 'pendingImport'
}

function endKey(key: ModelKey, from: number, now: number): void {
  if (reached(key.deletionAt, now) || key.vault.gone) destroy(key)
  if (key.gone) return
  for (const version of key.versions) endVersion(version, now)
  rotate(key, from, now)
}

/** From here on the key is known, and nothing more. */
export function destroy(key: ModelKey): void {
  if (!key.gone) touchKey(key)
  key.gone = true
  for (const [name, target] of key.vault.aliases) if (target === key) key.vault.aliases.delete(name)
}

/** Lets time pass: deletions, expiries and rotations happen on the way. */
export function advance(model: Model, ms: number): void {
  const from = model.now
  model.now += ms
  for (const vault of model.vaults) {
    if (!vault.gone && reached(vault.deletionAt, model.now)) {
      vault.gone = true
      touchVault(vault)
    }
    for (const key of vault.keys) endKey(key, from, model.now)
  }
}
