/**
 * The contract over what waits for a disk and over the wrapper of each store. Mutation runs leave
 * it out: it takes long, and what is in its way there is nearly always in the way of the quick one.
 */
import { describe, expect, it } from 'vitest'
import { Level } from 'level'
import type { FaultPlan, FaultyStore } from '../../src/testing/faulty-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { StoreHarness } from '../../src/testing/store-suite.ts'
import {
  failingWrites,
  freshDirectory,
  givenTiny,
  levelHarness,
  memoryHarness as memory,
} from './harness.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'

const api = { describe, it, expect }

/** A database of the caller's own: here in its own directory and opened as the caller likes. */
function givenLevel(): StoreHarness {
  const paths = new WeakMap<Store, string>()
  const breaks = new WeakMap<Store, () => void>()
  const open = async (path: string): Promise<Store> => {
    let armed = false
    const db = failingWrites(new Level<string, unknown>(path, { valueEncoding: 'json' }), () => {
      const fail = armed
      armed = false
      return fail
    })
    const store = await openLevelStore({ db })
    paths.set(store, path)
    breaks.set(store, () => {
      armed = true
    })
    return store
  }
  return {
    open: () => open(freshDirectory()),
    reopen: (closed) => open(paths.get(closed)!),
    breakNextWrite: (store) => breaks.get(store)!(),
  }
}

/** The same harness with a wrapper around each store. */
function wrapped(inner: StoreHarness, plan: FaultPlan = {}): StoreHarness {
  const inside = new WeakMap<Store, { inner: Store; faulty: FaultyStore }>()
  const wrap = (store: Store): Store => {
    const faulty = faultyStore(store, plan)
    inside.set(faulty, { inner: store, faulty })
    return faulty
  }
  const { reopen } = inner
  return {
    open: async () => wrap(await inner.open()),
    ...(reopen && { reopen: async (closed) => wrap(await reopen(inside.get(closed)!.inner)) }),
    breakNextWrite: (store) => inside.get(store)!.faulty.failNext('commit', 'after'),
  }
}

const latency = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

storeSuite('level in a directory', levelHarness(), api)
storeSuite('level, a given database', givenLevel(), api)
storeSuite('faulty wrapper of memory', wrapped(memory, { poison: true }), api)
storeSuite('faulty wrapper of level', wrapped(levelHarness(), { poison: true }), api)
storeSuite('faulty wrapper of a given database', wrapped(givenTiny, { poison: true }), api)
storeSuite('slow wrapper of memory', wrapped(memory, { wait: latency }), api)
