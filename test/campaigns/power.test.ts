/** Power cuts, briefly; and that the campaign sees a store that forgets to sync. */
import { beforeAll, expect, test } from 'vitest'
import { builtTree } from '../helpers/build.mjs'
import type { CampaignOptions } from './campaign.ts'
import { cutPower, run } from './power.ts'

let built: string
beforeAll(async () => {
  built = await builtTree()
})
const options = (rounds: number): CampaignOptions => ({
  ...{ rounds, seed: rounds, built },
  log: (line) => {
    if (line.startsWith('no strace')) console.log(line)
  },
})

test('100 power cuts lose nothing that was answered', async ({ skip }) => {
  const { violations, counts, skipped } = await run(options(100))
  if (skipped) skip(skipped)
  expect(violations).toEqual([])
  expect(counts['answered before the cut']).toBeGreaterThan(500)
})

test.each(['files', 'directories'] as const)(
  'a store that never syncs its %s is found out',
  async (deafTo) => {
    const { violations, skipped } = await cutPower(options(25), { deafTo })
    if (!skipped) expect(violations.length).toBeGreaterThan(0)
  },
)

test('where only the calls of the store can be traced, they are', async ({ skip }) => {
  const tracer = 'preload'
  const { violations, counts, skipped } = await cutPower(options(25), { tracer })
  if (skipped) skip(skipped)
  expect(violations).toEqual([])
  expect(counts['answered before the cut']).toBeGreaterThan(100)
  const deaf = await cutPower(options(25), { tracer, deafTo: 'directories' })
  expect(deaf.violations.length).toBeGreaterThan(0)
})
