/**
 * Hostile input to every operation: only a StrongroomError comes out, never INTERNAL, never another
 * kind of error, and the store is what it was after each refusal.
 */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ERROR_CODES, StrongroomError } from '../../src/base/errors.ts'
import type { OperationName } from '../../src/engine/api.ts'
import { changed, FOREIGN_NAMES, HOSTILE, places, withName, without } from './hostile.ts'
import { call, image, INPUTS, openWorld, OPERATION_NAMES, type World } from './world.ts'

const SEED = Number(process.env['STRONGROOM_FUZZ_SEED'] ?? randomInt(2 ** 31))
let world: World

beforeAll(async () => {
  world = await openWorld()
})
afterAll(async () => {
  await world.room.close()
})

/**
 * Calls, and says what is wrong with the outcome; `done` and refusals with a code of ours are
 * right.
 */
async function attempt(
  operation: OperationName | 'explain',
  input: unknown,
  what: string,
): Promise<string> {
  const before = await world.store.head()
  try {
    await call(world, operation, input)
    return 'done'
  } catch (error) {
    if (!(error instanceof StrongroomError)) return `${what}: ${kindOf(error)}`
    if (error.code === 'INTERNAL' || !Object.hasOwn(ERROR_CODES, error.code))
      return `${what}: ${error.code} because ${kindOf(error.cause)}`
    if ((await world.store.head()) !== before)
      return `${what}: ${error.code}, yet something changed`
    return error.code
  }
}
const kindOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : typeof error
const isWrong = (outcome: string): boolean => outcome.includes(':')

describe('each operation', () => {
  test.each(OPERATION_NAMES)('%s accepts its valid input', async (operation) => {
    const input = await INPUTS[operation](world)
    await expect(call(world, operation, input)).resolves.toBeTypeOf('object')
  })

  test.each(OPERATION_NAMES)(
    '%s refuses what is hostile, and changes nothing',
    async (operation) => {
      const valid = await INPUTS[operation](world)
      const wrong: string[] = []
      const counts = { done: 0, refused: 0 }
      const note = (outcome: string): void => {
        counts[outcome === 'done' ? 'done' : 'refused']++
        if (isWrong(outcome)) wrong.push(outcome)
      }
      for (const at of places(valid)) {
        const where = at.join('.') || 'input'
        const before = await image(world)
        const done = counts.done
        for (const [name, make] of Object.entries(HOSTILE))
          note(await attempt(operation, changed(valid, at, make()), `${where} = ${name}`))
        if (counts.done === done) expect(await image(world)).toBe(before)
        note(await attempt(operation, without(valid, at), `${where} missing`))
      }
      for (const name of FOREIGN_NAMES)
        note(await attempt(operation, withName(valid, name), `unknown name '${name}'`))
      expect(wrong).toEqual([])
      expect(counts.refused).toBeGreaterThan(Object.keys(HOSTILE).length / 2)
    },
  )

  test.each(OPERATION_NAMES)('%s refuses an unknown name in its input', async (operation) => {
    const valid = await INPUTS[operation](world)
    for (const name of FOREIGN_NAMES)
      expect(await attempt(operation, withName(valid, name), name)).toBe('INVALID_ARGUMENT')
  })
})

test('explain refuses what is hostile too', async () => {
  const valid = { operation: 'encrypt', keyId: world.aes.id, versionId: world.aes.currentVersionId }
  const wrong: string[] = []
  for (const at of places(valid))
    for (const [name, make] of Object.entries(HOSTILE)) {
      const input = changed(valid, at, make())
      const outcome = await attempt('explain', input, `${at.join('.')} = ${name}`)
      if (isWrong(outcome)) wrong.push(outcome)
    }
  expect(wrong).toEqual([])
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
    const valid = new Map<OperationName, unknown>()
    for (const operation of OPERATION_NAMES) valid.set(operation, await INPUTS[operation](world))
    const value = fc.oneof(
      anything.map((any) => ({ any })),
      hostile,
    )
    const mutation = fc.tuple(fc.nat(), value)
    const one = fc.asyncProperty(
      fc.constantFrom(...OPERATION_NAMES),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (operation, mutations) => {
        const whole = valid.get(operation)
        const all = places(whole)
        const changes = mutations
          .map(([n, put]) => ({ at: all[n % all.length]!, put }))
          .sort((a, b) => b.at.length - a.at.length)
        const input = changes.reduce<unknown>(
          (before, { at, put }) =>
            changed(before, at, 'any' in put ? put.any : HOSTILE[put.hostile]!()),
          whole,
        )
        const outcome = await attempt(operation, input, operation)
        if (isWrong(outcome)) throw new Error(outcome)
      },
    )
    await fc.assert(one, { numRuns: 2000, seed: SEED })
  })
})
