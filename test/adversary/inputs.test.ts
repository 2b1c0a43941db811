/**
 * Hostile values in every place of every input: only a StrongroomError comes out, never INTERNAL,
 * never another kind of error, and the store is what it was after each refusal.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { SEED } from './kit.ts'
import { changed, FOREIGN_NAMES, HOSTILE, places, withName, without } from './values.ts'
import { ENTRIES, ENTRY_NAMES, fingerprint, outcomeOf, type EntryName } from './entries.ts'
import { openWorld, OPERATION_NAMES, type World } from './world.ts'

let world: World
beforeAll(async () => {
  world = await openWorld()
  return () => world.room.close()
})

/** The outcome, with what is wrong with it in more than one word. */
async function attempt(entry: EntryName, input: unknown, what: string): Promise<string> {
  const before = await fingerprint(world)
  const outcome = await outcomeOf(world, entry, input)
  if (outcome.includes(' ')) return `${what} ${outcome}`
  const still = outcome === 'done' || (await fingerprint(world)) === before
  return still ? outcome : `${what}: ${outcome}, yet something changed`
}
const isWrong = (outcome: string): boolean => outcome.includes(' ')

/** What a room has beside what takes input. */
const NO_INPUT = [
  'constructor',
  'region',
  'now',
  'crypto',
  'tick',
  'recover',
  'head',
  'metrics',
  'close',
]

test('everything that takes input is an entry', () => {
  const prototype = Object.getPrototypeOf(world.room) as object
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => !NO_INPUT.includes(name))
  expect(methods.sort()).toEqual([...ENTRY_NAMES].sort())
})

describe('each entry', () => {
  test.each(ENTRY_NAMES)('%s takes its valid input', async (entry) => {
    const input = await ENTRIES[entry](world)
    expect(await attempt(entry, input, 'valid')).toBe('done')
  })

  test.each(ENTRY_NAMES)('%s refuses what is hostile, and changes nothing', async (entry) => {
    const valid = await ENTRIES[entry](world)
    const outcomes: string[] = []
    for (const at of places(valid)) {
      const where = at.join('.') || 'input'
      for (const [name, make] of Object.entries(HOSTILE))
        outcomes.push(await attempt(entry, changed(valid, at, make()), `${where} = ${name}`))
      outcomes.push(await attempt(entry, without(valid, at), `${where} missing`))
    }
    for (const name of FOREIGN_NAMES)
      outcomes.push(await attempt(entry, withName(valid, name), `unknown name '${name}'`))
    expect(outcomes.filter(isWrong)).toEqual([])
    const refused = outcomes.filter((outcome) => outcome !== 'done')
    expect(refused.length).toBeGreaterThan(Object.keys(HOSTILE).length / 2)
  })

  test.each(OPERATION_NAMES)('%s refuses an unknown name in its input', async (operation) => {
    const valid = await ENTRIES[operation](world)
    for (const name of FOREIGN_NAMES)
      expect(await attempt(operation, withName(valid, name), name)).toBe('INVALID_ARGUMENT')
  })
})

describe(`any input at all (seed ${SEED})`, () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withTypedArray: true,
    withNullPrototype: true,
    withObjectString: true,
    withSparseArray: true,
    withMap: true,
    maxDepth: 3,
  })
  /** By name: fast-check itself cannot hold what throws when it is looked at. */
  const hostile = fc.constantFrom(...Object.keys(HOSTILE)).map((name) => ({ hostile: name }))

  test('one to three places of a valid input', async () => {
    const valid = new Map<EntryName, unknown>()
    for (const entry of ENTRY_NAMES) valid.set(entry, await ENTRIES[entry](world))
    const value = fc.oneof(
      anything.map((any) => ({ any })),
      hostile,
    )
    const mutation = fc.tuple(fc.nat(), value)
    const one = fc.asyncProperty(
      fc.constantFrom(...ENTRY_NAMES),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (entry, mutations) => {
        const whole = valid.get(entry)
        const all = places(whole)
        const changes = mutations
          .map(([n, put]) => ({ at: all[n % all.length]!, put }))
          .sort((a, b) => b.at.length - a.at.length)
        const input = changes.reduce<unknown>(
          (before, { at, put }) =>
            changed(before, at, 'any' in put ? put.any : HOSTILE[put.hostile]!()),
          whole,
        )
        const outcome = await attempt(entry, input, entry)
        if (isWrong(outcome)) throw new Error(outcome)
      },
    )
    await fc.assert(one, { numRuns: 2000, seed: SEED })
  })
})
