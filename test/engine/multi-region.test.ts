/**
 * Multi-Region keys: copies of one key in several vaults of a room, under one id and with the same
 * versions (contracts: AWS 13).
 */
import { beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  roomLink,
  Strongroom,
  type CreateKeyInput,
  type Key,
  type Rotation,
} from '../../src/index.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { wrapFor } from './judge.ts'
import { codeOf, DAY_MS, lasting, stage, type Room, type Stage } from './support.ts'

const PLAINTEXT = utf8('everywhere')
const wrapping = 'RSA_OAEP_SHA_256'
const [FIRST, SECOND] = [1, 2].map((byte) => new Uint8Array(32).fill(byte))

let on: Stage
let room: Room
/** Vaults: of the primary, and of others. */
let home: string
let east: string
let west: string
let keyId: string
beforeEach(async () => {
  on = await stage(undefined, { crypto: await sharedProvider() })
  room = on.room
  home = on.vaultId
  east = (await room.createVault({ displayName: 'east' })).id
  west = (await room.createVault({ displayName: 'west' })).id
  keyId = (await make()).id
  return () => room.close()
})

const make = (more: Partial<CreateKeyInput> = {}): Promise<Key> =>
  room.createKey({
    vaultId: home,
    displayName: 'k',
    spec: 'AES_256',
    multiRegion: true,
    ...more,
  })
const replicate = (toVaultId: string, more: object = {}): Promise<Key> =>
  room.replicateKey({ keyId, toVaultId, ...more })
const at = (vaultId: string): Promise<Key> => room.getKey({ keyId, vaultId })
const seal = async (vaultId: string): Promise<Uint8Array> =>
  (await room.encrypt({ keyId, vaultId, plaintext: PLAINTEXT })).ciphertext
const open = (vaultId: string, ciphertext: Uint8Array): Promise<string> =>
  codeOf(room.decrypt({ vaultId, ciphertext }))
const rotate = (vaultId = home) => room.rotateKey({ keyId, vaultId })
const promote = (toVaultId: string, vaultId = home): Promise<Key> =>
  room.changePrimaryKey({ keyId, vaultId, toVaultId })
const versionsOf = async (vaultId: string): Promise<readonly string[]> =>
  (await room.listKeyVersions({ keyId, vaultId, sortOrder: 'ASC' })).items.map(({ id }) => id)
const materials = async (vaultId: string): Promise<readonly Rotation[]> => {
  const asked = { keyId, vaultId, includeMaterials: true, sortOrder: 'ASC' } as const
  return (await room.listRotations(asked)).items
}
async function why(call: Promise<unknown>): Promise<readonly unknown[]> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown as StrongroomError,
  )
  return [error?.code, error?.explain?.rule]
}

describe('a replica', () => {
  test('is the same key in another vault, with a life of its own', async () => {
    const primary = await at(home)
    const replica = await replicate(east, { description: 'over there', tags: { a: 'b' } })
    expect(replica).toMatchObject({
      id: keyId,
      vaultId: east,
      state: 'enabled',
      description: 'over there',
      tags: { a: 'b' },
      currentVersionId: primary.currentVersionId,
      currentMaterialId: primary.currentMaterialId,
      multiRegion: { role: 'replica', primaryVaultId: home, replicaVaultIds: [east] },
    })
    expect(await at(east)).toEqual(replica)
    expect((await at(home)).multiRegion).toEqual({
      role: 'primary',
      primaryVaultId: home,
      replicaVaultIds: [east],
    })
    expect((await at(home)).etag).not.toBe(primary.etag)

    await room.disableKey({ keyId, vaultId: east })
    await room.updateKey({ keyId, vaultId: home, description: 'here' })
    expect([(await at(home)).state, (await at(east)).state]).toEqual(['enabled', 'disabled'])
    expect((await at(east)).description).toBe('over there')
    await room.createAlias({ keyId, vaultId: east, name: 'alias/east' })
    expect((await room.listAliases({ vaultId: home })).items).toEqual([])
    expect((await room.getKey({ keyId: 'alias/east', vaultId: east })).vaultId).toBe(east)
  })

  test('opens what the primary sealed, and the other way round', async () => {
    await replicate(east)
    for (const [from, to] of [
      [home, east],
      [east, home],
    ] as const) {
      const sealed = await seal(from)
      expect(await open(to, sealed)).toBe('ok')
      expect(await open(from, sealed)).toBe('ok')
      expect(await open(west, sealed)).toBe('INVALID_CIPHERTEXT')
    }
  })

  test.each(['EC_P256', 'ED25519', 'HMAC_256'] as const)('of %s does the same', async (spec) => {
    const { id } = await make({ spec, ...(spec === 'HMAC_256' && { purposes: ['mac'] }) })
    await room.replicateKey({ keyId: id, toVaultId: east })
    const message = PLAINTEXT
    if (spec === 'HMAC_256') {
      const { mac } = await room.generateMac({ keyId: id, vaultId: home, message })
      const verified = await room.verifyMac({ keyId: id, vaultId: east, message, mac })
      expect(verified.valid).toBe(true)
      return
    }
    const { signature } = await room.sign({ keyId: id, vaultId: east, message })
    const verified = await room.verify({ keyId: id, vaultId: home, message, signature })
    expect(verified.valid).toBe(true)
    const [one, two] = [
      await room.getPublicKey({ keyId: id, vaultId: home }),
      await room.getPublicKey({ keyId: id, vaultId: east }),
    ]
    expect(one.publicKey).toEqual(two.publicKey)
  })

  test('is meant where its vault is named; otherwise the primary', async () => {
    await replicate(east)
    expect((await room.getKey({ keyId })).vaultId).toBe(home)
    const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
    await room.disableKey({ keyId, vaultId: home })
    expect(await codeOf(room.decrypt({ ciphertext }))).toBe('INVALID_STATE')
    expect(await open(east, ciphertext)).toBe('ok')
  })

  test('keeps its own policy: what one vault allows the other does not', async () => {
    await replicate(east)
    const principal = 'arn:aws:iam::111122223333:user/ann'
    const policy = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { AWS: principal }, Action: 'kms:*', Resource: '*' },
      ],
    })
    await room.putKeyPolicy({ keyId, vaultId: east, policy })
    const uses = (vaultId: string) =>
      codeOf(room.encrypt({ keyId, vaultId, plaintext: PLAINTEXT, principal }))
    for (let i = 0; i < 2; i++)
      expect([await uses(east), await uses(home)]).toEqual(['ok', 'FORBIDDEN'])
  })

  test('is one in each vault, and is made of an enabled multi-Region primary', async () => {
    await replicate(east)
    expect(await codeOf(replicate(east))).toBe('ALREADY_EXISTS')
    expect(await codeOf(replicate(home))).toBe('ALREADY_EXISTS')
    expect(await why(replicate(west, { vaultId: east }))).toEqual([
      'NOT_PERMITTED_FOR_KEY',
      'key.primary',
    ])
    const plain = await make({ multiRegion: false })
    const call = room.replicateKey({ keyId: plain.id, toVaultId: east })
    expect(await why(call)).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
    await room.disableKey({ keyId, vaultId: home })
    expect(await why(replicate(west))).toEqual(['INVALID_STATE', 'key.state'])
    await room.enableKey({ keyId, vaultId: home })
    await room.scheduleVaultDeletion({ vaultId: west })
    expect(await codeOf(replicate(west))).toBe('INVALID_STATE')
    expect(await codeOf(replicate('0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'))).toBe('NOT_FOUND')
  })

  test('is made once by a request that is repeated', async () => {
    const input = { keyId, toVaultId: east, retryToken: 'once' }
    const made = await room.replicateKey(input)
    expect(await room.replicateKey(input)).toEqual(made)
  })

  test('survives a restart, and can be made again once it is gone', async () => {
    await replicate(east)
    await room.createAlias({ keyId, vaultId: east, name: 'alias/east' })
    const sealed = await seal(east)
    room = await on.again({ crypto: await sharedProvider() })
    expect(await open(east, sealed)).toBe('ok')
    await room.scheduleKeyDeletion({ keyId, vaultId: east })
    on.clock.advance({ days: 30 })
    expect((await at(home)).multiRegion?.replicaVaultIds).toEqual([])
    const again = await replicate(east)
    expect(again).toMatchObject({ state: 'enabled', multiRegion: { role: 'replica' } })
    expect(await open(east, sealed)).toBe('ok')
    expect((await room.listAliases({ vaultId: east })).items).toEqual([])
    expect((await room.listKeys({ vaultId: east })).items).toHaveLength(1)
    await room.tick()
    expect(await open(east, sealed)).toBe('ok')
    expect((await room.verify()).ok).toBe(true)
  })
})

describe('rotation', () => {
  test('is for the primary, and every copy has it before the answer', async () => {
    await replicate(east)
    const asked = { keyId, vaultId: east }
    const refused = ['NOT_PERMITTED_FOR_KEY', 'key.primary']
    expect(await why(rotate(east))).toEqual(refused)
    expect(await why(room.createKeyVersion(asked))).toEqual(refused)
    const rotation = { everyDays: 90 }
    expect(await why(room.putRotationPolicy({ ...asked, rotation }))).toEqual(refused)
    expect(await why(room.updateKey({ ...asked, rotation }))).toEqual(refused)

    const { id } = await rotate()
    expect((await at(east)).currentVersionId).toBe(id)
    expect(await versionsOf(east)).toEqual(await versionsOf(home))
    const sealed = await seal(east)
    expect(await open(home, sealed)).toBe('ok')
    await room.putRotationPolicy({ keyId, vaultId: home, rotation })
    expect((await at(east)).rotation).toEqual((await at(home)).rotation)
  })

  test('by the clock reaches a replica that is asked first', async () => {
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 90 } })
    await replicate(east)
    on.clock.advance({ days: 200 })
    expect(await versionsOf(east)).toHaveLength(3)
    expect(await versionsOf(home)).toEqual(await versionsOf(east))
    on.clock.advance({ days: 100 })
    const sealed = await seal(home)
    expect(await open(east, sealed)).toBe('ok')
  })

  test('waits while the primary is disabled, whatever its replicas are', async () => {
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 90 } })
    await replicate(east)
    await room.disableKey({ keyId, vaultId: home })
    on.clock.advance({ days: 100 })
    await room.disableKey({ keyId, vaultId: east })
    await room.enableKey({ keyId, vaultId: east })
    expect(await versionsOf(east)).toHaveLength(1)
    await room.enableKey({ keyId, vaultId: home })
    expect(await versionsOf(east)).toHaveLength(2)
  })

  test('counts on demand for all copies together', async () => {
    await replicate(east)
    for (let i = 0; i < 24; i++) await rotate()
    await promote(east)
    await rotate(east)
    expect(await why(rotate(east))).toEqual(['LIMIT_EXCEEDED', 'key.rotations'])
  })
})

describe('the primary', () => {
  test('changes, and rotation goes with it', async () => {
    await replicate(east)
    await replicate(west)
    const promoted = await promote(east)
    expect(promoted.multiRegion).toEqual({
      role: 'primary',
      primaryVaultId: east,
      replicaVaultIds: [home, west].sort(),
    })
    for (const vaultId of [home, west])
      expect((await at(vaultId)).multiRegion).toMatchObject({
        role: 'replica',
        primaryVaultId: east,
      })
    expect(await why(rotate(home))).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
    const { id } = await rotate(east)
    for (const vaultId of [home, west]) expect((await at(vaultId)).currentVersionId).toBe(id)
    expect((await room.getKey({ keyId })).vaultId).toBe(east)
    expect(await why(promote(west, home))).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
    await promote(home, east)
    expect((await at(home)).multiRegion?.role).toBe('primary')
  })

  test('changes to a replica that is there and enabled', async () => {
    await replicate(east)
    expect(await codeOf(promote(west))).toBe('NOT_FOUND')
    await room.disableKey({ keyId, vaultId: east })
    expect(await why(promote(east))).toEqual(['INVALID_STATE', 'key.state'])
    const plain = await make({ multiRegion: false })
    const call = room.changePrimaryKey({ keyId: plain.id, toVaultId: east })
    expect(await why(call)).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
  })

  test('keeps the beat of the schedule when it changes', async () => {
    await room.putRotationPolicy({ keyId, rotation: { everyDays: 90 } })
    await replicate(east)
    const due = (await at(home)).rotation?.nextRotationAt
    on.clock.advance({ days: 30 })
    await promote(east)
    expect((await at(east)).rotation?.nextRotationAt).toEqual(due)
    on.clock.advance({ days: 60 })
    await room.tick()
    expect(await versionsOf(home)).toHaveLength(2)
    expect(await versionsOf(east)).toEqual(await versionsOf(home))
  })

  test('that goes with its vault is followed by whom the owner says', async () => {
    await replicate(east)
    await rotate()
    const sealed = await seal(home)
    await room.scheduleVaultDeletion({ vaultId: home })
    on.clock.advance({ days: 30 })
    await room.tick()
    expect((await at(east)).multiRegion).toEqual({ role: 'replica', replicaVaultIds: [east] })
    expect(await open(east, sealed)).toBe('ok')
    expect(await why(rotate(east))).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
    await promote(east, east)
    expect((await at(east)).multiRegion?.role).toBe('primary')
    expect((await rotate(east)).number).toBe(3)
  })
})

describe('on the way', () => {
  const SETTLE = { settleMs: 60_000 }
  const ANNA = 'arn:aws:iam::111122223333:role/anna'
  const settled = () => on.clock.advance({ minutes: 1 })
  const states = async (...vaults: readonly string[]) =>
    Promise.all(vaults.map(async (vaultId) => (await at(vaultId)).state))

  test('a replica is creating: described and given up, not used, changed or replicated', async () => {
    const made = await replicate(east, SETTLE)
    expect(made.state).toBe('creating')
    const ciphertext = await seal(home)
    const ref = { keyId, vaultId: east }
    expect(await open(east, ciphertext)).toBe('INVALID_STATE')
    const refused = [
      room.disableKey({ ...ref, idempotent: true }),
      room.createGrant({ ...ref, granteePrincipal: ANNA, operations: ['Decrypt'] }),
      promote(east),
    ]
    expect(await Promise.all(refused.map(codeOf))).toEqual(refused.map(() => 'INVALID_STATE'))
    await room.tagKey({ ...ref, tags: { a: 'b' } })
    await room.createAlias({ ...ref, name: 'alias/early' })
    expect(await states(home, east)).toEqual(['enabled', 'creating'])
    settled()
    expect(await states(home, east)).toEqual(['enabled', 'enabled'])
    expect(await open(east, ciphertext)).toBe('ok')
  })

  test('a replica that is creating can be scheduled for deletion', async () => {
    await replicate(east, SETTLE)
    await room.scheduleKeyDeletion({ keyId, vaultId: east })
    settled()
    expect(await states(east)).toEqual(['pendingDeletion'])
  })

  test('both copies are updating: used and described, not disabled or deleted', async () => {
    await replicate(east)
    await replicate(west)
    const ciphertext = await seal(west)
    await room.changePrimaryKey({ keyId, vaultId: home, toVaultId: east, ...SETTLE })
    expect(await states(home, east, west)).toEqual(['updating', 'updating', 'enabled'])
    for (const vaultId of [home, east]) {
      const ref = { keyId, vaultId }
      expect(await open(vaultId, ciphertext)).toBe('ok')
      await room.tagKey({ ...ref, tags: { a: 'b' } })
      const refused = [
        room.disableKey(ref),
        room.scheduleKeyDeletion(ref),
        room.rotateKey(ref),
        room.replicateKey({ ...ref, toVaultId: west }),
      ]
      const found = await Promise.all(refused.map(codeOf))
      expect(found).toEqual(refused.map(() => 'INVALID_STATE'))
    }
    settled()
    expect(await states(home, east, west)).toEqual(['enabled', 'enabled', 'enabled'])
    expect((await at(east)).multiRegion?.role).toBe('primary')
  })

  test('the lead may go on meanwhile: the last two are updating', async () => {
    await replicate(east)
    await replicate(west)
    await room.changePrimaryKey({ keyId, vaultId: home, toVaultId: east, ...SETTLE })
    await room.changePrimaryKey({ keyId, vaultId: east, toVaultId: west, ...SETTLE })
    expect(await states(home, east, west)).toEqual(['enabled', 'updating', 'updating'])
    await promote(home, west)
    expect(await states(home, east, west)).toEqual(['enabled', 'enabled', 'enabled'])
  })

  test('a rotation that falls due waits until the lead has changed', async () => {
    await room.putRotationPolicy({ keyId, vaultId: home, rotation: { everyDays: 90 } })
    await replicate(east)
    on.clock.advance({ milliseconds: 90 * DAY_MS - 1000 })
    await room.changePrimaryKey({ keyId, vaultId: home, toVaultId: east, ...SETTLE })
    on.clock.advance({ seconds: 2 })
    await room.tick()
    expect(await versionsOf(east)).toHaveLength(1)
    settled()
    await room.tick()
    for (const vaultId of [home, east]) expect(await versionsOf(vaultId)).toHaveLength(2)
  })

  test('a backup of the vault has the key', async () => {
    await replicate(east)
    await room.changePrimaryKey({ keyId, vaultId: home, toVaultId: east, ...SETTLE })
    const { blob: read } = await room.backupVault({ vaultId: east, includeKeys: true })
    const pieces: Uint8Array[] = []
    for await (const piece of read!) pieces.push(piece)
    const blob = new Uint8Array(Buffer.concat(pieces))
    await room.scheduleVaultDeletion({ vaultId: east })
    on.clock.advance({ days: 31 })
    await room.tick()
    await room.restoreVault({ blob })
    expect((await at(east)).state).toBe('enabled')
  })
})

describe('deletion', () => {
  const schedule = (vaultId: string, days = 7): Promise<Key> =>
    room.scheduleKeyDeletion({
      keyId,
      vaultId,
      deletionAt: new Date(on.clock.now() + days * DAY_MS),
    })

  test('of a primary begins when its last replica is gone', async () => {
    await replicate(east)
    await replicate(west)
    expect(await schedule(home, 10)).toMatchObject({
      state: 'pendingReplicaDeletion',
      deletionWindowDays: 10,
    })
    expect((await at(home)).deletionAt).toBeUndefined()
    on.clock.advance({ days: 40 })
    await room.tick()
    expect((await at(home)).state).toBe('pendingReplicaDeletion')
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'key.state'])
    expect(await codeOf(seal(home))).toBe('INVALID_STATE')
    const sealed = await seal(east)

    await schedule(east, 7)
    await schedule(west, 9)
    on.clock.advance({ days: 8 })
    expect((await at(home)).state).toBe('pendingReplicaDeletion')
    expect(await open(east, sealed)).not.toBe('ok')
    on.clock.advance({ days: 1 })
    const gone = on.clock.now()
    const waiting = await at(home)
    expect([waiting.state, waiting.deletionAt?.getTime()]).toEqual([
      'pendingDeletion',
      gone + 10 * DAY_MS,
    ])
    on.clock.advance({ days: 10, milliseconds: -1 })
    expect((await at(home)).state).toBe('pendingDeletion')
    on.clock.advance({ milliseconds: 1 })
    expect((await at(home)).state).toBe('deleted')
    const { destroyedKeys } = await room.tick()
    expect(destroyedKeys).toBe(3)
    expect((await room.verify()).ok).toBe(true)
  })

  test('of a primary begins at once when its last replica does not wait for its own time', async () => {
    await replicate(east)
    await schedule(home, 7)
    await schedule(east, 30)
    await room.destroyKey({ keyId, vaultId: east })
    const { state, deletionAt } = await at(home)
    expect([state, deletionAt?.getTime()]).toEqual(['pendingDeletion', on.clock.now() + 7 * DAY_MS])
  })

  test('of a primary is cancelled, before and after its replicas are gone', async () => {
    await replicate(east)
    await schedule(home)
    const back = await room.cancelKeyDeletion({ keyId, vaultId: home })
    expect(back.state).toBe('enabled')
    await schedule(home)
    await schedule(east)
    on.clock.advance({ days: 10 })
    await room.tick()
    expect((await at(home)).state).toBe('pendingDeletion')
    const again = await room.cancelKeyDeletion({ keyId, vaultId: home, restoreTo: 'disabled' })
    expect(again.state).toBe('disabled')
    on.clock.advance({ days: 100 })
    expect((await at(home)).state).toBe('disabled')
  })

  test('of a replica is nobody else’s', async () => {
    await replicate(east)
    expect((await schedule(east)).state).toBe('pendingDeletion')
    on.clock.advance({ days: 7 })
    await room.tick()
    expect((await at(east)).state).toBe('deleted')
    expect(await open(home, await seal(home))).toBe('ok')
  })

  test('at once is for a primary without replicas', async () => {
    await replicate(east)
    expect(await why(room.destroyKey({ keyId, vaultId: home }))).toEqual([
      'CONFLICT',
      'key.replicas',
    ])
    await room.destroyKey({ keyId, vaultId: east })
    await room.destroyKey({ keyId, vaultId: home })
    expect((await at(home)).state).toBe('deleted')
  })
})

describe('imported material', () => {
  async function give(vaultId: string, material: Uint8Array, more: object = {}) {
    const asked = { keyId, vaultId, wrapping, wrappingSpec: 'RSA_2048' } as const
    const { publicKey, importToken } = await room.getImportParameters(asked)
    const wrapped = wrapFor(wrapping, publicKey, material)
    return room.importKeyMaterial({ keyId, vaultId, importToken, wrapped, ...more })
  }
  const asNew = { importType: 'new' } as const
  beforeEach(async () => {
    keyId = (await make({ origin: 'imported' })).id
    expect(await why(replicate(east))).toEqual(['INVALID_STATE', 'key.state'])
    await give(home, FIRST!)
    await replicate(east)
  })

  test('does not travel: each copy waits for the same', async () => {
    expect((await at(east)).state).toBe('pendingImport')
    expect((await at(east)).currentMaterialId).toBe((await at(home)).currentMaterialId)
    const sealed = await seal(home)
    expect(await open(east, sealed)).toBe('INVALID_STATE')
    expect(await codeOf(give(east, SECOND!))).toBe('INVALID_KEY_MATERIAL')
    const { materialId } = await give(east, FIRST!)
    expect(materialId).toBe((await at(home)).currentMaterialId)
    expect(await open(east, sealed)).toBe('ok')
    await room.deleteKeyMaterial({ keyId, vaultId: east })
    expect([(await at(east)).state, (await at(home)).state]).toEqual(['pendingImport', 'enabled'])
  })

  test('for a rotation goes to the primary, and waits until every copy has it', async () => {
    await give(east, FIRST!)
    const sealed = await seal(east)
    expect(await why(give(east, SECOND!, asNew))).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
    const { materialId } = await give(home, SECOND!, asNew)
    const uses = async (vaultId: string) =>
      (await materials(vaultId)).map(({ use, imported }) => [use, imported?.present])
    expect(await uses(home)).toEqual([
      ['current', true],
      ['pendingReplicas', true],
    ])
    expect(await uses(east)).toEqual([
      ['current', true],
      ['pendingReplicas', false],
    ])
    expect((await at(east)).state).toBe('enabled')
    expect(await why(rotate())).toEqual(['INVALID_STATE', 'material.replicas'])
    await give(east, SECOND!)
    expect(await uses(home)).toEqual([
      ['current', true],
      ['pendingRotation', true],
    ])
    await rotate()
    for (const vaultId of [home, east]) {
      expect((await at(vaultId)).currentMaterialId).toBe(materialId)
      expect(await uses(vaultId)).toEqual([
        ['former', true],
        ['current', true],
      ])
      expect((await room.listRotations({ keyId, vaultId })).items).toHaveLength(1)
    }
    expect(await open(home, sealed)).toBe('ok')
    expect(await open(east, await seal(home))).toBe('ok')
  })

  test('that is taken back at the primary is gone everywhere, at a replica only there', async () => {
    await give(east, FIRST!)
    const { materialId } = await give(home, SECOND!, asNew)
    await give(east, SECOND!)
    await room.deleteKeyMaterial({ keyId, vaultId: east, materialId })
    expect((await materials(east)).at(-1)).toMatchObject({
      use: 'pendingReplicas',
      imported: { present: false },
    })
    expect((await materials(home)).at(-1)).toMatchObject({ imported: { present: true } })
    await give(east, SECOND!)
    await room.deleteKeyMaterial({ keyId, vaultId: home, materialId })
    expect([await materials(home), await materials(east)].map((all) => all.length)).toEqual([1, 1])
    expect((await at(east)).state).toBe('enabled')
    await give(home, SECOND!, asNew)
    expect(await materials(east)).toHaveLength(2)
  })
})

describe('a crash between the commits of two vaults', () => {
  test('leaves a copy behind only until it is asked', async () => {
    const store = faultyStore(createMemoryStore())
    const crypto = await sharedProvider()
    const lasts = lasting(store)
    const world = await stage(lasts, { crypto })
    const { id: other } = await world.room.createVault({ displayName: 'other' })
    const asked = { displayName: 'k', spec: 'AES_256', multiRegion: true } as const
    const { id } = await world.room.createKey({ vaultId: world.vaultId, ...asked })
    await world.room.replicateKey({ keyId: id, toVaultId: other })
    const commits = store.calls.filter(({ method }) => method === 'commit').length
    store.plan({ method: 'commit', nth: commits + 2, kind: 'before', lasting: true })
    const rotated = await world.room.rotateKey({ keyId: id, vaultId: world.vaultId })
    const { ciphertext } = await world.room
      .encrypt({ keyId: id, vaultId: world.vaultId, plaintext: PLAINTEXT })
      .catch(() => ({ ciphertext: undefined }))
    store.heal()
    await world.room.close()
    const again = await world.again({ crypto })
    if (ciphertext) expect(await codeOf(again.decrypt({ vaultId: other, ciphertext }))).toBe('ok')
    expect((await again.getKey({ keyId: id, vaultId: other })).currentVersionId).toBe(rotated.id)
    await again.close()
  })

  test.each(['tick', 'deletion'] as const)('or until the next %s', async (how) => {
    const store = faultyStore(createMemoryStore())
    const crypto = await sharedProvider()
    const world = await stage(lasting(store), { crypto })
    const { id: other } = await world.room.createVault({ displayName: 'other' })
    const asked = { displayName: 'k', spec: 'AES_256', multiRegion: true } as const
    const { id } = await world.room.createKey({ vaultId: world.vaultId, ...asked })
    await world.room.replicateKey({ keyId: id, toVaultId: other })
    const commits = store.calls.filter(({ method }) => method === 'commit').length
    store.plan({ method: 'commit', nth: commits + 2, kind: 'before', lasting: true })
    const rotated = await world.room.rotateKey({ keyId: id, vaultId: world.vaultId })
    store.heal()
    const again = await world.again({ crypto })
    if (how === 'deletion') {
      await again.scheduleVaultDeletion({ vaultId: world.vaultId })
      world.clock.advance({ days: 30 })
    }
    await again.tick()
    const { currentVersionId } = await again.getKey({ keyId: id, vaultId: other })
    expect(currentVersionId).toBe(rotated.id)
    const sealed = await again.encrypt({ keyId: id, vaultId: other, plaintext: PLAINTEXT })
    expect(sealed.versionId).toBe(rotated.id)
    await again.close()
  })
})

test('copies travel with their vaults to other rooms, each with what leads it', async () => {
  const crypto = await sharedProvider()
  const { room: us, vaultId, clock } = await stage(undefined, { crypto, region: 'us' })
  const eu = await Strongroom.open({ crypto, clock, region: 'eu', realm: us })
  eu.linkRegion('us', roomLink(us))
  us.linkRegion('eu', roomLink(eu))
  const { id: other } = await us.createVault({ displayName: 'other' })
  await us.createVaultReplica({ vaultId: other, region: 'eu' })
  await eu.replicate()
  const asked = { displayName: 'k', spec: 'AES_256', multiRegion: true } as const
  const { id } = await us.createKey({ vaultId, ...asked })
  const { replicationId } = await us.replicateKey({ keyId: id, toVaultId: other })
  await us.rotateKey({ keyId: id, vaultId })
  await eu.replicate()
  expect(await us.getReplicationStatus({ vaultId: other, replicationId: replicationId! })).toEqual({
    replicationId,
    replicas: [{ region: 'eu', status: 'REPLICATED' }],
  })
  const { ciphertext } = await us.encrypt({ keyId: id, vaultId, plaintext: PLAINTEXT })
  expect((await eu.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
  // The primary is not known there, and nobody takes its place.
  expect((await eu.getKey({ keyId: id })).multiRegion).toEqual({
    role: 'replica',
    replicaVaultIds: [other],
  })
  await eu.promoteVaultReplica({ vaultId: other })
  expect(await why(eu.rotateKey({ keyId: id }))).toEqual(['NOT_PERMITTED_FOR_KEY', 'key.primary'])
  await us.rotateKey({ keyId: id, vaultId })
  expect((await us.getKey({ keyId: id, vaultId: other })).currentVersionId).not.toBe(
    (await us.getKey({ keyId: id, vaultId })).currentVersionId,
  )
  await eu.close()
  await us.close()
})
