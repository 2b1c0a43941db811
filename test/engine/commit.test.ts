/** The committer by itself: what becomes one commit of the store, what waits, and how a failure ends what was planned. */
import { beforeAll, describe, expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { createCell, emptyHead, type Cell } from '../../src/engine/cell.ts'
import { Committer, type Plan, type Write } from '../../src/engine/commit.ts'
import { RealmKeys } from '../../src/engine/realm-keys.ts'
import { pathKey, Records, type Entry } from '../../src/engine/records.ts'
import {
  decodeOrder,
  decodeRealmHead,
  decodeVaultHead,
  realmChainInput,
  splitMac,
  type RealmHead,
} from '../../src/format/heads.ts'
import { addElement, ZERO_SUM } from '../../src/format/multiset.ts'
import { path } from '../../src/format/paths.ts'
import { EMBEDDED_LIMITS } from '../../src/store/limits.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { StoreError, type Commit, type Store } from '../../src/store/store.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { codeOf } from './support.ts'

const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`
const CHAIN = new Uint8Array(32).fill(7)
const ELEMENT = new Uint8Array(32).fill(1)

let provider: CryptoProvider
beforeAll(async () => {
  provider = await sharedProvider()
})

/** What a store was asked for, and a gate that holds or fails its next commit. */
class Watched {
  readonly commits: Commit[] = []
  readonly store: Store
  fails: { readonly on: 'commit' | 'anchor'; readonly error: unknown } | undefined
  #held: Promise<void> | undefined

  constructor(limits = EMBEDDED_LIMITS) {
    const inner = createMemoryStore({ limits })
    const commit = async (one: Commit) => {
      await this.#held
      if (this.fails?.on === 'commit') throw this.fails.error
      this.commits.push(one)
      return inner.commit(one)
    }
    const write: NonNullable<Store['sidecar']>['write'] = async (name, content) => {
      if (this.fails?.on === 'anchor') throw this.fails.error
      return inner.sidecar!.write(name, content)
    }
    const sidecar = Object.assign(Object.create(inner.sidecar!) as object, {
      write,
      read: (name: 'anchor' | 'erase') => inner.sidecar!.read(name),
    })
    this.store = Object.assign(Object.create(inner) as Store, {
      limits,
      commit,
      sidecar,
      get: (key: Uint8Array) => inner.get(key),
    })
  }

  hold(): () => void {
    let open!: () => void
    this.#held = new Promise((resolve) => (open = resolve))
    return () => {
      this.#held = undefined
      open()
    }
  }

  /** How many plans each commit carried. */
  get sizes(): readonly number[] {
    return this.commits.map(({ puts }) => puts.filter(({ key }) => isOrder(key)).length)
  }
}
const ORDER_START = path.order(0n)[0]!
const isOrder = (key: Uint8Array): boolean =>
  key[0] === ORDER_START && key.length === path.order(0n).length && key[1] === path.order(0n)[1]

interface Stand {
  readonly watched: Watched
  readonly committer: Committer
  readonly records: Records
  readonly keys: RealmKeys
  readonly touched: string[]
  readonly placed: string[]
  readonly cell: (n?: number) => Cell
  /** A plan of one write that makes the next head of a cell. */
  readonly plan: (cell: Cell, more?: Partial<Plan>) => Plan
  readonly submit: (cell: Cell, more?: Partial<Plan>) => Promise<void>
}

async function stand(limits = EMBEDDED_LIMITS): Promise<Stand> {
  const watched = new Watched(limits)
  const keys = new RealmKeys(provider, uuid(1), new Uint8Array(32).fill(5))
  const records = new Records(watched.store, keys, 10)
  const [touched, placed]: string[][] = [[], []]
  const head: RealmHead = {
    realmId: uuid(1),
    storeId: uuid(2),
    seq: 5n,
    chain: CHAIN,
    previousSeq: 4n,
    previousChain: CHAIN,
    vaults: 0,
    sum: ZERO_SUM,
  }
  const parts = {
    store: watched.store,
    records,
    keys,
    provider,
    onTouched: (id: string) => touched!.push(id),
    onPlaced: (id: string) => placed!.push(id),
  }
  const committer = new Committer(parts, { head, version: 0n })
  const cell = (n = 9): Cell => createCell(emptyHead(uuid(n)), undefined, 1)
  const plan = (on: Cell, more: Partial<Plan> = {}): Plan => {
    const seq = on.planned.seq + 1n
    return {
      cell: on,
      head: { ...on.planned, seq, chain: CHAIN },
      order: { kind: 'entry', vaultId: on.id, seq, hash: CHAIN },
      rows: [],
      writes: new Map(),
      effects: [],
      touched: new Set(),
      ...more,
    }
  }
  const submit = (on: Cell, more?: Partial<Plan>): Promise<void> =>
    committer.submit(plan(on, more), committer.epoch)
  return {
    watched,
    committer,
    records,
    keys,
    touched: touched!,
    placed: placed!,
    cell,
    plan,
    submit,
  }
}

const entry = (seq: bigint): Entry => ({ record: { seq }, seq, element: ELEMENT })
const writing = (...writes: readonly Write[]): { readonly writes: ReadonlyMap<string, Write> } => ({
  writes: new Map(writes.map((write) => [pathKey(write.path), write])),
})
const putKey = (on: Cell, ordinal: number, bytes = 8): Write => ({
  path: path.key(on.id, ordinal),
  kind: 'key',
  value: new Uint8Array(bytes).fill(ordinal),
  entry: entry(BigInt(ordinal)),
})

describe('a commit', () => {
  test('holds records, rows, orders, vault heads and the realm head, and asks for the realm head of before', async () => {
    const { watched, committer, keys, records, cell, submit } = await stand()
    const on = cell()
    const row = { key: path.journal(on.id, 1n), value: new Uint8Array(3) }
    const gone = { path: path.key(on.id, 2), kind: 'key' } as const
    await submit(on, { ...writing(putKey(on, 1), gone), rows: [row] })
    const [commit] = watched.commits
    const at = new Map(commit!.puts.map(({ key, value }) => [pathKey(key), value]))
    expect(commit!.dels).toEqual([gone.path])
    expect(at.get(pathKey(path.key(on.id, 1)))).toEqual(putKey(on, 1).value)
    expect(at.get(pathKey(row.key))).toEqual(row.value)
    expect(decodeOrder(at.get(pathKey(path.order(6n)))!).seq).toBe(1n)
    const vault = splitMac(at.get(pathKey(path.head(on.id)))!)!
    expect(decodeVaultHead(vault.body)).toEqual(on.head)
    expect(vault.mac).toEqual(keys.heads.compute(vault.body))
    const realm = splitMac(at.get(pathKey(path.realmHead()))!)!
    expect(decodeRealmHead(realm.body)).toEqual(committer.head)
    expect(realm.mac).toEqual(keys.heads.compute(realm.body))
    expect(at.size).toBe(5)
    expect(commit!.checks).toEqual([{ key: path.realmHead(), version: 0n }])
    const element = records.element(path.head(on.id), at.get(pathKey(path.head(on.id)))!)
    expect(on.headElement).toEqual(element)
    expect(committer.head).toMatchObject({ seq: 6n, previousSeq: 5n, vaults: 1 })
    expect(committer.head.sum).toEqual(addElement(ZERO_SUM, element))
    const anchor = splitMac((await watched.store.sidecar!.read('anchor'))!)!
    expect(anchor.mac).toEqual(keys.heads.compute(anchor.body))
  })

  test('of a store with nothing beside it has no anchor', async () => {
    const { watched, cell, submit } = await stand()
    Object.assign(watched.store, { sidecar: undefined })
    await submit(cell())
    expect(watched.commits).toHaveLength(1)
  })

  test('names itself: the next one has another token and the version of this one', async () => {
    const { watched, cell, submit } = await stand()
    const on = cell()
    await submit(on)
    await submit(on)
    const [first, second] = watched.commits
    expect(first!.token).toHaveLength(16)
    expect(second!.token).not.toEqual(first!.token)
    const { version } = (await watched.store.get(path.realmHead()))!
    expect(second!.checks).toEqual([{ key: path.realmHead(), version: version - 1n }])
  })

  test('of one vault after another counts the vault once; of a vault that leaves, no more', async () => {
    const { watched, committer, cell, submit } = await stand()
    const [one, other] = [cell(1), cell(2)]
    await submit(one)
    await submit(other)
    await submit(one)
    expect(committer.head.vaults).toBe(2)
    expect(committer.head.sum).toEqual(addElement(one.headElement!, other.headElement!))
    await submit(one, { leaves: true })
    expect(watched.commits.at(-1)!.dels).toEqual([path.head(one.id)])
    expect(committer.head.vaults).toBe(1)
    expect(committer.head.sum).toEqual(other.headElement)
    expect(one.headElement).toBeUndefined()
  })

  test('of a group has the orders of all, in one chain, and the last head of each vault', async () => {
    const { watched, committer, cell, submit } = await stand()
    const on = cell()
    const first = submit(on, writing(putKey(on, 1)))
    const second = submit(on, writing({ path: path.key(on.id, 1), kind: 'key' }))
    await Promise.all([first, second])
    expect(watched.sizes).toEqual([2])
    const [{ puts, dels } = { puts: [], dels: [] }] = watched.commits
    expect(dels).toEqual([path.key(on.id, 1)])
    const orders = puts.filter(({ key }) => isOrder(key))
    expect(orders.map(({ key }) => key)).toEqual([path.order(6n), path.order(7n)])
    const link = (chain: Uint8Array, { value }: (typeof orders)[number]) =>
      provider.digest('SHA_256', realmChainInput(chain, value))
    expect(committer.head.chain).toEqual(orders.reduce(link, CHAIN))
    expect(committer.head).toMatchObject({ seq: 7n, previousSeq: 5n, previousChain: CHAIN })
    const heads = puts.filter(({ key }) => pathKey(key) === pathKey(path.head(on.id)))
    expect(heads.map(({ value }) => decodeVaultHead(splitMac(value)!.body).seq)).toEqual([2n])
  })
})

describe('a group is as large as a commit of the store may be', () => {
  const rows = (on: Cell, count: number, first = 0, bytes = 1) => ({
    rows: Array.from({ length: count }, (_, i) => ({
      key: path.journal(on.id, BigInt(first + i)),
      value: new Uint8Array(bytes),
    })),
  })
  const many = async (on: Stand, one: Cell, plans: readonly Partial<Plan>[]): Promise<void> => {
    await Promise.all(plans.map((more) => on.submit(one, more)))
  }

  // Two operations are for the realm head and the check, two of each plan for its order and head.
  test.each([
    [12, [2]],
    [11, [1, 1]],
  ])('of %i operations', async (maxOps, sizes) => {
    const on = await stand({ ...EMBEDDED_LIMITS, maxOps })
    const cell = on.cell()
    await many(on, cell, [
      { ...rows(cell, 2, 10), ...writing(putKey(cell, 1)) },
      { ...rows(cell, 2, 20), ...writing(putKey(cell, 2)) },
    ])
    expect(on.watched.sizes).toEqual(sizes)
  })

  test('of bytes: paths and values of rows and records', async () => {
    const cell = (await stand()).cell()
    const pathBytes = path.key(cell.id, 1).length + path.journal(cell.id, 1n).length
    const room = 1024 + 2 * (256 + 5000 + 3000 + pathBytes)
    for (const [less, sizes] of [
      [0, [2]],
      [1, [1, 1]],
    ] as const) {
      const on = await stand({ ...EMBEDDED_LIMITS, maxCommitBytes: room - less })
      const one = on.cell()
      const plan = (n: number) => ({ ...rows(one, 1, n, 3000), ...writing(putKey(one, n, 5000)) })
      await many(on, one, [plan(1), plan(2)])
      expect(on.watched.sizes).toEqual(sizes)
    }
  })

  test('and never empty: what is too large alone is for the store to refuse', async () => {
    const on = await stand({ ...EMBEDDED_LIMITS, maxOps: 5 })
    const cell = on.cell()
    expect(await codeOf(on.submit(cell, rows(cell, 3)))).not.toBe('ok')
  })
})

describe('what a commit changes in memory', () => {
  test('records, keys, places and effects, before it is answered', async () => {
    const { records, touched, placed, cell, submit, watched } = await stand()
    const on = cell()
    const open = watched.hold()
    const order: string[] = []
    const index: Write = { path: path.index(uuid(3), on.id), kind: 'index', value: ELEMENT }
    const done = submit(on, {
      ...writing(putKey(on, 1), index),
      touched: new Set(['a', 'b']),
      effects: [() => order.push(`effect at ${on.generation}`)],
    }).then(() => order.push('answer'))
    expect(order).toEqual([])
    expect([on.head.seq, on.planned.seq, on.generation]).toEqual([0n, 1n, 0])
    open()
    await done
    expect(order).toEqual(['effect at 1', 'answer'])
    expect([on.head.seq, on.planned.seq, on.generation]).toEqual([1n, 1n, 1])
    expect(touched).toEqual(['a', 'b'])
    expect(placed).toEqual([uuid(3)])
    expect(records.cached(path.key(on.id, 1))?.record).toEqual({ seq: 1n })
    await submit(on, writing({ path: path.key(on.id, 1), kind: 'key' }))
    expect(records.cached(path.key(on.id, 1))).toBeUndefined()
  })

  test('what is planned is seen until it is durable, or until a later plan is', async () => {
    const { committer, watched, cell, submit } = await stand()
    const on = cell()
    const key = pathKey(path.key(on.id, 1))
    const open = watched.hold()
    const [earlier, later] = [putKey(on, 1), { ...putKey(on, 1), entry: entry(2n) }]
    const first = submit(on, writing(earlier))
    expect(committer.planned(key)).toBe(earlier)
    // The first one is under way: the second one comes in a group of its own.
    await Promise.resolve()
    await Promise.resolve()
    const second = submit(on, writing(later))
    expect(committer.planned(key)).toBe(later)
    open()
    await first
    expect(committer.planned(key)).toBe(later)
    await second
    expect(committer.planned(key)).toBeUndefined()
    expect(watched.sizes).toEqual([1, 1])
  })
})

describe('what is refused', () => {
  test('a plan of before everything was thrown away', async () => {
    const { committer, cell, plan } = await stand()
    const on = cell()
    const { epoch, head } = committer
    committer.reset({ head, version: 0n })
    expect(committer.epoch).toBe(epoch + 1)
    expect(await codeOf(committer.submit(plan(on), epoch))).toBe('UNAVAILABLE')
    expect(await codeOf(committer.seen(on, epoch))).toBe('UNAVAILABLE')
    expect(await codeOf(committer.seen(on, committer.epoch))).toBe('ok')
    expect(await codeOf(committer.submit(plan(on), committer.epoch))).toBe('ok')
  })

  test('one more than may wait', async () => {
    const { committer, watched, cell, plan } = await stand()
    watched.fails = { on: 'commit', error: new StoreError('unavailable', 'away') }
    const on = cell()
    const calls = Array.from({ length: LIMITS.queuedWritesMax }, () =>
      committer.submit(plan(on), committer.epoch),
    )
    const refused = committer.submit(plan(on), committer.epoch)
    await expect(refused).rejects.toMatchObject({
      code: 'BUSY',
      message: 'Writes: expected fewer than 10000 waiting, found 10000.',
    })
    const codes = new Set((await Promise.allSettled(calls)).map(({ status }) => status))
    expect([...codes]).toEqual(['rejected'])
  })

  test('everything between `stop` and `reset`, and the first reason stays', async () => {
    const { committer, cell, submit } = await stand()
    const on = cell()
    expect(committer.poisoned).toBeUndefined()
    committer.stop()
    const reason = committer.poisoned
    expect(reason).toMatchObject({ code: 'UNAVAILABLE' })
    committer.stop()
    expect(committer.poisoned).toBe(reason)
    await expect(submit(on)).rejects.toMatchObject({ code: 'UNAVAILABLE', cause: reason })
    expect(await codeOf(committer.aside({ puts: [], dels: [ELEMENT] }))).toBe('UNAVAILABLE')
    committer.reset({ head: committer.head, version: 0n })
    expect(await codeOf(submit(on))).toBe('ok')
  })
})

describe('a failure', () => {
  const FAILURES = [
    ['commit', new StoreError('unavailable', 'away'), 'UNAVAILABLE', false],
    ['commit', new StoreError('conflict', 'another'), 'CONFLICT', true],
    ['commit', new StoreError('unknown', 'lost'), 'OUTCOME_UNKNOWN', true],
    ['commit', new StrongroomError('LIMIT_EXCEEDED', 'too large'), 'LIMIT_EXCEEDED', false],
    ['commit', new Error('odd'), 'OUTCOME_UNKNOWN', true],
    ['anchor', new StoreError('unavailable', 'away'), 'OUTCOME_UNKNOWN', true],
  ] as const

  test.each(FAILURES)('of the %s, %s: %s, poisoned: %s', async (on, error, code, poisons) => {
    const { committer, watched, touched, cell, plan, submit } = await stand()
    const [one, other] = [cell(1), cell(2)]
    await submit(one)
    const { epoch } = committer
    const open = watched.hold()
    watched.fails = { on, error }
    const first = submit(one, writing(putKey(one, 1)))
    for (let i = 0; i < 3; i++) await Promise.resolve()
    // What waits meanwhile was planned on top of what fails.
    const second = submit(other, { touched: new Set(['x']) })
    open()
    const reasonOf = (call: Promise<void>): Promise<unknown> =>
      call.then(
        () => 'none',
        (error: unknown) => error,
      )
    const [reason, waited] = await Promise.all([first, second].map(reasonOf))
    expect(reason).toMatchObject({ code })
    expect(waited).toMatchObject({ code: 'UNAVAILABLE', cause: reason })
    expect(committer.poisoned).toBe(poisons ? reason : undefined)
    expect(committer.planned(pathKey(path.key(one.id, 1)))).toBeUndefined()
    expect(committer.epoch).toBe(epoch + 1)
    expect([one.planned, other.planned]).toEqual([one.head, other.head])
    expect([one.head.seq, one.generation, touched]).toEqual([1n, 1, []])
    expect(await codeOf(one.tail)).toBe('ok')
    expect(await codeOf(committer.seen(one, epoch))).toBe('UNAVAILABLE')
    watched.fails = undefined
    if (poisons) expect(await codeOf(submit(one))).toBe('UNAVAILABLE')
    else expect(await codeOf(committer.submit(plan(one), committer.epoch))).toBe('ok')
  })

  test('of our own, before the store is asked, is answered like any other', async () => {
    const { committer, watched, cell, submit } = await stand()
    const failing = cell(1)
    const order = { kind: 'entry', vaultId: 'no id', seq: 1n, hash: CHAIN } as const
    const both = [submit(failing, { order }), submit(cell(2))]
    const answers = await Promise.allSettled(both)
    for (const answer of answers)
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } })
    expect(watched.commits).toEqual([])
    expect(failing.planned).toBe(failing.head)
    await committer.settled()
  })

  test('of rows beside everything stops what is planned too', async () => {
    const { committer, watched, cell, submit } = await stand()
    watched.fails = { on: 'commit', error: new StoreError('unknown', 'lost') }
    const aside = committer.aside({ puts: [], dels: [path.checkpoint()] })
    const waiting = submit(cell())
    await expect(aside).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' })
    expect(await codeOf(waiting)).toBe('UNAVAILABLE')
    expect(committer.poisoned).toMatchObject({ code: 'OUTCOME_UNKNOWN' })
  })
})

describe('beside the plans', () => {
  test('rows go in pieces that a store takes, each under the same check', async () => {
    const { committer, watched } = await stand({ ...EMBEDDED_LIMITS, maxOps: 3 })
    const puts = [1, 2, 3].map((i) => ({ key: path.order(BigInt(i)), value: ELEMENT }))
    await committer.aside({ puts, dels: [path.checkpoint()] })
    expect(watched.commits.map((one) => one.puts.length + one.dels.length)).toEqual([2, 2])
    for (const { checks } of watched.commits)
      expect(checks).toEqual([{ key: path.realmHead(), version: 0n }])
  })

  test('a task runs alone and first; plans wait for it, and its answer and failure are its own', async () => {
    const { committer, watched, cell, submit } = await stand()
    let end!: () => void
    const gate = new Promise<void>((resolve) => (end = resolve))
    const asked = committer.alone(async () => {
      await gate
      return 'answer'
    })
    const failing = committer.alone(async () => Promise.reject(new Error('its own')))
    const plan = submit(cell())
    await Promise.resolve()
    expect(watched.commits).toEqual([])
    end()
    expect(await asked).toBe('answer')
    await expect(failing).rejects.toThrow('its own')
    await plan
    expect(watched.commits).toHaveLength(1)
    expect(await committer.alone(async () => 'later')).toBe('later')
  })

  test('`settled` waits for what is in flight', async () => {
    const { committer, watched, cell, submit } = await stand()
    await committer.settled()
    const open = watched.hold()
    let quiet = false
    const plan = submit(cell())
    const settled = committer.settled().then(() => (quiet = true))
    for (let i = 0; i < 20; i++) await Promise.resolve()
    expect(quiet).toBe(false)
    open()
    await Promise.all([plan, settled])
  })
})

describe('waiting for further commits', () => {
  test('answers at once for what is there, and later for what comes', async () => {
    const { committer, cell, submit } = await stand()
    expect(await committer.moved(4n)).toBe(true)
    const on = cell()
    let moved: boolean | undefined
    const waiting = committer.moved(6n).then((answer) => (moved = answer))
    await submit(on)
    await Promise.resolve()
    expect(moved).toBeUndefined()
    await submit(on)
    await waiting
    expect(moved).toBe(true)
  })

  test('ends with its signal, and leaves no listener behind', async () => {
    const { committer, cell, submit } = await stand()
    expect(await committer.moved(5n, AbortSignal.abort())).toBe(false)
    const control = new AbortController()
    const { signal } = control
    const listeners: string[] = []
    for (const name of ['addEventListener', 'removeEventListener'] as const) {
      const real = signal[name].bind(signal) as (...given: unknown[]) => void
      Object.assign(signal, {
        [name]: (type: string, ...rest: unknown[]) => {
          listeners.push(`${name} ${type}`)
          real(type, ...rest)
        },
      })
    }
    const waiting = committer.moved(6n, signal)
    await submit(cell())
    for (let i = 0; i < 5; i++) await Promise.resolve()
    expect(listeners).toEqual([
      'addEventListener abort',
      'removeEventListener abort',
      'addEventListener abort',
    ])
    control.abort()
    expect(await waiting).toBe(false)
  })

  test('ends for everybody with the room', async () => {
    const { committer } = await stand()
    const waiting = [committer.moved(5n), committer.moved(9n, new AbortController().signal)]
    committer.end()
    expect(await Promise.all(waiting)).toEqual([false, false])
    expect(await committer.moved(5n)).toBe(false)
    expect(await committer.moved(4n)).toBe(true)
  })
})
