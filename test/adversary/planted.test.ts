/**
 * The test of the linearizability test: defects on purpose are found, each within the seeds of the
 * short form, and the search itself says of small histories what everybody can see.
 */
import { describe, expect, test } from 'vitest'
import { BUGS } from './bugs.ts'
import { judged, record } from './clients.ts'
import { SEED } from './kit.ts'
import { linearize, type Call, type Model } from './linearize.ts'

const SEEDS_MAX = 300

describe(`a defect on purpose is found (seed ${SEED})`, () => {
  test.each(Object.entries(BUGS))('%s', { timeout: 600_000 }, async (name, bug) => {
    let seeds = 0
    let found = false
    while (!found && seeds < SEEDS_MAX) {
      const plan = { seed: SEED + seeds++, callers: 5, calls: 8, faults: seeds % 4, bug }
      found = !judged(await record(plan)).ok
    }
    console.info(`${name}: found by seed ${seeds}`)
    expect(found).toBe(true)
  })
})

/** A register, to test the search itself. */
type Register = { readonly write: number } | { readonly read: true }
const register: Model<number, Register, number> = {
  initial: 0,
  step: (state, op, result) => ('write' in op ? op.write : result === state ? state : undefined),
  key: String,
}
const at = (
  begun: number,
  ended: number,
  op: Register,
  result = 0,
  optional = false,
): Call<Register, number> => ({ begun, ended, op, result, optional, hint: 0 })

describe('the search', () => {
  const read = { read: true } as const
  const HISTORIES: readonly [string, boolean, readonly Call<Register, number>[]][] = [
    ['nothing', true, []],
    ['a read of what was written', true, [at(0, 1, { write: 1 }), at(2, 3, read, 1)]],
    ['a read of what was overwritten', false, [at(0, 1, { write: 1 }), at(2, 3, read, 0)]],
    ['a read beside a write sees either', true, [at(0, 3, { write: 1 }), at(1, 2, read, 0)]],
    ['or the other', true, [at(0, 3, { write: 1 }), at(1, 2, read, 1)]],
    [
      'but no later read sees the older',
      false,
      [at(0, 9, { write: 1 }), at(1, 2, read, 1), at(3, 4, read, 0)],
    ],
    [
      'two readers agree on the order of two writes',
      false,
      [
        at(0, 9, { write: 1 }),
        at(0, 9, { write: 2 }),
        at(1, 2, read, 1),
        at(3, 4, read, 2),
        at(5, 6, read, 1),
      ],
    ],
    ['what may not have happened did not', true, [at(0, Infinity, { write: 1 }, 0, true)]],
    [
      'or happened late',
      true,
      [at(0, Infinity, { write: 1 }, 0, true), at(1, 2, read, 0), at(3, 4, read, 1)],
    ],
    [
      'but not twice',
      false,
      [
        at(0, Infinity, { write: 1 }, 0, true),
        at(1, 2, read, 1),
        at(3, 4, { write: 2 }),
        at(5, 6, read, 1),
      ],
    ],
  ]
  test.each(HISTORIES)('%s', (_, ok, calls) => {
    expect(linearize(register, calls).ok).toBe(ok)
  })
})
