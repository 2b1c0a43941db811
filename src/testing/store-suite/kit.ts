/**
 * What the cases of the store suite share: the harness, the test functions, and short words for
 * bytes.
 */
import type { Commit, Row, Store } from '../../store/store.ts'
import { StoreError } from '../../store/store.ts'
import { StrongroomError } from '../../base/errors.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'

export interface StoreHarness {
  /** A new, empty store. */
  readonly open: () => Promise<Store>
  /** Opens again what a store held that is closed by now. Leave it out for a store that forgets. */
  readonly reopen?: (closed: Store) => Promise<Store>
  /**
   * One more handle on the data of an open store, as another process would have. For `multiProcess`
   * stores.
   */
  readonly join?: (store: Store) => Promise<Store>
  /**
   * Makes the engine below fail the next write underway, so that its outcome is unknown to the
   * store.
   */
  readonly breakNextWrite?: (store: Store) => void
  /** Names of cases that do not apply, each with the reason. */
  readonly skip?: Readonly<Record<string, string>>
}

/** The few functions of a test framework that the suite uses: vitest, jest and bun have them. */
export interface SuiteApi {
  describe(name: string, body: () => void): unknown
  it(name: string, body: () => Promise<void>): unknown
  expect(value: unknown): {
    toBe(expected: unknown): unknown
    toEqual(expected: unknown): unknown
  }
}

export interface CaseContext {
  readonly expect: (value: unknown) => ReturnType<SuiteApi['expect']>
  readonly harness: StoreHarness
  /** A new store that is closed after the case. */
  readonly open: () => Promise<Store>
  /** Registers a store that the case opened in another way. */
  readonly tracked: (store: Store) => Store
}

export interface SuiteCase {
  readonly name: string
  /** Only where the harness or the store offers it. */
  readonly needs?: 'reopen' | 'breakNextWrite'
  run(context: CaseContext): Promise<void>
}

let tokens = 0

/** A commit of text keys and values. */
export function commitOf(parts: {
  checks?: Readonly<Record<string, bigint>>
  puts?: Readonly<Record<string, string>>
  dels?: readonly string[]
}): Commit {
  const token = new Uint8Array(16)
  new DataView(token.buffer).setUint32(12, ++tokens)
  return {
    checks: Object.entries(parts.checks ?? {}).map(([key, version]) => ({
      key: utf8(key),
      version,
    })),
    puts: Object.entries(parts.puts ?? {}).map(([key, value]) => ({
      key: utf8(key),
      value: utf8(value),
    })),
    dels: (parts.dels ?? []).map(utf8),
    token,
  }
}

/** The text of a row, or undefined when it is absent. */
export async function textAt(store: Store, key: string): Promise<string | undefined> {
  const row = await store.get(utf8(key))
  return row && fromUtf8(row.value)
}

/** The version of a row, `0n` when it is absent. */
export const versionAt = async (store: Store, key: string): Promise<bigint> =>
  (await store.get(utf8(key)))?.version ?? 0n

/** Everything whose key begins with a text. */
export async function scanText(
  store: Store,
  prefix: string,
): Promise<{ revision: bigint; rows: Record<string, string> }> {
  const { revision, rows } = await store.scan({
    gte: utf8(prefix),
    lt: utf8(`${prefix}\u{10ffff}`),
    limit: 100_000,
  })
  return { revision, rows: textRows(rows) }
}

export const textRows = (rows: readonly Row[]): Record<string, string> =>
  Object.fromEntries(rows.map(({ key, value }) => [fromUtf8(key), fromUtf8(value)]))

/**
 * How a promise failed: the kind of a StoreError, the code of a StrongroomError, `none`, or what
 * else it threw.
 */
export async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
    return 'none'
  } catch (error) {
    if (error instanceof StoreError) return error.kind
    if (error instanceof StrongroomError) return error.code
    return `uncoded ${String(error)}`
  }
}

/** Repeats a read-check-write until it does not conflict; answers how many conflicts there were. */
export async function retrying(attempt: () => Promise<unknown>): Promise<number> {
  for (let conflicts = 0; conflicts < RETRIES_MAX; conflicts++) {
    const failure = await failureOf(attempt())
    if (failure === 'none') return conflicts
    if (failure !== 'conflict') throw new Error(`expected success or a conflict, got ${failure}`)
  }
  throw new Error(`no success after ${RETRIES_MAX} conflicts`)
}

const RETRIES_MAX = 10_000
