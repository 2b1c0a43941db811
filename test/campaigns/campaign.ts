/**
 * What all campaigns have in common: one function over rounds and a seed, answering counts and
 * violations. The suite runs each briefly, `npm run campaign -- NAME` as long as one likes.
 */
import { mkdtempSync, rmSync, statfsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLevelStore } from '../../src/store/level.ts'
import type { Store } from '../../src/store/store.ts'

export interface CampaignOptions {
  readonly rounds: number
  /** Repeats the same choices; moments of kills and speeds of disks stay chance. */
  readonly seed: number
  readonly log: (line: string) => void
  /** The folder of `builtTree()`, for child processes. */
  readonly built: string
  /** A second opinion on closed stores: complaints, none where all is well. */
  readonly inspect?: (store: Store) => Promise<readonly string[]>
}

export interface Report {
  /** What was done and found, in numbers. */
  readonly counts: Readonly<Record<string, number>>
  /** Broken promises, each with what is needed to see it again. Empty is what must hold. */
  readonly violations: readonly string[]
  /** Why nothing ran here. */
  readonly skipped?: string
}

export type Campaign = (options: CampaignOptions) => Promise<Report>

/** Counts and violations as they come. */
export class Ledger {
  readonly #counts = new Map<string, number>()
  readonly violations: string[] = []

  add(name: string, count = 1): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + count)
  }

  violation(what: string): void {
    this.violations.push(what)
  }

  get(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  report(): Report {
    const counts = Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)))
    return { counts, violations: this.violations }
  }
}

/** Says every tenth of the way how far it is. */
export function progress(options: CampaignOptions, done: number): void {
  const step = Math.max(1, Math.floor(options.rounds / 10))
  if (done % step === 0) options.log(`${done} of ${options.rounds}`)
}

const made = new Set<string>()
process.once('exit', () => made.forEach(drop))

/** A path where nothing is yet, in a directory of its own on a real disk. */
export const freshPath = (name = 'keys'): string => pathIn(tmpdir(), name)

/** The same in memory where that is large enough: for what does not depend on a real disk. */
export const memoryPath = (name = 'keys'): string => pathIn(memory, name)

function pathIn(directory: string, name: string): string {
  const parent = mkdtempSync(join(directory, 'strongroom-campaign-'))
  made.add(parent)
  return join(parent, name)
}

const MEMORY = '/dev/shm'
const MEMORY_BYTES_MIN = 1024 ** 3
const memory = isRoomy() ? MEMORY : tmpdir()

function isRoomy(): boolean {
  try {
    const { bavail, bsize } = statfsSync(MEMORY)
    return bavail * bsize >= MEMORY_BYTES_MIN
  } catch {
    return false
  }
}

/** Removes the directory of a path given by `freshPath`. */
export function drop(path: string): void {
  for (const parent of made)
    if (path === parent || path.startsWith(`${parent}/`)) {
      rmSync(parent, { recursive: true, force: true })
      made.delete(parent)
    }
}

/** What the second opinion says of the store at this path. */
export async function inspected(
  { inspect }: CampaignOptions,
  path: string,
): Promise<readonly string[]> {
  if (!inspect) return []
  const store = await openLevelStore({ path, create: 'never' })
  try {
    return await inspect(store)
  } finally {
    await store.close()
  }
}

/** Fails what takes longer: a hang is a violation too. */
export async function within<T>(seconds: number, what: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs: ${seconds} s`)), seconds * 1000)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The code of an error of ours, or what else it is, and why. */
export function nameOf(error: unknown): string {
  const { code, message, name, cause } = error as Partial<Record<keyof Error | 'code', unknown>>
  const ours = name === 'StrongroomError' && typeof code === 'string' && code !== 'INTERNAL'
  if (ours) return code
  const why = cause instanceof Error ? ` because of ${cause.stack}` : ''
  return `unclassified ${String(name)} ${String(code)}: ${String(message)}${why}`
}
