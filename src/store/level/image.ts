/**
 * A copy of the store as it is now, beside it, for somebody else to look at: tables never change
 * once written, so they are linked; what still grows is copied. Reading these files is safe (only
 * the file LOCK must never be opened by us: closing it would drop the lock).
 */
import { copyFile, link, mkdir, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StoreError, type StoreImage } from '../store.ts'

const IMAGE = 'store.image-'

/** Images of this process that somebody looks at. */
const inUse = new Set<string>()

/** What a look that was cut short left behind. */
export const isStaleImage = (path: string): boolean =>
  basename(path).startsWith(IMAGE) && !inUse.has(path)

/** A compaction may drop files while they are being linked: then again, a few times. */
const ATTEMPTS_MAX = 8

/** Call it while nothing is written. */
export async function makeImage(root: string, location: string): Promise<StoreImage> {
  for (let attempt = 1; ; attempt++) {
    const path = await mkdtemp(join(root, IMAGE))
    inUse.add(path)
    const remove = async (): Promise<void> => {
      await rm(path, { recursive: true, force: true })
      inUse.delete(path)
    }
    try {
      const target = join(path, 'store')
      await mkdir(target, { mode: 0o700 })
      if (await copied(location, target)) {
        await copyFile(join(root, 'anchor'), join(path, 'anchor')).catch(ignoreMissing)
        return { path, remove }
      }
      await remove()
    } catch (error) {
      await remove()
      throw new StoreError('unavailable', 'An image of the store could not be made.', error)
    }
    if (attempt === ATTEMPTS_MAX)
      throw new StoreError('unavailable', 'The files of the store change all the time.')
  }
}

/** False when the set of files changed meanwhile. */
async function copied(from: string, to: string): Promise<boolean> {
  const before = await versionOf(from)
  for (const name of await readdir(from)) {
    if (name === 'LOCK' || name.startsWith('LOG')) continue
    const [source, target] = [join(from, name), join(to, name)]
    const done = /\.(ldb|sst)$/.test(name) ? link(source, target) : copyFile(source, target)
    const whole = await done.then(
      () => true,
      (error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
        return false
      },
    )
    if (!whole) return false
  }
  return before === (await versionOf(from))
}

/** Which manifest is in force, and how far it was written: every change of the files is told there. */
async function versionOf(location: string): Promise<string> {
  const manifest = (await readFile(join(location, 'CURRENT'), 'utf8')).trim()
  return `${manifest} ${(await stat(join(location, manifest))).size}`
}

function ignoreMissing(error: unknown): void {
  if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
}
