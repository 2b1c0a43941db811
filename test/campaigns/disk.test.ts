/** Full and failing disks, briefly. */
import { beforeAll, expect, test } from 'vitest'
import { builtTree } from '../helpers/build.mjs'
import { run, whyNot } from './disk.ts'

const lines: string[] = []
let built: string
beforeAll(async () => {
  built = await builtTree()
})

test(
  'full disks and failing calls lose nothing that was answered',
  { timeout: 600_000 },
  async () => {
    const log = (line: string): void => void lines.push(line)
    const { violations, counts } = await run({ rounds: 20, seed: 1, log, built })
    expect(violations).toEqual([])
    expect(counts['faults: trials']).toBe(60)
    expect(counts['faults: OUTCOME_UNKNOWN']).toBeGreaterThan(10)
    expect(counts['faults: UNAVAILABLE']).toBeGreaterThan(10)
    if (whyNot() === undefined) {
      expect(counts['full: trials']).toBe(16)
      expect(counts['full: OUTCOME_UNKNOWN']).toBeGreaterThan(0)
      expect(counts['reserve: UNAVAILABLE']).toBeGreaterThan(0)
    } else {
      expect(lines.join()).toContain('no disk is filled')
      console.log(lines.find((line) => line.startsWith('no disk')))
    }
  },
)
