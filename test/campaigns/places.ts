/** Where stores of campaigns live: in memory, where copies are cheap, or on a disk, with files. */
import { cpSync } from 'node:fs'
import type { Store } from '../../src/store/store.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { drop, memoryPath } from './campaign.ts'
import { imageOf, put } from './history.ts'

export interface Place {
  readonly open: () => Promise<Store>
  /** The same again, of its own from now on; nobody has it open meanwhile. */
  readonly copy: () => Promise<Place>
  readonly drop: () => void
  /** Its directory, when it has one. */
  readonly path?: string
}

/** The same store without its end. */
export const staying = (store: Store): Store =>
  new Proxy(store, {
    get: (target, name) => {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

export function inMemory(): Place {
  const store = staying(createMemoryStore())
  const copy = async (): Promise<Place> => {
    const other = inMemory()
    const target = await other.open()
    await put(target, new Map(), await imageOf(store))
    await copySides(store, target)
    return other
  }
  return { open: async () => store, copy, drop: () => undefined }
}

export function onDisk(path = memoryPath()): Place {
  const copy = async (): Promise<Place> => {
    const other = memoryPath()
    cpSync(path, other, { recursive: true })
    return onDisk(other)
  }
  return { path, open: () => openLevelStore({ path }), copy, drop: () => drop(path) }
}

/** The side files of one store beside another. */
export async function copySides(from: Store, to: Store): Promise<void> {
  for (const name of ['anchor', 'erase'] as const) {
    const content = await from.sidecar?.read(name)
    if (content) await to.sidecar!.write(name, content)
  }
}
