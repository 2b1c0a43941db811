/** Keys whose material comes from outside, and rotation on demand (contracts: AWS 9). */
import {
  addVersion,
  loseMaterial,
  refuse,
  resume,
  touchKey,
  type Model,
  type ModelKey,
  type ModelVersion,
} from './model-state.ts'
import { needKey } from './model-keys.ts'
import { createKeyVersion } from './model-versions.ts'

const ROTATIONS_MAX = 25

/** Which material is brought, by a number that stands for its bytes. */
export interface ModelImport {
  readonly material: number
  readonly importType?: 'new' | 'existing' | undefined
  readonly expiresAt?: number | undefined
}

/**
 * The first import makes the first version; a later one brings a material back, or, of a symmetric
 * key, one that waits for a rotation.
 */
export function importMaterial(model: Model, key: ModelKey, given: ModelImport): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  if (!key.imported) refuse('NOT_PERMITTED_FOR_KEY')
  const first = key.current === undefined
  const asNew = (given.importType ?? (first ? 'new' : 'existing')) === 'new'
  const known = key.versions.find(({ gone, material }) => !gone && material === given.material)
  if (asNew === (known !== undefined)) refuse('INVALID_KEY_MATERIAL')
  if (asNew && !first && !key.spec.startsWith('AES')) refuse('INVALID_KEY_MATERIAL')
  if (asNew && !first && key.pending) refuse('INVALID_STATE')
  const { material, expiresAt } = given
  const version = known ?? addVersion(key, { createdAt: model.now, material, pending: !first })
  if (version.state === 'pendingImport') version.state = 'enabled'
  version.materialExpiresAt = expiresAt
  if (version !== key.pending) key.state = lacking(key) ? 'pendingImport' : stateWith(key)
  touchKey(key)
  resume(key, model.now)
}

/** Only what is part of the key is missed: not what waits, nor what is gone. */
const lacking = (key: ModelKey): boolean =>
  key.versions.some((one) => !one.gone && one !== key.pending && one.state === 'pendingImport')

const stateWith = ({ state }: ModelKey): ModelKey['state'] =>
  state === 'disabled' ? 'disabled' : 'enabled'

/** Nothing to delete is no mistake; a key on its way out stays on it (AWS 16). */
export function deleteMaterial(key: ModelKey, material?: number): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport', 'pendingDeletion')
  if (!key.imported) refuse('NOT_PERMITTED_FOR_KEY')
  const imports = key.versions.filter((one) => !one.gone && one.material !== undefined)
  const meant =
    material === undefined
      ? imports.findLast((one) => one !== key.pending)
      : imports.find((one) => one.material === material)
  if (meant === undefined) {
    if (material !== undefined) refuse('NOT_FOUND')
    return
  }
  if (meant === key.pending) withdraw(meant)
  else if (meant.state !== 'pendingImport') loseMaterial(meant)
}

/** What only waited was never part of the key. */
function withdraw(version: ModelVersion): void {
  version.gone = true
  version.key.pending = undefined
  touchKey(version.key)
}

/** A new version, or the imported one that waits. */
export function rotateKey(model: Model, key: ModelKey): ModelVersion {
  needKey(key, 'enabled')
  const { rotations = 0, pending } = key
  if (rotations >= ROTATIONS_MAX) refuse('LIMIT_EXCEEDED')
  if (!key.imported) {
    const version = createKeyVersion(model, key, {})
    key.rotations = rotations + 1
    return version
  }
  if (pending?.state !== 'enabled') return refuse('INVALID_STATE')
  key.rotations = rotations + 1
  key.current = pending
  key.pending = undefined
  touchKey(key)
  return pending
}
