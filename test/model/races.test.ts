/**
 * Operations that run at the same time: the scheduler of fast-check decides in which order the
 * store answers, and what comes out must be what some order of one after the other gives.
 */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Key } from '../../src/engine/api.ts'
import type { Store } from '../../src/store/store.ts'
import { utf8 } from '../../src/base/bytes.ts'
import * as m from '../../src/testing/model.ts'
import { outcome, predicted, type Real } from './real.ts'
import { memoryReal } from './rooms.ts'

const SLOW = new Set(['get', 'scan', 'commit', 'head'])
const RUNS = { numRuns: 40 }

interface Race {
  readonly real: Real
  readonly key: Key
}

/** A room whose store answers when the scheduler says so, from the end of the preparation on. */
async function prepare(s: fc.Scheduler): Promise<Race> {
  let racing = false
  const slow = (store: Store): Store =>
    new Proxy(store, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target)
        if (typeof value !== 'function') return value
        const method = value as (...args: unknown[]) => unknown
        if (!SLOW.has(String(name))) return method.bind(target)
        return async (...args: unknown[]): Promise<unknown> => {
          if (racing) await s.schedule(Promise.resolve(), `${String(name)} begins`)
          const answer = await method.apply(target, args)
          if (racing) await s.schedule(Promise.resolve(), `${String(name)} ends`)
          return answer
        }
      },
    })
  const real = await memoryReal(slow)
  const vault = await real.room.createVault({ displayName: 'race' })
  const key = await real.room.createKey({ vaultId: vault.id, displayName: 'k', spec: 'AES_256' })
  racing = true
  return { real, key }
}

async function race(property: (race: Race, s: fc.Scheduler) => Promise<void>): Promise<void> {
  const one = fc.asyncProperty(fc.scheduler(), async (s) => property(await prepare(s), s))
  await fc.assert(one, RUNS)
}

describe('races on one key', () => {
  test('of n updates with one etag exactly one wins', async () => {
    await race(async ({ real, key }, s) => {
      const names = ['a', 'b', 'c', 'd']
      const update = (displayName: string) =>
        outcome(() => real.room.updateKey({ keyId: key.id, displayName, ifMatch: key.etag }))
      const results = await s.waitFor(Promise.all(names.map(update)))
      const winners = results.flatMap((result) => ('answer' in result ? [result.answer] : []))
      const codes = results.flatMap((result) => ('code' in result ? [result.code] : []))
      expect(winners).toHaveLength(1)
      expect(codes).toEqual(['ETAG_MISMATCH', 'ETAG_MISMATCH', 'ETAG_MISMATCH'])
      expect(await s.waitFor(real.room.getKey({ keyId: key.id }))).toEqual(winners[0])
    })
  })

  test('n new versions get n numbers, and the last one is current', async () => {
    await race(async ({ real, key }, s) => {
      const rotate = () => real.room.createKeyVersion({ keyId: key.id })
      const made = await s.waitFor(Promise.all([rotate(), rotate(), rotate(), rotate()]))
      expect(made.map(({ number }) => number).sort()).toEqual([2, 3, 4, 5])
      expect(new Set(made.map(({ id }) => id)).size).toBe(4)
      const last = made.find(({ number }) => number === 5)!
      const now = await s.waitFor(real.room.getKey({ keyId: key.id }))
      expect(now.currentVersionId).toBe(last.id)
    })
  })

  test('no encryption begins after a disable has answered', async () => {
    await race(async ({ real, key }, s) => {
      const encrypt = () =>
        outcome(() => real.room.encrypt({ keyId: key.id, plaintext: utf8('late') }))
      const disabled = real.room.disableKey({ keyId: key.id }).then(() => encrypt())
      const during = [encrypt(), encrypt(), real.room.getKey({ keyId: key.id }), encrypt()]
      const [after] = await s.waitFor(Promise.all([disabled, ...during]))
      expect(after).toMatchObject({ code: 'INVALID_STATE' })
      expect(await s.waitFor(encrypt())).toMatchObject({ code: 'INVALID_STATE' })
    })
  })

  test('one retry token used by n callers at once makes one key', async () => {
    await race(async ({ real, key }, s) => {
      const create = () =>
        real.room.createKey({
          vaultId: key.vaultId,
          displayName: 'once',
          spec: 'AES_256',
          retryToken: 'the-same',
        })
      const made = await s.waitFor(Promise.all([create(), create(), create()]))
      expect(new Set(made.map(({ id }) => id)).size).toBe(1)
      const { items } = await s.waitFor(real.room.listKeys({ vaultId: key.vaultId }))
      expect(items).toHaveLength(2)
    })
  })
})

/** What can happen to a key at the same time, in the words of the model and of the room. */
const ACTS = {
  enable: [
    (model: m.Model, key: m.ModelKey) => m.enableKey(model, key),
    ({ real, key }: Race) => real.room.enableKey({ keyId: key.id }),
  ],
  disable: [
    (_: m.Model, key: m.ModelKey) => m.disableKey(key),
    ({ real, key }: Race) => real.room.disableKey({ keyId: key.id }),
  ],
  rotate: [
    (model: m.Model, key: m.ModelKey) => m.createKeyVersion(model, key, {}),
    ({ real, key }: Race) => real.room.createKeyVersion({ keyId: key.id }),
  ],
  rename: [
    (_: m.Model, key: m.ModelKey) => m.updateKey(key, { displayName: 'renamed' }, false),
    ({ real, key }: Race) => real.room.updateKey({ keyId: key.id, displayName: 'renamed' }),
  ],
  encrypt: [
    (model: m.Model, key: m.ModelKey) => m.use(model, key, m.USES.encrypt),
    ({ real, key }: Race) => real.room.encrypt({ keyId: key.id, plaintext: utf8('now') }),
  ],
  schedule: [
    (model: m.Model, key: m.ModelKey) => m.scheduleKeyDeletion(model, key),
    ({ real, key }: Race) => real.room.scheduleKeyDeletion({ keyId: key.id }),
  ],
  cancel: [
    (model: m.Model, key: m.ModelKey) => m.cancelKeyDeletion(model, key, 'previous'),
    ({ real, key }: Race) => real.room.cancelKeyDeletion({ keyId: key.id }),
  ],
  scheduleVault: [
    (model: m.Model, key: m.ModelKey) => m.scheduleVaultDeletion(model, key.vault),
    ({ real, key }: Race) => real.room.scheduleVaultDeletion({ vaultId: key.vaultId }),
  ],
} as const satisfies Record<
  string,
  readonly [(model: m.Model, key: m.ModelKey) => unknown, (race: Race) => Promise<unknown>]
>
type ActName = keyof typeof ACTS

function* orders<T>(items: readonly T[]): Generator<readonly T[]> {
  if (items.length === 0) yield []
  for (const [i, first] of items.entries())
    for (const rest of orders(items.toSpliced(i, 1))) yield [first, ...rest]
}

/** What the model says when the acts happen in this order: the outcome of each, and the end. */
function story(now: number, acts: readonly (readonly [number, ActName])[]): string {
  const model = m.newModel(now)
  const vault = m.createVault(model, { displayName: 'race', compartmentId: 'root' })
  const facts = { displayName: 'k', spec: 'AES_256', purposes: ['encrypt'] } as const
  const key = m.createKey(model, vault, facts)
  const outcomes: string[] = []
  for (const [place, name] of acts) {
    const result = predicted(() => ACTS[name][0](model, key))
    outcomes[place] = 'code' in result ? result.code : 'done'
  }
  return JSON.stringify([outcomes, m.keyState(key), key.displayName, key.versions.length])
}

describe('races of different operations', () => {
  test('what comes out is what some order gives', async () => {
    const names = fc.array(fc.constantFrom(...(Object.keys(ACTS) as ActName[])), {
      minLength: 2,
      maxLength: 5,
    })
    const one = fc.asyncProperty(fc.scheduler(), names, async (s, acts) => {
      const ready = await prepare(s)
      const calls = acts.map((name) => outcome<unknown>(() => ACTS[name][1](ready)))
      const results = await s.waitFor(Promise.all(calls))
      const outcomes = results.map((result) => ('code' in result ? result.code : 'done'))
      const { real, key } = ready
      const now = await s.waitFor(real.room.getKey({ keyId: key.id }))
      const { items } = await s.waitFor(real.room.listKeyVersions({ keyId: key.id }))
      const told = JSON.stringify([outcomes, now.state, now.displayName, items.length])
      const possible = [...orders([...acts.entries()])].map((order) =>
        story(real.clock.now(), order),
      )
      expect(possible).toContain(told)
    })
    await fc.assert(one, { numRuns: 100 })
  })
})
