/** Destruction, briefly; and cut off at every call that writes. */
import { expect, test } from 'vitest'
import { complaints } from '../engine/audit.ts'
import { Ledger } from './campaign.ts'
import { Chance } from './chance.ts'
import { destroyed, NAMES, prepared, run } from './destruction.ts'
import { inMemory } from './places.ts'

const options = { rounds: 20, seed: 1, log: () => undefined, built: '', inspect: complaints }

test('20 times on disk, what was destroyed opens with nothing that is left', async () => {
  const { violations, counts } = await run(options)
  expect(violations).toEqual([])
  expect(counts['materials destroyed']).toBeGreaterThan(20)
  expect(counts['living materials checked']).toBeGreaterThan(20)
  expect(counts['cut off']).toBeGreaterThan(3)
  expect(counts['whole']).toBeGreaterThan(3)
})

test.each(NAMES)('cut off anywhere, and finished by the next room: %s', async (name) => {
  const scene = await prepared(inMemory(), [name], new Chance(1))
  const again = async (cutAt?: number) =>
    destroyed(options, { ...scene, place: await scene.place.copy() }, new Ledger(), cutAt)
  const { problems, writes } = await again()
  expect(problems).toEqual([])
  expect(writes.length).toBeGreaterThan(10)
  for (const nth of writes) expect([nth, (await again(nth)).problems]).toEqual([nth, []])
})
