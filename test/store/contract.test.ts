/** The published contract over every store, and over the wrapper of each. */
import { describe, expect, it } from 'vitest'
import { Level } from 'level'
import type { FaultPlan, FaultyStore } from '../../src/testing/faulty-store.ts'
import type { Store } from '../../src/store/store.ts'
import type { StoreHarness } from '../../src/testing/store-suite.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { failingWrites, freshDirectory, levelHarness } from './harness.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { storeSuite } from '../../src/testing/store-suite.ts'
import { tinyLevel } from './tiny-level.ts'

const api = { describe, it, expect }

const memory: StoreHarness = { open: async () => createMemoryStore() }

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

const givenTiny: StoreHarness = { open: () => openLevelStore({ db: tinyLevel() }) }

storeSuite('memory', memory, api)
storeSuite(
  'memory within portable limits',
  {
    open: async () => createMemoryStore({ limits: PORTABLE_LIMITS }),
  },
  api,
)
storeSuite('level in a directory', levelHarness(), api)
storeSuite('level, a given database', givenLevel(), api)
storeSuite('level, a given database without snapshots', givenTiny, api)
storeSuite('faulty wrapper of memory', wrapped(memory, { poison: true }), api)
storeSuite('faulty wrapper of level', wrapped(levelHarness(), { poison: true }), api)
storeSuite('faulty wrapper of a given database', wrapped(givenTiny, { poison: true }), api)
storeSuite('slow wrapper of memory', wrapped(memory, { wait: latency }), api)
