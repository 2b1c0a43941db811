/** The region of a store: said once at `init --at`, kept beside it, and overruled by `--at`. */
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileFailure, systemCode } from './paths.ts'

const FILE = 'region'
const DEFAULT = 'local'

/** What the engine then checks, as any name of a region. */
export async function regionOf(folder: string, given: string | undefined): Promise<string> {
  if (given !== undefined) return given
  const path = join(folder, FILE)
  try {
    return (await readFile(path, 'utf8')).trim()
  } catch (error) {
    // A store of before, or one that nobody follows; or no store, which opening it will tell.
    if (['ENOENT', 'ENOTDIR'].includes(systemCode(error) ?? '')) return DEFAULT
    throw fileFailure('region', path, error)
  }
}

export async function keepRegion(folder: string, region: string | undefined): Promise<void> {
  if (region !== undefined) await writeFile(join(folder, FILE), `${region}\n`, { mode: 0o600 })
}
