/** Histories worth a name: found by the random ones, or promised in words that they would seldom hit. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Key, Version } from '../../src/engine/api.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Room } from './real.ts'
import { memoryReal } from './rooms.ts'
import { bringMaterial } from './steps-import.ts'
import type { VirtualClock } from '../../src/base/clock.ts'
import { outcome } from './real.ts'

const DAY_MS = 24 * 60 * 60 * 1000

let room: Room
let clock: VirtualClock
let vaultId: string

beforeEach(async () => {
  const real = await memoryReal()
  room = real.room
  clock = real.clock
  vaultId = (await room.createVault({ displayName: 'v' })).id
})

afterEach(() => room.close())

const newKey = (more: object = {}): Promise<Key> =>
  room.createKey({ vaultId, displayName: 'k', spec: 'AES_256', ...more })
const inDays = (days: number): Date => new Date(clock.now() + days * DAY_MS)
const codeOf = async (call: () => Promise<unknown>): Promise<string> => {
  const result = await outcome(call)
  return 'code' in result ? result.code : 'done'
}
/** Oldest first. */
async function versionsOf(keyId: string): Promise<readonly Version[]> {
  const { items } = await room.listKeyVersions({ keyId, limit: 1000 })
  return [...items].sort((a, b) => a.number - b.number)
}

describe('etags', () => {
  test('a version that is not current any more has another etag', async () => {
    const { id: keyId, currentVersionId } = await newKey()
    const version = { keyId, versionId: currentVersionId! }
    const before = await room.getKeyVersion(version)
    await room.createKeyVersion({ keyId })
    const after = await room.getKeyVersion(version)
    expect([before.current, after.current]).toEqual([true, false])
    expect(after.etag).not.toBe(before.etag)
  })

  test('a key that its vault takes down at another time has another etag', async () => {
    const { id: keyId } = await newKey()
    await room.scheduleVaultDeletion({ vaultId, deletionAt: inDays(10) })
    const before = await room.getKey({ keyId })
    await room.cancelVaultDeletion({ vaultId })
    await room.scheduleVaultDeletion({ vaultId, deletionAt: inDays(20) })
    const after = await room.getKey({ keyId })
    expect(after.deletionAt).not.toEqual(before.deletionAt)
    expect(after.etag).not.toBe(before.etag)
  })
})

describe('rotation', () => {
  test('never dates from before the policy that asks for it', async () => {
    const { id: keyId } = await newKey()
    clock.advance({ days: 40 })
    await room.putRotationPolicy({ keyId, rotation: { daysAfterCreation: 30 } })
    const [first, second] = await versionsOf(keyId)
    expect(first!.createdAt).toEqual(inDays(-40))
    expect(second!.createdAt).toEqual(inDays(0))
  })

  test('never dates from before the expiry that asks for it', async () => {
    const { id: keyId, currentVersionId } = await newKey()
    const rotation = { daysBeforeExpiry: 6, expiryDays: 15 }
    await room.putRotationPolicy({ keyId, rotation })
    await room.updateKeyVersion({ keyId, versionId: currentVersionId!, expiresOn: inDays(5) })
    const times = (await versionsOf(keyId)).map(({ createdAt }) => createdAt)
    expect(times).toEqual([inDays(0), inDays(0)])
  })

  test.each([false, true])('makes up for the newest twelve (ticked: %s)', async (ticked) => {
    const { id: keyId } = await newKey()
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 1 } })
    clock.advance({ days: 100 })
    if (ticked) await room.tick()
    const made = (await versionsOf(keyId)).slice(1)
    const due = Array.from({ length: 12 }, (_, i) => inDays(i - 11))
    expect(made.map(({ createdAt }) => createdAt)).toEqual(due)
    expect(made.every(({ autoRotated }) => autoRotated)).toBe(true)
    const key = await room.getKey({ keyId })
    expect(key.rotation?.nextRotationAt).toEqual(inDays(1))
    expect(key.currentVersionId).toBe(made.at(-1)!.id)
  })

  test('lists show it as a single read does', async () => {
    const { id: keyId } = await newKey()
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 10 } })
    clock.advance({ days: 25 })
    const [listed] = (await room.listKeys({ vaultId })).items
    expect(listed).toEqual(await room.getKey({ keyId }))
  })

  test('the usage of a vault counts it', async () => {
    const { id: keyId } = await newKey()
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 10 } })
    clock.advance({ days: 25 })
    expect((await room.getVaultUsage({ vaultId })).keyVersionCount).toBe(3)
  })

  test('a disabled key rotates at once when it is enabled again, and then at its interval', async () => {
    const { id: keyId } = await newKey()
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 10 } })
    await room.disableKey({ keyId })
    clock.advance({ days: 35 })
    expect(await versionsOf(keyId)).toHaveLength(1)
    await room.enableKey({ keyId })
    expect((await versionsOf(keyId)).map(({ createdAt }) => createdAt)).toEqual([
      inDays(-35),
      inDays(0),
    ])
    expect((await room.getKey({ keyId })).rotation?.nextRotationAt).toEqual(inDays(10))
  })
})

describe('rotation while the key is away', () => {
  const AWAY = {
    key: [
      (keyId: string) => room.scheduleKeyDeletion({ keyId }),
      (keyId: string) => room.cancelKeyDeletion({ keyId }),
    ],
    vault: [
      () => room.scheduleVaultDeletion({ vaultId }),
      () => room.cancelVaultDeletion({ vaultId }),
    ],
  } as const

  test.each(['key', 'vault'] as const)('happens once when the %s is back', async (kind) => {
    const [leave, comeBack] = AWAY[kind]
    const { id: keyId } = await newKey()
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 3 } })
    await leave(keyId)
    clock.advance({ days: 25 })
    expect(await versionsOf(keyId)).toHaveLength(1)
    await comeBack(keyId)
    clock.advance({ days: 3 })
    const times = (await versionsOf(keyId)).map(({ createdAt }) => createdAt)
    expect(times).toEqual([inDays(-28), inDays(-3), inDays(0)])
  })
})

describe('imported material', () => {
  test.each([false, true])('comes back enabled after it expired (ticked: %s)', async (ticked) => {
    const { id: keyId } = await newKey({ origin: 'imported' })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4), { expiresAt: inDays(9) })
    await room.disableKey({ keyId })
    clock.advance({ days: 9 })
    if (ticked) await room.tick()
    expect((await room.getKey({ keyId })).state).toBe('pendingImport')
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    expect((await room.getKey({ keyId })).state).toBe('enabled')
  })

  test('comes back to a version that is disabled, and leaves it so', async () => {
    const { id: keyId } = await newKey({ origin: 'imported' })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    const [{ id: versionId } = { id: '' }] = await versionsOf(keyId)
    await room.updateKeyVersion({ keyId, versionId, enabled: false })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4), { expiresAt: inDays(30) })
    expect((await room.getKeyVersion({ keyId, versionId })).state).toBe('disabled')
  })

  test('comes back to an older version too, and the key with it', async () => {
    const { id: keyId } = await newKey({ origin: 'imported' })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4), { expiresAt: inDays(9) })
    const { ciphertext } = await room.encrypt({ keyId, plaintext: utf8('first') })
    await room.createKeyVersion({ keyId })
    clock.advance({ days: 9 })
    expect((await room.getKey({ keyId })).state).toBe('pendingImport')
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    expect((await room.getKey({ keyId })).state).toBe('enabled')
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(utf8('first'))
  })

  test('never comes back to a version that is deleted', async () => {
    const { id: keyId } = await newKey({ origin: 'imported' })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    const [{ id: versionId } = { id: '' }] = await versionsOf(keyId)
    await room.createKeyVersion({ keyId })
    await room.scheduleKeyVersionDeletion({ keyId, versionId })
    clock.advance({ days: 30 })
    await room.tick()
    const again = bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    await expect(again).rejects.toMatchObject({ code: 'INVALID_KEY_MATERIAL' })
    expect((await room.getKeyVersion({ keyId, versionId })).state).toBe('deleted')
  })

  test('deleting it takes nothing away that cannot come back', async () => {
    const { id: keyId } = await newKey({ origin: 'imported' })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    await room.createKeyVersion({ keyId })
    const { ciphertext } = await room.encrypt({ keyId, plaintext: utf8('second') })
    await room.deleteKeyMaterial({ keyId })
    await bringMaterial(room, keyId, new Uint8Array(32).fill(4))
    expect((await room.getKey({ keyId })).state).toBe('enabled')
    expect((await room.decrypt({ ciphertext })).plaintext).toEqual(utf8('second'))
  })
})

describe('retry tokens', () => {
  test('are remembered for 24 hours', async () => {
    const input = { vaultId, displayName: 'once', spec: 'AES_256', retryToken: 't' } as const
    const first = await room.createKey(input)
    clock.advance({ hours: 24, milliseconds: -1 })
    expect(await room.createKey(input)).toEqual(first)
    clock.advance({ milliseconds: 1 })
    expect((await room.createKey(input)).id).not.toBe(first.id)
  })

  test('of a vault too', async () => {
    const input = { displayName: 'once', retryToken: 't' }
    const first = await room.createVault(input)
    expect(await room.createVault(input)).toEqual(first)
    expect(await codeOf(() => room.createVault({ ...input, displayName: 'other' }))).toBe(
      'RETRY_TOKEN_REUSED',
    )
    clock.advance({ hours: 24 })
    expect((await room.createVault(input)).id).not.toBe(first.id)
  })

  test('repeat the first answer, whatever happened since', async () => {
    const { id: keyId } = await newKey()
    const disabled = await room.disableKey({ keyId, retryToken: 't' })
    await room.enableKey({ keyId })
    expect(await room.disableKey({ keyId, retryToken: 't' })).toEqual(disabled)
    expect((await room.getKey({ keyId })).state).toBe('enabled')
  })

  test('remember no refusal', async () => {
    const { id: keyId } = await newKey()
    const enable = () => codeOf(() => room.enableKey({ keyId, retryToken: 't' }))
    expect(await enable()).toBe('INVALID_STATE')
    await room.disableKey({ keyId })
    expect(await enable()).toBe('done')
  })

  test('are told apart by operation and input', async () => {
    const { id: keyId } = await newKey()
    await room.disableKey({ keyId, retryToken: 't' })
    expect(await codeOf(() => room.enableKey({ keyId, retryToken: 't' }))).toBe(
      'RETRY_TOKEN_REUSED',
    )
  })
})
