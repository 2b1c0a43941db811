/**
 * Rotation by the clock: before anything else touches a key, the rotations that fell due are made
 * up for.
 */
import { DAY_MS } from '../domain/limits.ts'
import { unsettled } from '../domain/family.ts'
import type { KeyRecord } from '../domain/records.ts'
import { dueRotations, scheduled } from '../domain/rotation.ts'
import type { KeyView } from '../domain/settle.ts'
import { path } from '../format/paths.ts'
import { note } from './agenda.ts'
import type { KeyOperation } from './api.ts'
import type { Cell } from './cell.ts'
import { copyAt, settleCopy } from './copies.ts'
import type { Core } from './core.ts'
import { findPlace, keyIdAt, keyView, vaultView, type KeyPlace } from './lookup.ts'
import type { Place } from './places.ts'
import {
  createVersion,
  dispose,
  generate,
  keySuite,
  nextNumber,
  withCurrent,
  type Material,
} from './make.ts'
import type { Tx } from './tx.ts'

/**
 * Nobody rotates here now. A store that takes no writes still answers reads, with the versions that
 * it has; a replica waits for the versions of its primary.
 */
const resting = ({ committer }: Core, role: Cell['head']['role']): boolean =>
  committer.poisoned !== undefined || role === 'replica'

/** Something fell due, at this copy of the key or at its primary, that `rotateDue` would make up for. */
export const overdue = (core: Core, key: KeyView, now: number): boolean =>
  !resting(core, key.vault.role) && unsettled(key, now)

/**
 * Makes the versions that are due; answers how many. A copy of a multi-Region key has those of its
 * primary then.
 */
export async function rotateDue(core: Core, place: KeyPlace): Promise<number> {
  const { cell, ordinal } = place
  if (resting(core, cell.head.role)) return 0
  const record = (await core.reader(cell).get('key', path.key(cell.id, ordinal)))?.record
  if (record?.primacy === undefined) return rotateHere(core, place)
  if (!unsettled(await copyAt(core, place), core.now())) return 0
  return core.relating.run(() => settleCopy(core, place, (at) => rotateHere(core, at)))
}

/**
 * Where a version is in a vault, or, when none is named, at all. To a copy of a multi-Region key it
 * may have to come first.
 */
export async function findVersion(
  core: Core,
  versionId: string,
  vaultId?: string,
): Promise<Place | undefined> {
  const place = await findPlace(core, versionId, vaultId)
  if (place || vaultId === undefined) return ofVersion(place)
  const elsewhere = ofVersion(await findPlace(core, versionId))
  const copy = elsewhere && (await findPlace(core, await keyIdAt(core, elsewhere), vaultId))
  if (!copy) return undefined
  await rotateDue(core, { cell: await core.cell(vaultId), ordinal: copy.ordinal })
  return ofVersion(await findPlace(core, versionId, vaultId))
}

const ofVersion = (place: Place | undefined): Place | undefined =>
  place && place.version > 0 ? place : undefined

async function rotateHere(core: Core, { cell, ordinal }: KeyPlace): Promise<number> {
  if (resting(core, cell.head.role)) return 0
  const reader = core.reader(cell)
  const now = core.now()
  const record = (await reader.get('key', path.key(cell.id, ordinal)))?.record
  if (record?.rotation?.nextAt === undefined || record.rotation.nextAt > now) return 0
  const view = await keyView(core, reader, await vaultView(reader, now), ordinal, now)
  const times = dueRotations(view, now)
  if (times.length === 0) return 0
  const made: Material[] = []
  try {
    for (const _ of times) made.push(await generate(core.provider, view.record.spec))
    await core.transact(cell, 'rotate', async (tx) => {
      if (tx.role === 'replica') return
      const fresh = await keyView(core, tx, await vaultView(tx, tx.now), ordinal, tx.now)
      const still = dueRotations(fresh, tx.now).slice(0, made.length)
      await makeUp(core, tx, fresh.record, still, made)
    })
    return times.length
  } finally {
    made.forEach(dispose)
  }
}

/** The view after the rotations that fell due: a list shows what a single read does. */
export async function rotated(core: Core, view: KeyView, now: number): Promise<KeyView> {
  if (!unsettled(view, now)) return view
  const { vaultId, ordinal } = view.record
  const cell = await core.cell(vaultId)
  await rotateDue(core, { cell, ordinal })
  const reader = core.reader(cell)
  return keyView(core, reader, await vaultView(reader, now), ordinal, now)
}

const at = ({ vaultId, ordinal, currentVersion }: KeyRecord): Uint8Array =>
  path.version(vaultId, ordinal, currentVersion)

async function makeUp(
  core: Core,
  tx: Tx,
  before: KeyRecord,
  times: readonly number[],
  made: readonly Material[],
): Promise<void> {
  if (times.length === 0) return
  const suite = await keySuite(core, tx, before.ordinal)
  let key = before
  const { operations, tags } = (await tx.get('version', at(before)))!.record
  for (const [i, time] of times.entries()) {
    const days = key.rotation!.expiryDays
    const expiresOn = days === undefined ? undefined : new Date(time + days * DAY_MS)
    const { record: version } = createVersion(core, tx, suite, {
      key,
      number: nextNumber(key),
      origin: 'internal',
      createdAt: time,
      material: made[i]!,
      autoRotated: true,
      // What the version before may be used for, its successor may, and no more.
      attributes: {
        tags,
        ...(operations && { operations: operations as readonly KeyOperation[] }),
        ...(expiresOn && { expiresOn }),
      },
    })
    const rotation = scheduled(key.rotation!, version, { previous: time })
    key = { ...withCurrent(key, version, time), rotation, lastRotatedAt: time }
  }
  tx.touch(key.id)
  await tx.put('key', path.key(key.vaultId, key.ordinal), key)
  await note(tx, key)
}
