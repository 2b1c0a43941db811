/**
 * What the engine tests share: rooms over stores that outlive them, refusals as words, the rows of
 * a store.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { Strongroom, VirtualClock, type OpenOptions } from '../../src/index.ts'
import { StrongroomError, type ErrorCode } from '../../src/base/errors.ts'
import { toHex } from '../../src/base/bytes.ts'
import type { Row, Store } from '../../src/store/store.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { sharedProvider } from '../helpers/provider.ts'

export type Room = Strongroom

export const KEY = new Uint8Array(32).fill(9)
export const SEAL = { key: KEY }
export const DAY_MS = 86_400_000

/** The same store without its end: closing the room leaves the rows for the next one. */
export const lasting = <S extends Store>(store: S): S =>
  new Proxy(store, {
    get(target, name) {
      if (name === 'close') return async () => undefined
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })

export interface Stage {
  readonly room: Room
  readonly store: Store
  readonly clock: VirtualClock
  readonly vaultId: string
  /** Closes the room and opens another over the same store. */
  readonly again: (options?: OpenOptions) => Promise<Room>
}

/** A room with one vault over a memory store that stays. */
export async function stage(
  store: Store = lasting(createMemoryStore()),
  options: OpenOptions = {},
): Promise<Stage> {
  const clock = new VirtualClock()
  // A random source is for a provider of the room's own.
  const crypto = options.random ? {} : { crypto: await sharedProvider() }
  const open = (more: OpenOptions = {}): Promise<Room> =>
    Strongroom.open({ store, seal: SEAL, clock, ...crypto, ...options, ...more })
  const room = await open()
  const { id: vaultId } = await room.createVault({ displayName: 'main' })
  const again = async (more?: OpenOptions): Promise<Room> => {
    await room.close()
    return open(more)
  }
  return { room, store, clock, vaultId, again }
}

/** 'ok', or the code of the refusal. Whatever is no refusal is thrown on: it fails the test. */
export async function codeOf(call: Promise<unknown>): Promise<ErrorCode | 'ok'> {
  try {
    await call
    return 'ok'
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code === 'INTERNAL') throw error
    return error.code
  }
}

/** Every row of a store. */
export async function rowsOf(store: Store): Promise<readonly Row[]> {
  const lt = new Uint8Array(64).fill(255)
  return (await store.scan({ gte: new Uint8Array(1), lt, limit: 100_000 })).rows
}

/** Rows and side files of one moment. */
export interface Snapshot {
  readonly rows: readonly Row[]
  readonly side: readonly (readonly ['anchor' | 'erase', Uint8Array])[]
}
export async function snapshotOf(store: Store): Promise<Snapshot> {
  const side: (readonly ['anchor' | 'erase', Uint8Array])[] = []
  for (const name of ['anchor', 'erase'] as const) {
    const content = await store.sidecar?.read(name)
    if (content) side.push([name, content])
  }
  return { rows: await rowsOf(store), side }
}
/** A memory store that holds exactly this, and stays. */
export async function storeWith({ rows, side }: Snapshot): Promise<Store> {
  const store = lasting(createMemoryStore())
  const puts = rows.map(({ key, value }) => ({ key, value }))
  await store.commit({ checks: [], puts, dels: [], token: new Uint8Array(16) })
  for (const [name, content] of side) await store.sidecar!.write(name, content)
  return store
}

/** All rows as text that can be compared. */
export async function imageOf(store: Store): Promise<string> {
  const rows = await rowsOf(store)
  return rows.map(({ key, value }) => `${toHex(key)}=${toHex(value)}`).join('\n')
}

/** A copy with one bit changed; negative counts from the end. */
export function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice()
  copy[at < 0 ? copy.length + at : at]! ^= 1
  return copy
}

/** A path where nothing is yet; it and its neighbours go when the test ends. */
export function freshPath(): string {
  const parent = mkdtempSync(join(tmpdir(), 'strongroom-engine-'))
  onTestFinished(() => rmSync(parent, { recursive: true, force: true }))
  return join(parent, 'keys')
}
