/**
 * The store port: untrusted bytes with six methods. Everything that reaches it is sealed by the
 * layers above; it promises atomic, durable, ordered commits and consistent scans, and nothing
 * about secrecy or truth. It maps one-to-one on LevelDB, IndexedDB, PostgreSQL and etcd. The
 * published conformance suite (`strongroom/testing`, `storeSuite`) is the contract in executable
 * form.
 */

/** What a store tells of itself; the suite checks that it is true. */
export interface StoreLimits {
  /** Puts, dels and checks of one commit together. */
  readonly maxOps: number
  /** Keys and values of one commit together. */
  readonly maxCommitBytes: number
  readonly maxValueBytes: number
  readonly maxKeyBytes: number
}

export interface Row {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** Strictly greater than the version it replaced. */
  readonly version: bigint
}

export interface Range {
  /** Inclusive lower bound. */
  readonly gte: Uint8Array
  /** Exclusive upper bound. */
  readonly lt: Uint8Array
  /** At most this many rows; required, every loop has a bound. */
  readonly limit: number
  readonly reverse?: boolean
}

export interface Commit {
  /** Each key must be at this version at the moment of the commit; `0n` = must not exist. */
  readonly checks: readonly { readonly key: Uint8Array; readonly version: bigint }[]
  readonly puts: readonly { readonly key: Uint8Array; readonly value: Uint8Array }[]
  readonly dels: readonly Uint8Array[]
  /** 16 bytes that name this commit, for finding out later whether it happened. */
  readonly token: Uint8Array
}

export interface Store {
  readonly limits: StoreLimits
  /** True when several processes may have it open at once. */
  readonly multiProcess: boolean
  /** True when nothing survives `close` (the memory store). */
  readonly ephemeral: boolean
  /**
   * Linearizable; undefined when absent. The value is the caller's own copy, a plain Uint8Array.
   */
  get(
    key: Uint8Array,
  ): Promise<{ readonly value: Uint8Array; readonly version: bigint } | undefined>
  /** One consistent snapshot in byte order, with the revision it was taken at. */
  scan(range: Range): Promise<{ readonly revision: bigint; readonly rows: readonly Row[] }>
  /**
   * All or nothing, durable on return; answers the version that every put received.
   * @throws {StoreError} conflict: a check failed, nothing was applied; unavailable: nothing was applied;
   * unknown: it may or may not have been applied.
   */
  commit(commit: Commit): Promise<{ readonly version: bigint }>
  /**
   * Read barrier: the newest committed version, by a linearizable read that starts after the call.
   */
  head(): Promise<bigint>
  /**
   * A hint that something may have changed since; never a guarantee. Answers the function that
   * stops it.
   */
  watch?(callback: () => void): () => void
  close(): Promise<void>
  /**
   * Close and reopen after a write error; the caller verifies afterwards. Absent: open the store
   * anew instead.
   */
  recover?(): Promise<void>
  /**
   * Rewrites the files so that deleted values leave them. Absent: the engine of the store does it
   * by itself.
   */
  compact?(): Promise<void>
  /**
   * A copy of everything committed, cheap to make, that opens like the store itself, for somebody
   * else to look at. Call it while nothing is written. Absent: look at the store.
   */
  image?(): Promise<StoreImage>
  /**
   * Looks at the files below what reads show: damage there may hide a row from one read and not
   * from another. Absent: reads show everything.
   * @throws {StrongroomError} INTEGRITY, with what is damaged.
   */
  inspect?(): Promise<void>
  /**
   * Small files beside the store, outside of what a store image holds. Absent: kept in memory only.
   */
  readonly sidecar?: Sidecar
}

export interface StoreImage {
  /** A directory that opens like that of the store. */
  readonly path: string
  remove(): Promise<void>
}

/**
 * Two small files that live beside the store, each written by slots so that a torn write leaves the
 * older one.
 */
export interface Sidecar {
  /** The newest whole content, or undefined when never written. */
  read(name: SidecarName): Promise<Uint8Array | undefined>
  /** Replaces it, durable on return (fdatasync). */
  write(name: SidecarName, content: Uint8Array): Promise<void>
  /** Overwrites every older slot of it with the newest, so that no earlier content remains. */
  scrub(name: SidecarName): Promise<void>
}

/**
 * `anchor`: sequence and hash of the newest commit; `erase`: the key that takes part in wrapping
 * vault keys.
 */
export type SidecarName = 'anchor' | 'erase'

/** The three ways in which a store fails, and no others. */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: 'conflict' | 'unavailable' | 'unknown'
  constructor(kind: 'conflict' | 'unavailable' | 'unknown', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
  }
}
