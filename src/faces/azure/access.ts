/**
 * Who may do what (contracts: Azure 4): access policies are data that the core evaluates as the
 * caller's own policies. The permission of an operation does not depend on the key, so it is asked
 * for first: whoever lacks it learns nothing.
 */
import { OWNER } from '../../domain/permit.ts'
import type { Access, Asked } from '../../engine/api.ts'
import { AzureFault, FAULTS } from './errors.ts'
import type { Face, VaultHere } from './face.ts'

export const PERMISSIONS = [
  ...(['get', 'list', 'create', 'import', 'update', 'delete', 'recover', 'purge'] as const),
  ...(['backup', 'restore', 'encrypt', 'decrypt', 'sign', 'verify', 'wrapKey'] as const),
  ...(['unwrapKey', 'rotate', 'release', 'getrotationpolicy', 'setrotationpolicy'] as const),
  'rng' as const,
]
export type Permission = (typeof PERMISSIONS)[number]

/** What one caller may do. */
export interface AccessPolicy {
  /** An object id, or whatever `principalOf` answers. */
  readonly principal: string
  readonly permissions: readonly Permission[] | 'all'
  /** The name of a vault; default: all. */
  readonly vault?: string
}

/**
 * Whom the access policies admit, the room admits too; but a policy that stands at the key itself,
 * made by another face, is asked as well.
 */
const ADMITTED: Access = {
  identityPolicies: 'all',
  unlessPolicy: JSON.stringify({
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
  }),
}

/** The words of access policies as actions of the core's language. */
const actionOf = (permission: Permission): string => `keyvault:${permission}`

/** The caller's own policies, in the form that the core reads: none when nothing is permitted. */
function policiesOf(
  policies: readonly AccessPolicy[],
  principal: string,
  vault: string,
): readonly string[] {
  const Action = policies
    .filter(({ principal: whose }) => whose === principal)
    .filter(({ vault: where = vault }) => where.toLowerCase() === vault)
    .flatMap(({ permissions }) =>
      permissions === 'all' ? ['keyvault:*'] : permissions.map(actionOf),
    )
  if (Action.length === 0) return []
  const Statement = [{ Effect: 'Allow', Action, Resource: '*' }]
  return [JSON.stringify({ Version: '2012-10-17', Statement })]
}

export interface Asking {
  readonly principal: string | undefined
  readonly vault: VaultHere
  readonly permission: Permission
  readonly requestId: string
}

/**
 * What the room is told of who asks, once the access policies admit it.
 * @throws 403 Forbidden
 */
export async function admitted(face: Face, asking: Asking): Promise<Asked> {
  const { principal, vault, permission, requestId } = asking
  const asked = { requestId, ...(principal !== undefined && { principal }) }
  const { accessPolicies } = face.options
  if (!accessPolicies || principal === undefined || principal === OWNER) return asked
  const { allowed } = await face.room.explainAccess({
    principal,
    vaultId: vault.id,
    access: {
      action: actionOf(permission),
      identityPolicies: policiesOf(accessPolicies, principal, vault.name),
    },
  })
  if (allowed) return { ...asked, access: ADMITTED }
  throw new AzureFault(
    FAULTS.accessDenied,
    `The user, group or application '${principal}' does not have keys ${permission} permission ` +
      `on key vault '${vault.name}'. For help resolving this issue, please see ` +
      'https://go.microsoft.com/fwlink/?linkid=2125287',
  )
}
