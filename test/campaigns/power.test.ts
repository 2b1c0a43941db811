/** Power cuts, briefly; and that the campaign sees a store that forgets to sync. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { beforeAll, expect, test } from 'vitest'
import { builtTree } from '../helpers/build.mjs'
import type { CampaignOptions, Report } from './campaign.ts'
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

type Deafness = NonNullable<Parameters<typeof cutPower>[1]>

/**
 * What a store that forgets to sync leaves behind may be such that LevelDB ends the process that
 * reads it: that too has found it out, but must not be this process.
 */
async function cutInChild(rounds: number, how: Deafness): Promise<Report> {
  const asked = { rounds, seed: rounds, built }
  const script = `
    import { cutPower } from ${JSON.stringify(`${built}/test/campaigns/power.js`)}
    const options = { ...${JSON.stringify(asked)}, log: () => undefined }
    console.log(JSON.stringify(await cutPower(options, ${JSON.stringify(how)})))`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const closed = once(child, 'close') as Promise<[number | null, NodeJS.Signals | null]>
  const [output, [code, signal]] = await Promise.all([text(child.stdout), closed])
  if (signal !== null) return { counts: {}, violations: [`ended by ${signal}`] }
  expect(code).toBe(0)
  return JSON.parse(output) as Report
}

test('100 power cuts lose nothing that was answered', async ({ skip }) => {
  const { violations, counts, skipped } = await run(options(100))
  if (skipped) skip(skipped)
  expect(violations).toEqual([])
  expect(counts['answered before the cut']).toBeGreaterThan(500)
})

test.each(['files', 'directories'] as const)(
  'a store that never syncs its %s is found out',
  async (deafTo) => {
    const { violations, skipped } = await cutInChild(25, { deafTo })
    if (!skipped) expect(violations.length).toBeGreaterThan(0)
  },
)

test('where only the calls of the store can be traced, they are', async ({ skip }) => {
  const tracer = 'preload'
  const { violations, counts, skipped } = await cutPower(options(25), { tracer })
  if (skipped) skip(skipped)
  expect(violations).toEqual([])
  expect(counts['answered before the cut']).toBeGreaterThan(100)
  const deaf = await cutInChild(25, { tracer, deafTo: 'directories' })
  expect(deaf.violations.length).toBeGreaterThan(0)
})
