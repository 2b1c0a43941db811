/** TABLE of the operations that delete keys and bring them back (contracts: Azure 4.4). */
import { DAY_MS } from '../../domain/limits.ts'
import { row, type Call } from './call.ts'
import { AzureFault, FAULTS } from './errors.ts'
import { RETENTION_DAYS } from './options.ts'
import { deletedMembers, keyBundle, keyItem } from './models.ts'
import { deleted, find, inUse, isUnderWay, notFound, versionOf, type Named } from './names.ts'
import { pageOf, pageOfNames } from './paging.ts'

async function deletedBundle(call: Call, named: Named): Promise<object> {
  const version = await versionOf(call, named)
  return { ...keyBundle(call, named, version), ...deletedMembers(call, named) }
}

export const DELETION_ROWS = {
  deleteKey: row({
    method: 'DELETE',
    path: '/keys/{name}',
    permission: 'delete',
    room: ['scheduleKeyDeletion'],
    body: {},
    answer: async (call) => {
      const { key, name } = await inUse(call)
      const { room, vaultId, asked, vault, face } = call
      const scheduled = await room.scheduleKeyDeletion({
        ...asked,
        keyId: key.id,
        vaultId,
        windowDaysMax: RETENTION_DAYS.max,
        deletionAt: new Date(face.now + vault.retentionDays * DAY_MS),
      })
      return deletedBundle(call, { key: scheduled, name, deleted: true })
    },
  }),

  getDeletedKey: row({
    method: 'GET',
    path: '/deletedkeys/{name}',
    permission: 'get',
    room: ['getKey', 'getKeyVersion'],
    body: {},
    answer: async (call) => {
      const { key, name } = await deleted(call)
      const { room, vaultId, asked } = call
      const asSeen = await room.getKey({ ...asked, keyId: key.id, vaultId })
      return deletedBundle(call, { key: asSeen, name, deleted: true })
    },
  }),

  getDeletedKeys: row({
    method: 'GET',
    path: '/deletedkeys',
    permission: 'list',
    room: ['listAliases', 'getKey', 'getKeyVersion'],
    body: {},
    answer: async (call) => {
      const over = (named: Named): boolean => named.deleted && !isUnderWay(call, named)
      const { items, next } = await pageOfNames(call, over)
      const value = []
      for (const named of items) {
        const version = await versionOf(call, named)
        const item = keyItem(call, named, version, call.url('keys', named.name))
        value.push({ ...item, ...deletedMembers(call, named) })
      }
      return pageOf(call, value, next)
    },
  }),

  recoverDeletedKey: row({
    method: 'POST',
    path: '/deletedkeys/{name}/recover',
    permission: 'recover',
    room: ['cancelKeyDeletion'],
    body: {},
    answer: async (call) => {
      const { key, name } = await deleted(call)
      const { room, vaultId, asked } = call
      const recovered = await room.cancelKeyDeletion({ ...asked, keyId: key.id, vaultId })
      const named = { key: recovered, name, deleted: false }
      return keyBundle(call, named, await versionOf(call, named))
    },
  }),

  purgeDeletedKey: row({
    method: 'DELETE',
    path: '/deletedkeys/{name}',
    permission: 'purge',
    room: ['destroyKey'],
    body: {},
    answer: async (call) => {
      const named = await find(call)
      if (!named?.deleted) throw notFound(call)
      if (isUnderWay(call, named))
        throw new AzureFault(FAULTS.beingDeleted, 'Key is currently being deleted.')
      refuseProtected(call)
      const { room, vaultId, asked } = call
      await room.destroyKey({ ...asked, keyId: named.key.id, vaultId })
      return undefined
    },
  }),
}

function refuseProtected({ vault, room }: Call): void {
  if (!vault.purgeProtection) return
  throw new AzureFault(
    FAULTS.forbidden,
    'Operation "purge" is not allowed because purge protection is enabled for this vault. Key ' +
      'Vault service will automatically purge it after the retention period has passed. ' +
      `Vault: ${vault.name};location=${room.region}`,
  )
}
