/** After every operation, and after everything that time does, heads and sums are those of the rows. */
import { beforeAll, describe, expect, test } from 'vitest'
import { call } from '../adversary/entries.ts'
import { INPUTS, openWorld, OPERATION_NAMES, type World } from '../adversary/world.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { complaints } from './audit.ts'
import { codeOf, DAY_MS, KEY, stage } from './support.ts'

const WORLD_SEAL = { key: new Uint8Array(32).fill(3) }

describe('after one operation', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })
  test.each(OPERATION_NAMES)('%s', async (operation) => {
    const input = await INPUTS[operation](world)
    await call(world, operation, input)
    expect(await complaints(world.store, WORLD_SEAL)).toEqual([])
    // The same once more: done again, or refused.
    await codeOf(call(world, operation, input))
    expect(await complaints(world.store, WORLD_SEAL)).toEqual([])
  })

  test('many at once', async () => {
    const { room, vaultId } = world
    const make = (i: number): Promise<unknown> =>
      i % 3 === 0
        ? room.createVault({ displayName: `v ${i}` })
        : room.createKey({ vaultId, displayName: `k ${i}`, spec: 'AES_256', tags: { i: `${i}` } })
    await Promise.all(Array.from({ length: 60 }, (_, i) => make(i)))
    expect(await complaints(world.store, WORLD_SEAL)).toEqual([])
  })
})

test('after what time does', async () => {
  const { room, store, clock, vaultId } = await stage()
  const whole = async (): Promise<void> => expect(await complaints(store)).toEqual([])
  const rotating = {
    vaultId,
    displayName: 'r',
    spec: 'AES_256',
    rotation: { everyDays: 1 },
  } as const
  const { id: keyId, currentVersionId: versionId } = await room.createKey(rotating)
  await room.createAlias({ keyId, name: 'alias/r' })
  await room.updateKey({ keyId, description: 'x', retryToken: 'once' })
  clock.advance({ days: 3 })
  await room.encrypt({ keyId, plaintext: utf8('rotates') })
  await whole()
  clock.advance({ days: 2 })
  await room.tick()
  await whole()
  const soon = { deletionAt: new Date(clock.now() + 7 * DAY_MS) }
  await room.scheduleKeyVersionDeletion({ keyId, versionId: versionId!, ...soon })
  clock.advance({ days: 7 })
  await room.tick()
  await whole()
  await room.scheduleKeyDeletion({ keyId, deletionAt: new Date(clock.now() + 7 * DAY_MS) })
  clock.advance({ days: 7 })
  await room.tick()
  await whole()
  await room.createKey({ vaultId, displayName: 'rest', spec: 'EC_P256' })
  await room.scheduleVaultDeletion({ vaultId })
  clock.advance({ days: 30 })
  await room.tick()
  await whole()
  expect((await room.getVault({ vaultId })).state).toBe('deleted')
  await room.close()
})

test('after a change of the seal', async () => {
  const { room, store } = await stage()
  await room.reseal({ key: KEY.map((byte) => byte ^ 1) })
  expect(await complaints(store, { key: KEY.map((byte) => byte ^ 1) })).toEqual([])
  await room.close()
})
