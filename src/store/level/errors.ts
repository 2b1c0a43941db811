/**
 * LevelDB's failures in our words. On open the telling code sits in the cause of the error, not in
 * the error.
 */
import type { ErrorCode } from '../../base/errors.ts'
import { StoreError } from '../store.ts'
import { StrongroomError } from '../../base/errors.ts'

const MEANINGS: Readonly<Record<string, { code: ErrorCode; message: string }>> = {
  LEVEL_LOCKED: { code: 'STORE_LOCKED', message: 'Another process has it open.' },
  LEVEL_CORRUPTION: {
    code: 'INTEGRITY',
    message: 'Its files are damaged. Keep a copy of them and restore from a backup.',
  },
  LEVEL_IO_ERROR: {
    code: 'UNAVAILABLE',
    message: 'The disk is full, read-only or failing, or this user may not write there.',
  },
}
/** A damaged index sent LevelDB to a place beyond the end of a table that it had mapped. */
const BEYOND_THE_TABLE = /\.ldb: Invalid argument$/
const OTHER = { code: 'UNAVAILABLE', message: 'See the cause.' } as const

/** How deep causes are followed. */
const CAUSES_MAX = 5

/** The error to throw for what LevelDB or the file system reported; ours pass through. */
export function fromLevel(error: unknown, doing: string): StrongroomError | StoreError {
  if (error instanceof StrongroomError || error instanceof StoreError) return error
  const { code, message } = meaning(error)
  return new StrongroomError(code, `${doing} failed. ${message}`, { cause: error })
}

/** LevelDB says that its files are damaged. */
export const tellsDamage = (error: unknown): boolean => meaning(error).code === 'INTEGRITY'

function meaning(error: unknown): { code: ErrorCode; message: string } {
  let link = error
  for (let depth = 0; depth < CAUSES_MAX && link instanceof Error; depth++, link = link.cause) {
    const { code, message } = link as NodeJS.ErrnoException
    if (BEYOND_THE_TABLE.test(message)) return MEANINGS['LEVEL_CORRUPTION']!
    if (code !== undefined && Object.hasOwn(MEANINGS, code)) return MEANINGS[code]!
  }
  return OTHER
}
