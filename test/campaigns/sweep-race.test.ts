/**
 * Defect found by the full disks: the store shows a commit a moment before the room has applied it,
 * and a read that met a sweep in that moment took it for damage.
 */
import { expect, test } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore, type FaultyCall } from '../../src/testing/faulty-store.ts'
import { nameOf } from './campaign.ts'

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Reads take their time, and commits are answered long after they happened. */
async function slowReplies({ method }: FaultyCall, moment: 'request' | 'reply'): Promise<void> {
  if (moment === 'reply' && method === 'commit') await pause(3)
  if (moment === 'reply' && (method === 'get' || method === 'scan')) await pause(Math.random() * 3)
}

test('reads beside destruction sweeps meet no damage', { timeout: 600_000 }, async () => {
  const clock = new VirtualClock()
  const store = faultyStore(createMemoryStore(), { wait: slowReplies })
  const room = await Strongroom.open({ store, clock, cachedKeys: 1 })
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const make = async (displayName: string): Promise<string> =>
    (await room.createKey({ vaultId, displayName, spec: 'AES_256' })).id
  const keys = await Promise.all(['a', 'b', 'c'].map(make))
  for (let i = 0; i < 6; i++) await room.createKeyVersion({ keyId: keys[0]! })

  let over = false
  let uses = 0
  const failures: string[] = []
  const use = async (from: number): Promise<void> => {
    for (let i = from; !over; i++) {
      const keyId = keys[i % keys.length]!
      await room.encrypt({ keyId, plaintext: new Uint8Array(3) }).then(
        () => uses++,
        (error: unknown) => failures.push(nameOf(error)),
      )
      await pause(0)
    }
  }
  const users = [use(0), use(1), use(2)]
  for (const { id: versionId, current } of (await room.listKeyVersions({ keyId: keys[0]! }))
    .items) {
    if (current) continue
    await room.scheduleKeyVersionDeletion({ keyId: keys[0]!, versionId })
    clock.advance({ days: 31 })
    await room.tick()
    await room.destroyKey({ keyId: await make('short-lived') })
  }
  over = true
  await Promise.all(users)
  expect(failures).toEqual([])
  expect(uses).toBeGreaterThan(50)
})
