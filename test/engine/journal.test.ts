/** Every commit is one entry: what it tells, how it is chained, how it is read. */
import { beforeAll, describe, expect, test } from 'vitest'
import { INPUTS, openWorld, OPERATION_NAMES, type World } from '../adversary/world.ts'
import { OPERATIONS, type OperationRow } from '../../src/domain/operations.ts'
import { toHex } from '../../src/base/bytes.ts'
import { uuidToBytes } from '../../src/format/paths.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import type { JournalEntry, JournalInput, OperationName } from '../../src/index.ts'
import { complaints } from './audit.ts'
import { walk } from './journal-foreign.ts'
import { entriesOf, perform } from './journal-support.ts'
import { codeOf, DAY_MS, lasting, rowsOf, stage } from './support.ts'

const rowOf = (operation: string): OperationRow => OPERATIONS[operation as keyof typeof OPERATIONS]
const ASKED = { principal: 'owner', requestId: 'r-1' }

/** An input that changes something. */
async function inputOf(world: World, operation: OperationName): Promise<object> {
  if (operation !== 'deleteKeyMaterial') return INPUTS[operation](world)
  const imported = await INPUTS.importKeyMaterial(world)
  await world.room.importKeyMaterial(imported)
  return { keyId: imported.keyId }
}

const once = (count: number): boolean => count === 1
const never = (count: number): boolean => count === 0
/** How many commits an operation makes, where that is another number. */
const COMMITS: Partial<Record<OperationName, (count: number) => boolean>> = {
  // The world has no replica: this vault is the primary already.
  promoteVaultReplica: never,
  // As many as a whole vault takes.
  restoreVault: (count) => count > 0,
}

describe('after one operation', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })

  test.each(OPERATION_NAMES)('%s', async (operation) => {
    const { room } = world
    const input = { ...(await inputOf(world, operation)), ...ASKED }
    const { sequence } = room.head()
    const answer = (await perform(room, operation, input)) as Partial<Record<'id', string>>
    const entries = await entriesOf(room, { from: sequence + 1n })
    const own = entries.filter((entry) => entry.operation === operation)
    const row = rowOf(operation)
    expect(own.length).toSatisfy(COMMITS[operation] ?? (row.writes ? once : never))
    for (const entry of own) {
      const named = input as { keyId?: string; vaultId?: string; toVaultId?: string }
      const { keyId, vaultId, toVaultId = vaultId } = named
      if (entry === own[0]) expect(entry).toMatchObject(ASKED)
      expect(entry.changes.length).toBeGreaterThan(0)
      expect(entry.time.getTime()).toBe(world.clock.now())
      if (keyId !== undefined) expect(entry.keyId).toBe(keyId)
      if (toVaultId !== undefined) expect(entry.vaultId).toBe(toVaultId)
      if (/^(create|import)Key$/.test(operation)) expect(entry.keyId).toBe(answer.id)
      if (operation === 'createVault') expect(entry.vaultId).toBe(answer.id)
    }
    // What the room does on its own has nobody who asked for it.
    for (const entry of entries.filter(({ operation: name }) => name !== operation))
      expect(entry).not.toMatchObject({ requestId: ASKED.requestId })
  })

  test('all of it is one chain, for the room and for a stranger', async () => {
    const { room, store } = world
    const entries = await entriesOf(room)
    const walked = await walk(store)
    const head = room.head()
    expect([walked.sequence, walked.hash]).toEqual([head.sequence, toHex(head.hash)])
    expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => BigInt(i) + 1n))
    expect(entries.map(({ hash }) => toHex(hash))).toEqual(walked.commits.map(({ hash }) => hash))
    expect(entries.map(({ vaultId }) => toHex(uuidToBytes(vaultId)))).toEqual(
      walked.commits.map(({ vaultId }) => vaultId),
    )
    expectLinked(entries)
    expect(await room.verify()).toMatchObject({ ok: true, commits: entries.length })
  })
})

/** Entries of each vault go on from each other, beginning with the first. */
function expectLinked(entries: readonly JournalEntry[]): void {
  const last = new Map<string, JournalEntry>()
  for (const entry of entries) {
    const before = last.get(entry.vaultId)
    expect(entry.vaultSequence).toBe((before?.vaultSequence ?? 0n) + 1n)
    expect(toHex(entry.previousHash)).toBe(before ? toHex(before.hash) : '00'.repeat(32))
    last.set(entry.vaultId, entry)
  }
}

test('changes are told by kind; entries are frozen and their own', async () => {
  const { room, vaultId } = await stage()
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  await room.createAlias({ keyId, name: 'alias/k' })
  await room.deleteAlias({ vaultId, name: 'alias/k' })
  const [, made, aliased, unaliased] = await entriesOf(room)
  const told = ({ changes }: JournalEntry): string[] =>
    changes.map(({ kind, change }) => `${change} ${kind}`).sort()
  const version = ['put index', 'put index', 'put key', 'put keyKey', 'put material', 'put version']
  expect(told(made!)).toEqual(version)
  expect(told(aliased!)).toContain('put alias')
  expect(told(unaliased!)).toContain('delete alias')
  expect(unaliased!.keyId).toBe(keyId)
  for (const part of [made, made!.changes, made!.changes[0], made!.uses])
    expect(Object.isFrozen(part)).toBe(true)
  made!.hash.fill(0)
  expect((await entriesOf(room))[1]!.hash).not.toEqual(made!.hash)
  await room.close()
})

test('nothing is told of what was refused, replayed or only read', async () => {
  const { room, vaultId } = await stage()
  const asked = { vaultId, displayName: 'k', spec: 'AES_256', retryToken: 'once' } as const
  const { id: keyId } = await room.createKey({ ...asked, requestId: 'first' })
  const { sequence } = room.head()
  // The request id of an attempt is not part of the request that the token stands for.
  expect((await room.createKey({ ...asked, requestId: 'second' })).id).toBe(keyId)
  expect(await codeOf(room.createKey({ ...asked, displayName: 'other' }))).toBe(
    'RETRY_TOKEN_REUSED',
  )
  expect(await codeOf(room.disableKey({ keyId, ifMatch: 'old' }))).toBe('ETAG_MISMATCH')
  await room.getKey({ keyId })
  await room.listKeys({ vaultId })
  expect(room.head().sequence).toBe(sequence)
  expect((await entriesOf(room)).map(({ requestId }) => requestId)).toEqual([undefined, 'first'])
  await room.close()
})

test('what time does is told under names of its own', async () => {
  const { room, clock, vaultId } = await stage()
  const rotation = { everyDays: 1 }
  const asked = { vaultId, displayName: 'k', spec: 'AES_256', rotation } as const
  const { id: keyId, currentVersionId: versionId } = await room.createKey(asked)
  clock.advance({ days: 1 })
  await room.encrypt({ keyId, plaintext: new Uint8Array(1) })
  const soon = { deletionAt: new Date(clock.now() + 7 * DAY_MS) }
  await room.scheduleKeyVersionDeletion({ keyId, versionId: versionId!, ...soon })
  clock.advance({ days: 7 })
  await room.tick()
  const entries = await entriesOf(room)
  const byName = (name: string): JournalEntry[] =>
    entries.filter(({ operation }) => operation === name)
  expect(byName('rotate')).not.toHaveLength(0)
  expect(byName('rotate')[0]).toMatchObject({ keyId })
  expect(byName('tick')).toMatchObject([{ keyId }])
  expect(byName('tick')[0]!.changes).toContainEqual({ kind: 'material', change: 'delete' })
  for (const { principal, requestId } of [...byName('rotate'), ...byName('tick')])
    expect([principal, requestId]).toEqual([undefined, undefined])
  expectLinked(entries)
  await room.close()
})

test('a commit that fits no row goes on in parts and is read back whole', async () => {
  const limits = { ...PORTABLE_LIMITS, maxOps: 400, maxValueBytes: 12_000 }
  const { room, store, clock, vaultId, again } = await stage(lasting(createMemoryStore({ limits })))
  const asked = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  const { id: keyId, currentVersionId: versionId } = await room.createKey(asked)
  const versions = 99
  for (let i = 0; i < versions; i++) await room.createKeyVersion({ keyId })
  const soon = { deletionAt: new Date(clock.now() + 7 * DAY_MS) }
  await room.scheduleKeyVersionDeletion({ keyId, versionId: versionId!, ...soon })
  clock.advance({ days: 7 })
  await room.tick()
  const [entry] = (await entriesOf(room)).filter(({ operation }) => operation === 'tick')
  const resealed = entry!.changes.filter(
    ({ kind, change }) => kind === 'material' && change === 'put',
  )
  expect(resealed).toHaveLength(versions)
  const rows = (await rowsOf(store)).filter(({ key }) => key[0] === 'J'.charCodeAt(0))
  expect(rows.filter(({ key }) => key.at(-1) !== 0).length).toBeGreaterThanOrEqual(3)
  for (const { value } of rows) expect(value.length).toBeLessThanOrEqual(limits.maxValueBytes)
  const walked = await walk(store)
  expect(walked.hash).toBe(toHex(room.head().hash))
  expect(await room.verify()).toMatchObject({ ok: true })
  expect(await complaints(store)).toEqual([])
  const reopened = await again({ verify: true })
  expect((await entriesOf(reopened)).length).toBe(walked.commits.length)
  await reopened.close()
})

describe('reading', () => {
  async function furnished() {
    const staged = await stage()
    const { room, vaultId } = staged
    const { id: other } = await room.createVault({ displayName: 'other' })
    for (const id of [vaultId, other, vaultId, other])
      await room.createKey({ vaultId: id, displayName: 'k', spec: 'AES_256' })
    return { ...staged, other }
  }
  const sequences = async (...input: Parameters<typeof entriesOf>): Promise<number[]> =>
    (await entriesOf(...input)).map(({ sequence }) => Number(sequence))

  test('from a commit on, of one vault, of both', async () => {
    const { room, vaultId, other } = await furnished()
    expect(await sequences(room)).toEqual([1, 2, 3, 4, 5, 6])
    expect(await sequences(room, { from: 4n })).toEqual([4, 5, 6])
    expect(await sequences(room, { vaultId })).toEqual([1, 3, 5])
    expect(await sequences(room, { vaultId: other, from: 3n })).toEqual([4, 6])
    expect(await sequences(room, { vaultId: 'nobody' })).toEqual([])
    await room.close()
  })

  test('from after the newest: nothing', async () => {
    const { room } = await furnished()
    expect(await sequences(room, { from: 7n })).toEqual([])
    expect(await sequences(room, { from: 700n })).toEqual([])
    await room.close()
  })

  test.each<JournalInput>([
    { from: 0n },
    { from: -1n },
    { from: 2n ** 64n },
    { from: 1 as never },
    { vaultId: 5 as never },
    { follow: 'yes' as never },
    { signal: {} as never },
    { unknown: 1 } as never,
  ])('refuses %o', async (input) => {
    const { room } = await stage()
    expect(await codeOf(entriesOf(room, input))).toBe('INVALID_ARGUMENT')
    await room.close()
  })

  test('while others write: each once, in order, up to where it began or further', async () => {
    const { room, vaultId } = await furnished()
    const read: bigint[] = []
    const writes: Promise<unknown>[] = []
    for await (const { sequence } of room.journal()) {
      read.push(sequence)
      for (const displayName of ['a', 'b'])
        if (writes.length < 300)
          writes.push(room.createKey({ vaultId, displayName, spec: 'AES_256' }))
    }
    await Promise.all(writes)
    expect(read).toEqual(read.map((_, i) => BigInt(i) + 1n))
    expect(read.length).toBeGreaterThanOrEqual(6)
    expect(await sequences(room)).toHaveLength(6 + writes.length)
    await room.close()
  })

  test('after close: CLOSED, also in the middle, but never half an entry', async () => {
    const { room } = await furnished()
    const entries = room.journal()[Symbol.asyncIterator]()
    expect((await entries.next()).done).toBe(false)
    const second = entries.next()
    const closing = room.close()
    expect((await second).value).toMatchObject({ sequence: 2n })
    expect(await codeOf(entries.next())).toBe('CLOSED')
    await closing
    expect(await codeOf(entriesOf(room))).toBe('CLOSED')
  })
})
