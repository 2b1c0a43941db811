/**
 * Destroyed means gone (docs/architecture.md, "Destruction"): the records go first, then a sweep
 * gives the vault a new vault key, rewraps what lives, renews the erase key outside the store and
 * compacts. After it, no image of the store, old or new, opens what was destroyed. A crash in the
 * middle leaves everything readable that lives, and the agenda makes the next tick finish.
 */
import { wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { anyBehind } from '../domain/family.ts'
import type { Row } from '../store/store.ts'
import type { KeyRecord, VersionRecord } from '../domain/records.ts'
import type { KeyView } from '../domain/settle.ts'
import { RECORD_KINDS } from '../format/kinds.ts'
import { path, range } from '../format/paths.ts'
import { renote, SWEEP_OWED } from './agenda.ts'
import { rewrapSpools } from './backup/spool.ts'
import type { Cell } from './cell.ts'
import type { EraseKey } from './erase.ts'
import type { Core } from './core.ts'
import { createVaultKey, keyring, openVaultKey } from './keyring.ts'
import { eachRow, eachVaultId, eachVersion, keyView, vaultView } from './lookup.ts'
import { keySuite, renewKeyKey } from './make.ts'
import { damaged } from './records.ts'
import type { Tx } from './tx.ts'

export const ordinalOf = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset).getBigUint64(17))

/**
 * Notes on the agenda that a key owes its vault a sweep, so that a crash forgets it not, and marks
 * it in memory.
 */
export async function sweepAfter(core: Core, tx: Tx, key: KeyRecord): Promise<void> {
  await renote(tx, key, [SWEEP_OWED])
  tx.after(() => owe(core, tx.cell.id, key.ordinal))
}

/** The vault has to be swept: because of this key, or, a replica, because of what it followed. */
export function owe(core: Core, vaultId: string, ordinal?: number): void {
  const known = core.unswept.get(vaultId) ?? new Set()
  core.unswept.set(vaultId, ordinal === undefined ? known : known.add(ordinal))
}

/**
 * Removes the material of some versions of a living key: the rest is resealed under a new key key.
 */
export async function forgetMaterial(
  core: Core,
  tx: Tx,
  key: KeyView,
  gone: readonly VersionRecord[],
  state: 'pendingImport' | 'deleted' = 'pendingImport',
): Promise<void> {
  const { vaultId, ordinal, id } = key.record
  const numbers = new Set(gone.map(({ number }) => number))
  await tx.cell.tail.catch(() => undefined)
  const before = await keySuite(core, tx, ordinal)
  const living: { number: number; material: Uint8Array }[] = []
  try {
    for await (const { record } of eachVersion(core, key, tx.now)) {
      if (numbers.has(record.number)) continue
      const entry = await tx.get('material', path.material(vaultId, ordinal, record.number), before)
      if (entry) living.push({ number: record.number, material: entry.record.material })
    }
    const after = await renewKeyKey(core, tx, ordinal)
    for (const { number, material } of living)
      await tx.put('material', path.material(vaultId, ordinal, number), { material }, after)
  } finally {
    wipe(...living.map(({ material }) => material))
  }
  for (const version of gone) await forgetVersion(core, tx, ordinal, version, state)
  tx.touch(id)
  await sweepAfter(core, tx, key.record)
}

async function forgetVersion(
  core: Core,
  tx: Tx,
  ordinal: number,
  version: VersionRecord,
  state: 'pendingImport' | 'deleted',
): Promise<void> {
  const { materialExpiresAt: _, ...rest } = version
  const deleted = state === 'deleted' && { deletedAt: version.deletion?.at ?? tx.now }
  const record: VersionRecord = { ...rest, state, updatedAt: tx.now, ...deleted }
  await tx.put('version', path.version(version.vaultId, ordinal, version.number), record)
  await tx.del('material', path.material(version.vaultId, ordinal, version.number))
  await tx.del('counter', path.counter(version.vaultId, ordinal, version.number))
  tx.after(() => core.handles.drop(version.id))
}

/**
 * For the answer of an operation that destroyed: sweeps when that is still to be done, perhaps
 * since before a restart.
 * @throws OUTCOME_UNKNOWN when what is destroyed is refused for good, but not yet unrecoverable
 */
export async function finishOwed(core: Core, vaultId: string, ordinal: number): Promise<void> {
  try {
    const at = path.agenda(vaultId, ordinal)
    const noted = await core.reader(await core.cell(vaultId)).get('agenda', at)
    if (noted?.record.dueAt === SWEEP_OWED) owe(core, vaultId, ordinal)
    await finishDestructions(core)
    if ((await core.findCell(vaultId))?.head.role === 'replica')
      throw new StrongroomError(
        'READ_ONLY_REPLICA',
        'Destruction: the vault changed hands meanwhile; its new primary finishes it at its tick.',
      )
  } catch (cause) {
    throw new StrongroomError(
      'OUTCOME_UNKNOWN',
      'Destruction: expected a finished sweep; it is destroyed, but older images still ' +
        'open it: call recover() and tick().',
      { cause },
    )
  }
}

/**
 * Finishes every destruction that committed, also when another call is at it: removes what is left
 * and sweeps.
 */
export async function finishDestructions(core: Core): Promise<void> {
  await core.sweeping.run(async () => {
    const waiting = [...core.unswept]
    core.unswept.clear()
    if (waiting.length === 0) return
    try {
      for (const [vaultId, ordinals] of waiting) {
        const cell = await core.findCell(vaultId)
        // A replica that was let go took its debt along.
        if (!cell) continue
        if (leads(cell)) for (const ordinal of ordinals) await scrapKey(core, cell, ordinal)
        await renewVaultKey(core, cell)
      }
      await renewEraseKey(core)
      for (const [vaultId, ordinals] of waiting) {
        const cell = await core.findCell(vaultId)
        if (!cell) continue
        if (leads(cell)) for (const ordinal of ordinals) await renoteKey(core, cell, ordinal, true)
        if (cell.head.sweepOwed) await settleDebt(core, cell)
      }
    } catch (error) {
      for (const [vaultId, ordinals] of waiting) {
        owe(core, vaultId)
        for (const ordinal of ordinals) owe(core, vaultId, ordinal)
      }
      throw error
    }
  })
}

/** What a replica takes from its primary, shared records above all, it does not write itself. */
const leads = ({ head }: Cell): boolean => head.role === 'primary'

/** What a replica followed since the sweep began is swept the next time. */
const settleDebt = (core: Core, cell: Cell): Promise<void> =>
  core.transact(cell, 'settleDebt', async (tx) => {
    // What is on its way may owe a sweep of its own.
    await tx.cell.tail.catch(() => undefined)
    if (!core.unswept.has(cell.id)) tx.setSweepOwed(false)
  })

/** What is left of a deleted key besides its records: key key, material, aliases. */
async function scrapKey(core: Core, cell: Cell, ordinal: number): Promise<void> {
  const reader = core.reader(cell)
  const key = await keyView(core, reader, await vaultView(reader, core.now()), ordinal, core.now())
  if (key.record.state !== 'deleted') return
  for await (const { record } of eachVersion(core, key, core.now())) core.handles.drop(record.id)
  await removeRange(core, cell, 'material', range.materials(cell.id, ordinal))
  await removeRange(core, cell, 'counter', range.countersOf(cell.id, ordinal))
  await removeRange(core, cell, 'grant', range.grants(cell.id, ordinal))
  await core.transact(cell, 'destroy', async (tx) => {
    tx.touch(key.record.id)
    await tx.del('keyKey', path.keyKey(cell.id, ordinal))
    await tx.del('policy', path.policy(cell.id, ordinal))
    await tx.del('grantCount', path.grantCount(cell.id, ordinal))
  })
  await removeRange(core, cell, 'alias', range.aliases(cell.id), (row) => {
    return core.records.open('alias', cell.id, row.key, row.value).record.keyId === key.record.id
  })
}

const BATCH = 32

/** Deletes the rows of a range in bounded transactions. */
export async function removeRange(
  core: Core,
  cell: Cell,
  kind: Parameters<Tx['del']>[0],
  bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array },
  wanted: (row: Row) => boolean = () => true,
): Promise<number> {
  let removed = 0
  let batch: Row[] = []
  const flush = async () => {
    const rows = batch
    batch = []
    if (rows.length > 0)
      await core.transact(cell, 'remove', async (tx) => {
        // The vault may have changed hands since: the new primary removes it.
        if (tx.role === 'replica' && RECORD_KINDS[kind].scope === 'shared') return
        // What was written since the look is not what was looked at.
        for (const { key, value } of rows) await tx.delSame(kind, key, value)
      })
    removed += rows.length
  }
  for await (const row of eachRow(core, bounds)) {
    if (wanted(row)) batch.push(row)
    if (batch.length >= BATCH) await flush()
  }
  await flush()
  return removed
}

/** A new vault key, every living key key and import ticket under it, the old vault key gone. */
async function renewVaultKey(core: Core, cell: Cell): Promise<void> {
  const reader = core.reader(cell)
  // A replica keeps its vault key, so that must not be one that opens what lay here before.
  if (leads(cell) && (await vaultView(reader, core.now())).record.state === 'deleted') return
  // What an earlier sweep left undone comes first, so that vault keys never pile up.
  if ((await keyring(core, cell)).suites.size > 1) await retireVaultKeys(core, cell)
  await core.transact(cell, 'renewVaultKey', async (tx) => {
    await keyring(core, cell)
    const epoch = tx.cell.planned.epoch + 1
    createVaultKey(core, tx, epoch)
    tx.setEpoch(epoch)
    tx.after(() => (cell.keyring = undefined))
  })
  await retireVaultKeys(core, cell)
}

/** Brings everything under the newest vault key and removes the older ones. */
async function retireVaultKeys(core: Core, cell: Cell): Promise<void> {
  await rewrap(core, cell, 'keyKey', range.keyKeys(cell.id))
  await rewrap(core, cell, 'ticket', range.tickets(cell.id))
  const newest = path.vaultKey(cell.id, cell.head.epoch)
  await removeRange(core, cell, 'vaultKey', { gte: range.vaultKeys(cell.id).gte, lt: newest })
  cell.keyring = undefined
}

/** Waits until the store shows every change that was planned before. */
const planned = (core: Core, cell: Cell): Promise<void> =>
  core.transact(cell, 'settle', async () => undefined)

/** Reseals every record of a kind under the newest vault key. */
async function rewrap(
  core: Core,
  cell: Cell,
  kind: 'keyKey' | 'ticket',
  bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array },
): Promise<void> {
  // A key that was made just before the new vault key is under the old one and may not be in the
  // store yet.
  await planned(core, cell)
  let batch: Uint8Array[] = []
  const flush = async () => {
    const paths = batch
    batch = []
    if (paths.length === 0) return
    await core.transact(cell, 'rewrap', async (tx) => {
      const ring = await keyring(core, cell)
      for (const at of paths) await rewrapOne(core, tx, ring, kind, at)
    })
  }
  for await (const { key } of eachRow(core, bounds)) {
    batch.push(key)
    if (batch.length >= BATCH) await flush()
  }
  await flush()
}

async function rewrapOne(
  _core: Core,
  tx: Tx,
  ring: Awaited<ReturnType<typeof keyring>>,
  kind: 'keyKey' | 'ticket',
  at: Uint8Array,
): Promise<void> {
  const newest = ring.suites.get(ring.epoch)!
  for (const [epoch, suite] of [...ring.suites].sort(([a], [b]) => b - a)) {
    const entry = await tx.get(kind, at, suite).catch(notThisOne)
    if (entry === undefined) return
    if (entry === null) continue
    const secret = 'key' in entry.record ? entry.record.key : entry.record.privateKey
    try {
      if (epoch !== ring.epoch && 'key' in entry.record)
        await tx.put('keyKey', at, { epoch: ring.epoch, key: entry.record.key }, newest)
      else if (epoch !== ring.epoch && 'privateKey' in entry.record)
        await tx.put('ticket', at, entry.record, newest)
    } finally {
      wipe(secret)
    }
    return
  }
  throw damaged(`a ${kind} record opens under no key of its vault`)
}

/**
 * A record that does not open is under another key; a store that does not answer is another matter.
 */
function notThisOne(error: unknown): null {
  if (error instanceof StrongroomError && error.code === 'INTEGRITY') return null
  throw error
}

/**
 * Renews the key outside the store, rewraps the vault keys with it, forgets the old one, compacts.
 */
export async function renewEraseKey(core: Core): Promise<void> {
  if (core.erase.all.length > 1) await rewrapVaultKeys(core)
  await core.erase.forgetOlder()
  await core.erase.renew(core.provider)
  await rewrapVaultKeys(core)
  await core.erase.forgetOlder()
  await core.store.compact?.()
}

/** Vaults at a time: their commits share groups. */
const VAULTS_AT_ONCE = 32

async function rewrapVaultKeys(core: Core): Promise<void> {
  const erase = core.erase.current
  // Vaults that were begun before have their vault key under the last erase key; later ones take
  // this one.
  await core.vaultsMade()
  let cells: Cell[] = []
  const flush = async () => {
    const waiting = cells
    cells = []
    await Promise.all(waiting.map((cell) => rewrapVaultKey(core, cell, erase)))
  }
  for await (const vaultId of eachVaultId(core)) {
    cells.push(await core.cell(vaultId))
    if (cells.length >= VAULTS_AT_ONCE) await flush()
  }
  await flush()
  await rewrapSpools(core, erase)
}

async function rewrapVaultKey(core: Core, cell: Cell, erase: EraseKey): Promise<void> {
  await core.transact(cell, 'rewrapVaultKey', async (tx) => {
    await tx.cell.tail.catch(() => undefined)
    for await (const row of eachRow(core, range.vaultKeys(cell.id))) {
      const { epoch, key } = openVaultKey(core, cell, row.key, row.value)
      try {
        if (epoch === erase.epoch) continue
        const wrapping = core.keys.vaultWrapping(cell.id, erase.key)
        await tx.put('vaultKey', row.key, { epoch: erase.epoch, key }, wrapping)
      } finally {
        wipe(key)
      }
    }
  })
}

/**
 * Writes the true next deadline of a key, now that nothing of it is overdue. A sweep that is owed
 * stays noted until it is `swept`, and longer when another destruction came in the meantime.
 */
export async function renoteKey(
  core: Core,
  cell: Cell,
  ordinal: number,
  swept = false,
): Promise<void> {
  await core.transact(cell, 'renote', async (tx) => {
    if (tx.role === 'replica') return
    await tx.cell.tail.catch(() => undefined)
    const noted = await tx.get('agenda', path.agenda(cell.id, ordinal))
    const owed = swept
      ? core.unswept.get(cell.id)?.has(ordinal)
      : noted?.record.dueAt === SWEEP_OWED
    if (owed) return
    const key = await keyView(core, tx, await vaultView(tx, tx.now), ordinal, tx.now)
    tx.concern(key.record.id)
    await renote(tx, key.record, await deadlinesOf(core, key, tx.now))
  })
}

async function deadlinesOf(core: Core, key: KeyView, now: number): Promise<number[]> {
  if (key.record.state === 'deleted') return []
  const { deletion, materialExpiresAt, rotation } = key.record
  const deadlines = [materialExpiresAt, rotation?.nextAt]
  if (deletion) deadlines.push(deletion.waits ? key.deletionAt : deletion.at)
  // What waits for other copies is looked at every time.
  if (key.state === 'pendingReplicaDeletion' || anyBehind(key)) deadlines.push(now)
  for await (const { record } of eachVersion(core, key, now))
    if (record.state !== 'deleted') deadlines.push(record.deletion?.at, record.materialExpiresAt)
  return deadlines.filter((at) => at !== undefined)
}
