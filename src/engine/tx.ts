/**
 * One transaction of one vault: reads through what is planned, collects writes, ends in a plan or
 * in nothing.
 */
import { equalBytes } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import type { JournalUse, WrappedKeyRecord } from '../domain/records.ts'
import { encodeVaultHead, type Order, type VaultHead } from '../format/heads.ts'
import { RECORD_KINDS } from '../format/kinds.ts'
import { addElement, removeElement } from '../format/multiset.ts'
import type { RecordKind, RecordOf } from '../format/records.ts'
import type { Store } from '../store/store.ts'
import type { Cell } from './cell.ts'
import type { Committer, Write } from './commit.ts'
import { sealEntry, type SealedEntry } from './journal-entry.ts'
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

/** What the journal tells of a commit besides its records. */
export interface Cause {
  readonly operation: string
  readonly principal?: string
  readonly requestId?: string
  readonly uses?: readonly JournalUse[]
}

/** Who caused a commit, for the journal. */
export const causeOf = (
  operation: string,
  { principal, requestId }: Pick<Cause, 'principal' | 'requestId'>,
): Cause => ({
  operation,
  ...(principal !== undefined && { principal }),
  ...(requestId !== undefined && { requestId }),
})

/**
 * `entry`: a change of a primary, told by a journal entry of its own. `local`: upkeep of a replica,
 * which changes nothing that others have. `follow`: an entry of the primary, taken over as it is.
 */
export type TxMode = 'entry' | 'local' | 'follow'

/** Kinds whose records tell the replication id of their last change. */
const TELLING: ReadonlySet<RecordKind> = new Set(['vault', 'key', 'version'])

export class Tx {
  readonly cell: Cell
  readonly now: number
  /** The vault sequence that everything written here carries. */
  readonly seq: bigint
  /** Names this change to those who ask how far replicas are; none while there are no replicas. */
  replicationId: string | undefined
  readonly #mode: TxMode
  readonly #cause: Cause
  readonly #parts: Parts
  readonly #epoch: number
  readonly #writes = new Map<string, Write>()
  readonly #effects: (() => void)[] = []
  readonly #touched = new Set<string>()
  #entry: SealedEntry | undefined
  #keyId: string | undefined
  #head: VaultHead

  constructor(parts: Parts, cell: Cell, cause: Cause, now: number, mode: TxMode) {
    this.#parts = parts
    this.cell = cell
    this.now = now
    this.#cause = cause
    this.#mode = mode
    this.seq = mode === 'local' ? cell.planned.seq : cell.planned.seq + 1n
    this.#epoch = parts.committer.epoch
    this.#head = cell.planned
  }

  /** The role that the vault has after this transaction. */
  get role(): VaultHead['role'] {
    return this.#head.role
  }

  get dirty(): boolean {
    const head = this.#head
    return (
      this.#writes.size > 0 ||
      // Uses of a replica have no place in the journal, which is the primary's.
      (this.#mode === 'entry' && this.#cause.uses !== undefined) ||
      this.#entry !== undefined ||
      head.role !== this.cell.planned.role ||
      head.sweepOwed !== this.cell.planned.sweepOwed
    )
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
    this.#keyId ??= keyId
  }

  /** Tells the journal which key this is about. */
  concern(keyId: string): void {
    this.#keyId = keyId
  }

  /** Takes a sealed record of the primary as it is. */
  async adopt(kind: RecordKind, path: Uint8Array, value: Uint8Array): Promise<void> {
    assert(this.#mode === 'follow', 'sealed records come from the primary alone')
    await this.#remove(path)
    this.#put(this.#parts.records.element(path, value), { path, kind, value })
  }

  /** Ends in this entry of the primary and in no other. */
  follow(entry: SealedEntry): void {
    assert(this.#mode === 'follow', 'entries come from the primary alone')
    this.#entry = entry
  }

  /** Runs once this transaction is durable, before it is answered. */
  after(effect: () => void): void {
    this.#effects.push(effect)
  }

  /** The vault key epoch that the head records from now on. */
  setEpoch(epoch: number): void {
    this.#head = { ...this.#head, epoch }
  }

  setRole(role: VaultHead['role']): void {
    this.#head = { ...this.#head, role }
  }

  setSweepOwed(sweepOwed: boolean): void {
    this.#head = { ...this.#head, sweepOwed }
  }

  /**
   * Answers when everything that this transaction can have seen is durable; fails when that failed.
   */
  settled(): Promise<void> {
    return this.#parts.committer.seen(this.cell, this.#epoch)
  }

  /** Hands the plan over, under the lock; answers when it is durable. */
  submit(): Promise<void> {
    const { provider, committer } = this.#parts
    const entry = this.#mode === 'entry' ? this.#sealed() : this.#entry
    assert((entry === undefined) === (this.#mode === 'local'), 'only upkeep has no entry')
    const chain = entry?.chain ?? this.#head.chain
    const head: VaultHead = { ...this.#head, seq: this.seq, chain }
    const { id: vaultId } = this.cell
    return committer.submit(
      {
        cell: this.cell,
        head,
        order: entry
          ? { kind: 'entry', vaultId, seq: this.seq, hash: chain }
          : localOrder(provider, head),
        rows: entry?.rows ?? [],
        writes: this.#writes,
        effects: this.#effects,
        touched: this.#touched,
      },
      this.#epoch,
    )
  }

  #sealed(): SealedEntry {
    const { operation, principal, requestId, uses = [] } = this.#cause
    const { id: vaultId, planned } = this.cell
    return sealEntry(
      this.#parts,
      vaultId,
      this.seq,
      {
        previous: planned.chain,
        time: this.now,
        operation,
        uses,
        ...(principal !== undefined && { principal }),
        ...(requestId !== undefined && { requestId }),
        ...(this.#keyId !== undefined && { keyId: this.#keyId }),
        ...(this.replicationId !== undefined && { replicationId: this.replicationId }),
      },
      [...this.#writes.values()],
    )
  }

  #add<K extends RecordKind>(
    kind: K,
    path: Uint8Array,
    given: RecordOf[K],
    suite?: Suite,
  ): Entry<RecordOf[K]> {
    const { records } = this.#parts
    if (RECORD_KINDS[kind].scope === 'shared') this.#leads()
    const { replicationId } = this
    const record =
      replicationId !== undefined && TELLING.has(kind) ? { ...given, replicationId } : given
    const value = records.seal(kind, this.cell.id, path, this.seq, record, suite)
    const element = records.element(path, value)
    const entry = { record, seq: this.seq, element }
    const name =
      kind === 'keyKey' ? this.#parts.keys.nameOf((given as WrappedKeyRecord).key) : undefined
    this.#put(element, { path, kind, value, ...(!suite && { entry }), ...(name && { name }) })
    return entry
  }

  /** The last guard: whoever gets here was overtaken by a change of the primary. */
  #leads(): void {
    if (this.#mode === 'entry') return
    throw new StrongroomError(
      'READ_ONLY_REPLICA',
      'Write: expected the primary, found a replica: the vault changed hands meanwhile.',
    )
  }

  #put(element: Uint8Array, write: Write): void {
    const { sum, count } = this.#head
    this.#head = { ...this.#head, sum: addElement(sum, element), count: count + 1n }
    this.#writes.set(pathKey(write.path), write)
  }

  /** Takes what is there out of the sum; answers whether there was anything. */
  async #remove(path: Uint8Array): Promise<boolean> {
    const element = await this.#elementOf(path)
    if (!element) return false
    const { sum, count } = this.#head
    this.#head = { ...this.#head, sum: removeElement(sum, element), count: count - 1n }
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

/** The place in the order of a commit that concerns this store alone. */
export const localOrder = (provider: CryptoProvider, head: VaultHead): Order => ({
  kind: 'local',
  vaultId: head.vaultId,
  seq: head.seq,
  hash: provider.digest('SHA_256', encodeVaultHead(head)),
})
