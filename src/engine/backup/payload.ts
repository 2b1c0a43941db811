/**
 * What lies in a backup of a vault or key: the vault, then each key with its policy and its
 * versions, each version with its material, then aliases, then grants. A writer of ours makes
 * nothing else, so a reader takes nothing else.
 */
import { wipe } from '../../base/bytes.ts'
import type {
  AliasRecord,
  GrantRecord,
  KeyRecord,
  PolicyRecord,
  VaultRecord,
  VersionRecord,
} from '../../domain/records.ts'
import { refuseBackup } from '../../format/armour.ts'
import { tooLong, type BackupHeader, type Frame } from '../../format/backup.ts'
import { LIMITS } from '../../domain/limits.ts'
import { decodeRecord, type RecordKind, type RecordOf } from '../../format/records.ts'

export interface VersionPart {
  readonly record: VersionRecord
  readonly material: Uint8Array
  /** Raw AES-GCM invocations that were reserved for it. */
  readonly reserved?: number
}

export interface KeyPart {
  readonly key: KeyRecord
  readonly policy?: PolicyRecord
  readonly versions: readonly VersionPart[]
  readonly bytes: number
}

export type Part =
  | { readonly kind: 'vault'; readonly vault: VaultRecord }
  | { readonly kind: 'key'; readonly part: KeyPart }
  | { readonly kind: 'alias'; readonly alias: AliasRecord }
  | { readonly kind: 'grant'; readonly grant: GrantRecord }

export const wipePart = ({ versions }: KeyPart): void =>
  wipe(...versions.map(({ material }) => material))

interface Growing {
  readonly key: KeyRecord
  policy?: PolicyRecord
  readonly versions: { record: VersionRecord; material?: Uint8Array; reserved?: number }[]
  bytes: number
}

/** The parts in their order, each whole. Whoever takes a key wipes it. */
export async function* partsOf(
  frames: AsyncIterable<Frame>,
  header: Pick<BackupHeader, 'kind' | 'vaultId' | 'keyId'>,
): AsyncGenerator<Part> {
  let growing: Growing | undefined
  let after: 'alias' | 'grant' | undefined
  let seen = 0
  try {
    for await (const frame of frames) {
      const { kind, body } = frame
      if ((seen++ === 0) !== (kind === header.kind))
        refuseBackup('the records of its kind in order')
      if (kind === 'vault') yield { kind, vault: vaultOf(frame, header) }
      else if (kind === 'key') {
        if (after) refuseBackup('keys before aliases and grants')
        if (growing) yield { kind, part: whole(growing) }
        growing = { key: keyOf(frame, header), versions: [], bytes: body.length }
      } else if (kind === 'alias' || kind === 'grant') {
        if (growing) yield { kind: 'key', part: whole(growing) }
        growing = undefined
        if (kind === 'alias' && after === 'grant') refuseBackup('aliases before grants')
        after = kind
        if (kind === 'alias') yield { kind, alias: decoded('alias', frame) }
        else yield { kind, grant: decoded('grant', frame) }
      } else if (growing) grow(growing, frame)
      else refuseBackup('a key before its versions')
    }
    if (seen === 0) refuseBackup('at least one record')
    if (growing) yield { kind: 'key', part: whole(growing) }
    growing = undefined
  } finally {
    wipe(...(growing?.versions.map(({ material }) => material) ?? []))
  }
}

function grow(growing: Growing, frame: Frame): void {
  const { key, versions } = growing
  growing.bytes += frame.body.length
  if (growing.bytes > LIMITS.backupKeyBytesMax)
    tooLong('of one key', LIMITS.backupKeyBytesMax, growing.bytes)
  if (frame.kind === 'version') {
    const record = decoded('version', frame)
    const known = record.keyId === key.id && record.vaultId === key.vaultId
    const before = versions.at(-1)?.record.number ?? 0
    const live = record.state === 'enabled' || record.state === 'disabled'
    if (!known || !live || record.number <= before || record.number > key.lastVersion)
      refuseBackup('usable versions of the key before them')
    versions.push({ record })
    return
  }
  const version = versions.at(-1)
  if (frame.kind === 'policy') {
    growing.policy = policyOf(frame, growing)
    return
  }
  if (!version || frame.kind !== (version.material ? 'counter' : 'material'))
    return refuseBackup('the material of each version')
  if (frame.kind === 'counter') version.reserved = decoded('counter', frame).reserved
  else version.material = decoded('material', frame).material
}

function policyOf(frame: Frame, { key, versions, policy }: Growing): PolicyRecord {
  const record = decoded('policy', frame)
  if (policy || versions.length > 0 || record.keyId !== key.id)
    refuseBackup('one policy of a key, before its versions')
  return record
}

function whole({ key, policy, versions, bytes }: Growing): KeyPart {
  for (const { material } of versions) if (!material) refuseBackup('the material of each version')
  if (!versions.some(({ record }) => record.number === key.currentVersion))
    refuseBackup('the current version of a key')
  return { key, ...(policy && { policy }), versions: versions as VersionPart[], bytes }
}

function vaultOf(frame: Frame, { vaultId }: Pick<BackupHeader, 'vaultId'>): VaultRecord {
  const vault = decoded('vault', frame)
  return vault.id === vaultId ? vault : refuseBackup('the vault of its header')
}

function keyOf(
  frame: Frame,
  { kind, vaultId, keyId }: Pick<BackupHeader, 'kind' | 'vaultId' | 'keyId'>,
): KeyRecord {
  const key = decoded('key', frame)
  const named = kind === 'vault' || key.id === keyId
  const held = key.state === 'enabled' || key.state === 'disabled'
  if (key.vaultId !== vaultId || !named || !held || key.role !== 'ordinary')
    refuseBackup('usable keys of its header')
  return key
}

function decoded<K extends RecordKind>(kind: K, { body }: Frame): RecordOf[K] {
  try {
    return decodeRecord(kind, body)
  } catch {
    return refuseBackup(`readable ${kind} records`)
  } finally {
    wipe(body)
  }
}
