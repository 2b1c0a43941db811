/**
 * Putting a key of a backup into a vault. What is there already is kept: versions that are missing
 * are added, of two states the stricter stays, and nothing that was destroyed comes back.
 */
import { StrongroomError } from '../../base/errors.ts'
import { uuidToBytes } from '../../format/uuid.ts'
import type { Suite } from '../../crypto/provider.ts'
import type { GrantRecord, KeyRecord, PolicyRecord, VersionRecord } from '../../domain/records.ts'
import { resumed } from '../../domain/rotation.ts'
import type { VaultView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type { Core } from '../core.ts'
import { countGrants } from '../grant-count.ts'
import { createKeyKey, keySuite, openWrapped } from '../make.ts'
import type { Entry } from '../records.ts'
import type { Tx } from '../tx.ts'
import type { KeyPart, VersionPart } from './payload.ts'

export interface Restoring {
  readonly core: Core
  readonly vault: VaultView
  /** What an id of the backup is here. */
  readonly idOf: (id: string) => string
  /** The vault was deleted and comes back: material that went with it is put back. */
  readonly over: boolean
}

/** Where a key is or will be, and what is there. */
export interface Place {
  readonly id: string
  readonly ordinal: number
  readonly existing: KeyRecord | undefined
}

export async function placeOf(how: Restoring, tx: Tx, part: KeyPart): Promise<Place> {
  const vaultId = how.vault.record.id
  const id = how.idOf(part.key.id)
  const ordinal = await ordinalIn(how, tx, [part.key.id, ...part.versions.map((v) => v.record.id)])
  if (ordinal === undefined) return { id, ordinal: Number(tx.seq), existing: undefined }
  const entry = await tx.get('key', path.key(vaultId, ordinal))
  return { id, ordinal, existing: entry?.record }
}

/** Of the first id that leads somewhere: a restore that was cut off may have begun with a version. */
async function ordinalIn(how: Restoring, tx: Tx, ids: readonly string[]) {
  for (const id of ids) {
    const index = await tx.get('index', path.index(how.idOf(id), how.vault.record.id))
    if (index) return index.record.ordinal
  }
  return undefined
}

/** The suite of the key's own key, which is made when there is none. */
async function ownSuite({ core }: Restoring, tx: Tx, { ordinal }: Place): Promise<Suite> {
  const at = path.keyKey(tx.cell.id, ordinal)
  const known = await openWrapped(core, tx, 'keyKey', at)
  known?.record.key.fill(0)
  return known ? keySuite(core, tx, ordinal) : createKeyKey(core, tx, ordinal)
}

/** Writes some versions of a key; answers the records that are there now, of those that live. */
export async function writeVersions(
  how: Restoring,
  tx: Tx,
  place: Place,
  versions: readonly VersionPart[],
): Promise<readonly VersionRecord[]> {
  const suite = await ownSuite(how, tx, place)
  const living: VersionRecord[] = []
  for (const version of versions) {
    const record = await writeVersion(how, tx, place, version, suite)
    if (record) living.push(record)
  }
  return living
}

async function writeVersion(
  how: Restoring,
  tx: Tx,
  place: Place,
  version: VersionPart,
  suite: Suite,
): Promise<VersionRecord | undefined> {
  const id = how.idOf(version.record.id)
  const vaultId = tx.cell.id
  const index = await tx.get('index', path.index(id, vaultId))
  if (!index) return addVersion(how, tx, place, version, suite)
  const { ordinal, version: number } = index.record
  const at = path.version(vaultId, ordinal, number)
  const entry = await tx.get('version', at)
  if (!entry || ordinal !== place.ordinal)
    throw new StrongroomError(
      'CONFLICT',
      `restore: expected version ${id} in its own key, found it elsewhere; nothing was restored.`,
    )
  const { record } = entry
  // Deleted, or without the material that it had: that was decided since, and stays.
  if (isGone(record, tx.now)) return undefined
  if (record.state === 'pendingImport') return record
  const state = stricter(record.state, version.record.state)
  const lost =
    how.over && !(await tx.get('material', path.material(vaultId, ordinal, number), suite))
  const next = { ...record, state, restoredFrom: version.record.id, updatedAt: tx.now }
  if (lost) return putMaterial(how, tx, place, version, suite, next)
  if (state !== record.state) await tx.put('version', at, next)
  return state === record.state ? record : next
}

async function addVersion(
  how: Restoring,
  tx: Tx,
  place: Place,
  version: VersionPart,
  suite: Suite,
): Promise<VersionRecord> {
  const { record } = version
  const id = how.idOf(record.id)
  const number = await freeNumber(tx, place, record.number)
  const { replicationId: _, ...rest } = record
  const next = {
    ...rest,
    id,
    keyId: place.id,
    vaultId: tx.cell.id,
    number,
    restoredFrom: record.id,
    // A copy says what the version said of itself, under whichever id.
    ...(id === record.id ? { updatedAt: tx.now } : { firstId: record.firstId ?? record.id }),
  }
  tx.create('index', path.index(id, tx.cell.id), { ordinal: place.ordinal, version: number })
  return putMaterial(how, tx, place, version, suite, next)
}

/** Its own number, unless another version took it in the meantime. */
async function freeNumber(tx: Tx, { ordinal, existing }: Place, wanted: number): Promise<number> {
  let number = wanted
  while (await tx.get('version', path.version(tx.cell.id, ordinal, number)))
    number = Math.max(number, existing?.lastVersion ?? 0) + 1
  return number
}

async function putMaterial(
  { core }: Restoring,
  tx: Tx,
  { id, ordinal }: Place,
  { material, reserved }: VersionPart,
  suite: Suite,
  given: VersionRecord,
): Promise<VersionRecord> {
  const { number } = given
  const at = path.version(tx.cell.id, ordinal, number)
  const { materialExpiresAt, ...rest } = given
  if (materialExpiresAt !== undefined && materialExpiresAt <= tx.now) {
    // Expired: it would have been destroyed.
    const record: VersionRecord = { ...rest, state: 'pendingImport' }
    await tx.put('version', at, record)
    return record
  }
  const record: VersionRecord = {
    ...given,
    ...(given.fingerprint && {
      fingerprint: core.keys.fingerprints.compute(uuidToBytes(id), material),
    }),
  }
  await tx.put('version', at, record)
  await tx.put('material', path.material(tx.cell.id, ordinal, number), { material }, suite)
  if (reserved !== undefined)
    await tx.put('counter', path.counter(tx.cell.id, ordinal, number), { reserved })
  return record
}

const isGone = ({ state, deletion }: VersionRecord | KeyRecord, now: number): boolean =>
  state === 'deleted' || (deletion !== undefined && deletion.at <= now)

/** Whether a key is destroyed, whatever became of its vault. */
export const isDestroyed = (key: KeyRecord, now: number): boolean => isGone(key, now)

const STRICTNESS = { enabled: 0, disabled: 1, pendingImport: 2, deleted: 3 } as const
const stricter = <S extends keyof typeof STRICTNESS>(a: S, b: S): S =>
  STRICTNESS[a] >= STRICTNESS[b] ? a : b

/** Writes the key record over `versions`, the living ones of the backup as they are now. */
export async function writeKey(
  how: Restoring,
  tx: Tx,
  place: Place,
  { key, policy }: KeyPart,
  versions: readonly VersionRecord[],
): Promise<Entry<KeyRecord>> {
  const { id, ordinal } = place
  const vaultId = tx.cell.id
  if (!(await tx.get('index', path.index(id, vaultId))))
    tx.create('index', path.index(id, vaultId), { ordinal, version: 0 })
  const current = await currentOf(how, tx, place, key, versions)
  const record = merged(how, tx, place, key, versions, current)
  await note(tx, record, ...versions.flatMap((v) => [v.materialExpiresAt, v.deletion?.at]))
  tx.touch(id)
  // What was decided since about a key that is here stays.
  if (policy && (!place.existing || how.over)) await restorePolicy(tx, place, policy)
  return tx.put('key', path.key(vaultId, ordinal), record)
}

/** Imported for a rotation that has not been. */
const waits = ({ forRotation, rotatedAt }: VersionRecord): boolean =>
  forRotation === true && rotatedAt === undefined

async function restorePolicy(tx: Tx, { id, ordinal }: Place, policy: PolicyRecord): Promise<void> {
  const at = path.policy(tx.cell.id, ordinal)
  if (!(await tx.get('policy', at))) await tx.put('policy', at, { ...policy, keyId: id })
}

/** Grants that are not there, of a key that is: their number follows. */
export async function restoreGrants(
  tx: Tx,
  { id, ordinal }: Pick<Place, 'id' | 'ordinal'>,
  grants: readonly GrantRecord[],
): Promise<void> {
  let added = 0
  for (const grant of grants) {
    const at = path.grant(tx.cell.id, ordinal, grant.id)
    if (await tx.get('grant', at)) continue
    await tx.put('grant', at, grant)
    added++
  }
  if (added === 0) return
  await countGrants(tx, ordinal, added)
  tx.touch(id)
}

/** Of two of the same moment the one that is here. */
const newerOf = (existing: KeyRecord | undefined, key: KeyRecord): KeyRecord =>
  existing && existing.updatedAt >= key.updatedAt ? existing : key

function merged(
  { vault }: Restoring,
  tx: Tx,
  { id, ordinal, existing }: Place,
  key: KeyRecord,
  versions: readonly VersionRecord[],
  current: VersionRecord | undefined,
): KeyRecord {
  const newer = newerOf(existing, key)
  const {
    currentVersionId: _,
    materialExpiresAt: __,
    replicationId: ___,
    deletion: ____,
    currentMaterial: _____,
    pendingVersion: ______,
    primacy: _______,
    ...rest
  } = newer
  const primacy =
    id === key.id ? (existing?.primacy ?? key.primacy) : key.primacy === undefined ? undefined : 1
  const used = versions.filter((version) => !waits(version))
  const pendingVersion = existing?.pendingVersion ?? versions.find(waits)?.number
  const awaited = used.some(({ state }) => state === 'pendingImport')
  const expiries = [existing?.materialExpiresAt, ...used.map((v) => v.materialExpiresAt)]
  const expiry = Math.min(...expiries.filter((at) => at !== undefined))
  const state = stricter(
    stricter(existing?.state ?? key.state, key.state),
    awaited ? 'pendingImport' : 'enabled',
  )
  const record: KeyRecord = {
    ...rest,
    id,
    vaultId: vault.record.id,
    ordinal,
    createdAt: (existing ?? key).createdAt,
    updatedAt: tx.now,
    restoredFrom: key.id,
    lastVersion: Math.max(
      existing?.lastVersion ?? 0,
      key.lastVersion,
      ...versions.map(({ number }) => number),
    ),
    currentVersion: current?.number ?? 0,
    ...(current && { currentVersionId: current.id }),
    ...(current?.fingerprint && { currentMaterial: current.fingerprint }),
    ...(pendingVersion !== undefined && { pendingVersion }),
    ...(primacy !== undefined && { primacy }),
    ...(existing?.deletion && { deletion: existing.deletion }),
    ...(Number.isFinite(expiry) && { materialExpiresAt: expiry }),
    ...(current ? { state } : { state: 'deleted', deletedAt: tx.now }),
  }
  return record.state === 'enabled' ? resumed(record, tx.now) : record
}

/** The current version of the newer record, when it is one that lives; else the newest that does. */
async function currentOf(
  how: Restoring,
  tx: Tx,
  { ordinal, existing }: Place,
  key: KeyRecord,
  versions: readonly VersionRecord[],
): Promise<VersionRecord | undefined> {
  const told = versions.find(({ id }) => id === how.idOf(key.currentVersionId!))
  const own =
    existing && existing.currentVersion > 0 && !how.over
      ? await tx.get('version', path.version(tx.cell.id, ordinal, existing.currentVersion))
      : undefined
  const kept = own && !isGone(own.record, tx.now) ? own.record : undefined
  const first = newerOf(existing, key) === existing ? (kept ?? told) : (told ?? kept)
  return first ?? versions.findLast((version) => !waits(version))
}
