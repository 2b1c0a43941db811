/** TABLE of the operations of KmsVaultClient, backups and replicas apart (contracts: OCI 3.1). */
import { row } from './call.ts'
import { may, need, present, record, text, words } from './fields.ts'
import { FLEET_NAMESPACE, vaultReply, vaultSummary } from './models.ts'
import {
  BOTH_HEADERS,
  COMPARTMENT,
  compartmentOf,
  DELETION,
  deletionOf,
  listReply,
  NAME,
  PAGED,
  sortedPageOf,
  TAGS,
  tagsOf,
  TOKEN,
} from './parts.ts'

const VAULT = '/vaults/{vaultId}'

const oauth = record({
  idcsAccountNameUrl: need(text(1, 1024)),
  clientAppId: need(text(1, 1024)),
  clientAppSecret: need(text(1, 1024)),
})
const keyManager = record({
  externalVaultEndpointUrl: need(text(1, 1024)),
  privateEndpointId: need(NAME),
  oauthMetadata: need(oauth),
})

/** What replies show of a foreign key manager, and all that is kept: never the secret. */
const keyManagerSummary = ({
  externalVaultEndpointUrl,
  privateEndpointId,
  oauthMetadata: { idcsAccountNameUrl, clientAppId },
}: ReturnType<typeof keyManager>) => ({
  vendor: null,
  externalVaultEndpointUrl,
  privateEndpointId,
  oauthMetadataSummary: { idcsAccountNameUrl, clientAppId },
})

export const VAULT_ROWS = {
  createVault: row({
    client: 'vault',
    method: 'POST',
    path: '/vaults',
    headers: TOKEN,
    group: 'provisioning write',
    transition: 'CREATING',
    room: ['createVault'],
    body: {
      ...COMPARTMENT,
      displayName: need(NAME),
      vaultType: need(words('VIRTUAL_PRIVATE', 'DEFAULT', 'EXTERNAL')),
      externalKeyManagerMetadata: may(keyManager),
      ...TAGS,
    },
    answer: async (call) => {
      const {
        compartmentId,
        displayName,
        vaultType,
        externalKeyManagerMetadata: external,
      } = call.body
      const vault = await call.room.createVault({
        ...call.create,
        compartmentId: compartmentOf(call, compartmentId),
        displayName,
        type: vaultType,
        ...(external && { external: keyManagerSummary(external) }),
        ...tagsOf(call.body),
      })
      return vaultReply(call, vault)
    },
  }),

  getVault: row({
    client: 'vault',
    method: 'GET',
    path: VAULT,
    headers: [],
    group: 'provisioning read',
    room: ['getVault'],
    answer: async (call) => vaultReply(call, await call.vault()),
  }),

  listVaults: row({
    client: 'vault',
    method: 'GET',
    path: '/vaults',
    headers: [],
    group: 'provisioning read',
    room: ['listVaults'],
    query: { ...COMPARTMENT, ...PAGED },
    answer: async (call) => {
      const { compartmentId } = call.query
      const input = { ...call.asked, compartmentId, ...sortedPageOf(call.query) }
      const { items, nextPage } = await call.room.listVaults(input)
      await call.face.open(...items.map(({ id }) => id))
      return listReply(
        items.map((vault) => vaultSummary(call.face, vault)),
        nextPage,
      )
    },
  }),

  updateVault: row({
    client: 'vault',
    method: 'PUT',
    path: VAULT,
    headers: ['if-match'],
    group: 'provisioning write',
    transition: 'UPDATING',
    during: ['CREATING'],
    room: ['updateVault'],
    body: { displayName: may(NAME), ...TAGS },
    answer: async (call) => {
      const { tags, definedTags } = tagsOf(call.body)
      const { [FLEET_NAMESPACE]: fleet } = (await call.vault()).definedTags
      const kept = fleet ? { [FLEET_NAMESPACE]: fleet } : {}
      const vault = await call.room.updateVault({
        ...call.write,
        vaultId: call.vaultId,
        ...present({ displayName: call.body.displayName, tags }),
        ...(definedTags && { definedTags: { ...definedTags, ...kept } }),
      })
      return vaultReply(call, vault)
    },
  }),

  changeVaultCompartment: row({
    client: 'vault',
    method: 'POST',
    path: `${VAULT}/actions/changeCompartment`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'UPDATING',
    room: ['changeVaultCompartment'],
    body: COMPARTMENT,
    answer: async (call) => {
      const compartmentId = compartmentOf(call, call.body.compartmentId)
      const { vaultId, write } = call
      const vault = await call.room.changeVaultCompartment({ ...write, vaultId, compartmentId })
      call.hold(vault.id, vault.updatedAt)
      return { etag: vault.etag }
    },
  }),

  scheduleVaultDeletion: row({
    client: 'vault',
    method: 'POST',
    path: `${VAULT}/actions/scheduleDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'SCHEDULING_DELETION',
    room: ['scheduleVaultDeletion'],
    body: DELETION,
    answer: async (call) => {
      const input = { ...call.write, vaultId: call.vaultId, ...deletionOf(call.body) }
      return vaultReply(call, await call.room.scheduleVaultDeletion(input))
    },
  }),

  cancelVaultDeletion: row({
    client: 'vault',
    method: 'POST',
    path: `${VAULT}/actions/cancelDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'CANCELLING_DELETION',
    room: ['cancelVaultDeletion'],
    answer: async (call) => {
      const input = { ...call.write, vaultId: call.vaultId }
      return vaultReply(call, await call.room.cancelVaultDeletion(input))
    },
  }),

  getVaultUsage: row({
    client: 'vault',
    method: 'GET',
    path: `${VAULT}/usage`,
    headers: [],
    room: ['getVaultUsage'],
    answer: async (call) => ({
      body: await call.room.getVaultUsage({ ...call.asked, vaultId: call.vaultId }),
    }),
  }),

  updateRegisteredVaultForMtls: row({
    client: 'vault',
    method: 'PUT',
    path: `${VAULT}/updateRegisteredVaultForMtls`,
    headers: ['if-match'],
    room: ['updateVault'],
    body: { fleetId: need(NAME) },
    answer: async (call) => {
      const { fleetId } = call.body
      const { definedTags } = await call.vault()
      const vault = await call.room.updateVault({
        ...call.write,
        vaultId: call.vaultId,
        definedTags: { ...definedTags, [FLEET_NAMESPACE]: { fleetId } },
      })
      const mtlsCryptoDns = call.face.host('crypto-mtls', vault.id)
      return { etag: vault.etag, body: { mtlsCryptoDns, fleetId, status: 'CREATED' } }
    },
  }),
}
