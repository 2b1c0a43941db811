/** `backupKey` and `restoreKey`: what comes back, what stays gone, and what is refused. */
import { beforeAll, describe, expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { utf8 } from '../../src/base/bytes.ts'
import { explain } from '../../src/domain/permit.ts'
import type { KeyView } from '../../src/domain/settle.ts'
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { PORTABLE_LIMITS } from '../../src/store/limits.ts'
import { faultyStore } from '../../src/testing/index.ts'
import { blank, elsewhere, inPieces, keyBlob } from './backup-support.ts'
import {
  codeOf,
  imageOf,
  lasting,
  SEAL,
  snapshotOf,
  stage,
  storeWith,
  type Room,
} from './support.ts'

const PLAIN = utf8('what was encrypted before')

interface World {
  readonly room: Room
  readonly clock: VirtualClock
  readonly vaultId: string
  readonly keyId: string
}

async function world(): Promise<World> {
  const { room, clock, vaultId } = await stage()
  const key = await room.createKey({
    vaultId,
    displayName: 'orders',
    spec: 'AES_256',
    description: 'what it is for',
    tags: { team: 'red' },
    definedTags: { ops: { level: 3 } },
    rotation: { everyDays: 90 },
    olderVersions: 'all',
  })
  return { room, clock, vaultId, keyId: key.id }
}

const encrypted = async (room: Room, keyId: string): Promise<Uint8Array> =>
  (await room.encrypt({ keyId, plaintext: PLAIN, context: { table: 'orders' } })).ciphertext
const opens = async (room: Room, ciphertext: Uint8Array): Promise<Uint8Array> =>
  (await room.decrypt({ ciphertext, context: { table: 'orders' } })).plaintext

/** The vault without its keys, in a store that never saw them. */
async function emptied({ room, clock, vaultId }: World): Promise<Room> {
  const { blob } = await room.backupVault({ vaultId })
  const other = await blank(room, clock)
  await other.restoreVault({ blob: blob! })
  return other
}

describe.each(['node', 'portable'] as const)('with the provider %s', (crypto) => {
  test('what every kind of key made is opened and verified by what comes back', async () => {
    const { room, vaultId } = await stage(undefined, { crypto })
    const make = (displayName: string, spec: 'AES_128' | 'EC_P256' | 'HMAC_256' | 'ED25519') =>
      room.createKey({ vaultId, displayName, spec })
    const [aes, ec, hmac, ed] = [
      await make('a', 'AES_128'),
      await make('b', 'EC_P256'),
      await make('c', 'HMAC_256'),
      await make('d', 'ED25519'),
    ]
    const ciphertext = await encrypted(room, aes.id)
    const { signature } = await room.sign({ keyId: ec.id, message: PLAIN })
    const { mac } = await room.generateMac({ keyId: hmac.id, message: PLAIN })
    const deterministic = await room.sign({ keyId: ed.id, message: PLAIN })
    const other = await Strongroom.open({ realm: room, crypto })
    await other.restoreVault({ blob: (await room.backupVault({ vaultId })).blob! })
    for (const { id } of [aes, ec, hmac, ed])
      await other.restoreKey({ blob: await keyBlob(room, id) })
    expect(await opens(other, ciphertext)).toEqual(PLAIN)
    expect((await other.verify({ keyId: ec.id, message: PLAIN, signature })).valid).toBe(true)
    expect((await other.verifyMac({ keyId: hmac.id, message: PLAIN, mac })).valid).toBe(true)
    expect(await other.sign({ keyId: ed.id, message: PLAIN })).toEqual(deterministic)
    expect((await other.verify()).ok).toBe(true)
  })
})

describe('into a vault that does not have it', () => {
  test('the key has everything that it had, and its ids', async () => {
    const w = await world()
    const { room, keyId } = w
    const first = await encrypted(room, keyId)
    const [version] = (await room.listKeyVersions({ keyId })).items
    await room.createKeyVersion({ keyId, tags: { nr: '2' }, operations: ['encrypt', 'decrypt'] })
    await room.createAlias({ keyId, name: 'alias/orders' })
    const second = await encrypted(room, keyId)
    const blob = await keyBlob(room, keyId)
    const other = await emptied(w)
    const restored = await other.restoreKey({ blob })
    const before = await room.getKey({ keyId })
    const { etag: _, updatedAt: __, ...same } = before
    expect(restored).toMatchObject({ ...same, restoredFrom: keyId })
    expect(await opens(other, first)).toEqual(PLAIN)
    expect(await opens(other, second)).toEqual(PLAIN)
    const versions = (await other.listKeyVersions({ keyId })).items
    expect(versions.map(({ number, current, tags }) => [number, current, tags])).toEqual(
      (await room.listKeyVersions({ keyId })).items.map((v) => [v.number, v.current, v.tags]),
    )
    expect(versions.find(({ number }) => number === 1)!.restoredFrom).toBe(version!.id)
    expect((await other.getKey({ keyId: 'alias/orders' })).id).toBe(keyId)
    expect((await other.verify()).ok).toBe(true)
  })

  test('a disabled version stays disabled; one that waits for its deletion stays behind', async () => {
    const w = await world()
    const { room, keyId } = w
    const [one] = (await room.listKeyVersions({ keyId })).items
    const two = await room.createKeyVersion({ keyId })
    await room.createKeyVersion({ keyId })
    await room.updateKeyVersion({ keyId, versionId: one!.id, enabled: false })
    await room.scheduleKeyVersionDeletion({ keyId, versionId: two.id })
    const other = await emptied(w)
    await other.restoreKey({ blob: await keyBlob(room, keyId) })
    const states = (await other.listKeyVersions({ keyId })).items.map((v) => [v.number, v.state])
    expect(new Map(states as [number, string][])).toEqual(
      new Map([
        [1, 'disabled'],
        [3, 'enabled'],
      ]),
    )
    const next = await other.createKeyVersion({ keyId })
    expect(next.number).toBe(4)
  })

  test('a rotation that fell due in the meantime is made up for', async () => {
    const w = await world()
    const blob = await keyBlob(w.room, w.keyId)
    const other = await emptied(w)
    w.clock.advance({ days: 200 })
    await other.restoreKey({ blob })
    const { items } = await other.listRotations({ keyId: w.keyId })
    expect(items.map(({ number, rotatedAt }) => [number, rotatedAt?.getTime()])).toEqual([
      [2, w.clock.now()],
    ])
  })
})

describe('into the key itself', () => {
  test('adds what is missing and changes nothing else', async () => {
    const { room, keyId } = await world()
    const before = await keyBlob(room, keyId)
    await room.createKeyVersion({ keyId })
    await room.updateKey({ keyId, displayName: 'renamed' })
    const current = (await room.getKey({ keyId })).currentVersionId
    const restored = await room.restoreKey({ blob: before })
    expect(restored).toMatchObject({ displayName: 'renamed', currentVersionId: current })
    expect((await room.listKeyVersions({ keyId })).items).toHaveLength(2)
  })

  test('twice is the same as once', async () => {
    const w = await world()
    const blob = await keyBlob(w.room, w.keyId)
    const other = await emptied(w)
    await other.restoreKey({ blob })
    const again = await other.restoreKey({ blob })
    expect(again.id).toBe(w.keyId)
    expect((await other.listKeyVersions({ keyId: w.keyId })).items).toHaveLength(1)
    expect((await other.listKeys({ vaultId: w.vaultId })).items).toHaveLength(1)
  })

  test('the stricter of two states stays', async () => {
    const { room, keyId } = await world()
    const enabled = await keyBlob(room, keyId)
    await room.disableKey({ keyId })
    const disabled = await keyBlob(room, keyId)
    expect((await room.restoreKey({ blob: enabled })).state).toBe('disabled')
    await room.enableKey({ keyId })
    expect((await room.restoreKey({ blob: disabled })).state).toBe('disabled')
    await room.scheduleKeyDeletion({ keyId })
    expect((await room.restoreKey({ blob: enabled })).state).toBe('pendingDeletion')
    expect(await codeOf(room.encrypt({ keyId, plaintext: PLAIN }))).toBe('INVALID_STATE')
  })

  test('versions of two stores that both went on get numbers of their own', async () => {
    const w = await world()
    const { room, keyId } = w
    const other = await emptied(w)
    await other.restoreKey({ blob: await keyBlob(room, keyId) })
    const here = await room.createKeyVersion({ keyId })
    const there = await other.createKeyVersion({ keyId })
    const made = await encrypted(other, keyId)
    await room.restoreKey({ blob: await keyBlob(other, keyId) })
    const numbers = (await room.listKeyVersions({ keyId })).items.map((v) => [v.id, v.number])
    expect(Object.fromEntries(numbers as [string, number][])).toMatchObject({
      [here.id]: 2,
      [there.id]: 3,
    })
    expect(await opens(room, made)).toEqual(PLAIN)
    expect((await room.verify()).ok).toBe(true)
  })
})

describe('what was destroyed', () => {
  test('a key: refused, and its material does not come back', async () => {
    const { room, keyId } = await world()
    const blob = await keyBlob(room, keyId)
    const ciphertext = await encrypted(room, keyId)
    await room.destroyKey({ keyId })
    const refused = room.restoreKey({ blob })
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_STATE',
      explain: { rule: 'key.state', found: 'deleted' },
    })
    expect(await codeOf(opens(room, ciphertext))).toBe('INVALID_STATE')
  })

  test('a key whose time came while nothing ran', async () => {
    const { room, clock, keyId } = await world()
    const blob = await keyBlob(room, keyId)
    await room.scheduleKeyDeletion({ keyId })
    clock.advance({ days: 31 })
    expect(await codeOf(room.restoreKey({ blob }))).toBe('INVALID_STATE')
    await room.tick()
    expect(await codeOf(room.restoreKey({ blob }))).toBe('INVALID_STATE')
  })

  test('a key, asked for as a new one: other ids, the same material', async () => {
    const { room, keyId } = await world()
    await room.createKeyVersion({ keyId })
    const blob = await keyBlob(room, keyId)
    await room.destroyKey({ keyId })
    const fresh = await room.restoreKey({ blob, newIds: true })
    expect(fresh).toMatchObject({ displayName: 'orders', state: 'enabled', restoredFrom: keyId })
    expect(fresh.id).not.toBe(keyId)
    const versions = (await room.listKeyVersions({ keyId: fresh.id })).items
    expect(versions.map(({ number }) => number).sort()).toEqual([1, 2])
    expect((await room.getKey({ keyId })).state).toBe('deleted')
    expect(await codeOf(encrypted(room, fresh.id))).toBe('ok')
    expect((await room.verify()).ok).toBe(true)
  })

  test('a version of a living key', async () => {
    const { room, clock, keyId } = await world()
    const [one] = (await room.listKeyVersions({ keyId })).items
    const ciphertext = await encrypted(room, keyId)
    await room.createKeyVersion({ keyId })
    const blob = await keyBlob(room, keyId)
    await room.scheduleKeyVersionDeletion({ keyId, versionId: one!.id })
    clock.advance({ days: 31 })
    for (const finish of [async () => undefined, () => room.tick()]) {
      await finish()
      await room.restoreKey({ blob })
      const { state } = await room.getKeyVersion({ keyId, versionId: one!.id })
      expect(state).toBe('deleted')
      expect(await codeOf(opens(room, ciphertext))).toBe('INVALID_STATE')
    }
  })

  test('imported material that expired, by then or since', async () => {
    const { room, clock, vaultId } = await stage()
    const key = await room.createKey({
      vaultId,
      displayName: 'brought',
      spec: 'AES_256',
      origin: 'imported',
    })
    const { wrapped, importToken } = await wrappedFor(room, key.id)
    const expiresAt = new Date(clock.now() + 20 * 86_400_000)
    await room.importKeyMaterial({ keyId: key.id, importToken, wrapped, expiresAt })
    const blob = await keyBlob(room, key.id)
    const other = await Strongroom.open({ realm: room, clock })
    await other.restoreVault({ blob: (await room.backupVault({ vaultId })).blob! })
    clock.advance({ days: 21 })
    expect((await other.restoreKey({ blob })).state).toBe('pendingImport')
    expect((await room.restoreKey({ blob })).state).toBe('pendingImport')
    expect((await room.restoreKey({ blob, newIds: true })).state).toBe('pendingImport')
    expect((await other.verify()).ok).toBe(true)
  })

  test('imported material of a new key is recognised under its new name', async () => {
    const { room, vaultId } = await stage()
    const key = await room.createKey({
      vaultId,
      displayName: 'brought',
      spec: 'AES_256',
      origin: 'imported',
    })
    const first = await wrappedFor(room, key.id)
    await room.importKeyMaterial({ keyId: key.id, ...first })
    const fresh = await room.restoreKey({ blob: await keyBlob(room, key.id), newIds: true })
    await room.deleteKeyMaterial({ keyId: fresh.id })
    const again = await wrappedFor(room, fresh.id)
    expect((await room.importKeyMaterial({ keyId: fresh.id, ...again })).state).toBe('enabled')
    const other = await wrappedFor(room, fresh.id, 7)
    await room.deleteKeyMaterial({ keyId: fresh.id })
    expect(await codeOf(room.importKeyMaterial({ keyId: fresh.id, ...other }))).toBe(
      'INVALID_KEY_MATERIAL',
    )
  })
})

async function wrappedFor(room: Room, keyId: string, fill = 5) {
  const { createPublicKey, publicEncrypt } = await import('node:crypto')
  const asked = { keyId, wrapping: 'RSA_OAEP_SHA_256', wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
  const material = new Uint8Array(32).fill(fill)
  return {
    importToken,
    wrapped: new Uint8Array(publicEncrypt({ key, oaepHash: 'sha256' }, material)),
  }
}

describe('elsewhere', () => {
  test('in a vault of another region: new ids, which lead back', async () => {
    const w = await world()
    const { room, vaultId, keyId } = w
    const there = await elsewhere(room)
    const vault = await there.restoreVault({ blob: (await room.backupVault({ vaultId })).blob! })
    expect(vault).toMatchObject({ restoredFrom: vaultId })
    expect(vault.id).not.toBe(vaultId)
    const blob = await keyBlob(room, keyId)
    expect(await codeOf(there.restoreKey({ blob }))).toBe('NOT_FOUND')
    const key = await there.restoreKey({ blob, vaultId: vault.id })
    expect(key).toMatchObject({ restoredFrom: keyId, vaultId: vault.id })
    expect(key.id).not.toBe(keyId)
  })

  test('in another vault of the region: only as a new key', async () => {
    const { room, keyId } = await world()
    const { id: vaultId } = await room.createVault({ displayName: 'second' })
    const blob = await keyBlob(room, keyId)
    expect(await codeOf(room.restoreKey({ blob, vaultId }))).toBe('INVALID_ARGUMENT')
    const key = await room.restoreKey({ blob, vaultId, newIds: true })
    expect(key).toMatchObject({ vaultId, restoredFrom: keyId })
  })

  test('a name in use, when the caller minds', async () => {
    const { room, keyId } = await world()
    const blob = await keyBlob(room, keyId)
    const asked = { blob, newIds: true, failIfNameInUse: true }
    expect(await codeOf(room.restoreKey(asked))).toBe('ALREADY_EXISTS')
    await room.scheduleKeyDeletion({ keyId })
    expect(await codeOf(room.restoreKey(asked))).toBe('ALREADY_EXISTS')
    await room.destroyKey({ keyId })
    expect(await codeOf(room.restoreKey(asked))).toBe('ok')
  })
})

describe('refused', () => {
  let w: World
  let blob: Uint8Array
  beforeAll(async () => {
    w = await world()
    blob = await keyBlob(w.room, w.keyId)
  })

  test('a key that is not usable', async () => {
    const { room, vaultId } = w
    const make = (more: object) =>
      room.createKey({ vaultId, displayName: 'x', spec: 'AES_256', ...more })
    const pending = await make({ origin: 'imported' })
    const going = await make({})
    await room.scheduleKeyDeletion({ keyId: going.id })
    const gone = await make({})
    await room.destroyKey({ keyId: gone.id })
    for (const { id } of [pending, going, gone])
      expect(await codeOf(room.backupKey({ keyId: id }))).toBe('INVALID_STATE')
    expect(await codeOf(room.backupKey({ keyId: crypto.randomUUID() }))).toBe('NOT_FOUND')
  })

  test('the wrapping key of a vault', () => {
    const record = { role: 'wrapping', protectionMode: 'HSM' }
    const key = { record, state: 'enabled' } as unknown as KeyView
    expect(explain('backupKey', { key, now: 0 })?.code).toBe('NOT_PERMITTED_FOR_KEY')
  })

  test('external keys and vaults', async () => {
    const { room } = w
    const external = { endpoint: 'https://keys.example' }
    const vault = await room.createVault({ displayName: 'e', type: 'EXTERNAL', external })
    const key = await room.createKey({
      vaultId: vault.id,
      displayName: 'e',
      spec: 'AES_256',
      origin: 'external',
      external,
    })
    expect(await codeOf(room.backupKey({ keyId: key.id }))).toBe('UNSUPPORTED')
    expect(await codeOf(room.backupVault({ vaultId: vault.id }))).toBe('UNSUPPORTED')
    const into = { blob, vaultId: vault.id, newIds: true }
    expect(await codeOf(room.restoreKey(into))).toBe('UNSUPPORTED')
  })

  test('neither or both of blob and from; from and to without an object store', async () => {
    const from = { bucket: 'b', object: 'o' }
    const { room, keyId } = w
    expect(await codeOf(room.restoreKey({}))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(room.restoreKey({ blob, from }))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(room.restoreKey({ from }))).toBe('INVALID_ARGUMENT')
    expect(await codeOf(room.backupKey({ keyId, to: from }))).toBe('INVALID_ARGUMENT')
  })

  test('an etag that is not the newest, another principal', async () => {
    const { room, keyId } = w
    const { etag } = await room.getKey({ keyId })
    expect(await codeOf(room.backupKey({ keyId, ifMatch: etag }))).toBe('ok')
    expect(await codeOf(room.backupKey({ keyId, ifMatch: 'x' }))).toBe('ETAG_MISMATCH')
    const principal = 'somebody'
    expect(await codeOf(room.backupKey({ keyId, principal }))).toBe('FORBIDDEN')
    expect(await codeOf(room.restoreKey({ blob, principal }))).toBe('FORBIDDEN')
  })

  test('an MD5 that is not that of the bytes, in the words of the contract', async () => {
    const { room } = w
    const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('base64')
    expect(await codeOf(room.restoreKey({ blob, md5: md5(blob) }))).toBe('ok')
    const wrong = md5(utf8('something else'))
    await expect(room.restoreKey({ blob: inPieces(blob, 100), md5: wrong })).rejects.toMatchObject({
      code: 'CONTENT_MISMATCH',
      message:
        `The computed MD5 of the request body (${md5(blob)}) does not match the Content-MD5 ` +
        `header (${wrong}).`,
    })
    const cut = blob.slice(0, 500)
    const asked = { blob: inPieces(cut, 7), md5: md5(blob) }
    expect(await codeOf(room.restoreKey(asked))).toBe('CONTENT_MISMATCH')
  })

  test('a stream that breaks or gives no bytes', async () => {
    const { room } = w
    async function* broken() {
      yield blob.slice(0, 100)
      throw new Error('the wire was cut')
    }
    async function* text() {
      yield 'text' as unknown as Uint8Array
    }
    expect(await codeOf(room.restoreKey({ blob: broken() }))).toBe('UNAVAILABLE')
    expect(await codeOf(room.restoreKey({ blob: text() }))).toBe('INVALID_ARGUMENT')
  })

  test('a vault that is not there, is going, or is gone', async () => {
    const other = await blank(w.room, w.clock)
    expect(await codeOf(other.restoreKey({ blob }))).toBe('NOT_FOUND')
    const { room, clock, vaultId, keyId } = await world()
    const own = await keyBlob(room, keyId)
    await room.scheduleVaultDeletion({ vaultId })
    expect(await codeOf(room.restoreKey({ blob: own }))).toBe('INVALID_STATE')
    clock.advance({ days: 31 })
    expect(await codeOf(room.restoreKey({ blob: own }))).toBe('NOT_FOUND')
    await room.tick()
    expect(await codeOf(room.restoreKey({ blob: own }))).toBe('NOT_FOUND')
  })
})

test('a retry token answers the same restore again', async () => {
  const { room, vaultId, keyId } = await world()
  const blob = await keyBlob(room, keyId)
  const asked = { newIds: true, retryToken: 'once' }
  const first = await room.restoreKey({ blob, ...asked })
  expect(await room.restoreKey({ blob: inPieces(blob, 11), ...asked })).toEqual(first)
  expect((await room.listKeys({ vaultId })).items).toHaveLength(2)
  const other = await keyBlob(room, keyId)
  expect(await codeOf(room.restoreKey({ blob: other, ...asked }))).toBe('RETRY_TOKEN_REUSED')
})

test('a key of many versions fits the smallest store, or is refused whole', async () => {
  const store = lasting(createMemoryStore({ limits: PORTABLE_LIMITS }))
  const { room, clock, vaultId } = await stage()
  const key = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const rotate = async (times: number) => {
    for (let i = 0; i < times; i++) await room.createKeyVersion({ keyId: key.id })
  }
  await rotate(19)
  const twenty = await keyBlob(room, key.id)
  await rotate(30)
  const fifty = await keyBlob(room, key.id)
  const other = await blank(room, clock, store)
  await other.restoreVault({ blob: (await room.backupVault({ vaultId })).blob! })
  const before = await imageOf(store)
  expect(await codeOf(other.restoreKey({ blob: fifty }))).toBe('LIMIT_EXCEEDED')
  expect(await imageOf(store)).toBe(before)
  await other.restoreKey({ blob: twenty })
  expect((await other.listKeyVersions({ keyId: key.id })).items).toHaveLength(20)
  expect((await other.verify()).ok).toBe(true)
})

const versionsOf = async (room: Room, keyId: string): Promise<number> =>
  (await room.listKeyVersions({ keyId })).items.length

test('whatever call of the store fails, the key is there whole or not at all', async () => {
  const w = await world()
  await w.room.createKeyVersion({ keyId: w.keyId })
  const blob = await keyBlob(w.room, w.keyId)
  const { blob: vault } = await w.room.backupVault({ vaultId: w.vaultId })
  const base = lasting(createMemoryStore())
  const first = await blank(w.room, w.clock, base)
  await first.restoreVault({ blob: vault! })
  await first.close()
  const start = await snapshotOf(base)
  for (let nth = 1; ; nth++) {
    const store = faultyStore(await storeWith(start))
    const room = await Strongroom.open({ store, clock: w.clock, seal: SEAL })
    const from = store.calls.length
    store.plan({ method: 'any', nth: from + nth, kind: 'before' })
    const code = await codeOf(room.restoreKey({ blob }))
    store.heal()
    if (code === 'ok') break
    expect(['UNAVAILABLE', 'OUTCOME_UNKNOWN']).toContain(code)
    await room.recover()
    const there = await codeOf(room.getKey({ keyId: w.keyId }))
    if (code === 'UNAVAILABLE') expect(there).toBe('NOT_FOUND')
    if (there === 'ok') expect(await versionsOf(room, w.keyId)).toBe(2)
    expect((await room.verify()).ok).toBe(true)
    await room.restoreKey({ blob })
    expect(await versionsOf(room, w.keyId)).toBe(2)
    await room.close()
  }
})

test('a backup is told to who audits uses', async () => {
  const { room, vaultId } = await stage(undefined, { audit: 'all' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  await room.backupKey({ keyId, requestId: 'r1' })
  const uses = []
  for await (const entry of room.journal()) uses.push(...entry.uses)
  expect(uses).toMatchObject([{ operation: 'backupKey', outcome: 'ok', keyId, requestId: 'r1' }])
})
