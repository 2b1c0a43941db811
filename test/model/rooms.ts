/** Opens rooms for the model tests: over one store that outlives them. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Strongroom } from '../../src/index.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { sharedProvider } from '../helpers/provider.ts'
import type { Real, Room } from './real.ts'

const SEAL = { key: new Uint8Array(32).fill(7) }

/** The same store without its end: closing the room leaves the rows for the next one. */
export function lasting(store: Store): Store {
  return new Proxy(store, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function realOver(
  open: (clock: VirtualClock) => Promise<Room>,
  clock: VirtualClock,
  room: Room,
): Real {
  const real: Real = {
    room,
    clock,
    made: [],
    backups: [],
    seen: new Map(),
    reopen: async () => {
      await real.room.close()
      real.room = await open(clock)
      return real.room
    },
  }
  return real
}

/** A room in memory; its store stays when it is closed and opened again. */
export async function memoryReal(wrap: (store: Store) => Store = (store) => store): Promise<Real> {
  const store = wrap(lasting(createMemoryStore()))
  const crypto = await sharedProvider()
  const open = (clock: VirtualClock): Promise<Room> =>
    Strongroom.open({ store, seal: SEAL, clock, crypto })
  const clock = new VirtualClock()
  return realOver(open, clock, await open(clock))
}

/** A room on disk, and what removes it. */
export async function levelReal(): Promise<{ real: Real; remove: () => Promise<void> }> {
  const path = join(await mkdtemp(join(tmpdir(), 'strongroom-model-')), 'keys')
  const open = (clock: VirtualClock): Promise<Room> => Strongroom.open({ path, seal: SEAL, clock })
  const clock = new VirtualClock()
  const real = realOver(open, clock, await open(clock))
  const remove = async (): Promise<void> => {
    await real.room.close()
    await rm(join(path, '..'), { recursive: true, force: true })
  }
  return { real, remove }
}
