/**
 * A file that appears whole or not at all: written beside its final name, synced, then named.
 * Whatever goes wrong, or a signal, removes the part that was written; the final name never shows a
 * file that is not complete.
 */
import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { link, lstat, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { StrongroomError } from '../base/errors.ts'
import { fileFailure, STANDARD, systemCode } from './paths.ts'

export interface Output {
  write(...parts: readonly Uint8Array[]): Promise<void>
  /** Makes it durable under its final name. */
  commit(): Promise<void>
  /** Leaves nothing behind. Does nothing after `commit`. */
  abandon(): Promise<void>
}

export interface OutputOptions {
  /** Replace a file that is there already. */
  readonly force: boolean
  /** Permission bits, before the umask. */
  readonly mode: number
}

export async function openOutput(path: string, options: OutputOptions): Promise<Output> {
  if (path === STANDARD) return standardOutput()
  try {
    if (!options.force) await refuseExisting(path)
    const partial = join(dirname(path), `.${basename(path).slice(0, 100)}.${randomUUID()}.partial`)
    // Before it exists: a signal in between must find it.
    pending.add(partial)
    watchSignals()
    const file = await open(partial, 'wx', options.mode).catch((error: unknown) => {
      pending.delete(partial)
      throw error
    })
    return fileOutput(path, partial, file, options.force)
  } catch (error) {
    throw fileFailure('output', path, error)
  }
}

function fileOutput(path: string, partial: string, file: FileHandle, force: boolean): Output {
  let state: 'open' | 'closed' | 'named' = 'open'
  const guarded = async (body: () => Promise<void>) => {
    try {
      await body()
    } catch (error) {
      throw fileFailure('output', path, error)
    }
  }
  return {
    write: (...parts) => guarded(() => writeAll(file, parts)),
    commit: () =>
      guarded(async () => {
        await file.sync()
        state = 'closed'
        await file.close()
        await (force ? rename(partial, path) : nameOnce(partial, path))
        state = 'named'
        pending.delete(partial)
        await syncFolder(dirname(path))
      }),
    abandon: async () => {
      if (state === 'named') return
      if (state === 'open') await file.close()
      await rm(partial, { force: true })
      pending.delete(partial)
    },
  }
}

async function writeAll(file: FileHandle, parts: readonly Uint8Array[]): Promise<void> {
  for (const part of parts)
    for (let at = 0; at < part.length;) {
      const { bytesWritten } = await file.write(part, at)
      at += bytesWritten
    }
}

function alreadyThere(path: string): StrongroomError {
  return new StrongroomError(
    'ALREADY_EXISTS',
    `output: expected no file at ${JSON.stringify(path)}, there is one: use --force to replace it.`,
  )
}

async function refuseExisting(path: string): Promise<void> {
  try {
    await lstat(path)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return
    throw error
  }
  throw alreadyThere(path)
}

/**
 * Gives the final name unless someone else took it meanwhile: a hard link, unlike a rename, never
 * replaces.
 */
async function nameOnce(partial: string, path: string): Promise<void> {
  try {
    await link(partial, path)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') throw alreadyThere(path)
    // File systems without hard links: the look and the rename are two steps there.
    await refuseExisting(path)
    return rename(partial, path)
  }
  await rm(partial)
}

/**
 * The name itself must survive a power cut (POSIX: fsync of the directory). Windows has no such
 * call.
 */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/** Standard output cannot be taken back: blocks are released one by one, each verified before. */
function standardOutput(): Output {
  return {
    write: async (...parts) => {
      // The stream may still hold a part when its owner wipes it: it gets a copy of its own.
      for (const part of parts) await writeStandard(Uint8Array.from(part))
    },
    commit: async () => undefined,
    abandon: async () => undefined,
  }
}

const writeStandard = (bytes: Uint8Array): Promise<void> =>
  new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error) reject(fileFailure('output', STANDARD, error))
      else resolve()
    })
  })

const pending = new Set<string>()
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
let watching = false

function watchSignals(): void {
  if (watching) return
  watching = true
  for (const signal of SIGNALS)
    process.once(signal, () => {
      for (const partial of pending) rmSync(partial, { force: true })
      // Handlers are gone by now: end as the signal would have ended us, so that shells see the
      // reason.
      for (const other of SIGNALS) process.removeAllListeners(other)
      process.kill(process.pid, signal)
    })
}

/**
 * Runs a body with an output that is committed when the body succeeds and abandoned when it does
 * not.
 */
export async function withOutput<T>(
  path: string,
  options: OutputOptions,
  body: (output: Output) => Promise<T>,
): Promise<T> {
  const output = await openOutput(path, options)
  try {
    const result = await body(output)
    await output.commit()
    return result
  } finally {
    await output.abandon()
  }
}
