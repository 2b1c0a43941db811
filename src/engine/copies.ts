/**
 * The copies of a multi-Region key are brought together: the primary rotates when it is due, and
 * every copy takes over what the primary has and it lacks. That happens before a copy is used or
 * shown, after every change of the primary, and in `tick`; so a crash between the commits of two
 * vaults leaves a copy behind for as long as nobody looks (contracts: AWS 13).
 */
import { wipe } from '../base/bytes.ts'
import {
  canFollow,
  lacks,
  leaderOf,
  relatives,
  sharedOf,
  sourceOf,
  unsettled,
} from '../domain/family.ts'
import { earliest } from '../domain/material.ts'
import type { KeyRecord, VersionRecord } from '../domain/records.ts'
import { settleVersion, type KeyView } from '../domain/settle.ts'
import { path, range } from '../format/paths.ts'
import { note } from './agenda.ts'
import type { Cell } from './cell.ts'
import type { Core, Reader } from './core.ts'
import { forgetMaterial } from './destroy.ts'
import { eachVersion, keyView, vaultView, type KeyPlace } from './lookup.ts'
import { keySuite } from './make.ts'
import { saveKey } from './save.ts'
import { eachRow, placeOf } from './scan.ts'
import { stable } from './stable.ts'
import type { Tx } from './tx.ts'

/** A version on its way into another copy; the material of imported ones does not travel. */
export interface Travelling {
  readonly record: VersionRecord
  readonly material?: Uint8Array
  /** Raw AES-GCM invocations reserved for it where it comes from. */
  readonly reserved?: number
}

export const wipeTravelling = (versions: readonly Travelling[]): void =>
  wipe(...versions.map(({ material }) => material))

/** Where a copy is. */
export async function placeOfCopy(core: Core, { record }: KeyView): Promise<KeyPlace> {
  return { cell: await core.cell(record.vaultId), ordinal: record.ordinal }
}

export async function copyAt(core: Core, { cell, ordinal }: KeyPlace): Promise<KeyView> {
  const reader = core.reader(cell)
  const now = core.now()
  return keyView(core, reader, await vaultView(reader, now), ordinal, now)
}

/**
 * Brings one copy up to date. Under `core.relating`.
 * @param rotate makes the rotations that are due at a place, and answers how many
 */
export async function settleCopy(
  core: Core,
  place: KeyPlace,
  rotate: (place: KeyPlace) => Promise<number>,
): Promise<number> {
  const view = await copyAt(core, place)
  if (!unsettled(view, core.now())) return 0
  const leader = leaderOf(view)
  const leading = leader ? await placeOfCopy(core, leader) : place
  const made = await rotate(leading)
  if (leader || view.family?.role === 'primary') await spread(core, leading)
  await follow(core, place)
  return made
}

/** Lets every other copy take over what this one has. Under `core.relating`. */
export async function spread(core: Core, place: KeyPlace): Promise<void> {
  const view = await copyAt(core, place)
  for (const other of relatives(view))
    if (canFollow(other) && lacks(other, view)) await follow(core, await placeOfCopy(core, other))
}

/**
 * Whether every other copy has imported the material that waits for a rotation, unless it is on its
 * way out.
 */
export async function pendingElsewhere(core: Core, view: KeyView, now: number): Promise<boolean> {
  const { pendingVersion } = view.record
  for (const other of relatives(view)) {
    if (other.state === 'pendingDeletion' || pendingVersion === undefined) continue
    const { cell, ordinal } = await placeOfCopy(core, other)
    const at = path.version(cell.id, ordinal, pendingVersion)
    const version = await core.reader(cell).get('version', at)
    if (!version || settleVersion(version, other, now).state === 'pendingImport') return false
  }
  return true
}

/** Lets other copies take over from all keys of a vault that is gone, before it takes along what only they have. */
export async function spreadAll(core: Core, cell: Cell): Promise<void> {
  for await (const row of eachRow(core, range.agenda(cell.id))) {
    const place = { cell, ordinal: placeOf(row).ordinal! }
    const entry = await core.reader(cell).get('key', path.key(cell.id, place.ordinal))
    if (entry?.record.primacy !== undefined) await core.relating.run(() => spread(core, place))
  }
}

async function follow(core: Core, place: KeyPlace): Promise<void> {
  const view = await copyAt(core, place)
  const source = canFollow(view) ? sourceOf(view) : undefined
  if (!source) return
  const from = await placeOfCopy(core, source)
  const after = view.record.lastVersion
  const versions = await stable(from.cell, () => travelling(core, source, after))
  try {
    await core.transact(place.cell, 'followPrimary', async (tx) => {
      const copy = await keyView(core, tx, await vaultView(tx, tx.now), place.ordinal, tx.now)
      if (copy.record.lastVersion === after && canFollow(copy))
        await takeOver(core, tx, copy, source, versions)
    })
  } finally {
    wipeTravelling(versions)
  }
}

/** The versions of a copy after a number. Whoever takes them wipes them. */
export async function travelling(
  core: Core,
  source: KeyView,
  after: number,
): Promise<readonly Travelling[]> {
  const { vaultId, ordinal, origin } = source.record
  const reader = core.reader(await core.cell(vaultId))
  const suite = await keySuite(core, reader, ordinal)
  const versions: Travelling[] = []
  try {
    for await (const { record } of eachVersion(core, source, core.now(), { from: after })) {
      const stays = record.state === 'deleted' || (origin === 'imported' && record.fingerprint)
      if (stays) {
        versions.push({ record: withoutMaterial(record) })
        continue
      }
      const at = path.material(vaultId, ordinal, record.number)
      const material = (await reader.get('material', at, suite))?.record.material
      if (!material) continue
      const reserved = await reservedOf(reader, vaultId, ordinal, record.number)
      versions.push({ record, material, ...(reserved !== undefined && { reserved }) })
    }
    return versions
  } catch (error) {
    wipeTravelling(versions)
    throw error
  }
}

const reservedOf = async (reader: Reader, vaultId: string, ordinal: number, number: number) =>
  (await reader.get('counter', path.counter(vaultId, ordinal, number)))?.record.reserved

function withoutMaterial({ materialExpiresAt: _, ...record }: VersionRecord): VersionRecord {
  return record.state === 'deleted' ? record : { ...record, state: 'pendingImport' }
}

/** Writes versions of another copy into this one, with the numbers and ids that they have there. */
export async function putTravelling(
  core: Core,
  tx: Tx,
  ordinal: number,
  versions: readonly Travelling[],
): Promise<void> {
  if (versions.length === 0) return
  const vaultId = tx.cell.id
  const suite = await keySuite(core, tx, ordinal)
  for (const { record, material, reserved } of versions) {
    const { deletion: _, replicationId: __, ...rest } = record
    const { id, number } = record
    await tx.put('index', path.index(id, vaultId), { ordinal, version: number })
    await tx.put('version', path.version(vaultId, ordinal, number), {
      ...rest,
      vaultId,
      updatedAt: tx.now,
    })
    if (material)
      await tx.put('material', path.material(vaultId, ordinal, number), { material }, suite)
    if (reserved !== undefined)
      await tx.put('counter', path.counter(vaultId, ordinal, number), { reserved })
  }
}

async function takeOver(
  core: Core,
  tx: Tx,
  copy: KeyView,
  source: KeyView,
  versions: readonly Travelling[],
): Promise<void> {
  const { record } = copy
  const leader = source.record
  const changed = await withdrawn(core, tx, copy, leader)
  await putTravelling(core, tx, record.ordinal, versions)
  const used = await usedVersions(core, tx, copy, leader, versions)
  const current = used.find(({ number }) => number === leader.currentVersion)
  const { rotation: _, pendingVersion: __, currentMaterial: ___, ...rest } = changed
  const waits = used.some(({ state }) => state === 'pendingImport')
  const expiry = earliest(...used.map(({ materialExpiresAt }) => materialExpiresAt))
  const { materialExpiresAt: ____, ...kept } = rest
  const next: KeyRecord = {
    ...kept,
    ...sharedOf(leader),
    currentVersion: current?.number ?? record.currentVersion,
    lastVersion: leader.lastVersion,
    ...(current && { currentVersionId: current.id }),
    ...(current?.fingerprint && { currentMaterial: current.fingerprint }),
    ...(leader.pendingVersion !== undefined && { pendingVersion: leader.pendingVersion }),
    ...(expiry !== undefined && { materialExpiresAt: expiry }),
    ...(waits && { state: 'pendingImport' }),
  }
  await note(tx, next, ...used.map(({ deletion }) => deletion?.at))
  await saveKey(tx, next)
}

/** Material that waited here too, and was taken back at the primary. */
async function withdrawn(core: Core, tx: Tx, copy: KeyView, leader: KeyRecord): Promise<KeyRecord> {
  const { pendingVersion, ordinal, vaultId } = copy.record
  const goes = pendingVersion !== undefined && pendingVersion !== leader.pendingVersion
  if (!goes || pendingVersion === leader.currentVersion) return copy.record
  const entry = await tx.get('version', path.version(vaultId, ordinal, pendingVersion))
  if (entry) await forgetMaterial(core, tx, copy, [entry.record], 'deleted')
  return copy.record
}

/** The versions that are part of the key, as this transaction leaves them. */
async function usedVersions(
  core: Core,
  tx: Tx,
  copy: KeyView,
  leader: KeyRecord,
  added: readonly Travelling[],
): Promise<readonly VersionRecord[]> {
  await tx.cell.tail.catch(() => undefined)
  const { vaultId, ordinal } = copy.record
  const numbers = new Set(added.map(({ record }) => record.number))
  for await (const { record } of eachVersion(core, copy, tx.now)) numbers.add(record.number)
  const used: VersionRecord[] = []
  for (const number of numbers) {
    const at = path.version(vaultId, ordinal, number)
    const record = (await tx.get('version', at))?.record
    if (!record || record.state === 'deleted' || number === leader.pendingVersion) continue
    used.push(await begun(tx, at, record, leader))
  }
  return used
}

/** What waited here becomes current when the primary rotates. */
async function begun(
  tx: Tx,
  at: Uint8Array,
  record: VersionRecord,
  leader: KeyRecord,
): Promise<VersionRecord> {
  const rotates = record.forRotation && record.rotatedAt === undefined
  if (!rotates || record.number !== leader.currentVersion) return record
  const rotatedAt = leader.lastRotatedAt ?? tx.now
  return (await tx.put('version', at, { ...record, rotatedAt, updatedAt: tx.now })).record
}
