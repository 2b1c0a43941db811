/**
 * Whether two kinds of input take different times, in the manner of dudect (Reparaz, Balasch,
 * Verbauwhede 2017): Welch's t over all measurements, and over those below several bounds, since
 * what else a machine does shows in the slow ones.
 */

interface Moments {
  readonly count: number
  readonly mean: number
  readonly variance: number
}

function momentsBelow(values: Float64Array, bound: number): Moments {
  let count = 0
  let mean = 0
  let squares = 0
  for (const value of values) {
    if (value > bound) continue
    count++
    const off = value - mean
    mean += off / count
    squares += off * (value - mean)
  }
  return { count, mean, variance: count > 1 ? squares / (count - 1) : 0 }
}

/** Fewer measurements say nothing. */
const COUNT_MIN = 100
/** Shares of all measurements that the bounds let through. */
const SHARES = [1, 0.99, 0.95, 0.9, 0.8, 0.7, 0.5, 0.3]
/** Above it, the times differ: the bound that dudect uses. */
export const T_MAX = 4.5

/** The t of largest magnitude over all bounds. */
export function largestT(a: Float64Array, b: Float64Array): number {
  const all = new Float64Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  all.sort()
  let largest = 0
  for (const share of SHARES) {
    const bound = all[Math.ceil(share * all.length) - 1]!
    const [one, two] = [momentsBelow(a, bound), momentsBelow(b, bound)]
    if (one.count < COUNT_MIN || two.count < COUNT_MIN) continue
    const spread = Math.sqrt(one.variance / one.count + two.variance / two.count)
    const t = spread === 0 ? 0 : (one.mean - two.mean) / spread
    if (Math.abs(t) > Math.abs(largest)) largest = t
  }
  return largest
}

export interface Difference {
  readonly t: number
  /** Places of the two kinds that differ most. */
  readonly kinds: readonly [number, number]
}

/** The two kinds whose times differ most. */
export function mostDifferent(times: readonly Float64Array[]): Difference {
  let most: Difference = { t: 0, kinds: [0, 0] }
  for (let i = 0; i < times.length; i++)
    for (let j = i + 1; j < times.length; j++) {
      const t = largestT(times[i]!, times[j]!)
      if (Math.abs(t) > Math.abs(most.t)) most = { t, kinds: [i, j] }
    }
  return most
}
