/** One fault at every place of a round, at either side; then a crash. The next rooms go on without gap or repeat. */
import { beforeAll, describe, expect, test } from 'vitest'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { faultyStore, type Fault, type RecordedCall } from '../../src/testing/faulty-store.ts'
import { snapshotOf, storeWith, type Snapshot } from '../engine/support.ts'
import { common, connect, expectSame, expectWhole, followed, furnished, headIn } from './pair.ts'

interface Base {
  readonly us: Snapshot
  readonly eu: Snapshot
  readonly vaultId: string
  readonly now: number
}

const KINDS = ['before', 'after', 'unknown'] as const
const isRead = ({ method }: RecordedCall): boolean =>
  ['get', 'scan', 'head', 'sidecar.read'].includes(method)

/** What a round finds, by name. */
const BASES: Readonly<Record<string, () => Promise<Base>>> = {
  'a snapshot': () => base(async () => undefined),
  'entries, with a destruction among them': () =>
    base(async ({ us, eu, vaultId, keyId }) => {
      const { id } = await us.createKey({ vaultId, displayName: 'b', spec: 'AES_256' })
      await followed(eu, vaultId)
      await us.createKeyVersion({ keyId: id })
      await us.tagKey({ keyId: id, tags: { a: 'b' } })
      await us.destroyKey({ keyId })
      await us.createKey({ vaultId, displayName: 'c', spec: 'EC_P256' })
    }),
  'a replica to let go of': () =>
    base(async ({ us, eu, vaultId }) => {
      await followed(eu, vaultId)
      await us.deleteVaultReplica({ vaultId, region: 'eu' })
    }),
}

async function base(
  furnish: (made: Awaited<ReturnType<typeof furnished>>) => Promise<unknown>,
): Promise<Base> {
  const made = await furnished()
  await furnish(made)
  const { stores, vaultId, clock } = made
  return {
    us: await snapshotOf(stores.us),
    eu: await snapshotOf(stores.eu),
    vaultId,
    now: clock.now(),
  }
}

type Side = 'us' | 'eu'

/** A round over fresh copies of both stores, with faults at one side. */
async function round({ us, eu, now }: Base, side: Side, faults: readonly Fault[], poison: boolean) {
  const inner = { us: await storeWith(us), eu: await storeWith(eu) }
  const faulty = faultyStore(inner[side], { poison })
  const stores = { ...inner, [side]: faulty }
  const clock = new VirtualClock(new Date(now))
  const open = async (region: Side) =>
    Strongroom.open({ ...(await common(clock)), store: stores[region], region })
  const rooms = { us: await open('us'), eu: await open('eu') }
  connect(rooms.us, rooms.eu)
  const opened = faulty.calls.length
  for (const fault of faults) faulty.plan(fault)
  await rooms.eu.replicate().catch(() => undefined)
  return { inner, faulty, open, calls: faulty.calls.slice(opened) }
}

/** The side that failed is gone; a new room over what lies there goes on. */
async function goesOn({ vaultId }: Base, side: Side, made: Awaited<ReturnType<typeof round>>) {
  const { inner, faulty, open } = made
  faulty.heal()
  await faulty.recover?.()
  const rooms = { us: await open('us'), eu: await open('eu') }
  connect(rooms.us, rooms.eu)
  expect((await rooms.us.verify()).finding).toBeUndefined()
  expect((await rooms.eu.verify()).finding).toBeUndefined()
  // What is left over is taken away first, and neither a tick nor a list minds it.
  await rooms[side].tick()
  for (const { failure } of await rooms.eu.replicate()) if (failure) throw failure
  if ((await headIn(inner.us, vaultId))!.seq > 0n && (await headIn(inner.eu, vaultId)))
    await expectSame(inner.us, inner.eu, vaultId)
  for (const room of ['us', 'eu'] as const) await expectWhole(rooms[room], inner[room])
  return rooms
}

describe.each(Object.keys(BASES))('%s', (name) => {
  let found: Base
  beforeAll(async () => void (found = await BASES[name]!()))

  test.each(['eu', 'us'] as const)('every call of %s fails once', async (side) => {
    const { calls } = await round(found, side, [], false)
    const writes = calls.filter((call) => !isRead(call))
    const reads = calls.filter(isRead)
    if (side === 'eu') expect(writes.length).toBeGreaterThan(5)
    // All writes, each in one of the ways in turn; of the reads a sample.
    const chosen = [...writes, ...reads.filter((_, i) => i % 9 === 0)]
    for (const [i, call] of chosen.entries()) {
      const kind = isRead(call) ? 'before' : KINDS[i % KINDS.length]!
      const fault: Fault = { method: 'any', nth: call.ordinal, kind }
      const made = await round(found, side, [fault], i % 2 === 0)
      expect(made.calls.some((one) => one.fault === kind)).toBe(true)
      const { eu } = await goesOn(found, side, made)
      expect((await eu.listVaults({})).items.length).toBe(name === 'a replica to let go of' ? 0 : 1)
    }
  })
})
