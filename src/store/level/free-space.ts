/**
 * Keeps room for recovery: LevelDB cannot open, not even for reading, when there is no space to
 * write its log into a table. So commits stop while that space is still there.
 */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { LevelPlatform } from './platform.ts'
import { StoreError } from '../store.ts'

/** At least this much stays free, and four times the log. */
export const RESERVE_BYTES_MIN = 64 * 1024 * 1024
const LOG_FACTOR = 4
/** The disk is asked again after so long, or after so many bytes. */
const CHECK_EVERY_MS = 1000
const CHECK_EVERY_BYTES = 8 * 1024 * 1024

export interface FreeSpace {
  /** @throws {StoreError} `unavailable` when too little would remain. */
  reserve(bytes: number): Promise<void>
}

export function createFreeSpace(location: string, platform: LevelPlatform): FreeSpace {
  let nextCheck = Number.NEGATIVE_INFINITY
  let bytesLeft = 0
  return {
    reserve: async (bytes) => {
      bytesLeft -= bytes
      if (platform.now() < nextCheck && bytesLeft >= 0) return
      await assertSpace(location, bytes, platform)
      // Only after success: while space is short every commit asks anew.
      nextCheck = platform.now() + CHECK_EVERY_MS
      bytesLeft = CHECK_EVERY_BYTES
    },
  }
}

async function assertSpace(
  location: string,
  bytes: number,
  platform: LevelPlatform,
): Promise<void> {
  let free: number
  let reserve: number
  try {
    const { bavail, bsize } = await platform.statfs(location)
    free = bavail * bsize - bytes
    reserve = Math.max(RESERVE_BYTES_MIN, LOG_FACTOR * (await logBytes(location)))
  } catch (error) {
    throw new StoreError(
      'unavailable',
      'The free space of the disk could not be determined. Nothing was done.',
      error,
    )
  }
  if (free < reserve)
    throw new StoreError(
      'unavailable',
      `The disk has ${megabytes(free)} MiB left and ${megabytes(reserve)} MiB must stay ` +
        'free for recovery. ' +
        'Nothing was done; free some space.',
    )
}

const megabytes = (bytes: number): number => Math.max(0, Math.floor(bytes / 1024 / 1024))

async function logBytes(location: string): Promise<number> {
  const names = (await readdir(location)).filter((name) => name.endsWith('.log'))
  const sizes = await Promise.all(
    // A log may vanish between the two calls: LevelDB drops it once its table is written.
    names.map((name) =>
      stat(join(location, name)).then(
        (file) => file.size,
        () => 0,
      ),
    ),
  )
  return sizes.reduce((sum, size) => sum + size, 0)
}
