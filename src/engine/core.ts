/**
 * What every operation stands on: the open realm, its cells, and the two ways to touch records:
 * read and transact.
 */
import { StrongroomError } from '../base/errors.ts'
import { utf8 } from '../base/bytes.ts'
import type { Clock } from '../base/ports.ts'
import { memo } from '../base/remembered.ts'
import type { KeyStoreType } from '../domain/records.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import { isUuid, path } from '../format/paths.ts'
import type { RecordKind, RecordOf } from '../format/records.ts'
import type { Store } from '../store/store.ts'
import { createCell, emptyHead, type Cell } from './cell.ts'
import { Committer } from './commit.ts'
import { stopped } from './commit-failures.ts'
import { Books } from './books.ts'
import type { EraseKeys } from './erase.ts'
import { Claims } from './claims.ts'
import { Handles } from './handles.ts'
import { Hot } from './hot.ts'
import type { KeyStoreLink } from './key-store-link.ts'
import { Lru } from './lru.ts'
import type { Meter } from './meter.ts'
import type { ObjectStore } from '../backup/objects.ts'
import type { ReplicationLink } from '../replication/link.ts'
import { Mutex } from './mutex.ts'
import { Places } from './places.ts'
import { Followers } from './replication/followers.ts'
import { readVaultHead, type OpenedRealm } from './realm.ts'
import type { RealmKeys } from './realm-keys.ts'
import { readStore, Records, type Entry } from './records.ts'
import { Tx, type Cause, type TxMode } from './tx.ts'
import { Uses } from './uses.ts'

/** Reads records of one vault: as committed, or as a transaction sees them. */
export interface Reader {
  readonly cell: Cell
  /** Of the vault, as this reader sees it. */
  readonly role: Cell['head']['role']
  get<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    suite?: Suite,
  ): Promise<Entry<RecordOf[K]> | undefined>
}

export interface CoreOptions {
  readonly store: Store
  readonly provider: CryptoProvider
  readonly clock: Clock
  readonly cachedKeys: number
  readonly region: string
  readonly meter: Meter
  /** Uses of keys are journaled too. */
  readonly auditUses: boolean
  /** How many commits the journal keeps; absent: all. */
  readonly journalMax?: number | undefined
  readonly replicasMax: number
  /** Where backups are kept. */
  readonly objects?: ObjectStore | undefined
}

export class Core {
  readonly store: Store
  readonly provider: CryptoProvider
  readonly clock: Clock
  readonly region: string
  readonly meter: Meter
  readonly keys: RealmKeys
  readonly erase: EraseKeys
  readonly records: Records
  readonly committer: Committer
  readonly handles: Handles
  readonly places: Places
  readonly hot: Hot
  /** Who may use the keys at hand. */
  readonly books: Books
  readonly uses: Uses
  /** How far the replicas of vaults here are. */
  readonly followers = new Followers()
  /** What stands for the name of an alias in the store: names are asked for again and again. */
  readonly aliasMac: (name: string) => Uint8Array
  /** Ways to other rooms of the realm, by region. */
  readonly links = new Map<string, ReplicationLink>()
  /** Ways to the key stores of vaults here, by type. */
  readonly keyStoreLinks = new Map<KeyStoreType, KeyStoreLink>()
  /** Tells what waits for others that the room closes. */
  readonly ending = new AbortController()
  /** One round of following at a time. */
  readonly following = new Mutex()
  readonly journalMax: number | undefined
  readonly replicasMax: number
  readonly objects: ObjectStore | undefined
  /** Ids that callers chose and that are being given. */
  readonly claims = new Claims()
  /** Raw AES-GCM uses left of the reserved block, by version. */
  readonly gcmLeft: Lru<string, number>
  /** Keys whose material was destroyed and whose vault still has to be swept, by vault. */
  readonly unswept = new Map<string, Set<number>>()
  /** Copies of multi-Region keys are brought together, and change their roles, one after another. */
  readonly relating = new Mutex()
  /** One destruction sweep at a time. */
  readonly sweeping = new Mutex()
  /** Nobody lets go of the journal while another does, or walks it from its beginning. */
  readonly trimming = new Mutex()
  readonly #cells = new Map<string, Promise<Cell | undefined>>()
  /** Vaults that are being made. */
  readonly #making = new Set<Promise<unknown>>()
  #life = 0
  #closing: Promise<void> | undefined
  /** Operations under way, and who waits for the last of them. */
  #active = 0
  #idle: (() => void) | undefined

  constructor(options: CoreOptions, realm: OpenedRealm) {
    this.store = options.store
    this.provider = options.provider
    this.clock = options.clock
    this.region = options.region
    this.meter = options.meter
    this.keys = realm.keys
    this.erase = realm.erase
    this.aliasMac = memo((name) =>
      realm.keys.lookup.compute(utf8('alias'), utf8(name)).subarray(0, 16),
    )
    this.records = new Records(options.store, realm.keys, options.cachedKeys)
    this.committer = new Committer(this, realm.position)
    this.handles = new Handles(options.cachedKeys)
    this.places = new Places(options.cachedKeys * 2)
    this.hot = new Hot(this, options.cachedKeys)
    this.books = new Books(this, options.cachedKeys)
    this.uses = new Uses(this, options.auditUses)
    this.journalMax = options.journalMax
    this.replicasMax = options.replicasMax
    this.objects = options.objects
    this.gcmLeft = new Lru(options.cachedKeys)
  }

  /**
   * Counts how often everything that was read was dropped: what older cells say no longer holds.
   */
  get life(): number {
    return this.#life
  }

  get closed(): boolean {
    return this.#closing !== undefined
  }

  /** A durable commit changed this key. */
  onTouched(keyId: string): void {
    this.hot.drop(keyId)
    this.books.drop(keyId)
  }

  /** A durable commit changed where this id leads. */
  onPlaced(id: string): void {
    this.places.drop(id)
  }

  now(): number {
    return this.clock.now()
  }

  assertOpen(): void {
    if (this.#closing)
      throw new StrongroomError('CLOSED', 'Room: expected an open room, found a closed one.')
  }

  /** Begins an operation: `close` waits until its `leave`. */
  enter(): void {
    this.assertOpen()
    this.#active++
  }

  leave(): void {
    if (--this.#active === 0) this.#idle?.()
  }

  /** One step of something long: `close` waits for the step and not for all of it. */
  async during<T>(step: () => Promise<T>): Promise<T> {
    this.enter()
    try {
      return await step()
    } finally {
      this.leave()
    }
  }

  /** The cell of a vault, or NOT_FOUND. */
  async cell(vaultId: string): Promise<Cell> {
    const cell = isUuid(vaultId) ? await this.findCell(vaultId) : undefined
    if (!cell) throw notFound('vault', vaultId)
    return cell
  }

  findCell(vaultId: string): Promise<Cell | undefined> {
    const known = this.#cells.get(vaultId)
    if (known) return known
    const loading = this.#loadCell(vaultId)
    this.#cells.set(vaultId, loading)
    const forget = () => {
      if (this.#cells.get(vaultId) === loading) this.#cells.delete(vaultId)
    }
    loading.then((cell) => cell ?? forget(), forget)
    return loading
  }

  /**
   * Makes a vault; whoever asks for its cell meanwhile waits until it is durable. Undefined when
   * someone else is making this very one: look again.
   */
  newCell<T>(vaultId: string, make: (cell: Cell) => Promise<T>): Promise<T> | undefined {
    if (this.#cells.has(vaultId)) return undefined
    const cell = createCell(emptyHead(vaultId), undefined, this.#life)
    const answer = make(cell)
    const made = answer.then(
      () => cell,
      () => undefined,
    )
    this.#cells.set(vaultId, made)
    this.#making.add(made)
    void made.then((done) => {
      this.#making.delete(made)
      if (!done && this.#cells.get(vaultId) === made) this.#cells.delete(vaultId)
      // Copies of keys that are elsewhere too may have come with it.
      this.places.clear()
    })
    return answer
  }

  /** A vault that is here no more: whoever asks looks into the store again. */
  forgetVault(cell: Cell): void {
    this.#cells.delete(cell.id)
    this.unswept.delete(cell.id)
    cell.life = -1
    cell.permitGeneration++
    this.records.clear()
    this.handles.clear()
    this.places.clear()
    this.hot.clear()
    this.books.clear()
  }

  /** Waits for the vaults that are being made. */
  async vaultsMade(): Promise<void> {
    await Promise.all(this.#making)
  }

  /** Committed records of a vault. */
  reader(cell: Cell): Reader {
    return {
      cell,
      get role() {
        return cell.head.role
      },
      get: async (kind, at, suite) => {
        for (;;) {
          const { generation } = cell
          const still = (seq: bigint) =>
            seq <= cell.head.seq && cell.generation === generation && cell.life === this.#life
          const entry = await this.records.read(kind, cell.id, at, still, suite)
          if (!entry || entry.seq <= cell.head.seq) return entry
          await this.caughtUp(cell, entry.seq)
        }
      },
    }
  }

  /**
   * Waits until memory is where a stored row already is: between a commit of the store and its
   * answer, nobody may see what others do not.
   */
  async caughtUp(cell: Cell, seq: bigint): Promise<void> {
    while (cell.head.seq < seq) {
      if (cell.planned.seq <= cell.head.seq) throw ahead(this.committer.poisoned)
      await cell.tail.catch(() => undefined)
    }
  }

  /**
   * Runs `body` alone among the writers of the vault, then makes what it wrote durable, outside the
   * lock. A body that writes nothing, or refuses, commits nothing; but what it saw may still be on
   * its way to the disk, so its answer waits too.
   */
  async transact<T>(
    cell: Cell,
    cause: string | Cause,
    body: (tx: Tx) => Promise<T>,
    mode?: TxMode,
  ): Promise<T> {
    const { answer, refusal, durable } = await cell.lock.run(async () => {
      if (cell.life !== this.#life) throw stopped()
      const told = typeof cause === 'string' ? { operation: cause } : cause
      const upkeep = cell.planned.role === 'replica' ? 'local' : 'entry'
      const tx = new Tx(this, cell, told, this.now(), mode ?? upkeep)
      const [decided] = await Promise.allSettled([body(tx)])
      const refused = decided.status === 'rejected'
      const durable = tx.dirty && !refused ? tx.submit() : tx.settled()
      durable.catch(() => undefined)
      return refused
        ? { refusal: { error: decided.reason as Error }, durable }
        : { answer: decided.value, durable }
    })
    await durable
    if (refusal) throw refusal.error
    return answer
  }

  /** Drops everything that was read or planned; the next use reads the store again. */
  forget(): void {
    this.#life++
    this.#cells.clear()
    this.records.clear()
    this.handles.clear()
    this.places.clear()
    this.hot.clear()
    this.books.clear()
    this.gcmLeft.clear()
  }

  /** Refuses what comes, finishes what is under way, wipes, closes the store. */
  close(): Promise<void> {
    this.#closing ??= Promise.resolve().then(() => this.#close())
    return this.#closing
  }

  async #close(): Promise<void> {
    this.committer.end()
    this.ending.abort()
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
    const [flushed] = await Promise.allSettled([this.uses.flush()])
    await this.committer.settled()
    this.forget()
    this.keys.destroy()
    this.erase.destroy()
    await this.store.close()
    if (flushed.status === 'rejected') throw flushed.reason
  }

  async #loadCell(vaultId: string): Promise<Cell | undefined> {
    const life = this.#life
    const at = path.head(vaultId)
    const row = await readStore(() => this.store.get(at))
    if (!row) return undefined
    const head = readVaultHead(this.keys, vaultId, row.value)
    return createCell(head, this.records.element(at, row.value), life)
  }
}

const ahead = (cause: StrongroomError | undefined): StrongroomError =>
  new StrongroomError(
    'UNAVAILABLE',
    'Read: expected a record that is known to be durable, found one of a write whose outcome is ' +
      'unknown.',
    { cause },
  )

export function notFound(kind: string, id: string): StrongroomError {
  const shown =
    isUuid(id) || /^alias\/[A-Za-z0-9/_-]{1,250}$/.test(id) ? id : 'an id of another form'
  return new StrongroomError(
    'NOT_FOUND',
    `${kind}: expected an existing one, found none for ${shown}.`,
  )
}
