/**
 * Grants: each allows one grantee some operations on one key, perhaps under constraints, and never
 * denies (contracts: AWS 11).
 */
import { SPECS, type Purpose } from '../algorithms.ts'
import type { GrantConstraints, GrantRecord, KeyRecord } from '../records.ts'
import {
  isAccount,
  isPrincipalArn,
  isService,
  Principals,
  type Meant,
  type Principal,
} from './principals.ts'
import type { Asking } from './statements.ts'

type KeyKind = Pick<KeyRecord, 'spec' | 'purposes'>

const isAes = ({ spec }: KeyKind): boolean => SPECS[spec].family === 'aes'
const forPurpose = (purpose: Purpose) => (key: KeyKind) => key.purposes.includes(purpose)
const dataKeys = (key: KeyKind): boolean => isAes(key) && key.purposes.includes('encrypt')
const SYMMETRIC: ReadonlySet<string> = new Set(['aes', 'hmac'])
const pairs = ({ spec }: KeyKind): boolean => !SYMMETRIC.has(SPECS[spec].family)
const always = (): boolean => true

/** TABLE of what a grant can allow: the action without its prefix, and the keys that it suits. */
export const GRANT_OPERATIONS = {
  Decrypt: forPurpose('encrypt'),
  Encrypt: forPurpose('encrypt'),
  GenerateDataKey: dataKeys,
  GenerateDataKeyWithoutPlaintext: dataKeys,
  GenerateDataKeyPair: dataKeys,
  GenerateDataKeyPairWithoutPlaintext: dataKeys,
  ReEncryptFrom: forPurpose('encrypt'),
  ReEncryptTo: forPurpose('encrypt'),
  Sign: forPurpose('sign'),
  Verify: forPurpose('sign'),
  GetPublicKey: pairs,
  GenerateMac: forPurpose('mac'),
  VerifyMac: forPurpose('mac'),
  DeriveSharedSecret: forPurpose('agree'),
  Encapsulate: forPurpose('encapsulate'),
  Decapsulate: forPurpose('encapsulate'),
  CreateGrant: always,
  RetireGrant: always,
  DescribeKey: always,
} as const satisfies Record<string, (key: KeyKind) => boolean>

export type GrantOperation = keyof typeof GRANT_OPERATIONS
export const GRANT_OPERATION_NAMES = Object.keys(GRANT_OPERATIONS) as readonly GrantOperation[]

/** What one says of a grant before it exists. */
export type GrantTerms = Pick<GrantRecord, 'operations' | 'constraints'>

/** Why terms do not suit a key; undefined when they do. */
export function objectionTo(
  { operations, constraints }: GrantTerms,
  key: KeyKind,
): { readonly path: string; readonly expected: string; readonly found: string } | undefined {
  const path = 'operations'
  if (operations.length === 0) return { path, expected: 'at least one operation', found: 'none' }
  if (operations.every((name) => name === 'CreateGrant'))
    return { path, expected: 'more than the CreateGrant operation', found: 'that alone' }
  const odd = operations.find((name) => !GRANT_OPERATIONS[name as GrantOperation](key))
  if (odd !== undefined)
    return {
      path,
      expected: `operations of a ${key.spec} key for ${key.purposes.join(', ')}`,
      found: odd,
    }
  const context = constraints?.contextEquals ?? constraints?.contextSubset
  if (context && !dataKeys(key))
    return {
      path: 'constraints',
      expected: 'no context for a key that binds none',
      found: `a ${key.spec} key for ${key.purposes.join(', ')}`,
    }
  return undefined
}

/** Who can be a grantee or a retiring principal by an ARN, an account or the name of a service. */
export const isGrantee = (text: string): boolean =>
  isPrincipalArn(text) || isAccount(text) || isService(text)

/** A grant that is ready to be asked. */
export interface Grant {
  readonly record: GrantRecord
  readonly grantees: Principals
  readonly actions: ReadonlySet<string>
}

export const grantOf = (record: GrantRecord): Grant => ({
  record,
  grantees: Principals.of(record.granteePrincipal),
  actions: new Set(record.operations.map((name) => `kms:${name.toLowerCase()}`)),
})

/** What grants look at beside the question itself. */
export interface GrantAsking extends Asking {
  /** Of the request; absent is the same as empty. */
  readonly context: Readonly<Record<string, string>> | undefined
  /** For the making of a grant: what it would allow. */
  readonly child?: GrantTerms | undefined
}

/** Names of pairs compare without regard to case, values exactly (contracts: AWS 11, 15.6). */
const inLowerCase = (pairs: Readonly<Record<string, string>>): ReadonlyMap<string, string> =>
  new Map(Object.entries(pairs).map(([name, value]) => [name.toLowerCase(), value]))

function within(
  some: Readonly<Record<string, string>>,
  all: Readonly<Record<string, string>>,
): boolean {
  const known = inLowerCase(all)
  return Object.entries(some).every(([name, value]) => known.get(name.toLowerCase()) === value)
}

const same = (a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean =>
  within(a, b) && within(b, a)

/** Actions that say nothing of a context. */
const NO_CONTEXT: ReadonlySet<string> = new Set(['kms:describekey', 'kms:retiregrant'])
const NO_SOURCE: ReadonlySet<string> = new Set(['kms:retiregrant'])

function constrained(constraints: GrantConstraints, action: string, asking: GrantAsking): boolean {
  const { contextEquals, contextSubset, sourceArn } = constraints
  const { context = {}, attributes } = asking
  if (sourceArn !== undefined && !NO_SOURCE.has(action))
    if (attributes.get('aws:sourcearn') !== sourceArn) return false
  // The context of a grant that is made is in its own constraints: `covers` compares those.
  if (NO_CONTEXT.has(action) || asking.child) return true
  if (contextEquals && !same(contextEquals, context)) return false
  return !contextSubset || within(contextSubset, context)
}

/** Whether what a new grant would allow is no more than what an old one does. */
export function covers({ operations, constraints }: GrantTerms, child: GrantTerms): boolean {
  if (!child.operations.every((name) => operations.includes(name))) return false
  const { contextEquals, contextSubset, sourceArn } = constraints ?? {}
  const { contextEquals: equals, contextSubset: subset } = child.constraints ?? {}
  if (sourceArn !== undefined && child.constraints?.sourceArn !== sourceArn) return false
  if (contextEquals && !(equals && same(contextEquals, equals))) return false
  if (!contextSubset) return true
  const kept = equals ?? subset
  return kept !== undefined && within(contextSubset, kept)
}

/** How far a grant allows a request. */
export function grants(grant: Grant, asking: GrantAsking): Meant {
  const action = asking.action.toLowerCase()
  if (!grant.actions.has(action)) return undefined
  const how = grant.grantees.means(asking.principal)
  if (how === undefined) return undefined
  const { constraints } = grant.record
  if (constraints && !constrained(constraints, action, asking)) return undefined
  return asking.child && !covers(grant.record, asking.child) ? undefined : how
}

/** How a caller may retire a grant by the grant itself (contracts: AWS 11). */
export function mayRetire(
  { granteePrincipal, retiringPrincipal, operations, issuingAccount }: GrantRecord,
  principal: Principal,
): Meant {
  const grantee = operations.includes('RetireGrant') ? granteePrincipal : undefined
  const found = [retiringPrincipal, grantee, issuingAccount].map((text) =>
    text === undefined ? undefined : Principals.of(text).means(principal),
  )
  return found.find((how) => how === 'directly') ?? found.find((how) => how === 'asAccount')
}
