/**
 * Whether the statements of a tenancy let a user do something: a pure function of the statements, the
 * groups, the tree of compartments, and what is asked for, in the compartment of what it is asked of.
 */
import * as c from '../../base/check.ts'
import { invalidArgument } from '../../base/errors.ts'
import { parseStatement, type Facts, type Statement } from './statements.ts'

export interface OciPermissions {
  /** In the language of OCI policies; docs/faces/oci.md says how much of it. */
  readonly statements: readonly string[]
  /** User OCIDs by the name or OCID of their group. */
  readonly groups?: Readonly<Record<string, readonly string[]>>
  /** By OCID: a statement about a compartment holds for those inside of it too. */
  readonly compartments?: Readonly<Record<string, Place>>
}
interface Place {
  readonly name?: string
  readonly parent?: string
}

/** Where a permission is needed: at the vault or key itself, or where the request puts or looks. */
export type Where = 'vault' | 'key' | 'asked'
export type Need = readonly [permission: string, where: Where]

/** TABLE of what each operation needs, all of it. */
export const NEEDS: Readonly<Record<string, readonly Need[]>> = {
  listVaults: [['VAULT_INSPECT', 'asked']],
  getVault: [['VAULT_READ', 'vault']],
  getVaultUsage: [['VAULT_READ', 'vault']],
  createVault: [['VAULT_CREATE', 'asked']],
  updateVault: [['VAULT_UPDATE', 'vault']],
  updateRegisteredVaultForMtls: [['VAULT_UPDATE', 'vault']],
  scheduleVaultDeletion: [['VAULT_DELETE', 'vault']],
  cancelVaultDeletion: [['VAULT_DELETE', 'vault']],
  changeVaultCompartment: [
    ['VAULT_MOVE', 'vault'],
    ['VAULT_MOVE', 'asked'],
  ],
  backupVault: [['VAULT_BACKUP', 'vault']],
  restoreVaultFromFile: [['VAULT_RESTORE', 'asked']],
  restoreVaultFromObjectStore: [['VAULT_RESTORE', 'asked']],
  listVaultReplicas: [['VAULT_INSPECT', 'vault']],
  createVaultReplica: [['VAULT_REPLICATE', 'vault']],
  deleteVaultReplica: [['VAULT_REPLICATE', 'vault']],
  getReplicationStatus: [['VAULT_READ', 'vault']],
  getWrappingKey: [['KEY_READ', 'vault']],

  listKeys: [['KEY_INSPECT', 'asked']],
  getKey: [['KEY_READ', 'key']],
  createKey: [
    ['KEY_CREATE', 'asked'],
    ['VAULT_CREATE_KEY', 'vault'],
  ],
  importKey: [
    ['KEY_IMPORT', 'asked'],
    ['VAULT_IMPORT_KEY', 'vault'],
  ],
  updateKey: [['KEY_UPDATE', 'key']],
  enableKey: [['KEY_UPDATE', 'key']],
  disableKey: [['KEY_UPDATE', 'key']],
  scheduleKeyDeletion: [['KEY_DELETE', 'key']],
  cancelKeyDeletion: [['KEY_DELETE', 'key']],
  changeKeyCompartment: [
    ['KEY_MOVE', 'key'],
    ['KEY_MOVE', 'asked'],
  ],
  backupKey: [['KEY_BACKUP', 'key']],
  restoreKeyFromFile: [['KEY_RESTORE', 'vault']],
  restoreKeyFromObjectStore: [['KEY_RESTORE', 'vault']],
  listKeyVersions: [['KEY_INSPECT', 'key']],
  getKeyVersion: [['KEY_READ', 'key']],
  createKeyVersion: [['KEY_ROTATE', 'key']],
  importKeyVersion: [['KEY_IMPORT', 'key']],
  scheduleKeyVersionDeletion: [['KEY_DELETE', 'key']],
  cancelKeyVersionDeletion: [['KEY_DELETE', 'key']],

  encrypt: [['KEY_ENCRYPT', 'key']],
  decrypt: [['KEY_DECRYPT', 'key']],
  generateDataEncryptionKey: [['KEY_ENCRYPT', 'key']],
  sign: [['KEY_SIGN', 'key']],
  verify: [['KEY_VERIFY', 'key']],
  exportKey: [['KEY_EXPORT', 'key']],
}

/** What is asked for, of whom, in which compartment. */
export interface Asking {
  readonly user: string
  readonly permission: string
  readonly compartmentId: string
  readonly facts: Facts
}

export type Judge = (asking: Asking) => boolean

const STATEMENTS_MAX = 500
const NAMED_MAX = 10_000
const NAME = c.text(1, 255)
const PERMISSIONS = c.object({
  permissions: c.object({
    statements: c.list(c.text(1, 4096), STATEMENTS_MAX),
    groups: c.optional(c.stringMap(NAMED_MAX, NAME, c.list(NAME, NAMED_MAX))),
    compartments: c.optional(
      c.stringMap(NAMED_MAX, NAME, c.object({ name: c.optional(NAME), parent: c.optional(NAME) })),
    ),
  }),
})

/** @throws INVALID_ARGUMENT for a statement that is not understood, or an unknown group or compartment */
export function judgeOf(given: OciPermissions): Judge {
  const { permissions } = c.readInput(PERMISSIONS, { permissions: given }) as {
    readonly permissions: OciPermissions
  }
  const { statements, groups = {}, compartments = {} } = permissions
  const tree = new Map(Object.entries(compartments))
  const rules = statements.map((text, i) => {
    const path = `permissions.statements[${i}]`
    const statement = parseStatement(text, path)
    return {
      statement,
      users: usersOf(statement, groups, path),
      at: placeOf(statement, tree, path),
    }
  })
  return ({ user, permission, compartmentId, facts }) => {
    const around = enclosing(compartmentId, tree)
    const known: Facts = {
      ...facts,
      'request.user.id': user,
      'request.permission': permission,
      'target.compartment.id': compartmentId,
    }
    return rules.some(
      ({ statement, users, at }) =>
        statement.permissions.has(permission) &&
        (users === undefined || users.has(user)) &&
        (at === undefined || around.has(at)) &&
        statement.condition(known),
    )
  }
}

/** The members of the groups of a statement; undefined for everybody. */
function usersOf(
  { groups: named }: Statement,
  groups: NonNullable<OciPermissions['groups']>,
  path: string,
): ReadonlySet<string> | undefined {
  if (!named) return undefined
  return new Set(
    named.flatMap((group) =>
      Object.hasOwn(groups, group) ? groups[group]! : invalidArgument(path, 'a known group', group),
    ),
  )
}

type Tree = ReadonlyMap<string, Place>

/** The OCID of the compartment of a statement; undefined for the tenancy. */
function placeOf({ compartment }: Statement, tree: Tree, path: string): string | undefined {
  if (!compartment) return undefined
  const { by, text } = compartment
  if (by === 'id') return text
  const found = [...tree].filter(([, { name }]) => name === text)
  const [only] = found
  return only && found.length === 1
    ? only[0]
    : invalidArgument(path, 'the name of exactly one known compartment', text)
}

/** A compartment and all around it. */
function enclosing(compartmentId: string, tree: Tree): ReadonlySet<string> {
  const around = new Set<string>()
  for (let id: string | undefined = compartmentId; id !== undefined && !around.has(id);) {
    around.add(id)
    id = tree.get(id)?.parent
  }
  return around
}
