/** Every failure that leaves the room has a code of ours. */
import { StrongroomError } from '../base/errors.ts'
import { StoreError } from '../store/store.ts'

const STORE_CODES = {
  conflict: 'CONFLICT',
  unavailable: 'UNAVAILABLE',
  unknown: 'OUTCOME_UNKNOWN',
} as const

/** Whatever failed, as an error of ours. */
export function asCoded(error: unknown): StrongroomError {
  if (error instanceof StrongroomError) return error
  if (error instanceof StoreError)
    return new StrongroomError(
      STORE_CODES[error.kind],
      `Store: expected an answer, got: ${error.message}`,
      { cause: error },
    )
  return new StrongroomError('INTERNAL', 'An operation failed in a way that it should not.', {
    cause: error,
  })
}
