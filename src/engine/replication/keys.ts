/**
 * Keys of keys on their way to a replica. They are wrapped under the vault key of one store, so they
 * travel in the open inside a sealed message, and only the one in force: what a destruction replaced
 * never leaves the store again.
 */
import { equalBytes, toHex, wipe } from '../../base/bytes.ts'
import type { JournalWrite } from '../../domain/records.ts'
import { parsePath, path } from '../../format/paths.ts'
import type { CarriedKey } from '../../replication/messages.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { openWrapped } from '../make.ts'
import { readStore } from '../records.ts'
import { stable } from '../stable.ts'

/** The key of a key as it is now, also while a sweep wraps it anew; the caller wipes it. */
const currentKey = (core: Core, cell: Cell, ordinal: number): Promise<CarriedKey | undefined> =>
  stable(cell, async () => {
    const at = path.keyKey(cell.id, ordinal)
    // Of a vault that was destroyed there is no key left to open it with, either.
    if (!(await readStore(() => core.store.get(at)))) return undefined
    const entry = await openWrapped(core, core.reader(cell), 'keyKey', at)
    return entry && { ordinal, name: core.keys.nameOf(entry.record.key), key: entry.record.key }
  })

/** The keys that these writes put in force, as far as they still are. */
export async function keysOf(
  core: Core,
  cell: Cell,
  writes: readonly JournalWrite[],
): Promise<CarriedKey[]> {
  const wanted = new Map<number, Set<string>>()
  for (const { path: at, name } of writes) {
    const parsed = parsePath(at)
    if (parsed?.kind !== 'keyKey' || !name) continue
    const names = wanted.get(parsed.ordinal!) ?? new Set()
    wanted.set(parsed.ordinal!, names.add(toHex(name)))
  }
  return keysAt(core, cell, [...wanted.keys()], ({ ordinal, name }) =>
    wanted.get(ordinal)!.has(toHex(name)),
  )
}

/** The keys of these keys; the caller wipes them. */
export async function keysAt(
  core: Core,
  cell: Cell,
  ordinals: readonly number[],
  wanted: (key: CarriedKey) => boolean = () => true,
): Promise<CarriedKey[]> {
  const keys: CarriedKey[] = []
  try {
    for (const ordinal of ordinals) {
      const key = await currentKey(core, cell, ordinal)
      if (key && wanted(key)) keys.push(key)
      else wipe(key?.key)
    }
    return keys
  } catch (error) {
    wipeKeys(keys)
    throw error
  }
}

/** The key that came for a write, if it is the one that the write speaks of. */
export function keyFor(
  keys: readonly CarriedKey[],
  ordinal: number,
  name: Uint8Array | undefined,
): Uint8Array | undefined {
  return keys.find((key) => key.ordinal === ordinal && name && equalBytes(key.name, name))?.key
}

export const wipeKeys = (keys: readonly CarriedKey[]): void => wipe(...keys.map(({ key }) => key))
