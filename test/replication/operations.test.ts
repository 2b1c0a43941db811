/** The five operations of replicas, each with what it does and with every refusal. */
import { describe, expect, test } from 'vitest'
import { roomLink, Strongroom } from '../../src/index.ts'
import { codeOf } from '../engine/support.ts'
import { another, common, connect, followed, furnished, headIn, pair } from './pair.ts'

const NOBODY = '00000000-0000-4000-8000-000000000000'

describe('createVaultReplica', () => {
  test('is on its way until the replica has followed once', async () => {
    const { us, eu, vaultId } = await furnished()
    const [creating] = (await us.listVaultReplicas({ vaultId })).items
    expect(creating).toMatchObject({ region: 'eu', status: 'CREATING' })
    expect(creating?.sequence).toBeUndefined()
    await followed(eu, vaultId)
    const [created] = (await us.listVaultReplicas({ vaultId })).items
    expect(created).toMatchObject({ region: 'eu', status: 'CREATED', since: creating!.since })
    expect(created!.sequence).toBeGreaterThan(0n)
  })

  test('of the same region again changes nothing', async () => {
    const { us, eu, vaultId, stores } = await furnished()
    const before = await headIn(stores.us, vaultId)
    expect(await us.createVaultReplica({ vaultId, region: 'eu' })).toMatchObject({
      status: 'CREATING',
    })
    await followed(eu, vaultId)
    expect(await us.createVaultReplica({ vaultId, region: 'eu' })).toMatchObject({
      status: 'CREATED',
    })
    // One commit of the primary's own: that the replica is there.
    expect((await headIn(stores.us, vaultId))!.seq).toBe(before!.seq + 1n)
  })

  test('of a second region is refused, as far as the room allows only one', async () => {
    const { us, vaultId } = await furnished()
    expect(await codeOf(us.createVaultReplica({ vaultId, region: 'asia' }))).toBe('CONFLICT')
    const more = await furnished({ us: { replicasMax: 2 } })
    await more.us.createVaultReplica({ vaultId: more.vaultId, region: 'asia' })
    const third = more.us.createVaultReplica({ vaultId: more.vaultId, region: 'africa' })
    expect(await codeOf(third)).toBe('CONFLICT')
  })

  test('while one is being let go is refused until it has', async () => {
    const { us, eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    expect(await codeOf(us.createVaultReplica({ vaultId, region: 'eu' }))).toBe('CONFLICT')
    await followed(eu, vaultId)
    expect(await codeOf(us.createVaultReplica({ vaultId, region: 'eu' }))).toBe('ok')
  })

  test.each([
    ['its own region', 'us', 'INVALID_ARGUMENT'],
    ['no region', '', 'INVALID_ARGUMENT'],
    ['a region that is none', 'e u', 'INVALID_ARGUMENT'],
  ])('for %s is refused', async (_, region, code) => {
    const { us, vaultId } = await furnished()
    expect(await codeOf(us.createVaultReplica({ vaultId, region }))).toBe(code)
  })

  test('of a vault that is not there, not active, or external is refused', async () => {
    const { us } = await pair()
    expect(await codeOf(us.createVaultReplica({ vaultId: NOBODY, region: 'eu' }))).toBe('NOT_FOUND')
    const { id: vaultId } = await us.createVault({ displayName: 'leaving' })
    await us.scheduleVaultDeletion({ vaultId })
    expect(await codeOf(us.createVaultReplica({ vaultId, region: 'eu' }))).toBe('INVALID_STATE')
    const external = { displayName: 'elsewhere', type: 'EXTERNAL', external: { at: 'x' } } as const
    const { id } = await us.createVault(external)
    expect(await codeOf(us.createVaultReplica({ vaultId: id, region: 'eu' }))).toBe('UNSUPPORTED')
  })

  test('at a replica is refused: it cannot be replicated itself', async () => {
    const { eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    expect(await codeOf(eu.createVaultReplica({ vaultId, region: 'asia' }))).toBe(
      'READ_ONLY_REPLICA',
    )
    expect(await codeOf(eu.deleteVaultReplica({ vaultId, region: 'eu' }))).toBe('READ_ONLY_REPLICA')
    expect(await codeOf(eu.backupVault({ vaultId }))).toBe('READ_ONLY_REPLICA')
  })
})

describe('deleteVaultReplica', () => {
  test('waits until the replica has let go', async () => {
    const { us, eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    expect(await us.deleteVaultReplica({ vaultId, region: 'eu' })).toMatchObject({
      status: 'DELETING',
    })
    expect((await us.listVaultReplicas({ vaultId })).items).toMatchObject([{ status: 'DELETING' }])
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    await followed(eu, vaultId)
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
    expect(await codeOf(eu.getVault({ vaultId }))).toBe('NOT_FOUND')
  })

  test('of a replica that never came is done at its first word', async () => {
    const { us, eu, vaultId } = await furnished()
    await us.deleteVaultReplica({ vaultId, region: 'eu' })
    expect(await followed(eu, vaultId)).toMatchObject({ dropped: true, snapshot: false })
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
  })

  test('by force forgets it without a word', async () => {
    const { us, eu, vaultId } = await furnished()
    await followed(eu, vaultId)
    await us.deleteVaultReplica({ vaultId, region: 'eu', force: true })
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
    expect(await eu.replicate()).toEqual([])
  })

  test('of a region without one is refused', async () => {
    const { us, vaultId } = await furnished()
    expect(await codeOf(us.deleteVaultReplica({ vaultId, region: 'asia' }))).toBe('NOT_FOUND')
  })
})

describe('getReplicationStatus', () => {
  test('of every change tells for each replica whether it arrived', async () => {
    const { us, eu, vaultId, keyId } = await furnished()
    await followed(eu, vaultId)
    const key = await us.updateKey({ keyId, description: 'changed' })
    const version = await us.createKeyVersion({ keyId })
    const vault = await us.updateVault({ vaultId, displayName: 'renamed' })
    const ids = [key, version, vault].map(({ replicationId }) => replicationId!)
    expect(new Set(ids).size).toBe(3)
    for (const [i, replicationId] of ids.entries()) {
      const told = async (room = us) =>
        (await room.getReplicationStatus({ vaultId, replicationId })).replicas
      if (i === 0) expect(await told()).toEqual([{ region: 'eu', status: 'REPLICATING' }])
      expect(await codeOf(told(eu))).toBe(i === 0 ? 'NOT_FOUND' : 'ok')
      if (i === 0) await followed(eu, vaultId)
      expect(await told()).toEqual([{ region: 'eu', status: 'REPLICATED' }])
      expect(await told(eu)).toEqual([{ region: 'eu', status: 'REPLICATED' }])
    }
  })

  test('of an id of nothing, of the future or of another vault is refused', async () => {
    const { us, vaultId, keyId } = await furnished()
    const { id: other } = await us.createVault({ displayName: 'other' })
    const { replicationId } = await us.updateKey({ keyId, description: 'changed' })
    const asked = (vault: string, id: string) =>
      codeOf(us.getReplicationStatus({ vaultId: vault, replicationId: id }))
    expect(await asked(vaultId, replicationId!)).toBe('ok')
    expect(await asked(other, replicationId!)).toBe('NOT_FOUND')
    expect(await asked(vaultId, NOBODY)).toBe('NOT_FOUND')
    const last = replicationId!.at(-1) === '0' ? '1' : '0'
    expect(await asked(vaultId, `${replicationId!.slice(0, -1)}${last}`)).toBe('NOT_FOUND')
  })

  test('without replicas there is no id', async () => {
    const { us } = await pair()
    const { id: vaultId } = await us.createVault({ displayName: 'alone' })
    const key = await us.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
    expect(key.replicationId).toBeUndefined()
    expect((await us.listVaultReplicas({ vaultId })).items).toEqual([])
  })

  test('what was told before a restart of the primary is asked for anew', async () => {
    const { us, eu, vaultId, keyId, stores, clock } = await furnished()
    const { replicationId } = await us.updateKey({ keyId, description: 'changed' })
    await followed(eu, vaultId)
    await us.close()
    const again = await Strongroom.open({
      ...(await common(clock)),
      store: stores.us,
      region: 'us',
    })
    connect(again, eu)
    const asked = { vaultId, replicationId: replicationId! }
    const told = async () => (await again.getReplicationStatus(asked)).replicas[0]!.status
    expect(await told()).toBe('REPLICATING')
    await followed(eu, vaultId)
    expect(await told()).toBe('REPLICATED')
  })
})

describe('promoteVaultReplica', () => {
  test('of a vault that leads already changes nothing; of none is refused', async () => {
    const { us, eu, vaultId, stores } = await furnished()
    const before = await headIn(stores.us, vaultId)
    expect((await us.promoteVaultReplica({ vaultId })).role).toBe('primary')
    expect(await headIn(stores.us, vaultId)).toEqual(before)
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('NOT_FOUND')
  })

  test('without a way to the primary is refused, and changes nothing', async () => {
    const { eu, vaultId, us, keyId } = await furnished()
    await followed(eu, vaultId)
    eu.linkRegion('us', undefined)
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('UNAVAILABLE')
    expect((await eu.getVault({ vaultId })).role).toBe('replica')
    expect((await us.getVault({ vaultId })).role).toBe('primary')
    await us.updateKey({ keyId, description: 'still' })
  })

  test('of a deleted vault is refused', async () => {
    const { us, eu, vaultId, clock } = await furnished()
    await us.scheduleVaultDeletion({ vaultId })
    await followed(eu, vaultId)
    clock.advance({ days: 31 })
    await us.tick()
    await followed(eu, vaultId)
    expect(await codeOf(eu.promoteVaultReplica({ vaultId }))).toBe('INVALID_STATE')
  })
})

test('a link that leads to the room of another region is refused, whatever it offers', async () => {
  const { us, eu, clock, vaultId } = await furnished()
  const { room: asia } = await another(us, 'asia', clock)
  eu.linkRegion('us', roomLink(asia))
  expect((await eu.replicate())[0]!.failure?.code).toBe('INVALID_ARGUMENT')
  eu.linkRegion('us', roomLink(us))
  await followed(eu, vaultId)
  expect(await codeOf(Promise.resolve().then(() => eu.linkRegion('eu', roomLink(us))))).toBe(
    'INVALID_ARGUMENT',
  )
})
