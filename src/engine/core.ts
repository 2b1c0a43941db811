/** What every operation stands on: the open realm, its cells, and the two ways to touch records: read and transact. */
import { StrongroomError } from '../base/errors.ts'
import type { Clock } from '../base/ports.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import { isUuid, path } from '../format/paths.ts'
import type { RecordKind, RecordOf } from '../format/records.ts'
import type { Store } from '../store/store.ts'
import { createCell, emptyHead, type Cell } from './cell.ts'
import { Committer } from './commit.ts'
import type { EraseKeys } from './erase.ts'
import { Handles } from './handles.ts'
import { Hot } from './hot.ts'
import { Lru } from './lru.ts'
import type { Meter } from './meter.ts'
import { Mutex } from './mutex.ts'
import { readVaultHead, type OpenedRealm } from './realm.ts'
import type { RealmKeys } from './realm-keys.ts'
import { readStore, Records, type Entry } from './records.ts'
import { Tx } from './tx.ts'

/** Reads records of one vault: as committed, or as a transaction sees them. */
export interface Reader {
  readonly cell: Cell
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
}

/** Where a key id leads. */
export interface Place {
  readonly vaultId: string
  readonly ordinal: number
  readonly version: number
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
  readonly places: Lru<string, Place>
  readonly hot: Hot
  /** Raw AES-GCM uses left of the reserved block, by version. */
  readonly gcmLeft: Lru<string, number>
  /** Keys whose material was destroyed and whose vault still has to be swept, by vault. */
  readonly unswept = new Map<Cell, Set<number>>()
  /** One destruction sweep at a time. */
  readonly sweeping = new Mutex()
  readonly #cells = new Map<string, Promise<Cell | undefined>>()
  #closed = false

  constructor(options: CoreOptions, realm: OpenedRealm) {
    this.store = options.store
    this.provider = options.provider
    this.clock = options.clock
    this.region = options.region
    this.meter = options.meter
    this.keys = realm.keys
    this.erase = realm.erase
    this.records = new Records(options.store, realm.keys, options.cachedKeys)
    this.committer = new Committer(this, realm.position)
    this.handles = new Handles(options.cachedKeys)
    this.places = new Lru(options.cachedKeys * 2)
    this.hot = new Hot(this, options.cachedKeys)
    this.gcmLeft = new Lru(options.cachedKeys)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** A durable commit changed this key. */
  onTouched(keyId: string): void {
    this.hot.drop(keyId)
  }

  now(): number {
    return this.clock.now()
  }

  assertOpen(): void {
    if (this.#closed)
      throw new StrongroomError('CLOSED', 'Room: expected an open room, found a closed one.')
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

  /** A cell for a vault that is about to be made; it is known to others once `transact` has made it durable. */
  async newCell<T>(vaultId: string, make: (cell: Cell) => Promise<T>): Promise<T> {
    const cell = createCell(emptyHead(vaultId), undefined)
    const answer = await make(cell)
    this.#cells.set(vaultId, Promise.resolve(cell))
    return answer
  }

  /** Committed records of a vault. */
  reader(cell: Cell): Reader {
    return {
      cell,
      get: (kind, at, suite) => {
        const { generation } = cell
        return this.records.read(kind, cell.id, at, () => cell.generation === generation, suite)
      },
    }
  }

  /**
   * Runs `body` alone among the writers of the vault, then makes what it wrote durable, outside the lock. A body that
   * writes nothing commits nothing.
   */
  async transact<T>(cell: Cell, operation: string, body: (tx: Tx) => Promise<T>): Promise<T> {
    this.assertOpen()
    const { answer, durable } = await cell.lock.run(async () => {
      this.assertOpen()
      const tx = new Tx(this, cell, operation, this.now())
      const answer = await body(tx)
      const durable = tx.dirty ? tx.submit() : Promise.resolve()
      durable.catch(() => undefined)
      return { answer, durable }
    })
    await durable
    return answer
  }

  /** Drops everything that was read or planned; the next use reads the store again. */
  forget(): void {
    this.#cells.clear()
    this.records.clear()
    this.handles.clear()
    this.places.clear()
    this.hot.clear()
    this.gcmLeft.clear()
    this.unswept.clear()
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.committer.settled()
    this.forget()
    this.keys.destroy()
    this.erase.destroy()
    await this.store.close()
  }

  async #loadCell(vaultId: string): Promise<Cell | undefined> {
    const at = path.head(vaultId)
    const row = await readStore(() => this.store.get(at))
    if (!row) return undefined
    const head = readVaultHead(this.keys, vaultId, row.value)
    return createCell(head, this.records.element(at, row.value))
  }
}

export function notFound(kind: string, id: string): StrongroomError {
  const shown =
    isUuid(id) || /^alias\/[A-Za-z0-9/_-]{1,250}$/.test(id) ? id : 'an id of another form'
  return new StrongroomError(
    'NOT_FOUND',
    `${kind}: expected an existing one, found none for ${shown}.`,
  )
}
