/** How a write fails: what the store told, and what that means for whoever asked. */
import { StrongroomError } from '../base/errors.ts'
import { StoreError } from '../store/store.ts'

/** A write that met an earlier failure. */
export const stopped = (cause?: Error): StrongroomError =>
  new StrongroomError(
    'UNAVAILABLE',
    'Write: expected a healthy store, found that an earlier write failed; nothing of ' +
      'this one was applied.',
    { cause },
  )

const FAILURES = {
  conflict: ['CONFLICT', 'another process wrote to the store; nothing was applied'],
  unavailable: ['UNAVAILABLE', 'nothing was applied'],
  unknown: ['OUTCOME_UNKNOWN', 'the write may or may not have been applied'],
} as const

export function asFailure(error: unknown): StrongroomError {
  if (error instanceof StrongroomError) return error
  const [code, what] = FAILURES[error instanceof StoreError ? error.kind : 'unknown']
  const reason = error instanceof Error ? error.message : 'no reason given'
  return new StrongroomError(code, `Write: expected a durable commit, got: ${reason}; ${what}.`, {
    cause: error,
  })
}
