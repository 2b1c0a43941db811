/** Whether a version may be used now (contracts: OCI 5.2, 6; Azure 4.3; AWS 16). */
import type { Purpose } from '../domain/algorithms.ts'
import {
  refuse,
  versionState,
  type Model,
  type ModelKey,
  type ModelVersion,
} from './model-state.ts'
import { needKey } from './model-keys.ts'

export interface Use {
  /** The word in a version's permitted operations. */
  readonly operation: string
  readonly purpose: Purpose
  /** Makes new protected data (encrypt, sign, wrap), or opens and checks old data. */
  readonly fresh: boolean
}

export const USES = {
  encrypt: { operation: 'encrypt', purpose: 'encrypt', fresh: true },
  decrypt: { operation: 'decrypt', purpose: 'encrypt', fresh: false },
  generateDataKey: { operation: 'encrypt', purpose: 'encrypt', fresh: true },
  wrapKey: { operation: 'wrapKey', purpose: 'wrap', fresh: true },
  unwrapKey: { operation: 'unwrapKey', purpose: 'wrap', fresh: false },
  sign: { operation: 'sign', purpose: 'sign', fresh: true },
  verify: { operation: 'verify', purpose: 'sign', fresh: false },
  encapsulate: { operation: 'encapsulate', purpose: 'encapsulate', fresh: true },
  decapsulate: { operation: 'decapsulate', purpose: 'encapsulate', fresh: false },
  generateMac: { operation: 'generateMac', purpose: 'mac', fresh: true },
  verifyMac: { operation: 'verifyMac', purpose: 'mac', fresh: false },
} as const satisfies Record<string, Use>

/**
 * The version that does the work, or the refusal. Nobody may use what is disabled, waiting, going
 * or gone.
 */
export function use(model: Model, key: ModelKey, how: Use, named?: ModelVersion): ModelVersion {
  needKey(key, 'enabled')
  if (!key.purposes.includes(how.purpose)) refuse('NOT_PERMITTED_FOR_KEY')
  const version = named ?? key.current
  if (version === undefined || versionState(version) !== 'enabled') return refuse('INVALID_STATE')
  const older = version !== key.current
  const waits = version === key.pending
  if (how.fresh && older && (waits || key.olderVersions === 'process'))
    refuse('NOT_PERMITTED_FOR_KEY')
  if (version.operations?.includes(how.operation) === false) refuse('NOT_PERMITTED_FOR_KEY')
  const early = version.notBefore !== undefined && model.now < version.notBefore
  const late = version.expiresOn !== undefined && model.now >= version.expiresOn
  if (how.fresh && (early || late)) refuse('OUTSIDE_VALIDITY')
  return version
}
