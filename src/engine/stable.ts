import { StrongroomError } from '../base/errors.ts'
import type { Cell } from './cell.ts'

/**
 * A read that met a commit half-way is repeated; bounded, since each repetition needs another
 * commit.
 */
const ATTEMPTS_MAX = 8

/**
 * Repeats what met an impossible sight while the vault moved under it. The store shows a commit a
 * moment before the cell hears of it: the verdict waits for what is on its way.
 */
export async function stable<T>(cell: Cell, body: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const { generation } = cell
    try {
      return await body()
    } catch (error) {
      if (!isTorn(error) || attempt === ATTEMPTS_MAX) throw error
      await cell.tail.catch(() => undefined)
      if (cell.generation === generation) throw error
    }
  }
}

const isTorn = (error: unknown): boolean =>
  error instanceof StrongroomError && error.code === 'INTEGRITY'

/**
 * What the body saw was true at one moment: when a commit was applied while it looked, it looks
 * again, and at last while writers wait. Answers and refusals alike. Undefined when `recover` took
 * the cell away meanwhile: find it anew. Call it outside the lock.
 */
export async function atOnce<T>(
  room: { readonly life: number },
  cell: Cell,
  body: () => Promise<T>,
): Promise<T | undefined> {
  for (let attempt = 1; attempt < ATTEMPTS_MAX; attempt++) {
    const { generation } = cell
    const [seen] = await Promise.allSettled([body()])
    if (seen.status === 'rejected' && isTorn(seen.reason)) await cell.tail.catch(() => undefined)
    if (cell.life !== room.life) return undefined
    if (cell.generation !== generation) continue
    if (seen.status === 'fulfilled') return seen.value
    throw seen.reason
  }
  return cell.lock.run(async () => {
    await cell.tail.catch(() => undefined)
    const [seen] = await Promise.allSettled([body()])
    if (cell.life !== room.life) return undefined
    if (seen.status === 'fulfilled') return seen.value
    throw seen.reason
  })
}
