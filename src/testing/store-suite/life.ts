/** Closing, reopening, recovering, side files, and writes whose outcome is unknown. */
import type { Store } from '../../store/store.ts'
import type { CaseContext, SuiteCase } from './kit.ts'
import { commitOf, failureOf, scanText, textAt, versionAt } from './kit.ts'
import { fromUtf8, utf8 } from '../../base/bytes.ts'

const LETTER_A = { gte: utf8('a'), lt: utf8('b'), limit: 1 }

export const LIFE: readonly SuiteCase[] = [
  {
    name: 'finishes what it took before it closes',
    run: async ({ open, expect }) => {
      const store = await open()
      const commits = Array.from({ length: 20 }, (_, i) =>
        failureOf(store.commit(commitOf({ puts: { [`k${i}`]: 'x' } }))),
      )
      const reads = [failureOf(store.get(utf8('k1'))), failureOf(store.scan(LETTER_A))]
      // Calls that were made in this turn have been taken two turns later, also by a slow wrapper.
      for (let turn = 0; turn < 2; turn++) await new Promise((done) => setTimeout(done, 0))
      await store.close()
      expect(new Set(await Promise.all([...commits, ...reads]))).toEqual(new Set(['none']))
    },
  },
  {
    name: 'refuses every call after close with a code; closing twice is the same as once',
    run: async ({ open, expect }) => {
      const store = await open()
      await Promise.all([store.close(), store.close()])
      await store.close()
      const calls = [
        store.get(utf8('a')),
        store.scan(LETTER_A),
        store.commit(commitOf({ puts: { a: '1' } })),
        store.head(),
        ...(store.recover ? [store.recover()] : []),
        ...(store.compact ? [store.compact()] : []),
        ...(store.sidecar ? [store.sidecar.read('anchor')] : []),
        ...(store.sidecar ? [store.sidecar.write('anchor', utf8('late'))] : []),
      ]
      for (const call of calls) expect(await failureOf(call)).toBe('CLOSED')
    },
  },
  { name: 'has everything again after it is reopened', needs: 'reopen', run: reopens },
  {
    name: 'tells the truth about forgetting',
    run: async ({ open, harness, expect }) => {
      const store = await open()
      expect(harness.reopen !== undefined).toBe(!store.ephemeral)
    },
  },
  { name: 'wakes who watches, until told to stop', run: watches },
  { name: 'keeps everything over recover and compact', run: upkeep },
  { name: 'keeps side files apart from each other and from the rows', run: sideFiles },
  {
    name: 'has its side files again after it is reopened',
    needs: 'reopen',
    run: async ({ open, harness, tracked, expect }) => {
      const store = await open()
      if (!store.sidecar) return
      await store.sidecar.write('anchor', utf8('one'))
      await store.sidecar.write('anchor', utf8('two'))
      await store.close()
      const again = tracked(await harness.reopen!(store))
      expect(fromUtf8((await again.sidecar!.read('anchor'))!)).toBe('two')
      expect(await again.sidecar!.read('erase')).toBe(undefined)
    },
  },
  {
    name: 'after a write that failed underway takes nothing until it recovered, and reads on',
    needs: 'breakNextWrite',
    run: unknownOutcome,
  },
]

async function reopens({ open, harness, tracked, expect }: CaseContext): Promise<void> {
  const store = await open()
  await store.commit(commitOf({ puts: { a: '1', b: '2', c: '3' } }))
  await store.commit(commitOf({ puts: { a: '4' }, dels: ['b'] }))
  const before = await scanText(store, '')
  const version = await versionAt(store, 'a')
  await store.close()
  const again = tracked(await harness.reopen!(store))
  expect(await scanText(again, '')).toEqual(before)
  expect(await versionAt(again, 'a')).toBe(version)
  expect(await again.head()).toBe(before.revision)
  const next = await again.commit(commitOf({ checks: { a: version }, puts: { a: '5' } }))
  expect(next.version > before.revision).toBe(true)
}

async function watches({ open, expect }: CaseContext): Promise<void> {
  const store = await open()
  if (!store.watch) return
  let woken = 0
  let resolveNext: () => void = () => undefined
  const next = new Promise<void>((resolve) => (resolveNext = resolve))
  const stop = store.watch(() => {
    woken++
    resolveNext()
  })
  await store.commit(commitOf({ puts: { a: '1' } }))
  await next
  stop()
  stop()
  const known = woken
  await store.commit(commitOf({ puts: { a: '2' } }))
  await new Promise((resolve) => setTimeout(resolve, 5))
  expect(woken).toBe(known)
}

async function upkeep({ open, expect }: CaseContext): Promise<void> {
  const store = await open()
  const { version } = await store.commit(commitOf({ puts: { a: '1', b: '2' } }))
  for (const name of ['recover', 'compact'] as const) {
    // Together with calls that it must neither break nor be broken by.
    const [, , outcome] = await Promise.all([
      store[name]?.(),
      textAt(store, 'a'),
      failureOf(store.commit(commitOf({ puts: { [name]: 'x' } }))),
    ])
    expect(outcome).toBe('none')
  }
  const rows = { a: '1', b: '2', recover: 'x', compact: 'x' }
  expect((await scanText(store, '')).rows).toEqual(rows)
  expect(await versionAt(store, 'a')).toBe(version)
}

async function sideFiles({ open, expect }: CaseContext): Promise<void> {
  const store = await open()
  if (!store.sidecar) return
  expect(await store.sidecar.read('anchor')).toBe(undefined)
  await store.sidecar.scrub('anchor')
  for (let i = 0; i < 5; i++) {
    const content = utf8(`anchor ${'x'.repeat(100 - i)} ${i}`)
    const wanted = fromUtf8(content)
    const done = store.sidecar.write('anchor', content)
    await done
    content.fill(0)
    const read = (await store.sidecar.read('anchor'))!
    expect(Object.getPrototypeOf(read)).toBe(Uint8Array.prototype)
    expect(fromUtf8(read)).toBe(wanted)
    read.fill(0)
    if (i === 3) await store.sidecar.scrub('anchor')
    expect(fromUtf8((await store.sidecar.read('anchor'))!)).toBe(wanted)
  }
  expect(await store.sidecar.read('erase')).toBe(undefined)
  await store.sidecar.write('erase', new Uint8Array(0))
  expect((await store.sidecar.read('erase'))?.length).toBe(0)
  expect((await scanText(store, '')).rows).toEqual({})
}

async function unknownOutcome({ open, harness, expect }: CaseContext): Promise<void> {
  const store = await open()
  const { version } = await store.commit(commitOf({ puts: { a: '1', b: '1' } }))
  harness.breakNextWrite!(store)
  const failure = await failureOf(store.commit(commitOf({ puts: { a: '2', b: '2' } })))
  expect(failure).toBe('unknown')
  if (store.recover) {
    const refused = store.commit(commitOf({ puts: { c: '1' } }))
    expect(await failureOf(refused)).toBe('unavailable')
    expect(await failureOf(store.get(utf8('a')))).toBe('none')
    expect(await failureOf(store.scan(LETTER_A))).toBe('none')
    await store.recover()
  }
  await expectWhole(store, version, expect)
  const { version: next } = await store.commit(commitOf({ puts: { c: '2' } }))
  expect(next > version).toBe(true)
}

/** The write of unknown outcome happened as a whole or not at all. */
async function expectWhole(
  store: Store,
  version: bigint,
  expect: CaseContext['expect'],
): Promise<void> {
  const happened = (await versionAt(store, 'a')) > version
  const value = happened ? '2' : '1'
  expect((await scanText(store, '')).rows).toEqual({ a: value, b: value })
}
