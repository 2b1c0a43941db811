/**
 * One transaction of one vault: reads through what is planned, collects writes, ends in a plan or
 * in nothing.
 */
import { concat, equalBytes } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import { chainEntry, encodeVaultHead, withMac, type VaultHead } from '../format/heads.ts'
import { addElement, removeElement } from '../format/multiset.ts'
import type { RecordKind, RecordOf } from '../format/records.ts'
import type { Store } from '../store/store.ts'
import type { Cell } from './cell.ts'
import type { Committer, Write } from './commit.ts'
import { pathKey, readStore, type Entry, type Records } from './records.ts'
import type { RealmKeys } from './realm-keys.ts'

interface Parts {
  readonly store: Store
  readonly records: Records
  readonly keys: RealmKeys
  readonly provider: CryptoProvider
  readonly committer: Committer
  /** The life of the room, which `recover` ends. */
  readonly life: number
}

export class Tx {
  readonly cell: Cell
  readonly operation: string
  readonly now: number
  /** The vault sequence that everything written here carries. */
  readonly seq: bigint
  readonly #parts: Parts
  readonly #epoch: number
  readonly #writes = new Map<string, Write>()
  readonly #effects: (() => void)[] = []
  readonly #touched = new Set<string>()
  #sum: Uint8Array
  #count: bigint
  #epochOfKeys: number

  constructor(parts: Parts, cell: Cell, operation: string, now: number) {
    this.#parts = parts
    this.cell = cell
    this.operation = operation
    this.now = now
    this.seq = cell.planned.seq + 1n
    this.#epoch = parts.committer.epoch
    this.#sum = cell.planned.sum
    this.#count = cell.planned.count
    this.#epochOfKeys = cell.planned.epoch
  }

  get dirty(): boolean {
    return this.#writes.size > 0
  }

  /**
   * The record as this transaction sees it: its own writes, then planned ones, then the committed
   * one.
   */
  async get<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    suite?: Suite,
  ): Promise<Entry<RecordOf[K]> | undefined> {
    const key = pathKey(path)
    const write = this.#writes.get(key) ?? this.#parts.committer.planned(key)
    if (write?.entry) return write.entry as Entry<RecordOf[K]>
    if (write && !write.value) return undefined
    if (write?.value) return this.#parts.records.open(kind, this.cell.id, path, write.value, suite)
    const { generation, life } = this.cell
    // After `recover` this cell stands still for ever while another one goes on.
    const still = () => this.cell.generation === generation && life === this.#parts.life
    return this.#parts.records.read(kind, this.cell.id, path, still, suite)
  }

  /** Writes a record over what is there, if anything. */
  async put<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    record: RecordOf[K],
    suite?: Suite,
  ): Promise<Entry<RecordOf[K]>> {
    await this.#remove(path)
    return this.#add(kind, path, record, suite)
  }

  /**
   * Writes a record that cannot be there yet (its path holds a fresh id or ordinal): saves the
   * look.
   */
  create<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    record: RecordOf[K],
    suite?: Suite,
  ): Entry<RecordOf[K]> {
    assert(!this.#writes.has(pathKey(path)), 'a created record is written once')
    return this.#add(kind, path, record, suite)
  }

  async del(kind: RecordKind, path: Uint8Array): Promise<void> {
    if (await this.#remove(path)) this.#writes.set(pathKey(path), { path, kind })
  }

  /** Removes a record only if it is still the one with this sealed value. */
  async delSame(kind: RecordKind, path: Uint8Array, value: Uint8Array): Promise<void> {
    const element = await this.#elementOf(path)
    if (element && equalBytes(element, this.#parts.records.element(path, value)))
      await this.del(kind, path)
  }

  /** The permits of this key have to be asked for again once this is durable. */
  touch(keyId: string): void {
    this.#touched.add(keyId)
  }

  /** Runs once this transaction is durable, before it is answered. */
  after(effect: () => void): void {
    this.#effects.push(effect)
  }

  /** The vault key epoch that the head records from now on. */
  setEpoch(epoch: number): void {
    this.#epochOfKeys = epoch
  }

  /**
   * Answers when everything that this transaction can have seen is durable; fails when that failed.
   */
  settled(): Promise<void> {
    return this.#parts.committer.seen(this.cell, this.#epoch)
  }

  /** Hands the plan over, under the lock; answers when it is durable. */
  submit(): Promise<void> {
    const { provider, keys, committer } = this.#parts
    const writes = [...this.#writes.values()].map(({ path, value }) => ({
      path,
      digest: provider.digest('SHA_256', value ?? EMPTY),
    }))
    const entry = chainEntry({
      previous: this.cell.planned.chain,
      seq: this.seq,
      vaultId: this.cell.id,
      operation: this.operation,
      time: this.now,
      writes,
    })
    const head: VaultHead = {
      vaultId: this.cell.id,
      seq: this.seq,
      chain: provider.digest('SHA_256', entry),
      count: this.#count,
      sum: this.#sum,
      epoch: this.#epochOfKeys,
    }
    const body = encodeVaultHead(head)
    const headValue = withMac(body, keys.heads.compute(body))
    return committer.submit(
      {
        cell: this.cell,
        head,
        headValue,
        writes: this.#writes,
        effects: this.#effects,
        touched: this.#touched,
      },
      this.#epoch,
    )
  }

  #add<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    record: RecordOf[K],
    suite?: Suite,
  ): Entry<RecordOf[K]> {
    const { records } = this.#parts
    const value = records.seal(kind, this.cell.id, path, this.seq, record, suite)
    const element = records.element(path, value)
    const entry = { record, seq: this.seq, element }
    this.#sum = addElement(this.#sum, element)
    this.#count++
    this.#writes.set(pathKey(path), suite ? { path, kind, value } : { path, kind, value, entry })
    return entry
  }

  /** Takes what is there out of the sum; answers whether there was anything. */
  async #remove(path: Uint8Array): Promise<boolean> {
    const element = await this.#elementOf(path)
    if (!element) return false
    this.#sum = removeElement(this.#sum, element)
    this.#count--
    return true
  }

  async #elementOf(path: Uint8Array): Promise<Uint8Array | undefined> {
    const { records, committer, store } = this.#parts
    const write = this.#writes.get(pathKey(path)) ?? committer.planned(pathKey(path))
    if (write) return write.value && (write.entry?.element ?? records.element(path, write.value))
    const cached = records.cached(path)
    if (cached) return cached.element
    const row = await readStore(() => store.get(path))
    return row && records.element(path, row.value)
  }
}

const EMPTY = concat()
