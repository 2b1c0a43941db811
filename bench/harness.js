/**
 * Paired, interleaved measurement. Every round runs every variant once, in random order, for a short slice; a ratio is
 * the median over rounds of (baseline / subject) of the same round, so that whatever slows the machine slows both.
 */
import { performance } from 'node:perf_hooks'

const CALIBRATION_ROUNDS = 3

export const FULL = { rounds: 31, sliceMs: 20, warmUpMs: 300 }
export const QUICK = { rounds: 11, sliceMs: 10, warmUpMs: 100 }

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export const spread = (values) => ({
  median: median(values),
  min: Math.min(...values),
  max: Math.max(...values),
})

/** Medians of same-round quotients: how many times faster the subject is than the baseline. */
export const ratio = (baseline, subject) => median(baseline.map((time, i) => time / subject[i]))

export function shuffled(items) {
  const order = [...items]
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return order
}

/** Process CPU time (all threads) and wall time of `n` operations, per operation, in microseconds. */
async function slice(run, n) {
  const cpu = process.cpuUsage()
  const start = performance.now()
  const pending = run(n)
  if (pending !== undefined) await pending
  const wall = (performance.now() - start) * 1000
  const { user, system } = process.cpuUsage(cpu)
  return { cpu: (user + system) / n, wall: wall / n }
}

/** How many operations fill a slice, at least `run.least`, after running for `warmUpMs`. */
async function calibrate(run, { sliceMs, warmUpMs }) {
  const warm = performance.now() + warmUpMs
  const { least = 1 } = run
  let n = least
  for (let round = 0; round < CALIBRATION_ROUNDS || performance.now() < warm; round++) {
    const { wall } = await slice(run, n)
    n = Math.max(least, Math.round((sliceMs * 1000) / wall))
  }
  return n
}

/**
 * @param variants by name, each `(n) => void | Promise<void>` running `n` operations
 * @returns by name `{ cpu: number[], wall: number[] }`: microseconds per operation, one entry per round
 */
export async function measure(variants, settings) {
  const names = Object.keys(variants)
  const counts = {}
  const times = {}
  for (const name of names) {
    counts[name] = await calibrate(variants[name], settings)
    times[name] = { cpu: [], wall: [] }
  }
  for (let round = 0; round < settings.rounds; round++)
    for (const name of shuffled(names)) {
      const { cpu, wall } = await slice(variants[name], counts[name])
      times[name].cpu.push(cpu)
      times[name].wall.push(wall)
    }
  return times
}

/** One process's result of a benchmark: the ratio of every baseline to the subject. */
export async function compare({ subject, baselines, metric = 'cpu' }, settings) {
  const times = await measure({ ...baselines, subject }, settings)
  const against = Object.keys(baselines).map((name) => [
    name,
    ratio(times[name][metric], times.subject[metric]),
  ])
  return { ratios: Object.fromEntries(against), microseconds: median(times.subject[metric]) }
}
