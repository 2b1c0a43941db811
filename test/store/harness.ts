/**
 * How the tests of the stores open them: each in a directory of its own, removed when the file of the
 * test ends.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LevelDatabase } from '../../src/store/level/database.ts'
import type { LevelPlatform } from '../../src/store/level/platform.ts'
import type { Store } from '../../src/store/store.ts'
import type { StoreHarness } from '../../src/testing/store-suite.ts'
import { defaultPlatform } from '../../src/store/level/platform.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openDirectory } from '../../src/store/level/directory.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { atEnd } from '../helpers/at-end.ts'
import { tinyLevel } from './tiny-level.ts'

/** A new empty directory, private to its owner. */
export function freshDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'strongroom-store-'))
  atEnd(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** A platform whose databases fail the writes that a test arms. */
export function breakable(): { platform: Partial<LevelPlatform>; breakNext: () => void } {
  let armed = false
  return {
    breakNext: () => {
      armed = true
    },
    platform: {
      connect: async (location, options) => {
        const db = await defaultPlatform.connect(location, options)
        return failingWrites(db, () => {
          const fail = armed
          armed = false
          return fail
        })
      },
    },
  }
}

/**
 * The database, but a write for which `fails` says so is rejected as LevelDB rejects it on a full
 * disk.
 */
export function failingWrites(db: LevelDatabase, fails: () => boolean): LevelDatabase {
  const batch = () => {
    const inner = db.batch()
    const write = inner.write.bind(inner)
    inner.write = async (options) => {
      if (!fails()) return write(options)
      await inner.close()
      const cause = Object.assign(new Error('IO error: No space left'), { code: 'LEVEL_IO_ERROR' })
      throw cause
    }
    return inner
  }
  return new Proxy(db, {
    get: (target, name) => {
      if (name === 'batch') return batch
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

/** LevelDB in directories. */
export function levelHarness(): StoreHarness {
  const homes = new WeakMap<Store, { path: string; breakNext: () => void }>()
  const open = async (path: string): Promise<Store> => {
    const { platform, breakNext } = breakable()
    const store = await openDirectory({ path }, platform)
    homes.set(store, { path, breakNext })
    return store
  }
  return {
    open: () => open(freshDirectory()),
    reopen: (closed) => open(homes.get(closed)!.path),
    breakNextWrite: (store) => homes.get(store)!.breakNext(),
  }
}

export const memoryHarness: StoreHarness = { open: async () => createMemoryStore() }

/** The weakest database that the store accepts. */
export const givenTiny: StoreHarness = { open: () => openLevelStore({ db: tinyLevel() }) }
