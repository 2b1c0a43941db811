/**
 * What every store of ours checks before it touches anything: sizes, counts, types. One place, so
 * that a commit that one store refuses is refused by all, with the same code.
 */
import type { Commit, Range, Sidecar, StoreLimits } from './store.ts'
import { StoreError } from './store.ts'
import { StrongroomError, invalidArgument } from '../base/errors.ts'

/**
 * The least of all engines that a store may stand on (PostgreSQL, etcd, FoundationDB): what is
 * always safe.
 */
export const PORTABLE_LIMITS: StoreLimits = {
  maxOps: 100,
  maxCommitBytes: 1_000_000,
  maxValueBytes: 64_000,
  maxKeyBytes: 512,
}

/** What the memory and LevelDB stores take. */
export const EMBEDDED_LIMITS: StoreLimits = {
  maxOps: 10_000,
  maxCommitBytes: 16_000_000,
  maxValueBytes: 1_000_000,
  maxKeyBytes: 512,
}

export const TOKEN_BYTES = 16

/** A commit whose input is known to be right. Keys and values are still the caller's own arrays. */
export interface CheckedCommit {
  readonly checks: readonly CheckedKey<{ readonly version: bigint }>[]
  readonly puts: readonly CheckedKey<{ readonly value: Uint8Array }>[]
  readonly dels: readonly CheckedKey[]
  /** Keys and values together. */
  readonly bytes: number
}

/** `text` holds one character per byte: a key for maps, in the same order as the bytes. */
export type CheckedKey<T = unknown> = T & { readonly key: Uint8Array; readonly text: string }

/** Side files of ours, which end with their store. */
export interface ClosableSidecar extends Sidecar {
  /** Lets go of what it holds, after the calls that are under way. */
  close(): Promise<void>
}

/** One UTF-16 unit per byte: strings compare by code unit, so they keep the byte order. */
export const keyText = (key: Uint8Array): string =>
  String.fromCharCode.apply(null, key as unknown as number[])

/** The bytes of `keyText`. */
export function textKey(text: string): Uint8Array {
  const key = new Uint8Array(text.length)
  for (let i = 0; i < key.length; i++) key[i] = text.charCodeAt(i)
  return key
}

/** A plain copy of its own memory, also of a Buffer (whose `slice` would alias). */
export const ownCopy = (bytes: Uint8Array): Uint8Array => new Uint8Array(bytes)

/**
 * @throws {StrongroomError} INVALID_ARGUMENT for input of the wrong type, an empty key, a token that is not 16 bytes,
 * or a key that occurs twice among puts and dels (engines disagree on what that means);
 * LIMIT_EXCEEDED beyond a bound.
 */
export function checkCommit(commit: Commit, limits: StoreLimits): CheckedCommit {
  const ops = commit.checks.length + commit.puts.length + commit.dels.length
  if (ops > limits.maxOps) exceeded('commit', ops, limits.maxOps, 'checks, puts and dels')
  checkToken(commit.token)
  const checks = commit.checks.map(({ key, version }, i) => {
    if (typeof version !== 'bigint' || version < 0n)
      invalidArgument(`checks[${i}].version`, 'a bigint of 0n or more', version)
    return { ...checkedKey(`checks[${i}].key`, key, limits), version }
  })
  const puts = commit.puts.map(({ key, value }, i) => {
    checkBytes(`puts[${i}].value`, value, limits.maxValueBytes)
    return { ...checkedKey(`puts[${i}].key`, key, limits), value }
  })
  const dels = commit.dels.map((key, i) => checkedKey(`dels[${i}]`, key, limits))
  refuseTwice([...puts, ...dels])
  return { checks, puts, dels, bytes: checkedSize(checks, puts, dels, limits) }
}

function checkedSize(
  checks: readonly CheckedKey[],
  puts: CheckedCommit['puts'],
  dels: readonly CheckedKey[],
  limits: StoreLimits,
): number {
  let bytes = 0
  for (const { key } of checks) bytes += key.length
  for (const { key, value } of puts) bytes += key.length + value.length
  for (const { key } of dels) bytes += key.length
  if (bytes > limits.maxCommitBytes)
    exceeded('commit', bytes, limits.maxCommitBytes, 'bytes of keys and values')
  return bytes
}

function refuseTwice(written: readonly CheckedKey[]): void {
  const seen = new Set<string>()
  for (const { text } of written) {
    if (seen.has(text))
      invalidArgument('commit', 'each key once among puts and dels', 'a key twice')
    seen.add(text)
  }
}

/** @throws {StrongroomError} as `checkCommit`. */
export function checkedKey(path: string, key: Uint8Array, limits: StoreLimits): CheckedKey {
  checkBytes(path, key, limits.maxKeyBytes)
  if (key.length === 0) invalidArgument(path, 'at least one byte', key)
  return { key, text: keyText(key) }
}

/** Bounds may be empty, and a byte longer than any key (the successor of the longest one). */
export function checkRange(range: Range, limits: StoreLimits): void {
  checkBytes('range.gte', range.gte, limits.maxKeyBytes + 1)
  checkBytes('range.lt', range.lt, limits.maxKeyBytes + 1)
  if (!Number.isSafeInteger(range.limit) || range.limit < 0)
    invalidArgument('range.limit', 'a whole number of 0 or more', range.limit)
}

function checkToken(token: Uint8Array): void {
  if (!(token instanceof Uint8Array) || token.length !== TOKEN_BYTES)
    invalidArgument('commit.token', `${TOKEN_BYTES} bytes`, token)
}

function checkBytes(path: string, bytes: Uint8Array, max: number): void {
  if (!(bytes instanceof Uint8Array)) invalidArgument(path, 'a Uint8Array', bytes)
  if (bytes.length > max) exceeded(path, bytes.length, max, 'bytes')
}

function exceeded(path: string, got: number, max: number, unit: string): never {
  throw new StrongroomError('LIMIT_EXCEEDED', `${path}: at most ${max} ${unit}, got ${got}.`)
}

/** The error of every call after `close`. */
export const storeClosed = (): StrongroomError =>
  new StrongroomError('CLOSED', 'The store is closed. Open it again to use it.')

/** The one error of every refused check: it names no key. */
export const conflict = (): StoreError =>
  new StoreError('conflict', 'A checked key is at another version than expected; nothing was done.')
