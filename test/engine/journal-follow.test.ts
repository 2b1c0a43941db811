/** The live end of the journal: waiting for what is still to come, and every way for that to end. */
import { describe, expect, test } from 'vitest'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import type { JournalEntry, JournalInput } from '../../src/index.ts'
import { codeOf, lasting, stage, type Room } from './support.ts'

/** A reader that runs beside the test. */
class Follower {
  readonly entries: JournalEntry[] = []
  readonly ended: Promise<void>
  #arrived: (() => void) | undefined

  constructor(room: Room, input: JournalInput = {}) {
    this.ended = this.#read(room.journal({ follow: true, ...input }))
    this.ended.catch(() => undefined)
  }

  get sequences(): number[] {
    return this.entries.map(({ sequence }) => Number(sequence))
  }

  /** Answers when so many have come; the timeout of the test ends it when they never do. */
  async has(count: number): Promise<void> {
    while (this.entries.length < count)
      await new Promise<void>((resolve) => (this.#arrived = resolve))
  }

  async #read(journal: AsyncIterable<JournalEntry>): Promise<void> {
    for await (const entry of journal) {
      this.entries.push(entry)
      this.#arrived?.()
    }
  }
}

const key = (room: Room, vaultId: string): Promise<unknown> =>
  room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
/** Whatever was going to come has come. */
const quiet = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve))
}

test('what is there, and then what comes', async () => {
  const { room, vaultId } = await stage()
  const follower = new Follower(room)
  await follower.has(1)
  await key(room, vaultId)
  await follower.has(2)
  await Promise.all([
    key(room, vaultId),
    key(room, vaultId),
    room.createVault({ displayName: 'o' }),
  ])
  await follower.has(5)
  expect(follower.sequences).toEqual([1, 2, 3, 4, 5])
  await room.close()
  await follower.ended
})

test('of one vault: commits of others are passed over', async () => {
  const { room, vaultId } = await stage()
  const { id: other } = await room.createVault({ displayName: 'other' })
  const follower = new Follower(room, { vaultId: other })
  await key(room, vaultId)
  await key(room, other)
  await follower.has(2)
  expect(follower.sequences).toEqual([2, 4])
  await room.close()
  await follower.ended
})

test('from a commit that is still to come: none before it', async () => {
  const { room, vaultId } = await stage()
  const follower = new Follower(room, { from: 4n })
  for (let i = 0; i < 4; i++) await key(room, vaultId)
  await follower.has(2)
  await quiet()
  expect(follower.sequences).toEqual([4, 5])
  await room.close()
  await follower.ended
})

describe('ends without an error', () => {
  test('when the signal aborts while it waits', async () => {
    const { room, vaultId } = await stage()
    const stop = new AbortController()
    const follower = new Follower(room, { signal: stop.signal })
    await follower.has(1)
    await quiet()
    stop.abort()
    await follower.ended
    await key(room, vaultId)
    expect(follower.sequences).toEqual([1])
    await room.close()
  })

  test('when the signal aborts while it reads', async () => {
    const { room, vaultId } = await stage()
    for (let i = 0; i < 5; i++) await key(room, vaultId)
    const stop = new AbortController()
    const read: bigint[] = []
    for await (const { sequence } of room.journal({ signal: stop.signal, follow: true })) {
      read.push(sequence)
      if (sequence === 3n) stop.abort()
    }
    expect(read).toEqual([1n, 2n, 3n])
    await room.close()
  })

  test('at once, when the signal was aborted before', async () => {
    const { room } = await stage()
    const follower = new Follower(room, { signal: AbortSignal.abort() })
    await follower.ended
    expect(follower.entries).toEqual([])
    await room.close()
  })

  test('when the room closes while it waits; close does not wait for it', async () => {
    const { room } = await stage()
    const follower = new Follower(room)
    await follower.has(1)
    await room.close()
    await follower.ended
  })

  test('when the room closed between two entries', async () => {
    const { room, vaultId } = await stage()
    await key(room, vaultId)
    const entries = room.journal({ follow: true })[Symbol.asyncIterator]()
    expect((await entries.next()).done).toBe(false)
    await room.close()
    expect((await entries.next()).done).toBe(true)
  })
})

test('nobody who waits keeps listening to a signal that stays', async () => {
  const { room, vaultId } = await stage()
  const { signal } = new AbortController()
  let listeners = 0
  const counted = new Proxy(signal, {
    get(target, name) {
      if (name === 'addEventListener') listeners++
      if (name === 'removeEventListener') listeners--
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  const follower = new Follower(room, { signal: counted })
  for (let i = 0; i < 5; i++) {
    await key(room, vaultId)
    await follower.has(i + 2)
  }
  await quiet()
  expect(listeners).toBeLessThanOrEqual(1)
  await room.close()
  await follower.ended
  expect(listeners).toBe(0)
})

test('goes on after a recovery, without gap or repeat', async () => {
  const inner = lasting(createMemoryStore())
  const store = faultyStore(inner, { poison: true })
  const { room, vaultId } = await stage(store)
  const follower = new Follower(room)
  await key(room, vaultId)
  // Done, but nobody was told: it becomes visible with the recovery.
  store.failNext('commit', 'after')
  expect(await codeOf(key(room, vaultId))).toBe('OUTCOME_UNKNOWN')
  expect(await codeOf(key(room, vaultId))).toBe('UNAVAILABLE')
  await quiet()
  expect(follower.sequences).toEqual([1, 2])
  await room.recover()
  await key(room, vaultId)
  await follower.has(4)
  expect(follower.sequences).toEqual([1, 2, 3, 4])
  await room.close()
  await follower.ended
})

test('several readers at once see the same', async () => {
  const { room, vaultId } = await stage()
  const followers = [new Follower(room), new Follower(room, { from: 1n }), new Follower(room)]
  await Promise.all(Array.from({ length: 10 }, () => key(room, vaultId)))
  for (const follower of followers) await follower.has(11)
  const [first, ...others] = followers.map(({ entries }) => entries)
  for (const entries of others) expect(entries).toEqual(first)
  await room.close()
})
