import { StrongroomError } from './errors.ts'

/** For our own mistakes only: what a caller can cause gets its own code at the public edge. */
export function assert(condition: unknown, what: string): asserts condition {
  if (!condition) throw new StrongroomError('INTERNAL', `Assertion failed: ${what}.`)
}
