/**
 * Making a store, and finding an existing one. A new database is made whole under a draft name and
 * renamed, so a `store` directory always was complete once: one without its HEAD is damaged and not
 * half made.
 */
import { chmod, mkdir, mkdtemp, readdir, realpath, rename, rm, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { LevelPathOptions } from '../level.ts'
import type { LevelPlatform } from './platform.ts'
import { HEAD_KEY, encodeHead } from './codec.ts'
import { StrongroomError, invalidArgument } from '../../base/errors.ts'
import { isStaleImage } from './image.ts'
import { isLevelFile } from './inspection.ts'
import { writeDurably } from './database.ts'
import { syncDirectory } from '../sidecar.ts'

const STORE = 'store'
const DRAFT = 'store.new-'
/** What belongs to a store: none of it may lie in a directory where one is created. */
const PARTS = new Set([STORE, 'anchor', 'erase'])

export interface StorePlace {
  /** The directory of the store, without symbolic links. */
  readonly root: string
  /** The directory of its LevelDB. */
  readonly location: string
}

/** Finds the store of a path, or makes it where the options allow. */
export async function ensureStore(
  { path, create = 'ifMissing' }: LevelPathOptions,
  platform: LevelPlatform,
): Promise<StorePlace> {
  if (typeof path !== 'string' || path === '') invalidArgument('path', 'a directory', path)
  if (!['ifMissing', 'always', 'never'].includes(create))
    invalidArgument('create', "'ifMissing', 'always' or 'never'", create)
  const names = await list(path)
  const mayCreate = create === 'always' || (create === 'ifMissing' && isEmpty(names))
  if (names === undefined && !mayCreate) throw storeMissing(path, 'The directory does not exist.')
  if (names === undefined) await makeDirectory(path)
  const root = await realpath(path)
  await assertPrivate(root, platform)
  if (create === 'always') refuseExisting(root, names ?? [])
  const location = join(root, STORE)
  if (mayCreate) await createStore(root, location, create, platform)
  else if (!names?.includes(STORE)) throw storeMissing(root, lacking(names ?? []))
  return { root, location }
}

/**
 * Removes what a creation or a look at an image that was cut short left behind; called by who holds
 * the lock of the store.
 */
export async function removeDrafts(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    const path = join(root, name)
    if (name.startsWith(DRAFT) || isStaleImage(path))
      await rm(path, { recursive: true, force: true })
  }
}

async function list(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    if (code !== 'ENOTDIR') throw error
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      `path: expected a directory, got the file ${path}.`,
    )
  }
}

const isEmpty = (names: readonly string[] | undefined): boolean =>
  (names ?? []).every((name) => name.startsWith(DRAFT))

/**
 * Makes it for its owner alone, and the new names durable up to the first directory that was there.
 */
async function makeDirectory(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode: 0o700 })
  if (first === undefined) return
  await chmod(path, 0o700)
  const top = dirname(resolve(first))
  for (let made = resolve(path); made !== top; made = dirname(made))
    await syncDirectory(dirname(made))
}

async function assertPrivate(root: string, platform: LevelPlatform): Promise<void> {
  if (platform.system === 'win32') return
  const { mode, uid } = await stat(root)
  const user = platform.user()
  if (user !== undefined && uid !== user)
    throw unsafe(`${root} belongs to user ${uid}, not to ${user}`, `chown ${user} '${root}'`)
  if ((mode & 0o077) !== 0)
    throw unsafe(
      `${root} has mode ${(mode & 0o777).toString(8)}: others than its owner may enter`,
      `chmod 700 '${root}'`,
    )
}

const unsafe = (what: string, command: string): StrongroomError =>
  new StrongroomError('STORE_UNSAFE', `The directory ${what}. Run: ${command}`)

function refuseExisting(root: string, names: readonly string[]): void {
  const found = names.find((name) => PARTS.has(name) || isLevelFile(name))
  if (found !== undefined) throw storeExists(root, found)
}

async function createStore(
  root: string,
  location: string,
  create: 'ifMissing' | 'always' | 'never',
  platform: LevelPlatform,
): Promise<void> {
  const draft = await mkdtemp(join(root, DRAFT))
  try {
    await fillDraft(draft, platform)
    await rename(draft, location)
  } catch (error) {
    await rm(draft, { recursive: true, force: true })
    // Somebody else made it at the same time: theirs is the store.
    const theirs = (await readdir(root)).includes(STORE)
    if (theirs && create === 'always') throw storeExists(root, STORE)
    if (!theirs) throw error
  }
  await syncDirectory(root)
}

async function fillDraft(draft: string, platform: LevelPlatform): Promise<void> {
  const db = await platform.connect(draft, { createIfMissing: true })
  await db.open()
  try {
    await writeDurably(db, [{ type: 'put', key: HEAD_KEY, value: encodeHead(0n) }])
  } finally {
    await db.close()
  }
  await syncDirectory(draft)
}

const lacking = (names: readonly string[]): string =>
  names.some((name) => PARTS.has(name))
    ? `Its side files are there but its directory '${STORE}' is gone. Restore it from a backup.`
    : `It holds other files and no directory '${STORE}'. Choose an empty directory to create one.`

const storeMissing = (path: string, why: string): StrongroomError =>
  new StrongroomError('STORE_MISSING', `There is no store in ${path}. ${why}`)

const storeExists = (root: string, found: string): StrongroomError =>
  new StrongroomError(
    'STORE_EXISTS',
    `${root} already holds a store (found '${found}'). Nothing was changed.`,
  )
