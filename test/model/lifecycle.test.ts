/**
 * The engine against the plain model: random histories of every operation on vaults, keys and
 * versions, with jumps in time, ticks and reopenings. A failure prints the seed and the shortest
 * history that fails; run it again with `STRONGROOM_MODEL_SEED`. `STRONGROOM_MODEL_STEPS=1000000`
 * makes a long run.
 */
import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { newModel, type Model } from '../../src/testing/model.ts'
import { compareAll, type Real } from './real.ts'
import { levelReal, memoryReal } from './rooms.ts'
import { BACKUP_STEPS } from './steps-backup.ts'
import { createKey, KEY_STEPS } from './steps-keys.ts'
import { TIME_STEPS, USE_STEPS } from './steps-use.ts'
import { createVault, VAULT_STEPS } from './steps-vaults.ts'
import { VERSION_STEPS } from './steps-versions.ts'
import { IMPORT_STEPS } from './steps-import.ts'
import type { Command } from './step.ts'

const SEED = Number(process.env['STRONGROOM_MODEL_SEED'] ?? randomInt(2 ** 31))
const STEPS = Number(process.env['STRONGROOM_MODEL_STEPS'] ?? 0)
const RUNS = STEPS > 0 ? Math.ceil(STEPS / 100) : 200
const LENGTH = STEPS > 0 ? 200 : 70

const ALL = [
  ...VAULT_STEPS,
  ...KEY_STEPS,
  ...VERSION_STEPS,
  ...USE_STEPS,
  ...TIME_STEPS,
  ...BACKUP_STEPS,
]
/** Every history begins with a vault and two keys: the rest is what happens to them. */
const histories = (commands: readonly Command[], maxCommands: number) =>
  fc.tuple(
    fc.tuple(createVault, createKey, createKey),
    fc.commands([...commands], { maxCommands, size: 'max' }),
  )
type Commands = Iterable<fc.AsyncCommand<Model, Real>>
type History = readonly [beginning: Commands, rest: Commands]

/** Runs one history from an empty room, and compares everything at its end. */
async function follow(real: Real, [beginning, history]: History): Promise<Model> {
  const model = newModel(real.clock.now())
  await fc.asyncModelRun(() => ({ model, real }), beginning)
  await fc.asyncModelRun(() => ({ model, real }), history)
  await compareAll(real, model)
  return model
}

describe(`lifecycles follow the model (seed ${SEED})`, () => {
  test(`${RUNS} histories in memory`, { timeout: STEPS > 0 ? 0 : 600_000 }, async () => {
    let steps = 0
    await fc.assert(
      fc.asyncProperty(histories(ALL, LENGTH), async (history) => {
        const real = await memoryReal()
        await follow(real, history)
        await real.room.close()
        steps += [...history[1]].length
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: false },
    )
    expect(steps).toBeGreaterThan(RUNS * 5)
  })

  test('histories on disk', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(histories(ALL, 40), async (history) => {
        const { real, remove } = await levelReal()
        try {
          await follow(real, history)
        } finally {
          await remove()
        }
      }),
      { numRuns: 5, seed: SEED },
    )
  })

  test('histories of imported material', { timeout: 600_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        histories([...KEY_STEPS, ...IMPORT_STEPS, ...BACKUP_STEPS], 30),
        async (history) => {
          const real = await memoryReal()
          await follow(real, history)
          await real.room.close()
        },
      ),
      { numRuns: 12, seed: SEED },
    )
  })
})
