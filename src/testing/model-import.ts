/** Keys whose material comes from outside (contracts: AWS 9). */
import {
  addVersion,
  loseMaterial,
  refuse,
  resume,
  touchKey,
  type Model,
  type ModelKey,
} from './model-state.ts'
import { needKey } from './model-keys.ts'

/** The first import makes the first version; a later one may only bring the same material back. */
export function importMaterial(
  model: Model,
  key: ModelKey,
  same: boolean,
  expiresAt?: number,
): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport')
  if (!key.imported) refuse('NOT_PERMITTED_FOR_KEY')
  if (key.current !== undefined && !same) refuse('INVALID_KEY_MATERIAL')
  if (key.current === undefined) addVersion(key, { createdAt: model.now })
  const current = key.current!
  if (current.state === 'pendingImport') current.state = 'enabled'
  current.materialExpiresAt = expiresAt
  if (key.state === 'pendingImport') key.state = 'enabled'
  touchKey(key)
  resume(key, model.now)
}

/** Nothing to delete is no mistake; a key on its way out stays on it (AWS 16). */
export function deleteMaterial(key: ModelKey): void {
  needKey(key, 'enabled', 'disabled', 'pendingImport', 'pendingDeletion')
  if (!key.imported) refuse('NOT_PERMITTED_FOR_KEY')
  if (key.current === undefined || key.state === 'pendingImport') return
  loseMaterial(key.current)
}
