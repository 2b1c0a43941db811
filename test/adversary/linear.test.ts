/** Calls in flight, briefly; and that a seed repeats a history. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { record, told } from './clients.ts'
import { SEED } from './kit.ts'
import { run } from './linear.ts'

const SEEDS = 300

test(
  `${SEEDS} histories, two in three with faults (seed ${SEED})`,
  { timeout: 600_000 },
  async () => {
    const log = (): void => undefined
    const { violations, counts } = await run({ rounds: SEEDS, seed: SEED, log, built: '' })
    expect(violations).toEqual([])
    expect(counts['calls']).toBeGreaterThan(30 * SEEDS)
    for (const faults of [0, 1, 2])
      expect(counts[`histories with ${faults} faults`]).toBeGreaterThan(SEEDS / 4)
    expect(counts['calls that nobody knows of']).toBeGreaterThan(0)
  },
)

test('one seed gives one history', async () => {
  const digest = async (): Promise<string> => {
    const history = await record({ seed: SEED, callers: 6, calls: 8, faults: 2 })
    return createHash('sha256').update(told(history)).digest('hex')
  }
  expect(await digest()).toBe(await digest())
})
