/**
 * Many at once: each case would be broken by a lost update, a half-seen commit or a check outside
 * the commit.
 */
import type { Store } from '../../store/store.ts'
import type { CaseContext, SuiteCase } from './kit.ts'
import { StoreError } from '../../store/store.ts'
import { commitOf, failureOf, retrying, scanText, textAt, versionAt } from './kit.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'

const WORKERS = 24
const ROUNDS = 12
const ACCOUNTS = 4
const OPENING_BALANCE = 100
const SCANS_MAX = 400

export const RACES: readonly SuiteCase[] = [
  { name: `counts without a lost update among ${WORKERS} workers`, run: counts },
  { name: `keeps the sum of transfers among ${WORKERS} workers, in every scan`, run: transfers },
  { name: `creates each name once among ${WORKERS} workers`, run: creates },
  { name: 'scans exactly the state of the revision that it tells', run: scansExactStates },
  { name: 'answers bursts as if their commits had come one after the other', run: serialBursts },
  { name: 'gives concurrent commits versions of their own', run: distinctVersions },
  { name: 'never answers a read that is older than a commit that was answered', run: freshReads },
]

/** The store, and other handles on it where there can be several: workers are spread over them. */
async function handles({ harness, open, tracked }: CaseContext): Promise<Store[]> {
  const store = await open()
  if (!store.multiProcess || !harness.join) return [store]
  return [store, tracked(await harness.join(store)), tracked(await harness.join(store))]
}

const inParallel = (
  stores: readonly Store[],
  work: (store: Store, worker: number) => Promise<void>,
): Promise<unknown> =>
  Promise.all(Array.from({ length: WORKERS }, (_, i) => work(stores[i % stores.length]!, i)))

async function counts(context: CaseContext): Promise<void> {
  const stores = await handles(context)
  await inParallel(stores, async (store) => {
    for (let i = 0; i < ROUNDS; i++)
      await retrying(async () => {
        const row = await store.get(utf8('counter'))
        const next = Number(row ? fromUtf8(row.value) : 0) + 1
        return store.commit(
          commitOf({ checks: { counter: row?.version ?? 0n }, puts: { counter: `${next}` } }),
        )
      })
  })
  context.expect(await textAt(stores[0]!, 'counter')).toBe(`${WORKERS * ROUNDS}`)
}

async function transfers(context: CaseContext): Promise<void> {
  const stores = await handles(context)
  const names = Array.from({ length: ACCOUNTS }, (_, i) => `account-${i}`)
  const opening = Object.fromEntries(names.map((name) => [name, `${OPENING_BALANCE}`]))
  await stores[0]!.commit(commitOf({ puts: opening }))
  const sums = new Set<number>()
  await inParallel(stores, async (store, worker) => {
    for (let i = 0; i < ROUNDS; i++) {
      const from = names[(worker + i) % ACCOUNTS]!
      const to = names[(worker + i + 1 + (i % (ACCOUNTS - 1))) % ACCOUNTS]!
      await retrying(() => transfer(store, from, to))
      const { rows } = await scanText(store, 'account-')
      sums.add(Object.values(rows).reduce((sum, value) => sum + Number(value), 0))
    }
  })
  context.expect([...sums]).toEqual([ACCOUNTS * OPENING_BALANCE])
}

async function transfer(store: Store, from: string, to: string): Promise<unknown> {
  const [source, target] = await Promise.all([store.get(utf8(from)), store.get(utf8(to))])
  return store.commit(
    commitOf({
      checks: { [from]: source!.version, [to]: target!.version },
      puts: {
        [from]: `${Number(fromUtf8(source!.value)) - 1}`,
        [to]: `${Number(fromUtf8(target!.value)) + 1}`,
      },
    }),
  )
}

async function creates(context: CaseContext): Promise<void> {
  const stores = await handles(context)
  const winners = new Map<string, number[]>()
  await inParallel(stores, async (store, worker) => {
    for (let i = 0; i < ROUNDS; i++) {
      const name = `name-${i}`
      const made = await failureOf(
        store.commit(commitOf({ checks: { [name]: 0n }, puts: { [name]: `${worker}` } })),
      )
      if (made === 'none') winners.set(name, [...(winners.get(name) ?? []), worker])
      else context.expect(made).toBe('conflict')
    }
  })
  const { rows } = await scanText(stores[0]!, 'name-')
  const expected = Object.entries(rows).map(([name, value]) => [name, [Number(value)]])
  context.expect([...winners].sort()).toEqual(expected.sort())
  context.expect(winners.size).toBe(ROUNDS)
}

/**
 * Replays the commits in the order of their versions and compares each scan with the state it
 * should show.
 */
async function scansExactStates(context: CaseContext): Promise<void> {
  const stores = await handles(context)
  const commits: WrittenCommit[] = []
  const scans: { revision: bigint; rows: Record<string, string> }[] = []
  let writers = 0
  const write = async (store: Store, worker: number): Promise<void> => {
    for (let i = 0; i < 3 * ROUNDS; i++) {
      const puts = { [`s${(worker * 7 + i) % 16}`]: `${worker}/${i}`, [`s-${worker}`]: `${i}` }
      const dels = [`s${16 + ((worker + i) % 4)}`, `s${(worker * 7 + i + 8) % 16}`]
      const { version } = await store.commit(commitOf({ puts, dels }))
      commits.push({ version, puts, dels })
    }
    writers--
  }
  await inParallel(stores, async (store, worker) => {
    if (worker % 3 === 0) {
      writers++
      return write(store, worker)
    }
    // At its own pace, so that scans begin at every moment of a commit.
    for (let i = 0; i < SCANS_MAX && (writers > 0 || i < ROUNDS); i++)
      scans.push(await scanText(store, 's'))
  })
  const states = replay(commits)
  for (const { revision, rows } of scans) context.expect(rows).toEqual(states.get(revision) ?? {})
  context.expect(states.size).toBe(commits.length)
}

interface WrittenCommit {
  readonly version: bigint
  readonly puts: Readonly<Record<string, string>>
  readonly dels: readonly string[]
}

function replay(commits: readonly WrittenCommit[]): Map<bigint, Record<string, string>> {
  const states = new Map<bigint, Record<string, string>>()
  const state = new Map<string, string>()
  for (const { version, puts, dels } of commits.toSorted((a, b) => Number(a.version - b.version))) {
    for (const key of dels) state.delete(key)
    for (const [key, value] of Object.entries(puts)) state.set(key, value)
    states.set(version, Object.fromEntries(state))
  }
  return states
}

async function distinctVersions(context: CaseContext): Promise<void> {
  const [store] = await handles(context)
  const before = await store!.head()
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, i) => store!.commit(commitOf({ puts: { [`v${i}`]: 'x' } }))),
  )
  const versions = answers.map(({ version }) => version)
  context.expect(new Set(versions).size).toBe(300)
  context.expect(versions.every((version) => version > before)).toBe(true)
  const stored = await Promise.all(versions.map((_, i) => versionAt(store!, `v${i}`)))
  context.expect(stored).toEqual(versions)
  context.expect(await store!.head()).toBe(versions.reduce((a, b) => (a > b ? a : b)))
}

async function freshReads(context: CaseContext): Promise<void> {
  const stores = await handles(context)
  let answered = 0n
  let stale = 0
  await inParallel(stores, async (store, worker) => {
    for (let i = 0; i < ROUNDS; i++) {
      if (worker % 2 === 0) {
        const { version } = await store.commit(commitOf({ puts: { fresh: `${worker}/${i}` } }))
        if (version > answered) answered = version
        continue
      }
      const known = answered
      const [row, head, { revision }] = [
        await store.get(utf8('fresh')),
        await store.head(),
        await store.scan({ gte: utf8('f'), lt: utf8('g'), limit: 1 }),
      ]
      if ((row?.version ?? 0n) < known || head < known || revision < known) stale++
      // What was seen once is not unseen: head is a barrier.
      if (head < (row?.version ?? 0n) || revision < head) stale++
    }
  })
  context.expect(stale).toBe(0)
}

/**
 * Bursts of commits over few keys, half of them with checks that only some orders satisfy. In the
 * order of their versions every commit that succeeded must have found what it checked.
 */
async function serialBursts(context: CaseContext): Promise<void> {
  const [store] = await handles(context)
  const random = lehmer(20_260_101)
  const pick = (count: number): number => random() % count
  const state = new Map<string, bigint>()
  for (let burst = 0; burst < 60; burst++) {
    const before = new Map(state)
    const commits = Array.from({ length: 12 }, (_, i) => {
      const [checked, written] = [`b${pick(3)}`, `b${pick(3)}`]
      const checks = { [checked]: pick(2) === 0 ? 0n : (before.get(checked) ?? 0n) }
      return pick(2) === 0
        ? { checks, puts: { [written]: `${burst}/${i}` }, dels: [] }
        : { checks, puts: {}, dels: [written] }
    })
    const answers = await Promise.all(
      commits.map(async (commit) => {
        try {
          return [{ ...commit, ...(await store!.commit(commitOf(commit))) }]
        } catch (error) {
          if (!(error instanceof StoreError && error.kind === 'conflict')) throw error
          return []
        }
      }),
    )
    const inOrder = answers.flat().sort((a, b) => Number(a.version - b.version))
    for (const { checks, puts, dels, version } of inOrder) {
      const found = Object.keys(checks).map((key) => state.get(key) ?? 0n)
      context.expect(found).toEqual(Object.values(checks))
      for (const key of dels) state.delete(key)
      for (const key of Object.keys(puts)) state.set(key, version)
    }
    const stored = ['b0', 'b1', 'b2'].map(async (key) => versionAt(store!, key))
    context
      .expect(await Promise.all(stored))
      .toEqual(['b0', 'b1', 'b2'].map((key) => state.get(key) ?? 0n))
  }
}

/** Park and Miller's generator: the same bursts in every run. */
function lehmer(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647)
}
