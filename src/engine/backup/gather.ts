/** What goes into a backup: the records of keys, each key as it is at one moment. */
import { StrongroomError } from '../../base/errors.ts'
import { wipe } from '../../base/bytes.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { KeyRecord } from '../../domain/records.ts'
import { beneath, type KeyView, type VaultView } from '../../domain/settle.ts'
import { check } from '../../domain/permit.ts'
import { OPERATIONS } from '../../domain/operations.ts'
import { tooLong, type Frame } from '../../format/backup.ts'
import { path, range } from '../../format/paths.ts'
import { encodeRecord } from '../../format/records.ts'
import type { BackupVaultInput } from '../api.ts'
import type { Core, Reader } from '../core.ts'
import { ordinalOf } from '../destroy.ts'
import { eachRow, eachVersion, keyView, vaultView } from '../lookup.ts'
import { keySuite } from '../make.ts'
import { damaged } from '../records.ts'
import { rotated } from '../rotate.ts'
import { atOnce } from '../stable.ts'

/** The records of a key. Whoever takes them wipes them. */
export async function framesOfKey(
  core: Core,
  reader: Reader,
  key: KeyView,
  now: number,
): Promise<Frame[]> {
  const { vaultId, ordinal } = key.record
  const frames: Frame[] = [{ kind: 'key', body: encodeRecord('key', key.record) }]
  let bytes = frames[0]!.body.length
  const add = (frame: Frame): void => {
    frames.push(frame)
    bytes += frame.body.length
    if (bytes > LIMITS.backupKeyBytesMax) tooLong('of one key', LIMITS.backupKeyBytesMax, bytes)
  }
  try {
    const policy = await reader.get('policy', path.policy(vaultId, ordinal))
    if (policy) add({ kind: 'policy', body: encodeRecord('policy', policy.record) })
    const suite = await keySuite(core, reader, ordinal)
    for await (const { record, state } of eachVersion(core, key, now)) {
      if (state !== 'enabled' && state !== 'disabled') continue
      const at = path.material(vaultId, ordinal, record.number)
      const entry = await reader.get('material', at, suite)
      if (!entry) throw damaged('a version has no material')
      add({ kind: 'version', body: encodeRecord('version', record) })
      try {
        add({ kind: 'material', body: encodeRecord('material', entry.record) })
      } finally {
        wipe(entry.record.material)
      }
      const counter = await reader.get('counter', path.counter(vaultId, ordinal, record.number))
      if (counter) add({ kind: 'counter', body: encodeRecord('counter', counter.record) })
    }
    return frames
  } catch (error) {
    wipe(...frames.map(({ body }) => body))
    throw error
  }
}

/** Aliases of a vault, or of one key of it. */
export async function* aliasFrames(
  core: Core,
  vaultId: string,
  keyId?: string,
): AsyncGenerator<Frame> {
  for await (const { key, value } of eachRow(core, range.aliases(vaultId))) {
    const { record } = core.records.open('alias', vaultId, key, value)
    if (keyId === undefined || record.keyId === keyId)
      yield { kind: 'alias', body: encodeRecord('alias', record) }
  }
}

/** Grants of one key, at most as many as fit into one restore. */
export async function grantFramesOf(core: Core, { record }: KeyView): Promise<Frame[]> {
  const frames: Frame[] = []
  for await (const frame of grantFrames(core, record.vaultId, record.ordinal)) {
    if (frames.push(frame) <= LIMITS.grantsPerKeyBackupMax) continue
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `Backup of one key: expected at most ${LIMITS.grantsPerKeyBackupMax} grants, found more; ` +
        'back up its vault.',
    )
  }
  return frames
}

/** Grants of a vault, or of one key of it. */
async function* grantFrames(core: Core, vaultId: string, ordinal?: number): AsyncGenerator<Frame> {
  const bounds = ordinal === undefined ? range.allGrants(vaultId) : range.grants(vaultId, ordinal)
  for await (const { key, value } of eachRow(core, bounds)) {
    const { record } = core.records.open('grant', vaultId, key, value)
    yield { kind: 'grant', body: encodeRecord('grant', record) }
  }
}

type Wanted = Pick<BackupVaultInput, 'includeKeys' | 'protectionMode'>

/** A vault, and its usable keys one after another. */
export async function* framesOfVault(
  core: Core,
  vault: VaultView,
  { includeKeys = false, protectionMode }: Wanted,
): AsyncGenerator<Frame> {
  const { id } = vault.record
  yield { kind: 'vault', body: encodeRecord('vault', vault.record) }
  if (!includeKeys) return
  // A damaged index would leave keys out, and nobody would see that before they are missed.
  await core.during(async () => core.store.inspect?.())
  const isWanted = ({ role, protectionMode: mode }: KeyRecord): boolean =>
    role === 'ordinary' && (protectionMode === undefined || mode === protectionMode)
  const keys = eachRow(core, range.keys(id))
  for (;;) {
    const next = await core.during(() => keys.next())
    if (next.done === true) break
    const frames = await core.during(() => usable(core, id, ordinalOf(next.value.key), isWanted))
    try {
      for (const frame of frames) yield frame
    } finally {
      wipe(...frames.map(({ body }) => body))
    }
  }
  for (const rest of [aliasFrames(core, id), grantFrames(core, id)])
    for (;;) {
      const next = await core.during(() => rest.next())
      if (next.done === true) break
      yield next.value
    }
}

/** The records of one key as it is now; nothing when it is not usable, or not wanted. */
async function usable(
  core: Core,
  vaultId: string,
  ordinal: number,
  isWanted: (record: KeyRecord) => boolean,
): Promise<Frame[]> {
  for (;;) {
    const cell = await core.cell(vaultId)
    const frames = await atOnce(core, cell, async () => {
      const now = core.now()
      const reader = core.reader(cell)
      const vault = await vaultView(reader, now)
      // A vault that went meanwhile must not look like one without keys.
      check('backupVault', { vault, now }, OPERATIONS.backupVault)
      const key = await rotated(core, await keyView(core, reader, vault, ordinal, now), now)
      const state = beneath(key)
      const held = state === 'enabled' || state === 'disabled'
      return held && isWanted(key.record) ? framesOfKey(core, reader, key, now) : []
    })
    if (frames) return frames
  }
}
