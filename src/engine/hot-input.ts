/** What the fast path looks at before it trusts an input: forms that need no reading. */
import { LIMITS } from '../domain/limits.ts'
import type { Context } from '../format/context.ts'

/** Any field, of any kind, until looked at. */
export type Fields = Readonly<Record<string, unknown>>

/**
 * A plain object with no other fields than these, its vault, who asks and the id of the request: a
 * version, another form or a misspelt name is for the pipeline, and so is a class that may hold a
 * principal out of sight. Names one by one: a table costs twice as much.
 */
export function usual(input: unknown, a: string, b: string, c: string, d = a): boolean {
  if (Object.getPrototypeOf(input) !== Object.prototype) return false
  for (const name in input as object)
    if (name !== a && name !== b && name !== c && name !== d && !isCommon(name)) return false
  const { requestId } = input as Fields
  return requestId === undefined || isRequestId(requestId)
}

const isCommon = (name: string): boolean =>
  name === 'requestId' || name === 'vaultId' || name === 'principal' || name === 'access'

export const isRequestId = (value: unknown): value is string =>
  typeof value === 'string' &&
  value.length > 0 &&
  value.length <= LIMITS.requestIdLengthMax &&
  value.isWellFormed()

/** Whether a context is these names and values, in this order; most callers repeat one. */
export function same(context: Context | undefined, pairs: readonly string[]): boolean {
  let at = 0
  for (const name in context) {
    if (pairs[at] !== name || pairs[at + 1] !== context[name]) return false
    at += 2
  }
  return at === pairs.length
}

/** Without inherited pairs; other forms are refused or understood by the pipeline. */
export function isPlain(context: Context | undefined): boolean {
  if (context === undefined) return true
  const prototype: unknown = Object.getPrototypeOf(context)
  return prototype === Object.prototype || prototype === null
}

export const isBytes = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && ArrayBuffer.isView(value)

/** Public bytes: no constant time. */
export function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  for (let i = 0; i < start.length; i++) if (bytes[i] !== start[i]) return false
  return true
}

/** Not of 1 to `max` bytes. */
export const outside = ({ length }: Uint8Array, max: number): boolean =>
  length === 0 || length > max
