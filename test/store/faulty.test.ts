/**
 * The faulty wrapper: each kind of fault does what its table says, at exactly the call that was
 * planned.
 */
import { describe, expect, it } from 'vitest'
import type { FaultKind, FaultyMethod, FaultyStore } from '../../src/testing/faulty-store.ts'
import { commitOf, failureOf, textAt } from '../../src/testing/store-suite/kit.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { utf8 } from '../../src/base/bytes.ts'

const put = (store: FaultyStore, value: string): Promise<string> =>
  failureOf(store.commit(commitOf({ puts: { a: value } })))

const CALLS: Record<FaultyMethod, (store: FaultyStore) => Promise<unknown>> = {
  get: (store) => store.get(utf8('a')),
  scan: (store) => store.scan({ gte: utf8('a'), lt: utf8('b'), limit: 1 }),
  commit: (store) => store.commit(commitOf({ puts: { a: 'x' } })),
  head: (store) => store.head(),
  recover: (store) => store.recover!(),
  compact: (store) => store.compact!(),
  'sidecar.read': (store) => store.sidecar!.read('anchor'),
  'sidecar.write': (store) => store.sidecar!.write('anchor', utf8('x')),
  'sidecar.scrub': (store) => store.sidecar!.scrub('anchor'),
}
const METHODS = Object.keys(CALLS) as FaultyMethod[]

/** Offers everything that a store may offer. */
const complete = () =>
  Object.assign(createMemoryStore(), {
    recover: async () => undefined,
    compact: async () => undefined,
  })

describe('a planned fault of a commit', () => {
  const cases: [FaultKind, string, string | undefined][] = [
    ['before', 'unavailable', 'old'],
    ['conflict', 'conflict', 'old'],
    ['unknown', 'unknown', 'old'],
    ['after', 'unknown', 'new'],
  ]
  it.each(cases)('%s: answers %s and leaves the %s value', async (kind, answer, left) => {
    const store = faultyStore(createMemoryStore(), { faults: [{ method: 'commit', nth: 2, kind }] })
    expect(await put(store, 'old')).toBe('none')
    expect(await put(store, 'new')).toBe(answer)
    expect(await textAt(store, 'a')).toBe(left)
    expect(await put(store, 'next')).toBe('none')
    expect(store.calls.map(({ method, fault }) => `${method} ${fault}`)).toEqual([
      'commit none',
      `commit ${kind}`,
      'get none',
      'commit none',
    ])
  })
})

describe('a planned fault of any call', () => {
  it.each(METHODS)('%s: hits its n-th call alone', async (method) => {
    const store = faultyStore(complete(), { faults: [{ method, nth: 2, kind: 'before' }] })
    const outcomes: string[] = []
    for (let i = 0; i < 3; i++) {
      for (const other of METHODS)
        if (other !== method) expect(await failureOf(CALLS[other](store))).toBe('none')
      outcomes.push(await failureOf(CALLS[method](store)))
    }
    expect(outcomes).toEqual(['none', 'unavailable', 'none'])
  })

  it('hits each call once when every number is tried, whatever its method', async () => {
    for (let nth = 1; nth <= METHODS.length; nth++) {
      const store = faultyStore(complete(), { faults: [{ method: 'any', nth, kind: 'before' }] })
      const outcomes: string[] = []
      for (const method of METHODS) outcomes.push(await failureOf(CALLS[method](store)))
      expect(outcomes.map((outcome, i) => outcome === 'none' || i)).toEqual(
        METHODS.map((_, i) => i + 1 !== nth || i),
      )
    }
  })

  it('lasts until it is healed when asked to', async () => {
    const faults = [{ method: 'get', nth: 2, kind: 'before', lasting: true }] as const
    const store = faultyStore(createMemoryStore(), { faults })
    const gets = async (): Promise<string> => failureOf(store.get(utf8('a')))
    expect([await gets(), await gets(), await gets()]).toEqual([
      'none',
      'unavailable',
      'unavailable',
    ])
    store.heal()
    expect(await gets()).toBe('none')
  })

  it('can be planned while the store runs', async () => {
    const store = faultyStore(createMemoryStore())
    expect(await put(store, '1')).toBe('none')
    store.failNext('commit', 'after')
    store.plan({ method: 'commit', nth: 3, kind: 'conflict' })
    expect([await put(store, '2'), await put(store, '3'), await put(store, '4')]).toEqual([
      'unknown',
      'conflict',
      'none',
    ])
  })

  it('does not make a refusal of the inner store a success or an unknown', async () => {
    const faults = [{ method: 'commit', nth: 2, kind: 'after' }] as const
    const store = faultyStore(createMemoryStore(), { faults, poison: true })
    await put(store, '1')
    const refused = store.commit(commitOf({ checks: { a: 0n }, puts: { a: '2' } }))
    expect(await failureOf(refused)).toBe('conflict')
    expect(await put(store, '3')).toBe('none')
  })
})

describe('poison', () => {
  it.each(['after', 'unknown'] as const)('after %s only recover helps', async (kind) => {
    const store = faultyStore(createMemoryStore(), { poison: true })
    store.failNext('commit', kind)
    expect(await put(store, '1')).toBe('unknown')
    store.heal()
    expect([await put(store, '2'), await put(store, '3')]).toEqual(['unavailable', 'unavailable'])
    expect(await failureOf(store.get(utf8('a')))).toBe('none')
    await store.recover!()
    expect(await put(store, '4')).toBe('none')
    expect(store.calls.filter(({ fault }) => fault === 'poisoned').length).toBe(2)
  })

  it('is not caused by faults whose outcome is known', async () => {
    const store = faultyStore(createMemoryStore(), { poison: true })
    for (const kind of ['before', 'conflict'] as const) {
      store.failNext('commit', kind)
      await put(store, kind)
      expect(await put(store, 'fine')).toBe('none')
    }
  })

  it('offers recover and compact only as far as there is something behind them', () => {
    const plain = faultyStore(createMemoryStore())
    expect(['recover' in plain, 'compact' in plain]).toEqual([false, false])
    const poisonous = faultyStore(createMemoryStore(), { poison: true })
    expect(['recover' in poisonous, 'compact' in poisonous]).toEqual([true, false])
    const whole = faultyStore(complete())
    expect(['recover' in whole, 'compact' in whole]).toEqual([true, true])
  })
})

describe('waiting', () => {
  it('holds a call before it is done and before its answer', async () => {
    const moments: string[] = []
    let release: () => void = () => undefined
    const store = faultyStore(createMemoryStore(), {
      wait: async ({ method, nth }, moment) => {
        moments.push(`${method} ${nth} ${moment}`)
        if (method === 'commit') await new Promise<void>((resolve) => (release = resolve))
      },
    })
    const done = put(store, '1')
    await new Promise((resolve) => setImmediate(resolve))
    expect(await textAt(store, 'a')).toBe(undefined)
    release()
    await new Promise((resolve) => setImmediate(resolve))
    expect(await textAt(store, 'a')).toBe('1')
    release()
    expect(await done).toBe('none')
    expect(moments).toEqual([
      'commit 1 request',
      'get 1 request',
      'get 1 reply',
      'commit 1 reply',
      'get 2 request',
      'get 2 reply',
    ])
  })
})
