/**
 * The decision: an explicit denial anywhere wins; else the key policy may allow, by itself or by
 * leaving it to the account of the caller; else a grant may (contracts: AWS 12). Beyond the account
 * that owns the key, the caller's own account has to allow too.
 */
import type { Policy, Statement } from './document.ts'
import type { GrantRecord } from '../records.ts'
import { grants, mayRetire, type Grant, type GrantAsking } from './grants.ts'
import { firstOf, nameOfStatement, traceOf, type Asking } from './statements.ts'

/** What is known of a request when it is judged. */
export interface Case extends GrantAsking {
  /** Absent where no key is asked for. */
  readonly keyPolicy?: Policy | undefined
  /** What the caller's own account allows. */
  readonly identityPolicies: readonly Policy[] | 'all'
  readonly grants: readonly Grant[]
  /** The account that owns the key; absent: the caller's. */
  readonly account: string | undefined
  /** The operation is not for callers of other accounts. */
  readonly sameAccountOnly?: boolean | undefined
}

/** Which rule decided. */
export type DecisionRule =
  | 'keyPolicy.allow'
  | 'keyPolicy.account'
  | 'identityPolicy.allow'
  | 'grant.allow'
  | 'grant.silent'
  | 'keyPolicy.deny'
  | 'identityPolicy.deny'
  | 'keyPolicy.silent'
  | 'identityPolicy.silent'
  | 'account.other'

export interface Decision {
  readonly allowed: boolean
  readonly rule: DecisionRule
  /** The statement that decided. */
  readonly statement?: Statement
  /** The grant that allowed. */
  readonly grant?: Grant
}

const decision = (rule: DecisionRule, statement?: Statement): Decision => ({
  allowed: ALLOWING.has(rule),
  rule,
  ...(statement && { statement }),
})
const ALLOWING: ReadonlySet<DecisionRule> = new Set<DecisionRule>([
  ...(['keyPolicy.allow', 'keyPolicy.account', 'identityPolicy.allow', 'grant.allow'] as const),
])

function firstIn(policies: Case['identityPolicies'], effect: Statement['effect'], asking: Asking) {
  if (policies === 'all') return undefined
  for (const policy of policies) {
    const statement = firstOf(policy, effect, asking)
    if (statement) return statement
  }
  return undefined
}

/** By the caller's own policies alone: for what is no key. */
export function decideByIdentity(given: Case): Decision {
  const denied = firstIn(given.identityPolicies, 'Deny', given)
  if (denied) return decision('identityPolicy.deny', denied)
  const allowed = firstIn(given.identityPolicies, 'Allow', given)
  if (given.identityPolicies === 'all' || allowed) return decision('identityPolicy.allow', allowed)
  return decision('identityPolicy.silent')
}

/** For an operation on a key. */
export function decide(given: Case): Decision {
  const { keyPolicy, principal, account } = given
  const denied = keyPolicy && firstOf(keyPolicy, 'Deny', given)
  if (denied) return decision('keyPolicy.deny', denied)
  const own = decideByIdentity(given)
  if (own.rule === 'identityPolicy.deny') return own
  // A service, or whoever else is of no account, has no account that could refuse.
  const foreign =
    account !== undefined && principal.account !== undefined && principal.account !== account
  if (foreign && given.sameAccountOnly) return decision('account.other')
  const direct = keyPolicy && firstOf(keyPolicy, 'Allow', given, 'directly')
  if (direct && (own.allowed || !foreign)) return decision('keyPolicy.allow', direct)
  const delegated = keyPolicy && firstOf(keyPolicy, 'Allow', given, 'asAccount')
  if (delegated && own.allowed) return decision('keyPolicy.account', delegated)
  const granted = grantFor(given, foreign, own.allowed)
  if (granted) return { ...decision('grant.allow'), grant: granted }
  const open = direct ?? delegated
  return open ? decision('identityPolicy.silent', open) : decision('keyPolicy.silent')
}

/** Of an account as grantee, and beyond the owner's account, the caller's account has its say. */
function grantFor(given: Case, foreign: boolean, allowedByOwn: boolean): Grant | undefined {
  for (const grant of given.grants) {
    const how = grants(grant, given)
    if (how === undefined) continue
    if (allowedByOwn || (how === 'directly' && !foreign)) return grant
  }
  return undefined
}

/**
 * For the end of a grant: those whom it names, and through their account those of an account that it
 * names. A key policy cannot allow it, only deny (contracts: AWS 11).
 */
export function decideRetiring(given: Case, record: GrantRecord): Decision {
  const { keyPolicy, principal } = given
  const denied = keyPolicy && firstOf(keyPolicy, 'Deny', given)
  if (denied) return decision('keyPolicy.deny', denied)
  const own = decideByIdentity(given)
  if (own.rule === 'identityPolicy.deny') return own
  const how = mayRetire(record, principal)
  if (how === undefined) return decision('grant.silent')
  return how === 'directly' || own.allowed ? decision('grant.allow') : own
}

/**
 * Whether a caller could still change a key policy: by itself, or through its account (contracts:
 * AWS 12, lockout safety check).
 */
export function keepsControl(policy: Policy, asking: Asking): boolean {
  return !firstOf(policy, 'Deny', asking) && firstOf(policy, 'Allow', asking) !== undefined
}

/** What every statement and grant said, one line each; for explanations only. */
export function trace(given: Case): readonly string[] {
  const { keyPolicy, identityPolicies } = given
  const ofKey = keyPolicy ? keyPolicy.statements.map((s) => `key policy, ${traceOf(s, given)}`) : []
  const ofCaller =
    identityPolicies === 'all'
      ? ['identity policies: allow everything']
      : identityPolicies.flatMap((policy, i) =>
          policy.statements.map((s) => `identity policy ${i + 1}, ${traceOf(s, given)}`),
        )
  const granted = given.grants.map(
    (grant) => `grant ${grant.record.id}: ${grants(grant, given) ? 'applies' : 'does not apply'}`,
  )
  return [...ofKey, ...ofCaller, ...granted]
}

/** The deciding statement or grant in words. */
export function decidedBy({ rule, statement, grant }: Decision): string {
  if (grant) return `grant ${grant.record.id}`
  if (rule === 'grant.silent') return 'a grant that does not name this principal'
  if (rule === 'account.other') return 'a caller of another account'
  const what = rule.startsWith('identityPolicy') ? 'an identity policy' : 'the key policy'
  if (rule === 'identityPolicy.silent') return 'no statement of an identity policy'
  return statement ? `${nameOfStatement(statement)} of ${what}` : `no statement of ${what}`
}
