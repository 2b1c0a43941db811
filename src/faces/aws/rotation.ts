/** TABLE of the operations that rotate keys (contracts: AWS 9, 17). */
import type { Key, Rotation } from '../../engine/api.ts'
import { LIMITS } from '../../domain/limits.ts'
import { shownKeyId } from './arn.ts'
import { isMultiRegion, row, type Call, type Found } from './call.ts'
import { KmsFault, wrongOrigin } from './errors.ts'
import { isSymmetric } from './imports.ts'
import { customerKey } from './managed.ts'
import { KEY_ID, PAGE } from './members.ts'
import { following, paged } from './paging.ts'
import { quotaOf } from './quotas.ts'
import { int, may, need, words } from './shape.ts'
import { originOf } from './specs.ts'
import { permitted, refuse, usedOf } from './use.ts'

const PERIOD_DAYS = { min: 90, max: 2560, default: 365 } as const
/** So near to an automatic rotation none is made on demand. */
const NEAR_MS = 20 * 60_000

/** Why a key is of the wrong kind: without a text for its type, with one for its origin. */
function kindFault(found: Found, ...origins: readonly string[]): KmsFault | undefined {
  const origin = originOf(found.key)
  if (!isSymmetric(found)) return new KmsFault('UnsupportedOperationException')
  return origins.includes(origin) ? undefined : wrongOrigin(found.arn, origin)
}

/** @throws UnsupportedOperationException for a key of the wrong kind */
function needSymmetric(found: Found, ...origins: readonly string[]): Found {
  const fault = kindFault(found, ...origins)
  if (fault) throw fault
  return found
}

/** A key that may rotate now, and is of a kind that does. */
async function rotatable(call: Call, given: string): Promise<Found> {
  const found = await customerKey(call, given)
  await permitted(call, 'rotateKey', usedOf(found))
  return needSymmetric(found, 'AWS_KMS', 'EXTERNAL')
}

/** A symmetric key whose material is here. */
async function symmetric(call: Call, given: string): Promise<Found> {
  return needSymmetric(await call.key(given), 'AWS_KMS', 'EXTERNAL')
}

/** A key that never rotates by itself is refused for that, also where it could not rotate now. */
async function setPolicy(
  call: Call<{ readonly KeyId: string }>,
  everyDays: number | undefined,
): Promise<undefined> {
  const found = await customerKey(call, call.input.KeyId)
  const fault = kindFault(found, 'AWS_KMS')
  if (fault) await refuse(call, 'putRotationPolicy', usedOf(found), fault)
  const { key, vaultId } = found
  await call.room.putRotationPolicy({
    ...call.asked,
    keyId: key.id,
    vaultId,
    rotation: everyDays === undefined ? null : { everyDays },
    whileUsable: true,
  })
}

const STATES: Readonly<Record<Rotation['use'], string>> = {
  current: 'CURRENT',
  former: 'NON_CURRENT',
  pendingRotation: 'PENDING_ROTATION',
  pendingReplicas: 'PENDING_MULTI_REGION_IMPORT_AND_ROTATION',
}

function importOf({ imported }: Rotation): object {
  if (!imported) return {}
  const { present, expiresAt, description } = imported
  return {
    ImportState: present ? 'IMPORTED' : 'PENDING_IMPORT',
    ...(description !== undefined && { KeyMaterialDescription: description }),
    ...(present && {
      ExpirationModel: expiresAt ? 'KEY_MATERIAL_EXPIRES' : 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      ...(expiresAt && { ValidTo: expiresAt }),
    }),
  }
}

const entryOf = (key: Key, rotation: Rotation): object => ({
  KeyId: shownKeyId(key.id, isMultiRegion(key)),
  KeyMaterialId: rotation.materialId,
  KeyMaterialState: STATES[rotation.use],
  ...importOf(rotation),
  ...(rotation.rotatedAt && {
    RotationDate: rotation.rotatedAt,
    RotationType: rotation.automatic ? 'AUTOMATIC' : 'ON_DEMAND',
  }),
})

export const ROTATION_ROWS = {
  EnableKeyRotation: row({
    room: ['putRotationPolicy'],
    input: {
      KeyId: need(KEY_ID),
      RotationPeriodInDays: may(int(PERIOD_DAYS.min, PERIOD_DAYS.max)),
    },
    answer: (call) => setPolicy(call, call.input.RotationPeriodInDays ?? PERIOD_DAYS.default),
  }),

  DisableKeyRotation: row({
    room: ['putRotationPolicy'],
    input: { KeyId: need(KEY_ID) },
    answer: (call) => setPolicy(call, undefined),
  }),

  GetKeyRotationStatus: row({
    room: ['getKey'],
    input: { KeyId: need(KEY_ID) },
    answer: async (call) => {
      const { key, arn } = await symmetric(call, call.input.KeyId)
      const { everyDays, enabled = false, nextRotationAt } = key.rotation ?? {}
      const leaving = key.state.startsWith('pending')
      const KeyRotationEnabled = enabled && !leaving && key.origin === 'internal'
      return {
        KeyId: arn,
        KeyRotationEnabled,
        ...(KeyRotationEnabled && {
          RotationPeriodInDays: everyDays,
          NextRotationDate: nextRotationAt,
        }),
      }
    },
  }),

  ListKeyRotations: row({
    room: ['listRotations'],
    input: {
      KeyId: need(KEY_ID),
      ...PAGE,
      IncludeKeyMaterial: may(words('ALL_KEY_MATERIAL', 'ROTATIONS_ONLY')),
    },
    answer: async (call) => {
      const { key, vaultId } = await symmetric(call, call.input.KeyId)
      const { items, nextPage } = await call.room.listRotations({
        ...call.asked,
        ...paged(call.input, 100),
        keyId: key.id,
        vaultId,
        includeMaterials: call.input.IncludeKeyMaterial === 'ALL_KEY_MATERIAL',
        sortOrder: 'ASC',
      })
      return { Rotations: items.map((each) => entryOf(key, each)), ...following(nextPage) }
    },
  }),

  RotateKeyOnDemand: row({
    room: ['rotateKey'],
    input: { KeyId: need(KEY_ID) },
    answer: async (call) => {
      const { key, vaultId, arn } = await rotatable(call, call.input.KeyId)
      const next = key.rotation?.nextRotationAt
      if (next && next.getTime() - call.face.now < NEAR_MS)
        throw new KmsFault(
          'ConflictException',
          `An automatic rotation of ${arn} is in progress or about to begin.`,
        )
      const rotationsMax = Math.min(
        quotaOf(call.options, 'onDemandRotations'),
        LIMITS.versionsPerKeyMax,
      )
      await call.room.rotateKey({ ...call.asked, keyId: key.id, vaultId, rotationsMax })
      return { KeyId: arn }
    },
  }),
}
