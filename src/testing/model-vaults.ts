/**
 * What the operations on vaults and aliases do, or why they are refused (contracts: OCI 5.1, 5.4;
 * AWS 10.2).
 */
import {
  DAY_MS,
  keyState,
  refuse,
  resume,
  touchVault,
  vaultState,
  type Model,
  type ModelKey,
  type ModelVault,
} from './model-state.ts'

const MINUTE_MS = 60_000

/** 7 to 30 days ahead with a minute of grace at both edges; 30 when nobody says. */
export function deletionTime(now: number, asked: number | undefined): number {
  if (asked === undefined) return now + 30 * DAY_MS
  const early = asked < now + 7 * DAY_MS - MINUTE_MS
  const late = asked > now + 30 * DAY_MS + MINUTE_MS
  return early || late || Number.isNaN(asked) ? refuse('INVALID_ARGUMENT') : asked
}

export interface NewVault {
  readonly displayName: string
  readonly compartmentId: string
  readonly tags?: Record<string, string>
}

export function createVault(model: Model, input: NewVault): ModelVault {
  const vault: ModelVault = {
    id: '',
    displayName: input.displayName,
    compartmentId: input.compartmentId,
    tags: { ...input.tags },
    gone: false,
    deletionAt: undefined,
    keys: [],
    aliases: new Map(),
    touched: true,
  }
  model.vaults.push(vault)
  return vault
}

/** Everything that makes or changes something in a vault needs it active. */
export function needActive(vault: ModelVault): void {
  if (vaultState(vault) !== 'active') refuse('INVALID_STATE')
}

export function updateVault(
  vault: ModelVault,
  change: { displayName?: string; tags?: Record<string, string>; compartmentId?: string },
): void {
  needActive(vault)
  if (change.displayName !== undefined) vault.displayName = change.displayName
  if (change.tags !== undefined) vault.tags = { ...change.tags }
  if (change.compartmentId !== undefined) vault.compartmentId = change.compartmentId
  vault.touched = true
}

/** The keys go along; one that is scheduled for later than the vault forbids it. */
export function scheduleVaultDeletion(model: Model, vault: ModelVault, asked?: number): void {
  needActive(vault)
  const at = deletionTime(model.now, asked)
  for (const key of vault.keys)
    if (!key.gone && key.deletionAt !== undefined && key.deletionAt > at) refuse('CONFLICT')
  vault.deletionAt = at
  touchVault(vault)
}

/** Vault and keys are what they were; keys that were scheduled by themselves stay so. */
export function cancelVaultDeletion(model: Model, vault: ModelVault): void {
  if (vaultState(vault) !== 'pendingDeletion') refuse('INVALID_STATE')
  vault.deletionAt = undefined
  touchVault(vault)
  for (const key of vault.keys) resume(key, model.now)
}

/** Keys and versions that are not deleted. */
export function vaultUsage(vault: ModelVault): { keyCount: number; keyVersionCount: number } {
  const keys = vault.keys.filter((key) => keyState(key) !== 'deleted')
  const versions = keys.flatMap((key) => key.versions.filter((version) => !version.gone))
  return { keyCount: keys.length, keyVersionCount: versions.length }
}

/** An alias may be given to a key that is alive and not on its way out. */
function needNameable(key: ModelKey): void {
  needActive(key.vault)
  if (keyState(key) === 'pendingDeletion' || keyState(key) === 'deleted') refuse('INVALID_STATE')
}

export function createAlias(key: ModelKey, name: string): void {
  needNameable(key)
  if (key.vault.aliases.has(name)) refuse('ALREADY_EXISTS')
  key.vault.aliases.set(name, key)
}

export function updateAlias(key: ModelKey, name: string): void {
  needNameable(key)
  if (!key.vault.aliases.has(name)) refuse('NOT_FOUND')
  key.vault.aliases.set(name, key)
}

export function deleteAlias(vault: ModelVault, name: string): void {
  if (!vault.aliases.has(name)) refuse('NOT_FOUND')
  vault.aliases.delete(name)
}

/** The key behind an alias. */
export function resolveAlias(vault: ModelVault, name: string): ModelKey {
  return vault.aliases.get(name) ?? refuse('NOT_FOUND')
}
