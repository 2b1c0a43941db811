import { StrongroomError } from '../base/errors.ts'
import type { Cell } from './cell.ts'

/**
 * A read that met a commit half-way is repeated; bounded, since each repetition needs another
 * commit.
 */
const ATTEMPTS_MAX = 8

/** Repeats what met an impossible sight while the vault moved under it. */
export async function stable<T>(cell: Cell, body: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { generation } = cell
    try {
      return await body()
    } catch (error) {
      const moved = cell.generation !== generation
      const torn = error instanceof StrongroomError && error.code === 'INTEGRITY'
      if (!moved || !torn || attempt === ATTEMPTS_MAX) throw error
    }
  }
}
