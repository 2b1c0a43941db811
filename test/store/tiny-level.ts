/**
 * A database in the manner of abstract-level, in memory and as weak as browser-level: no snapshots,
 * no synchronous reads, and an iterator that looks at the rows one by one while others write.
 */
import type { LevelDatabase, Operation } from '../../src/store/level/database.ts'
import { compareBytes, toHex } from '../../src/base/bytes.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function tinyLevel(): LevelDatabase {
  const rows = new Map<string, { key: Uint8Array; value: Uint8Array }>()
  let open = false
  const whenOpen = async (): Promise<void> => {
    await turn()
    if (open) return
    throw Object.assign(new Error('Database is not open'), { code: 'LEVEL_DATABASE_NOT_OPEN' })
  }
  const apply = (operation: Operation): void => {
    if (operation.type === 'del') rows.delete(toHex(operation.key))
    else rows.set(toHex(operation.key), { key: operation.key, value: operation.value })
  }
  return {
    supports: { explicitSnapshots: false, permanence: false },
    open: async () => {
      open = true
    },
    close: async () => {
      open = false
    },
    get: async (key) => {
      await whenOpen()
      const row = rows.get(toHex(key))
      return row && Buffer.from(row.value)
    },
    getMany: async (keys) => {
      await whenOpen()
      return keys.map((key) => rows.get(toHex(key))?.value)
    },
    getSync: () => {
      throw new Error('not supported')
    },
    snapshot: () => {
      throw new Error('not supported')
    },
    batch: () => batchOf(whenOpen, apply),
    iterator: ({ gte, lt, limit, reverse }) => ({
      close: async () => undefined,
      all: async () => {
        const within = [...rows.values()].filter(
          ({ key }) => compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0,
        )
        within.sort((a, b) => (reverse ? compareBytes(b.key, a.key) : compareBytes(a.key, b.key)))
        const entries: [Uint8Array, Uint8Array][] = []
        for (const { key } of within.slice(0, limit)) {
          await whenOpen()
          const row = rows.get(toHex(key))
          if (row) entries.push([row.key, row.value])
        }
        return entries
      },
    }),
  }
}

function batchOf(
  whenOpen: () => Promise<void>,
  apply: (operation: Operation) => void,
): ReturnType<LevelDatabase['batch']> {
  const operations: Operation[] = []
  return {
    put: (key, value) => operations.push({ type: 'put', key, value }),
    del: (key) => operations.push({ type: 'del', key }),
    close: async () => undefined,
    write: async () => {
      await whenOpen()
      operations.forEach(apply)
    },
  }
}
