/**
 * Destroyed means gone (docs/architecture.md, "Destruction"): the records go first, then a sweep gives the vault a new
 * vault key, rewraps what lives, renews the erase key outside the store and compacts. After it, no image of the store,
 * old or new, opens what was destroyed. A crash in the middle leaves everything readable that lives, and the agenda
 * makes the next tick finish.
 */
import { wipe } from '../base/bytes.ts'
import type { VersionRecord } from '../domain/records.ts'
import type { KeyView } from '../domain/settle.ts'
import { bytesToUuid, path, range } from '../format/paths.ts'
import { renote } from './agenda.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { createVaultKey, keyring, openVaultKey } from './keyring.ts'
import { eachRow, eachVersion, keyView, vaultView } from './lookup.ts'
import { keySuite, renewKeyKey } from './make.ts'
import { damaged } from './records.ts'
import type { Tx } from './tx.ts'

export const ordinalOf = (key: Uint8Array): number =>
  Number(new DataView(key.buffer, key.byteOffset).getBigUint64(17))

/** Marks the vault for a sweep once this transaction is durable. */
export function sweepAfter(core: Core, tx: Tx, ordinal: number): void {
  tx.after(() => {
    const known = core.unswept.get(tx.cell) ?? new Set()
    core.unswept.set(tx.cell, known.add(ordinal))
  })
}

/** Removes the material of some versions of a living key: the rest is resealed under a new key key. */
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
  await renote(tx, key.record, [tx.now])
  tx.touch(id)
  sweepAfter(core, tx, ordinal)
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
  tx.after(() => core.handles.drop(version.id))
}

/** Finishes every destruction that committed: removes what is left of it and sweeps. */
export async function finishDestructions(core: Core): Promise<void> {
  if (core.unswept.size === 0) return
  await core.sweeping.run(async () => {
    const waiting = [...core.unswept]
    core.unswept.clear()
    if (waiting.length === 0) return
    try {
      for (const [cell, ordinals] of waiting) {
        for (const ordinal of ordinals) await scrapKey(core, cell, ordinal)
        await renewVaultKey(core, cell)
      }
      await renewEraseKey(core)
      for (const [cell, ordinals] of waiting)
        for (const ordinal of ordinals) await renoteKey(core, cell, ordinal)
    } catch (error) {
      for (const [cell, ordinals] of waiting) core.unswept.set(cell, ordinals)
      throw error
    }
  })
}

/** What is left of a deleted key besides its records: key key, material, aliases. */
async function scrapKey(core: Core, cell: Cell, ordinal: number): Promise<void> {
  const reader = core.reader(cell)
  const key = await keyView(reader, await vaultView(reader, core.now()), ordinal, core.now())
  if (key.record.state !== 'deleted') return
  for await (const { record } of eachVersion(core, key, core.now())) core.handles.drop(record.id)
  await removeRange(core, cell, 'material', range.materials(cell.id, ordinal))
  await core.transact(cell, 'destroy', async (tx) => {
    await tx.del('keyKey', path.keyKey(cell.id, ordinal))
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
  wanted: (row: { readonly key: Uint8Array; readonly value: Uint8Array }) => boolean = () => true,
): Promise<number> {
  let removed = 0
  let batch: Uint8Array[] = []
  const flush = async () => {
    const paths = batch
    batch = []
    if (paths.length > 0)
      await core.transact(cell, 'remove', async (tx) => {
        for (const at of paths) await tx.del(kind, at)
      })
    removed += paths.length
  }
  for await (const row of eachRow(core, bounds)) {
    if (wanted(row)) batch.push(row.key)
    if (batch.length >= BATCH) await flush()
  }
  await flush()
  return removed
}

/** A new vault key, every living key key and import ticket under it, the old vault key gone. */
async function renewVaultKey(core: Core, cell: Cell): Promise<void> {
  const reader = core.reader(cell)
  if ((await vaultView(reader, core.now())).record.state === 'deleted') return
  await core.transact(cell, 'renewVaultKey', async (tx) => {
    await keyring(core, cell)
    const epoch = tx.cell.planned.epoch + 1
    createVaultKey(core, tx, epoch)
    tx.setEpoch(epoch)
    tx.after(() => (cell.keyring = undefined))
  })
  await rewrap(core, cell, 'keyKey', range.keyKeys(cell.id))
  await rewrap(core, cell, 'ticket', range.tickets(cell.id))
  const newest = path.vaultKey(cell.id, cell.head.epoch)
  await removeRange(core, cell, 'vaultKey', { gte: range.vaultKeys(cell.id).gte, lt: newest })
  cell.keyring = undefined
}

/** Reseals every record of a kind under the newest vault key. */
async function rewrap(
  core: Core,
  cell: Cell,
  kind: 'keyKey' | 'ticket',
  bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array },
): Promise<void> {
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
    const entry = await tx.get(kind, at, suite).catch(() => null)
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

/** Renews the key outside the store, rewraps the vault keys with it, forgets the old one, compacts. */
export async function renewEraseKey(core: Core): Promise<void> {
  if (core.erase.all.length > 1) await rewrapVaultKeys(core)
  await core.erase.forgetOlder()
  await core.erase.renew(core.provider)
  await rewrapVaultKeys(core)
  await core.erase.forgetOlder()
  await core.store.compact?.()
}

async function rewrapVaultKeys(core: Core): Promise<void> {
  const { epoch, key: eraseKey } = core.erase.current
  for await (const { key } of eachRow(core, range.vaults())) {
    const cell = await core.cell(bytesToUuid(key.subarray(1, 17)))
    await core.transact(cell, 'rewrapVaultKey', async (tx) => {
      await tx.cell.tail.catch(() => undefined)
      for await (const row of eachRow(core, range.vaultKeys(cell.id))) {
        const secret = openVaultKey(core, cell, row.key, row.value)
        try {
          const wrapping = core.keys.vaultWrapping(cell.id, eraseKey)
          await tx.put('vaultKey', row.key, { epoch, key: secret }, wrapping)
        } finally {
          wipe(secret)
        }
      }
    })
  }
}

/** Writes the true next deadline of a key, now that nothing of it is overdue. */
export async function renoteKey(core: Core, cell: Cell, ordinal: number): Promise<void> {
  await core.transact(cell, 'renote', async (tx) => {
    await tx.cell.tail.catch(() => undefined)
    const key = await keyView(tx, await vaultView(tx, tx.now), ordinal, tx.now)
    if (key.record.state === 'deleted') return renote(tx, key.record, [])
    const { deletion, materialExpiresAt, rotation } = key.record
    const deadlines = [deletion?.at, materialExpiresAt, rotation?.nextAt]
    for await (const { record } of eachVersion(core, key, tx.now))
      if (record.state !== 'deleted') deadlines.push(record.deletion?.at, record.materialExpiresAt)
    return renote(
      tx,
      key.record,
      deadlines.filter((at) => at !== undefined),
    )
  })
}
