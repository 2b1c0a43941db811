/**
 * Checkpoints: the tree of all commits up to one of them, signed, so that others can pin it and the
 * journal before it can be let go. The leaf of a commit is its order row (docs/formats/journal.md).
 */
import { equalBytes } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import {
  checkpointText,
  parseCheckpoint,
  parseNote,
  signedNote,
  verifierKey,
} from '../audit/checkpoint.ts'
import {
  appended,
  consistencyProof,
  leafHash,
  rootOf,
  type Digest,
  type Log,
} from '../audit/merkle.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { decodeCheckpoint, encodeCheckpoint, type StoredCheckpoint } from '../format/checkpoint.ts'
import { EMPTY_FRONTIER, type Frontier } from '../format/frontier.ts'
import {
  decodeOrder,
  realmChainInput,
  realmStartInput,
  splitMac,
  withMac,
  type RealmHead,
} from '../format/heads.ts'
import { path, range } from '../format/paths.ts'
import type { Store } from '../store/store.ts'
import type { Core } from './core.ts'
import { eachRow } from './lookup.ts'
import type { RealmKeys } from './realm-keys.ts'
import { damaged, readStore } from './records.ts'

/** A signed statement about the journal up to one commit. */
export interface Checkpoint {
  /** The commit that it ends with: the size of the tree. */
  readonly sequence: bigint
  /** The hash of `head()` at that commit. */
  readonly hash: Uint8Array
  /** The Merkle root (RFC 6962) over the commits. */
  readonly root: Uint8Array
  /** A C2SP signed note with a C2SP tlog-checkpoint, one Ed25519 signature. */
  readonly note: string
  /** The key that verifies the note, in the text form of C2SP signed-note. */
  readonly verifierKey: string
  /** When `since` was given: the consistency proof (RFC 6962 2.1.2) from there. */
  readonly proof?: readonly Uint8Array[]
}

export const digestOf =
  (provider: CryptoProvider): Digest =>
  (...parts) =>
    provider.digest('SHA_256', ...parts)

/** The chain before the first commit. */
export const startOf = ({ realmId, storeId }: RealmHead, provider: CryptoProvider): Uint8Array =>
  provider.digest('SHA_256', realmStartInput(realmId, storeId))

/** Names the log: each store of a realm has one of its own. */
export const originOf = ({ realmId, storeId }: RealmHead): string =>
  `strongroom/${realmId}/${storeId}`

/** The stored checkpoint, authentic and signed; undefined when nothing was let go yet. */
export async function checkpointOf(
  store: Store,
  keys: RealmKeys,
  provider: CryptoProvider,
  head: RealmHead,
): Promise<StoredCheckpoint | undefined> {
  const row = await readStore(() => store.get(path.checkpoint()))
  if (!row) return undefined
  const parts = splitMac(row.value)
  if (!parts || !keys.heads.verify(parts.mac, parts.body))
    throw damaged('the checkpoint is not authentic')
  const checkpoint = decodeCheckpoint(parts.body)
  const digest = digestOf(provider)
  const origin = originOf(head)
  const pair = keys.checkpointKey(provider)
  const note = parseNote(digest, checkpoint.note, origin, pair.publicKey)
  const body = note && parseCheckpoint(note.text)
  const { size } = checkpoint.frontier
  const told = body?.size === size && equalBytes(body.root, rootOf(digest, checkpoint.frontier))
  if (!note || !told || body.origin !== origin || !(await pair.verify(note.text, note.signature)))
    throw damaged('the checkpoint does not say what its signature says')
  return checkpoint
}

interface Told {
  /** The last commit that it speaks of; default: the newest. */
  readonly until?: bigint
  /** A commit that somebody pinned before: adds the proof that this goes on from there. */
  readonly since?: bigint
}

/** A checkpoint of the whole journal, with the proof that it goes on from where someone pinned it. */
export async function makeCheckpoint(core: Core, since?: bigint): Promise<Checkpoint> {
  const told = since === undefined ? {} : { since }
  return (await core.trimming.run(() => walk(core, told))).checkpoint
}

/** Walks the journal from what is known to the commit that is asked for, and signs. */
async function walk(
  core: Core,
  { until, since }: Told,
): Promise<{ readonly checkpoint: Checkpoint; readonly stored: StoredCheckpoint }> {
  const { store, keys, provider } = core
  const { head } = core.committer
  const base = await checkpointOf(store, keys, provider, head)
  const from = base?.frontier ?? EMPTY_FRONTIER
  const size = until ?? head.seq
  if (
    size < from.size ||
    size > head.seq ||
    (since !== undefined && (since < from.size || since > size))
  )
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      `sequence: expected one from ${from.size} to ${head.seq}, got another one.`,
    )
  const digest = digestOf(provider)
  const leaves: Uint8Array[] = []
  let frontier: Frontier = from
  let chain = base?.chain ?? startOf(head, provider)
  for await (const { value } of eachRow(core, ordersFrom(from.size + 1n, size))) {
    chain = digest(realmChainInput(chain, value))
    const leaf = leafHash(digest, value)
    if (since !== undefined) leaves.push(leaf)
    frontier = appended(digest, frontier, leaf)
  }
  if (frontier.size !== size) throw damaged(`commit ${frontier.size + 1n} is missing`)
  const root = rootOf(digest, frontier)
  const origin = originOf(head)
  const pair = keys.checkpointKey(provider)
  const text = checkpointText({ origin, size, root })
  const note = signedNote(digest, text, origin, pair.publicKey, await pair.sign(text))
  const log: Log = { base: from, leaves }
  const checkpoint = Object.freeze({
    sequence: size,
    hash: chain,
    root,
    note,
    verifierKey: verifierKey(digest, origin, pair.publicKey),
    ...(since !== undefined && { proof: consistencyProof(digest, log, since, size) }),
  })
  return { checkpoint, stored: { frontier, chain, note } }
}

/** Order rows of the commits from one to another, both included. */
export const ordersFrom = (first: bigint, last: bigint) => ({
  gte: path.order(first),
  lt: path.order(last + 1n),
})

const ROWS_PER_COMMIT = 256

/**
 * Lets go of the journal up to a commit. The checkpoint comes first and alone: a crash in the middle
 * leaves rows that the next time removes, never a gap that nothing explains.
 */
export const prune = (core: Core, until: bigint): Promise<Checkpoint> =>
  core.trimming.run(() => letGo(core, until))

/** Not for a single commit too many: letting go costs a signature. */
const SPARE = 1.25

/** Lets go of all but so many commits. */
export const keepNewest = (core: Core, max: number): Promise<void> =>
  core.trimming.run(async () => {
    const { head } = core.committer
    const base = await checkpointOf(core.store, core.keys, core.provider, head)
    const kept = head.seq - (base?.frontier.size ?? 0n)
    if (kept > BigInt(Math.ceil(max * SPARE))) await letGo(core, head.seq - BigInt(max))
  })

async function letGo(core: Core, until: bigint): Promise<Checkpoint> {
  const { checkpoint, stored } = await walk(core, { until })
  const body = encodeCheckpoint(stored)
  const value = withMac(body, core.keys.heads.compute(body))
  await core.committer.aside({ puts: [{ key: path.checkpoint(), value }], dels: [] })
  const dels: Uint8Array[] = []
  const flush = async (): Promise<void> => {
    if (dels.length > 0) await core.committer.aside({ puts: [], dels: dels.splice(0) })
  }
  for await (const { key, value: row } of eachRow(core, {
    ...range.order(),
    lt: path.order(until + 1n),
  })) {
    const { kind, vaultId, seq } = decodeOrder(row)
    if (kind === 'entry')
      for await (const part of eachRow(core, range.journalEntry(vaultId, seq))) dels.push(part.key)
    dels.push(key)
    if (dels.length >= ROWS_PER_COMMIT) await flush()
  }
  await flush()
  return checkpoint
}
