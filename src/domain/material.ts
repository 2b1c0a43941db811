/**
 * The materials of a key (contracts: AWS 9): one of each version. An imported one may wait beside
 * the current one for the rotation that makes it current; until then it is of no use, and the key
 * does not miss it.
 */
import { toHex } from '../base/bytes.ts'
import type { KeyRecord, VersionRecord } from './records.ts'
import type { VersionView } from './settle.ts'

/** How a material stands to its key; a pending one may wait for replicas to have it too. */
export const MATERIAL_USES = ['current', 'former', 'pendingRotation', 'pendingReplicas'] as const
export type MaterialUse = (typeof MATERIAL_USES)[number]

const bare = (id: string): string => id.replaceAll('-', '')

/**
 * 64 hexadecimal digits that name a material wherever the key lies and however often it is
 * imported. They tell nothing of it: those of imported material are a keyed hash, the others are
 * key and version.
 */
export const materialId = (
  keyId: string,
  versionId: string,
  fingerprint: Uint8Array | undefined,
): string => (fingerprint ? toHex(fingerprint) : bare(keyId) + bare(versionId))

/** Of the current version; undefined while there is none, and where it is not here. */
export function currentMaterialId(key: KeyRecord): string | undefined {
  const { id, origin, currentVersionId, currentMaterial } = key
  if (origin === 'external' || currentVersionId === undefined) return undefined
  return materialId(id, currentVersionId, currentMaterial)
}

export const materialIdOf = (version: VersionRecord): string =>
  materialId(version.keyId, version.id, version.fingerprint)

/** Whether a version waits for a rotation. */
export const isPending = ({ record, key }: VersionView): boolean =>
  record.number === key.record.pendingVersion

/** When a version began to be the current one by a rotation; the first one never did. */
export function rotatedAt(version: VersionRecord): number | undefined {
  if (version.forRotation) return version.rotatedAt
  return version.number > 1 ? version.createdAt : undefined
}

/** The first of some moments, when there is any. */
export function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((time) => time !== undefined)
  return known.length > 0 ? Math.min(...known) : undefined
}
