/** `room.verify()` as a call: progress, an early end, a store that fails meanwhile. */
import { expect, test } from 'vitest'
import { path } from '../../src/format/paths.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import type { Store } from '../../src/store/store.ts'
import { codeOf, lasting, stage } from './support.ts'

const remove = (store: Store, key: Uint8Array): Promise<unknown> =>
  store.commit({ checks: [], puts: [], dels: [key], token: new Uint8Array(16) })

test('a room with a damaged store goes on, and open({ verify }) refuses it', async () => {
  const { room, store, vaultId, again } = await stage()
  const asked = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  await room.createKey(asked)
  await remove(store, path.journal(vaultId, 2n))
  expect(await room.verify()).toMatchObject({ ok: false, finding: { sequence: 2n, vaultId } })
  const { id: keyId } = await room.createKey(asked)
  expect((await room.getKey({ keyId })).state).toBe('enabled')
  expect(await codeOf(again({ verify: true }))).toBe('INTEGRITY')
})

test('progress is told, and an abort ends it with an error', async () => {
  const { room, vaultId } = await stage()
  const make = () => room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 20 }, make))
  const told: number[] = []
  const report = await room.verify({
    onProgress: ({ commits, records }) => told.push(commits + records),
  })
  expect(report.ok).toBe(true)
  expect(told.length).toBeGreaterThanOrEqual(2)
  expect(told).toEqual([...told].sort((a, b) => a - b))
  const stop = new AbortController()
  const stopped = room.verify({ signal: stop.signal, onProgress: () => stop.abort() })
  expect(await codeOf(stopped)).toBe('UNAVAILABLE')
  await room.close()
})

test('a store that does not answer is no damaged store', async () => {
  const store = faultyStore(lasting(createMemoryStore()))
  const { room, vaultId } = await stage(store)
  await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const calls = store.calls.length
  await room.verify()
  const needed = store.calls.length - calls
  for (let nth = 1; nth <= needed; nth++) {
    store.plan({ method: 'any', nth: store.calls.length + nth, kind: 'before' })
    expect(await codeOf(room.verify())).toBe('UNAVAILABLE')
    store.heal()
  }
  expect((await room.verify()).ok).toBe(true)
  await room.close()
})

test('a crash between a commit and its anchor is no damage', async () => {
  const store = faultyStore(lasting(createMemoryStore()))
  const { room, vaultId } = await stage(store)
  store.failNext('sidecar.write', 'before')
  const asked = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  expect(await codeOf(room.createKey(asked))).toBe('OUTCOME_UNKNOWN')
  const writes = store.calls.filter(({ method }) => method === 'sidecar.write').length
  expect((await room.verify()).ok).toBe(true)
  expect(store.calls.filter(({ method }) => method === 'sidecar.write')).toHaveLength(writes)
  await room.recover()
  expect((await room.verify()).commits).toBe(2)
  await room.close()
})

test.each([{ onProgress: 5 }, { signal: 'now' }, { unknown: 1 }])('refuses %o', async (input) => {
  const { room } = await stage()
  expect(await codeOf(room.verify(input as never))).toBe('INVALID_ARGUMENT')
  await room.close()
})
