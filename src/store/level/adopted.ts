/**
 * A database that the caller made: browser-level, memory-level, or classic-level with options of
 * its own.
 */
import type { LevelDatabase } from './database.ts'
import type { LevelDatabaseOptions } from '../level.ts'
import type { LevelHome } from './level-store.ts'
import { HEAD_KEY, encodeHead } from './codec.ts'
import { LevelStore } from './level-store.ts'
import { VIEW, writeDurably } from './database.ts'
import { StrongroomError } from '../../base/errors.ts'
import { createMemorySidecar } from '../memory.ts'

/**
 * Databases that a store owns: two writer queues over one database would not see each other's
 * checks.
 */
const owned = new WeakSet<LevelDatabase>()

export async function adoptDatabase(options: LevelDatabaseOptions): Promise<LevelStore> {
  const { db } = options
  if (owned.has(db))
    throw new StrongroomError('STORE_LOCKED', 'Another store of this process uses this database.')
  owned.add(db)
  const own = options.sidecar || db.supports.permanence ? undefined : createMemorySidecar()
  const sidecar = options.sidecar ?? own
  const home: LevelHome = {
    name: 'in the given database',
    ...(sidecar && { sidecar }),
    connect: once(db),
    settle: async () => undefined,
    reserve: async () => undefined,
    release: async () => {
      owned.delete(db)
      await own?.close()
    },
  }
  return LevelStore.open(home, options.limits)
}

/** The first time it may be new and gets its HEAD; reopened, it must be there. */
function once(db: LevelDatabase): () => Promise<LevelDatabase> {
  let known = false
  return async () => {
    await db.open(known ? { createIfMissing: false } : {})
    if (!known) await initialise(db)
    known = true
    return db
  }
}

async function initialise(db: LevelDatabase): Promise<void> {
  const all = { ...VIEW, gte: HEAD_KEY, lt: Uint8Array.of(0xff), limit: 1, reverse: false }
  // With HEAD it is a store; rows without it are a damaged one or somebody else's data, and opening
  // it says so.
  if ((await db.iterator(all).all()).length > 0) return
  await writeDurably(db, [{ type: 'put', key: HEAD_KEY, value: encodeHead(0n) }])
}
