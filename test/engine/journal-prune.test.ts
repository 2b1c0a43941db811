/** Checkpoints, letting go of the journal, and positions that somebody pinned before. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore, type FaultKind, type FaultyMethod } from '../../src/testing/faulty-store.ts'
import type { Store } from '../../src/store/store.ts'
import { Strongroom, VirtualClock, type Head } from '../../src/index.ts'
import { leadsOn } from '../audit/naive.ts'
import { complaints } from './audit.ts'
import { openNote, rootAt, walk, type Walked } from './journal-foreign.ts'
import { entriesOf } from './journal-support.ts'
import { codeOf, lasting, rowsOf, SEAL, snapshotOf, stage, storeWith } from './support.ts'
import type { Room, Snapshot, Stage } from './support.ts'

interface Grown extends Stage {
  readonly walked: Walked
  /** Where the room stood after each commit; 0 before the first. */
  readonly heads: readonly Head[]
}
/** A room with so many commits. */
async function grown(commits: number, store?: Store): Promise<Grown> {
  const staged = await stage(store)
  const { room, vaultId } = staged
  const heads = [{ sequence: 0n, hash: new Uint8Array(32) }, room.head()]
  while (heads.length <= commits) {
    await room.updateVault({ vaultId, displayName: `name ${heads.length}` })
    heads.push(room.head())
  }
  return { ...staged, heads, walked: await walk(staged.store) }
}
const lettersOf = async (store: Store, letter: string): Promise<number> =>
  (await rowsOf(store)).filter(({ key }) => key[0] === letter.charCodeAt(0)).length

describe('a checkpoint', () => {
  test('is what a stranger makes of the rows, signed', async () => {
    const { room, store, walked } = await grown(13)
    const checkpoint = await room.checkpoint()
    const { realmId, storeId } = idsOf(Buffer.from((await rowsOf(store)).find(isRealm)!.value))
    expect(checkpoint.sequence).toBe(13n)
    expect(checkpoint.proof).toBeUndefined()
    expect(toHex(checkpoint.hash)).toBe(walked.hash)
    expect(toHex(checkpoint.root)).toBe(toHex(rootAt(walked, 13n)))
    const note = openNote(checkpoint.note, checkpoint.verifierKey)
    expect(note).toMatchObject({ origin: `strongroom/${realmId}/${storeId}`, size: 13n })
    expect(toHex(note.root)).toBe(toHex(checkpoint.root))
    await room.close()
  })
  const isRealm = ({ key }: { key: Uint8Array }): boolean => key[0] === 'R'.charCodeAt(0)
  function idsOf(head: Buffer) {
    const id = (at: number): string =>
      head
        .toString('hex', at, at + 16)
        .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
    return { realmId: id(5), storeId: id(21) }
  }

  test('of an empty room has the root of nothing', async () => {
    const room = await Strongroom.open()
    const { sequence, root } = await room.checkpoint()
    expect([sequence, toHex(root)]).toEqual([
      0n,
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    ])
    await room.close()
  })

  test('proves that it goes on from whatever was pinned', async () => {
    const { room, walked } = await grown(21)
    for (let since = 0n; since <= 21n; since++) {
      const { root, proof } = await room.checkpoint({ since })
      expect(leadsOn(Number(since), 21, proof!, rootAt(walked, since), root)).toBe(true)
      if (since > 0n)
        expect(leadsOn(Number(since), 21, proof!, rootAt(walked, since - 1n), root)).toBe(false)
    }
    await room.close()
  })

  test('signs with one key for a realm, and one name for a store', async () => {
    const { room, again } = await grown(2)
    const { verifierKey } = await room.checkpoint()
    const reopened = await again()
    expect((await reopened.checkpoint()).verifierKey).toBe(verifierKey)
    await reopened.close()
    const other = await grown(2)
    expect((await other.room.checkpoint()).verifierKey).not.toBe(verifierKey)
    await other.room.close()
  })

  test.each([{ since: 22n }, { since: -1n }, { since: 1 }, { until: 1n }])(
    'refuses %o',
    async (input) => {
      const { room } = await grown(3)
      expect(await codeOf(room.checkpoint(input as never))).toBe('INVALID_ARGUMENT')
      await room.close()
    },
  )
})

describe('after letting go', () => {
  test('the rows are gone, the rest reads, verifies and proves as before', async () => {
    const { room, store, vaultId, walked, again } = await grown(20)
    const all = await entriesOf(room)
    const checkpoint = await room.pruneJournal({ until: 12n })
    expect(checkpoint.sequence).toBe(12n)
    expect(toHex(checkpoint.root)).toBe(toHex(rootAt(walked, 12n)))
    openNote(checkpoint.note, checkpoint.verifierKey)
    expect([await lettersOf(store, 'O'), await lettersOf(store, 'J')]).toEqual([8, 8])
    const reopened = await again({ verify: true })
    expect(await entriesOf(reopened)).toEqual(all.slice(12))
    expect(await codeOf(entriesOf(reopened, { from: 12n }))).toBe('NOT_FOUND')
    expect(await reopened.verify()).toMatchObject({ ok: true, commits: 8 })
    expect(await codeOf(reopened.checkpoint({ since: 11n }))).toBe('INVALID_ARGUMENT')
    await reopened.updateVault({ vaultId, displayName: 'later' })
    for (let since = 12n; since <= 20n; since++) {
      const { root, proof } = await reopened.checkpoint({ since })
      expect(leadsOn(Number(since), 21, proof!, rootAt(walked, since), root)).toBe(true)
    }
    expect(await complaints(store)).toEqual([])
    await reopened.close()
  })

  test('again and again, up to the newest', async () => {
    const { room, store, walked, heads, vaultId } = await grown(9)
    for (const until of [1n, 2n, 2n, 7n, 9n]) {
      const checkpoint = await room.pruneJournal({ until })
      expect(toHex(checkpoint.hash)).toBe(toHex(heads[Number(until)]!.hash))
      expect(toHex(checkpoint.root)).toBe(toHex(rootAt(walked, until)))
      expect(await lettersOf(store, 'O')).toBe(9 - Number(until))
      expect(await room.verify()).toMatchObject({ ok: true, commits: 9 - Number(until) })
    }
    expect(await entriesOf(room)).toEqual([])
    await room.updateVault({ vaultId, displayName: 'later' })
    expect((await entriesOf(room)).map(({ sequence }) => sequence)).toEqual([10n])
    expect(await room.verify()).toMatchObject({ ok: true, commits: 1 })
    await room.close()
  })

  test.each([{ until: 4n }, { until: 10n }, { until: 0n }, { until: 5 }, {}])(
    'refuses %o and lets nothing go',
    async (input) => {
      const { room, store } = await grown(9)
      await room.pruneJournal({ until: 5n })
      const before = toHex((await rowsOf(store)).find(({ key }) => key[0] === 0x43)!.value)
      expect(await codeOf(room.pruneJournal(input as never))).toBe('INVALID_ARGUMENT')
      expect(toHex((await rowsOf(store)).find(({ key }) => key[0] === 0x43)!.value)).toBe(before)
      expect(await lettersOf(store, 'O')).toBe(4)
      await room.close()
    },
  )

  test('an entry of many rows goes with all of them', async () => {
    const limits = { ...createMemoryStore().limits, maxValueBytes: 12_000 }
    const { room, store, clock, vaultId } = await stage(lasting(createMemoryStore({ limits })))
    const asked = { vaultId, displayName: 'k', spec: 'AES_256' } as const
    const { id: keyId, currentVersionId: versionId } = await room.createKey(asked)
    for (let i = 0; i < 60; i++) await room.createKeyVersion({ keyId })
    await room.scheduleKeyVersionDeletion({ keyId, versionId: versionId! })
    clock.advance({ days: 30 })
    await room.tick()
    expect(await lettersOf(store, 'J')).toBeGreaterThan(await lettersOf(store, 'O'))
    await room.pruneJournal({ until: room.head().sequence })
    expect([await lettersOf(store, 'J'), await lettersOf(store, 'O')]).toEqual([0, 0])
    expect(await room.verify()).toMatchObject({ ok: true })
    await room.close()
  })

  test('tick keeps so many commits, and not for a single one too many', async () => {
    const { room, store, vaultId, again } = await grown(3)
    const kept: number[] = []
    const bounded = await again({ journalMax: 8 })
    for (let i = 0; i < 30; i++) {
      await bounded.updateVault({ vaultId, displayName: `more ${i}` })
      await bounded.tick()
      kept.push(await lettersOf(store, 'O'))
    }
    expect(Math.max(...kept)).toBeLessThanOrEqual(10)
    expect(Math.min(...kept.slice(8))).toBe(8)
    // Eight from eleven: every third time.
    expect(kept.filter((count, i) => count < (kept[i - 1] ?? 0)).length).toBeLessThanOrEqual(10)
    expect(await bounded.verify()).toMatchObject({ ok: true })
    await room.close()
    await bounded.close()
  })
})

describe('at the same time', () => {
  test('two that let go: the later commit stands, whoever came first', async () => {
    const { room, store } = await grown(9)
    const outcomes = await Promise.all(
      [8n, 3n, 5n].map((until) => codeOf(room.pruneJournal({ until }))),
    )
    expect(outcomes).toEqual(['ok', 'INVALID_ARGUMENT', 'INVALID_ARGUMENT'])
    expect(await lettersOf(store, 'O')).toBe(1)
    expect(await room.verify()).toMatchObject({ ok: true, commits: 1 })
    await room.close()
  })

  test('tick beside one that lets go of more has nothing left to do', async () => {
    const { room, again } = await grown(30)
    const bounded = await again({ journalMax: 10 })
    const work = [bounded.pruneJournal({ until: 28n }), bounded.tick(), bounded.tick()]
    expect(await Promise.all(work.map(codeOf))).toEqual(['ok', 'ok', 'ok'])
    expect(await bounded.verify()).toMatchObject({ ok: true, commits: 2 })
    await room.close()
    await bounded.close()
  })

  test('checkpoints and writes beside it', async () => {
    const { room, vaultId, walked } = await grown(40)
    const work = Array.from({ length: 6 }, (_, i) => [
      room.pruneJournal({ until: BigInt(5 * i + 5) }),
      room.checkpoint(),
      room.updateVault({ vaultId, displayName: `beside ${i}` }),
    ]).flat()
    await Promise.all(work)
    expect(await room.verify()).toMatchObject({ ok: true, commits: 46 - 30 })
    const { root, proof } = await room.checkpoint({ since: 40n })
    expect(leadsOn(40, 46, proof!, rootAt(walked, 40n), root)).toBe(true)
    await room.close()
  })

  test('a reader that is overtaken hears that it was let go, and of no damage', async () => {
    const { room } = await grown(300)
    const reader = room.journal()[Symbol.asyncIterator]()
    for (let i = 0; i < 10; i++) await reader.next()
    await room.pruneJournal({ until: 290n })
    const rest = async (): Promise<void> => {
      while (!(await reader.next()).done);
    }
    expect(await codeOf(rest())).toBe('NOT_FOUND')
    await room.close()
  })

  test('so does one that stands between two pages: nothing is passed over', async () => {
    const { room } = await grown(300)
    const reader = room.journal()[Symbol.asyncIterator]()
    const page = 128
    for (let i = 0; i < page; i++) await reader.next()
    await room.pruneJournal({ until: 290n })
    expect(await codeOf(reader.next())).toBe('NOT_FOUND')
    await room.close()
  })

  test('a reader ahead of it reads on', async () => {
    const { room } = await grown(300)
    const reader = room.journal({ from: 200n })[Symbol.asyncIterator]()
    const read = [await reader.next()]
    await room.pruneJournal({ until: 199n })
    for (let next = await reader.next(); !next.done; next = await reader.next()) read.push(next)
    expect(read.length).toBe(101)
    await room.close()
  })
})

describe('a crash in the middle', () => {
  const KINDS: readonly FaultKind[] = ['before', 'after', 'unknown']
  const clock = new VirtualClock()
  const reopen = (store: Store): Promise<Room> => Strongroom.open({ store, seal: SEAL, clock })

  /** Prunes with a fault at the nth call after the opening; answers whether that call came. */
  async function crashed(
    start: Snapshot,
    until: bigint,
    fault: [FaultyMethod | 'any', number, FaultKind],
  ) {
    const [method, nth, kind] = fault
    const inner = await storeWith(start)
    const store = faultyStore(inner, { poison: true })
    const room = await reopen(store)
    const calls = store.calls.filter((call) => method === 'any' || call.method === method).length
    store.plan({ method, nth: calls + nth, kind, lasting: true })
    const outcome = await codeOf(room.pruneJournal({ until }))
    expect(outcome).toMatch(/^(ok|UNAVAILABLE|OUTCOME_UNKNOWN)$/)
    // The process ends here: the next one has the rows alone.
    const next = await reopen(inner)
    expect(await next.verify(), `${method} ${nth} ${kind}`).toMatchObject({ ok: true })
    const [oldest] = await entriesOf(next)
    expect([1n, until + 1n]).toContain(oldest?.sequence ?? until + 1n)
    // What is left over goes with the next time.
    await next.pruneJournal({ until })
    const left = [await lettersOf(inner, 'O'), await lettersOf(inner, 'J')]
    const kept = Number(next.head().sequence - until)
    expect(left).toEqual([kept, kept])
    await next.close()
    return outcome !== 'ok'
  }

  test('at every call to the store', async () => {
    const { room, store } = await grown(12)
    await room.close()
    const start = await snapshotOf(store)
    for (const kind of KINDS) {
      let met = 0
      while (await crashed(start, 8n, ['any', met + 1, kind])) met++
      expect(met).toBeGreaterThan(10)
    }
  })

  test('at every one of many commits', async () => {
    const { room, store } = await grown(150)
    await room.close()
    const start = await snapshotOf(store)
    for (const kind of KINDS) {
      let met = 0
      while (await crashed(start, 145n, ['commit', met + 1, kind])) met++
      expect(met).toBeGreaterThanOrEqual(3)
    }
  })
})

describe('a position that was pinned', () => {
  test('the same, and every older one that the journal still knows', async () => {
    const { again, heads, room } = await grown(12)
    for (const expectHead of heads.slice(1)) {
      const opened = await again({ expectHead })
      await opened.close()
    }
    await room.close()
  })

  test('before the first commit: the start of this store', async () => {
    const store = lasting(createMemoryStore())
    const empty = await Strongroom.open({ store, seal: SEAL })
    const start = empty.head()
    await empty.createVault({ displayName: 'first' })
    await empty.close()
    await (await Strongroom.open({ store, seal: SEAL, expectHead: start })).close()
    const other = { store, seal: SEAL, expectHead: { ...start, hash: new Uint8Array(32) } }
    expect(await codeOf(Strongroom.open(other))).toBe('ROLLED_BACK')
  })

  test('newer than the store, or of another history', async () => {
    const { store, heads, room, again } = await grown(6)
    const fork = await storeWith(await snapshotOf(store))
    await room.updateVault({ vaultId: (await room.listVaults({})).items[0]!.id, displayName: 'a' })
    const pinned = room.head()
    // The copy went on by itself, and further.
    const other = await Strongroom.open({ store: fork, seal: SEAL })
    const vaultId = (await other.listVaults({})).items[0]!.id
    for (const displayName of ['b', 'c']) await other.updateVault({ vaultId, displayName })
    await other.close()
    const open = (expectHead: Head): Promise<Room> =>
      Strongroom.open({ store: fork, seal: SEAL, expectHead })
    expect(await codeOf(open(pinned))).toBe('ROLLED_BACK')
    const newest = await open(heads[6]!)
    const beyond = { ...newest.head(), sequence: newest.head().sequence + 1n }
    await newest.close()
    expect(await codeOf(open(beyond))).toBe('ROLLED_BACK')
    const wrong = { ...heads[3]!, hash: heads[4]!.hash }
    expect(await codeOf(again({ expectHead: wrong }))).toBe('ROLLED_BACK')
  })

  test('a store that was rolled back with its anchor', async () => {
    const { room, store, vaultId } = await grown(4)
    const older = await storeWith(await snapshotOf(store))
    await room.updateVault({ vaultId, displayName: 'newer' })
    const expectHead = room.head()
    await room.close()
    await (await Strongroom.open({ store: older, seal: SEAL })).close()
    const opening = Strongroom.open({ store: older, seal: SEAL, expectHead })
    expect(await codeOf(opening)).toBe('ROLLED_BACK')
  })

  test('from before what was let go: refused, and the checkpoint itself is not', async () => {
    const { room, again, heads } = await grown(9)
    await room.pruneJournal({ until: 5n })
    for (const [sequence, code] of [
      [4, 'ROLLED_BACK'],
      [5, 'ok'],
      [6, 'ok'],
      [9, 'ok'],
    ] as const) {
      const opening = again({ expectHead: heads[sequence]! })
      expect(await codeOf(opening)).toBe(code)
      if (code === 'ok') await (await opening).close()
    }
    await expect(again({ expectHead: heads[4]! })).rejects.toThrow('let go up to 5')
    const forged = { ...heads[5]!, hash: heads[6]!.hash }
    expect(await codeOf(again({ expectHead: forged }))).toBe('ROLLED_BACK')
  })
})
