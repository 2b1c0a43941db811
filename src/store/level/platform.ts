/** What the directory store needs from outside, as values that tests replace. */
import { fsync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import type { LevelDatabase } from './database.ts'

export interface LevelPlatform {
  /** A database that is not open yet. */
  connect(location: string, options: { createIfMissing: boolean }): Promise<LevelDatabase>
  /** Brings a file or a directory to the disk. */
  fsync(handle: number): Promise<void>
  /** Free blocks for this user, and their size. */
  statfs(path: string): Promise<{ readonly bavail: number; readonly bsize: number }>
  /** Milliseconds that only rise. */
  now(): number
  /** The user that this process acts as; undefined where users have no numbers. */
  user(): number | undefined
  readonly system: NodeJS.Platform
}

const SETTINGS = {
  // Sealed values do not compress.
  compression: false,
  // LevelDB looks at each of its tables when it opens: with its 2 MiB a million keys are 1,200.
  maxFileSize: 8 * 2 ** 20,
}

export const defaultPlatform: LevelPlatform = {
  connect: async (location, options) => {
    const { Level } = await import('level')
    return new Level<Uint8Array, Uint8Array>(location, { ...options, ...SETTINGS })
  },
  fsync: promisify(fsync),
  statfs,
  now: () => performance.now(),
  user: () => process.geteuid?.(),
  system: process.platform,
}
