/** Injured stores, briefly; and that a wrong answer does not go unseen. */
import { beforeAll, expect, test } from 'vitest'
import { builtTree } from '../helpers/build.mjs'
import { injureStores, run, STORES } from './injuries.ts'

const log = (): void => undefined
let built: string
beforeAll(async () => {
  built = await builtTree()
})

test('200 injuries: no silent wrong answer', { timeout: 600_000 }, async () => {
  const { violations, counts } = await run({ rounds: 200, seed: 1, log, built })
  expect(violations).toEqual([])
  expect(counts['refused: INTEGRITY']).toBeGreaterThan(20)
  expect(counts['harmless']).toBeGreaterThan(5)
})

test('a store that answers otherwise than it should is found out', async () => {
  const lie = (answers: Readonly<Record<string, string>>): Record<string, string> => ({
    ...answers,
    vaults: answers['vaults']!.replace('vault 0', 'vault 9'),
  })
  const { violations } = await injureStores(
    { rounds: 10, seed: 2, log, built },
    lie,
    STORES.slice(0, 1),
  )
  expect(violations.join()).toContain('a silent wrong answer: vaults')
})
