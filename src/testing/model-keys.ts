/**
 * What the operations on keys do, or why they are refused (contracts: OCI 5.2, 5.4; AWS 10.1, 16;
 * Azure 4.2).
 */
import type { Purpose, Spec } from '../domain/algorithms.ts'
import {
  addVersion,
  destroy,
  keyState,
  nextRotation,
  refuse,
  resume,
  touchKey,
  type Model,
  type ModelKey,
  type ModelVault,
  type VersionFacts,
} from './model-state.ts'
import { deletionTime, needActive } from './model-vaults.ts'

export interface NewKey {
  readonly spec: Spec
  readonly purposes: readonly Purpose[]
  readonly displayName: string
  readonly compartmentId?: string
  readonly tags?: Record<string, string>
  readonly imported?: boolean
  readonly olderVersions?: 'process' | 'all'
  readonly version?: Omit<VersionFacts, 'createdAt'>
}

/** Made with its first version, or without one when its material is still to come. */
export function createKey(model: Model, vault: ModelVault, input: NewKey): ModelKey {
  needActive(vault)
  const imported = input.imported ?? false
  const key: ModelKey = {
    id: '',
    vault,
    spec: input.spec,
    purposes: input.purposes,
    imported,
    displayName: input.displayName,
    description: '',
    compartmentId: input.compartmentId ?? vault.compartmentId,
    tags: { ...input.tags },
    state: imported ? 'pendingImport' : 'enabled',
    gone: false,
    deletionAt: undefined,
    olderVersions: input.olderVersions ?? 'process',
    versions: [],
    current: undefined,
    rotation: undefined,
    touched: true,
  }
  vault.keys.push(key)
  if (!imported) addVersion(key, { ...input.version, createdAt: model.now })
  return key
}

/** Refuses unless the key is in one of the states, in an active vault. */
export function needKey(key: ModelKey, ...states: readonly string[]): void {
  needActive(key.vault)
  if (!states.includes(keyState(key))) refuse('INVALID_STATE')
}

export function enableKey(model: Model, key: ModelKey): void {
  needKey(key, 'disabled')
  key.state = 'enabled'
  touchKey(key)
  resume(key, model.now)
}

export function disableKey(key: ModelKey): void {
  needKey(key, 'enabled')
  key.state = 'disabled'
  touchKey(key)
}

export interface KeyChange {
  readonly displayName?: string
  readonly description?: string
  readonly tags?: Record<string, string>
  readonly olderVersions?: 'process' | 'all'
}

/** Only an enabled key (OCI), or any that is not on its way out (AWS, Azure) when asked so. */
export function updateKey(key: ModelKey, change: KeyChange, whileDisabled: boolean): void {
  if (whileDisabled) needKey(key, 'enabled', 'disabled', 'pendingImport')
  else needKey(key, 'enabled')
  if (change.displayName !== undefined) key.displayName = change.displayName
  if (change.description !== undefined) key.description = change.description
  if (change.tags !== undefined) key.tags = { ...change.tags }
  if (change.olderVersions !== undefined) key.olderVersions = change.olderVersions
  touchKey(key)
}

export function moveKey(key: ModelKey, compartmentId: string): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  key.compartmentId = compartmentId
  touchKey(key)
}

export function tagKey(key: ModelKey, tags: Record<string, string>): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  key.tags = { ...key.tags, ...tags }
  touchKey(key)
}

export function untagKey(key: ModelKey, names: readonly string[]): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  key.tags = Object.fromEntries(Object.entries(key.tags).filter(([name]) => !names.includes(name)))
  touchKey(key)
}

/** The versions go along; one that is scheduled for later than the key forbids it. */
export function scheduleKeyDeletion(model: Model, key: ModelKey, asked?: number): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  const at = deletionTime(model.now, asked)
  for (const version of key.versions)
    if (!version.gone && version.deletionAt !== undefined && version.deletionAt > at)
      refuse('CONFLICT')
  key.deletionAt = at
  touchKey(key)
}

/** Only a key that was scheduled by itself, in a vault that is not. */
export function cancelKeyDeletion(
  model: Model,
  key: ModelKey,
  restoreTo: 'previous' | 'disabled',
): void {
  needKey(key, 'pendingDeletion')
  key.deletionAt = undefined
  if (restoreTo === 'disabled' && key.state !== 'pendingImport') key.state = 'disabled'
  touchKey(key)
  resume(key, model.now)
}

/** At once, from any state but the last. */
export function destroyKey(key: ModelKey): void {
  if (keyState(key) === 'deleted') refuse('INVALID_STATE')
  destroy(key)
}

export interface RotationChange {
  readonly everyDays?: number
  readonly daysAfterCreation?: number
  readonly daysBeforeExpiry?: number
  readonly expiryDays?: number
  readonly startAt?: number
  readonly enabled?: boolean
}

export function putRotation(model: Model, key: ModelKey, change: RotationChange | null): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  key.rotation = undefined
  touchKey(key)
  if (change === null) return
  const { everyDays, daysAfterCreation, daysBeforeExpiry, expiryDays, startAt, enabled } = change
  key.rotation = {
    everyDays,
    daysAfterCreation,
    daysBeforeExpiry,
    expiryDays,
    enabled: enabled ?? true,
    nextAt: undefined,
  }
  key.rotation.nextAt = nextRotation(key.rotation, startAt ?? model.now, key.current)
  resume(key, model.now)
}
