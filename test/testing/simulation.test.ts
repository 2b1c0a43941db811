/**
 * Runs of the simulation. STRONGROOM_SIMULATION_SEEDS=100000 makes a long one, and
 * STRONGROOM_SIMULATION_FROM says with which seed it begins; `npm run campaign -- simulation` does
 * the same with progress (docs/simulation.md).
 */
import { describe, expect, test } from 'vitest'
import { simulate, SimulationFailure } from '../../src/testing/index.ts'
import { SITE_STEPS } from '../../src/testing/simulation/steps-sites.ts'
import { USE_STEPS } from '../../src/testing/simulation/steps-uses.ts'
import { Trace, violated } from '../../src/testing/simulation/trace.ts'
import { WRITE_STEPS } from '../../src/testing/simulation/steps-writes.ts'
import { codeOf } from '../engine/support.ts'

const SEEDS = Number(process.env['STRONGROOM_SIMULATION_SEEDS'] ?? 100)
const FROM = Number(process.env['STRONGROOM_SIMULATION_FROM'] ?? 1)
const EVERY_STEP = [...WRITE_STEPS, ...USE_STEPS, ...SITE_STEPS].map(({ name }) => name)

test(`${SEEDS} seeds from ${FROM}`, { timeout: SEEDS > 100 ? 0 : 600_000 }, async () => {
  const made = new Map<string, number>()
  for (let seed = FROM; seed < FROM + SEEDS; seed++)
    for (const [name, count] of Object.entries((await simulate(seed)).counts))
      made.set(name, (made.get(name) ?? 0) + count)
  for (const name of EVERY_STEP) expect(made.get(name) ?? 0, name).toBeGreaterThan(0)
  expect(made.get('attacks')).toBeGreaterThan(SEEDS / 4)
})

describe('a seed', () => {
  test('gives the same run every time, and another seed another one', async () => {
    const first = await simulate(7)
    const again = await simulate(7)
    expect(again.log).toEqual(first.log)
    expect(again.trace).toBe(first.trace)
    expect((await simulate(8)).trace).not.toBe(first.trace)
  })

  test('has as many steps as asked, and an end where every store is told', async () => {
    const { log } = await simulate(3, { steps: 5 })
    expect(log.slice(0, 5).every((line, i) => line.startsWith(`${i + 1} `))).toBe(true)
    expect(log.slice(5).map((line) => line.split(' ')[0])).toEqual([
      'end',
      'north',
      'south',
      'west',
    ])
  })

  test('without faults has none', async () => {
    const { log } = await simulate(5, { faults: false })
    expect(log.filter((line) => /crashed|messages|UNAVAILABLE|UNKNOWN/.test(line))).toEqual([])
  })

  test('is a safe integer, and steps are a count', async () => {
    expect(await codeOf(simulate(0.5))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(simulate(1, { steps: -1 }))).toBe('INVALID_ARGUMENT')
  })
})

test('a failure prints its seed and the last steps', () => {
  const trace = new Trace()
  for (let n = 1; n <= 20; n++) trace.line(`${n} step`)
  const broken = (): never => violated('it is gone')
  expect(broken).toThrow('it is gone')
  const failure = new SimulationFailure(42, trace.lines, new Error('it is gone'))
  expect(failure.message.split('\n').slice(0, 3)).toEqual([
    'simulate(42): it is gone',
    'The last steps:',
    '  9 step',
  ])
  expect(failure.message).toContain('20 step')
  expect(failure).toMatchObject({ seed: 42, log: trace.lines })
})
