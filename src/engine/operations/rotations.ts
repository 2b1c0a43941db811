/**
 * Rotation on demand, the policy by which a key rotates by itself, and what rotations there were
 * (contracts: OCI 6, AWS 9).
 */
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import { earliest } from '../../domain/material.ts'
import type { KeyRecord, VersionRecord } from '../../domain/records.ts'
import { recounted } from '../../domain/rotation.ts'
import { settleKey, settleVersion, type KeyView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { note } from '../agenda.ts'
import type { RotationInput, Version } from '../api.ts'
import { writing, type Bodies } from '../body.ts'
import { pendingElsewhere } from '../copies.ts'
import type { Core } from '../core.ts'
import { pageOfRotations } from '../lists.ts'
import { versionView } from '../lookup.ts'
import { dispose, generate, withCurrent, type Material } from '../make.ts'
import { rotationPolicy, saveKey } from '../save.ts'
import type { Tx } from '../tx.ts'
import { keyAnswer, rotationAnswer, versionAnswer } from '../views.ts'
import { addVersion } from './versions.ts'

type Names = 'rotateKey' | 'getRotationPolicy' | 'putRotationPolicy' | 'listRotations'

export const ROTATION_BODIES: Bodies<Names> = {
  rotateKey: writing<'rotateKey', Material | undefined>({
    prepare: async ({ core, key }) =>
      key.record.origin === 'internal' ? generate(core.provider, key.record.spec) : undefined,
    run: async ({ core, tx, key, input }, material) => {
      const { onDemandRotations = 0, ...record } = key.record
      const { rotationsMax = LIMITS.onDemandRotationsMax } = input
      if (onDemandRotations >= rotationsMax) throw tooMany(rotationsMax, onDemandRotations)
      const counted = { ...key, record: { ...record, onDemandRotations: onDemandRotations + 1 } }
      if (!material) return useNext(core, tx, counted)
      return addVersion(core, tx, counted, { origin: 'internal', attributes: {}, material })
    },
    dispose,
  }),

  getRotationPolicy: async ({ key }) => {
    const { id: keyId, rotation, lastRotatedAt } = key.record
    return Object.freeze(
      rotation ? { keyId, rotation: rotationAnswer(rotation, lastRotatedAt) } : { keyId },
    )
  },
  putRotationPolicy: {
    run: async ({ tx, key, input, now }) => {
      const record = await withPolicy(tx, key, input.rotation)
      const entry = await saveKey(tx, record)
      return keyAnswer(settleKey(entry, key.vault, now, key))
    },
  },
  listRotations: ({ core, input, key, now }) => pageOfRotations(core, input, key, now),
}

/** The key with another rotation policy, or with none; it stands on the agenda already. */
export async function withPolicy(
  tx: Tx,
  key: KeyView,
  rotation: RotationInput | null,
): Promise<KeyRecord> {
  const { rotation: _, ...without } = key.record
  if (rotation && without.keyStore)
    throw new StrongroomError(
      'UNSUPPORTED',
      'rotation: expected a key without a key store, got one of a key store.',
    )
  const number = without.currentVersion
  const current = number > 0 ? (await versionView(tx, key, number, tx.now)).record : undefined
  const record = rotation
    ? { ...without, rotation: rotationPolicy(without.origin, rotation, tx.now, current) }
    : without
  await note(tx, record)
  return record
}

/** Makes the imported material that waits for it the current one. */
async function useNext(core: Core, tx: Tx, key: KeyView): Promise<Version> {
  const { pendingVersion, ...before } = key.record
  const next =
    pendingVersion === undefined ? undefined : await versionView(tx, key, pendingVersion, tx.now)
  if (next?.state !== 'enabled') throw nothingWaits('material.pending', next?.state)
  if (!(await pendingElsewhere(core, key, tx.now)))
    throw nothingWaits('material.replicas', 'some that a replica lacks')
  const version: VersionRecord = { ...next.record, rotatedAt: tx.now, updatedAt: tx.now }
  const current = withCurrent(before, version, tx.now)
  const expiry = earliest(before.materialExpiresAt, version.materialExpiresAt)
  const record: KeyRecord = {
    ...current,
    lastRotatedAt: tx.now,
    ...(current.rotation && { rotation: recounted(current.rotation, version, tx.now) }),
    ...(expiry !== undefined && { materialExpiresAt: expiry }),
  }
  await note(tx, record)
  const at = path.version(version.vaultId, record.ordinal, version.number)
  const entry = await tx.put('version', at, version)
  const view = settleKey(await saveKey(tx, record), key.vault, tx.now, key)
  return versionAnswer(settleVersion(entry, view, tx.now))
}

const nothingWaits = (rule: string, found = 'none'): StrongroomError =>
  new StrongroomError(
    'INVALID_STATE',
    `rotateKey: expected imported material that waits for a rotation, found ${found}.`,
    {
      explain: {
        operation: 'rotateKey',
        rule,
        expected: 'imported material that waits for a rotation',
        found,
      },
    },
  )

const tooMany = (max: number, found: number): StrongroomError =>
  new StrongroomError(
    'LIMIT_EXCEEDED',
    `rotateKey: expected at most ${max} rotations on demand of one key, found ${found}.`,
    {
      explain: {
        operation: 'rotateKey',
        rule: 'key.rotations',
        expected: `fewer than ${max}`,
        found: String(found),
      },
    },
  )
