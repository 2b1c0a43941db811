/** get and scan. */
import type { SuiteCase } from './kit.ts'
import { commitOf, scanText, textAt, textRows, versionAt } from './kit.ts'
import { toHex, utf8 } from '../../base/bytes.ts'

const ALL = { gte: new Uint8Array(0), lt: Uint8Array.of(0xff, 0xff, 0xff), limit: 1000 }
const LETTERS = { a: '1', b: '2', c: '3', d: '4', e: '5' }

export const READS: readonly SuiteCase[] = [
  {
    name: 'answers undefined for a key that was never put',
    run: async ({ open, expect }) => {
      const store = await open()
      expect(await store.get(utf8('nothing'))).toBe(undefined)
      expect((await store.scan(ALL)).rows).toEqual([])
    },
  },
  {
    name: 'reads what was put, at the version of its commit',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version } = await store.commit(commitOf({ puts: { a: 'alpha', b: '' } }))
      expect(await textAt(store, 'a')).toBe('alpha')
      expect(await versionAt(store, 'a')).toBe(version)
      // An empty value is a value.
      expect(await textAt(store, 'b')).toBe('')
    },
  },
  {
    name: 'hands out plain copies that the caller may change',
    run: async ({ open, expect }) => {
      const store = await open()
      await store.commit(commitOf({ puts: { a: 'alpha' } }))
      const read = (await store.get(utf8('a')))!.value
      const [row] = (await store.scan(ALL)).rows
      for (const bytes of [read, row!.value, row!.key]) {
        expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype)
        expect(bytes.buffer.byteLength).toBe(bytes.length)
        bytes.fill(0)
      }
      expect((await scanText(store, 'a')).rows).toEqual({ a: 'alpha' })
    },
  },
  {
    name: 'copies what it is given before the call returns',
    run: async ({ open, expect }) => {
      const store = await open()
      const key = utf8('a')
      const value = utf8('alpha')
      const gone = utf8('gone')
      await store.commit(commitOf({ puts: { gone: 'x' } }))
      const done = store.commit({ ...commitOf({}), puts: [{ key, value }], dels: [gone] })
      key.fill(0x7a)
      value.fill(0x7a)
      gone.fill(0x7a)
      await done
      expect((await scanText(store, '')).rows).toEqual({ a: 'alpha' })
    },
  },
  {
    name: 'takes Buffers and views into larger memory',
    run: async ({ open, expect }) => {
      const store = await open()
      const memory = utf8('__key__value__')
      const put = { key: memory.subarray(2, 5), value: memory.subarray(7, 12) }
      await store.commit({ ...commitOf({}), puts: [put] })
      expect(await textAt(store, 'key')).toBe('value')
    },
  },
  {
    name: 'scans in byte order, shorter before longer',
    run: async ({ open, expect }) => {
      const store = await open()
      const keys = ['00', '0000', '0001', '01', '7f', '80', 'c3a4', 'fe', 'ff', 'ff00']
      const mixed = [...keys].sort((a, b) => (a.at(-1)! < b.at(-1)! ? -1 : 1))
      const puts = mixed.map((hex) => ({ key: bytes(hex), value: utf8(hex) }))
      await store.commit({ ...commitOf({}), puts })
      const up = await store.scan(ALL)
      expect(up.rows.map(({ key }) => toHex(key))).toEqual(keys)
      const down = await store.scan({ ...ALL, reverse: true })
      expect(down.rows.map(({ key }) => toHex(key))).toEqual(keys.toReversed())
    },
  },
  {
    name: 'bounds a scan: from gte on, up to but without lt',
    run: async ({ open, expect }) => {
      const store = await open()
      await store.commit(commitOf({ puts: LETTERS }))
      const range = async (gte: string, lt: string, reverse = false) =>
        Object.keys(
          textRows((await store.scan({ gte: utf8(gte), lt: utf8(lt), limit: 9, reverse })).rows),
        ).join('')
      expect(await range('b', 'd')).toBe('bc')
      expect(await range('b', 'd', true)).toBe('cb')
      expect(await range('aa', 'dd')).toBe('bcd')
      expect(await range('', 'c')).toBe('ab')
      expect(await range('c', 'c')).toBe('')
      expect(await range('d', 'b')).toBe('')
      expect(await range('a', '')).toBe('')
      expect(await range('e', 'z', true)).toBe('e')
    },
  },
  {
    name: 'limits a scan to its first rows, in either direction',
    run: async ({ open, expect }) => {
      const store = await open()
      await store.commit(commitOf({ puts: LETTERS }))
      const limited = async (limit: number, reverse: boolean) =>
        Object.keys(textRows((await store.scan({ ...ALL, limit, reverse })).rows)).join('')
      expect(await limited(2, false)).toBe('ab')
      expect(await limited(2, true)).toBe('ed')
      expect(await limited(5, false)).toBe('abcde')
      expect(await limited(0, false)).toBe('')
    },
  },
  {
    name: 'walks a large range page by page without a gap',
    run: async ({ open, expect }) => {
      const store = await open()
      const names = Array.from({ length: 250 }, (_, i) => `row-${String(i).padStart(4, '0')}`)
      const perCommit = Math.min(50, store.limits.maxOps)
      for (let i = 0; i < names.length; i += perCommit) {
        const puts = Object.fromEntries(names.slice(i, i + perCommit).map((name) => [name, name]))
        await store.commit(commitOf({ puts }))
      }
      const seen: string[] = []
      let gte = utf8('row-')
      for (let rows = 1; rows > 0;) {
        const page = Object.keys(
          textRows((await store.scan({ gte, lt: utf8('row.'), limit: 17 })).rows),
        )
        seen.push(...page)
        rows = page.length
        if (rows > 0) gte = utf8(`${page.at(-1)}\0`)
      }
      expect(seen).toEqual(names)
    },
  },
  {
    name: 'tells the revision of a scan and the version of each row',
    run: async ({ open, expect }) => {
      const store = await open()
      const first = await store.commit(commitOf({ puts: { a: '1' } }))
      const second = await store.commit(commitOf({ puts: { b: '2' } }))
      const { revision, rows } = await store.scan(ALL)
      expect(revision).toBe(second.version)
      expect(revision).toBe(await store.head())
      expect(rows.map(({ version }) => version)).toEqual([first.version, second.version])
    },
  },
]

const bytes = (hex: string): Uint8Array => {
  const pairs = hex.match(/../g) ?? []
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16))
}
