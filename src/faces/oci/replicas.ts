/** TABLE of the operations on replicas of vaults (contracts: OCI 10). */
import { fromBase64url, toBase64url, utf8 } from '../../base/bytes.ts'
import type { VaultReplica } from '../../engine/api.ts'
import { row, type Call, type Reply } from './call.ts'
import { invalid } from './errors.ts'
import { may, need, text, type Read } from './fields.ts'
import { BOTH_HEADERS, listReply, PAGED, type Paged } from './parts.ts'
import { workRequest } from './work-request.ts'

const VAULT = '/vaults/{vaultId}'
const LIMIT_DEFAULT = 100
const REGION = text(1, 64)
/** Of EXTERNAL vaults, which have no replicas here. */
const ignored: Read<unknown> = (value) => value

const order = (a: string | number, b: string | number): number => (a < b ? -1 : a > b ? 1 : 0)

function sorted(items: readonly VaultReplica[], { sortBy, sortOrder }: Paged): VaultReplica[] {
  const byName = sortBy === 'DISPLAYNAME'
  const up = [...items].sort(
    (a, b) =>
      (byName ? 0 : order(a.since.getTime(), b.since.getTime())) || order(a.region, b.region),
  )
  return (sortOrder ?? (byName ? 'ASC' : 'DESC')) === 'ASC' ? up : up.reverse()
}

/** Replicas are few, and the room answers all of them: a page goes on after a region. */
function pageOfReplicas(items: readonly VaultReplica[], query: Paged) {
  const all = sorted(items, query)
  const token = query.page === undefined ? undefined : fromBase64url(query.page)
  const after = token && new TextDecoder().decode(token)
  const from = after === undefined ? 0 : all.findIndex(({ region }) => region === after) + 1
  if (query.page !== undefined && from === 0) invalid('page', 'one of this list')
  const shown = all.slice(from, from + (query.limit ?? LIMIT_DEFAULT))
  const last = from + shown.length < all.length ? shown.at(-1) : undefined
  return { shown, nextPage: last && toBase64url(utf8(last.region)) }
}

function regionOf(call: Call, region: string): string {
  const { regions } = call.options
  if (regions && !regions.includes(region)) invalid('replicaRegion', 'a region of the realm')
  return region
}

const started = async (call: Call, etag?: string): Promise<Reply> => ({
  ...(etag !== undefined && { etag }),
  headers: { 'opc-work-request-id': await workRequest(call) },
})

export const REPLICA_ROWS = {
  createVaultReplica: row({
    client: 'vault',
    method: 'POST',
    path: `${VAULT}/actions/createReplica`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    room: ['createVaultReplica'],
    body: { replicaRegion: need(REGION), replicaVaultMetadata: may(ignored) },
    answer: async (call) => {
      const region = regionOf(call, call.body.replicaRegion)
      await call.room.createVaultReplica({ ...call.write, vaultId: call.vaultId, region })
      return started(call)
    },
  }),

  deleteVaultReplica: row({
    client: 'vault',
    method: 'POST',
    path: `${VAULT}/actions/deleteReplica`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    room: ['deleteVaultReplica'],
    body: { replicaRegion: need(REGION) },
    answer: async (call) => {
      const region = call.body.replicaRegion
      await call.room.deleteVaultReplica({ ...call.write, vaultId: call.vaultId, region })
      return started(call)
    },
  }),

  listVaultReplicas: row({
    client: 'vault',
    method: 'GET',
    path: `${VAULT}/actions/listReplicas`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    room: ['listVaultReplicas'],
    query: PAGED,
    answer: async (call) => {
      const { vaultId, face } = call
      const { items } = await call.room.listVaultReplicas({ ...call.asked, vaultId })
      const { shown, nextPage } = pageOfReplicas(items, call.query)
      await face.open(vaultId)
      const models = shown.map(({ region, status }) => ({
        region,
        status,
        managementEndpoint: face.endpoint('management', vaultId, region),
        cryptoEndpoint: face.endpoint('crypto', vaultId, region),
      }))
      return { ...listReply(models, nextPage), etag: (await call.vault()).etag }
    },
  }),

  getReplicationStatus: row({
    client: 'management',
    method: 'GET',
    path: '/replicaOperations/{replicationId}/status',
    headers: [],
    room: ['getReplicationStatus'],
    answer: async (call) => {
      const { vaultId, replicationId } = call
      const input = { ...call.asked, vaultId, replicationId }
      const { replicas } = await call.room.getReplicationStatus(input)
      const arrived = replicas.filter(({ status }) => status === 'REPLICATED').length
      return { etag: `${replicationId}-${arrived}`, body: { replicaDetails: replicas } }
    },
  }),
}
