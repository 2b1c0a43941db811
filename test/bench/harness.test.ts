/** The benchmarks' arithmetic: paired medians, every variant once a round, verdicts against budgets. */
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'

interface Times {
  readonly cpu: readonly number[]
  readonly wall: readonly number[]
}
type Run = ((n: number) => unknown) & { least?: number }
interface Settings {
  readonly rounds: number
  readonly sliceMs: number
  readonly warmUpMs: number
}
interface Harness {
  readonly median: (values: readonly number[]) => number
  readonly spread: (values: readonly number[]) => { median: number; min: number; max: number }
  readonly ratio: (baseline: readonly number[], subject: readonly number[]) => number
  readonly shuffled: <T>(items: readonly T[]) => T[]
  readonly measure: (
    variants: Record<string, Run>,
    settings: Settings,
  ) => Promise<Record<string, Times>>
}
interface Summary {
  readonly title: string
  readonly verdicts: readonly { readonly text: string; readonly met: boolean }[]
}
interface Table {
  readonly summarise: (benchmark: object, results: readonly object[], keys?: number) => Summary
  readonly table: (summaries: readonly Summary[]) => string
}
interface Room {
  readonly callers: (count: number, body: () => Promise<void>) => Run
}

const bench = (name: string): URL => new URL(`../../bench/${name}`, import.meta.url)
const load = async <T>(name: string): Promise<T> => (await import(bench(name).href)) as T

const { median, spread, ratio, shuffled, measure } = await load<Harness>('harness.js')
const { summarise, table } = await load<Table>('table.js')
const { callers } = await load<Room>('room.js')

describe('harness', () => {
  test('medians, spreads, and ratios of the same round', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(spread([5, 1, 3])).toEqual({ median: 3, min: 1, max: 5 })
    // A slow machine in the second round slows both and leaves the ratio alone.
    expect(ratio([10, 1000, 10], [5, 500, 5])).toBe(2)
    expect(ratio([10, 10, 10], [20, 40, 20])).toBe(0.5)
  })

  test('shuffling keeps every item', () => {
    expect(shuffled([1, 2, 3, 4]).sort()).toEqual([1, 2, 3, 4])
  })

  test('every variant runs in every round, as often as fills a slice and at least as it asks', async () => {
    const calls: Record<string, number[]> = { one: [], many: [] }
    const variant = (name: string): Run => {
      return (n) => {
        calls[name]!.push(n)
        const end = performance.now() + n * 0.1
        while (performance.now() < end);
      }
    }
    const many = Object.assign(variant('many'), { least: 50 })
    const settings = { rounds: 5, sliceMs: 1, warmUpMs: 0 }
    const times = await measure({ one: variant('one'), many }, settings)
    for (const { cpu, wall } of Object.values(times)) {
      expect(cpu).toHaveLength(5)
      expect(wall).toHaveLength(5)
      expect(Math.min(...wall)).toBeGreaterThanOrEqual(100)
    }
    expect(Math.min(...calls['many']!)).toBe(50)
    // Both calibrate alike, then run once a round with one count.
    expect(calls['one']).toHaveLength(calls['many']!.length)
    expect(new Set(calls['one']!.slice(-5)).size).toBe(1)
  })

  test('callers run exactly as many operations as asked, so many at a time', async () => {
    let [done, now, most] = [0, 0, 0]
    const run = callers(4, async () => {
      most = Math.max(most, ++now)
      await Promise.resolve()
      now--
      done++
    })
    await run(22)
    expect({ done, most, now }).toEqual({ done: 22, most: 4, now: 0 })
    expect(run.least).toBeGreaterThan(4)
  })
})

describe('table', () => {
  const results = [0.5, 0.7, 0.6].map((stripped) => ({ ratios: { stripped }, microseconds: 9000 }))

  test('a budget is met by the median over processes', () => {
    const met = (least: number) =>
      summarise({ name: 'a', title: 'A', budget: { stripped: least } }, results).verdicts
    expect(met(0.6)).toMatchObject([{ met: true, text: '≥ 0.60 stripped' }])
    expect(met(0.61)).toMatchObject([{ met: false }])
  })

  test('a budget of time is a ceiling, in milliseconds', () => {
    const met = (milliseconds: number) =>
      summarise({ name: 'a', title: 'A', budget: { milliseconds } }, results).verdicts[0]
    expect(met(9)).toMatchObject({ met: true, text: '≤ 9.00 milliseconds' })
    expect(met(8.9)).toMatchObject({ met: false })
  })

  test('a gauge is one number a process: amounts have a ceiling, ratios a floor', () => {
    const gauged = [5, 9, 7].map((megabytes) => ({
      ratios: {},
      gauges: { megabytes, alone: 0.8 },
      microseconds: 0,
    }))
    const budget = { megabytes: 7, alone: 0.9 }
    expect(summarise({ name: 'a', title: 'A', budget }, gauged).verdicts).toMatchObject([
      { met: true, text: '≤ 7.00 megabytes' },
      { met: false, text: '≥ 0.90 alone' },
    ])
  })

  test('rows show medians with their range and the verdict', () => {
    const budget = { stripped: 0.9 }
    const text = table([
      summarise({ name: 'a', title: 'A', budget }, results),
      summarise({ name: 'b', title: (keys: number) => `B of ${keys}` }, results, 7),
    ])
    expect(text).toContain('| A ')
    expect(text).toContain('| B of 7 ')
    expect(text.split('\n')[2]).toMatch(/0\.60 \(0\.50–0\.70\).*≥ 0\.90 stripped.*short/)
    expect(text.split('\n')[3]).not.toMatch(/ok|short/)
  })
})

describe('the command', () => {
  const run = promisify(execFile)
  const start = (...options: string[]) =>
    run(process.execPath, [fileURLToPath(bench('run.js')), ...options])

  test('lists every benchmark once', async () => {
    const { stdout } = await start('--list')
    const names = stdout.trim().split('\n')
    expect(new Set(names).size).toBe(names.length)
    expect(names).toEqual(expect.arrayContaining(['encrypt-32', 'create-key-64', 'portable-hmac']))
  })

  test('refuses a name that is none', async () => {
    await expect(start('--only', 'nothing-like-it')).rejects.toMatchObject({ code: 2 })
  })
})
