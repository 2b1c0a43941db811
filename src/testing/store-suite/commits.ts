/** commit: checks, atomicity, versions, bounds. */
import type { Commit, Store } from '../../store/store.ts'
import type { CaseContext, SuiteCase } from './kit.ts'
import { commitOf, failureOf, scanText, textAt, versionAt } from './kit.ts'
import { equalBytes, utf8 } from '../../base/bytes.ts'

export const COMMITS: readonly SuiteCase[] = [
  {
    name: 'deletes; deleting what is not there is no error',
    run: async ({ open, expect }) => {
      const store = await open()
      await store.commit(commitOf({ puts: { a: '1', b: '2' } }))
      await store.commit(commitOf({ dels: ['a', 'never'] }))
      expect(await store.get(utf8('a'))).toBe(undefined)
      expect((await scanText(store, '')).rows).toEqual({ b: '2' })
    },
  },
  {
    name: 'gives every put of a commit one version, above all before it',
    run: async ({ open, expect }) => {
      const store = await open()
      let last = await store.head()
      for (let i = 0; i < 5; i++) {
        const { version } = await store.commit(commitOf({ puts: { a: `${i}`, [`b${i}`]: 'x' } }))
        expect(version > last).toBe(true)
        expect([await versionAt(store, 'a'), await versionAt(store, `b${i}`)]).toEqual([
          version,
          version,
        ])
        expect(await store.head()).toBe(version)
        last = version
      }
    },
  },
  {
    name: 'gives a key that was deleted and made again a version it never had',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version: first } = await store.commit(commitOf({ puts: { a: '1' } }))
      await store.commit(commitOf({ dels: ['a'] }))
      const { version: second } = await store.commit(commitOf({ puts: { a: '1' } }))
      expect(second > first).toBe(true)
      const stale = store.commit(commitOf({ checks: { a: first }, puts: { a: '2' } }))
      expect(await failureOf(stale)).toBe('conflict')
    },
  },
  {
    name: 'commits when every check holds',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version } = await store.commit(
        commitOf({ checks: { a: 0n, b: 0n }, puts: { a: '1', b: '1' } }),
      )
      await store.commit(commitOf({ checks: { a: version, c: 0n }, puts: { a: '2' } }))
      expect(await textAt(store, 'a')).toBe('2')
    },
  },
  {
    name: 'refuses a check that does not hold: exists, is gone, or is at another version',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version } = await store.commit(commitOf({ puts: { a: '1' } }))
      await store.commit(commitOf({ puts: { other: 'x' } }))
      const cases = [{ a: 0n }, { b: version }, { a: version - 1n }, { a: version + 1n }]
      for (const checks of cases) {
        const attempt = store.commit(commitOf({ checks, puts: { made: 'x' } }))
        expect(await failureOf(attempt)).toBe('conflict')
      }
      expect((await scanText(store, '')).rows).toEqual({ a: '1', other: 'x' })
    },
  },
  {
    name: 'checks without writing',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version } = await store.commit(commitOf({ puts: { a: '1' } }))
      expect(await failureOf(store.commit(commitOf({ checks: { a: version } })))).toBe('none')
      expect(await failureOf(store.commit(commitOf({ checks: { a: 0n } })))).toBe('conflict')
      expect(await versionAt(store, 'a')).toBe(version)
    },
  },
  {
    name: 'does all of a commit or nothing of it',
    run: async ({ open, expect }) => {
      const store = await open()
      const { version } = await store.commit(commitOf({ puts: { a: '1', b: '1', c: '1' } }))
      const head = await store.head()
      const changes = { puts: { a: '2', new: '2' }, dels: ['b'] }
      const refused = store.commit(commitOf({ checks: { a: version, c: 0n }, ...changes }))
      expect(await failureOf(refused)).toBe('conflict')
      expect((await scanText(store, '')).rows).toEqual({ a: '1', b: '1', c: '1' })
      expect(await store.head()).toBe(head)
      await store.commit(commitOf({ checks: { a: version, c: version }, ...changes }))
      expect((await scanText(store, '')).rows).toEqual({ a: '2', c: '1', new: '2' })
    },
  },
  {
    name: 'fails only the commit whose check failed when many wait together',
    run: async ({ open, expect }) => {
      const store = await open()
      const outcomes = await Promise.all(
        Array.from({ length: 40 }, (_, i) =>
          failureOf(
            store.commit(
              commitOf({ checks: { [`k${i % 20}`]: 0n }, puts: { [`k${i % 20}`]: `${i}` } }),
            ),
          ),
        ),
      )
      expect(outcomes.filter((outcome) => outcome === 'none').length).toBe(20)
      expect(outcomes.filter((outcome) => outcome === 'conflict').length).toBe(20)
      const { rows } = await scanText(store, 'k')
      for (const [key, value] of Object.entries(rows)) {
        expect(outcomes[Number(value)]).toBe('none')
        expect(key).toBe(`k${Number(value) % 20}`)
      }
    },
  },
  {
    name: 'reads its own writes at once',
    run: async ({ open, expect }) => {
      const store = await open()
      for (let i = 0; i < 50; i++) {
        const { version } = await store.commit(commitOf({ puts: { a: `${i}` } }))
        expect(await textAt(store, 'a')).toBe(`${i}`)
        expect((await store.scan({ gte: utf8('a'), lt: utf8('b'), limit: 1 })).revision).toBe(
          version,
        )
      }
    },
  },
  {
    name: 'takes what its limits allow, to the last byte',
    run: async ({ open, expect }) => {
      const store = await open()
      const { maxKeyBytes, maxValueBytes, maxOps } = store.limits
      const key = new Uint8Array(maxKeyBytes).fill(0xff)
      const value = new Uint8Array(maxValueBytes).fill(0xff)
      await store.commit({ ...commitOf({}), puts: [{ key, value }] })
      expect(equalBytes((await store.get(key))!.value, value)).toBe(true)
      const many = Array.from({ length: maxOps }, (_, i) => `n${i}`)
      await store.commit(commitOf({ puts: Object.fromEntries(many.map((name) => [name, ''])) }))
      expect(Object.keys((await scanText(store, 'n')).rows).length).toBe(maxOps)
    },
  },
  {
    name: 'refuses what goes beyond its limits, with a code and without a trace',
    run: refusesBeyondLimits,
  },
  {
    name: 'refuses malformed input with a code',
    run: refusesMalformed,
  },
]

async function refusesBeyondLimits({ open, expect }: CaseContext): Promise<void> {
  const store = await open()
  const { maxKeyBytes, maxValueBytes, maxOps } = store.limits
  const one = { key: utf8('a'), value: utf8('1') }
  const long = { key: new Uint8Array(maxKeyBytes + 1).fill(1), value: utf8('1') }
  const large = { key: utf8('b'), value: new Uint8Array(maxValueBytes + 1) }
  const beyond: Partial<Commit>[] = [
    { puts: [one, long] },
    { puts: [one, large] },
    { puts: [one], dels: [long.key] },
    { puts: [one], checks: [{ key: long.key, version: 0n }] },
    { puts: [one], dels: Array.from({ length: maxOps }, (_, i) => utf8(`n${i}`)) },
    { puts: [one, ...tooManyBytes(store)] },
  ]
  for (const parts of beyond)
    expect(await failureOf(store.commit({ ...commitOf({}), ...parts }))).toBe('LIMIT_EXCEEDED')
  expect(await failureOf(store.get(long.key))).toBe('LIMIT_EXCEEDED')
  expect((await scanText(store, '')).rows).toEqual({})
}

/** Values that are each allowed and together one byte too many. */
function tooManyBytes(store: Store): Commit['puts'] {
  const { maxCommitBytes, maxValueBytes } = store.limits
  const value = new Uint8Array(maxValueBytes)
  const count = Math.ceil(maxCommitBytes / maxValueBytes)
  return Array.from({ length: count }, (_, i) => ({ key: utf8(`n${i}`), value }))
}

async function refusesMalformed({ open, expect }: CaseContext): Promise<void> {
  const store = await open()
  const one = { key: utf8('a'), value: utf8('1') }
  const empty = new Uint8Array(0)
  const malformed: Partial<Commit>[] = [
    { puts: [{ key: empty, value: utf8('1') }] },
    { puts: [one], dels: [empty] },
    { puts: [one], token: new Uint8Array(15) },
    // Engines disagree about what a key that is written twice in one commit becomes.
    { puts: [one, { key: utf8('a'), value: utf8('2') }] },
    { puts: [one], dels: [utf8('a')] },
    { puts: [{ key: 'a' as unknown as Uint8Array, value: utf8('1') }] },
    { puts: [one], checks: [{ key: utf8('b'), version: -1n }] },
    { puts: [one], checks: [{ key: utf8('b'), version: 0 as unknown as bigint }] },
  ]
  for (const parts of malformed)
    expect(await failureOf(store.commit({ ...commitOf({}), ...parts }))).toBe('INVALID_ARGUMENT')
  for (const limit of [-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])
    expect(await failureOf(store.scan({ gte: empty, lt: utf8('z'), limit }))).toBe(
      'INVALID_ARGUMENT',
    )
  expect((await scanText(store, '')).rows).toEqual({})
}
