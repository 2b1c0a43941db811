/** Random histories against a plain Map: whatever the Map says, the store says. */
import { describe, expect, it } from 'vitest'
import fc from 'fast-check'
import type { Store } from '../../src/store/store.ts'
import type { StoreHarness } from '../../src/testing/store-suite.ts'
import { compareBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { commitOf, failureOf } from '../../src/testing/store-suite/kit.ts'
import { givenTiny, levelHarness, memoryHarness } from './harness.ts'

type Model = Map<string, { value: string; version: bigint }>

/** Few short keys, so that they meet; bytes around the borders of signed and unsigned order. */
const key = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), { minLength: 1, maxLength: 3 })
  .map((bytes) => Uint8Array.from(bytes))
const bound = fc
  .array(fc.constantFrom(0x00, 0x01, 0x7f, 0x80, 0xff), { maxLength: 4 })
  .map((bytes) => Uint8Array.from(bytes))
const value = fc.string({ maxLength: 20 })

const commitStep = fc.record({
  kind: fc.constant('commit' as const),
  /** Whether each check is what the model holds, must not exist, or is off by one. */
  checks: fc.array(fc.tuple(key, fc.constantFrom('right', 'absent', 'stale')), { maxLength: 3 }),
  writes: fc.uniqueArray(fc.tuple(key, fc.option(value)), {
    maxLength: 6,
    selector: ([bytes]) => toHex(bytes),
  }),
})
const scanStep = fc.record({
  kind: fc.constant('scan' as const),
  gte: bound,
  lt: bound,
  limit: fc.nat({ max: 12 }),
  reverse: fc.boolean(),
})
const getStep = fc.record({ kind: fc.constant('get' as const), key })
const reopenStep = fc.record({ kind: fc.constant('reopen' as const) })

type Step = ReturnType<typeof steps extends fc.Arbitrary<infer T> ? () => T : never>[number]
const steps = fc.array(
  fc.oneof(
    { arbitrary: commitStep, weight: 6 },
    { arbitrary: scanStep, weight: 3 },
    { arbitrary: getStep, weight: 2 },
    { arbitrary: reopenStep, weight: 1 },
  ),
  { maxLength: 40 },
)
type StepOf<K extends Step['kind']> = Extract<Step, { kind: K }>

interface World {
  store: Store
  readonly model: Model
  readonly harness: StoreHarness
}

const RUN: { [K in Step['kind']]: (world: World, step: StepOf<K>) => Promise<void> } = {
  commit: runCommit,
  scan: runScan,
  get: async ({ store, model }, { key: bytes }) => {
    const row = await store.get(bytes)
    const expected = model.get(toHex(bytes))
    expect(row).toEqual(expected && { value: utf8(expected.value), version: expected.version })
  },
  reopen: async (world) => {
    await world.store.recover?.()
    await world.store.compact?.()
    if (!world.harness.reopen) return
    await world.store.close()
    world.store = await world.harness.reopen(world.store)
  },
}

async function runCommit({ store, model }: World, step: StepOf<'commit'>): Promise<void> {
  const head = await store.head()
  const now = (bytes: Uint8Array): bigint => model.get(toHex(bytes))?.version ?? 0n
  const versions = { right: now, absent: () => 0n, stale: (bytes: Uint8Array) => now(bytes) + 1n }
  const checks = step.checks.map(([bytes, how]) => ({
    key: bytes,
    version: versions[how](bytes),
  }))
  const puts = step.writes.flatMap(([bytes, text]) =>
    text === null ? [] : [{ key: bytes, value: utf8(text) }],
  )
  const dels = step.writes.flatMap(([bytes, text]) => (text === null ? [bytes] : []))
  const holds = checks.every((check) => check.version === now(check.key))
  const done = store.commit({ ...commitOf({}), checks, puts, dels })
  if (!holds) {
    expect(await failureOf(done)).toBe('conflict')
    expect(await store.head()).toBe(head)
    return
  }
  const { version } = await done
  expect(version > head).toBe(true)
  for (const bytes of dels) model.delete(toHex(bytes))
  for (const [bytes, text] of step.writes)
    if (text !== null) model.set(toHex(bytes), { value: text, version })
}

async function runScan({ store, model }: World, step: StepOf<'scan'>): Promise<void> {
  const { gte, lt, limit, reverse } = step
  const { rows, revision } = await store.scan({ gte, lt, limit, reverse })
  const expected = [...model]
    .map(([hex, row]) => ({ key: fromHex(hex)!, value: utf8(row.value), version: row.version }))
    .filter((row) => compareBytes(row.key, gte) >= 0 && compareBytes(row.key, lt) < 0)
    .sort((a, b) => compareBytes(a.key, b.key))
  if (reverse) expected.reverse()
  expect(rows).toEqual(expected.slice(0, limit))
  expect(revision).toBe(await store.head())
}

const HARNESSES: [string, StoreHarness, number][] = [
  ['memory', memoryHarness, 400],
  ['level', levelHarness(), 40],
  ['a database without snapshots', givenTiny, 60],
]
/** A mutant that lives runs all of this. */
const SHARE = process.env['STRONGROOM_MUTATE'] ? 0.2 : 1

describe('random histories', () => {
  it.each(HARNESSES)('%s behaves as a Map does', async (_name, harness, runs) => {
    await fc.assert(
      fc.asyncProperty(steps, async (history) => {
        const world: World = { store: await harness.open(), model: new Map(), harness }
        try {
          for (const step of history) await RUN[step.kind](world, step as never)
          await runScan(world, { ...WHOLE, kind: 'scan' })
        } finally {
          await world.store.close()
        }
      }),
      { numRuns: runs * SHARE },
    )
  })
})

const WHOLE = {
  gte: new Uint8Array(0),
  lt: new Uint8Array(4).fill(0xff),
  limit: 1e6,
  reverse: false,
}
