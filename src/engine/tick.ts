/**
 * What time has already decided is made durable: rotations, expiries, deletions. Reads never need
 * it; disks do.
 */
import { anyBehind } from '../domain/family.ts'
import type { VersionRecord } from '../domain/records.ts'
import { range } from '../format/paths.ts'
import { SWEEP_OWED } from './agenda.ts'
import { tendRestores } from './backup/restore-vault.ts'
import { keepNewest } from './checkpoint.ts'
import type { Cell } from './cell.ts'
import { spreadAll } from './copies.ts'
import type { Core } from './core.ts'
import { destroyVaults } from './destroy-vaults.ts'
import {
  finishDestructions,
  forgetMaterial,
  ordinalOf,
  owe,
  removeRange,
  renoteKey,
  sweepAfter,
} from './destroy.ts'
import { keyring } from './keyring.ts'
import { eachRow, eachVaultId, eachVersion, keyView, vaultView } from './lookup.ts'
import { rotateDue } from './rotate.ts'
import { saveKey } from './save.ts'

/** What a tick did. */
export interface Ticked {
  readonly rotated: number
  /** Keys, versions and vaults whose material is gone for good now. */
  readonly destroyedKeys: number
  readonly destroyedVersions: number
  readonly destroyedVaults: number
  /** Imported materials that expired. */
  readonly expiredMaterials: number
}
type Counts = { -readonly [N in keyof Ticked]: number }

export async function tick(core: Core): Promise<Ticked> {
  const counts: Counts = {
    rotated: 0,
    destroyedKeys: 0,
    destroyedVersions: 0,
    destroyedVaults: 0,
    expiredMaterials: 0,
  }
  const gone: Cell[] = []
  await tendRestores(core)
  for await (const vaultId of eachVaultId(core)) {
    const cell = await core.cell(vaultId)
    const vault = await vaultView(core.reader(cell), core.now())
    // What a replica followed and did not sweep yet, perhaps before it became the primary.
    if (cell.head.sweepOwed) owe(core, cell.id)
    if (vault.role === 'replica') continue
    if (vault.state !== 'deleted') await tickVault(core, cell, counts)
    else if (vault.record.state !== 'deleted') gone.push(cell)
  }
  await core.uses.flush()
  await finishDestructions(core)
  for (const cell of gone) await spreadAll(core, cell)
  if (gone.length > 0) await core.sweeping.run(() => destroyVaults(core, gone))
  counts.destroyedVaults = gone.length
  if (core.journalMax !== undefined) await keepNewest(core, core.journalMax)
  return Object.freeze(counts)
}

async function tickVault(core: Core, cell: Cell, counts: Counts): Promise<void> {
  for await (const row of eachRow(core, range.agenda(cell.id))) {
    const { record } = core.records.open('agenda', cell.id, row.key, row.value)
    const ordinal = ordinalOf(row.key)
    // A sweep that a crash or a failure cut off: `tick` ends with finishing it.
    const owed = record.dueAt === SWEEP_OWED
    if (owed) owe(core, cell.id, ordinal)
    if (record.dueAt <= core.now()) await tickKey(core, cell, ordinal, counts, owed)
  }
  await removeExpired(core, cell)
}

async function tickKey(
  core: Core,
  cell: Cell,
  ordinal: number,
  counts: Counts,
  owed: boolean,
): Promise<void> {
  counts.rotated += await rotateDue(core, { cell, ordinal })
  const destroys = await core.transact(cell, 'tick', async (tx) => {
    if (tx.role === 'replica') return false
    const key = await keyView(core, tx, await vaultView(tx, tx.now), ordinal, tx.now)
    if (key.record.state === 'deleted') return owed
    // Another copy has not taken over yet what would be gone with this one.
    if (key.state === 'deleted' && anyBehind(key)) return false
    if (key.state === 'deleted') {
      const record = {
        ...key.record,
        state: 'deleted',
        deletedAt: key.deletionAt ?? tx.now,
      } as const
      await saveKey(tx, record)
      await sweepAfter(core, tx, record)
      counts.destroyedKeys++
      return true
    }
    await tx.cell.tail.catch(() => undefined)
    const deleted: VersionRecord[] = []
    const expired: VersionRecord[] = []
    for await (const { record, state, derived } of eachVersion(core, key, tx.now)) {
      if (derived && state === 'deleted') deleted.push(record)
      if (
        record.state !== 'pendingImport' &&
        record.materialExpiresAt !== undefined &&
        record.materialExpiresAt <= tx.now &&
        state !== 'deleted'
      )
        expired.push(record)
    }
    if (deleted.length > 0) await forgetMaterial(core, tx, key, deleted, 'deleted')
    if (expired.length > 0) {
      await forgetMaterial(core, tx, key, expired, 'pendingImport')
      const { materialExpiresAt: _, ...record } = key.record
      // One that only waits for its rotation is nothing that the key misses.
      if (expired.some(({ number }) => number !== record.pendingVersion))
        await saveKey(tx, { ...record, state: 'pendingImport' })
    }
    counts.destroyedVersions += deleted.length
    counts.expiredMaterials += expired.length
    return deleted.length + expired.length > 0
  })
  if (!destroys && !owed) await renoteKey(core, cell, ordinal)
}

/** Retry tokens and import tickets whose time is over. */
async function removeExpired(core: Core, cell: Cell): Promise<void> {
  const now = core.now()
  await removeRange(core, cell, 'retry', range.retries(cell.id), ({ key, value }) => {
    return core.records.open('retry', cell.id, key, value).record.expiresAt <= now
  })
  const ring = await keyring(core, cell)
  await removeRange(core, cell, 'ticket', range.tickets(cell.id), ({ key, value }) => {
    for (const suite of ring.suites.values()) {
      try {
        return core.records.open('ticket', cell.id, key, value, suite).record.expiresAt <= now
      } catch {
        continue
      }
    }
    return false
  })
}
