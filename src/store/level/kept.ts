/**
 * What an opening could lose. LevelDB moves its log into a table, lets CURRENT name a new manifest
 * and removes the old log and manifest, and nobody syncs the directory in between: where names do
 * not become durable in order, a power cut may leave the removal without the rest. So both files
 * have a second name until the directory is synced.
 */
import { copyFile, link, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../sidecar.ts'

/** LevelDB leaves alone what does not look like a file of its own. */
const KEPT = '.kept'
const isKept = (name: string): boolean => name.endsWith(KEPT)
const matters = (name: string): boolean => /^(MANIFEST-\d+|\d+\.log)$/.test(name)

/**
 * Before LevelDB opens: gives back what an opening that was cut off lost, and keeps what this one
 * could lose. A file that was no more needed does no harm: LevelDB removes it again.
 * @param again a second name for a file
 */
export async function keep(location: string, again: typeof link = link): Promise<void> {
  const names = new Set(await readdir(location))
  for (const kept of [...names].filter(isKept)) {
    const name = kept.slice(0, -KEPT.length)
    if (names.has(name)) await rm(join(location, kept), { force: true })
    else await rename(join(location, kept), join(location, name))
    names.add(name)
  }
  for (const name of [...names].filter(matters))
    await named(join(location, name), join(location, name + KEPT), again)
  await syncDirectory(location)
}

/** After the directory was synced; also what a manifest that was not cut to its end left behind. */
export async function letGo(location: string): Promise<void> {
  const past = (name: string): boolean => isKept(name) || /^MANIFEST-\d+\.new$/.test(name)
  for (const name of (await readdir(location)).filter(past))
    await rm(join(location, name), { force: true })
}

const NO_LINKS: readonly (string | undefined)[] = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']

async function named(from: string, to: string, again: typeof link): Promise<void> {
  try {
    await again(from, to)
  } catch (error) {
    if (!NO_LINKS.includes((error as NodeJS.ErrnoException).code)) throw error
    await copied(from, to)
  }
}

/** For file systems in which a file has one name. */
async function copied(from: string, to: string): Promise<void> {
  await copyFile(from, to)
  const handle = await open(to, 'r+')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
