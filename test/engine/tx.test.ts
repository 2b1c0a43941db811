/** One transaction by itself: what it sees, what it sums up, and what it hands over. */
import { beforeEach, describe, expect, test } from 'vitest'
import { createCell, emptyHead, type Cell } from '../../src/engine/cell.ts'
import { Committer, type Plan } from '../../src/engine/commit.ts'
import { RealmKeys } from '../../src/engine/realm-keys.ts'
import { pathKey, Records } from '../../src/engine/records.ts'
import { causeOf, localOrder, Tx, type Cause, type TxMode } from '../../src/engine/tx.ts'
import { encodeVaultHead } from '../../src/format/heads.ts'
import { addElement, ZERO_SUM } from '../../src/format/multiset.ts'
import { path } from '../../src/format/paths.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import type { RecordOf } from '../../src/format/records.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { codeOf } from './support.ts'

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const VAULT = uuid(9)
const CHAIN = new Uint8Array(32).fill(7)

let provider: CryptoProvider
let records: Records
let committer: Committer
let cell: Cell
let plans: Plan[]
let parts: ConstructorParameters<typeof Tx>[0]
beforeEach(async () => {
  provider = await sharedProvider()
  const store = createMemoryStore()
  const keys = new RealmKeys(provider, uuid(1), new Uint8Array(32).fill(5))
  records = new Records(store, keys, 10)
  const none = { realmId: uuid(1), storeId: uuid(2), seq: 0n, chain: CHAIN, vaults: 0 }
  const head = { ...none, previousSeq: 0n, previousChain: CHAIN, sum: ZERO_SUM }
  const ignore = (): void => undefined
  committer = new Committer(
    { store, records, keys, provider, onTouched: ignore, onPlaced: ignore },
    { head, version: 0n },
  )
  plans = []
  const submit = committer.submit.bind(committer)
  committer.submit = (plan, epoch) => {
    plans.push(plan)
    return submit(plan, epoch)
  }
  cell = createCell(emptyHead(VAULT), undefined, 1)
  parts = { store, records, keys, provider, committer, life: 1 }
})

const begin = (mode: TxMode = 'entry', cause: Cause = { operation: 'test' }): Tx =>
  new Tx(parts, cell, cause, 1000, mode)

/** Records of a small kind, kept in memory when read (`index`) and not (`agenda`). */
const AT = path.agenda(VAULT, 1)
const PLACE = path.index(uuid(3), VAULT)
const agenda = (dueAt: number): RecordOf['agenda'] => ({ keyId: uuid(3), dueAt })
const index = (ordinal: number): RecordOf['index'] => ({ ordinal, version: 0 })

async function committed(dueAt: number): Promise<Uint8Array> {
  const tx = begin()
  await tx.put('agenda', AT, agenda(dueAt))
  await tx.submit()
  return (await parts.store.get(AT))!.value
}
const sumOf = (...rows: readonly (readonly [Uint8Array, Uint8Array])[]): Uint8Array =>
  rows.reduce((sum, [at, value]) => addElement(sum, records.element(at, value)), ZERO_SUM)

describe('what a transaction sees', () => {
  test('nothing, then its own writes, then that they are gone', async () => {
    const tx = begin()
    expect(await tx.get('agenda', AT)).toBeUndefined()
    await tx.put('agenda', AT, agenda(1))
    expect((await tx.get('agenda', AT))?.record.dueAt).toBe(1)
    await tx.put('agenda', AT, agenda(2))
    expect((await tx.get('agenda', AT))?.record.dueAt).toBe(2)
    await tx.del('agenda', AT)
    expect(await tx.get('agenda', AT)).toBeUndefined()
  })

  test('what is committed, unless something newer is planned', async () => {
    await committed(1)
    expect((await begin().get('agenda', AT))?.record.dueAt).toBe(1)
    const earlier = begin()
    await earlier.put('agenda', AT, agenda(2))
    const planned = earlier.submit()
    expect((await begin().get('agenda', AT))?.record.dueAt).toBe(2)
    const later = begin()
    await later.del('agenda', AT)
    const gone = later.submit()
    expect(await begin().get('agenda', AT)).toBeUndefined()
    await Promise.all([planned, gone])
    expect(await begin().get('agenda', AT)).toBeUndefined()
  })

  test('what was adopted sealed, opened', async () => {
    const value = await committed(1)
    const tx = begin('follow')
    await tx.adopt('agenda', AT, value)
    expect((await tx.get('agenda', AT))?.record.dueAt).toBe(1)
  })

  test('under a key of its own: opened each time, and by no other key', async () => {
    const suite = provider.suite(new Uint8Array(32).fill(1))
    const tx = begin()
    await tx.put('agenda', AT, agenda(1), suite)
    expect((await tx.get('agenda', AT, suite))?.record.dueAt).toBe(1)
    expect(await codeOf(tx.get('agenda', AT))).toBe('INTEGRITY')
    await tx.submit()
    expect((await begin().get('agenda', AT, suite))?.record.dueAt).toBe(1)
  })

  test('and keeps it in memory only while the vault stands still', async () => {
    const first = begin()
    await first.put('index', PLACE, index(1))
    await first.submit()
    const asked = async (meanwhile: () => void): Promise<boolean> => {
      records.clear()
      const reading = begin().get('index', PLACE)
      meanwhile()
      await reading
      return records.cached(PLACE) !== undefined
    }
    expect(await asked(() => undefined)).toBe(true)
    expect(await asked(() => cell.generation++)).toBe(false)
    parts = { ...parts, life: 2 }
    expect(await asked(() => undefined)).toBe(false)
  })
})

describe('what it sums up', () => {
  test('is what will be there: each record once, in its newest form', async () => {
    const tx = begin()
    tx.create('agenda', AT, agenda(1))
    tx.create('index', PLACE, index(1))
    await tx.put('agenda', AT, agenda(2))
    await tx.submit()
    const [one, other] = [await parts.store.get(AT), await parts.store.get(PLACE)]
    expect(cell.head).toMatchObject({ seq: 1n, count: 2n })
    expect(cell.head.sum).toEqual(sumOf([AT, one!.value], [PLACE, other!.value]))
    for (const cached of [true, false]) {
      if (!cached) records.clear()
      const next = begin()
      await next.put('index', PLACE, index(2))
      await next.submit()
      const newer = (await parts.store.get(PLACE))!.value
      expect(cell.head.count).toBe(2n)
      expect(cell.head.sum).toEqual(sumOf([AT, one!.value], [PLACE, newer]))
    }
    const last = begin()
    await last.del('index', PLACE)
    await last.del('agenda', AT)
    await last.submit()
    expect([cell.head.count, cell.head.sum]).toEqual([0n, ZERO_SUM])
    expect(await parts.store.get(AT)).toBeUndefined()
  })

  test('what was not there is not deleted', async () => {
    const tx = begin()
    await tx.del('agenda', AT)
    expect(tx.dirty).toBe(false)
  })

  test('a record goes only while it is the same', async () => {
    const value = await committed(1)
    const other = await committed(2)
    const tx = begin()
    await tx.delSame('agenda', AT, value)
    await tx.delSame('index', PLACE, value)
    expect(tx.dirty).toBe(false)
    await tx.delSame('agenda', AT, other)
    expect(tx.dirty).toBe(true)
    await tx.submit()
    expect(cell.head.count).toBe(0n)
  })

  test('what is created is created once', () => {
    const tx = begin()
    tx.create('agenda', AT, agenda(1))
    expect(() => tx.create('agenda', AT, agenda(1))).toThrow()
  })

  test('what is adopted counts as it is', async () => {
    const value = await committed(1)
    const tx = begin('follow')
    await tx.adopt('agenda', AT, value)
    await tx.adopt('agenda', path.agenda(VAULT, 2), value)
    tx.follow({ rows: [], chain: CHAIN })
    await tx.submit()
    expect(cell.head.count).toBe(2n)
    expect(cell.head.sum).toEqual(sumOf([AT, value], [path.agenda(VAULT, 2), value]))
  })
})

describe('what makes it more than a look', () => {
  test.each<[string, TxMode, (tx: Tx) => unknown, boolean]>([
    ['nothing', 'entry', () => undefined, false],
    ['a write', 'entry', (tx) => tx.put('agenda', AT, agenda(1)), true],
    ['the same role', 'entry', (tx) => tx.setRole('primary'), false],
    ['another role', 'entry', (tx) => tx.setRole('replica'), true],
    ['no sweep', 'entry', (tx) => tx.setSweepOwed(false), false],
    ['a sweep', 'entry', (tx) => tx.setSweepOwed(true), true],
    ['an effect', 'entry', (tx) => tx.after(() => undefined), false],
    ['an entry of the primary', 'follow', (tx) => tx.follow({ rows: [], chain: CHAIN }), true],
  ])('%s', async (_, mode, act, dirty) => {
    const tx = begin(mode)
    await act(tx)
    expect(tx.dirty).toBe(dirty)
  })

  test('uses, where there is a journal to tell them', () => {
    const cause = { operation: 'uses', uses: [] }
    expect(begin('entry', cause).dirty).toBe(true)
    expect(begin('local', cause).dirty).toBe(false)
    expect(begin('follow', cause).dirty).toBe(false)
  })
})

describe('what it hands over', () => {
  test('a change of a primary: the next sequence, an entry, and the chain with it', async () => {
    const effects: string[] = []
    const tx = begin()
    await tx.put('agenda', AT, agenda(1))
    tx.after(() => effects.push('run'))
    tx.touch(uuid(5))
    tx.setEpoch(7)
    tx.setSweepOwed(true)
    expect(tx.seq).toBe(1n)
    await tx.submit()
    const [plan] = plans
    expect(plan!.head).toMatchObject({ seq: 1n, epoch: 7, sweepOwed: true, role: 'primary' })
    expect(plan!.order).toEqual({ kind: 'entry', vaultId: VAULT, seq: 1n, hash: plan!.head.chain })
    expect(plan!.head.chain).not.toEqual(emptyHead(VAULT).chain)
    expect(plan!.rows.map(({ key }) => key)).toEqual([path.journal(VAULT, 1n)])
    expect([...plan!.touched]).toEqual([uuid(5)])
    expect([...plan!.writes.keys()]).toEqual([pathKey(AT)])
    expect(effects).toEqual(['run'])
    expect(cell.head).toEqual(plan!.head)
  })

  test('an entry that tells who asked, under which request, of which key, and which change it is', async () => {
    const entryOf = async (tx: Tx) => {
      await tx.put('agenda', AT, agenda(1))
      await tx.submit()
      const { key, value } = plans.at(-1)!.rows[0]!
      return records.open('journal', VAULT, key, value).record
    }
    const known = { operation: 'test', principal: 'ann', requestId: 'r' }
    const whole = begin('entry', known)
    whole.touch(uuid(5))
    whole.touch(uuid(6))
    whole.replicationId = uuid(7)
    expect(await entryOf(whole)).toMatchObject({
      ...known,
      keyId: uuid(5),
      replicationId: uuid(7),
      time: 1000,
    })
    const concerned = begin()
    concerned.concern(uuid(8))
    concerned.touch(uuid(5))
    expect(await entryOf(concerned)).toMatchObject({ keyId: uuid(8) })
    const { chain: previous } = cell.head
    const bare = await entryOf(begin())
    expect(bare).toMatchObject({ operation: 'test', uses: [], previous })
    for (const name of ['principal', 'requestId', 'keyId', 'replicationId'])
      expect(bare).not.toHaveProperty(name)
  })

  test('upkeep of a replica: the same sequence and chain, and an order of its own', async () => {
    const tx = begin('local')
    tx.setSweepOwed(true)
    expect([tx.seq, tx.role]).toEqual([0n, 'primary'])
    await tx.submit()
    const [plan] = plans
    expect(plan!.head).toEqual({ ...emptyHead(VAULT), sweepOwed: true })
    expect(plan!.rows).toEqual([])
    expect(plan!.order).toEqual({
      kind: 'local',
      vaultId: VAULT,
      seq: 0n,
      hash: provider.digest('SHA_256', encodeVaultHead(plan!.head)),
    })
    expect(localOrder(provider, plan!.head)).toEqual(plan!.order)
  })

  test('an entry of the primary: that and no other', async () => {
    const tx = begin('follow')
    const rows = [{ key: path.journal(VAULT, 1n), value: CHAIN }]
    tx.follow({ rows, chain: CHAIN })
    await tx.submit()
    expect(plans[0]).toMatchObject({ rows, head: { seq: 1n, chain: CHAIN } })
  })

  test('each in its own way', async () => {
    const rows = { rows: [], chain: CHAIN }
    for (const mode of ['entry', 'local'] as const) {
      expect(() => begin(mode).follow(rows)).toThrow()
      await expect(begin(mode).adopt('agenda', AT, CHAIN)).rejects.toThrow()
    }
    expect(() => begin('follow').submit()).toThrow()
    for (const mode of ['local', 'follow'] as const) {
      const tx = begin(mode)
      const key = path.vault(VAULT)
      const vault = {} as RecordOf['vault']
      expect(await codeOf(tx.put('vault', key, vault))).toBe('READ_ONLY_REPLICA')
      expect(await codeOf(tx.del('ticket', path.ticket(VAULT, uuid(4))))).toBe('ok')
    }
  })

  test('it is settled when what it saw is durable, and fails when that was thrown away', async () => {
    const tx = begin()
    expect(await codeOf(tx.settled())).toBe('ok')
    committer.reset({ head: committer.head, version: 0n })
    expect(await codeOf(tx.settled())).toBe('UNAVAILABLE')
    expect(await codeOf(tx.submit())).toBe('UNAVAILABLE')
  })
})

test('a cause says who asked and under which request, as far as it is known', () => {
  const operation = 'test'
  expect(causeOf(operation, {})).toStrictEqual({ operation })
  expect(causeOf(operation, { principal: 'p' })).toStrictEqual({ operation, principal: 'p' })
  expect(causeOf(operation, { requestId: 'r' })).toStrictEqual({ operation, requestId: 'r' })
})
