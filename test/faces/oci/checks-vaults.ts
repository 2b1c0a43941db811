/** One successful call of every operation of KmsVaultClient, and of the replication status. */
import { expect } from 'vitest'
import { backupLocation, ISO, ocid, options, TAGS, v, w, way, type Checks } from './checks.ts'
import { compartment, COMPARTMENT, file, REGION, RSA, word } from './world.ts'

export const VAULT_CHECKS: Checks = {
  createVault: async () => {
    const createVaultDetails = {
      compartmentId: COMPARTMENT,
      displayName: 'mine',
      vaultType: word('DEFAULT'),
      ...TAGS,
    }
    const reply = await w.vaults.createVault({ createVaultDetails, opcRequestId: 'asked' })
    const { id } = reply.vault
    const { management, crypto } = way.transport.endpoints(id.split('.')[4]!, REGION)
    const holds = {
      etag: expect.any(String) as string,
      opcRequestId: 'asked',
      vault: {
        id: ocid('vault'),
        compartmentId: COMPARTMENT,
        displayName: 'mine',
        vaultType: 'DEFAULT',
        lifecycleState: 'ACTIVE',
        timeCreated: ISO,
        timeOfDeletion: null,
        managementEndpoint: expect.stringMatching(management) as string,
        cryptoEndpoint: expect.stringMatching(crypto) as string,
        wrappingkeyId: ocid('key'),
        restoredFromVaultId: null,
        replicaDetails: undefined,
        isPrimary: true,
        isVaultReplicable: true,
        externalKeyManagerMetadataSummary: undefined,
        ...TAGS,
      },
    }
    return [reply, holds]
  },
  getVault: async () => {
    const reply = await w.vaults.getVault({ vaultId: v.vault.id })
    return [reply, { vault: v.vault, etag: expect.any(String) as string }]
  },
  listVaults: async () => {
    const { id } = await w.vault({ compartmentId: compartment('l'), displayName: 'listed' })
    const reply = await w.vaults.listVaults({ compartmentId: compartment('l') })
    const holds = {
      id,
      displayName: 'listed',
      lifecycleState: 'ACTIVE',
      vaultType: 'VIRTUAL_PRIVATE',
    }
    return [reply, { items: [holds] }]
  },
  updateVault: async () => {
    const { id: vaultId } = await w.vault(TAGS)
    const updateVaultDetails = { displayName: 'new', freeformTags: {} }
    const reply = await w.vaults.updateVault({ vaultId, updateVaultDetails })
    const { definedTags } = TAGS
    return [reply, { vault: { displayName: 'new', freeformTags: {}, definedTags } }]
  },
  changeVaultCompartment: async () => {
    const { id: vaultId } = await w.vault()
    const details = { compartmentId: compartment('e') }
    const request = { vaultId, changeVaultCompartmentDetails: details }
    const reply = await w.vaults.changeVaultCompartment(request)
    expect((await w.vaults.getVault({ vaultId })).vault).toMatchObject(details)
    return [reply, { etag: expect.any(String) as string }]
  },
  scheduleVaultDeletion: async () => {
    const { id: vaultId } = await w.vault()
    const details = { scheduleVaultDeletionDetails: {} }
    const reply = await w.vaults.scheduleVaultDeletion({ vaultId, ...details })
    return [reply, { vault: { lifecycleState: 'PENDING_DELETION', timeOfDeletion: ISO } }]
  },
  cancelVaultDeletion: async () => {
    const { id: vaultId } = await w.vault()
    await w.vaults.scheduleVaultDeletion({ vaultId, scheduleVaultDeletionDetails: {} })
    const reply = await w.vaults.cancelVaultDeletion({ vaultId })
    return [reply, { vault: { lifecycleState: 'ACTIVE', timeOfDeletion: null } }]
  },
  getVaultUsage: async () => {
    const { vault, key } = await w.furnished()
    await key()
    await key(RSA, { protectionMode: word('SOFTWARE') })
    const counts = {
      keyCount: 1,
      keyVersionCount: 1,
      softwareKeyCount: 1,
      softwareKeyVersionCount: 1,
    }
    return [await w.vaults.getVaultUsage({ vaultId: vault.id }), { vaultUsage: counts }]
  },
  updateRegisteredVaultForMtls: async () => {
    const { id: vaultId } = await w.vault(TAGS)
    const updateRegisteredVaultForMtlsDetails = { fleetId: 'fleet' }
    const request = { vaultId, updateRegisteredVaultForMtlsDetails }
    const reply = await w.vaults.updateRegisteredVaultForMtls(request)
    const tagged = { vaultId, updateVaultDetails: { definedTags: {} } }
    expect((await w.vaults.updateVault(tagged)).vault.definedTags).toEqual({})
    const mtlsCryptoDns = expect.stringContaining('-crypto-mtls.kms.') as string
    const holds = { fleetId: 'fleet', status: 'CREATED', mtlsCryptoDns }
    return [reply, { vaultMtlsUpdateResponse: holds }]
  },
  createVaultReplica: async () => {
    const request = { createVaultReplicaDetails: { replicaRegion: 'eu-zurich-1' } }
    const { id: vaultId } = await w.vault()
    const reply = await w.vaults.createVaultReplica({ vaultId, ...request })
    return [reply, { opcWorkRequestId: expect.stringContaining('ocid1.') as string }]
  },
  deleteVaultReplica: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const request = { vaultId, deleteVaultReplicaDetails: region }
    const reply = await w.vaults.deleteVaultReplica(request)
    return [reply, { opcWorkRequestId: expect.stringContaining('ocid1.') as string }]
  },
  listVaultReplicas: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const managementEndpoint = expect.stringContaining('-management.kms.eu-zurich-1.') as string
    const item = { region: 'eu-zurich-1', status: 'CREATING', managementEndpoint }
    return [await w.vaults.listVaultReplicas({ vaultId }), { items: [item] }]
  },
  getReplicationStatus: async () => {
    const { id: vaultId } = await w.vault()
    const region = { replicaRegion: 'eu-zurich-1' }
    await w.vaults.createVaultReplica({ vaultId, createVaultReplicaDetails: region })
    const { vault } = await w.vaults.getVault({ vaultId })
    const { replicationId } = vault.replicaDetails!
    const reply = await w.at(vault).keys.getReplicationStatus({ replicationId: replicationId! })
    const replicaDetails = [{ region: 'eu-zurich-1', status: 'REPLICATING' }]
    return [reply, { replicationStatusDetails: { replicaDetails } }]
  },
  backupVault: async () => {
    const backupVaultDetails = { backupLocation, isIncludeKeys: true }
    const reply = await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails })
    expect(Buffer.from(w.objects.last).every((byte) => byte < 128)).toBe(true)
    return [reply, { vault: { id: v.vault.id }, opcWorkRequestId: expect.any(String) as string }]
  },
  restoreVaultFromFile: async () => {
    const { room } = w
    const far = await way.world(options, { region: 'us-ashburn-1', realm: room })
    await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails: { backupLocation } })
    const { body: restoreVaultFromFileDetails, contentLength } = file(w.objects.last)
    const request = { restoreVaultFromFileDetails, contentLength, compartmentId: COMPARTMENT }
    const reply = await far.vaults.restoreVaultFromFile(request)
    const iad = expect.stringContaining('ocid1.vault.oc1.iad.') as string
    const vault = { id: iad, restoredFromVaultId: expect.any(String) as string }
    return [reply, { vault, opcContentMd5: expect.any(String) as string }]
  },
  restoreVaultFromObjectStore: async () => {
    const { objects } = w
    const far = await way.world(options, { region: 'us-phoenix-1', realm: w.room, objects })
    await w.vaults.backupVault({ vaultId: v.vault.id, backupVaultDetails: { backupLocation } })
    const restoreVaultFromObjectStoreDetails = { backupLocation }
    const request = { compartmentId: COMPARTMENT, restoreVaultFromObjectStoreDetails }
    const reply = await far.vaults.restoreVaultFromObjectStore(request)
    return [
      reply,
      { vault: { displayName: 'vault' }, opcWorkRequestId: expect.any(String) as string },
    ]
  },
}
