/** Words of the core that faces need: one commit for what one request changes, lists asked with ids. */
import { expect, test } from 'vitest'
import { codeOf, stage } from './support.ts'

test('a page follows whatever the requests are called', async () => {
  const { room, vaultId } = await stage()
  for (const displayName of ['a', 'b', 'c'])
    await room.createKey({ vaultId, displayName, spec: 'AES_256' })
  const first = await room.listKeys({ vaultId, limit: 2, requestId: 'first' })
  const rest = await room.listKeys({ vaultId, requestId: 'second', pageToken: first.nextPage! })
  expect(rest.items.map(({ displayName }) => displayName)).toEqual(['a'])
})

test('updateKey changes the rotation policy in the same commit, or ends it', async () => {
  const { room, vaultId, clock } = await stage()
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  const { sequence } = room.head()
  const rotation = { everyDays: 90 }
  const key = await room.updateKey({ keyId, displayName: 'b', rotation })
  expect(room.head().sequence).toBe(sequence + 1n)
  expect(key).toMatchObject({ displayName: 'b', rotation: { everyDays: 90, enabled: true } })
  clock.advance({ days: 90 })
  expect((await room.listKeyVersions({ keyId })).items).toHaveLength(2)

  const refused = room.updateKey({ keyId, displayName: 'c', rotation: {} })
  expect(await codeOf(refused)).toBe('INVALID_ARGUMENT')
  expect((await room.getKey({ keyId })).displayName).toBe('b')
  expect((await room.updateKey({ keyId, rotation: null })).rotation).toBeUndefined()
})

test('a room tells the time of its clock', async () => {
  const { room, clock } = await stage()
  clock.advance({ days: 3 })
  expect(room.now().getTime()).toBe(clock.now())
})
