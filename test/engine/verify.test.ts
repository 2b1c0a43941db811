/** Whoever can write to the store damages it in every way there is: what the report then says. */
import { beforeAll, describe, expect, test } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { PATHS, path, uuidToBytes, type PathKind } from '../../src/format/paths.ts'
import type { Row, Store } from '../../src/store/store.ts'
import { Strongroom, VirtualClock, type Finding, type VerifyReport } from '../../src/index.ts'
import { codeOf, flipped, imageOf, rowsOf, SEAL, snapshotOf, stage } from './support.ts'
import { storeWith, type Room, type Snapshot } from './support.ts'

const clock = new VirtualClock()
/** Commits of two vaults in turns, then a part of the journal that is gone. */
const PRUNED = 4n
let whole: Snapshot
let pruned: Snapshot
/** The same after a second pruning. */
let prunedLater: Snapshot
let vaults: readonly [string, string]
/** Rows as they were some commits earlier. */
let earlier: ReadonlyMap<string, Row>
/** The same story in another realm under the same seal. */
let foreign: Snapshot

const keyed = (rows: readonly Row[]) => new Map(rows.map((row) => [toHex(row.key), row]))

async function story(): Promise<{ room: Room; store: Store; ids: readonly [string, string] }> {
  const { room, store, vaultId: first } = await stage(undefined, { clock })
  const { id: second } = await room.createVault({ displayName: 'second' })
  const keys: string[] = []
  for (const vaultId of [first, second, first, second]) {
    const { id } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
    keys.push(id)
  }
  return { room, store, ids: [first, second] as const }
}

beforeAll(async () => {
  const { room, store, ids } = await story()
  vaults = ids
  earlier = keyed(await rowsOf(store))
  for (const vaultId of ids) {
    const { items } = await room.listKeys({ vaultId })
    for (const { id: keyId } of items) await room.updateKey({ keyId, description: 'newer' })
  }
  whole = await snapshotOf(store)
  await room.pruneJournal({ until: PRUNED })
  pruned = await snapshotOf(store)
  await room.pruneJournal({ until: 7n })
  prunedLater = await snapshotOf(store)
  await room.close()
  const other = await story()
  foreign = await snapshotOf(other.store)
  await other.room.close()
})

const LAST = 10n
/** The rows of a kind, in the order of the store. */
const ofKind = (kind: PathKind, { rows }: Snapshot = whole): Row[] =>
  rows.filter(({ key }) => key[0] === PATHS[kind][0].charCodeAt(0))
const orderOf = (seq: bigint): Row => ofKind('order')[Number(seq) - 1]!
/** The entry of a commit of the room: its order row says where it lies. */
function entryOf(seq: bigint): Row {
  const { value } = orderOf(seq)
  return ofKind('journal').find(
    ({ key }) => toHex(key.subarray(1, 25)) === toHex(value.subarray(1, 25)),
  )!
}
const vaultOf = (seq: bigint): string => toHex(orderOf(seq).value.subarray(1, 17))

/** Rows to put, or without a value to take away. */
type Damage = readonly { readonly key: Uint8Array; readonly value?: Uint8Array }[]
const gone = ({ key }: Row) => ({ key })
const instead = ({ key }: Row, value: Uint8Array) => ({ key, value })
const swapped = (a: Row, b: Row): Damage => [instead(a, b.value), instead(b, a.value)]

async function damage(store: Store, rows: Damage): Promise<void> {
  const puts = rows.flatMap(({ key, value }) => (value ? [{ key, value }] : []))
  const dels = rows.flatMap(({ key, value }) => (value ? [] : [key]))
  await store.commit({ checks: [], puts, dels, token: new Uint8Array(16) })
}

interface Looked {
  readonly report: VerifyReport
  readonly room: Room
}
/** Damages the store under an open room and asks it to verify; nothing may change by that. */
async function look(snapshot: Snapshot, harm: (store: Store) => Promise<void>): Promise<Looked> {
  const store = await storeWith(snapshot)
  const room = await Strongroom.open({ store, seal: SEAL, clock })
  await harm(store)
  const before = [await imageOf(store), toHex((await store.sidecar!.read('anchor'))!)]
  const report = await room.verify()
  expect([await imageOf(store), toHex((await store.sidecar!.read('anchor'))!)]).toEqual(before)
  return { report, room }
}

async function findingOf(rows: () => Damage, snapshot = () => whole): Promise<Finding | undefined> {
  const { report, room } = await look(snapshot(), (store) => damage(store, rows()))
  await room.close()
  expect(report.ok).toBe(report.finding === undefined)
  return report.finding
}

describe('untouched', () => {
  test.each<[string, () => Snapshot, bigint]>([
    ['whole', () => whole, LAST],
    ['pruned', () => pruned, LAST - PRUNED],
    ['pruned again', () => prunedLater, LAST - 7n],
  ])('%s: ok, with counts of what was looked at', async (_, snapshot, commits) => {
    const { report, room } = await look(snapshot(), async () => undefined)
    const { rows } = snapshot()
    const looked = { commits: Number(commits), records: rows.length, vaults: 2 }
    expect(report).toEqual({ ok: true, ...looked })
    expect(Object.isFrozen(report)).toBe(true)
    await room.close()
  })
})

describe('the journal', () => {
  test.each<[string, () => Damage, bigint | undefined, RegExp]>([
    ['an entry removed', () => [gone(entryOf(5n))], 5n, /entry .* missing/],
    ['the last entry removed', () => [gone(entryOf(LAST))], LAST, /entry .* missing/],
    ['an entry changed', () => [instead(entryOf(5n), flipped(entryOf(5n).value, -1))], 5n, /open/],
    ['entries of one vault swapped', () => swapped(entryOf(3n), entryOf(5n)), 3n, /open/],
    ['entries of two vaults swapped', () => swapped(entryOf(5n), entryOf(6n)), 5n, /open/],
    [
      'an entry of another store with this seal',
      () => [instead(entryOf(5n), ofKind('journal', foreign)[2]!.value)],
      5n,
      /open/,
    ],
    [
      'a part put behind an entry',
      () => [{ key: entryOf(5n).key.with(-1, 1), value: entryOf(5n).value }],
      5n,
      /part/,
    ],
    ['an order row removed', () => [gone(orderOf(5n))], 5n, /commit 5 is missing/],
    ['the first order row removed', () => [gone(orderOf(1n))], 1n, /commit 1 is missing/],
    ['order rows of one vault swapped', () => swapped(orderOf(3n), orderOf(5n)), 3n, /left out/],
    ['an order row cut', () => [instead(orderOf(5n), orderOf(5n).value.slice(1))], 5n, /no such/],
    [
      'an order row of no known kind',
      () => [instead(orderOf(5n), orderOf(5n).value.with(0, 9))],
      5n,
      /no such/,
    ],
    [
      'an order row with another hash',
      () => [instead(orderOf(5n), flipped(orderOf(5n).value, -1))],
      5n,
      /not the one written/,
    ],
    [
      'an order row of another vault',
      () => [instead(orderOf(5n), flipped(orderOf(5n).value, 1))],
      5n,
      /missing/,
    ],
    [
      'an order row of another sequence',
      () => [instead(orderOf(5n), flipped(orderOf(5n).value, 24))],
      5n,
      /missing|left out/,
    ],
    [
      'a commit passed off as one of this store alone',
      () => [instead(orderOf(5n), orderOf(5n).value.with(0, 1))],
      7n,
      /left out/,
    ],
    ['the last commit cut off', () => [gone(orderOf(LAST)), gone(entryOf(LAST))], LAST, /early/],
    ['a commit too many', () => [{ ...orderOf(LAST), key: path.order(LAST + 1n) }], 11n, /./],
  ])('%s', async (_, rows, sequence, what) => {
    const finding = await findingOf(rows)
    expect(finding?.what).toMatch(what)
    expect(finding?.sequence).toBe(sequence)
  })

  test('order rows of two vaults swapped: known, but not where', async () => {
    const finding = await findingOf(() => swapped(orderOf(5n), orderOf(6n)))
    expect(finding?.what).toMatch(/in their order/)
    expect(finding?.sequence).toBeUndefined()
  })

  test.each<[string, () => Damage, bigint]>([
    [
      'an entry gone, and a later one changed',
      () => [gone(entryOf(3n)), instead(entryOf(6n), flipped(entryOf(6n).value, -1))],
      3n,
    ],
    [
      'an entry changed, and a later one gone',
      () => [gone(entryOf(7n)), instead(entryOf(4n), flipped(entryOf(4n).value, -1))],
      4n,
    ],
    ['an entry and a later order row gone', () => [gone(entryOf(5n)), gone(orderOf(8n))], 5n],
    ['an order row and a later entry gone', () => [gone(orderOf(4n)), gone(entryOf(7n))], 4n],
    ['entries of two vaults gone', () => [gone(entryOf(6n)), gone(entryOf(3n))], 3n],
  ])('of several, the first is told: %s', async (_, rows, sequence) => {
    expect((await findingOf(rows))?.sequence).toBe(sequence)
  })

  test('an entry that no commit wrote', async () => {
    const vaultId = vaults[0]
    const finding = await findingOf(() => [
      { key: path.journal(vaultId, 99n), value: entryOf(1n).value },
    ])
    expect(finding).toEqual({ what: 'the journal has an entry that no commit wrote', vaultId })
  })

  test('the vault is told where one is to blame', async () => {
    const finding = await findingOf(() => [gone(entryOf(5n))])
    expect(toHex(uuidToBytes(finding!.vaultId!))).toBe(vaultOf(5n))
  })
})

describe('records', () => {
  const newest = (kind: PathKind): Row => ofKind(kind)[0]!
  const older = (kind: PathKind): Row => {
    const row = ofKind(kind).find(({ key, value }) => {
      const before = earlier.get(toHex(key))
      return before && toHex(before.value) !== toHex(value)
    })!
    return earlier.get(toHex(row.key))!
  }
  test.each<[string, () => Damage]>([
    ['one replaced by its own older revision', () => [older('key')]],
    ['one removed', () => [gone(newest('key'))]],
    ['an index removed', () => [gone(newest('index'))]],
    ['one changed', () => [instead(newest('version'), flipped(newest('version').value, -1))]],
    ['one put where none was', () => [{ ...newest('key'), key: path.key(vaults[0], 77) }]],
    ['two swapped', () => swapped(ofKind('version')[0]!, ofKind('version')[1]!)],
  ])('%s: the vault is named, and no commit', async (_, rows) => {
    const finding = await findingOf(rows)
    expect(finding?.what).toMatch(/should hold the \d+ records of its head/)
    expect(vaults).toContain(finding?.vaultId)
    expect(finding?.sequence).toBeUndefined()
  })

  test.each<[string, () => Damage, RegExp]>([
    ['a row without a meaning', () => [{ key: utf8('?'), value: utf8('x') }], /none of ours/],
    ['a vault of nobody', () => [{ ...newest('key'), key: path.key(NOBODY, 1) }], /no head/],
    ['the head of a vault older', () => [older('head')], /vault heads are not those/],
    ['the head of a vault removed', () => [gone(newest('head'))], /vault heads are not those/],
    ['the head of the realm older', () => [older('realmHead')], /ROLLED_BACK|vault heads/],
    ['the head of the realm removed', () => [gone(newest('realmHead'))], /realm head is missing/],
    [
      'the head of the realm changed',
      () => [instead(newest('realmHead'), flipped(newest('realmHead').value, 40))],
      /realm head is missing or not authentic/,
    ],
  ])('%s', async (_, rows, what) => {
    const finding = await findingOf(rows)
    expect(finding?.what).toMatch(what)
    expect(finding?.sequence).toBeUndefined()
  })
  const NOBODY = '00000000-0000-4000-8000-000000000000'

  const KINDS = Object.keys(PATHS) as PathKind[]
  test.each(KINDS)('a key of the kind %s, but longer or shorter than any of ours', async (kind) => {
    const [letter] = PATHS[kind]
    const key = ofKind(kind)[0]?.key ?? utf8(letter)
    for (const odd of [Uint8Array.of(...key, 0), Uint8Array.of(...key.subarray(0, -1), 0xff, 0xff)])
      if (odd.length > 2)
        expect((await findingOf(() => [{ key: odd, value: utf8('x') }]))?.what).toMatch(
          /none of ours can lie|vault heads are not those|a part of the entry/,
        )
  })

  test('whoever meets such a key says that the store is damaged, and nobody falls over it', async () => {
    const odd = KINDS.flatMap((kind) => ofKind(kind).map(({ key }) => Uint8Array.of(...key, 0)))
    const { room } = await look(whole, (store) =>
      damage(
        store,
        odd.map((key) => ({ key, value: utf8('x') })),
      ),
    )
    const [vaultId] = vaults
    const met = await Promise.all([
      codeOf(room.listVaults({})),
      codeOf(room.listKeys({ vaultId })),
      codeOf(room.listRetirableGrants({ retiringPrincipal: 'who' })),
      codeOf(room.tick()),
      codeOf(drained(room.journal({}))),
    ])
    expect([...new Set(met)].sort()).toEqual(['INTEGRITY'])
    await room.close()
  })
})

async function drained(entries: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of entries);
}

describe('the checkpoint', () => {
  const stored = (snapshot = pruned): Row => ofKind('checkpoint', snapshot)[0]!

  test('older: the commits after it are missing', async () => {
    const finding = await findingOf(
      () => [stored()],
      () => prunedLater,
    )
    expect(finding).toMatchObject({ sequence: PRUNED + 1n, what: /commit 5 is missing/ })
  })

  test('newer than the oldest rows: what a crash in the middle of letting go leaves', async () => {
    const finding = await findingOf(
      () => [stored(prunedLater)],
      () => pruned,
    )
    expect(finding).toBeUndefined()
  })

  test('removed: the journal begins too late', async () => {
    const finding = await findingOf(
      () => [gone(stored())],
      () => pruned,
    )
    expect(finding).toMatchObject({ sequence: 1n, what: /commit 1 is missing/ })
  })

  test('of another store', async () => {
    const other = await storeWith(foreign)
    const room = await Strongroom.open({ store: other, seal: SEAL, clock })
    await room.pruneJournal({ until: PRUNED })
    await room.close()
    const [row] = ofKind('checkpoint', await snapshotOf(other))
    const finding = await findingOf(
      () => [row!],
      () => pruned,
    )
    expect(finding?.what).toMatch(/checkpoint is not authentic/)
  })

  test('any byte changed, or cut', async () => {
    const store = await storeWith(pruned)
    const room = await Strongroom.open({ store, seal: SEAL, clock })
    const { key, value } = stored()
    for (let at = 0; at < value.length; at += 7) {
      for (const changed of [flipped(value, at), value.slice(0, at)]) {
        await damage(store, [{ key, value: changed }])
        const { ok, finding } = await room.verify()
        expect([ok, finding?.what.includes('checkpoint')]).toEqual([false, true])
      }
    }
    await damage(store, [{ key, value }])
    expect((await room.verify()).ok).toBe(true)
    await room.close()
  })
})

describe('the anchor', () => {
  const withAnchor = (content: Uint8Array) => async (store: Store) =>
    store.sidecar!.write('anchor', content)
  const anchor = (): Uint8Array => whole.side.find(([name]) => name === 'anchor')![1]

  test.each<[string, () => Uint8Array]>([
    ['changed', () => flipped(anchor(), 30)],
    ['of another store', () => foreign.side.find(([name]) => name === 'anchor')![1]],
    ['empty', () => new Uint8Array(0)],
  ])('%s', async (_, content) => {
    const { report, room } = await look(whole, withAnchor(content()))
    expect(report.finding?.what).toMatch(/^ROLLED_BACK: .* anchor is missing or not authentic/)
    await room.close()
  })

  test('missing', async () => {
    const store = await storeWith({ ...whole, side: whole.side })
    const room = await Strongroom.open({ store: withoutAnchor(store), seal: SEAL, clock })
    const report = await room.verify()
    expect(report.finding?.what).toMatch(/^ROLLED_BACK/)
    await room.close()
  })

  /** The anchor is there when the room opens, and gone from then on. */
  function withoutAnchor(store: Store): Store {
    let reads = 0
    const sidecar = {
      ...store.sidecar!,
      read: async (name: 'anchor' | 'erase') =>
        name === 'anchor' && ++reads > 1 ? undefined : store.sidecar!.read(name),
      write: store.sidecar!.write.bind(store.sidecar),
      scrub: store.sidecar!.scrub.bind(store.sidecar),
    }
    return new Proxy(store, {
      get(target, name) {
        if (name === 'sidecar') return sidecar
        const value: unknown = Reflect.get(target, name, target)
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      },
    })
  }
})
