/** KeyMetadata (contracts: AWS 7): what is shown of a key, and what only of some keys. */
import type { Key } from '../../engine/api.ts'
import type { KeyState } from '../../domain/lifecycle.ts'
import { shownKeyId } from './arn.ts'
import { isMultiRegion, type Call, type Found } from './call.ts'
import { isManaged } from './managed.ts'
import { ALGORITHMS_MEMBER, ALGORITHMS_OF, keySpecOf, keyUsageOf, originOf } from './specs.ts'

const KEY_STATES: Readonly<Partial<Record<KeyState, string>>> = {
  creating: 'Creating',
  pendingImport: 'PendingImport',
  enabled: 'Enabled',
  disabled: 'Disabled',
  pendingDeletion: 'PendingDeletion',
  unavailable: 'Unavailable',
  updating: 'Updating',
  pendingReplicaDeletion: 'PendingReplicaDeletion',
}

export const stateOf = ({ state }: Key): string | undefined => KEY_STATES[state]

/** The one list of algorithms that fits the usage. */
export function algorithmsOf({ spec, purposes }: Key): object {
  const keySpec = keySpecOf(spec)
  const usage = keyUsageOf(purposes)
  const algorithms = keySpec && usage && ALGORITHMS_OF[keySpec][usage]
  return algorithms ? { [ALGORITHMS_MEMBER[usage]]: algorithms } : {}
}

/** Of symmetric keys which material is used; of imported material how long it stays. */
function materialOf(key: Key): object {
  const { spec, origin, state, currentMaterialId, materialExpiresAt } = key
  // What a key of a custom key store has here is half of its material.
  if (key.keyStore) return {}
  const imported = origin === 'imported' && state !== 'pendingImport' && currentMaterialId
  return {
    ...(keySpecOf(spec) === 'SYMMETRIC_DEFAULT' && { CurrentKeyMaterialId: currentMaterialId }),
    ...(imported &&
      (materialExpiresAt
        ? { ExpirationModel: 'KEY_MATERIAL_EXPIRES', ValidTo: materialExpiresAt }
        : { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' })),
  }
}

export function keyMetadata({ caller }: Call, { key, arn }: Found): object {
  const spec = keySpecOf(key.spec) ?? key.spec
  const { deletionAt } = key
  return {
    AWSAccountId: arn.split(':')[4] ?? caller.account,
    KeyId: shownKeyId(key.id, isMultiRegion(key)),
    Arn: arn,
    CreationDate: key.createdAt,
    Enabled: key.state === 'enabled' || key.state === 'updating',
    Description: key.description,
    KeyUsage: keyUsageOf(key.purposes),
    KeyState: stateOf(key),
    ...(key.state === 'pendingDeletion' && { DeletionDate: deletionAt }),
    Origin: originOf(key),
    KeyManager: isManaged(key) ? 'AWS' : 'CUSTOMER',
    KeySpec: spec,
    CustomerMasterKeySpec: spec,
    ...algorithmsOf(key),
    ...materialOf(key),
    MultiRegion: isMultiRegion(key),
  }
}
