/**
 * The memory store: the whole contract of the port without a disk. Every method does its work in
 * one synchronous step, so commits are atomic and scans are snapshots by construction. Runs in
 * browsers too.
 */
import type { Commit, Range, Row, SidecarName, Store, StoreLimits } from './store.ts'
import type { ClosableSidecar, CheckedCommit } from './limits.ts'
import {
  EMBEDDED_LIMITS,
  checkCommit,
  checkRange,
  checkedKey,
  conflict,
  keyText,
  ownCopy,
  storeClosed,
  textKey,
} from './limits.ts'
import { SortedKeys } from './sorted.ts'
import { wipe } from '../base/bytes.ts'

export interface MemoryStoreOptions {
  /** Narrower bounds than the default ones, for example `PORTABLE_LIMITS`. */
  readonly limits?: StoreLimits
}

/** A store that is gone with its process. */
export function createMemoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options.limits ?? EMBEDDED_LIMITS)
}

interface Stored {
  readonly value: Uint8Array
  readonly version: bigint
}

class MemoryStore implements Store {
  readonly limits: StoreLimits
  readonly multiProcess = false
  readonly ephemeral = true
  readonly sidecar: ClosableSidecar = createMemorySidecar()
  readonly #rows = new Map<string, Stored>()
  readonly #keys = new SortedKeys()
  readonly #watchers = new Set<() => void>()
  #version = 0n
  #closed = false

  constructor(limits: StoreLimits) {
    this.limits = limits
  }

  async get(key: Uint8Array): Promise<Stored | undefined> {
    this.#assertOpen()
    const row = this.#rows.get(checkedKey('key', key, this.limits).text)
    return row && { value: ownCopy(row.value), version: row.version }
  }

  async scan(range: Range): Promise<{ revision: bigint; rows: Row[] }> {
    this.#assertOpen()
    checkRange(range, this.limits)
    const { gte, lt, limit, reverse = false } = range
    const rows = this.#keys.range(keyText(gte), keyText(lt), limit, reverse).map((text) => {
      const { value, version } = this.#rows.get(text)!
      return { key: textKey(text), value: ownCopy(value), version }
    })
    return { revision: this.#version, rows }
  }

  async commit(commit: Commit): Promise<{ version: bigint }> {
    this.#assertOpen()
    const checked = checkCommit(commit, this.limits)
    for (const { text, version } of checked.checks)
      if ((this.#rows.get(text)?.version ?? 0n) !== version) throw conflict()
    const version = this.#apply(checked)
    for (const callback of this.#watchers) queueMicrotask(callback)
    return { version }
  }

  #apply({ puts, dels }: CheckedCommit): bigint {
    const version = ++this.#version
    for (const { text } of dels) if (this.#rows.delete(text)) this.#keys.delete(text)
    for (const { text, value } of puts) {
      if (!this.#rows.has(text)) this.#keys.add(text)
      this.#rows.set(text, { value: ownCopy(value), version })
    }
    return version
  }

  async head(): Promise<bigint> {
    this.#assertOpen()
    return this.#version
  }

  watch(callback: () => void): () => void {
    this.#assertOpen()
    const entry = () => callback()
    this.#watchers.add(entry)
    return () => void this.#watchers.delete(entry)
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#watchers.clear()
    await this.sidecar.close()
  }

  #assertOpen(): void {
    if (this.#closed) throw storeClosed()
  }
}

/** Side files that are only remembered; an overwritten content is wiped. */
export function createMemorySidecar(): ClosableSidecar {
  const contents = new Map<SidecarName, Uint8Array>()
  let closed = false
  const assertOpen = (): void => {
    if (closed) throw storeClosed()
  }
  return {
    read: async (name) => {
      assertOpen()
      const content = contents.get(name)
      return content && ownCopy(content)
    },
    write: async (name, content) => {
      assertOpen()
      const copy = ownCopy(content)
      wipe(contents.get(name))
      contents.set(name, copy)
    },
    scrub: async () => assertOpen(),
    close: async () => {
      closed = true
      wipe(...contents.values())
      contents.clear()
    },
  }
}
