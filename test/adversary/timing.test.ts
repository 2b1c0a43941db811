/** The instrument of the timing campaign: it finds what differs, and leaves alone what does not. */
import { describe, expect, test } from 'vitest'
import { Ledger } from '../campaigns/campaign.ts'
import { Chance } from '../campaigns/chance.ts'
import type { Scene } from './scenes.ts'
import { examined, isDifferent, run } from './timing.ts'
import { largestT, mostDifferent, T_MAX } from './ttest.ts'

/** Times around a mean, with the tail of a machine that does other things too. */
function times(chance: Chance, count: number, mean: number): Float64Array {
  return Float64Array.from({ length: count }, () => {
    const noise = chance.next() + chance.next() + chance.next() - 1.5
    const interrupted = chance.next() < 0.02 ? 50 * chance.next() : 0
    return mean + noise + interrupted
  })
}

describe('the statistics', () => {
  test('times of one distribution do not differ', () => {
    for (let seed = 0; seed < 40; seed++) {
      const chance = new Chance(seed)
      const kinds = [1, 2, 3].map(() => times(chance, 4000, 10))
      expect(Math.abs(mostDifferent(kinds).t)).toBeLessThan(T_MAX)
    }
  })

  test('a small shift below a large noise differs', () => {
    for (let seed = 0; seed < 10; seed++) {
      const chance = new Chance(seed)
      const [a, b] = [times(chance, 4000, 10), times(chance, 4000, 10.08)]
      expect(largestT(a, b)).toBeLessThan(-T_MAX)
      expect(largestT(b, a)).toBeGreaterThan(T_MAX)
    }
  })

  test('of several kinds the two that differ most are told', () => {
    const chance = new Chance(1)
    const kinds = [10, 10, 11, 10.1].map((mean) => times(chance, 2000, mean))
    expect(mostDifferent(kinds).kinds.includes(2)).toBe(true)
  })

  test('too few measurements, or none that vary, say nothing', () => {
    const chance = new Chance(1)
    expect(largestT(times(chance, 50, 1), times(chance, 50, 9))).toBe(0)
    expect(largestT(new Float64Array(500).fill(1), new Float64Array(500).fill(1))).toBe(0)
  })
})

/** A comparison that ends at the first difference, over and over, so that a clock can see it. */
function hasty(a: Uint8Array, b: Uint8Array): boolean {
  let equal = true
  for (let again = 0; again < 50; again++)
    for (let i = 0; i < a.length && (equal = a[i] === b[i]); i++);
  return equal
}

test(
  'a defect on purpose is found: a comparison that ends early',
  { timeout: 600_000 },
  async () => {
    const secret = new Uint8Array(1024).fill(7)
    const scene: Scene = {
      name: 'hasty comparison',
      kinds: ['first byte', 'last byte'],
      slowness: 1,
      input(kind, circumstance) {
        const bytes = secret.slice()
        bytes[kind === 'first byte' ? 0 : 1023]! ^= 1
        return { bytes, circumstance }
      },
      opens: (bytes) => hasty(bytes, secret) || undefined,
    }
    const ledger = new Ledger()
    expect(isDifferent(await examined(scene, 400, new Chance(1), ledger))).toBe(true)
    expect(ledger.violations).toEqual([])
  },
)

/** What a short run finds on a busy machine is chance; that everything is refused is not. */
test('every scene measures refusals alone', { timeout: 600_000 }, async () => {
  const lines: string[] = []
  const log = (line: string): void => void lines.push(line)
  const { violations, counts } = await run({ rounds: 120, seed: 1, log, built: '' })
  expect(violations.filter((violation) => violation.endsWith(' opens'))).toEqual([])
  expect(counts['measurements']).toBeGreaterThan(6000)
  expect(lines).toHaveLength(Object.keys(counts).filter((name) => name.startsWith('t of')).length)
})
