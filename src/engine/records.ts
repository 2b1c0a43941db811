/**
 * Sealed records in and out of the store: every record is bound to realm, vault, path, kind and the
 * vault sequence at which it was written, so nothing can be moved, swapped or replayed. Decoded
 * metadata is kept in a bounded cache; material never is.
 */
import { StrongroomError } from '../base/errors.ts'
import type { Suite } from '../crypto/provider.ts'
import {
  envelopeHeader,
  ENVELOPE_HEADER_BYTES,
  parseEnvelope,
  recordAad,
} from '../format/envelope.ts'
import { decodeRecord, encodeRecord, type RecordKind, type RecordOf } from '../format/records.ts'
import { StoreError, type Store } from '../store/store.ts'
import { wipe } from '../base/bytes.ts'
import { Lru } from './lru.ts'
import type { RealmKeys } from './realm-keys.ts'

/**
 * A decoded record, the sequence it was written at, and its element of the vault's multiset sum.
 */
export interface Entry<R = unknown> {
  readonly record: R
  readonly seq: bigint
  readonly element: Uint8Array
}

/** Kinds whose decoded form may stay in memory. */
const CACHED: ReadonlySet<RecordKind> = new Set([
  'vault',
  'key',
  'version',
  'index',
  'alias',
  'keyStore',
])
/** Cached entries per key: key, version, index entries of both, alias. */
const ENTRIES_PER_KEY = 5

/** A store path as a map key. Spreading the bytes would walk an iterator: five times slower. */
export const pathKey = (path: Uint8Array): string =>
  String.fromCharCode.apply(null, path as unknown as number[])

export class Records {
  readonly #store: Store
  readonly #keys: RealmKeys
  readonly #cache: Lru<string, Entry>

  constructor(store: Store, keys: RealmKeys, cachedKeys: number) {
    this.#store = store
    this.#keys = keys
    this.#cache = new Lru(cachedKeys * ENTRIES_PER_KEY)
  }

  cached(path: Uint8Array): Entry | undefined {
    return this.#cache.get(pathKey(path))
  }

  /** Puts what was just committed, or removes what was deleted. */
  applied(key: string, kind: RecordKind | undefined, entry: Entry | undefined): void {
    if (entry && kind && CACHED.has(kind)) this.#cache.set(key, entry)
    else this.#cache.delete(key)
  }

  clear(): void {
    this.#cache.clear()
  }

  /**
   * The committed record. `still` tells whether the vault stood still meanwhile at this sequence:
   * only then the result is cached.
   */
  async read<K extends RecordKind>(
    kind: K,
    vaultId: string,
    path: Uint8Array,
    still: (seq: bigint) => boolean,
    suite?: Suite,
  ): Promise<Entry<RecordOf[K]> | undefined> {
    const key = pathKey(path)
    const cached = this.#cache.get(key)
    if (cached) return cached as Entry<RecordOf[K]>
    const row = await readStore(() => this.#store.get(path))
    if (!row) return undefined
    const entry = this.open(kind, vaultId, path, row.value, suite)
    if (CACHED.has(kind) && still(entry.seq)) this.#cache.set(key, entry)
    return entry
  }

  /** Decrypts and decodes one stored value; any failure is INTEGRITY. */
  open<K extends RecordKind>(
    kind: K,
    vaultId: string,
    path: Uint8Array,
    sealed: Uint8Array,
    suite: Suite = this.#keys.metadata(vaultId),
  ): Entry<RecordOf[K]> {
    const envelope = parseEnvelope(sealed)
    if (envelope.kind !== kind)
      throw damaged(`expected a ${kind} record, found a ${envelope.kind} record`)
    const aad = recordAad({ realmId: this.#keys.realmId, vaultId, path, kind, seq: envelope.seq })
    const plaintext = suite.open(sealed, ENVELOPE_HEADER_BYTES, aad)
    if (!plaintext) throw damaged(`a ${kind} record does not open in its place`)
    try {
      const record = decodeRecord(kind, plaintext)
      return { record, seq: envelope.seq, element: this.element(path, sealed) }
    } finally {
      wipe(plaintext)
    }
  }

  seal<K extends RecordKind>(
    kind: K,
    vaultId: string,
    path: Uint8Array,
    seq: bigint,
    record: RecordOf[K],
    suite: Suite = this.#keys.metadata(vaultId),
  ): Uint8Array {
    const plaintext = encodeRecord(kind, record)
    try {
      const aad = recordAad({ realmId: this.#keys.realmId, vaultId, path, kind, seq })
      return suite.seal(envelopeHeader(kind, seq), aad, plaintext)
    } finally {
      wipe(plaintext)
    }
  }

  /** One record's share in the multiset sum of its vault's head. */
  element(path: Uint8Array, sealed: Uint8Array): Uint8Array {
    const length = new Uint8Array(2)
    new DataView(length.buffer).setUint16(0, path.length)
    return this.#keys.elements.compute(length, path, sealed)
  }
}

export function damaged(what: string, cause?: unknown): StrongroomError {
  return new StrongroomError(
    'INTEGRITY',
    `Store: expected what was written, found otherwise: ${what}.`,
    { cause },
  )
}

/** Store failures of reads in our words. */
export async function readStore<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read()
  } catch (cause) {
    if (cause instanceof StoreError)
      throw new StrongroomError('UNAVAILABLE', `Store: expected an answer, got: ${cause.message}`, {
        cause,
      })
    throw cause
  }
}
