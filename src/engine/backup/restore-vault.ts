/**
 * `restoreVault`. First everything comes in, is authenticated and lies aside in the store, and nothing
 * shows; only a whole backup makes the vault appear, as `restoring`. From then on it goes forward
 * alone: a crash leaves a vault that the next `tick`, or the same call again, finishes.
 */
import { utf8 } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { nextState, VAULT_TABLE } from '../../domain/lifecycle.ts'
import type { RestoreRecord, VaultRecord } from '../../domain/records.ts'
import type { OpenedBackup } from '../../backup/reader.ts'
import { path } from '../../format/paths.ts'
import type { RestoreVaultInput, Vault } from '../api.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { destroyVaults } from '../destroy-vaults.ts'
import { newId } from '../ids.ts'
import { createVaultKey } from '../keyring.ts'
import { eachVaultId, vaultView } from '../lookup.ts'
import { Mutex } from '../mutex.ts'
import { rememberAnswer, replayed } from '../retry.ts'
import { causeOf, type Tx } from '../tx.ts'
import { vaultAnswer } from '../views.ts'
import { fillVault } from './fill.ts'
import { openOwn } from './opening.ts'
import { partsOf, wipePart } from './payload.ts'
import { received } from './source.ts'
import { dropSpool, spoolIds, SpoolWriter } from './spool.ts'

/** Restores of a room that are under way. */
interface Work {
  /** Spools that are being written. */
  readonly coming: Set<string>
  /** One vault is filled at a time. */
  readonly filling: Mutex
}
const works = new WeakMap<Core, Work>()

function workOf(core: Core): Work {
  const work = works.get(core) ?? { coming: new Set(), filling: new Mutex() }
  works.set(core, work)
  return work
}

interface Arrived {
  /** The vault as the backup has it. */
  readonly vault: VaultRecord
  readonly vaultId: string
  readonly spoolId: string
  readonly pieces: number
  readonly request: object
}

export async function restoreVault(core: Core, input: RestoreVaultInput): Promise<Vault> {
  const { blob: _, from: __, md5: ___, ...rest } = input
  let spoolId: string | undefined
  try {
    const arrived = await received(core.objects, input, async (source) => {
      const found = await arrive(core, rest, source)
      if ('spoolId' in found) ({ spoolId } = found)
      return found
    })
    if ('answer' in arrived) return arrived.answer
    const cell = 'cell' in arrived ? arrived.cell : await begin(core, input, arrived)
    return await finish(core, cell, arrived.request)
  } catch (error) {
    if (spoolId !== undefined) await dropUnseen(core, spoolId)
    throw error
  } finally {
    if (spoolId !== undefined) workOf(core).coming.delete(spoolId)
  }
}

/** Whatever cannot be removed now is found by the next tick. */
async function dropUnseen(core: Core, spoolId: string): Promise<void> {
  try {
    if (!(await isNeeded(core, spoolId))) await dropSpool(core, spoolId)
  } catch {
    return
  }
}

/** Whether a vault that is being restored still reads from a spool. */
async function isNeeded(core: Core, spoolId: string): Promise<boolean> {
  for await (const cell of eachCell(core)) {
    const { record } = await vaultView(core.reader(cell), core.now())
    if (record.restore?.spoolId === spoolId) return true
  }
  return false
}

async function* eachCell(core: Core): AsyncGenerator<Cell> {
  for await (const vaultId of eachVaultId(core)) yield await core.cell(vaultId)
}

/** Names of ours, made from what must lead to the same one again. */
function idFrom(core: Core, label: string, from: Uint8Array): string {
  const mac = core.keys.lookup.compute(utf8(label), from)
  return newId({ fill: (target) => target.set(mac.subarray(0, target.length)) })
}

/** In another region a backup becomes a vault of its own; the same backup always the same one. */
const vaultIdFor = (core: Core, { header, id }: OpenedBackup): string =>
  header.region === core.region ? header.vaultId! : idFrom(core, 'restored vault', id)

/** The answer of before, a vault that is already being filled, or a backup that lies aside whole. */
async function arrive(
  core: Core,
  rest: Omit<RestoreVaultInput, 'blob' | 'from' | 'md5'>,
  source: AsyncIterable<Uint8Array>,
): Promise<{ answer: Vault } | { cell: Cell; request: object } | Arrived> {
  const opened = await openOwn(core, 'vault', source)
  const vaultId = vaultIdFor(core, opened)
  const spoolId = idFrom(core, 'spool', opened.id)
  const request = { ...rest, backup: opened.id }
  const cell = await core.findCell(vaultId)
  if (cell) {
    const found = await replayed(core, core.reader(cell), 'restoreVault', request)
    if (found) return { answer: found.answer as Vault }
    const { record, state, role } = await vaultView(core.reader(cell), core.now())
    if (record.restore?.spoolId === spoolId) return { cell, request }
    if (state !== 'deleted' || role === 'replica') refuseExisting(vaultId, state)
  }
  const { coming } = workOf(core)
  if (coming.has(spoolId)) refuseExisting(vaultId, 'restoring')
  coming.add(spoolId)
  try {
    const { vault, pieces } = await spool(core, spoolId, opened)
    return { vault, vaultId, spoolId, pieces, request }
  } catch (error) {
    await dropUnseen(core, spoolId)
    coming.delete(spoolId)
    throw error
  }
}

function refuseExisting(vaultId: string, state: string): never {
  throw new StrongroomError(
    state === 'restoring' ? 'CONFLICT' : 'ALREADY_EXISTS',
    `restoreVault: expected no such vault, or a deleted one, found ${vaultId}, which is ${state}.`,
  )
}

/** Puts the whole backup aside, and looks at every record of it once. */
async function spool(core: Core, spoolId: string, { header, frames }: OpenedBackup) {
  const writer = await SpoolWriter.create(core, spoolId)
  async function* kept() {
    for await (const frame of frames) {
      await writer.push(frame)
      yield frame
    }
  }
  let vault: VaultRecord | undefined
  try {
    for await (const part of partsOf(kept(), header)) {
      if (part.kind === 'vault') vault = part.vault
      else if (part.kind === 'key') wipePart(part.part)
    }
    return { vault: vault!, pieces: await writer.finish() }
  } finally {
    writer.wipe()
  }
}

/** Makes the vault appear, in one transaction. */
async function begin(core: Core, input: RestoreVaultInput, arrived: Arrived): Promise<Cell> {
  const { vaultId } = arrived
  for (;;) {
    const cell = await core.findCell(vaultId)
    if (cell) return beginOver(core, cell, input, arrived)
    let made: Cell | undefined
    await core.newCell(vaultId, (fresh) => {
      made = fresh
      return core.transact(fresh, causeOf('restoreVault', input), async (tx) => {
        createVaultKey(core, tx, 1)
        tx.create('vault', path.vault(vaultId), appearing(core, tx, input, arrived, false))
      })
    })
    if (made) return made
  }
}

/** Over a deleted one, whose own keys are gone for good before. */
async function beginOver(
  core: Core,
  cell: Cell,
  input: RestoreVaultInput,
  arrived: Arrived,
): Promise<Cell> {
  const before = await vaultView(core.reader(cell), core.now())
  if (before.state === 'deleted' && before.record.state !== 'deleted')
    await core.sweeping.run(() => destroyVaults(core, [cell]))
  await core.transact(cell, causeOf('restoreVault', input), async (tx) => {
    const { state, record } = await vaultView(tx, tx.now)
    if (state !== 'deleted' || record.state !== 'deleted') refuseExisting(cell.id, state)
    const epoch = tx.cell.planned.epoch + 1
    createVaultKey(core, tx, epoch)
    tx.setEpoch(epoch)
    await tx.put('vault', path.vault(cell.id), appearing(core, tx, input, arrived, true))
    tx.after(() => {
      cell.keyring = undefined
      cell.permitGeneration++
    })
  })
  return cell
}

function appearing(
  core: Core,
  tx: Tx,
  input: RestoreVaultInput,
  { vault, vaultId, spoolId, pieces }: Arrived,
  over: boolean,
): VaultRecord {
  const { id, displayName, type, createdAt, tags, definedTags } = vault
  const restore: RestoreRecord = { spoolId, pieces, over }
  const { homeRegion: madeIn = core.region } = vault
  return {
    id: vaultId,
    displayName,
    type,
    compartmentId: input.compartmentId ?? vault.compartmentId,
    createdAt,
    updatedAt: tx.now,
    state: nextState('vault', VAULT_TABLE, 'deleted', 'restore') as VaultRecord['state'],
    tags,
    definedTags,
    restoredFrom: id,
    restoredFromRegion: madeIn,
    homeRegion: id === vaultId ? madeIn : core.region,
    restore,
  }
}

async function finish(core: Core, cell: Cell, request: object): Promise<Vault> {
  try {
    await fill(core, cell, (tx, answer) =>
      rememberAnswer(core, tx, 'restoreVault', request, answer),
    )
    return vaultAnswer(await vaultView(core.reader(cell), core.now()))
  } catch (cause) {
    throw new StrongroomError(
      'OUTCOME_UNKNOWN',
      'restoreVault: expected to fill the vault, was stopped; all of the backup is in the store: ' +
        'call recover() and tick(), or the same again.',
      { cause },
    )
  }
}

/** Goes forward from wherever it stands; nothing to do when somebody else has finished it. */
function fill(
  core: Core,
  cell: Cell,
  last: (tx: Tx, answer: Vault) => Promise<void> = async () => undefined,
): Promise<void> {
  return workOf(core).filling.run(async () => {
    const { record } = await vaultView(core.reader(cell), core.now())
    if (!record.restore) return
    const idOf =
      record.restoredFrom === record.id
        ? (id: string) => id
        : (id: string) => idFrom(core, `restored into ${record.id}`, utf8(id))
    await fillVault(core, cell, record, { idOf, last })
    await dropSpool(core, record.restore.spoolId)
  })
}

/** For `tick`: finishes what a crash cut off, or undoes it when it had not begun to show. */
export async function tendRestores(core: Core): Promise<void> {
  // Without a spool there is nothing to do, and no need to look at every vault.
  if ((await spoolIds(core)).length === 0) return
  for await (const cell of eachCell(core))
    if ((await vaultView(core.reader(cell), core.now())).state === 'restoring')
      await fill(core, cell)
  const { coming } = workOf(core)
  for (const id of await spoolIds(core)) if (!coming.has(id)) await dropSpool(core, id)
}
