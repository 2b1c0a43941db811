/**
 * The stores that this process has open. LevelDB's own lock does not see a second open through a
 * symbolic link, and closing that one drops the lock for everybody: so directories are told apart
 * by device and inode, never by name.
 */
import { stat } from 'node:fs/promises'
import { StrongroomError } from '../../base/errors.ts'

/** On the global object: two copies of this package in one process share it. */
const KEY = Symbol.for('strongroom.store.level.open')

function registry(): Set<string> {
  const holder = globalThis as { [KEY]?: Set<string> }
  const known = holder[KEY]
  if (known) return known
  const made = new Set<string>()
  holder[KEY] = made
  return made
}

/** Claims a directory for one store; answers the function that gives it back. */
export async function claim(location: string, root: string): Promise<() => void> {
  const { dev, ino } = await stat(location, { bigint: true })
  const identity = `${dev}:${ino}`
  const open = registry()
  if (open.has(identity))
    throw new StrongroomError('STORE_LOCKED', `The store ${root} is already open in this process.`)
  open.add(identity)
  return () => void open.delete(identity)
}
