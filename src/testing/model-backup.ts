/** Backups of keys: what one holds, and what it brings back (contracts: OCI 9; Azure 4.5). */
import {
  keyState,
  loseMaterial,
  refuse,
  resume,
  touchKey,
  vaultState,
  versionState,
  type Model,
  type ModelKey,
  type ModelRotation,
  type ModelVersion,
} from './model-state.ts'
import { needKey } from './model-keys.ts'

/** A key as it was, with its usable versions. */
export interface ModelBackup {
  readonly key: ModelKey
  readonly state: ModelKey['state']
  readonly facts: Pick<
    ModelKey,
    'displayName' | 'description' | 'compartmentId' | 'tags' | 'olderVersions'
  >
  readonly rotation: ModelRotation | undefined
  readonly versions: readonly ModelVersion[]
  readonly current: number
  readonly pending: number | undefined
  readonly rotations: number
  readonly last: number
}

export function backupKey(key: ModelKey): ModelBackup {
  needKey(key, 'enabled', 'disabled')
  const { displayName, description, compartmentId, tags, olderVersions } = key
  const usable = key.versions.filter((version) =>
    ['enabled', 'disabled'].includes(versionState(version)),
  )
  return {
    key,
    state: key.state,
    facts: { displayName, description, compartmentId, tags: { ...tags }, olderVersions },
    rotation: key.rotation && { ...key.rotation },
    versions: usable.map((version) => ({ ...version })),
    current: key.current!.number,
    pending: key.pending?.number,
    rotations: key.rotations ?? 0,
    last: key.versions.at(-1)!.number,
  }
}

function needVault({ vault }: ModelKey): void {
  if (vaultState(vault) === 'deleted') refuse('NOT_FOUND')
  if (vaultState(vault) !== 'active') refuse('INVALID_STATE')
}

/** Into the key itself: everything of it is there, so all that is left is the stricter state. */
export function restoreKey(model: Model, { key, state, versions }: ModelBackup): ModelKey {
  needVault(key)
  if (keyState(key) === 'deleted') refuse('INVALID_STATE')
  for (const { number, state: then } of versions) {
    const version = key.versions.find((known) => known.number === number)!
    if (!version.gone && version.state === 'enabled') version.state = then
  }
  if (key.state === 'enabled') key.state = state
  touchKey(key)
  resume(key, model.now)
  return key
}

/** As a new key, whatever became of the old one. */
export function restoreNewKey(model: Model, backup: ModelBackup): ModelKey {
  const { key: source, facts, rotation, versions, state } = backup
  needVault(source)
  const key: ModelKey = {
    id: '',
    vault: source.vault,
    spec: source.spec,
    purposes: source.purposes,
    imported: source.imported,
    ...facts,
    tags: { ...facts.tags },
    state,
    gone: false,
    deletionAt: undefined,
    versions: [],
    current: undefined,
    rotation: rotation && { ...rotation },
    lastNumber: backup.last,
    touched: true,
  }
  key.versions = versions.map((version) => ({ ...version, id: '', key, touched: true }))
  key.current = key.versions.find(({ number }) => number === backup.current)
  key.pending = key.versions.find(({ number }) => number === backup.pending)
  key.rotations = backup.rotations
  source.vault.keys.push(key)
  for (const version of key.versions)
    if (version.materialExpiresAt !== undefined && version.materialExpiresAt <= model.now)
      loseMaterial(version)
  resume(key, model.now)
  return key
}
