/**
 * One way to the store: planned transactions wait in a queue, are merged into groups, and each
 * group becomes one atomic batch: records, vault heads, realm head. Then the anchor, and only then
 * the answers. The first failure of a write stops everything until `recover()`: what was planned on
 * top of it never happened.
 */
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import {
  encodeAnchor,
  encodeOrder,
  encodeRealmHead,
  encodeVaultHead,
  realmChainInput,
  withMac,
  type Order,
  type RealmHead,
  type VaultHead,
} from '../format/heads.ts'
import { addElement, removeElement } from '../format/multiset.ts'
import { parsePath, path } from '../format/paths.ts'
import type { RecordKind } from '../format/records.ts'
import { StoreError, type Store } from '../store/store.ts'
import { LIMITS } from '../domain/limits.ts'
import { inPieces } from './aside.ts'
import type { Cell } from './cell.ts'
import { asFailure, stopped } from './commit-failures.ts'
import type { Put } from './journal-entry.ts'
import type { Entry, Records } from './records.ts'
import type { RealmKeys } from './realm-keys.ts'

/** One record of a transaction: a put with its sealed value, or a deletion. */
export interface Write {
  readonly path: Uint8Array
  readonly kind: RecordKind
  readonly value?: Uint8Array
  readonly entry?: Entry
  /** Tells one key of a key from another, for replicas. */
  readonly name?: Uint8Array
}

/** A planned transaction of one vault. */
export interface Plan {
  readonly cell: Cell
  readonly head: VaultHead
  /** The vault goes, head and all; its rows are no longer counted. */
  readonly leaves?: true
  /** Its place in the order of the realm. */
  readonly order: Order
  /** The rows of its journal entry. */
  readonly rows: readonly Put[]
  readonly writes: ReadonlyMap<string, Write>
  /** What follows from it in memory, run when it is durable and before it is answered. */
  readonly effects: readonly (() => void)[]
  /** Keys whose permits changed. */
  readonly touched: ReadonlySet<string>
}

interface Waiting extends Plan {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Rows that no head speaks of: what is being built, and what the journal lets go. */
export interface Aside {
  readonly puts: readonly Put[]
  readonly dels: readonly Uint8Array[]
}
type Alone = () => Promise<void>

interface Parts {
  readonly store: Store
  readonly records: Records
  readonly keys: RealmKeys
  readonly provider: CryptoProvider
  /** Told of every key that a durable commit changed. */
  readonly onTouched: (keyId: string) => void
  /** Told of every id that a durable commit gave a place, or took one from. */
  readonly onPlaced: (id: string) => void
}

/** The realm head and its store version, as committed. */
export interface Position {
  readonly head: RealmHead
  readonly version: bigint
}

/** Where the realm stands after a group of plans, and what says so. */
interface Next {
  readonly head: RealmHead
  readonly orders: readonly Uint8Array[]
  /** The heads of its vaults and their elements; of a vault that leaves there is neither. */
  readonly heads: ReadonlyMap<
    Cell,
    { readonly value?: Uint8Array; readonly element?: Uint8Array | undefined }
  >
}

/** Paths and values of an order row and a head. */
const HEAD_AND_ORDER_BYTES = 256

export class Committer {
  readonly #parts: Parts
  #position: Position
  #queue: Waiting[] = []
  #alone: Alone[] = []
  readonly #watchers = new Set<() => void>()
  #ended = false
  #draining: Promise<void> | undefined
  #poison: StrongroomError | undefined
  /** Planned and not yet committed records, seen by later transactions of the same vault. */
  readonly #planned = new Map<string, { readonly write: Write; readonly plan: Plan }>()
  /** Moves when everything planned was thrown away: transactions begun before must not commit. */
  epoch = 0

  constructor(parts: Parts, position: Position) {
    this.#parts = parts
    this.#position = position
  }

  get head(): RealmHead {
    return this.#position.head
  }

  get poisoned(): StrongroomError | undefined {
    return this.#poison
  }

  planned(key: string): Write | undefined {
    return this.#planned.get(key)?.write
  }

  /**
   * Queues a plan; answers when it is durable. Call it synchronously under the lock of the cell.
   */
  submit(plan: Plan, epoch: number): Promise<void> {
    if (this.#poison) return Promise.reject(stopped(this.#poison))
    if (epoch !== this.epoch) return Promise.reject(stopped())
    if (this.#queue.length >= LIMITS.queuedWritesMax)
      return Promise.reject(
        new StrongroomError(
          'BUSY',
          `Writes: expected fewer than ${LIMITS.queuedWritesMax} waiting, found ` +
            `${this.#queue.length}.`,
        ),
      )
    for (const [key, write] of plan.writes) this.#planned.set(key, { write, plan })
    plan.cell.planned = plan.head
    const done = new Promise<void>((resolve, reject) =>
      this.#queue.push({ ...plan, resolve, reject }),
    )
    plan.cell.tail = done
    this.#draining ??= Promise.resolve().then(() => this.#drain())
    return done
  }

  /** Runs a task while no commit is under way; plans wait meanwhile. */
  alone<T>(task: () => Promise<T>): Promise<T> {
    const done = new Promise<T>((resolve, reject) =>
      this.#alone.push(() => task().then(resolve, reject)),
    )
    this.#draining ??= Promise.resolve().then(() => this.#drain())
    return done
  }

  /** Writes rows beside everything, piece by piece; answers when they are durable. */
  aside(rows: Aside): Promise<void> {
    return this.alone(async () => {
      if (this.#poison) throw stopped(this.#poison)
      try {
        const { store } = this.#parts
        for (const piece of inPieces(rows, store)) await store.commit(this.#checked(piece))
      } catch (error) {
        this.#fail([], error)
        throw asFailure(error)
      }
    })
  }

  /**
   * True once a commit after `seq` is durable; false when the room closes or the signal aborts
   * before.
   */
  async moved(seq: bigint, signal?: AbortSignal): Promise<boolean> {
    while (this.#position.head.seq <= seq) {
      if (this.#ended || signal?.aborted) return false
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal?.removeEventListener('abort', wake)
          this.#watchers.delete(wake)
          resolve()
        }
        this.#watchers.add(wake)
        signal?.addEventListener('abort', wake)
      })
    }
    return true
  }

  /** Lets go of all who wait for further commits. */
  end(): void {
    this.#ended = true
    for (const wake of [...this.#watchers]) wake()
  }

  /**
   * Answers when what was planned for a cell is durable; fails when that failed, or failed since
   * `epoch`.
   */
  seen(cell: Cell, epoch: number): Promise<void> {
    return epoch === this.epoch ? cell.tail : Promise.reject(stopped(this.#poison))
  }

  /** Takes no more plans until `reset`. */
  stop(): void {
    this.#poison ??= stopped()
  }

  /** Waits until nothing is in flight. */
  async settled(): Promise<void> {
    while (this.#draining) await this.#draining
  }

  /** After `recover` or a reload: forget what was planned and go on from this position. */
  reset(position: Position): void {
    this.#position = position
    this.#poison = undefined
    this.#planned.clear()
    this.epoch++
  }

  async #drain(): Promise<void> {
    try {
      for (;;) {
        const task = this.#alone.shift()
        if (task) await task()
        else if (this.#queue.length > 0) await this.#group(this.#take())
        else return
      }
    } finally {
      this.#draining = undefined
    }
  }

  /** As many waiting plans as one store commit can carry. */
  #take(): Waiting[] {
    const { maxOps, maxCommitBytes } = this.#parts.store.limits
    let ops = 2
    let bytes = 1024
    let count = 0
    for (const { writes, rows } of this.#queue) {
      ops += writes.size + rows.length + 2
      for (const write of writes.values()) bytes += write.path.length + (write.value?.length ?? 0)
      for (const { key, value } of rows) bytes += key.length + value.length
      bytes += HEAD_AND_ORDER_BYTES
      if (count > 0 && (ops > maxOps || bytes > maxCommitBytes)) break
      count++
    }
    return this.#queue.splice(0, count)
  }

  async #group(group: Waiting[]): Promise<void> {
    let next: Next
    try {
      next = this.#next(group)
      const { version } = await this.#parts.store.commit(this.#batch(group, next))
      await this.#anchor(next.head)
      this.#position = { head: next.head, version }
    } catch (error) {
      this.#fail(group, error)
      return
    }
    for (const plan of group) this.#apply(plan)
    for (const [cell, { element }] of next.heads) cell.headElement = element
    for (const plan of group) plan.resolve()
    for (const wake of [...this.#watchers]) wake()
  }

  /** Where the realm stands after a group. */
  #next(group: readonly Waiting[]): Next {
    const { provider } = this.#parts
    const previous = this.#position.head
    const heads = this.#heads(group)
    let { sum, vaults } = previous
    for (const [cell, { element }] of heads) {
      if (cell.headElement) sum = removeElement(sum, cell.headElement)
      else vaults++
      if (element) sum = addElement(sum, element)
      else vaults--
    }
    const orders = group.map(({ order }) => encodeOrder(order))
    const head: RealmHead = {
      realmId: previous.realmId,
      storeId: previous.storeId,
      seq: previous.seq + BigInt(group.length),
      chain: orders.reduce(
        (chain, order) => provider.digest('SHA_256', realmChainInput(chain, order)),
        previous.chain,
      ),
      previousSeq: previous.seq,
      previousChain: previous.chain,
      vaults,
      sum,
    }
    return { head, orders, heads }
  }

  /** The vault heads after a group: of several commits of one vault only the last one's is written. */
  #heads(group: readonly Waiting[]): Next['heads'] {
    const { keys, records } = this.#parts
    const last = new Map(group.map((plan) => [plan.cell, plan]))
    return new Map(
      [...last].map(([cell, { head, leaves }]) => {
        if (leaves) return [cell, {}]
        const body = encodeVaultHead(head)
        const value = withMac(body, keys.heads.compute(body))
        return [cell, { value, element: records.element(path.head(cell.id), value) }]
      }),
    )
  }

  #batch(group: readonly Waiting[], { head, orders, heads }: Next) {
    const { keys } = this.#parts
    const merged = new Map<string, Write>()
    for (const { writes } of group) for (const [key, write] of writes) merged.set(key, write)
    const puts: Put[] = group.flatMap(({ rows }) => rows)
    const dels: Uint8Array[] = []
    for (const [i, value] of orders.entries())
      puts.push({ key: path.order(head.previousSeq + BigInt(i + 1)), value })
    for (const { path: key, value } of merged.values()) {
      if (value) puts.push({ key, value })
      else dels.push(key)
    }
    for (const [cell, { value }] of heads)
      if (value) puts.push({ key: path.head(cell.id), value })
      else dels.push(path.head(cell.id))
    const body = encodeRealmHead(head)
    puts.push({ key: path.realmHead(), value: withMac(body, keys.heads.compute(body)) })
    return this.#checked({ puts, dels })
  }

  /** A commit that fails when another process has written. */
  #checked({ puts, dels }: Aside) {
    const token = new Uint8Array(16)
    this.#parts.provider.random.fill(token)
    const checks = [{ key: path.realmHead(), version: this.#position.version }]
    return { checks, puts, dels, token }
  }

  async #anchor(head: RealmHead): Promise<void> {
    try {
      await writeAnchor(this.#parts.store, this.#parts.keys, head)
    } catch (cause) {
      throw new StoreError('unknown', 'the anchor could not be written after the commit', cause)
    }
  }

  #apply(plan: Waiting): void {
    for (const [key, write] of plan.writes) {
      if (this.#planned.get(key)?.plan.writes === plan.writes) this.#planned.delete(key)
      this.#parts.records.applied(key, write.kind, write.entry)
      if (write.kind === 'index') this.#parts.onPlaced(parsePath(write.path)!.id!)
    }
    plan.cell.head = plan.head
    plan.cell.generation++
    for (const keyId of plan.touched) this.#parts.onTouched(keyId)
    for (const effect of plan.effects) effect()
  }

  #fail(group: Waiting[], error: unknown): void {
    const untouched =
      error instanceof StoreError ? error.kind === 'unavailable' : error instanceof StrongroomError
    const waiting = this.#queue.splice(0)
    const failure = asFailure(error)
    if (!untouched) this.#poison = failure
    this.#planned.clear()
    this.epoch++
    for (const { cell } of [...group, ...waiting]) {
      cell.planned = cell.head
      cell.tail = Promise.resolve()
    }
    for (const plan of group) plan.reject(failure)
    for (const plan of waiting) plan.reject(stopped(failure))
  }
}

/** Writes the position outside the store, durably. */
export async function writeAnchor(store: Store, keys: RealmKeys, head: RealmHead): Promise<void> {
  const body = encodeAnchor({ realmId: head.realmId, seq: head.seq, chain: head.chain })
  await store.sidecar?.write('anchor', withMac(body, keys.heads.compute(body)))
}
