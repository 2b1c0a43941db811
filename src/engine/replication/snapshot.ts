/**
 * A replica from nothing. The pages of a snapshot are taken while the primary goes on; the journal
 * since the first page then brings them all to one moment, and only then a head makes them a vault.
 */
import { equalBytes, secretBytes, wipe } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { JournalWrite } from '../../domain/records.ts'
import type { VaultHead } from '../../format/heads.ts'
import { RECORD_KINDS } from '../../format/kinds.ts'
import { addElement, ZERO_SUM } from '../../format/multiset.ts'
import { parsePath, path } from '../../format/paths.ts'
import type { CarriedEntry, CarriedKey, SnapshotAnswer } from '../../replication/messages.ts'
import type { Suite } from '../../crypto/provider.ts'
import type { Cell } from '../cell.ts'
import type { Write } from '../commit.ts'
import type { Core } from '../core.ts'
import { openEntry } from '../journal.ts'
import { chainOf, type Put } from '../journal-entry.ts'
import { damaged, pathKey } from '../records.ts'
import { localOrder } from '../tx.ts'
import { destroys, ordinalIn, placed } from './apply.ts'
import type { Ask } from './ask.ts'
import { noted, unnoted, wipeBuilding } from './building.ts'
import { keyFor, wipeKeys } from './keys.ts'
import { countedRows, recordKindOf } from './rows.ts'

const FIRST_EPOCH = 1

/** Where the pages stand while the journal is brought to them. */
interface Draft {
  readonly vaultId: string
  /** The vault key of this store; on disk only once the vault is whole. */
  readonly key: Uint8Array
  /** Wraps the keys of keys here. */
  readonly suite: Suite
  /** The sequence that local records carry. */
  readonly born: bigint
  seq: bigint
  chain: Uint8Array
  /** Held back: without this record the room does not take the rows for a vault. */
  vault: Uint8Array | undefined
  /** Something that lay here for a while was destroyed since. */
  sweepOwed: boolean
}

/** Builds the vault from what the primary has; answers its cell. */
export async function takeSnapshot(core: Core, vaultId: string, ask: Ask): Promise<Cell> {
  const key = secretBytes(32)
  core.provider.random.fill(key)
  try {
    await noted(core, vaultId)
    const cell = await build(core, vaultId, key, ask)
    await unnoted(core, vaultId)
    return cell
  } finally {
    wipe(key)
  }
}

/** What fails leaves nothing: at once, or, after a failure of the store, before the next round. */
async function build(core: Core, vaultId: string, key: Uint8Array, ask: Ask): Promise<Cell> {
  try {
    const { draft, to } = await takePages(core, vaultId, key, ask)
    while (draft.seq < to) await takeEntries(core, draft, ask)
    return await finish(core, draft)
  } catch (error) {
    if (!core.committer.poisoned) await wipeBuilding(core, vaultId).catch(() => undefined)
    throw error
  }
}

async function takePages(core: Core, vaultId: string, key: Uint8Array, ask: Ask) {
  let after: Uint8Array | undefined
  let draft: Draft | undefined
  for (;;) {
    const page: SnapshotAnswer = await ask('snapshot', { vaultId, ...(after && { after }) })
    try {
      draft ??= begun(core, vaultId, key, page)
      await core.committer.aside({ puts: pageRows(core, draft, page), dels: [] })
    } finally {
      wipeKeys(page.keys)
    }
    if (!page.next) return { draft, to: BigInt(page.to) }
    after = page.next
  }
}

function begun(
  { provider }: Core,
  vaultId: string,
  key: Uint8Array,
  { from, chain }: SnapshotAnswer,
): Draft {
  const born = BigInt(from)
  const suite = provider.suite(key)
  return { vaultId, key, suite, born, seq: born, chain, vault: undefined, sweepOwed: false }
}

function pageRows(core: Core, draft: Draft, { rows, keys }: SnapshotAnswer): Put[] {
  const puts: Put[] = []
  for (const { path: at, value } of rows) {
    const kind = recordKindOf(at)
    const ours = kind && RECORD_KINDS[kind].scope === 'shared'
    if (!ours || parsePath(at)?.vaultId !== draft.vaultId)
      throw damaged('a snapshot shows what is no part of its vault')
    if (kind === 'vault') draft.vault = value
    else puts.push({ key: at, value })
  }
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
  const { vaultId, chain } = draft
  const answer = await ask('pull', { vaultId, have: Number(draft.seq), chain, building: true })
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
  draft.sweepOwed ||= writes.some(destroys)
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
  if (kind === 'vault') draft.vault = value
  else if (value) puts.push({ key: at, value })
  else if (gone) dels.push(at)
  else if (kind === 'keyKey') {
    const ordinal = ordinalIn(at)
    const key = keyFor(keys, ordinal, name)
    if (key) puts.push(wrapped(core, draft, ordinal, key))
    else dels.push(at)
  }
}

/** Counts what lies there and puts a head over it: from now on it is a replica. */
async function finish(core: Core, draft: Draft): Promise<Cell> {
  let sum: Uint8Array = ZERO_SUM
  let count = 0n
  for await (const { key, value } of countedRows(core, draft.vaultId)) {
    sum = addElement(sum, core.records.element(key, value))
    count++
  }
  for (;;) {
    const made = core.newCell(draft.vaultId, async (cell) => {
      await commitWhole(core, cell, draft, { sum, count })
      return cell
    })
    if (made) return made
    // Somebody looked for it just now; that it is not here is known in a moment.
    if (await core.findCell(draft.vaultId)) throw damaged('the vault is here already')
  }
}

/**
 * The head, the record of the vault and its key, in one commit. Begun at once: a renewal of the erase
 * key either came before, or waits for this vault.
 */
async function commitWhole(
  core: Core,
  cell: Cell,
  draft: Draft,
  { sum, count }: Pick<VaultHead, 'sum' | 'count'>,
): Promise<void> {
  const { vaultId, seq, chain, sweepOwed } = draft
  if (!draft.vault) throw damaged('a snapshot shows no vault')
  const writes: Required<Omit<Write, 'entry' | 'name'>>[] = [
    { path: path.vault(vaultId), kind: 'vault', value: draft.vault },
    vaultKeyOf(core, draft),
  ]
  const head: VaultHead = {
    vaultId,
    seq,
    chain,
    count: count + BigInt(writes.length),
    sum: writes.reduce((all, { path, value }) => {
      return addElement(all, core.records.element(path, value))
    }, sum),
    epoch: FIRST_EPOCH,
    role: 'replica',
    sweepOwed,
  }
  await core.committer.submit(
    {
      cell,
      head,
      order: localOrder(core.provider, head),
      rows: [],
      writes: new Map(writes.map((write) => [pathKey(write.path), write])),
      effects: [],
      touched: new Set(),
    },
    core.committer.epoch,
  )
}

function vaultKeyOf({ erase, keys, records }: Core, { vaultId, born, key }: Draft) {
  const { epoch, key: eraseKey } = erase.current
  const wrapping = keys.vaultWrapping(vaultId, eraseKey)
  const at = path.vaultKey(vaultId, FIRST_EPOCH)
  const value = records.seal('vaultKey', vaultId, at, born, { epoch, key }, wrapping)
  return { path: at, kind: 'vaultKey', value } as const
}
