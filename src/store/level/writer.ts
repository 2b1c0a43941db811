/**
 * The one writer queue: one batch in flight, the commits that wait are merged into the next. The
 * first write error poisons it, because LevelDB goes on accepting writes after a torn log record
 * and loses them at the next open.
 */
import type { EncodedCheck, EncodedCommit } from './group.ts'
import type { Operation } from './database.ts'
import { LIMITS } from '../../domain/limits.ts'
import { StrongroomError } from '../../base/errors.ts'
import { StoreError } from '../store.ts'
import { conflict } from '../limits.ts'
import { settleGroup } from './group.ts'

/** Bounds of one batch: beyond them a group only adds latency. */
const GROUP_COMMITS_MAX = 1024
const GROUP_BYTES_MAX = 4_000_000

/** What the writer asks of the database and of the place where it lives. */
export interface WriterPort {
  /** Throws StoreError `unavailable` when so many bytes more should not be written. */
  reserve(bytes: number): Promise<void>
  /** The stored versions of checked keys, 0n where absent. */
  versions(checks: readonly EncodedCheck[]): Promise<ReadonlyMap<string, bigint>>
  /** One synced batch; readers see it when this returns. */
  write(operations: Operation[]): Promise<void>
  /** Makes the names of files that the batch may have made durable. */
  settle(): Promise<void>
  /** A group was answered. */
  changed(): void
}

interface Waiting {
  readonly commit: EncodedCommit
  readonly resolve: (answer: { version: bigint }) => void
  readonly reject: (error: unknown) => void
}

export class GroupWriter {
  readonly #port: WriterPort
  readonly #waiting: Waiting[] = []
  readonly #jobs: (() => Promise<void>)[] = []
  #head: bigint
  #acknowledged: bigint
  #poison: { readonly cause: unknown } | undefined
  #running: Promise<void> | undefined

  constructor(port: WriterPort, head: bigint) {
    this.#port = port
    this.#head = head
    this.#acknowledged = head
  }

  /** The newest version that readers may see. */
  get head(): bigint {
    return this.#head
  }

  /** The newest version that a caller was told of. */
  get acknowledged(): bigint {
    return this.#acknowledged
  }

  /**
   * @throws {StrongroomError} BUSY when too many wait; {@link StoreError} as the port of the store
   * says.
   */
  push(commit: EncodedCommit): Promise<{ version: bigint }> {
    if (this.#poison) return Promise.reject(unavailable(this.#poison.cause))
    if (this.#waiting.length >= LIMITS.queuedWritesMax) return Promise.reject(busy())
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject })
      this.#run()
    })
  }

  /** @throws {StoreError} `unavailable` after a write error. */
  assertWritable(): void {
    if (this.#poison) throw unavailable(this.#poison.cause)
  }

  /** Runs a job while no batch is in flight. */
  exclusive<T>(job: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#jobs.push(() => job().then(resolve, reject))
      this.#run()
    })
  }

  /** Waits until nothing waits and nothing is in flight. */
  async idle(): Promise<void> {
    while (this.#running) await this.#running
  }

  /** Goes on at what a fresh look into the database found. */
  reset(head: bigint): void {
    this.#head = head
    this.#acknowledged = head
    this.#poison = undefined
  }

  /** Takes nothing more until `reset`. */
  poison(cause: unknown): void {
    this.#poison ??= { cause }
    for (const { reject } of this.#waiting.splice(0)) reject(unavailable(cause))
  }

  #run(): void {
    this.#running ??= this.#drain()
  }

  async #drain(): Promise<void> {
    // What the same turn of the loop still pushes joins the first batch.
    await Promise.resolve()
    while (this.#waiting.length > 0 || this.#jobs.length > 0) {
      for (const job of this.#jobs.splice(0)) await job()
      const group = this.#take()
      if (group.length > 0) await this.#commit(group)
      if (group.length > 1 && this.#waiting.length < group.length) await turnOfLoop()
    }
    // In the same step as the last look at the queue: a later push starts a new run.
    this.#running = undefined
  }

  #take(): Waiting[] {
    let bytes = 0
    let count = 0
    for (const { commit } of this.#waiting) {
      bytes += commit.bytes
      if (count > 0 && (count >= GROUP_COMMITS_MAX || bytes > GROUP_BYTES_MAX)) break
      count++
    }
    return this.#waiting.splice(0, count)
  }

  async #commit(group: Waiting[]): Promise<void> {
    let stored: ReadonlyMap<string, bigint>
    try {
      await this.#port.reserve(group.reduce((sum, { commit }) => sum + commit.bytes, 0))
      stored = await this.#port.versions(group.flatMap(({ commit }) => commit.checks))
    } catch (error) {
      // Nothing was written: these commits fail, the next ones may succeed.
      for (const { reject } of group) reject(error)
      return
    }
    const round = settleGroup(group, stored, this.#head)
    for (const { reject } of round.refused) reject(conflict())
    if (round.accepted.length === 0) return
    try {
      await this.#port.write(round.operations)
      this.#head = round.version
      await this.#port.settle()
    } catch (error) {
      for (const { entry } of round.accepted) entry.reject(unknownOutcome(error))
      this.poison(error)
      return
    }
    this.#acknowledged = round.version
    for (const { entry, version } of round.accepted) entry.resolve({ version })
    this.#port.changed()
  }
}

const unavailable = (cause: unknown): StoreError =>
  new StoreError(
    'unavailable',
    'An earlier write failed, so no more are taken until recover(). Nothing was done.',
    cause,
  )

const unknownOutcome = (cause: unknown): StoreError =>
  new StoreError(
    'unknown',
    'The write failed underway: it may or may not have happened. Call recover(), then look.',
    cause,
  )

const busy = (): StrongroomError =>
  new StrongroomError(
    'BUSY',
    `At most ${LIMITS.queuedWritesMax} commits may wait. Nothing was done; try again later.`,
  )

/**
 * Lets callers that were just answered come back with their next commit before the next batch is
 * cut.
 */
const turnOfLoop = (): Promise<void> =>
  new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
