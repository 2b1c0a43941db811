/** A vault in two regions: the same OCIDs, uses at both, changes at one (contracts: OCI 10). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { models } from 'oci-keymanagement'
import { roomLink } from '../../../src/index.ts'
import { COMPARTMENT, onEachWay, openRoom, REGION, refusal, word } from './world.ts'
import type { Furnished, VaultClients, World } from './world.ts'

onEachWay(({ world, facing, transport }) => {
  const FAR = 'eu-zurich-1'
  let w: World
  let v: Furnished
  let key: models.Key
  let there: VaultClients & { readonly vault: models.Vault }
  let replicate: () => Promise<unknown>

  beforeAll(async () => {
    let urls: Readonly<Record<string, string>> = {}
    w = await world({ replicaEndpoint: () => urls[FAR] })
    const { clock } = w
    const far = await openRoom({ clock, region: FAR, realm: w.room })
    far.linkRegion(REGION, roomLink(w.room))
    w.room.linkRegion(FAR, roomLink(far))
    replicate = () => far.replicate()
    v = await w.furnished()
    key = await v.key()
    const details = { createVaultReplicaDetails: { replicaRegion: FAR } }
    await w.vaults.createVaultReplica({ vaultId: v.vault.id, ...details })
    await replicate()
    const face = await facing(far)
    const { items } = await face.vaults.listVaults({ compartmentId: COMPARTMENT })
    const { vault } = await face.vaults.getVault({ vaultId: items[0]!.id })
    there = { ...face.at(vault), vault }
    if (transport.signs) urls = { [FAR]: vault.managementEndpoint }
  })

  const update = (displayName: string) =>
    v.keys.updateKey({ keyId: key.id, updateKeyDetails: { displayName } })

  describe('a replica', () => {
    test('has the OCIDs of the primary and endpoints of its own', async () => {
      expect(there.vault.id).toBe(v.vault.id)
      expect(there.vault.isPrimary).toBe(false)
      const { items } = await w.vaults.listVaultReplicas({ vaultId: v.vault.id })
      const { managementEndpoint, cryptoEndpoint } = there.vault
      expect(items).toEqual([
        { region: FAR, status: 'CREATED', managementEndpoint, cryptoEndpoint },
      ])
      const { key: copy } = await there.keys.getKey({ keyId: key.id })
      expect(copy).toEqual({ ...key, isPrimary: false })
      const version = { keyId: key.id, keyVersionId: key.currentKeyVersion }
      expect((await there.keys.getKeyVersion(version)).keyVersion.isPrimary).toBe(false)
    })

    test('opens what the primary sealed, and the other way', async () => {
      const encryptDataDetails = { keyId: key.id, plaintext: 'eA==' }
      for (const [from, to] of [
        [v, there],
        [there, v],
      ] as const) {
        const { ciphertext } = (await from.crypto.encrypt({ encryptDataDetails })).encryptedData
        const decryptDataDetails = { keyId: key.id, ciphertext }
        expect((await to.crypto.decrypt({ decryptDataDetails })).decryptedData.plaintext).toBe(
          'eA==',
        )
      }
    })

    test.each<[string, () => Promise<unknown>]>([
      ['a change', () => there.keys.disableKey({ keyId: key.id })],
      ['a rotation', () => there.keys.createKeyVersion({ keyId: key.id })],
      [
        'a deletion',
        () => there.keys.scheduleKeyDeletion({ keyId: key.id, scheduleKeyDeletionDetails: {} }),
      ],
      [
        'a backup',
        () =>
          there.keys.backupKey({
            keyId: key.id,
            backupKeyDetails: {
              backupLocation: { destination: 'PRE_AUTHENTICATED_REQUEST_URI', uri: 'https://o/p' },
            },
          }),
      ],
    ])('refuses %s', async (_, call) => {
      const conflict = await refusal(call())
      expect(['409 Conflict', '400 InvalidParameter']).toContain(conflict)
    })
  })

  describe('a change at the primary', () => {
    test('has a replication id, and is REPLICATED once it has arrived', async () => {
      const { key: changed } = await update('renamed')
      const { replicationId } = changed.replicaDetails!
      const status = async () => {
        const reply = await v.keys.getReplicationStatus({ replicationId: replicationId! })
        return { ...reply.replicationStatusDetails.replicaDetails![0]!, etag: reply.etag }
      }
      const before = await status()
      expect(before).toMatchObject({ region: FAR, status: 'REPLICATING' })
      await replicate()
      await replicate()
      const after = await status()
      expect(after).toMatchObject({ region: FAR, status: 'REPLICATED' })
      expect(after.etag).not.toBe(before.etag)
      expect((await there.keys.getKey({ keyId: key.id })).key.displayName).toBe('renamed')
    })
  })

  describe('lists of replicas', () => {
    test('have pages, in order', async () => {
      const many = await world({}, { replicasMax: 3 })
      const { id: vaultId } = await many.vault()
      for (const replicaRegion of ['eu-b-1', 'eu-a-1', 'eu-c-1']) {
        await many.vaults.createVaultReplica({
          vaultId,
          createVaultReplicaDetails: { replicaRegion },
        })
        many.clock.advance({ seconds: 1 })
      }
      const regions = async (query: object) => {
        const found: string[] = []
        const request = { vaultId, limit: 2, ...query }
        for await (const { region } of many.vaults.listAllVaultReplicas(request))
          found.push(region!)
        return found.map((region) => region.slice(3, 4)).join('')
      }
      expect(await regions({})).toBe('cab')
      expect(await regions({ sortOrder: word('ASC') })).toBe('bac')
      expect(await regions({ sortBy: word('DISPLAYNAME') })).toBe('abc')
      expect(await regions({ sortBy: word('DISPLAYNAME'), sortOrder: word('DESC') })).toBe('cba')
      const call = many.vaults.listVaultReplicas({ vaultId, page: 'nobody' })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })

    test('a region that is none, by option', async () => {
      const { vaults, vault } = await facing(w.room, { regions: [FAR] })
      const { id: vaultId } = await vault()
      const createVaultReplicaDetails = { replicaRegion: 'mars-north-1' }
      const call = vaults.createVaultReplica({ vaultId, createVaultReplicaDetails })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })
  })

  test('a replica that is given up goes', async () => {
    const request = { vaultId: v.vault.id, deleteVaultReplicaDetails: { replicaRegion: FAR } }
    await w.vaults.deleteVaultReplica(request)
    const { items } = await w.vaults.listVaultReplicas({ vaultId: v.vault.id })
    expect(items.map(({ status }) => status)).toEqual(['DELETING'])
    await replicate()
    expect((await w.vaults.listVaultReplicas({ vaultId: v.vault.id })).items).toEqual([])
    expect(await refusal(there.keys.getKey({ keyId: key.id }))).toBe('404 NotAuthorizedOrNotFound')
  })
})
