/** Valid input for what concerns key stores; each time in a vault of its own, which holds few. */
import { utf8 } from '../../src/base/bytes.ts'
import type { Input, OperationName } from '../../src/engine/api.ts'
import type { World } from './world.ts'

type Inputs = { readonly [O in OperationName]: (world: World) => Promise<Input<O>> }

const unlinked = async ({ room }: World) => ({
  vaultId: (await room.createVault({ displayName: 'with a key store' })).id,
  name: 'theirs',
  type: 'EXTERNAL' as const,
  settings: { uri: 'https://proxy.example' },
  secret: utf8('a credential'),
})

async function disconnected(world: World): Promise<{ vaultId: string; keyStoreId: string }> {
  const { id: keyStoreId, vaultId } = await world.room.createKeyStore(await unlinked(world))
  return { vaultId, keyStoreId }
}

export const KEY_STORES = {
  createKeyStore: unlinked,
  getKeyStore: disconnected,
  listKeyStores: async (world) => ({ vaultId: (await disconnected(world)).vaultId, limit: 3 }),
  updateKeyStore: async (world) => ({
    ...(await disconnected(world)),
    name: 'renamed',
    settings: { uri: 'https://other.example' },
    secret: utf8('another'),
    whileConnected: true,
  }),
  connectKeyStore: async (world) => ({ ...(await disconnected(world)), settleMs: 1000 }),
  disconnectKeyStore: async (world) => {
    const store = await disconnected(world)
    await world.room.connectKeyStore(store)
    return store
  },
  deleteKeyStore: disconnected,
} satisfies Partial<Inputs>
