/**
 * Older and foreign records and stores, briefly; and what opening without a full verification sees.
 */
import { cpSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { Strongroom, type Key } from '../../src/index.ts'
import { drop, memoryPath, nameOf } from './campaign.ts'
import { CASES, lived, openedWith, run, type World } from './rollback.ts'
import { kindOf } from './history.ts'
import { SEAL } from './seal.ts'
import { Chance } from './chance.ts'

const log = (): void => undefined
let mine: World
let other: World
beforeAll(async () => {
  mine = await lived(100)
  other = await lived(101)
  return () => [mine, other].forEach(({ path }) => drop(path))
})

test(
  'every kind of rollback and exchange is refused with its code',
  { timeout: 600_000 },
  async () => {
    const rounds = 4 * Object.keys(CASES).length
    const { violations, counts } = await run({ rounds, seed: 1, log, built: '' })
    expect(violations).toEqual([])
    for (const name of Object.keys(CASES))
      expect(counts[`refused: ${name}`], name).toBeGreaterThan(0)
  },
)

/** The other store in the directory of mine, with some of its side files. */
async function replacedBy(...names: readonly string[]): Promise<string> {
  const path = memoryPath()
  cpSync(mine.path, path, { recursive: true })
  for (const name of names) {
    rmSync(join(path, name), { recursive: true })
    cpSync(join(other.path, name), join(path, name), { recursive: true })
  }
  try {
    await (await Strongroom.open({ path, seal: SEAL })).close()
    return 'ok'
  } catch (error) {
    return nameOf(error)
  } finally {
    drop(path)
  }
}

test('another store in its place: refused by the erase file, and with that by the anchor', async () => {
  expect(await replacedBy('store')).toBe('INTEGRITY')
  expect(await replacedBy('store', 'erase')).toBe('ROLLED_BACK')
  expect(await replacedBy('anchor')).toBe('ROLLED_BACK')
  expect(await replacedBy('erase')).toBe('INTEGRITY')
})

/** All that can be read of every key. */
async function readKeys(room: Strongroom): Promise<Key[]> {
  const keys: Key[] = []
  for (const { id: vaultId } of (await room.listVaults({})).items)
    keys.push(...(await room.listKeys({ vaultId, limit: 1000 })).items)
  for (const { id: keyId } of keys) {
    for (const { id: versionId } of (await room.listKeyVersions({ keyId })).items)
      await room.getKeyVersion({ keyId, versionId })
    await room.getKey({ keyId })
  }
  return keys
}

test('without a full verification, records from elsewhere are refused when read', async () => {
  const chance = new Chance(3)
  const [[first], [second]] = [...mine.now].filter(([key]) => kindOf(key) === 'key') as [
    [string, Uint8Array],
    [string, Uint8Array],
  ]
  const swapped = new Map(mine.now)
  swapped.set(first, mine.now.get(second)!).set(second, mine.now.get(first)!)
  const foreign = chance.pick([...other.now].filter(([key]) => kindOf(key) === 'key'))[1]
  const look = async (room: Strongroom): Promise<void> => {
    await readKeys(room)
  }
  expect(await openedWith(mine, swapped, look)).toBe('INTEGRITY')
  expect(await openedWith(mine, new Map(mine.now).set(first, foreign), look)).toBe('INTEGRITY')
  expect(await openedWith(mine, mine.now, look)).toBe('ok')
})

test('only a full verification sees a record of its own past', async () => {
  const renamed = [...mine.now].find(([key, value]) =>
    mine.images.some((image) => {
      const old = image.get(key)
      return kindOf(key) === 'key' && old !== undefined && Buffer.compare(old, value) !== 0
    }),
  )!
  const old = mine.images
    .map((image) => image.get(renamed[0]))
    .find((value) => value !== undefined)!
  const image = new Map(mine.now).set(renamed[0], old)
  const look = async (room: Strongroom): Promise<void> => {
    await readKeys(room)
  }
  expect(await openedWith(mine, image, look)).toBe('ok')
  expect(await openedWith(mine, image)).toBe('INTEGRITY')
})
