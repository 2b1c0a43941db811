/** Valid input for what makes copies: replicas, backups, and what rooms of one realm ask. */
import { concat, utf8 } from '../../src/base/bytes.ts'
import type { Input, OperationName } from '../../src/engine/api.ts'
import { Strongroom, type Seal } from '../../src/index.ts'
import { sharedProvider } from '../helpers/provider.ts'
import type { World } from './world.ts'

type Inputs = { readonly [O in OperationName]: (world: World) => Promise<Input<O>> }

/** Another region: what is replicated there, and what was backed up there. */
const REGION = 'eu'

async function drained(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of stream) pieces.push(piece)
  return concat(...pieces)
}

/** A room of the same realm in the other region, for as long as `body` runs. */
async function elsewhere<T>(
  { room, clock }: World,
  body: (other: Strongroom) => Promise<T>,
): Promise<T> {
  const crypto = await sharedProvider()
  const other = await Strongroom.open({ region: REGION, realm: room, clock, crypto })
  try {
    return await body(other)
  } finally {
    await other.close()
  }
}

async function replicated({ room }: World): Promise<{ vaultId: string; region: string }> {
  const { id: vaultId } = await room.createVault({ displayName: 'replicated' })
  await room.createVaultReplica({ vaultId, region: REGION })
  return { vaultId, region: REGION }
}

export const COPIES = {
  createVaultReplica: async ({ room }) => ({
    vaultId: (await room.createVault({ displayName: 'alone' })).id,
    region: REGION,
  }),
  deleteVaultReplica: async (world) => ({ ...(await replicated(world)), force: true }),
  listVaultReplicas: async (world) => ({ vaultId: (await replicated(world)).vaultId }),
  promoteVaultReplica: async ({ vaultId }) => ({ vaultId, force: false }),
  getReplicationStatus: async (world) => {
    const { vaultId } = await replicated(world)
    const { replicationId } = await world.room.updateVault({ vaultId, displayName: 'changed' })
    return { vaultId, replicationId: replicationId! }
  },
  backupVault: async ({ vaultId }) => ({ vaultId, includeKeys: true }),
  restoreVault: async (world) =>
    elsewhere(world, async (other) => {
      const { id: vaultId } = await other.createVault({ displayName: 'from elsewhere' })
      await other.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
      const { blob } = await other.backupVault({ vaultId, includeKeys: true })
      return { blob: await drained(blob!), compartmentId: 'c' }
    }),
  backupKey: async ({ aes }) => ({ keyId: aes.id }),
  restoreKey: async ({ room, aes }) => ({
    blob: (await room.backupKey({ keyId: aes.id })).blob!,
    newIds: true,
  }),
} satisfies Partial<Inputs>

/** The seal of something that leaves the room. */
const sealed = async (): Promise<{ seal: Seal }> => ({ seal: { key: new Uint8Array(32).fill(5) } })

/** The same for what is not an operation. */
export const REALM = {
  replicate: async () => ({ pollMs: 5 }),
  linkRegion: async () => ({ region: 'us', link: { exchange: async () => utf8('never asked') } }),
  answerReplication: async (world: World): Promise<Uint8Array> =>
    elsewhere(world, async (other) => {
      let asked = new Uint8Array(0)
      const exchange = (question: Uint8Array): Promise<Uint8Array> => {
        asked = new Uint8Array(question)
        return world.room.answerReplication(question)
      }
      other.linkRegion(world.room.region, { exchange })
      await other.replicate()
      return asked
    }),
  realmCard: sealed,
  exportRealm: sealed,
}
