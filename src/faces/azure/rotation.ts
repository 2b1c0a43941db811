/** TABLE of the operations that rotate keys (contracts: Azure 4.7). */
import { DAY_MS } from '../../domain/limits.ts'
import { row, type Call } from './call.ts'
import { again } from './create.ts'
import { bad } from './errors.ts'
import { keyBundle, seconds } from './models.ts'
import { inUse, versionOf, versionsOf, type Named } from './names.ts'
import {
  defaultRotation,
  readRotation,
  ROTATION_POLICY,
  shownRotation,
  type KeptRotation,
} from './rotation-policy.ts'
import { settingsOf, withSettings } from './settings.ts'

const HSM_VERSIONS_MAX = 100

const policyId = (call: Call, { name }: Named): string => call.url('keys', name, 'rotationpolicy')

async function rotate(call: Call): Promise<object> {
  const named = await inUse(call)
  const { key } = named
  const { rotation } = settingsOf(key)
  if (call.vault.managedHsm) await checkHsm(call, named, rotation)
  const { operations, tags } = await versionOf(call, named)
  const { room, vaultId, asked, face } = call
  const days = rotation?.expiryDays
  const version = await room.createKeyVersion({
    ...asked,
    keyId: key.id,
    vaultId,
    tags,
    ...(operations && { operations }),
    ...(days !== undefined && { expiresOn: new Date(face.now + days * DAY_MS) }),
  })
  return keyBundle(call, await again(call, named), version)
}

async function checkHsm(
  call: Call,
  named: Named,
  rotation: KeptRotation | undefined,
): Promise<void> {
  if (!rotation) bad('A rotation policy has to be set before a key of a managed HSM is rotated.')
  let count = 0
  for await (const _ of versionsOf(call, named)) count++
  if (count >= HSM_VERSIONS_MAX)
    bad(`A key of a managed HSM has at most ${HSM_VERSIONS_MAX} versions.`)
}

export const ROTATION_ROWS = {
  rotateKey: row({
    method: 'POST',
    path: '/keys/{name}/rotate',
    permission: 'rotate',
    room: ['createKeyVersion'],
    body: {},
    answer: rotate,
  }),

  getKeyRotationPolicy: row({
    method: 'GET',
    path: '/keys/{name}/rotationpolicy',
    permission: 'getrotationpolicy',
    room: ['getRotationPolicy'],
    body: {},
    answer: async (call) => {
      const named = await inUse(call)
      const { room, vaultId, asked } = call
      await room.getRotationPolicy({ ...asked, keyId: named.key.id, vaultId })
      const { rotation } = settingsOf(named.key)
      return rotation ? shownRotation(rotation, policyId(call, named)) : defaultRotation(call.vault)
    },
  }),

  updateKeyRotationPolicy: row({
    method: 'PUT',
    path: '/keys/{name}/rotationpolicy',
    permission: 'setrotationpolicy',
    room: ['updateKey'],
    body: ROTATION_POLICY,
    answer: async (call) => {
      const { rotation, kept } = readRotation(call.body, call.vault)
      const named = await inUse(call)
      const { key } = named
      const now = seconds(call.face.now)
      const created = settingsOf(key).rotation?.created ?? now
      const policy = { ...kept, created, updated: now }
      await call.room.updateKey({
        ...call.asked,
        keyId: key.id,
        vaultId: call.vaultId,
        whileDisabled: true,
        rotation,
        ...withSettings(key, { rotation: policy }),
      })
      return shownRotation(policy, policyId(call, named))
    },
  }),
}
