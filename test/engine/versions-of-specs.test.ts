/** Words of the core that a face of named keys needs: names, specs and material of versions, release. */
import { generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { StrongroomError } from '../../src/base/errors.ts'
import { Strongroom, VirtualClock } from '../../src/index.ts'

const MESSAGE = new TextEncoder().encode('ten apples')
const DAY_MS = 86_400_000

async function furnished() {
  const clock = new VirtualClock(new Date('2026-01-01T00:00:00Z'))
  const room = await Strongroom.open({ clock })
  const { id: vaultId } = await room.createVault({ displayName: 'shop' })
  const made = { vaultId, displayName: 'orders' }
  return { room, clock, vaultId, made }
}

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'ok',
    (error: unknown) => (error as StrongroomError).code,
  )

test('a key is made with its first alias, or not at all', async () => {
  const { room, vaultId, made } = await furnished()
  const alias = 'alias/orders'
  const key = await room.createKey({ ...made, spec: 'AES_256', alias })
  expect((await room.getKey({ keyId: alias, vaultId })).id).toBe(key.id)
  const again = room.createKey({ ...made, spec: 'AES_256', alias })
  expect(await codeOf(again)).toBe('ALREADY_EXISTS')
  expect((await room.listKeys({ vaultId })).items).toHaveLength(1)
  await room.destroyKey({ keyId: key.id })
  const next = await room.createKey({ ...made, spec: 'AES_256', alias })
  expect((await room.getKey({ keyId: alias, vaultId })).id).toBe(next.id)
})

test('a version of another spec leaves the older ones what they are', async () => {
  const { room, made } = await furnished()
  const key = await room.createKey({ ...made, spec: 'EC_P256', olderVersions: 'all' })
  const keyId = key.id
  const old = await room.sign({ keyId, message: MESSAGE })
  const aes = await room.createKeyVersion({ keyId, spec: 'AES_256' })
  expect(await room.getKey({ keyId })).toMatchObject({
    spec: 'AES_256',
    purposes: ['encrypt', 'sign'],
    currentVersionId: aes.id,
  })
  const { ciphertext } = await room.encrypt({ keyId, plaintext: MESSAGE })
  expect((await room.decrypt({ ciphertext })).plaintext).toEqual(MESSAGE)
  const { versionId } = old
  const verifying = { keyId, versionId, message: MESSAGE, signature: old.signature }
  expect((await room.verify(verifying)).valid).toBe(true)
  expect(await codeOf(room.sign({ keyId, message: MESSAGE }))).toBe('INVALID_ARGUMENT')
  expect(await codeOf(room.encrypt({ keyId, versionId, plaintext: MESSAGE }))).not.toBe('ok')
  const wrong = room.createKeyVersion({ keyId, spec: 'HMAC_256', purposes: ['encrypt'] })
  expect(await codeOf(wrong)).toBe('UNSUPPORTED')
  const copies = await room.createKey({ ...made, spec: 'AES_256', multiRegion: true })
  const other = room.createKeyVersion({ keyId: copies.id, spec: 'AES_128' })
  expect(await codeOf(other)).toBe('UNSUPPORTED')
})

test('a version is made of material that was made elsewhere', async () => {
  const { room, made } = await furnished()
  const { id: keyId } = await room.createKey({ ...made, spec: 'EC_P256' })
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const material = new Uint8Array(pair.privateKey.export({ format: 'der', type: 'pkcs8' }))
  const version = await room.createKeyVersion({ keyId, material })
  expect(version.origin).toBe('internal')
  expect(Buffer.from(version.publicKey!)).toEqual(
    pair.publicKey.export({ format: 'der', type: 'spki' }),
  )
  const short = room.createKeyVersion({ keyId, material: new Uint8Array(32) })
  expect(await codeOf(short)).toBe('INVALID_KEY_MATERIAL')
})

test('a window of up to 90 days is for those who ask for it', async () => {
  const { room, clock, made } = await furnished()
  const { id: keyId } = await room.createKey({ ...made, spec: 'AES_256' })
  const deletionAt = new Date(clock.now() + 90 * DAY_MS)
  expect(await codeOf(room.scheduleKeyDeletion({ keyId, deletionAt }))).toBe('INVALID_ARGUMENT')
  const longer = room.scheduleKeyDeletion({ keyId, deletionAt, windowDaysMax: 91 })
  expect(await codeOf(longer)).toBe('INVALID_ARGUMENT')
  await room.disableKey({ keyId })
  const { versionId } = { versionId: (await room.getKey({ keyId })).currentVersionId! }
  await room.scheduleKeyDeletion({ keyId, deletionAt, windowDaysMax: 90 })
  const version = await room.getKeyVersion({ keyId, versionId })
  expect([version.state, version.previousState]).toEqual(['pendingDeletion', 'enabled'])
  clock.advance({ days: 89 })
  expect((await room.getKey({ keyId })).state).toBe('pendingDeletion')
  clock.advance({ days: 1 })
  expect((await room.getKey({ keyId })).state).toBe('deleted')
})

test('a key in hardware leaves when it was made to, and no other does', async () => {
  const { room, made } = await furnished()
  const { publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'der' },
  })
  const exporting = {
    wrapping: 'RSA_OAEP_AES_SHA_384',
    publicKey: new Uint8Array(publicKey),
  } as const
  const stays = await room.createKey({ ...made, spec: 'AES_256' })
  const goes = await room.createKey({ ...made, spec: 'AES_256', exportable: true })
  expect([stays.exportable, goes.exportable]).toEqual([undefined, true])
  expect(await codeOf(room.exportKey({ keyId: stays.id, ...exporting }))).toBe(
    'NOT_PERMITTED_FOR_KEY',
  )
  const { wrapped } = await room.exportKey({ keyId: goes.id, ...exporting })
  expect(wrapped).toHaveLength(256 + 40)
})

test('a restored copy takes the names of the key, and its versions tell their first ids', async () => {
  const { room, vaultId, made } = await furnished()
  const alias = 'alias/orders'
  let { id: keyId, currentVersionId } = await room.createKey({ ...made, spec: 'AES_256', alias })
  const first = currentVersionId!
  for (const _ of [1, 2]) {
    const { blob } = await room.backupKey({ keyId })
    const restoring = { blob: blob!, newIds: true, takeAliases: true }
    expect(await codeOf(room.restoreKey(restoring))).toBe('ALREADY_EXISTS')
    await room.destroyKey({ keyId })
    const restored = await room.restoreKey(restoring)
    keyId = restored.id
    currentVersionId = restored.currentVersionId
    const version = await room.getKeyVersion({ keyId, versionId: currentVersionId! })
    expect([version.id === first, version.firstId]).toEqual([false, first])
    expect((await room.getKey({ keyId: alias, vaultId })).id).toBe(keyId)
  }
})

test('a version made by automatic rotation is limited as the one before it was', async () => {
  const { room, clock, made } = await furnished()
  const { id: keyId } = await room.createKey({
    ...made,
    spec: 'AES_256',
    version: { operations: ['decrypt'], tags: { shop: 'fruit' } },
    rotation: { everyDays: 30 },
  })
  clock.advance({ days: 61 })
  const { items } = await room.listKeyVersions({ keyId })
  expect(items).toHaveLength(3)
  for (const { operations, tags } of items)
    expect([operations, tags]).toEqual([['decrypt'], { shop: 'fruit' }])
  expect(await codeOf(room.encrypt({ keyId, plaintext: MESSAGE }))).toBe('NOT_PERMITTED_FOR_KEY')
})
