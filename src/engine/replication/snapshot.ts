/**
 * A replica from nothing. The pages of a snapshot are taken while the primary goes on; the journal
 * since the first page then brings them all to one moment, and only then a head makes them a vault.
 */
import { equalBytes } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { JournalWrite } from '../../domain/records.ts'
import type { VaultHead } from '../../format/heads.ts'
import { addElement, ZERO_SUM } from '../../format/multiset.ts'
import { parsePath, path } from '../../format/paths.ts'
import type { CarriedEntry, CarriedKey, SnapshotAnswer } from '../../replication/messages.ts'
import type { Suite } from '../../crypto/provider.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { openEntry } from '../journal.ts'
import { chainOf, type Put } from '../journal-entry.ts'
import { withFreshKey } from '../keyring.ts'
import { damaged } from '../records.ts'
import { localOrder } from '../tx.ts'
import { ordinalIn, placed } from './apply.ts'
import type { Ask } from './ask.ts'
import { noted, unnoted, wipeBuilding } from './building.ts'
import { keyFor, wipeKeys } from './keys.ts'
import { countedRows, recordKindOf } from './rows.ts'

const FIRST_EPOCH = 1

/** Where the pages stand while the journal is brought to them. */
interface Draft {
  readonly vaultId: string
  /** Wraps the keys of keys here. */
  readonly suite: Suite
  /** The sequence that local records carry. */
  readonly born: bigint
  seq: bigint
  chain: Uint8Array
}

/** Builds the vault from what the primary has; answers its cell. */
export async function takeSnapshot(core: Core, vaultId: string, ask: Ask): Promise<Cell> {
  await noted(core, vaultId)
  try {
    const { draft, to } = await takePages(core, vaultId, ask)
    while (draft.seq < to) await takeEntries(core, draft, ask)
    return await finish(core, draft)
  } catch (error) {
    if (!core.committer.poisoned) await wipeBuilding(core, vaultId)
    throw error
  }
}

async function takePages(core: Core, vaultId: string, ask: Ask) {
  let after: Uint8Array | undefined
  let draft: Draft | undefined
  for (;;) {
    const page: SnapshotAnswer = await ask('snapshot', { vaultId, ...(after && { after }) })
    try {
      draft ??= await begin(core, vaultId, page)
      await core.committer.aside({ puts: pageRows(core, draft, page), dels: [] })
    } finally {
      wipeKeys(page.keys)
    }
    if (!page.next) return { draft, to: BigInt(page.to) }
    after = page.next
  }
}

/** The first page: the vault key of this store. */
async function begin(core: Core, vaultId: string, { from, chain }: SnapshotAnswer): Promise<Draft> {
  const born = BigInt(from)
  const { epoch, key: eraseKey } = core.erase.current
  const wrapping = core.keys.vaultWrapping(vaultId, eraseKey)
  const at = path.vaultKey(vaultId, FIRST_EPOCH)
  const { suite, value } = withFreshKey(core.provider, (key) => ({
    suite: core.provider.suite(key),
    value: core.records.seal('vaultKey', vaultId, at, born, { epoch, key: key.slice() }, wrapping),
  }))
  await core.committer.aside({ puts: [{ key: at, value }], dels: [] })
  return { vaultId, suite, born, seq: born, chain }
}

function pageRows(core: Core, draft: Draft, { rows, keys }: SnapshotAnswer): Put[] {
  const puts = rows.map(({ path: key, value }) => {
    if (parsePath(key)?.vaultId !== draft.vaultId)
      throw damaged('a snapshot shows a record of another vault')
    return { key, value }
  })
  return [...puts, ...keys.map((key) => wrapped(core, draft, key.ordinal, key.key))]
}

function wrapped(
  core: Core,
  { vaultId, suite, born }: Draft,
  ordinal: number,
  key: Uint8Array,
): Put {
  const at = path.keyKey(vaultId, ordinal)
  const value = core.records.seal('keyKey', vaultId, at, born, { epoch: FIRST_EPOCH, key }, suite)
  return { key: at, value }
}

async function takeEntries(core: Core, draft: Draft, ask: Ask): Promise<void> {
  const { vaultId } = draft
  const answer = await ask('pull', { vaultId, have: Number(draft.seq), chain: draft.chain })
  try {
    if (answer.pruned || answer.entries.length === 0)
      throw new StrongroomError(
        'UNAVAILABLE',
        'Replication: expected the journal since the snapshot began, the primary has let it go: ' +
          'try again.',
      )
    for (const entry of answer.entries) await redo(core, draft, entry, answer.keys)
  } finally {
    wipeKeys(answer.keys)
  }
}

/** Repeats a commit over rows that may be older or newer than it: what it wrote is what stands then. */
async function redo(
  core: Core,
  draft: Draft,
  carried: CarriedEntry,
  keys: readonly CarriedKey[],
): Promise<void> {
  const rows = placed(draft.vaultId, carried)
  const { record, writes } = openEntry(core, draft.vaultId, rows)
  const next = BigInt(carried.seq) === draft.seq + 1n
  if (!next || !equalBytes(record.previous, draft.chain))
    throw damaged('an entry does not go on from the snapshot')
  const aside: { puts: Put[]; dels: Uint8Array[] } = { puts: [], dels: [] }
  for (const write of writes) redoWrite(core, draft, write, keys, aside)
  await core.committer.aside(aside)
  draft.seq += 1n
  draft.chain = chainOf(core.provider, record.previous, draft.seq, rows)
}

function redoWrite(
  core: Core,
  draft: Draft,
  { path: at, gone, value, name }: JournalWrite,
  keys: readonly CarriedKey[],
  { puts, dels }: { puts: Put[]; dels: Uint8Array[] },
): void {
  const kind = recordKindOf(at)
  if (kind === 'vaultKey' || kind === 'ticket' || kind === 'counter') return
  if (value) puts.push({ key: at, value })
  else if (gone) dels.push(at)
  else if (kind === 'keyKey') {
    const ordinal = ordinalIn(at)
    const key = keyFor(keys, ordinal, name)
    if (key) puts.push(wrapped(core, draft, ordinal, key))
    else dels.push(at)
  }
}

/** Counts what lies there and puts a head over it: from now on it is a replica. */
async function finish(core: Core, { vaultId, seq, chain }: Draft): Promise<Cell> {
  let sum: Uint8Array = ZERO_SUM
  let count = 0n
  for await (const { key, value } of countedRows(core, vaultId)) {
    sum = addElement(sum, core.records.element(key, value))
    count++
  }
  const epoch = FIRST_EPOCH
  const head: VaultHead = {
    vaultId,
    seq,
    chain,
    count,
    sum,
    epoch,
    role: 'replica',
    sweepOwed: false,
  }
  const made = core.newCell(vaultId, async (cell) => {
    await commitHead(core, cell, head)
    return cell
  })
  if (!made) throw damaged('the vault is here already')
  const cell = await made
  await unnoted(core, vaultId)
  return cell
}

/** A head by itself: it counts rows that lie there already. */
async function commitHead(core: Core, cell: Cell, head: VaultHead): Promise<void> {
  await core.committer.submit(
    {
      cell,
      head,
      order: localOrder(core.provider, head),
      rows: [],
      writes: new Map(),
      effects: [],
      touched: new Set(),
    },
    core.committer.epoch,
  )
}
