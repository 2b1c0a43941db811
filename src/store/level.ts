/**
 * `strongroom/store/level`: the durable store, on LevelDB. Nothing native is loaded before a path
 * is opened; with `{ db }` nothing of Node is needed, so browser-level works too.
 */
import type { LevelDatabase } from './level/database.ts'
import type { Sidecar, StoreLimits } from './store.ts'
import { LevelStore } from './level/level-store.ts'
import { adoptDatabase } from './level/adopted.ts'

export type { LevelDatabase } from './level/database.ts'
export type { LevelStore } from './level/level-store.ts'

export interface LevelPathOptions {
  /** The directory of the store, private to its owner. */
  readonly path: string
  /**
   * `ifMissing` (default) creates when the directory is absent or empty and else opens what is
   * there; `always` creates and refuses a directory that holds a store; `never` only opens.
   */
  readonly create?: 'ifMissing' | 'always' | 'never'
  /** Narrower bounds than the default ones, for example `PORTABLE_LIMITS`. */
  readonly limits?: StoreLimits
}

export interface LevelDatabaseOptions {
  /**
   * A database of abstract-level 3, open or not. It belongs to the store from then on, which also
   * closes it.
   */
  readonly db: LevelDatabase
  /** Side files for it. Default: none, or in memory when the database is in memory too. */
  readonly sidecar?: Sidecar
  readonly limits?: StoreLimits
}

export type LevelStoreOptions = LevelPathOptions | LevelDatabaseOptions

/**
 * Opens or creates a store. One process, and within it one store, has a directory open at a time.
 *
 * @throws {StrongroomError} STORE_MISSING, STORE_EXISTS, STORE_LOCKED (open elsewhere), STORE_UNSAFE (owner or mode of
 * the directory; the message has the command), INTEGRITY (damaged files; nothing is repaired),
 * UNAVAILABLE (disk)
 *
 * @example
 * const store = await openLevelStore({ path: './keys' })
 */
export async function openLevelStore(options: LevelStoreOptions): Promise<LevelStore> {
  if ('db' in options) return adoptDatabase(options)
  const { openDirectory } = await import('./level/directory.ts')
  return openDirectory(options)
}
