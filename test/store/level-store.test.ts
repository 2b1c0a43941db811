/** The store on one database: what it asks of its home and its database, in which order. */
import { describe, expect, it } from 'vitest'
import type { LevelDatabase } from '../../src/store/level/database.ts'
import type { LevelHome } from '../../src/store/level/level-store.ts'
import type { Sidecar, StoreImage } from '../../src/store/store.ts'
import { HEAD_KEY, encodeHead, rowKey, rowValue, stamp } from '../../src/store/level/codec.ts'
import { LevelStore } from '../../src/store/level/level-store.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { VIEW, writeDurably } from '../../src/store/level/database.ts'
import { commitOf, failureOf, scanText, textAt } from '../../src/testing/store-suite/kit.ts'
import { tinyLevel } from './tiny-level.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'

const QUICK = { timeout: process.env['STRONGROOM_MUTATE'] ? 4000 : 180_000 }
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
const turns = async (count = 20): Promise<void> => {
  for (let i = 0; i < count; i++) await turn()
}

/** A gate that a call waits at until it is opened. */
function gate(): { readonly wait: Promise<void>; readonly open: () => void } {
  let open: () => void = () => undefined
  const wait = new Promise<void>((resolve) => (open = resolve))
  return { wait, open }
}

interface World {
  readonly store: LevelStore
  readonly db: LevelDatabase
  readonly events: string[]
  readonly home: LevelHome
}

/** A store in a database that holds HEAD 5 and one row; parts of both are replaced by the test. */
async function world(
  parts: { home?: Partial<LevelHome>; db?: (db: LevelDatabase) => Partial<LevelDatabase> } = {},
): Promise<World> {
  const events: string[] = []
  const tiny = tinyLevel()
  await tiny.open()
  const value = rowValue(utf8('1'))
  stamp(value, 5n)
  await writeDurably(tiny, [
    { type: 'put', key: rowKey(utf8('a')), value },
    { type: 'put', key: HEAD_KEY, value: encodeHead(5n) },
  ])
  const db: LevelDatabase = {
    ...tiny,
    close: async () => {
      events.push('close')
      await tiny.close()
    },
    ...parts.db?.(tiny),
  }
  const home: LevelHome = {
    name: 'of the test',
    connect: async () => {
      events.push('connect')
      await db.open()
      return db
    },
    settle: async () => void events.push('settle'),
    reserve: async (bytes) => void events.push(`reserve ${bytes}`),
    release: async () => void events.push('release'),
    ...parts.home,
  }
  return { store: await LevelStore.open(home), db, events, home }
}

/** A database with snapshots, which tells what is done with them. */
const withSnapshots =
  (events: string[]) =>
  (tiny: LevelDatabase): Partial<LevelDatabase> => ({
    supports: { explicitSnapshots: true, permanence: true },
    snapshot: () => ({
      ref: () => undefined,
      unref: () => undefined,
      close: async () => void events.push('snapshot closed'),
      [Symbol.asyncDispose]: async () => undefined,
    }),
    get: (key, options) => {
      events.push(`get ${toHex(key)} ${options.snapshot ? 'of the snapshot' : 'of now'}`)
      return tiny.get(key, options)
    },
    iterator: (options) => {
      events.push(`iterate ${options.snapshot ? 'the snapshot' : 'now'}`)
      const inner = tiny.iterator(options)
      return {
        all: () => inner.all(),
        close: async () => void events.push('iterator closed'),
      }
    },
  })

const rejected = <T>(promise: Promise<T>): Promise<Error & { cause?: unknown }> =>
  promise.then(
    () => expect.fail('succeeded'),
    (error: unknown) => error as Error,
  )

/** A store with a read under way that `held` lets end. */
async function reading() {
  const held = gate()
  let slow = false
  const { store, events } = await world({
    db: (tiny) => ({
      get: async (key, options) => {
        if (slow) await held.wait
        return tiny.get(key, options)
      },
    }),
  })
  slow = true
  const read = textAt(store, 'a')
  await turns()
  return { store, events, held, read }
}

describe('opening', QUICK, () => {
  const failing = (
    parts: Parameters<typeof world>[0],
  ): { events: string[]; code: Promise<Error> } => {
    const events: string[] = []
    const home = { release: async () => void events.push('release'), ...parts?.home }
    const db = (tiny: LevelDatabase): Partial<LevelDatabase> => ({
      close: async () => void events.push('close'),
      ...parts?.db?.(tiny),
    })
    return { events, code: rejected(world({ home, db })) }
  }

  it('that cannot connect gives the home back', async () => {
    const cause = new Error('no such engine')
    const { events, code } = failing({ home: { connect: () => Promise.reject(cause) } })
    const error = await code
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause })
    expect(error.message).toContain('Opening the store of the test failed')
    expect(events).toEqual(['release'])
  })

  it('that finds no HEAD closes the database first', async () => {
    const { events, code } = failing({ db: () => ({ get: async () => undefined }) })
    expect(await code).toMatchObject({ code: 'INTEGRITY' })
    expect(events).toEqual(['close', 'release'])
  })

  it('tells its own reason when closing fails besides', async () => {
    const { events, code } = failing({
      db: () => ({
        get: () => Promise.reject(new Error('no read')),
        close: () => Promise.reject(new Error('no close')),
      }),
    })
    expect(await code).toMatchObject({ cause: new Error('no read') })
    expect(events).toEqual(['release'])
  })

  it('shows what the home and the database offer, and nothing else', async () => {
    const { store, home } = await world()
    expect(store.ephemeral).toBe(true)
    expect(store.multiProcess).toBe(false)
    expect([store.sidecar, store.image]).toEqual([undefined, undefined])
    expect(await store.head()).toBe(5n)
    const sidecar = {} as Sidecar
    const image = {} as StoreImage
    const db = (): Partial<LevelDatabase> => ({
      supports: { explicitSnapshots: false, permanence: true },
    })
    const rich = await world({ home: { sidecar, image: async () => image }, db })
    expect(rich.store.ephemeral).toBe(false)
    expect(rich.store.sidecar).toBe(sidecar)
    expect(await rich.store.image!()).toBe(image)
    expect((await LevelStore.open(home, PORTABLE_LIMITS)).limits).toBe(PORTABLE_LIMITS)
  })
})

describe('reading', QUICK, () => {
  it('scans HEAD and rows of one snapshot, and lets go of it', async () => {
    const events: string[] = []
    const { store } = await world({ db: withSnapshots(events) })
    events.length = 0
    expect(await scanText(store, '')).toEqual({ revision: 5n, rows: { a: '1' } })
    expect(events).toEqual([
      'get 00 of the snapshot',
      'iterate the snapshot',
      'iterator closed',
      'snapshot closed',
    ])
  })

  it('lets go of snapshot and iterator also when it fails', async () => {
    const events: string[] = []
    const { store } = await world({
      db: (tiny) => {
        const made = withSnapshots(events)(tiny)
        const all = (): Promise<never> => Promise.reject(new Error('no rows'))
        return { ...made, iterator: (options) => ({ ...made.iterator!(options), all }) }
      },
    })
    events.length = 0
    const error = await rejected(scanText(store, ''))
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: new Error('no rows') })
    expect(error.message).toContain('Reading the store of the test')
    expect(events.slice(-2)).toEqual(['iterator closed', 'snapshot closed'])
  })

  it('keeps writes away from a scan without snapshots', async () => {
    const held = gate()
    const { store, events } = await world({
      db: (tiny) => ({
        iterator: (options) => {
          const inner = tiny.iterator(options)
          return { all: () => held.wait.then(() => inner.all()), close: () => inner.close() }
        },
      }),
    })
    const scan = scanText(store, '')
    await turns()
    const commit = store.commit(commitOf({ puts: { a: '2' } }))
    await turns()
    expect(events).not.toContain('settle')
    held.open()
    expect(await scan).toEqual({ revision: 5n, rows: { a: '1' } })
    expect(await commit).toEqual({ version: 6n })
  })

  it('asks on this thread for checked rows where the database can, else for all at once', async () => {
    const asked: string[] = []
    const value = rowValue(utf8('1'))
    stamp(value, 5n)
    const rowOf = (key: Uint8Array): Uint8Array | undefined =>
      toHex(key) === '0161' ? value : undefined
    const able = (getSync: boolean | undefined) => (): Partial<LevelDatabase> => ({
      supports: {
        explicitSnapshots: false,
        permanence: false,
        ...(getSync !== undefined && { getSync }),
      },
      getSync: (key, options) => {
        expect(options).toBe(VIEW)
        asked.push(`sync ${toHex(key)}`)
        return rowOf(key)
      },
      getMany: async (keys, options) => {
        expect(options).toBe(VIEW)
        asked.push(`many ${keys.map(toHex).join()}`)
        return keys.map(rowOf)
      },
    })
    for (const getSync of [true, false, undefined]) {
      const { store } = await world({ db: able(getSync) })
      await store.commit(commitOf({ checks: { a: 5n, b: 0n } }))
      expect(await failureOf(store.commit(commitOf({ checks: { b: 5n } })))).toBe('conflict')
      await store.commit(commitOf({ puts: { c: 'x' } }))
    }
    const many = ['many 0161,0162', 'many 0162']
    expect(asked).toEqual(['sync 0161', 'sync 0162', 'sync 0162', ...many, ...many])
  })

  it('of checked rows that fails does nothing of the commit', async () => {
    const { store } = await world({ db: () => ({ getMany: () => Promise.reject(new Error('x')) }) })
    const error = await rejected(store.commit(commitOf({ checks: { a: 5n }, puts: { a: '2' } })))
    expect(error).toMatchObject({ code: 'UNAVAILABLE' })
    expect(error.message).toContain('Checking a commit in the store of the test')
    expect(await textAt(store, 'a')).toBe('1')
    expect(await failureOf(store.commit(commitOf({ puts: { a: '3' } })))).toBe('none')
  })

  it('is never ahead of head, also when its writer has not heard yet', async () => {
    const later = rowValue(utf8('2'))
    stamp(later, 9n)
    let seen = false
    const { store } = await world({
      db: (tiny) => ({
        get: (key, options) =>
          seen && toHex(key) !== '00' ? Promise.resolve(later) : tiny.get(key, options),
      }),
    })
    seen = true
    await textAt(store, 'a')
    expect(await store.head()).toBe(9n)
    seen = false
    await textAt(store, 'a')
    expect(await store.head()).toBe(9n)
    await store.recover()
    expect(await store.head()).toBe(5n)
  })

  it('by a scan counts for head too', async () => {
    const { store, db } = await world()
    await writeDurably(db, [{ type: 'put', key: HEAD_KEY, value: encodeHead(8n) }])
    expect(await store.head()).toBe(5n)
    await scanText(store, '')
    expect(await store.head()).toBe(8n)
  })
})

describe('compacting', QUICK, () => {
  const ranges = (events: string[], fails?: Error) => (): Partial<LevelDatabase> => ({
    compactRange: async (from, to, options) => {
      expect(options).toBe(VIEW)
      events.push(`compact ${toHex(from)}-${toHex(to)}`)
      if (fails) throw fails
    },
  })

  it('goes over everything, then once more over nothing, then tries a write', async () => {
    const events: string[] = []
    const home = { settle: async () => void events.push('written') }
    const { store } = await world({ db: ranges(events), home })
    await store.compact()
    expect(events).toEqual(['compact 00-02', 'compact 00-00', 'written'])
    expect((await scanText(store, '')).rows).toEqual({ a: '1' })
  })

  it('is left to databases that do it by themselves', async () => {
    const { store, events } = await world()
    await store.compact()
    expect(events).toEqual(['connect'])
  })

  it('waits for the reads of before', async () => {
    const events: string[] = []
    const held = gate()
    let slow = false
    const { store } = await world({
      db: (tiny) => ({
        ...ranges(events)(),
        get: async (key, options) => {
          if (slow) await held.wait.then(() => events.push('read'))
          return tiny.get(key, options)
        },
      }),
    })
    slow = true
    const read = textAt(store, 'a')
    await turns()
    const done = store.compact()
    await turns()
    expect(events).toEqual([])
    held.open()
    await Promise.all([read, done])
    expect(events).toEqual(['read', 'compact 00-02', 'compact 00-00'])
  })

  it('waits for the reads that came meanwhile before the second time', async () => {
    const events: string[] = []
    const held = gate()
    let slow = false
    const { store } = await world({
      db: (tiny) => ({
        compactRange: async (_from, to) => {
          events.push(`compact ${toHex(to)}`)
          if (toHex(to) !== '02') return
          slow = true
          void textAt(store, 'a')
          await turns()
        },
        get: async (key, options) => {
          if (slow) await held.wait.then(() => events.push('read'))
          return tiny.get(key, options)
        },
      }),
    })
    const done = store.compact()
    await turns(60)
    expect(events).toEqual(['compact 02'])
    held.open()
    await done
    expect(events).toEqual(['compact 02', 'read', 'compact 00'])
  })

  it('that fails is told', async () => {
    const cause = Object.assign(new Error('full'), { code: 'LEVEL_IO_ERROR' })
    const { store } = await world({ db: ranges([], cause) })
    const error = await rejected(store.compact())
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause })
    expect(error.message).toContain('Compacting the store of the test')
  })

  it('that fails does not keep the next upkeep from its turn', async () => {
    const { store } = await world({ db: ranges([], new Error('once')) })
    const outcomes = await Promise.all([
      failureOf(store.compact()),
      failureOf(store.recover()),
      failureOf(store.close()),
    ])
    expect(outcomes).toEqual(['UNAVAILABLE', 'none', 'none'])
  })

  it('after a write error is refused before it begins', async () => {
    const events: string[] = []
    let fails = false
    const settle = (): Promise<void> => (fails ? Promise.reject(new Error('x')) : Promise.resolve())
    const { store } = await world({ db: ranges(events), home: { settle } })
    fails = true
    expect(await failureOf(store.commit(commitOf({ puts: { a: '2' } })))).toBe('unknown')
    expect(await failureOf(store.compact())).toBe('unavailable')
    expect(events).toEqual([])
  })
})

describe('an image', QUICK, () => {
  it('is made while nothing is written', async () => {
    const held = gate()
    const home = { image: () => held.wait.then(() => ({}) as StoreImage) }
    const { store, events } = await world({ home })
    const image = store.image!()
    await turns()
    const commit = store.commit(commitOf({ puts: { b: '1' } }))
    await turns()
    expect(events).not.toContain('settle')
    held.open()
    await Promise.all([image, commit])
    expect(events).toContain('settle')
  })

  it('is neither made of a closed store nor of one that was lost', async () => {
    const made: string[] = []
    let gone = false
    const home = (image: string): Partial<LevelHome> => ({
      image: async () => {
        made.push(image)
        return {} as StoreImage
      },
    })
    const closed = await world({ home: home('closed') })
    await closed.store.close()
    expect(await failureOf(closed.store.image!())).toBe('CLOSED')
    const lost = await world({
      home: home('lost'),
      db: (tiny) => ({ open: () => (gone ? Promise.reject(new Error('gone')) : tiny.open()) }),
    })
    gone = true
    expect(await failureOf(lost.store.recover())).toBe('UNAVAILABLE')
    expect(await failureOf(lost.store.image!())).toBe('UNAVAILABLE')
    expect(made).toEqual([])
  })
})

describe('recovering', QUICK, () => {
  it('waits for writes and reads, closes, connects, and goes on at the HEAD it finds', async () => {
    const { store, events } = await world()
    const commit = store.commit(commitOf({ puts: { b: '1' } }))
    await store.recover()
    await commit
    expect(events).toEqual(['connect', 'reserve 2', 'settle', 'close', 'connect'])
    expect(await store.head()).toBe(6n)
  })

  it('makes everything else wait', async () => {
    const held = gate()
    let again = false
    const { store, events } = await world({
      db: (tiny) => ({ open: () => (again ? held.wait.then(() => tiny.open()) : tiny.open()) }),
    })
    again = true
    const recovered = store.recover().then(() => events.push('recovered'))
    await turns()
    const calls = [
      textAt(store, 'a'),
      scanText(store, ''),
      store.head(),
      store.commit(commitOf({ puts: { b: '1' } })),
      store.compact(),
      store.recover(),
    ].map((call) => call.then(() => events.push('call')))
    await turns()
    expect(events).toEqual(['connect', 'close', 'connect'])
    held.open()
    await Promise.all([recovered, ...calls])
    expect(events.filter((event) => event === 'call')).toHaveLength(6)
  })

  it('waits for reads under way', async () => {
    const { store, events, held, read } = await reading()
    const recovered = store.recover()
    await turns()
    expect(events).toEqual(['connect'])
    held.open()
    expect(await read).toBe('1')
    await recovered
    expect(events).toEqual(['connect', 'close', 'connect'])
  })

  it('tells how many acknowledged commits are gone, and is lost then', async () => {
    const { store, db, events } = await world()
    for (let i = 0; i < 3; i++) await store.commit(commitOf({ puts: { b: `${i}` } }))
    await writeDurably(db, [{ type: 'put', key: HEAD_KEY, value: encodeHead(6n) }])
    const error = await rejected(store.recover())
    expect(error).toMatchObject({ code: 'INTEGRITY' })
    expect(error.message).toContain('lost its 2 newest acknowledged commits')
    expect(events.slice(-3)).toEqual(['close', 'connect', 'close'])
    for (const call of [store.head(), textAt(store, 'a'), store.compact()])
      expect(await failureOf(call)).toBe('INTEGRITY')
    expect(await failureOf(store.commit(commitOf({ puts: { b: 'x' } })))).toBe('unavailable')
    const before = events.length
    await store.close()
    expect(events.slice(before)).toEqual(['release'])
  })

  it('that failed is tried again without closing what is closed', async () => {
    let fails = false
    const { store, events } = await world({
      db: (tiny) => ({ open: () => (fails ? Promise.reject(new Error('gone')) : tiny.open()) }),
    })
    fails = true
    const error = await rejected(store.recover())
    expect(error.message).toContain('Reopening the store of the test')
    events.length = 0
    expect(await failureOf(store.recover())).toBe('UNAVAILABLE')
    expect(events).toEqual(['connect', 'close'])
    fails = false
    events.length = 0
    await store.recover()
    expect(events).toEqual(['connect'])
    expect(await store.commit(commitOf({ puts: { b: '1' } }))).toEqual({ version: 6n })
  })

  it('tells why reopening failed when closing fails besides', async () => {
    let fails = false
    const close = (): Promise<void> =>
      fails ? Promise.reject(new Error('no close')) : Promise.resolve()
    const { store } = await world({ db: () => ({ close }) })
    fails = true
    expect(await rejected(store.recover())).toMatchObject({ cause: new Error('no close') })
  })
})

describe('closing', QUICK, () => {
  it('waits for what is under way, closes the database, then gives back the home, once', async () => {
    const { store, events } = await world()
    const commit = store.commit(commitOf({ puts: { b: '1' } }))
    await turns(1)
    const both = [store.close(), store.close()]
    expect(both[0]).toBe(both[1])
    await Promise.all([commit, ...both])
    expect(events).toEqual(['connect', 'reserve 2', 'settle', 'close', 'release'])
  })

  it('waits for reads', async () => {
    const { store, events, held, read } = await reading()
    const closed = store.close()
    await turns()
    expect(events).toEqual(['connect'])
    held.open()
    expect(await read).toBe('1')
    await closed
  })

  it('gives back the home also when the database does not close', async () => {
    const close = (): Promise<void> => Promise.reject(new Error('no close'))
    const { store, events } = await world({ db: () => ({ close }) })
    const error = await rejected(store.close())
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause: new Error('no close') })
    expect(error.message).toContain('Closing the store of the test')
    expect(events).toEqual(['connect', 'release'])
  })

  it('refuses at once what comes later, also what waited for a recovery', async () => {
    const held = gate()
    let again = false
    const { store } = await world({
      db: (tiny) => ({ open: () => (again ? held.wait.then(() => tiny.open()) : tiny.open()) }),
    })
    again = true
    const recovered = store.recover()
    await turns()
    const waiting = textAt(store, 'a')
    const closed = store.close()
    held.open()
    expect(await failureOf(waiting)).toBe('CLOSED')
    await Promise.all([recovered, closed])
    expect(() => store.watch(() => undefined)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    const wrong = { ...commitOf({}), token: new Uint8Array(3) }
    expect(await failureOf(store.commit(wrong))).toBe('CLOSED')
  })
})

describe('watching', QUICK, () => {
  it('wakes each watcher once for each group, also when one callback watches twice', async () => {
    const { store } = await world()
    const woken: string[] = []
    const callback = (): unknown => woken.push('a')
    const stops = [store.watch(callback), store.watch(callback), store.watch(() => woken.push('b'))]
    await store.commit(commitOf({ puts: { b: '1' } }))
    await turn()
    expect(woken).toEqual(['a', 'a', 'b'])
    stops[0]!()
    await store.commit(commitOf({ puts: { b: '2' } }))
    await turn()
    expect(woken).toEqual(['a', 'a', 'b', 'a', 'b'])
  })

  it('ends with the store, also for the last commit', async () => {
    const { store } = await world()
    let woken = 0
    store.watch(() => woken++)
    await store.commit(commitOf({ puts: { b: '1' } }))
    await store.close()
    expect(woken).toBe(1)
  })
})
