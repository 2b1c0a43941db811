/** A database of the caller's own, and how ours is written: docs/formats/store.md. */
import { describe, expect, it, vi } from 'vitest'
import type { LevelDatabase, Operation } from '../../src/store/level/database.ts'
import type { Sidecar } from '../../src/store/store.ts'
import { HEAD_KEY, encodeHead } from '../../src/store/level/codec.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { VIEW, writeDurably } from '../../src/store/level/database.ts'
import { claim } from '../../src/store/level/registry.ts'
import { commitOf, failureOf, scanText } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'
import { fromLevel, tellsDamage } from '../../src/store/level/errors.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { StoreError } from '../../src/store/store.ts'
import { tinyLevel } from './tiny-level.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { StrongroomError } from '../../src/base/errors.ts'

/** A tiny database that tells how it is opened, and what is read and written. */
function observed(parts: Partial<LevelDatabase> = {}): { db: LevelDatabase; events: string[] } {
  const events: string[] = []
  const tiny = tinyLevel()
  const db: LevelDatabase = {
    ...tiny,
    open: async (options) => {
      events.push(`open ${JSON.stringify(options)}`)
      await tiny.open()
    },
    batch: () => {
      events.push('batch')
      return tiny.batch()
    },
    ...parts,
  }
  return { db, events }
}

describe('a given database', () => {
  it('that is new gets its HEAD, once; reopened it must be there', async () => {
    const { db, events } = observed()
    const store = await openLevelStore({ db })
    expect(events).toEqual(['open {}', 'batch'])
    expect(await store.head()).toBe(0n)
    await store.recover()
    expect(events).toEqual(['open {}', 'batch', 'open {"createIfMissing":false}'])
    await store.close()
  })

  it('that was emptied behind the back of its store is not taken for a new one', async () => {
    const { db } = observed()
    const store = await openLevelStore({ db })
    await writeDurably(db, [{ type: 'del', key: HEAD_KEY }])
    const error: unknown = await store.recover().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INTEGRITY' })
    await store.close()
  })

  it('is called so where it fails', async () => {
    const { db } = observed({ open: () => Promise.reject(new Error('no')) })
    await expect(openLevelStore({ db })).rejects.toThrow('the store in the given database failed')
  })

  it('keeps the HEAD it has', async () => {
    const { db, events } = observed()
    await db.open()
    await writeDurably(db, [{ type: 'put', key: HEAD_KEY, value: encodeHead(7n) }])
    events.length = 0
    const store = await openLevelStore({ db })
    expect(events).toEqual(['open {}'])
    expect(await store.head()).toBe(7n)
    await store.close()
  })

  it.each([
    ['the first possible key', Uint8Array.of(0, 0)],
    ['a row of ours', Uint8Array.of(1, 97)],
    ['text', utf8('key')],
    ['the last text', Uint8Array.of(0xf4, 0x8f, 0xbf, 0xbf)],
  ])('without HEAD but with %s is not taken', async (_what, key) => {
    const { db, events } = observed()
    await db.open()
    await writeDurably(db, [{ type: 'put', key, value: utf8('x') }])
    events.length = 0
    expect(await failureOf(openLevelStore({ db }))).toBe('INTEGRITY')
    expect(events).toEqual(['open {}'])
    // It is nobody's now: another attempt tells the same.
    expect(await failureOf(openLevelStore({ db }))).toBe('INTEGRITY')
  })

  it('is read as bytes, whatever its own encodings', async () => {
    const asked = new Set<unknown>()
    const tiny = tinyLevel()
    const { db } = observed({
      get: (key, options) => {
        asked.add(`${options.keyEncoding} ${options.valueEncoding}`)
        return tiny.get(key, options)
      },
      iterator: (options) => {
        asked.add(`${options.keyEncoding} ${options.valueEncoding}`)
        return tiny.iterator(options)
      },
      open: () => tiny.open(),
      batch: () => tiny.batch(),
    })
    const store = await openLevelStore({ db })
    await scanText(store, '')
    await store.close()
    expect([...asked]).toEqual(['view view'])
  })

  it('belongs to one store at a time', async () => {
    const { db } = observed()
    const store = await openLevelStore({ db })
    expect(await failureOf(openLevelStore({ db }))).toBe('STORE_LOCKED')
    await store.close()
    await (await openLevelStore({ db })).close()
  })

  it('has side files in memory when it is in memory itself, which end with the store', async () => {
    const { db } = observed()
    const store = await openLevelStore({ db, limits: PORTABLE_LIMITS })
    expect(store.limits).toBe(PORTABLE_LIMITS)
    await store.sidecar!.write('anchor', utf8('x'))
    await store.close()
    expect(await failureOf(store.sidecar!.read('anchor'))).toBe('CLOSED')
  })

  it('has those that are given, or none when it lasts', async () => {
    const supports = { explicitSnapshots: false, permanence: true }
    const lasting = await openLevelStore({ db: observed({ supports }).db })
    expect([lasting.sidecar, lasting.ephemeral]).toEqual([undefined, false])
    await lasting.close()
    const sidecar = {} as Sidecar
    for (const parts of [{}, { supports }]) {
      const store = await openLevelStore({ db: observed(parts).db, sidecar })
      expect(store.sidecar).toBe(sidecar)
      await store.close()
    }
  })
})

describe('a batch', () => {
  /** What a batch was told, in order. */
  function batches(fails?: Error): { db: LevelDatabase; told: unknown[][] } {
    const told: unknown[][] = []
    const batch: LevelDatabase['batch'] = () => ({
      put: (...args) => {
        if (fails) throw fails
        told.push(['put', ...args])
      },
      del: (...args) => told.push(['del', ...args]),
      write: async (...args) => void told.push(['write', ...args]),
      close: async () => void told.push(['close']),
    })
    return { db: { ...tinyLevel(), batch }, told }
  }
  const [key, value] = [utf8('key'), utf8('value')]
  const operations: Operation[] = [
    { type: 'put', key, value },
    { type: 'del', key },
  ]

  it('is of bytes, and synced', async () => {
    const { db, told } = batches()
    await writeDurably(db, operations)
    expect(told).toEqual([
      ['put', key, value, { keyEncoding: 'view', valueEncoding: 'view' }],
      ['del', key, { keyEncoding: 'view', valueEncoding: 'view' }],
      ['write', { sync: true }],
    ])
    expect(VIEW).toEqual({ keyEncoding: 'view', valueEncoding: 'view' })
  })

  it('that cannot be put together is closed and not written', async () => {
    const { db, told } = batches(new Error('full'))
    await expect(writeDurably(db, operations)).rejects.toThrow('full')
    expect(told).toEqual([['close']])
  })
})

describe('what LevelDB tells', () => {
  /** An error so many causes below another. */
  const below = (depth: number, error: unknown): unknown =>
    depth === 0 ? error : new Error('outer', { cause: below(depth - 1, error) })
  const coded = (code: string): Error => Object.assign(new Error('x'), { code })
  const codeOf = (error: unknown): string => (fromLevel(error, 'Opening') as StrongroomError).code

  it('is looked for in the causes, five deep', () => {
    expect(codeOf(below(4, coded('LEVEL_LOCKED')))).toBe('STORE_LOCKED')
    expect(codeOf(below(5, coded('LEVEL_LOCKED')))).toBe('UNAVAILABLE')
    expect(codeOf(below(1, { code: 'LEVEL_LOCKED' }))).toBe('UNAVAILABLE')
    expect(codeOf(undefined)).toBe('UNAVAILABLE')
  })

  it('is damage where it says so', () => {
    expect(tellsDamage(below(1, coded('LEVEL_CORRUPTION')))).toBe(true)
    expect(tellsDamage(below(1, new Error('IO error: 5.ldb: Invalid argument')))).toBe(true)
    for (const code of ['LEVEL_IO_ERROR', 'LEVEL_LOCKED', 'toString'])
      expect(tellsDamage(coded(code))).toBe(false)
  })

  it('is said in our words, and ours pass through', () => {
    const cause = coded('LEVEL_IO_ERROR')
    const error = fromLevel(cause, 'Opening')
    expect(error).toMatchObject({ code: 'UNAVAILABLE', cause })
    expect(error.message).toMatch(/^Opening failed\. The disk is full/)
    expect(fromLevel(error, 'Closing')).toBe(error)
    const refused = new StoreError('conflict', 'x')
    expect(fromLevel(refused, 'Closing')).toBe(refused)
    expect(fromLevel(coded('OTHER'), 'Reading').message).toBe('Reading failed. See the cause.')
  })
})

describe('the stores of a process', () => {
  it('are known to each copy of this package', async () => {
    const directory = freshDirectory()
    const release = await claim(directory, directory)
    expect(Reflect.get(globalThis, Symbol.for('strongroom.store.level.open'))).toBeInstanceOf(Set)
    vi.resetModules()
    const copy = await import('../../src/store/level/registry.ts')
    expect(copy.claim).not.toBe(claim)
    await expect(copy.claim(directory, directory)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    const other = freshDirectory()
    ;(await copy.claim(other, other))()
    release()
    ;(await copy.claim(directory, directory))()
  })
})

it('a commit to a given database is there after it was closed and opened again', async () => {
  const { db } = observed()
  const store = await openLevelStore({ db })
  await store.commit(commitOf({ puts: { a: '1' } }))
  await store.close()
  const again = await openLevelStore({ db })
  expect(await scanText(again, '')).toEqual({ revision: 1n, rows: { a: '1' } })
  await again.close()
})
