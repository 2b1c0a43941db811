/**
 * One round of group commit as a pure function: which of the waiting commits hold, and the one
 * batch they make.
 */
import type { CheckedCommit } from '../limits.ts'
import type { Operation } from './database.ts'
import { HEAD_KEY, encodeHead, rowKey, rowValue, stamp } from './codec.ts'

/** A commit in LevelDB's form; its bytes are copies, so the caller may reuse what it passed. */
export interface EncodedCommit {
  readonly checks: readonly EncodedCheck[]
  readonly puts: readonly {
    readonly text: string
    readonly operation: Operation & { type: 'put' }
  }[]
  readonly dels: readonly {
    readonly text: string
    readonly operation: Operation & { type: 'del' }
  }[]
  readonly bytes: number
}

export interface EncodedCheck {
  readonly text: string
  readonly key: Uint8Array
  readonly version: bigint
}

export function encodeCommit({ checks, puts, dels, bytes }: CheckedCommit): EncodedCommit {
  return {
    checks: checks.map(({ text, key, version }) => ({ text, key: rowKey(key), version })),
    puts: puts.map(({ text, key, value }) => ({
      text,
      operation: { type: 'put', key: rowKey(key), value: rowValue(value) },
    })),
    dels: dels.map(({ text, key }) => ({ text, operation: { type: 'del', key: rowKey(key) } })),
    bytes,
  }
}

export interface Round<T> {
  readonly accepted: readonly { readonly entry: T; readonly version: bigint }[]
  readonly refused: readonly T[]
  readonly operations: Operation[]
  readonly version: bigint
}

/**
 * Checks each commit against what is stored and what the commits before it in the group do. Every
 * accepted commit has a version of its own; HEAD is written once, in the same batch.
 *
 * @param stored version of every checked key in the database, by text; absent keys are 0n
 */
export function settleGroup<T extends { readonly commit: EncodedCommit }>(
  group: readonly T[],
  stored: ReadonlyMap<string, bigint>,
  head: bigint,
): Round<T> {
  const ahead = new Map<string, bigint>()
  const accepted: { entry: T; version: bigint }[] = []
  const refused: T[] = []
  const operations: Operation[] = []
  let version = head
  for (const entry of group) {
    const { checks, puts, dels } = entry.commit
    const now = (text: string) => ahead.get(text) ?? stored.get(text) ?? 0n
    if (checks.some((check) => now(check.text) !== check.version)) {
      refused.push(entry)
      continue
    }
    version++
    for (const { text, operation } of dels) {
      ahead.set(text, 0n)
      operations.push(operation)
    }
    for (const { text, operation } of puts) {
      ahead.set(text, version)
      stamp(operation.value, version)
      operations.push(operation)
    }
    accepted.push({ entry, version })
  }
  operations.push({ type: 'put', key: HEAD_KEY, value: encodeHead(version) })
  return { accepted, refused, operations, version }
}
