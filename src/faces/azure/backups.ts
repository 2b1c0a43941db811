/** TABLE of the operations that back keys up and restore them (contracts: Azure 4.5). */
import { toBase64url } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { Key } from '../../engine/api.ts'
import { row, type Call } from './call.ts'
import { AzureFault, ERROR_TABLE, FAULTS } from './errors.ts'
import { bytes, need } from './fields.ts'
import { keyBundle } from './models.ts'
import { ALIAS_PREFIX, aliasOf, checkName, inUse, shownName, versionOf } from './names.ts'

/** A key with all its versions, in the armour of the room. */
const BLOB_BYTES_MAX = 25_165_824

function refusal({ vault }: Call, error: unknown): unknown {
  if (!(error instanceof StrongroomError)) return error
  if (error.code === 'ALREADY_EXISTS')
    return new AzureFault(
      FAULTS.conflict,
      'There was a conflict restoring the key. The key name is already in use, or another ' +
        'operation on it is under way.',
    )
  if (ERROR_TABLE[error.code] !== FAULTS.malformedBackup) return error
  const row = vault.managedHsm ? FAULTS.malformedBackup : FAULTS.malformedVaultBackup
  return new AzureFault(row, 'Backup blob contains invalid or corrupt version.')
}

/** The name that a key has here, among its aliases; a backup of another face gives it none. */
async function nameOf({ room, vaultId, own }: Call, { id, displayName }: Key): Promise<string> {
  const { items } = await room.listAliases({ ...own, vaultId, keyId: id, limit: 1000 })
  const known = items.find(({ name }) => name.startsWith(ALIAS_PREFIX))?.name
  if (known !== undefined) return known
  const name = aliasOf(checkName(displayName))
  return (await room.createAlias({ ...own, vaultId, keyId: id, name })).name
}

export const BACKUP_ROWS = {
  backupKey: row({
    method: 'POST',
    path: '/keys/{name}/backup',
    permission: 'backup',
    room: ['backupKey'],
    body: {},
    answer: async (call) => {
      const { key } = await inUse(call)
      const { room, vaultId, asked } = call
      const { blob } = await room.backupKey({ ...asked, keyId: key.id, vaultId })
      return { value: toBase64url(blob!) }
    },
  }),

  restoreKey: row({
    method: 'POST',
    path: '/keys/restore',
    permission: 'restore',
    room: ['restoreKey'],
    body: { value: need(bytes(BLOB_BYTES_MAX)) },
    answer: async (call) => {
      const { room, vaultId, asked } = call
      const given = { blob: call.body.value, newIds: true, takeAliases: true }
      const restoring = room.restoreKey({ ...asked, ...given, vaultId })
      const key = await restoring.catch((error: unknown) => {
        throw refusal(call, error)
      })
      const named = { key, name: shownName(key, await nameOf(call, key)), deleted: false }
      return keyBundle(call, named, await versionOf(call, named))
    },
  }),
}
