/** The system under test, and how what it answers is compared with the model. */
import { expect } from 'vitest'
import type {
  Answer,
  Explained,
  ExplainInput,
  Input,
  Key,
  OperationName,
  Vault,
  Version,
} from '../../src/engine/api.ts'
import type { VirtualClock } from '../../src/base/clock.ts'
import { StrongroomError, type ErrorCode } from '../../src/base/errors.ts'
import * as m from '../../src/testing/model.ts'

/** Every operation of the public surface, and what the tests need of the room itself. */
export type Room = {
  readonly [O in OperationName]: (input: Input<O>) => Promise<Answer<O>>
} & {
  explain(input: ExplainInput): Promise<Explained>
  tick(): Promise<unknown>
  close(): Promise<void>
}

/** What a version made: opened, verified or refused later. */
export interface Made {
  readonly key: m.ModelKey
  readonly version: m.ModelVersion
  readonly bytes: Uint8Array
  /** The operation that made it. */
  readonly by: 'encrypt' | 'generateDataKey' | 'wrapKey' | 'sign' | 'encapsulate' | 'generateMac'
}

export interface Real {
  room: Room
  readonly clock: VirtualClock
  /** Closes the room and opens it again over the same store. */
  reopen(): Promise<Room>
  readonly made: Made[]
  readonly backups: { readonly of: m.ModelBackup; readonly blob: Uint8Array }[]
  /** What was read last of every resource, by its id. */
  readonly seen: Map<string, { readonly etag: string; readonly view: string }>
}

export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000'

const ms = (date: Date | undefined): number | undefined => date?.getTime()

/**
 * What was answered, or the code of the refusal. Anything but a StrongroomError is a defect and is
 * thrown on.
 */
export async function outcome<T>(
  call: () => Promise<T>,
): Promise<{ readonly answer: T } | { readonly code: ErrorCode; readonly error: StrongroomError }> {
  try {
    return { answer: await call() }
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code === 'INTERNAL') throw error
    return { code: error.code, error }
  }
}

/** What the model says: a result, or the refusal. */
export function predicted<T>(act: () => T): { readonly result: T } | { readonly code: ErrorCode } {
  try {
    return { result: act() }
  } catch (error) {
    if (error instanceof m.Refusal) return { code: error.code }
    throw error
  }
}

/** JSON in which the order of names means nothing. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )

/**
 * Equal etags promise an equal resource; a resource that nothing touched keeps its etag.
 */
function compareEtag(
  real: Real,
  resource: { id: string; etag: string; state: string },
  touched: boolean,
): void {
  const view = canonical(resource)
  const before = real.seen.get(resource.id)
  if (before?.etag === resource.etag) expect(view).toBe(before.view)
  const settled = resource.state !== 'deleted' && resource.state !== 'pendingImport'
  if (before !== undefined && !touched && settled) expect(resource.etag).toBe(before.etag)
  real.seen.set(resource.id, { etag: resource.etag, view })
}

function compareVaultView(real: Real, vault: m.ModelVault, got: Vault): void {
  const state = m.vaultState(vault)
  expect({
    id: got.id,
    state: got.state,
    displayName: got.displayName,
    compartmentId: got.compartmentId,
    tags: got.tags,
    deletionAt: state === 'deleted' ? undefined : ms(got.deletionAt),
  }).toEqual({
    id: vault.id,
    state,
    displayName: vault.displayName,
    compartmentId: vault.compartmentId,
    tags: vault.tags,
    deletionAt: state === 'deleted' ? undefined : vault.deletionAt,
  })
  compareEtag(real, got, vault.touched)
  vault.touched = false
}

function compareKeyView(real: Real, key: m.ModelKey, got: Key): void {
  const state = m.keyState(key)
  const pending = state === 'pendingDeletion'
  expect({
    id: got.id,
    vaultId: got.vaultId,
    state: got.state,
    spec: got.spec,
    purposes: got.purposes,
    displayName: got.displayName,
    description: got.description,
    compartmentId: got.compartmentId,
    olderVersions: got.olderVersions,
    tags: got.tags,
    currentVersionId: got.currentVersionId,
    deletionAt: state === 'deleted' ? undefined : ms(got.deletionAt),
  }).toEqual({
    id: key.id,
    vaultId: key.vault.id,
    state,
    spec: key.spec,
    purposes: key.purposes,
    displayName: key.displayName,
    description: key.description,
    compartmentId: key.compartmentId,
    olderVersions: key.olderVersions,
    tags: key.tags,
    currentVersionId: key.current?.id,
    deletionAt: pending ? m.keyDeletionAt(key) : undefined,
  })
  if (state === 'enabled') expect(ms(got.rotation?.nextRotationAt)).toBe(key.rotation?.nextAt)
  compareEtag(real, got, key.touched)
  key.touched = false
}

function compareVersionView(real: Real, version: m.ModelVersion, got: Version): void {
  const state = m.versionState(version)
  const pending = state === 'pendingDeletion'
  expect({
    id: got.id,
    keyId: got.keyId,
    number: got.number,
    state: got.state,
    current: got.current,
    createdAt: ms(got.createdAt),
    autoRotated: got.autoRotated,
    notBefore: ms(got.notBefore),
    expiresOn: ms(got.expiresOn),
    operations: got.operations,
    tags: got.tags,
    deletionAt: state === 'deleted' ? undefined : ms(got.deletionAt),
  }).toEqual({
    id: version.id,
    keyId: version.key.id,
    number: version.number,
    state,
    current: version === version.key.current,
    createdAt: version.createdAt,
    autoRotated: version.autoRotated,
    notBefore: version.notBefore,
    expiresOn: version.expiresOn,
    operations: version.operations,
    tags: version.tags,
    deletionAt: pending ? m.versionDeletionAt(version) : undefined,
  })
  compareEtag(real, got, version.touched)
  version.touched = false
}

/** Versions that rotation made get their ids here, in the order of their numbers. */
export async function compareVersions(real: Real, key: m.ModelKey): Promise<void> {
  const { items, nextPage } = await real.room.listKeyVersions({ keyId: key.id, limit: 1000 })
  expect(nextPage).toBeUndefined()
  const byNumber = [...items].sort((a, b) => a.number - b.number)
  expect(byNumber.map(({ number }) => number)).toEqual(key.versions.map(({ number }) => number))
  for (const [i, version] of key.versions.entries()) {
    version.id ||= byNumber[i]!.id
    compareVersionView(real, version, byNumber[i]!)
  }
  expect(new Set(key.versions.map(({ id }) => id)).size).toBe(key.versions.length)
}

/** One vault as it reads. */
export async function compareVault(real: Real, vault: m.ModelVault): Promise<void> {
  compareVaultView(real, vault, await real.room.getVault({ vaultId: vault.id }))
}

/** One key and its versions as they read. */
export async function compareKey(real: Real, key: m.ModelKey): Promise<void> {
  await compareVersions(real, key)
  compareKeyView(real, key, await real.room.getKey({ keyId: key.id }))
}

/** One version, read by its id. */
export async function compareVersion(real: Real, version: m.ModelVersion): Promise<void> {
  const got = await real.room.getKeyVersion({ keyId: version.key.id, versionId: version.id })
  compareVersionView(real, version, got)
}

async function compareContents(real: Real, vault: m.ModelVault): Promise<void> {
  const usage = await real.room.getVaultUsage({ vaultId: vault.id })
  const listed = await real.room.listKeys({ vaultId: vault.id, limit: 1000 })
  const keys = new Map(listed.items.map((key) => [key.id, key]))
  expect(keys.size).toBe(vault.keys.length)
  for (const key of vault.keys) {
    await compareVersions(real, key)
    compareKeyView(real, key, keys.get(key.id)!)
  }
  const aliases = await real.room.listAliases({ vaultId: vault.id, limit: 1000 })
  expect(Object.fromEntries(aliases.items.map(({ name, keyId }) => [name, keyId]))).toEqual(
    Object.fromEntries([...vault.aliases].map(([name, key]) => [name, key.id])),
  )
  expect({ keyCount: usage.keyCount, keyVersionCount: usage.keyVersionCount }).toEqual(
    m.vaultUsage(vault),
  )
}

/** Every vault, key, version and alias, by the lists. */
export async function compareAll(real: Real, model: m.Model): Promise<void> {
  const { items } = await real.room.listVaults({ limit: 1000 })
  const vaults = new Map(items.map((vault) => [vault.id, vault]))
  expect(vaults.size).toBe(model.vaults.length)
  for (const vault of model.vaults) {
    compareVaultView(real, vault, vaults.get(vault.id)!)
    await compareContents(real, vault)
  }
}
