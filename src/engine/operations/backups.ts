/**
 * Backups of keys and vaults, and their way back. What leaves is sealed under a key of the realm; a
 * blob opens in its own realm and as its own kind only (docs/formats/backup.md).
 */
import { concat, wipe } from '../../base/bytes.ts'
import type {
  BackupKeyInput,
  BackupVaultInput,
  KeyBackup,
  OperationName,
  VaultBackup,
} from '../api.ts'
import { aliasFrames, framesOfKey, grantFramesOf, framesOfVault } from '../backup/gather.ts'
import { sealOwn } from '../backup/opening.ts'
import { restoreKey } from '../backup/restore-key.ts'
import { restoreVault } from '../backup/restore-vault.ts'
import { objectsOf, reachable } from '../backup/source.ts'
import type { Bodies, Context } from '../body.ts'
import type { Core } from '../core.ts'
import { keyAnswer, vaultAnswer } from '../views.ts'

type Names = 'backupKey' | 'restoreKey' | 'backupVault' | 'restoreVault'

export const BACKUP_BODIES: Bodies<Names> = {
  backupKey,
  backupVault: async ({ core, input, vault }) => {
    if (input.to) objectsOf(core.objects, 'to')
    const frames = framesOfVault(core, vault, input)
    const blob = sealOwn(core, { kind: 'vault', vaultId: vault.record.id }, frames)
    return Object.freeze({ vault: vaultAnswer(vault), blob })
  },
  restoreKey: ({ core, input }) => restoreKey(core, input),
  restoreVault: ({ core, input }) => restoreVault(core, input),
}

/** Small enough to be sealed while nothing moves: all of it is of one moment. */
async function backupKey(context: Context<'backupKey'>): Promise<KeyBackup> {
  const { core, input, reader, key, now } = context
  if (input.to) objectsOf(core.objects, 'to')
  const { id: keyId, vaultId } = key.record
  const frames = await framesOfKey(core, reader, key, now)
  try {
    for await (const frame of aliasFrames(core, vaultId, keyId)) frames.push(frame)
    frames.push(...(await grantFramesOf(core, key)))
    const pieces: Uint8Array[] = []
    for await (const piece of sealOwn(core, { kind: 'key', vaultId, keyId }, each(frames)))
      pieces.push(piece)
    return Object.freeze({ key: keyAnswer(key), blob: concat(...pieces) })
  } finally {
    wipe(...frames.map(({ body }) => body))
  }
}

async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}

type Backup = KeyBackup | VaultBackup

/** What follows an answer, outside of everything that looked at the vault. */
export const DELIVERIES: Partial<
  Record<OperationName, (core: Core, input: never, answer: never) => Promise<Backup>>
> = { backupKey: deliver, backupVault: deliver }

/** Takes the blob to the object store, when the caller asked for it. */
async function deliver(
  core: Core,
  input: BackupKeyInput | BackupVaultInput,
  answer: Backup,
): Promise<Backup> {
  if (core.uses.enabled) note(core, input, answer)
  if (!input.to) return answer
  const { blob, ...rest } = answer
  const stream = blob instanceof Uint8Array ? each([blob]) : blob!
  await reachable(() => objectsOf(core.objects, 'to').put(input.to!, stream))
  return Object.freeze(rest as Backup)
}

/** Material leaves, even if sealed: an audit of uses tells it. */
function note(core: Core, { principal, requestId }: BackupKeyInput | BackupVaultInput, of: Backup) {
  const key = 'key' in of ? of.key : undefined
  core.uses.note('vault' in of ? of.vault.id : of.key.vaultId, {
    operation: key ? 'backupKey' : 'backupVault',
    time: core.now(),
    outcome: 'ok',
    ...(key && { keyId: key.id }),
    ...(principal !== undefined && { principal }),
    ...(requestId !== undefined && { requestId }),
  })
}
