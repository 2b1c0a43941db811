/** The blob of a key or vault, opened under the key of this realm. */
import { StrongroomError } from '../../base/errors.ts'
import { openBackup, type OpenedBackup } from '../../backup/reader.ts'
import { backupKey } from '../../backup/stream.ts'
import { sealBackup } from '../../backup/writer.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { BackupHeader, Frame } from '../../format/backup.ts'
import type { Core } from '../core.ts'

const BYTES_MAX = { key: LIMITS.backupKeyBytesMax + 65_536, vault: LIMITS.backupBytesMax } as const

/** @throws FOREIGN_BACKUP beside what `openBackup` throws */
export const openOwn = (
  core: Core,
  kind: 'key' | 'vault',
  source: AsyncIterable<Uint8Array>,
): Promise<OpenedBackup> =>
  openBackup(source, {
    provider: core.provider,
    kind,
    bytesMax: BYTES_MAX[kind],
    keyFor: ({ realmId }, salt) => {
      core.assertOpen()
      if (realmId !== core.keys.realmId)
        throw new StrongroomError(
          'FOREIGN_BACKUP',
          'Backup: expected one of this realm, found one of another.',
        )
      return core.keys.forBackup((secret) => backupKey(core.provider, secret, salt))
    },
  })

/** A backup of this moment; the frames are asked for one after another. */
export const sealOwn = (
  core: Core,
  what: Pick<BackupHeader, 'kind' | 'vaultId' | 'keyId'>,
  frames: AsyncIterable<Frame>,
): AsyncGenerator<Uint8Array> =>
  sealBackup(
    {
      provider: core.provider,
      header: {
        ...what,
        realmId: core.keys.realmId,
        region: core.region,
        createdAt: core.now(),
        position: Number(core.committer.head.seq),
      },
      keyFor: (salt) => {
        // A closed room has wiped its root: nothing may be sealed under what is left.
        core.assertOpen()
        return core.keys.forBackup((secret) => backupKey(core.provider, secret, salt))
      },
    },
    frames,
  )
