/**
 * Rotation by the clock: before anything else touches a key, the rotations that fell due are made
 * up for.
 */
import { DAY_MS } from '../domain/limits.ts'
import type { KeyRecord } from '../domain/records.ts'
import { dueRotations, scheduled } from '../domain/rotation.ts'
import type { KeyView } from '../domain/settle.ts'
import { path } from '../format/paths.ts'
import { note } from './agenda.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { keyView, vaultView, type KeyPlace } from './lookup.ts'
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

/** Rotations fell due that `rotateDue` would make up for. */
export const overdue = (core: Core, key: KeyView, now: number): boolean =>
  !resting(core, key.vault.role) && dueRotations(key, now).length > 0

/** Makes the versions that are due; answers how many. */
export async function rotateDue(core: Core, { cell, ordinal }: KeyPlace): Promise<number> {
  if (resting(core, cell.head.role)) return 0
  const reader = core.reader(cell)
  const now = core.now()
  const record = (await reader.get('key', path.key(cell.id, ordinal)))?.record
  if (record?.rotation?.nextAt === undefined || record.rotation.nextAt > now) return 0
  const view = await keyView(reader, await vaultView(reader, now), ordinal, now)
  const times = dueRotations(view, now)
  if (times.length === 0) return 0
  const made: Material[] = []
  try {
    for (const _ of times) made.push(await generate(core.provider, view.record.spec))
    await core.transact(cell, 'rotate', async (tx) => {
      if (tx.role === 'replica') return
      const fresh = await keyView(tx, await vaultView(tx, tx.now), ordinal, tx.now)
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
  if (dueRotations(view, now).length === 0) return view
  const { vaultId, ordinal } = view.record
  const cell = await core.cell(vaultId)
  await rotateDue(core, { cell, ordinal })
  const reader = core.reader(cell)
  return keyView(reader, await vaultView(reader, now), ordinal, now)
}

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
      ...(expiresOn && { attributes: { expiresOn } }),
    })
    const rotation = scheduled(key.rotation!, version, { previous: time })
    key = { ...withCurrent(key, version, time), rotation, lastRotatedAt: time }
  }
  tx.touch(key.id)
  await tx.put('key', path.key(key.vaultId, key.ordinal), key)
  await note(tx, key)
}
