/**
 * The room: every operation as a method over one pipeline, and what concerns the room as a whole.
 */
import { readInput } from '../base/check.ts'
import { OPERATIONS } from '../domain/operations.ts'
import type {
  AccessExplained,
  ExplainAccessInput,
  ExplainInput,
  Explained,
  IdentifiedCiphertext,
  IdentifyCiphertextInput,
  Operations,
} from './api.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import type { Core } from './core.ts'
import type { KeyStoreType } from '../domain/records.ts'
import { readKeyStoreLink } from './key-stores.ts'
import type { KeyStoreLink } from './key-store-link.ts'
import { asCoded } from './coded.ts'
import { exportRealm, type ExportRealmInput } from './backup/realm-export.ts'
import { importInto, readImport, type ImportRealmInput } from './backup/realm-import.ts'
import { execute } from './execute.ts'
import { explained, explainedAccess, identified } from './explain.ts'
import { HOT_OPERATIONS } from './hot.ts'
import { hotForPrincipal } from './hot-asked.ts'
import type { Metrics } from './meter.ts'
import { openCore, type Prepare } from './open.ts'
import type { OpenOptions } from './options.ts'
import { loadPosition, reseal } from './realm.ts'
import { CARD_SCHEMA, CHECKPOINT_SCHEMA, JOURNAL_SCHEMA, PRUNE_SCHEMA } from './schemas.ts'
import { makeCheckpoint, prune, type Checkpoint } from './checkpoint.ts'
import { readJournal, type JournalEntry, type JournalInput } from './journal.ts'
import type { VerifyReport } from './verify.ts'
import { verifyRoom, type VerifyRoomInput } from './verify-room.ts'
import { SEAL_FIELD, type Seal } from './seal.ts'
import { makeCard } from './realm-card.ts'
import type { ReplicationLink } from '../replication/link.ts'
import { followAll, type Followed } from './replication/follow.ts'
import {
  readLink,
  readQuestion,
  replicateRounds,
  type ReplicateInput,
} from './replication/rounds.ts'
import { answerQuestion } from './replication/serve.ts'
import { tick, type Ticked } from './tick.ts'

/** Every operation as a method: one options object in, plain frozen data out. */
export type OperationMethods = {
  [O in keyof Operations]: (input: Operations[O][0]) => Promise<Operations[O][1]>
} & VerifyMethod

/** `verify` has two meanings: of a signature with one, of the whole room without. */
interface VerifyMethod {
  /**
   * Reads everything and compares it with the journal, the heads and the anchor. On disk it looks at
   * an image, in a process of its own: a damaged file may end that process, but not this one.
   */
  verify(input?: VerifyRoomInput): Promise<VerifyReport>
}

export interface CheckpointInput {
  /** A commit that was pinned before: the answer then has the proof that this goes on from there. */
  readonly since?: bigint
}

/** The position of the journal: the number of commits so far, and the hash over all of them. */
export interface Head {
  readonly sequence: bigint
  readonly hash: Uint8Array
}

const cores = new WeakMap<object, Core>()
const coreOf = (room: object): Core => cores.get(room)!

/** Runs what concerns the room as a whole: `close` waits for it, and every failure has a code. */
async function whole<T>(room: object, body: (core: Core) => Promise<T>): Promise<T> {
  const core = coreOf(room)
  try {
    return await core.during(() => body(core))
  } catch (error) {
    throw asCoded(error)
  }
}

async function* reading(core: Core, raw: JournalInput): AsyncGenerator<JournalEntry> {
  core.assertOpen()
  try {
    const input = readInput(JOURNAL_SCHEMA, raw) as JournalInput
    const entries = readJournal(core, input)
    while (!(input.follow && core.closed)) {
      const next = await core.during(() => entries.next())
      if (next.done) return
      yield next.value
    }
  } catch (error) {
    throw asCoded(error)
  }
}

class Room {
  /** The options' region. */
  get region(): string {
    return coreOf(this).region
  }

  /** The present moment by the clock of the room: what its states are a function of. */
  now(): Date {
    return new Date(coreOf(this).now())
  }

  /** Primitives and randomness of the room, without any of its keys: what a face makes, it makes with them. */
  get crypto(): CryptoProvider {
    return coreOf(this).provider
  }

  /**
   * Whether an operation on a key would be allowed now, and if not, which rule refuses. Changes and
   * uses nothing.
   */
  async explain(input: ExplainInput): Promise<Explained> {
    return whole(this, (core) => explained(core, input))
  }

  /**
   * Which version of which key a ciphertext of our own form names, and where that is: it is read
   * from the clear header. Undefined for everything else.
   */
  async identifyCiphertext(
    input: IdentifyCiphertextInput,
  ): Promise<IdentifiedCiphertext | undefined> {
    return whole(this, async (core) => identified(core, input))
  }

  /**
   * What policies and grants say to a principal, and why: the same decision as for the operation itself,
   * whatever the state of the key. Changes and uses nothing.
   */
  async explainAccess(input: ExplainAccessInput): Promise<AccessExplained> {
    return whole(this, (core) => explainedAccess(core, input))
  }

  /** Makes durable what time has decided: rotates, expires, destroys, sweeps, compacts. */
  async tick(): Promise<Ticked> {
    return whole(this, tick)
  }

  /** After a write error: reopens the store, checks it against heads and anchor, goes on. */
  async recover(): Promise<void> {
    return whole(this, async (core) => {
      core.committer.stop()
      await core.committer.settled()
      await core.store.recover?.()
      const position = await loadPosition(core.store, core.keys)
      core.forget()
      core.committer.reset(position)
    })
  }

  /**
   * Changes the seal; rewraps the root key alone, so it takes as long with one key as with a
   * million.
   */
  async reseal(seal: Seal): Promise<void> {
    return whole(this, async (core) => {
      const next = readInput(SEAL_FIELD, seal) as Seal
      await core.committer.settled()
      await reseal(core.store, core.provider, core.keys, next)
    })
  }

  /**
   * Every commit in order, oldest first: what changed, who asked, and how it is chained. With
   * `follow` it goes on until `signal` aborts or the room closes.
   *
   * @example
   * for await (const { operation, keyId } of room.journal({ vaultId })) console.log(operation, keyId)
   */
  journal(input: JournalInput = {}): AsyncIterable<JournalEntry> {
    return reading(coreOf(this), input)
  }

  /** A signed statement about the journal so far, for whoever wants to pin or witness it. */
  async checkpoint(input: CheckpointInput = {}): Promise<Checkpoint> {
    return whole(this, async (core) => {
      const { since } = readInput(CHECKPOINT_SCHEMA, input) as CheckpointInput
      await core.uses.flush()
      return makeCheckpoint(core, since)
    })
  }

  /** Lets go of the journal up to a commit; a signed checkpoint takes its place. */
  async pruneJournal(input: { readonly until: bigint }): Promise<Checkpoint> {
    return whole(this, async (core) => {
      const { until } = readInput(PRUNE_SCHEMA, input) as { until: bigint }
      return prune(core, until)
    })
  }

  /** The way to another room of the realm, by its region; `undefined` cuts it. */
  linkRegion(region: string, link: ReplicationLink | undefined): void {
    const core = coreOf(this)
    core.assertOpen()
    readLink(core, region, link)
  }

  /**
   * The way to the key stores of one type, for all vaults of the room; `undefined` cuts it. The last
   * one counts.
   */
  linkKeyStores(type: KeyStoreType, link: KeyStoreLink | undefined): void {
    const core = coreOf(this)
    core.assertOpen()
    readKeyStoreLink(core, type, link)
  }

  /**
   * One round: asks every linked room what this region follows, and brings the replicas here to where
   * their primaries are. With `follow` round after round, until `signal` aborts or the room closes.
   *
   * @example
   * const eu = await Strongroom.open({ region: 'eu', realm: us })
   * eu.linkRegion('us', roomLink(us))
   * await us.createVaultReplica({ vaultId, region: 'eu' })
   * await eu.replicate()
   */
  async replicate(input: ReplicateInput = {}): Promise<readonly Followed[]> {
    const core = coreOf(this)
    return replicateRounds(core, input, (signal) => whole(this, () => followAll(core, signal)))
  }

  /** Answers a question of a follower: the other end of a `ReplicationLink`. */
  async answerReplication(question: Uint8Array): Promise<Uint8Array> {
    return whole(this, (core) => answerQuestion(core, readQuestion(question)))
  }

  /** The root key of the realm under a seal for the way: `open({ realm: { card, seal } })` joins. */
  async realmCard(input: { readonly seal: Seal }): Promise<Uint8Array> {
    return whole(this, (core) => {
      const { seal } = readInput(CARD_SCHEMA, input) as { seal: Seal }
      return makeCard(core, seal)
    })
  }

  /** Where the room stands: pin it elsewhere to recognise an older copy. */
  head(): Head {
    const core = coreOf(this)
    core.assertOpen()
    const { seq, chain } = core.committer.head
    return Object.freeze({ sequence: seq, hash: new Uint8Array(chain) })
  }

  /**
   * The whole store, root key and all, sealed under `seal` alone: for moving it elsewhere with
   * `Strongroom.importRealm`. What writers do meanwhile is not in it. It is verified first: the stream
   * fails with INTEGRITY when the store is damaged.
   */
  exportRealm(input: ExportRealmInput): AsyncIterable<Uint8Array> {
    return exportRealm(coreOf(this), input)
  }

  /** Counts of calls by operation and outcome since the room was opened. */
  metrics(): Metrics {
    return coreOf(this).meter.metrics()
  }

  /**
   * Finishes what is under way, wipes what is held, closes the store. Further calls answer CLOSED.
   */
  async close(): Promise<void> {
    const core = coreOf(this)
    timers.get(this)?.()
    await core.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

const timers = new WeakMap<object, () => void>()

/**
 * The pipeline, and before it, for keys in use, the fast path; whatever that finds unusual takes
 * the pipeline.
 */
function method(operation: keyof Operations): (this: object, input: unknown) => Promise<unknown> {
  const hot = HOT_OPERATIONS.find((name) => name === operation)
  if (!hot)
    return async function (this: object, input: unknown) {
      return execute(coreOf(this), operation, input)
    }
  return async function (this: object, input: unknown) {
    const core = coreOf(this)
    let answer: unknown
    try {
      answer = core.hot[hot](input) ?? hotForPrincipal(core, hot, input)
    } catch {
      answer = undefined
    }
    return answer ?? execute(core, operation, input)
  }
}

/** Fields of a signature verification; without any of them the room is meant. */
const SIGNATURE_FIELDS = ['keyId', 'message', 'signature'] as const

function isOfSignature(input: unknown): boolean {
  if (typeof input !== 'object' || input === null) return true
  try {
    return SIGNATURE_FIELDS.some((name) => name in input)
  } catch {
    // What cannot even be asked is refused like any other input.
    return true
  }
}

function verifyMethod(this: object, input: unknown = {}): Promise<unknown> {
  return isOfSignature(input)
    ? verifySignature.call(this, input)
    : whole(this, (core) => verifyRoom(core, input as VerifyRoomInput))
}
const verifySignature = method('verify')

for (const operation of Object.keys(OPERATIONS) as (keyof Operations)[])
  Object.defineProperty(Room.prototype, operation, {
    value: operation === 'verify' ? verifyMethod : method(operation),
    writable: true,
    configurable: true,
  })

/**
 * An open room. Operations are methods (see `Operations` for each: what it takes, what it answers);
 * `tick`, `recover`, `reseal`, `head`, `metrics`, `explain` and `close` concern the room as a
 * whole.
 *
 * @example
 * const room = await Strongroom.open()
 * const vault = await room.createVault({ displayName: 'shop' })
 * const key = await room.createKey({ vaultId: vault.id, displayName: 'orders', spec: 'AES_256' })
 * const { ciphertext } = await room.encrypt({ keyId: key.id, plaintext: new Uint8Array([1, 2, 3])
 * })
 */
export type Strongroom = Room & OperationMethods

async function open(options: OpenOptions = {}): Promise<Strongroom> {
  return roomOf(await openCore(options), options)
}

async function importRealm(input: ImportRealmInput): Promise<Strongroom> {
  const read = readImport(input)
  const fill: Prepare = (store, provider, seal) => importInto(store, provider, seal, read)
  return roomOf(await openCore(read.open, fill), read.open)
}

function roomOf(core: Core, options: OpenOptions): Strongroom {
  const room = new Room()
  cores.set(room, core)
  if (options.sweepEveryMs !== undefined) timers.set(room, startTimer(room, options.sweepEveryMs))
  return room as Strongroom
}

/** A failing tick is counted, not thrown: the next operation meets the cause itself. */
function startTimer(room: object, everyMs: number): () => void {
  const timer = setInterval(() => {
    whole(room, tick).catch((error: unknown) => {
      const { code } = asCoded(error)
      coreOf(room).meter.record({ operation: 'tick', outcome: code, durationMs: 0 })
    })
  }, everyMs)
  timer.unref()
  return () => clearInterval(timer)
}

/**
 * `Strongroom.open(options)`: in memory with a throw-away seal, or on LevelDB with `path` and
 * `seal`. `Strongroom.importRealm({ from, seal, open })`: the same over an empty store that is first
 * filled with an exported one.
 */
export const Strongroom = Object.freeze({ open, importRealm })
