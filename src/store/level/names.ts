/**
 * Durable file names. LevelDB syncs a new log's data but not its name; after a power cut a file
 * without a name is lost with all it held. So the directory is synced after open and after every
 * batch that may have made a file.
 */
import { closeSync, fstatSync, openSync } from 'node:fs'
import { join } from 'node:path'
import type { LevelPlatform } from './platform.ts'

/**
 * Clocks of file systems tick coarsely (milliseconds, at worst two seconds). A directory time that
 * was older than this when seen cannot be given to a file made later.
 */
const COARSEST_TICK_NS = 3_000_000_000n

type NamesPlatform = Pick<LevelPlatform, 'system' | 'fsync'>

export interface Names {
  /** After the database was opened. */
  opened(): Promise<void>
  /** After a batch; cheap when no file was made or removed. */
  settle(): Promise<void>
  close(): void
}

/** Windows keeps names by itself and cannot be asked to. */
const nothing: Names = {
  opened: async () => undefined,
  settle: async () => undefined,
  close: () => undefined,
}

export function openNames(location: string, platform: NamesPlatform): Names {
  return platform.system === 'win32' ? nothing : new SyncedNames(location, platform)
}

class SyncedNames implements Names {
  readonly #location: string
  readonly #platform: NamesPlatform
  readonly #before: bigint
  #directory: number | undefined
  /**
   * macOS: fdatasync does not reach the disk, but libuv's fsync of any file (F_FULLFSYNC) brings
   * everything there.
   */
  #current: number | undefined
  /** The time of the directory for which its names are known to be durable. */
  #durable: bigint | undefined
  #timesTell = false

  constructor(location: string, platform: NamesPlatform) {
    this.#location = location
    this.#platform = platform
    this.#directory = openSync(location, 'r')
    this.#before = changedAt(this.#directory)
  }

  async opened(): Promise<void> {
    this.#durable = undefined
    if (this.#platform.system === 'darwin')
      this.#current ??= openSync(join(this.#location, 'CURRENT'), 'r')
    await this.settle()
  }

  async settle(): Promise<void> {
    if (this.#current !== undefined) await this.#platform.fsync(this.#current)
    // The time is read before the sync: a file made meanwhile gets a later one and is caught by the
    // next call.
    const time = changedAt(this.#directory!)
    if (time === this.#durable) return
    // LevelDB always makes files: a directory whose time never moves tells nothing and is synced
    // every time.
    this.#timesTell ||= time !== this.#before
    const now = BigInt(Date.now()) * 1_000_000n
    await this.#platform.fsync(this.#directory!)
    const distinct = this.#timesTell && now - time > COARSEST_TICK_NS
    this.#durable = distinct ? time : undefined
  }

  close(): void {
    for (const handle of [this.#directory, this.#current])
      if (handle !== undefined) closeSync(handle)
    this.#directory = undefined
    this.#current = undefined
  }
}

/** Three microseconds, against fifty and a flush of the disk for a sync. */
const changedAt = (directory: number): bigint => fstatSync(directory, { bigint: true }).mtimeNs
