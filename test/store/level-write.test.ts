/** The write path: always synced, merged, bounded, and stopped by its first error. */
import { readFileSync, readdirSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import type { LevelDatabase } from '../../src/store/level/database.ts'
import type { LevelPlatform } from '../../src/store/level/platform.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { RESERVE_BYTES_MIN } from '../../src/store/level/free-space.ts'
import { breakable, freshDirectory } from './harness.ts'
import { commitOf, failureOf, scanText, textAt } from '../../src/testing/store-suite/kit.ts'
import { defaultPlatform } from '../../src/store/level/platform.ts'
import { openDirectory } from '../../src/store/level/directory.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { utf8 } from '../../src/base/bytes.ts'

/** The thread pool of a busy machine takes its time. */
const WAIT = { timeout: 10_000, interval: 2 }

/** A platform that reports each write of the opened store and can hold it back. */
function observed(): {
  platform: Partial<LevelPlatform>
  events: string[]
  writes: { sync: boolean }[]
  hold: () => () => void
} {
  const events: string[] = []
  const writes: { sync: boolean }[] = []
  let gate: Promise<void> = Promise.resolve()
  const connect: LevelPlatform['connect'] = async (location, options) => {
    const db = await defaultPlatform.connect(location, options)
    if (options.createIfMissing) return db
    const original = db.batch.bind(db)
    return Object.assign(db, {
      batch: () => {
        const batch = original()
        const write = batch.write.bind(batch)
        return Object.assign(batch, {
          write: async (how: { sync: boolean }) => {
            writes.push(how)
            await gate
            await write(how)
            events.push('write')
          },
        })
      },
    }) satisfies LevelDatabase
  }
  const fsync = async (handle: number): Promise<void> => {
    await defaultPlatform.fsync(handle)
    events.push('fsync')
  }
  const hold = (): (() => void) => {
    let release: () => void = () => undefined
    gate = new Promise((resolve) => (release = resolve))
    return release
  }
  return { platform: { connect, fsync }, events, writes, hold }
}

describe('group commit', () => {
  it('keeps one batch in flight and merges what waits, always synced', async () => {
    const { platform, writes, hold } = observed()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    const release = hold()
    const first = store.commit(commitOf({ puts: { first: 'x' } }))
    await vi.waitFor(() => expect(writes).toHaveLength(1), WAIT)
    const rest = Array.from({ length: 200 }, (_, i) =>
      store.commit(commitOf({ puts: { [`k${i}`]: 'x' } })),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(writes).toHaveLength(1)
    release()
    await Promise.all([first, ...rest])
    expect(writes.length).toBe(2)
    expect(writes.every(({ sync }) => sync)).toBe(true)
    await store.close()
  })

  it('bounds the queue: BUSY beyond it, and nothing of that is done', async () => {
    const { platform, writes, hold } = observed()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    const release = hold()
    const commits = [store.commit(commitOf({ puts: { first: 'x' } }))]
    await vi.waitFor(() => expect(writes).toHaveLength(1), WAIT)
    for (let i = 0; i < LIMITS.queuedWritesMax; i++)
      commits.push(store.commit(commitOf({ puts: { [`k${i % 100}`]: 'x' } })))
    const beyond = await failureOf(store.commit(commitOf({ puts: { beyond: 'x' } })))
    expect(beyond).toBe('BUSY')
    release()
    await Promise.all(commits)
    expect(await store.get(utf8('beyond'))).toBe(undefined)
    expect(await failureOf(store.commit(commitOf({ puts: { later: 'x' } })))).toBe('none')
    await store.close()
  })
})

describe('durable names', () => {
  const ancient = new Date('2020-01-01')

  it('syncs the directory after the batch and before the answer, while its time is young', async () => {
    const { platform, events } = observed()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    expect(events).toEqual(['fsync'])
    await store.commit(commitOf({ puts: { a: '1' } }))
    events.push('answered')
    await store.commit(commitOf({ puts: { a: '2' } }))
    expect(events).toEqual(['fsync', 'write', 'fsync', 'answered', 'write', 'fsync'])
    await store.close()
  })

  it('spares the sync only while no file was made since one', async () => {
    const { platform, events } = observed()
    const path = freshDirectory()
    const store = await openDirectory({ path }, platform)
    utimesSync(join(path, 'store'), ancient, ancient)
    await store.commit(commitOf({ puts: { a: '1' } }))
    events.length = 0
    await store.commit(commitOf({ puts: { a: '2' } }))
    expect(events).toEqual(['write'])
    writeFileSync(join(path, 'store', 'new.file'), '')
    await store.commit(commitOf({ puts: { a: '3' } }))
    expect(events).toEqual(['write', 'write', 'fsync'])
    await store.close()
  })

  it('flushes a file besides on macOS, with every batch', async () => {
    const { platform, events } = observed()
    const path = freshDirectory()
    const store = await openDirectory({ path }, { ...platform, system: 'darwin' })
    utimesSync(join(path, 'store'), ancient, ancient)
    await store.commit(commitOf({ puts: { a: '1' } }))
    events.length = 0
    await store.commit(commitOf({ puts: { a: '2' } }))
    expect(events).toEqual(['write', 'fsync'])
    await store.close()
  })

  it('leaves the outcome unknown when the sync fails', async () => {
    let broken = false
    const fsync = async (handle: number): Promise<void> => {
      if (broken) throw Object.assign(new Error('i/o error'), { code: 'EIO' })
      await defaultPlatform.fsync(handle)
    }
    const store = await openDirectory({ path: freshDirectory() }, { fsync })
    broken = true
    expect(await failureOf(store.commit(commitOf({ puts: { a: '1' } })))).toBe('unknown')
    expect(await failureOf(store.commit(commitOf({ puts: { b: '1' } })))).toBe('unavailable')
    broken = false
    await store.recover()
    expect((await scanText(store, '')).rows).toEqual({ a: '1' })
    await store.close()
  })
})

describe('the first write error', () => {
  it('leaves its group unknown, what waits undone, and is over with recover', async () => {
    const { platform, breakNext } = breakable()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    await store.commit(commitOf({ puts: { a: '1' } }))
    breakNext()
    const group = ['x', 'y'].map((key) =>
      failureOf(store.commit(commitOf({ puts: { [key]: '1' } }))),
    )
    await new Promise((resolve) => setImmediate(resolve))
    expect(new Set(await Promise.all(group))).toEqual(new Set(['unknown']))
    for (let i = 0; i < 3; i++)
      expect(await failureOf(store.commit(commitOf({ puts: { z: '1' } })))).toBe('unavailable')
    expect(await failureOf(store.compact())).toBe('unavailable')
    expect(await textAt(store, 'a')).toBe('1')
    await Promise.all([store.recover(), textAt(store, 'a'), store.head()])
    await store.commit(commitOf({ checks: { z: 0n }, puts: { z: '2' } }))
    expect((await scanText(store, '')).rows).toEqual({ a: '1', z: '2' })
    await store.close()
  })

  it('stays with the store until a recover succeeds', async () => {
    const { platform, breakNext } = breakable()
    let full = false
    const connect: LevelPlatform['connect'] = (location, options) =>
      full
        ? Promise.reject(Object.assign(new Error('no space'), { code: 'LEVEL_IO_ERROR' }))
        : platform.connect!(location, options)
    const store = await openDirectory({ path: freshDirectory() }, { connect })
    await store.commit(commitOf({ puts: { a: '1' } }))
    breakNext()
    expect(await failureOf(store.commit(commitOf({ puts: { a: '2' } })))).toBe('unknown')
    full = true
    for (let i = 0; i < 2; i++) expect(await failureOf(store.recover())).toBe('UNAVAILABLE')
    expect(await failureOf(store.get(utf8('a')))).toBe('UNAVAILABLE')
    expect(await failureOf(store.head())).toBe('UNAVAILABLE')
    expect(await failureOf(store.commit(commitOf({ puts: { a: '3' } })))).toBe('unavailable')
    full = false
    await store.recover()
    expect(await textAt(store, 'a')).toBe('1')
    await store.close()
  })

  it('can be closed and opened anew instead', async () => {
    const { platform, breakNext } = breakable()
    const path = freshDirectory()
    const store = await openDirectory({ path }, platform)
    breakNext()
    expect(await failureOf(store.commit(commitOf({ puts: { a: '1' } })))).toBe('unknown')
    await store.close()
    const again = await openLevelStore({ path })
    await again.commit(commitOf({ puts: { a: '2' } }))
    await again.close()
  })

  it('does not hide that acknowledged commits are gone', async () => {
    const path = freshDirectory()
    let opened = 0
    const connect: LevelPlatform['connect'] = (location, options) => {
      const logs = readdirSync(location).filter((name) => name.endsWith('.log'))
      // The second opening of the store finds an empty log, as after a lost tail.
      if (!options.createIfMissing && ++opened === 2)
        for (const log of logs) truncateSync(join(location, log))
      return defaultPlatform.connect(location, options)
    }
    const store = await openDirectory({ path }, { connect })
    await store.commit(commitOf({ puts: { a: '1' } }))
    expect(await failureOf(store.recover())).toBe('INTEGRITY')
    expect(await failureOf(store.get(utf8('a')))).toBe('INTEGRITY')
    await store.close()
  })
})

describe('free space', () => {
  function disk() {
    const state = { free: 1e12, time: 0, asked: 0, fails: false }
    const platform = {
      statfs: async () => {
        state.asked++
        if (state.fails) throw new Error('no statfs')
        return { bavail: Math.floor(state.free / 4096), bsize: 4096 }
      },
      now: () => state.time,
    }
    return { state, platform }
  }

  it('stops commits while recovery would not fit, and goes on by itself afterwards', async () => {
    const { state, platform } = disk()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    await store.commit(commitOf({ puts: { a: '1' } }))
    state.free = RESERVE_BYTES_MIN - 1
    state.time += 1000
    expect(await failureOf(store.commit(commitOf({ puts: { a: '2' } })))).toBe('unavailable')
    expect(await textAt(store, 'a')).toBe('1')
    state.free = RESERVE_BYTES_MIN + 4096 * 10
    expect(await failureOf(store.commit(commitOf({ puts: { a: '3' } })))).toBe('none')
    await store.close()
  })

  it('is asked for now and then, not with every commit', async () => {
    const { state, platform } = disk()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    for (let i = 0; i < 20; i++) await store.commit(commitOf({ puts: { a: `${i}` } }))
    expect(state.asked).toBe(1)
    state.time += 1000
    await store.commit(commitOf({ puts: { a: 'later' } }))
    expect(state.asked).toBe(2)
    const value = new Uint8Array(1_000_000)
    for (let i = 0; i < 10; i++)
      await store.commit({ ...commitOf({}), puts: [{ key: utf8(`big${i}`), value }] })
    expect(state.asked).toBe(3)
    await store.close()
  })

  it('that cannot be asked for stops commits too', async () => {
    const { state, platform } = disk()
    const store = await openDirectory({ path: freshDirectory() }, platform)
    state.fails = true
    expect(await failureOf(store.commit(commitOf({ puts: { a: '1' } })))).toBe('unavailable')
    await store.close()
  })
})

describe('compact', () => {
  const secret = 'a value that has to leave the files entirely'
  const inFiles = (path: string): boolean =>
    readdirSync(join(path, 'store')).some((name) =>
      readFileSync(join(path, 'store', name)).includes(secret),
    )

  it('takes deleted and replaced values out of the files', async () => {
    const path = freshDirectory()
    let store = await openLevelStore({ path })
    await store.commit(commitOf({ puts: { a: secret, b: secret, keep: 'x' } }))
    await store.commit(commitOf({ puts: { filler: 'y'.repeat(900_000) } }))
    await store.close()
    store = await openLevelStore({ path })
    await store.commit(commitOf({ puts: { b: 'harmless' }, dels: ['a'] }))
    await store.close()
    expect(inFiles(path)).toBe(true)
    store = await openLevelStore({ path })
    // Reads of before and during the compaction must not keep old files alive.
    const reads = Array.from({ length: 20 }, () => scanText(store, ''))
    const compacted = store.compact()
    reads.push(...Array.from({ length: 20 }, () => scanText(store, '')))
    await compacted
    await store.close()
    expect(inFiles(path)).toBe(false)
    for (const { rows } of await Promise.all(reads)) expect(rows['b']).toBe('harmless')
    store = await openLevelStore({ path })
    expect(await textAt(store, 'keep')).toBe('x')
    await store.close()
  })
})
