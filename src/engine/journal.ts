/**
 * Reading the journal: every commit in order, as plain data; as a stream that may wait for what is
 * still to come.
 */
import { equalBytes } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { JournalRecord, JournalWrite } from '../domain/records.ts'
import { decodeOrder, type Order } from '../format/heads.ts'
import { parsePath, range, type PathKind } from '../format/paths.ts'
import { checkpointOf, ordersFrom } from './checkpoint.ts'
import type { Core } from './core.ts'
import { leavingHash, type Put } from './journal-entry.ts'
import { eachRow, placeOf } from './lookup.ts'
import { damaged } from './records.ts'

export interface JournalInput {
  /** The first commit; default the oldest that is kept. */
  readonly from?: bigint
  /** Commits of this vault alone. */
  readonly vaultId?: string
  /** Waits for further commits instead of ending at the newest. */
  readonly follow?: boolean
  /** Ends the waiting. */
  readonly signal?: AbortSignal
}

/** One record that a commit wrote or removed. */
export interface JournalChange {
  readonly kind: PathKind
  readonly change: 'put' | 'delete'
}

/** One use of a key (`audit: 'all'`). */
export interface JournalledUse {
  readonly operation: string
  readonly time: Date
  /** `ok` or an error code. */
  readonly outcome: string
  readonly keyId?: string
  readonly versionId?: string
  readonly principal?: string
  readonly requestId?: string
  /** What the caller said of it. */
  readonly note?: Readonly<Record<string, string>>
}

export interface JournalEntry {
  /** Number of the commit in this room. On a replica some are missing: they concern it alone. */
  readonly sequence: bigint
  readonly vaultId: string
  /** Number of the commit in its vault: the same in every replica. */
  readonly vaultSequence: bigint
  readonly time: Date
  /** The operation, or what the room did by itself (`rotate`, `tick`, `rewrap` ...). */
  readonly operation: string
  readonly principal?: string
  readonly requestId?: string
  readonly keyId?: string
  readonly replicationId?: string
  readonly changes: readonly JournalChange[]
  readonly uses: readonly JournalledUse[]
  /** The chain of the vault before and after it: the next entry of the vault goes on from `hash`. */
  readonly previousHash: Uint8Array
  readonly hash: Uint8Array
}

export async function* readJournal(core: Core, input: JournalInput): AsyncGenerator<JournalEntry> {
  const { vaultId, follow = false, signal } = input
  await core.uses.flush()
  let next = await firstOf(core, input.from)
  for (;;) {
    const { seq: last } = core.committer.head
    for await (const row of eachRow(core, ordersFrom(next, last))) {
      if (signal?.aborted) return
      if (placeOf(row).seq !== next) throw await missing(core, next)
      const order = decodeOrder(row.value)
      const wanted = order.kind === 'entry' && (vaultId === undefined || order.vaultId === vaultId)
      if (wanted && !(await wentAlong(core, order, next, last)))
        yield await entryOf(core, next, order)
      next++
    }
    if (next <= last) throw await missing(core, next)
    if (!follow) return
    if (!(await core.committer.moved(next - 1n, signal))) return
  }
}

/** Whether an entry is missing because this store let go of its vault later. */
async function wentAlong(core: Core, { vaultId, seq }: Order, sequence: bigint, last: bigint) {
  if ((await entryRows(core, vaultId, seq)).length > 0) return false
  const leaving = leavingHash(core.provider, vaultId)
  for await (const { value } of eachRow(core, ordersFrom(sequence + 1n, last))) {
    const { kind, hash } = decodeOrder(value)
    if (kind === 'local' && equalBytes(hash, leaving)) return true
  }
  return false
}

async function firstOf(core: Core, from: bigint | undefined): Promise<bigint> {
  const oldest = await oldestOf(core)
  const first = from ?? oldest
  if (first >= oldest) return first
  throw letGo(first, oldest)
}

async function oldestOf({ store, keys, provider, committer }: Core): Promise<bigint> {
  const checkpoint = await checkpointOf(store, keys, provider, committer.head)
  return (checkpoint?.frontier.size ?? 0n) + 1n
}

const letGo = (sequence: bigint, oldest: bigint): StrongroomError =>
  new StrongroomError(
    'NOT_FOUND',
    `from: expected a commit that the journal still has, ${oldest} or later, got ${sequence}.`,
  )

/** Why a commit is not there: it was let go while somebody read, or it was taken. */
async function missing(core: Core, sequence: bigint): Promise<StrongroomError> {
  const oldest = await oldestOf(core)
  return sequence < oldest
    ? letGo(sequence, oldest)
    : damaged(`commit ${sequence} of the journal is missing`)
}

/** The sealed rows of an entry; none when it was let go. */
export async function entryRows(core: Core, vaultId: string, seq: bigint): Promise<Put[]> {
  const rows: Put[] = []
  for await (const row of eachRow(core, range.journalEntry(vaultId, seq))) rows.push(row)
  return rows
}

/** The record of an entry with all its writes, and the sealed rows as they lie. */
export async function loadEntry(core: Core, vaultId: string, seq: bigint) {
  const rows = await entryRows(core, vaultId, seq)
  return { ...openEntry(core, vaultId, rows), rows }
}

/** @throws INTEGRITY when a row is missing or does not open */
export function openEntry(core: Core, vaultId: string, rows: readonly Put[]) {
  const [first, ...further] = rows
  if (!first) throw damaged('an entry of the journal is missing')
  const { record } = core.records.open('journal', vaultId, first.key, first.value)
  if (record.parts !== rows.length) throw damaged('a part of a journal entry is missing')
  const writes: JournalWrite[] = [...record.writes]
  for (const { key, value } of further)
    writes.push(...core.records.open('journalPart', vaultId, key, value).record.writes)
  return { record, writes }
}

async function entryOf(core: Core, sequence: bigint, order: Order): Promise<JournalEntry> {
  const { record, writes } = await loadEntry(core, order.vaultId, order.seq).catch(
    async (error: unknown) => {
      const oldest = await oldestOf(core)
      throw sequence < oldest ? letGo(sequence, oldest) : error
    },
  )
  return Object.freeze({
    sequence,
    vaultId: order.vaultId,
    vaultSequence: order.seq,
    time: new Date(record.time),
    operation: record.operation,
    ...named(record),
    changes: Object.freeze(writes.map(changeOf)),
    uses: Object.freeze(
      record.uses.map(({ time, ...use }) => Object.freeze({ ...use, time: new Date(time) })),
    ),
    previousHash: new Uint8Array(record.previous),
    hash: new Uint8Array(order.hash),
  })
}

const NAMES = ['principal', 'requestId', 'keyId', 'replicationId'] as const

const named = (record: JournalRecord): Partial<Record<(typeof NAMES)[number], string>> =>
  Object.fromEntries(
    NAMES.flatMap((name) => (record[name] === undefined ? [] : [[name, record[name]]])),
  )

function changeOf({ path, gone }: JournalWrite): JournalChange {
  const kind = parsePath(path)?.kind
  if (!kind) throw damaged('a journal entry speaks of a record that none of ours can be')
  return Object.freeze({ kind, change: gone ? 'delete' : 'put' })
}
