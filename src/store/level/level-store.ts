/**
 * The store on one LevelDB: reads go straight to the database, commits through the writer queue.
 * Knows nothing of directories; the home that it is given opens the database and guards the place
 * where it lives.
 */
import type {
  Commit,
  Range,
  Row,
  Sidecar,
  Store,
  StoreError,
  StoreImage,
  StoreLimits,
} from '../store.ts'
import type { EncodedCheck } from './group.ts'
import type { LevelDatabase, LevelRangeOptions, LevelSnapshot, Operation } from './database.ts'
import { EMBEDDED_LIMITS, checkCommit, checkRange, checkedKey, storeClosed } from '../limits.ts'
import { END_KEY, HEAD_KEY, decodeHead, readRow, rowKey, rowVersion, userKey } from './codec.ts'
import { GroupWriter } from './writer.ts'
import { VIEW, writeDurably } from './database.ts'
import { StrongroomError } from '../../base/errors.ts'
import { encodeCommit } from './group.ts'
import { fromLevel } from './errors.ts'

/** Where the database lives. */
export interface LevelHome {
  /** For messages: a path or a description. */
  readonly name: string
  readonly sidecar?: Sidecar
  /** Opens an existing database, strictly; called again by every recover. */
  connect(): Promise<LevelDatabase>
  /** Makes the names of new files durable; called after every batch. */
  settle(): Promise<void>
  /** Throws StoreError `unavailable` when so many bytes more should not be written. */
  reserve(bytes: number): Promise<void>
  /** A copy of what is there now. */
  image?(): Promise<StoreImage>
  /** Throws INTEGRITY when the files are not as they were written. */
  inspect?(): Promise<void>
  /** Gives everything back, after the database was closed. */
  release(): Promise<void>
}

/** A store over LevelDB. Made by `openLevelStore`. */
export class LevelStore implements Store {
  readonly limits: StoreLimits
  readonly multiProcess = false
  readonly ephemeral: boolean
  readonly sidecar?: Sidecar
  readonly image?: () => Promise<StoreImage>
  readonly inspect?: () => Promise<void>
  readonly #home: LevelHome
  readonly #writer: GroupWriter
  readonly #reads = new Set<Promise<unknown>>()
  readonly #watchers = new Set<() => void>()
  #seen = 0n
  #db: LevelDatabase
  /** While it is being reopened: everything else waits for this. */
  #reopening: Promise<void> | undefined
  /** Set when a reopening failed: there is no database to ask. */
  #lost: StrongroomError | StoreError | undefined
  #closing: Promise<void> | undefined
  /** Compaction, reopening and closing come one after the other. */
  #upkeep: Promise<unknown> = Promise.resolve()

  static async open(home: LevelHome, limits: StoreLimits = EMBEDDED_LIMITS): Promise<LevelStore> {
    try {
      const db = await home.connect()
      try {
        return new LevelStore(home, limits, db, await readHead(db))
      } catch (error) {
        await db.close().catch(() => undefined)
        throw error
      }
    } catch (error) {
      await home.release()
      throw fromLevel(error, `Opening the store ${home.name}`)
    }
  }

  private constructor(home: LevelHome, limits: StoreLimits, db: LevelDatabase, head: bigint) {
    this.limits = limits
    this.ephemeral = !db.supports.permanence
    if (home.sidecar) this.sidecar = home.sidecar
    if (home.image) this.image = () => this.#image()
    if (home.inspect) this.inspect = () => this.#read(() => home.inspect!())
    this.#home = home
    this.#db = db
    this.#writer = new GroupWriter(
      {
        reserve: (bytes) => home.reserve(bytes),
        versions: (checks) => this.#versions(checks),
        write: (operations: Operation[]) => writeDurably(this.#db, operations),
        settle: () => home.settle(),
        changed: () => {
          for (const callback of this.#watchers) queueMicrotask(callback)
        },
      },
      head,
    )
  }

  async get(key: Uint8Array): Promise<{ value: Uint8Array; version: bigint } | undefined> {
    const { key: checked } = checkedKey('key', key, this.limits)
    const stored = rowKey(checked)
    const row = await this.#read((db) => db.get(stored, VIEW))
    if (row === undefined) return undefined
    const read = readRow(row)
    this.#observe(read.version)
    return read
  }

  async scan(range: Range): Promise<{ revision: bigint; rows: Row[] }> {
    checkRange(range, this.limits)
    const { limit, reverse = false } = range
    const options = { ...VIEW, gte: rowKey(range.gte), lt: rowKey(range.lt), limit, reverse }
    const read = await this.#read((db) =>
      db.supports.explicitSnapshots
        ? snapshotScan(db, options)
        : // Without snapshots no batch may happen between the two reads.
          this.#writer.exclusive(() => readRange(db, options)),
    )
    this.#observe(read.revision)
    return read
  }

  async commit(commit: Commit): Promise<{ version: bigint }> {
    // Checked and copied before the first wait: the caller may reuse its arrays at once.
    this.#assertOpen()
    const encoded = encodeCommit(checkCommit(commit, this.limits))
    await this.#ready()
    return this.#writer.push(encoded)
  }

  async head(): Promise<bigint> {
    await this.#ready()
    this.#assertFound()
    return this.#writer.head > this.#seen ? this.#writer.head : this.#seen
  }

  watch(callback: () => void): () => void {
    this.#assertOpen()
    const entry = () => callback()
    this.#watchers.add(entry)
    return () => void this.#watchers.delete(entry)
  }

  /**
   * Closes and reopens the database after a write error and checks that nothing acknowledged is
   * missing.
   *
   * @throws {StrongroomError} when it cannot be opened (call again after the repair), INTEGRITY when commits are lost
   */
  async recover(): Promise<void> {
    await this.#ready()
    this.#reopening = this.#inTurn(() => this.#reopen()).finally(() => {
      this.#reopening = undefined
    })
    await this.#reopening
    this.#assertFound()
  }

  /**
   * Rewrites the files so that deleted and replaced values leave them. Waits for the reads of
   * before: an older snapshot or iterator would keep old files alive.
   */
  async compact(): Promise<void> {
    await this.#ready()
    this.#assertFound()
    await this.#inTurn(() => this.#compact())
  }

  /**
   * Takes no more calls, waits for those under way, then lets go of the files. Closing twice is the
   * same as once.
   */
  close(): Promise<void> {
    this.#closing ??= this.#inTurn(() => this.#close())
    return this.#closing
  }

  async #image(): Promise<StoreImage> {
    await this.#ready()
    this.#assertFound()
    return this.#inTurn(() => this.#writer.exclusive(() => this.#home.image!()))
  }

  async #compact(): Promise<void> {
    const db = this.#db
    if (!db.compactRange) return
    this.#writer.assertWritable()
    try {
      await this.#readsOfBefore()
      await db.compactRange(HEAD_KEY, END_KEY, VIEW)
      await this.#readsOfBefore()
      // Files that a read still held went on living: a second, tiny one drops them.
      await db.compactRange(HEAD_KEY, HEAD_KEY, VIEW)
    } catch (error) {
      throw fromLevel(error, `Compacting the store ${this.#home.name}`)
    }
    // LevelDB tells nobody that a compaction failed, but it then refuses to write.
    await this.#writer.push(encodeCommit({ checks: [], puts: [], dels: [], bytes: 0 }))
  }

  async #close(): Promise<void> {
    await this.#writer.idle()
    await this.#readsOfBefore()
    this.#watchers.clear()
    try {
      if (!this.#lost) await this.#db.close()
    } catch (error) {
      throw fromLevel(error, `Closing the store ${this.#home.name}`)
    } finally {
      await this.#home.release()
    }
  }

  #inTurn<T>(job: () => Promise<T>): Promise<T> {
    const result = this.#upkeep.then(job)
    this.#upkeep = result.catch(() => undefined)
    return result
  }

  async #reopen(): Promise<void> {
    await this.#writer.idle()
    await this.#readsOfBefore()
    const { acknowledged } = this.#writer
    try {
      if (!this.#lost) await this.#db.close()
      this.#db = await this.#home.connect()
      const head = await readHead(this.#db)
      if (head < acknowledged) throw lostCommits(this.#home.name, acknowledged - head)
      this.#writer.reset(head)
      this.#seen = head
      this.#lost = undefined
    } catch (error) {
      await this.#db.close().catch(() => undefined)
      this.#lost = fromLevel(error, `Reopening the store ${this.#home.name}`)
      this.#writer.poison(this.#lost)
    }
  }

  async #read<T>(body: (db: LevelDatabase) => Promise<T>): Promise<T> {
    await this.#ready()
    this.#assertFound()
    const work = body(this.#db)
    this.#reads.add(work)
    try {
      return await work
    } catch (error) {
      throw fromLevel(error, `Reading the store ${this.#home.name}`)
    } finally {
      this.#reads.delete(work)
    }
  }

  async #versions(checks: readonly EncodedCheck[]): Promise<ReadonlyMap<string, bigint>> {
    const keys = new Map(checks.map(({ text, key }) => [text, key]))
    try {
      const rows = await readMany(this.#db, [...keys.values()])
      const texts = keys.keys()
      return new Map(rows.map((row) => [texts.next().value!, row ? rowVersion(row) : 0n]))
    } catch (error) {
      throw fromLevel(error, `Checking a commit in the store ${this.#home.name}`)
    }
  }

  async #readsOfBefore(): Promise<void> {
    await Promise.allSettled(this.#reads)
  }

  /**
   * A read may see a batch a moment before its writer hears that it is done; head is never behind a
   * read.
   */
  #observe(version: bigint): void {
    if (version > this.#seen) this.#seen = version
  }

  #assertOpen(): void {
    if (this.#closing) throw storeClosed()
  }

  /** Open, and not being reopened just now. */
  async #ready(): Promise<void> {
    this.#assertOpen()
    while (this.#reopening) {
      await this.#reopening
      this.#assertOpen()
    }
  }

  #assertFound(): void {
    if (this.#lost) throw this.#lost
  }
}

/**
 * Rows and revision of one snapshot: HEAD is read through it too, a variable would be ahead of or
 * behind the rows.
 */
async function snapshotScan(
  db: LevelDatabase,
  options: LevelRangeOptions,
): Promise<{ revision: bigint; rows: Row[] }> {
  const snapshot = db.snapshot()
  try {
    return await readRange(db, { ...options, snapshot })
  } finally {
    await snapshot.close()
  }
}

async function readRange(
  db: LevelDatabase,
  options: LevelRangeOptions & { snapshot?: LevelSnapshot },
): Promise<{ revision: bigint; rows: Row[] }> {
  const { keyEncoding, valueEncoding, snapshot } = options
  const read = { keyEncoding, valueEncoding, ...(snapshot && { snapshot }) }
  const revision = decodeHead(await db.get(HEAD_KEY, read))
  const iterator = db.iterator(options)
  try {
    const entries = await iterator.all()
    return { revision, rows: entries.map(([key, row]) => ({ key: userKey(key), ...readRow(row) })) }
  } finally {
    await iterator.close()
  }
}

/** Checked rows are hot: asking on this thread costs a fifth of a hop to another. */
async function readMany(
  db: LevelDatabase,
  keys: Uint8Array[],
): Promise<(Uint8Array | undefined)[]> {
  if (keys.length === 0) return []
  return db.supports.getSync === true
    ? keys.map((key) => db.getSync(key, VIEW))
    : db.getMany(keys, VIEW)
}

const readHead = async (db: LevelDatabase): Promise<bigint> =>
  decodeHead(await db.get(HEAD_KEY, VIEW))

const lostCommits = (name: string, count: bigint): StrongroomError =>
  new StrongroomError(
    'INTEGRITY',
    `The store ${name} lost its ${count} newest acknowledged commits. Restore it from a backup.`,
  )
