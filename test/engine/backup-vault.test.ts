/** `backupVault` and `restoreVault`: all or nothing, forward only once it shows, nothing destroyed. */
import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { parsePath } from '../../src/format/paths.ts'
import { Strongroom } from '../../src/index.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Commit, Store } from '../../src/store/store.ts'
import { faultyStore } from '../../src/testing/index.ts'
import { blank, collected, elsewhere, inPieces, keyBlob, vaultBlob } from './backup-support.ts'
import {
  codeOf,
  imageOf,
  lasting,
  rowsOf,
  SEAL,
  snapshotOf,
  stage,
  storeWith,
  type Room,
  type Snapshot,
  type Stage,
} from './support.ts'

/** Ten keys of it are more than one chunk. */
const LONG = 'd'.repeat(8000)
const PLAIN = utf8('what was encrypted before')

interface World extends Stage {
  readonly keyIds: readonly string[]
  readonly ciphertexts: readonly Uint8Array[]
}

async function world(keys = 3, description = ''): Promise<World> {
  const staged = await stage()
  const { room, vaultId } = staged
  const keyIds: string[] = []
  const ciphertexts: Uint8Array[] = []
  for (let i = 0; i < keys; i++) {
    const displayName = `key ${i}`
    const key = await room.createKey({ vaultId, displayName, description, spec: 'AES_256' })
    keyIds.push(key.id)
    ciphertexts.push((await room.encrypt({ keyId: key.id, plaintext: PLAIN })).ciphertext)
  }
  return { ...staged, keyIds, ciphertexts }
}

async function expectAll(room: Room, ciphertexts: readonly Uint8Array[]): Promise<void> {
  for (const ciphertext of ciphertexts)
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAIN)
  expect((await room.verify()).ok).toBe(true)
}

/** Rows of backups on their way in. */
const isPiece = ({ key }: { readonly key: Uint8Array }): boolean => parsePath(key)?.kind === 'spool'
const spoolOf = async (store: Store): Promise<number> =>
  (await rowsOf(store)).filter(isPiece).length

/** The same store; after every commit somebody is told of it. */
const told = (store: Store, tell: (commit: Commit) => void | Promise<void>): Store =>
  new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target)
      if (name !== 'commit')
        return typeof value === 'function' ? (value.bind(target) as unknown) : value
      return async (commit: Commit) => {
        const answer = await target.commit(commit)
        await tell(commit)
        return answer
      }
    },
  })

/** Deletes the vault and lets its time come. */
async function deleted({ room, clock, vaultId }: Stage, tick = true): Promise<void> {
  await room.scheduleVaultDeletion({ vaultId })
  clock.advance({ days: 31 })
  if (tick) await room.tick()
}

describe('into a store that does not have it', () => {
  test('the vault, its keys, versions and aliases, with their ids', async () => {
    const { room, clock, vaultId, keyIds, ciphertexts } = await world()
    await room.updateVault({ vaultId, tags: { stage: 'red' } })
    await room.createKeyVersion({ keyId: keyIds[0]! })
    await room.disableKey({ keyId: keyIds[1]! })
    await room.createAlias({ keyId: keyIds[2]!, name: 'alias/two' })
    const other = await blank(room, clock)
    const vault = await other.restoreVault({ blob: await vaultBlob(room, vaultId) })
    const { etag: _, updatedAt: __, ...same } = await room.getVault({ vaultId })
    expect(vault).toMatchObject({ ...same, restoredFrom: vaultId })
    const names = async (of: Room) => (await of.listKeys({ vaultId })).items.map((k) => k.id)
    expect(await names(other)).toEqual(await names(room))
    expect((await other.getKey({ keyId: 'alias/two', vaultId })).id).toBe(keyIds[2])
    expect((await other.getKey({ keyId: keyIds[1]! })).state).toBe('disabled')
    await other.enableKey({ keyId: keyIds[1]! })
    await expectAll(other, ciphertexts)
    expect(await other.getVaultUsage({ vaultId })).toEqual(await room.getVaultUsage({ vaultId }))
  })

  test('without its keys, which come one by one', async () => {
    const { room, clock, vaultId, keyIds, ciphertexts } = await world()
    const other = await blank(room, clock)
    await other.restoreVault({ blob: await vaultBlob(room, vaultId, false) })
    expect((await other.listKeys({ vaultId })).items).toEqual([])
    for (const keyId of keyIds) await other.restoreKey({ blob: await keyBlob(room, keyId) })
    await expectAll(other, ciphertexts)
  })

  test('keys that are not usable stay behind, and a new compartment is taken', async () => {
    const { room, clock, vaultId, keyIds } = await world()
    await room.scheduleKeyDeletion({ keyId: keyIds[0]! })
    await room.destroyKey({ keyId: keyIds[1]! })
    await room.createKey({ vaultId, displayName: 'p', spec: 'AES_256', origin: 'imported' })
    const other = await blank(room, clock)
    const blob = await vaultBlob(room, vaultId)
    const vault = await other.restoreVault({ blob, compartmentId: 'west' })
    expect(vault.compartmentId).toBe('west')
    const { items } = await other.listKeys({ vaultId })
    expect(items.map(({ id }) => id)).toEqual([keyIds[2]])
  })

  test('what is made in it afterwards stands beside what came back', async () => {
    const { room, clock, vaultId, ciphertexts } = await world()
    const other = await blank(room, clock)
    await other.restoreVault({ blob: await vaultBlob(room, vaultId) })
    for (let i = 0; i < 12; i++)
      await other.createKey({ vaultId, displayName: `new ${i}`, spec: 'AES_256' })
    expect((await other.listKeys({ vaultId })).items).toHaveLength(15)
    await expectAll(other, ciphertexts)
  })

  test('in another region with new ids; the same blob makes one vault only', async () => {
    const { room, clock, vaultId, keyIds } = await world()
    const there = await elsewhere(room, { clock })
    const blob = await vaultBlob(room, vaultId)
    const vault = await there.restoreVault({ blob })
    expect(vault.id).not.toBe(vaultId)
    expect(vault.restoredFrom).toBe(vaultId)
    const keys = (await there.listKeys({ vaultId: vault.id, sortOrder: 'ASC' })).items
    expect(keys.map(({ restoredFrom }) => restoredFrom)).toEqual(keyIds)
    expect(keys.some(({ id }) => keyIds.includes(id))).toBe(false)
    const [version] = (await there.listKeyVersions({ keyId: keys[0]!.id })).items
    const [before] = (await room.listKeyVersions({ keyId: keyIds[0]! })).items
    expect(version!.restoredFrom).toBe(before!.id)
    expect(await codeOf(there.restoreVault({ blob }))).toBe('ALREADY_EXISTS')
    const second = await there.restoreVault({ blob: await vaultBlob(room, vaultId) })
    expect(second.id).not.toBe(vault.id)
    expect((await there.verify()).ok).toBe(true)
  })

  test('with a retry token the second call answers what the first did', async () => {
    const { room, clock, vaultId } = await world()
    const blob = await vaultBlob(room, vaultId)
    const other = await blank(room, clock)
    const first = await other.restoreVault({ blob, retryToken: 'once' })
    expect(await other.restoreVault({ blob, retryToken: 'once' })).toEqual(first)
    expect(await codeOf(other.restoreVault({ blob, retryToken: 'twice' }))).toBe('ALREADY_EXISTS')
  })
})

describe.each(['node', 'portable'] as const)('with the provider %s', (crypto) => {
  test('a vault comes back', async () => {
    const { room, clock, vaultId, ciphertexts } = await world()
    const other = await Strongroom.open({ realm: room, clock, crypto })
    await other.restoreVault({ blob: await vaultBlob(room, vaultId) })
    await expectAll(other, ciphertexts)
    const again = await Strongroom.open({ realm: other, clock })
    await again.restoreVault({ blob: await vaultBlob(other, vaultId) })
    await expectAll(again, ciphertexts)
  })
})

describe('over what is there', () => {
  test('refused while it is active or only going', async () => {
    const w = await world()
    const { room, vaultId, store } = w
    const blob = await vaultBlob(room, vaultId)
    const before = await imageOf(store)
    expect(await codeOf(room.restoreVault({ blob }))).toBe('ALREADY_EXISTS')
    expect(await imageOf(store)).toBe(before)
    await room.scheduleVaultDeletion({ vaultId })
    expect(await codeOf(room.restoreVault({ blob }))).toBe('ALREADY_EXISTS')
  })

  test.each([true, false])('a deleted vault comes back (swept before: %s)', async (tick) => {
    const w = await world()
    const { room, vaultId, keyIds, ciphertexts } = w
    await room.createAlias({ keyId: keyIds[0]!, name: 'alias/a' })
    const blob = await vaultBlob(room, vaultId)
    await deleted(w, tick)
    const vault = await room.restoreVault({ blob })
    expect(vault).toMatchObject({ id: vaultId, state: 'active' })
    expect(vault.deletionAt).toBeUndefined()
    await expectAll(room, ciphertexts)
    expect((await room.getKey({ keyId: 'alias/a', vaultId })).id).toBe(keyIds[0])
    await room.createKeyVersion({ keyId: keyIds[0]! })
    await room.tick()
    await expectAll(room, ciphertexts)
  })

  test('what went by itself before stays gone; what the backup lacks is gone', async () => {
    const w = await world(5)
    const { room, clock, vaultId, keyIds, ciphertexts } = w
    const [destroyed, due, versioned, rotated, plain] = keyIds as [
      string,
      string,
      string,
      ...string[],
    ]
    const [first] = (await room.listKeyVersions({ keyId: versioned })).items
    await room.createKeyVersion({ keyId: versioned })
    const blob = await vaultBlob(room, vaultId)
    await room.destroyKey({ keyId: destroyed })
    await room.scheduleKeyDeletion({
      keyId: due,
      deletionAt: new Date(clock.now() + 8 * 86_400_000),
    })
    await room.scheduleKeyVersionDeletion({
      keyId: versioned,
      versionId: first!.id,
      deletionAt: new Date(clock.now() + 8 * 86_400_000),
    })
    await room.createKeyVersion({ keyId: rotated! })
    const late = await room.encrypt({ keyId: rotated!, plaintext: PLAIN })
    const { id: newer } = await room.createKey({ vaultId, displayName: 'n', spec: 'AES_256' })
    await deleted(w)
    await room.restoreVault({ blob })
    const stateOf = async (keyId: string) => (await room.getKey({ keyId })).state
    expect(await Promise.all([destroyed, due, newer].map(stateOf))).toEqual(
      Array(3).fill('deleted'),
    )
    expect((await room.getKeyVersion({ keyId: versioned, versionId: first!.id })).state).toBe(
      'deleted',
    )
    expect(await codeOf(room.decrypt({ ciphertext: ciphertexts[2]! }))).toBe('INVALID_STATE')
    const { ciphertext, versionId } = late
    expect((await room.getKeyVersion({ keyId: rotated!, versionId })).state).toBe('deleted')
    expect(await codeOf(room.decrypt({ ciphertext }))).toBe('INVALID_STATE')
    await expectAll(room, [ciphertexts[3]!, ciphertexts[4]!])
    for (const keyId of [versioned, rotated!, plain!])
      expect(await codeOf(room.encrypt({ keyId, plaintext: PLAIN }))).toBe('ok')
    const next = await room.createKeyVersion({ keyId: rotated! })
    expect(next.number).toBe(3)
    await room.tick()
    expect((await room.verify()).ok).toBe(true)
  })

  test('a restored key that is destroyed again does not open, whatever image was taken', async () => {
    const w = await world(10, LONG)
    const { room, store, clock, vaultId, keyIds, ciphertexts } = w
    const blob = await vaultBlob(room, vaultId)
    await deleted(w)
    await room.close()
    const images: Snapshot[] = []
    const imaged = told(store, async () => void images.push(await snapshotOf(store)))
    const taken = await Strongroom.open({ store: imaged, clock, seal: SEAL })
    await taken.restoreVault({ blob })
    expect(images.length).toBeGreaterThan(5)
    expect(images.some(({ rows }) => rows.some(isPiece))).toBe(true)
    expect(await spoolOf(store)).toBe(0)
    await taken.destroyKey({ keyId: keyIds[0]! })
    const side = (await snapshotOf(store)).side
    for (const { rows } of images) {
      const anchorless = side.filter(([name]) => name === 'erase')
      const old = await storeWith({ rows, side: anchorless })
      const opened = await Strongroom.open({ store: old, seal: SEAL, clock, acceptRollback: true })
      await opened.tick().catch(() => undefined)
      const [ciphertext] = ciphertexts
      expect(await codeOf(opened.decrypt({ ciphertext: ciphertext! }))).not.toBe('ok')
    }
  })
})

test('a sweep in the middle takes the key of the spool along', async () => {
  const { room, clock, vaultId, keyIds, ciphertexts } = await world(10, LONG)
  const blob = await vaultBlob(room, vaultId)
  const store = lasting(createMemoryStore())
  const other = await blank(room, clock, store)
  const { id: second } = await other.createVault({ displayName: 'second' })
  const { id: victim } = await other.createKey({
    vaultId: second,
    displayName: 'v',
    spec: 'AES_128',
  })
  async function* swept() {
    yield blob.slice(0, blob.length - 40)
    // The spool is there, and a sweep renews the erase key under it.
    expect(await spoolOf(store)).toBeGreaterThan(0)
    await other.destroyKey({ keyId: victim })
    yield blob.slice(-40)
  }
  await other.restoreVault({ blob: swept() })
  expect((await other.getKey({ keyId: keyIds[0]! })).state).toBe('enabled')
  await expectAll(other, ciphertexts)
})

describe('refused', () => {
  test('a wrong MD5 of a good backup, and nothing stays', async () => {
    const { room, clock, vaultId } = await world()
    const blob = await vaultBlob(room, vaultId)
    const store = lasting(createMemoryStore())
    const other = await blank(room, clock, store)
    const before = await imageOf(store)
    const md5 = createHash('md5').update('other').digest('base64')
    expect(await codeOf(other.restoreVault({ blob, md5 }))).toBe('CONTENT_MISMATCH')
    expect(await imageOf(store)).toBe(before)
    const right = createHash('md5').update(blob).digest('base64')
    expect(await codeOf(other.restoreVault({ blob: inPieces(blob, 50), md5: right }))).toBe('ok')
  })

  test('the same backup twice at once', async () => {
    const { room, clock, vaultId, ciphertexts } = await world()
    const blob = await vaultBlob(room, vaultId)
    const other = await blank(room, clock)
    const codes = await Promise.all([
      codeOf(other.restoreVault({ blob: inPieces(blob, 100) })),
      codeOf(other.restoreVault({ blob: inPieces(blob, 90) })),
    ])
    expect(codes.sort()).toEqual(['CONFLICT', 'ok'])
    await expectAll(other, ciphertexts)
  })

  test('a vault that goes while it is read', async () => {
    const { room, vaultId } = await world()
    const { blob } = await room.backupVault({ vaultId, includeKeys: true })
    await room.scheduleVaultDeletion({ vaultId })
    expect(await codeOf(collected(blob!))).toBe('INVALID_STATE')
    expect(await codeOf(room.backupVault({ vaultId }))).toBe('INVALID_STATE')
  })

  test('a room that closes while it is read', async () => {
    const { room, vaultId } = await world()
    const { blob } = await room.backupVault({ vaultId, includeKeys: true })
    await room.close()
    expect(await codeOf(collected(blob!))).toBe('CLOSED')
  })

  test('everything but reads while it is being filled', async () => {
    const { room, clock, vaultId, keyIds } = await world()
    const blob = await vaultBlob(room, vaultId)
    const base = lasting(createMemoryStore())
    const faulty = faultyStore(base)
    const other = await Strongroom.open({ realm: room, clock, store: faulty, seal: SEAL })
    await cutWhile(other, faulty, blob)
    const half = await Strongroom.open({ store: base, clock, seal: SEAL })
    expect((await half.getVault({ vaultId })).state).toBe('restoring')
    const [keyId] = keyIds
    const refused = [
      half.createKey({ vaultId, displayName: 'x', spec: 'AES_256' }),
      half.updateVault({ vaultId, displayName: 'x' }),
      half.scheduleVaultDeletion({ vaultId }),
      half.backupVault({ vaultId }),
      half.restoreKey({ blob: await keyBlob(room, keyId!) }),
      half.deleteAlias({ name: 'alias/x', vaultId }),
    ]
    for (const call of refused) expect(await codeOf(call)).toBe('INVALID_STATE')
    expect(await codeOf(half.listKeys({ vaultId }))).toBe('ok')
    expect(await codeOf(half.restoreVault({ blob: await vaultBlob(room, vaultId) }))).toBe(
      'CONFLICT',
    )
  })
})

/** Restores until the vault shows, and fails every later commit. */
async function cutWhile(room: Room, store: ReturnType<typeof faultyStore>, blob: Uint8Array) {
  const commits = () => store.calls.filter(({ method }) => method === 'commit').length
  // The key of the spool, its pieces, the vault; then keys.
  store.plan({ method: 'commit', nth: commits() + 4, kind: 'before', lasting: true })
  expect(await codeOf(room.restoreVault({ blob }))).toBe('OUTCOME_UNKNOWN')
}

describe('cut off', () => {
  test.each(['before', 'after'] as const)(
    'at any call of the store (%s): whole after a tick, or as if it had not begun',
    async (kind) => {
      const { room, clock, vaultId, ciphertexts } = await world()
      const blob = await vaultBlob(room, vaultId)
      let finished = 0
      let undone = 0
      for (let nth = 1; ; nth++) {
        const base = lasting(createMemoryStore())
        const faulty = faultyStore(base)
        const first = await Strongroom.open({ realm: room, clock, store: faulty, seal: SEAL })
        const empty = await imageOf(base)
        faulty.plan({ method: 'any', nth: faulty.calls.length + nth, kind, lasting: true })
        const code = await codeOf(first.restoreVault({ blob }))
        if (code === 'ok') break
        await first.close().catch(() => undefined)
        const second = await Strongroom.open({ store: base, clock, seal: SEAL })
        const half = await codeOf(second.getVault({ vaultId }))
        expect((await second.verify()).ok).toBe(true)
        await second.tick()
        expect(await spoolOf(base)).toBe(0)
        if (half === 'ok') {
          finished++
          expect((await second.getVault({ vaultId })).state).toBe('active')
          await expectAll(second, ciphertexts)
        } else {
          undone++
          expect(await imageOf(base)).toBe(empty)
        }
        await second.close()
      }
      expect(Math.min(finished, undone)).toBeGreaterThan(3)
    },
  )

  test('while it is filled: the same call again finishes it', async () => {
    const { room, clock, vaultId, ciphertexts } = await world()
    const blob = await vaultBlob(room, vaultId)
    const base = lasting(createMemoryStore())
    const faulty = faultyStore(base)
    const first = await Strongroom.open({ realm: room, clock, store: faulty, seal: SEAL })
    await cutWhile(first, faulty, blob)
    faulty.heal()
    await first.recover()
    const vault = await first.restoreVault({ blob })
    expect(vault.state).toBe('active')
    await expectAll(first, ciphertexts)
    expect(await spoolOf(base)).toBe(0)
  })

  test('over a deleted vault', async () => {
    const w = await world(2)
    const { room, clock, vaultId, store } = w
    const blob = await vaultBlob(room, vaultId)
    const { id: newer } = await room.createKey({ vaultId, displayName: 'n', spec: 'AES_256' })
    await deleted(w)
    await room.close()
    const start = await snapshotOf(store)
    for (let nth = 1; ; nth += 3) {
      const base = await storeWith(start)
      const faulty = faultyStore(base)
      const first = await Strongroom.open({ store: faulty, clock, seal: SEAL })
      faulty.plan({ method: 'any', nth: faulty.calls.length + nth, kind: 'before', lasting: true })
      const code = await codeOf(first.restoreVault({ blob }))
      await first.close().catch(() => undefined)
      const second = await Strongroom.open({ store: base, clock, seal: SEAL })
      await second.tick()
      if ((await second.getVault({ vaultId })).state === 'active') {
        await expectAll(second, w.ciphertexts)
        expect((await second.getKey({ keyId: newer })).state).toBe('deleted')
      } else expect((await second.getVault({ vaultId })).state).toBe('deleted')
      expect((await second.verify()).ok).toBe(true)
      await second.close()
      if (code === 'ok') break
    }
  })
})

test('the smallest store takes keys of many versions', async () => {
  const { room, clock, vaultId, keyIds, ciphertexts } = await world(2)
  for (let i = 0; i < 60; i++) await room.createKeyVersion({ keyId: keyIds[0]! })
  const store = lasting(createMemoryStore({ limits: PORTABLE_LIMITS }))
  const other = await blank(room, clock, store)
  await other.restoreVault({ blob: await vaultBlob(room, vaultId) })
  const { items } = await other.listKeyVersions({ keyId: keyIds[0]!, limit: 100 })
  expect(items).toHaveLength(61)
  expect((await other.getKey({ keyId: keyIds[0]! })).currentVersionId).toBe(items[0]!.id)
  await expectAll(other, ciphertexts)
})

test('many keys pass through in pieces', { timeout: 600_000 }, async () => {
  const { room, clock, vaultId } = await stage()
  // Larger keys rather than more of them: what counts is that the whole is many times a piece.
  const description = 'd'.repeat(4000)
  const made = Array.from({ length: 600 }, (_, i) =>
    room.createKey({ vaultId, displayName: `k${i}`, spec: 'AES_128', description }),
  )
  const keys = await Promise.all(made)
  const { id: keyId } = keys[123]!
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAIN })
  const store = lasting(createMemoryStore())
  let widest = 0
  const watching = told(store, ({ puts }) => {
    const bytes = puts.reduce((sum, { value }) => sum + value.length, 0)
    widest = Math.max(widest, bytes)
  })
  const other = await blank(room, clock, watching)
  const { blob } = await room.backupVault({ vaultId, includeKeys: true })
  let longest = 0
  let total = 0
  async function* watched() {
    for await (const piece of blob!) {
      longest = Math.max(longest, piece.length)
      total += piece.length
      yield piece
    }
  }
  await other.restoreVault({ blob: watched() })
  expect(total).toBeGreaterThan(2_000_000)
  // One chunk in its armour; commits far below the whole.
  expect(longest).toBeLessThan(100_000)
  expect(widest).toBeLessThan(1_500_000)
  expect((await other.getVaultUsage({ vaultId })).keyCount).toBe(600)
  await expectAll(other, [ciphertext])
})
