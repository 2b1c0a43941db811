/** The side that is asked: a primary answers what its followers want to know. */
import { equalBytes, wipe } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { JournalWrite, ReplicaRecord, VaultRecord } from '../../domain/records.ts'
import { path } from '../../format/paths.ts'
import { openQuestion, sealAnswer } from '../../replication/envelope.ts'
import {
  decodeQuestion,
  encodeAnswer,
  encodeRefusal,
  type Answers,
  type CarriedEntry,
  type CarriedRow,
  type DemoteQuestion,
  type PullQuestion,
  type QuestionKind,
  type Questions,
} from '../../replication/messages.ts'
import type { Cell } from '../cell.ts'
import { stopped } from '../commit-failures.ts'
import { asCoded } from '../coded.ts'
import { notFound, type Core } from '../core.ts'
import { entryRows, loadEntry } from '../journal.ts'
import { eachVaultId, placeOf, vaultView } from '../lookup.ts'
import type { Tx } from '../tx.ts'
import { keysAt, keysOf, wipeKeys } from './keys.ts'
import { sharedRows } from './rows.ts'

/** Bounds of one answer; a single entry may be larger. */
const ENTRIES_PER_ANSWER = 256
const BYTES_PER_ANSWER = 1_048_576

type Serving = {
  readonly [K in QuestionKind]: (core: Core, question: Questions[K]) => Promise<Answers[K]>
}

const SERVING: Serving = { offers, pull, snapshot, dropped, demote }

/**
 * Answers a question; a refusal is an answer too.
 * @throws INTEGRITY when the question is not from a room of this realm
 */
export async function answerQuestion(core: Core, bytes: Uint8Array): Promise<Uint8Array> {
  const suite = core.keys.travel('transport')
  const { nonce, message } = openQuestion(suite, bytes)
  const answer = await answered(core, message)
  try {
    return sealAnswer(suite, nonce, answer)
  } finally {
    wipe(answer)
  }
}

async function answered(core: Core, message: Uint8Array): Promise<Uint8Array> {
  try {
    const { kind, question } = decodeQuestion(message)
    const serve = SERVING[kind] as (core: Core, question: unknown) => Promise<Answers['pull']>
    const answer = await serve(core, question)
    try {
      return encodeAnswer(kind as 'pull', answer)
    } finally {
      wipeKeys((answer as Partial<Answers['pull']>).keys ?? [])
    }
  } catch (error) {
    const { code, message: text } = asCoded(error)
    return encodeRefusal({ code, message: text })
  }
}

async function offers(core: Core, { region }: Questions['offers']): Promise<Answers['offers']> {
  const vaults: Answers['offers']['vaults'][number][] = []
  for await (const vaultId of eachVaultId(core)) {
    const cell = await core.findCell(vaultId)
    if (cell?.head.role !== 'primary') continue
    const { record } = await vaultView(core.reader(cell), core.now())
    const replica = record.replicas?.find((one) => one.region === region)
    if (replica) vaults.push({ vaultId, status: replica.status, seq: Number(cell.head.seq) })
  }
  return { region: core.region, vaults }
}

/** The cell of a vault that this region follows. */
async function followed(core: Core, vaultId: string, region: string) {
  const cell = await core.cell(vaultId)
  const { record } = await vaultView(core.reader(cell), core.now())
  const replica = record.replicas?.find((one) => one.region === region)
  if (!replica) throw notFound('vault', vaultId)
  return { cell, replica }
}

async function pull(core: Core, question: PullQuestion): Promise<Answers['pull']> {
  const { region, vaultId } = question
  const { cell, replica } = await followed(core, vaultId, region)
  const have = BigInt(question.have)
  let { seq } = cell.head
  if (have > seq || (have === seq && !equalBytes(cell.head.chain, question.chain)))
    throw diverged(vaultId, have, seq)
  let after = await entriesAfter(core, cell, question, seq)
  // Who builds has nothing yet; and what is older than the replica was said by another one.
  if (!question.building && question.have >= (replica.asked ?? 0)) {
    core.followers.heard(vaultId, region, have)
    if (replica.status === 'CREATING') {
      await created(core, cell, region)
      seq = cell.head.seq
      after = await entriesAfter(core, cell, question, seq)
    }
  }
  const { entries, writes, pruned } = after
  return { seq: Number(seq), entries, keys: await keysOf(core, cell, writes), pruned }
}

async function entriesAfter(core: Core, cell: Cell, { have, chain }: PullQuestion, last: bigint) {
  const entries: CarriedEntry[] = []
  const writes: JournalWrite[] = []
  let bytes = 0
  for (let seq = BigInt(have) + 1n; seq <= last; seq++) {
    if (entries.length >= ENTRIES_PER_ANSWER || bytes >= BYTES_PER_ANSWER) break
    if ((await entryRows(core, cell.id, seq)).length === 0)
      return { entries: [], writes: [], pruned: true }
    const entry = await loadEntry(core, cell.id, seq)
    if (entries.length === 0 && !equalBytes(entry.record.previous, chain))
      throw diverged(cell.id, BigInt(have), last)
    entries.push({ seq: Number(seq), rows: entry.rows.map(({ value }) => value) })
    writes.push(...entry.writes)
    bytes += entry.rows.reduce((sum, { value }) => sum + value.length, 0)
  }
  return { entries, writes, pruned: false }
}

const diverged = (vaultId: string, have: bigint, seq: bigint): StrongroomError =>
  new StrongroomError(
    'DIVERGED',
    `Replication: expected the vault ${vaultId} as it was here at commit ${have}, got another ` +
      `history (here it stands at ${seq}).`,
  )

/** The replica is there: it asked with something in its hands. */
const created = (core: Core, cell: Cell, region: string): Promise<void> =>
  changeReplicas(core, cell, 'replicaCreated', (replicas) =>
    replicas.map((one) =>
      one.region === region && one.status === 'CREATING' ? { ...one, status: 'CREATED' } : one,
    ),
  )

async function changeReplicas(
  core: Core,
  cell: Cell,
  operation: string,
  change: (replicas: readonly ReplicaRecord[]) => readonly ReplicaRecord[],
): Promise<void> {
  await core.transact(cell, operation, async (tx) => {
    if (tx.role === 'replica') return
    const { record } = await vaultView(tx, tx.now)
    await saveReplicas(tx, record, change(record.replicas ?? []))
  })
}

/** Writes the list of replicas; an empty one is none. */
export async function saveReplicas(
  tx: Tx,
  { replicas: _, ...record }: VaultRecord,
  replicas: readonly ReplicaRecord[],
) {
  const listed = replicas.length > 0 ? { replicas } : {}
  const entry = await tx.put('vault', path.vault(record.id), { ...record, ...listed })
  tx.after(() => tx.cell.permitGeneration++)
  return entry
}

async function snapshot(core: Core, question: Questions['snapshot']): Promise<Answers['snapshot']> {
  const { cell } = await followed(core, question.vaultId, question.region)
  const { seq: from, chain } = cell.head
  const rows: CarriedRow[] = []
  const ordinals: number[] = []
  let bytes = 0
  let last: Uint8Array | undefined
  let next: Uint8Array | undefined
  for await (const row of sharedRows(core, cell.id, question.after)) {
    const { key, value } = row
    const parsed = placeOf(row)
    // An index row belongs to the row before it: a page never ends between the two.
    if (parsed.kind !== 'index') {
      if (bytes >= BYTES_PER_ANSWER) {
        next = last
        break
      }
      last = key
      if (parsed.kind === 'key') ordinals.push(parsed.ordinal!)
    }
    rows.push({ path: key, value })
    bytes += key.length + value.length
  }
  const keys = await keysAt(core, cell, ordinals)
  // The store may have shown commits that memory hears of only now.
  await core.transact(cell, 'settle', async () => undefined)
  // Of a write of unknown outcome memory hears nothing more, and its rows may be among these.
  if (core.committer.poisoned) throw stopped(core.committer.poisoned)
  const to = Number(cell.head.seq)
  return { from: Number(from), chain, to, rows, keys, ...(next && { next }) }
}

async function dropped(
  core: Core,
  { region, vaultId, seq }: Questions['dropped'],
): Promise<Answers['dropped']> {
  const { cell, replica } = await followed(core, vaultId, region)
  // Said of an earlier replica, it says nothing of this one.
  if (replica.status !== 'DELETING' || seq < (replica.asked ?? 0)) return { done: false }
  await changeReplicas(core, cell, 'replicaDeleted', (replicas) =>
    replicas.filter((one) => one.region !== region || one.status !== 'DELETING'),
  )
  core.followers.forget(vaultId, region)
  return { done: true }
}

/** To ask again would not help: the one that leads is elsewhere. */
const notLeading = (): StrongroomError =>
  new StrongroomError('INVALID_STATE', 'Promotion: expected the primary, found another replica.')

/**
 * Steps down if the other has everything: from this commit on nothing is accepted here. The position
 * makes an old question harmless. Asked again, it says so again; a fellow replica, even one that has
 * followed that commit, never led.
 */
async function demote(core: Core, question: DemoteQuestion): Promise<Answers['demote']> {
  const { cell } = await followed(core, question.vaultId, question.region)
  await core.uses.flush()
  const done = await core.transact(cell, { operation: 'demoteVault' }, async (tx) => {
    const { record } = await vaultView(tx, tx.now)
    const { replicas = [], successor } = record
    if (tx.role === 'replica') {
      const led = !replicas.some(({ region }) => region === core.region)
      if (led && successor === question.region) return true
      throw notLeading()
    }
    const { seq, chain } = tx.cell.planned
    if (seq !== BigInt(question.have) || !equalBytes(chain, question.chain)) return false
    await saveReplicas(tx, { ...record, successor: question.region }, replicas)
    tx.setRole('replica')
    return true
  })
  return { done }
}
