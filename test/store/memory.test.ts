/** What the memory store owes beyond the contract: copies, wiped side files, an end. */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { StrongroomError } from '../../src/base/errors.ts'
import { EMBEDDED_LIMITS, PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { commitOf, failureOf, scanText } from '../../src/testing/store-suite/kit.ts'
import { createMemorySidecar, createMemoryStore } from '../../src/store/memory.ts'
import { utf8 } from '../../src/base/bytes.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
/** Where all typed arrays have their methods. */
const TYPED = Object.getPrototypeOf(Uint8Array.prototype) as Uint8Array
afterEach(() => void vi.restoreAllMocks())

describe('the memory store', () => {
  it('tells what it is', () => {
    const store = createMemoryStore()
    expect(store.limits).toBe(EMBEDDED_LIMITS)
    expect([store.ephemeral, store.multiProcess]).toEqual([true, false])
    expect(createMemoryStore({ limits: PORTABLE_LIMITS }).limits).toBe(PORTABLE_LIMITS)
  })

  it('shares no memory with its callers', async () => {
    const store = createMemoryStore()
    const [key, value] = [utf8('a'), utf8('1')]
    await store.commit({ ...commitOf({}), puts: [{ key, value }] })
    value.fill(0)
    const row = (await store.get(key))!
    row.value.fill(0)
    const [scanned] = (await store.scan({ gte: key, lt: utf8('b'), limit: 1 })).rows
    scanned!.value.fill(0)
    scanned!.key.fill(0)
    expect(await store.get(key)).toEqual({ value: utf8('1'), version: 1n })
    expect((await scanText(store, '')).rows).toEqual({ a: '1' })
  })

  it('counts commits, also empty ones; refused ones do not count', async () => {
    const store = createMemoryStore()
    expect(await store.head()).toBe(0n)
    expect(await store.commit(commitOf({}))).toEqual({ version: 1n })
    const refused = store.commit(commitOf({ checks: { a: 1n }, puts: { a: '1' } }))
    expect(await failureOf(refused)).toBe('conflict')
    expect(await scanText(store, '')).toEqual({ revision: 1n, rows: {} })
  })

  it('scans forwards unless told otherwise', async () => {
    const store = createMemoryStore()
    await store.commit(commitOf({ puts: { a: '1', b: '2', c: '3' }, dels: ['none'] }))
    const scan = async (reverse?: boolean): Promise<string> => {
      const range = { gte: utf8('a'), lt: utf8('z'), limit: 2 }
      const { rows } = await store.scan(reverse === undefined ? range : { ...range, reverse })
      return rows.map(({ key }) => Buffer.from(key).toString()).join('')
    }
    expect([await scan(), await scan(false), await scan(true)]).toEqual(['ab', 'ab', 'cb'])
    await store.commit(commitOf({ dels: ['b'] }))
    expect([await scan(), await scan(true)]).toEqual(['ac', 'ca'])
    await store.commit(commitOf({ puts: { b: 'again', c: 'again' } }))
    expect([await scan(), await scan(true)]).toEqual(['ab', 'cb'])
  })

  it('wakes each watcher after each commit, until it stops or the store ends', async () => {
    const store = createMemoryStore()
    const woken: string[] = []
    const callback = (): unknown => woken.push('a')
    const stop = store.watch!(callback)
    store.watch!(callback)
    await store.commit(commitOf({ puts: { a: '1' } }))
    await turn()
    expect(woken).toEqual(['a', 'a'])
    stop()
    await store.commit(commitOf({ puts: { a: '2' } }))
    await turn()
    expect(woken).toHaveLength(3)
  })

  it('refuses everything after its end', async () => {
    const store = createMemoryStore()
    await store.close()
    await store.close()
    const range = { gte: utf8('a'), lt: utf8('b'), limit: 1 }
    const calls = [
      store.get(utf8('a')),
      store.scan(range),
      store.commit(commitOf({})),
      store.head(),
    ]
    for (const call of calls) expect(await failureOf(call)).toBe('CLOSED')
    expect(() => store.watch!(() => undefined)).toThrow(expect.objectContaining({ code: 'CLOSED' }))
    expect(await failureOf(store.sidecar!.read('anchor'))).toBe('CLOSED')
  })
})

describe('side files in memory', () => {
  /** Which contents were overwritten with zeros since the last look. */
  function wipes(): () => string[] {
    const wiped: string[] = []
    const original = Object.getOwnPropertyDescriptor(TYPED, 'fill')!.value as Uint8Array['fill']
    vi.spyOn(TYPED, 'fill').mockImplementation(function (this: Uint8Array, value) {
      if (value === 0) wiped.push(Buffer.from(this).toString())
      return original.call(this, value)
    })
    return () => wiped.splice(0)
  }

  it('are copies both ways', async () => {
    const sidecar = createMemorySidecar()
    const content = utf8('one')
    await sidecar.write('anchor', content)
    content[0] = 0
    const read = (await sidecar.read('anchor'))!
    expect(read).toEqual(utf8('one'))
    read[0] = 0
    expect(await sidecar.read('anchor')).toEqual(utf8('one'))
    expect(await sidecar.read('erase')).toBe(undefined)
    await sidecar.write('erase', new Uint8Array(0))
    expect(await sidecar.read('erase')).toEqual(new Uint8Array(0))
  })

  it('are wiped when they are replaced, and at the end', async () => {
    const sidecar = createMemorySidecar()
    const wiped = wipes()
    await sidecar.write('anchor', utf8('one'))
    await sidecar.write('erase', utf8('key'))
    expect(wiped()).toEqual([])
    await sidecar.write('anchor', utf8('two'))
    expect(wiped()).toEqual(['one'])
    await sidecar.scrub('anchor')
    expect(wiped()).toEqual([])
    await sidecar.close()
    expect(wiped().sort()).toEqual(['key', 'two'])
    await sidecar.close()
    expect(wiped()).toEqual([])
  })

  it('are refused after the end', async () => {
    const sidecar = createMemorySidecar()
    await sidecar.close()
    const calls = [
      sidecar.read('anchor'),
      sidecar.write('anchor', utf8('late')),
      sidecar.scrub('anchor'),
    ]
    for (const call of calls)
      expect(((await call.catch((error: unknown) => error)) as StrongroomError).code).toBe('CLOSED')
  })
})
