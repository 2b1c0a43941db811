/** What requests say of keys: types, operations, times, releases (contracts: Azure 2, 3, 4.1). */
import type { Purpose, Spec } from '../../domain/algorithms.ts'
import type { KeyOperation } from '../../engine/api.ts'
import { bad, invalid } from './errors.ts'
import { anyCase, flag, list, may, mayClear, record, tags, time, words } from './fields.ts'
import type { VaultHere } from './face.ts'
import { keptPolicy, RELEASE_POLICY, type GivenPolicy, type KeptPolicy } from './release-policy.ts'
import { HSM, KEY_OPS, KEY_TYPES, kindOf, type KeyOp, type KeyType } from './shapes.ts'

export const KEY_TYPE = anyCase(...KEY_TYPES)
export const KEY_OPS_LIST = list(words(...KEY_OPS), 16)

const ATTRIBUTES = record({
  enabled: may(flag),
  nbf: mayClear(time),
  exp: mayClear(time),
  exportable: may(flag),
})
export type Attributes = ReturnType<typeof ATTRIBUTES>

/** Members that requests have which make or change a key. */
export const DESCRIBED = {
  key_ops: may(KEY_OPS_LIST),
  attributes: may(ATTRIBUTES),
  tags: may(tags),
  release_policy: may(RELEASE_POLICY),
}

/** How a version is told to the room. */
export function versionAttributes(
  { enabled, nbf, exp }: Partial<Attributes> = {},
  tagged: Readonly<Record<string, string>> | undefined,
) {
  return {
    ...(enabled !== undefined && { enabled }),
    ...(nbf !== undefined && { notBefore: nbf }),
    ...(exp !== undefined && { expiresOn: exp }),
    ...(tagged && { tags: tagged }),
  }
}

/** A type without its suffix, and what protects keys of it in this vault (contracts: Azure 3). */
export function protectionOf(
  kty: (typeof KEY_TYPES)[number],
  { managedHsm }: VaultHere,
  inHsm = false,
): { readonly type: KeyType; readonly hsm: boolean } {
  const type = kty.replace(HSM, '') as KeyType
  const hsm = managedHsm || inHsm || kty.endsWith(HSM)
  if (type === 'oct' && !hsm)
    bad('Keys of type oct are for managed HSMs; a vault has those of type oct-HSM.')
  return { type, hsm }
}

export const purposesOf = (spec: Spec): readonly Purpose[] => kindOf(spec)!.purposes

/** Only these operations, and nothing else: what makes a symmetric key one for MACs. */
export const signsAlone = (ops: readonly KeyOp[] | undefined): boolean =>
  ops !== undefined && ops.length > 0 && ops.every((op) => op === 'sign' || op === 'verify')

/**
 * What a version may be used for in the words of the room; undefined: all that its type can.
 * `export` is not asked for again when an exportable key is released.
 */
export function operationsOf(
  spec: Spec,
  ops: readonly KeyOp[] | undefined,
  exportable: boolean,
): readonly KeyOperation[] | undefined {
  if (!ops) return undefined
  const kind = kindOf(spec)!
  const permitted = new Set<KeyOperation>()
  for (const op of ops) {
    const ours = kind.ops[op]
    if (ours) permitted.add(ours)
    else if (op === 'import') bad('Keys that wrap imported keys (key_ops import) are not offered.')
    else if (op !== 'export') invalid('key_ops', `operations of ${kind.type} keys, without ${op}`)
  }
  if (exportable) permitted.add('export')
  return [...permitted]
}

export interface Releasing {
  readonly exportable: boolean
  readonly releasePolicy: KeptPolicy | undefined
}

const hsmOr = (managedHsm: boolean, code: string, message: string): never =>
  bad(managedHsm ? message : `${code}: ${message}`)

/** What goes together, as the service wants it (contracts: Azure 1.2, AKV.SKR). */
export function releasingOf(
  { exportable = false }: Partial<Attributes> = {},
  given: GivenPolicy | undefined,
  hsm: boolean,
  { managedHsm }: VaultHere,
): Releasing {
  const releasePolicy = keptPolicy(given)
  if (exportable && !releasePolicy)
    hsmOr(managedHsm, 'AKV.SKR.1004', 'Exportable keys must have release policy.')
  if (releasePolicy && !exportable)
    hsmOr(managedHsm, 'AKV.SKR.1005', 'Non-exportable keys must not have release policy.')
  if (exportable && !hsm)
    bad('AKV.SKR.1006: The exportable attribute is only supported for HSM-backed keys.')
  if (managedHsm) refuseImmutable(releasePolicy)
  return { exportable, releasePolicy }
}

export function refuseImmutable(policy: KeptPolicy | undefined): void {
  if (policy?.immutable) bad('Immutable release policies are not supported by managed HSMs.')
}

/** The policy of a key that has one already. @throws AKV.SKR.1020 */
export function replacedPolicy(
  before: KeptPolicy | undefined,
  after: KeptPolicy | undefined,
): KeptPolicy | undefined {
  if (!after || !before?.immutable) return after ?? before
  if (before.data === after.data && after.immutable) return before
  return bad('AKV.SKR.1020: Immutable Key Release Policy cannot be modified.')
}
