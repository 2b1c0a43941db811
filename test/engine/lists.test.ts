/** Lists: every item once, in order, whatever comes and goes between the pages; tokens are good for their list alone. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Spec } from '../../src/domain/algorithms.ts'
import type { Key, ListKeysInput, Page, Paged } from '../../src/engine/api.ts'
import { codeOf, stage, type Stage } from './support.ts'

/** More than two scans of 128 rows. */
const KEYS = 300
const ORDERS = ['ASC', 'DESC'] as const
const SORTS = ['TIMECREATED', 'DISPLAYNAME'] as const
const SORTINGS = SORTS.flatMap((sortBy) => ORDERS.map((sortOrder) => ({ sortBy, sortOrder })))

type List<T> = (paged: Paged) => Promise<Page<T>>

/** Every item of a list, page by page; `between` runs after each page. */
async function all<T>(list: List<T>, limit: number, between = async (): Promise<unknown> => 0) {
  const items: T[] = []
  let page = await list({ limit })
  for (let pages = 1; ; pages++) {
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    if (page.nextPage === undefined) return items
    expect(page.items).toHaveLength(limit)
    expect(pages).toBeLessThan(2000)
    await between()
    page = await list({ limit, pageToken: page.nextPage })
  }
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
const reversed = <T>(items: readonly T[], order: string): T[] =>
  order === 'DESC' ? [...items].reverse() : [...items]
const idsOf = (items: readonly { readonly id: string }[]): string[] => items.map(({ id }) => id)

const SPECS: readonly Spec[] = ['AES_256', 'AES_128', 'EC_P256', 'HMAC_512', 'ED25519', 'AES_192']
let on: Stage
let keys: readonly Key[]
beforeAll(async () => {
  on = await stage()
  const made: Key[] = []
  for (let i = 0; i < KEYS; i++)
    made.push(
      await on.room.createKey({
        vaultId: on.vaultId,
        // Names in another order than time, some of them twice.
        displayName: `key ${(i * 7919) % 97}`,
        spec: SPECS[i % SPECS.length]!,
        compartmentId: i % 3 === 0 ? 'east' : 'west',
        protectionMode: i % 5 === 0 ? 'SOFTWARE' : 'HSM',
      }),
    )
  keys = made
  return () => on.room.close()
})
const listKeys =
  (query: Partial<ListKeysInput> = {}): List<Key> =>
  (paged) =>
    on.room.listKeys({ vaultId: on.vaultId, ...query, ...paged })

/** What a list must show, computed from the keys themselves. */
function sorted(found: readonly Key[], sortBy: string, sortOrder: string): string[] {
  const byName = [...found].sort(
    (a, b) => compare(a.displayName, b.displayName) || compare(a.id, b.id),
  )
  return idsOf(reversed(sortBy === 'DISPLAYNAME' ? byName : found, sortOrder))
}

describe('keys', () => {
  describe.each(SORTINGS)('by $sortBy $sortOrder', ({ sortBy, sortOrder }) => {
    test.each([37, 128, 299, 300, 1000])('in pages of %i', async (limit) => {
      const found = await all(listKeys({ sortBy, sortOrder }), limit)
      expect(idsOf(found)).toEqual(sorted(keys, sortBy, sortOrder))
    })
  })

  test('by default the newest first, names from A', async () => {
    expect(idsOf(await all(listKeys(), 100))).toEqual(sorted(keys, 'TIMECREATED', 'DESC'))
    const byName = await all(listKeys({ sortBy: 'DISPLAYNAME' }), 100)
    expect(idsOf(byName)).toEqual(sorted(keys, 'DISPLAYNAME', 'ASC'))
    expect((await on.room.listKeys({ vaultId: on.vaultId })).items).toHaveLength(100)
  })

  const FILTERS: readonly (readonly [Partial<ListKeysInput>, (key: Key, i: number) => boolean])[] =
    [
      [{ compartmentId: 'east' }, (key) => key.compartmentId === 'east'],
      [{ compartmentId: 'nowhere' }, () => false],
      [{ protectionMode: 'SOFTWARE' }, (key) => key.protectionMode === 'SOFTWARE'],
      [{ protectionMode: 'EXTERNAL' }, () => false],
      [{ algorithm: 'AES' }, (key) => key.spec.startsWith('AES')],
      [{ algorithm: 'ECDSA' }, (key) => key.spec === 'EC_P256'],
      [{ algorithm: 'ED25519' }, (key) => key.spec === 'ED25519'],
      [{ algorithm: 'HMAC' }, (key) => key.spec === 'HMAC_512'],
      [{ algorithm: 'RSA' }, () => false],
      [{ length: 16 }, (key) => key.spec === 'AES_128'],
      [{ length: 64 }, (key) => key.spec === 'HMAC_512'],
      [{ length: 32 }, (key) => ['AES_256', 'EC_P256', 'ED25519'].includes(key.spec)],
      [{ algorithm: 'AES', length: 32 }, (key) => key.spec === 'AES_256'],
      [{ curve: 'P-256' }, (key) => key.spec === 'EC_P256'],
      [{ curve: 'Ed25519' }, (key) => key.spec === 'ED25519'],
      [{ curve: 'P-521' }, () => false],
      [
        { compartmentId: 'west', protectionMode: 'HSM', algorithm: 'AES' },
        (key) =>
          key.compartmentId === 'west' &&
          key.protectionMode === 'HSM' &&
          key.spec.startsWith('AES'),
      ],
    ]
  test.each(FILTERS)('that match %j', async (query, wanted) => {
    for (const sorting of SORTINGS) {
      const found = await all(listKeys({ ...query, ...sorting }), 40)
      const expected = sorted(keys.filter(wanted), sorting.sortBy, sorting.sortOrder)
      expect(idsOf(found)).toEqual(expected)
    }
  })

  test('with the longest names that there can be', async () => {
    const { room, vaultId } = await stage()
    const names = ['\u{10FFFF}'.repeat(127), '\uFFFD'.repeat(255), 'z'.repeat(255), 'é']
    for (const displayName of names) await room.createKey({ vaultId, displayName, spec: 'AES_256' })
    for (const sorting of SORTINGS) {
      const list: List<Key> = (paged) => room.listKeys({ vaultId, ...sorting, ...paged })
      expect(new Set((await all(list, 1)).map((key) => key.displayName))).toEqual(new Set(names))
    }
    await room.close()
  })
})

describe('while things come and go', () => {
  test.each(SORTINGS)('keys by $sortBy $sortOrder: those of before, once each', async (sorting) => {
    const { room, vaultId, clock } = await stage()
    const make = async (name: string): Promise<string> =>
      (await room.createKey({ vaultId, displayName: name, spec: 'AES_256' })).id
    const before: string[] = []
    for (let i = 0; i < 40; i++) before.push(await make(`m ${i % 10}`))
    let turn = 0
    const between = async (): Promise<void> => {
      clock.advance({ milliseconds: 1 })
      for (const name of ['a', 'm 5', 'z']) await make(name)
      // What is changed, moved or destroyed between two pages keeps its place.
      await room.updateKey({ keyId: before[turn]!, description: 'seen' })
      await room.destroyKey({ keyId: before[39 - turn++]! })
    }
    const list: List<Key> = (paged) => room.listKeys({ vaultId, ...sorting, ...paged })
    const found = idsOf(await all(list, 7, async () => (turn < 4 ? between() : 0)))
    expect(new Set(found).size).toBe(found.length)
    const seen = new Set(found)
    expect(before.filter((id) => !seen.has(id))).toEqual([])
    await room.close()
  })

  test('aliases that go away between pages take nobody along', async () => {
    const { room, vaultId } = await stage()
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
    const names = Array.from({ length: 30 }, (_, i) => `alias/${String(i).padStart(2, '0')}`)
    for (const name of names) await room.createAlias({ keyId, name })
    const list: List<{ name: string }> = (paged) => room.listAliases({ vaultId, ...paged })
    const gone = ['alias/04', 'alias/12', 'alias/17']
    const between = async (): Promise<void> => {
      const name = gone.shift()
      if (name !== undefined) await room.deleteAlias({ vaultId, name })
    }
    const found = (await all(list, 5, between)).map(({ name }) => name)
    // 04 had been shown; 12 and 17 went before their turn.
    expect(found).toEqual(names.filter((name) => name !== 'alias/12' && name !== 'alias/17'))
    await room.close()
  })
})

describe('other lists', () => {
  test('vaults, also those of one moment', async () => {
    const { room, clock, vaultId } = await stage()
    const made = [await room.getVault({ vaultId })]
    for (let i = 0; i < 12; i++) {
      if (i % 4 === 0) clock.advance({ seconds: 1 })
      const compartmentId = i % 2 === 0 ? 'root' : 'other'
      made.push(await room.createVault({ displayName: `v ${i % 5}`, compartmentId }))
    }
    for (const { sortBy, sortOrder } of SORTINGS)
      for (const compartmentId of [undefined, 'other']) {
        const filter = compartmentId === undefined ? {} : { compartmentId }
        const list: List<Key> = (paged) =>
          room.listVaults({ sortBy, sortOrder, ...filter, ...paged }) as never
        const wanted = made.filter(
          (one) => (compartmentId ?? one.compartmentId) === one.compartmentId,
        )
        const word = (one: (typeof made)[number]): string =>
          sortBy === 'DISPLAYNAME' ? one.displayName : one.createdAt.toISOString()
        const expected = wanted.sort((a, b) => compare(word(a), word(b)) || compare(a.id, b.id))
        expect(idsOf(await all(list, 4))).toEqual(idsOf(reversed(expected, sortOrder)))
      }
    await room.close()
  })

  test('versions and rotations, over several scans', async () => {
    const { room, vaultId } = await stage()
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_128' })
    const made = [1]
    for (let i = 2; i <= 290; i++) made.push((await room.createKeyVersion({ keyId })).number)
    for (const sortOrder of ORDERS)
      for (const limit of [50, 128, 1000]) {
        const versions: List<{ number: number }> = (paged) =>
          room.listKeyVersions({ keyId, sortOrder, ...paged })
        const numbers = (await all(versions, limit)).map(({ number }) => number)
        expect(numbers).toEqual(reversed(made, sortOrder))
        const rotations: List<{ number: number }> = (paged) =>
          room.listRotations({ keyId, sortOrder, ...paged })
        const rotated = (await all(rotations, limit)).map(({ number }) => number)
        expect(rotated).toEqual(reversed(made.slice(1), sortOrder))
      }
    await room.close()
  })
})

describe('page tokens', () => {
  const tokenOf = async (query: Partial<ListKeysInput> = {}): Promise<string> =>
    (await listKeys(query)({ limit: 5 })).nextPage!
  const use = (pageToken: string, query: Partial<ListKeysInput> = {}) =>
    codeOf(listKeys(query)({ limit: 5, pageToken }))

  test('serve the same question, whoever asks and however many he wants', async () => {
    const pageToken = await tokenOf({ algorithm: 'AES' })
    for (const limit of [1, 5, 1000])
      expect(await codeOf(listKeys({ algorithm: 'AES', limit })({ pageToken }))).toBe('ok')
    expect(await use(pageToken, { algorithm: 'AES', principal: 'owner' })).toBe('ok')
  })

  test('serve no other question', async () => {
    const pageToken = await tokenOf({ algorithm: 'AES' })
    const others: readonly Partial<ListKeysInput>[] = [
      {},
      { algorithm: 'HMAC' },
      { algorithm: 'AES', length: 32 },
      { algorithm: 'AES', sortBy: 'DISPLAYNAME' },
      { algorithm: 'AES', sortOrder: 'ASC' },
      { algorithm: 'AES', compartmentId: 'east' },
    ]
    for (const query of others) expect(await use(pageToken, query)).toBe('INVALID_PAGE_TOKEN')
  })

  test('serve no other list, vault or room', async () => {
    const pageToken = await tokenOf()
    const { room, vaultId } = on
    const other = await room.createVault({ displayName: 'other' })
    const elsewhere = await stage()
    const calls = [
      room.listKeys({ vaultId: other.id, pageToken }),
      room.listVaults({ pageToken }),
      room.listAliases({ vaultId, pageToken }),
      room.listKeyVersions({ keyId: keys[0]!.id, pageToken }),
      room.listRotations({ keyId: keys[0]!.id, pageToken }),
      elsewhere.room.listKeys({ vaultId: elsewhere.vaultId, pageToken }),
    ]
    for (const call of calls) expect(await codeOf(call)).toBe('INVALID_PAGE_TOKEN')
    await elsewhere.room.close()
  })

  test('are good as they were given: every letter counts', async () => {
    const pageToken = await tokenOf()
    for (let at = 0; at < pageToken.length; at++) {
      const letter = pageToken[at] === 'A' ? 'B' : 'A'
      const changed = pageToken.slice(0, at) + letter + pageToken.slice(at + 1)
      expect(await use(changed)).toBe('INVALID_PAGE_TOKEN')
    }
    for (const odd of ['A', `${pageToken}A`, `${pageToken}=`, pageToken.slice(1), ' ', 'é'])
      expect(await use(odd)).toBe('INVALID_PAGE_TOKEN')
    for (const none of ['', 'A'.repeat(10_000)]) expect(await use(none)).toBe('INVALID_ARGUMENT')
  })
})

test.each([0, -1, 1001, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('no limit of %d', async (n) => {
  for (const call of [listKeys()({ limit: n }), on.room.listVaults({ limit: n })])
    expect(await codeOf(call)).toBe('INVALID_ARGUMENT')
})
