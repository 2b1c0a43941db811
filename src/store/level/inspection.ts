/**
 * Looks at the files of a LevelDB before it is opened: what is missing is told, never made anew.
 */
import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { StrongroomError } from '../../base/errors.ts'

/**
 * Another process that is just opening the store exchanges these files: one look again before the
 * verdict.
 */
const SECOND_LOOK_MS = 50

/**
 * @throws {StrongroomError} INTEGRITY when a file without which LevelDB would start anew or lose
 * data is missing.
 */
export async function assertWhole(location: string): Promise<void> {
  if ((await missing(location)) === undefined) return
  await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS))
  const what = await missing(location)
  if (what === undefined) return
  throw new StrongroomError(
    'INTEGRITY',
    `The store ${location} is damaged: ${what}. Nothing was changed. Restore it from a backup.`,
  )
}

async function missing(location: string): Promise<string | undefined> {
  const names = await readdir(location)
  if (!names.includes('CURRENT')) return 'the file CURRENT is missing'
  const current = await readFile(join(location, 'CURRENT'), 'latin1').catch(() => '')
  const manifest = /^(MANIFEST-\d+)\n$/.exec(current)?.[1]
  if (manifest === undefined) return 'the file CURRENT names no manifest'
  if (!names.includes(manifest)) return `the file ${manifest} is missing`
  if (!names.some((name) => name.endsWith('.log'))) return 'the log is missing'
  return undefined
}

/** A file that LevelDB makes. */
export const isLevelFile = (name: string): boolean =>
  /^(CURRENT|LOCK|MANIFEST-\d+|\d+\.(log|ldb|sst))$/.test(name)
