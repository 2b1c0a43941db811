/** Single bits and lengths, briefly; and that records open in no other place. */
import { expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import { run } from './flips.ts'
import { SEED } from './kit.ts'
import { SealedRecords } from './sealed.ts'

const SAMPLES = 50

test(`${SAMPLES} samples of all forms (seed ${SEED})`, { timeout: 600_000 }, async () => {
  const log = (): void => undefined
  const { violations, counts } = await run({ rounds: SAMPLES, seed: SEED, log, built: '' })
  expect(violations).toEqual([])
  expect(counts['samples']).toBe(SAMPLES)
  expect(counts['single bits']).toBeGreaterThan(200 * SAMPLES)
  expect(counts['lengths']).toBeGreaterThan(30 * SAMPLES)
})

test('a record opens at no other place and as no other kind', async () => {
  const sealed = await SealedRecords.open()
  const codes = new Set<string>()
  for (const row of sealed.rows)
    for (const other of sealed.rows) {
      if (row === other) continue
      try {
        sealed.read(other, row.value, sealed.suiteOf(other))
        codes.add('opened')
      } catch (error) {
        codes.add(error instanceof StrongroomError ? error.code : String(error))
      }
    }
  expect([...codes]).toEqual(['INTEGRITY'])
})
