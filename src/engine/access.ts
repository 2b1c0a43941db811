/**
 * May this principal do this? One answer for the pipeline and for the fast path: after it is known
 * that the thing exists, before anything of its state shows (contracts: AWS 5).
 */
import { StrongroomError, type Explanation } from '../base/errors.ts'
import { LayeredAttributes } from '../domain/policy/attributes.ts'
import { actionOf } from '../domain/policy/actions.ts'
import {
  decide,
  decideByIdentity,
  decidedBy,
  decideRetiring,
  trace,
  type Case,
  type Decision,
} from '../domain/policy/decide.ts'
import { derived, type Requested } from '../domain/policy/derived.ts'
import type { Policy } from '../domain/policy/document.ts'
import type { Principal } from '../domain/policy/principals.ts'
import { LIMITS } from '../domain/limits.ts'
import { OWNER } from '../domain/permit.ts'
import type { GrantConstraints, GrantRecord } from '../domain/records.ts'
import type { KeyView } from '../domain/settle.ts'
import type {
  Access,
  AccessExplained,
  ExplainAccessInput,
  KeyDescription,
  OperationName,
} from './api.ts'
import type { Book, Needs } from './books.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { readGrantToken } from './grant-tokens.ts'
import { DESCRIPTION_FIELD } from './schemas.ts'

/** A request as far as decisions look at it; `dryRun` and the like change nothing. */
export interface AskedFor extends Requested {
  readonly principal?: string
  readonly access?: Access
  readonly vaultId?: string
  readonly withoutPlaintext?: boolean | undefined
}

/** The owner may do all; nobody asks further. */
export const isOwner = ({ principal }: Pick<AskedFor, 'principal'>): boolean =>
  principal === undefined || principal === OWNER

/** A request by somebody else, read once. */
export interface Question extends Needs {
  readonly operation: OperationName
  readonly action: string
  readonly access: Access
  readonly asked: AskedFor
  readonly principal: Principal
  readonly identityPolicies: readonly Policy[] | 'all'
}

export function questionOf(
  core: Core,
  operation: OperationName,
  asked: AskedFor,
  { principal, access = {} }: Pick<AskedFor, 'principal' | 'access'> = asked,
): Question {
  const { books } = core
  const given = access.identityPolicies ?? []
  const identityPolicies =
    given === 'all' ? given : given.map((text) => books.document(text, 'identity'))
  return {
    operation,
    action: access.action ?? actionOf(operation, asked.withoutPlaintext),
    access,
    asked,
    principal: books.principal(principal!),
    identityPolicies,
    policies: identityPolicies === 'all' ? [] : identityPolicies,
    standIn: (book) => {
      const text = descriptionOf(book, access)?.unlessPolicy ?? access.unlessPolicy
      return text === undefined ? undefined : books.document(text, 'key')
    },
  }
}

type Judged = Case & { readonly attributes: LayeredAttributes }

/** Everything that a decision looks at; without a book the caller's own policies alone count. */
export function caseOf(core: Core, question: Question, book?: Book): Judged {
  const { access, asked, principal } = question
  const described = book && descriptionOf(book, access)
  const context = asked.context ?? access.context
  const account = described?.account ?? access.account
  const sources = {
    principal,
    now: core.now(),
    request: asked,
    context,
    key: book?.facts,
    aliases: book?.aliases,
    account,
  }
  const given = [access.attributes, described?.attributes]
  const vault = asked.vaultId === undefined ? '*' : `vault/${asked.vaultId}`
  return {
    principal,
    action: question.action,
    resource: described?.resource ?? access.resource ?? (book ? `key/${book.facts.id}` : vault),
    attributes: new LayeredAttributes(given, (name) => derived(name, sources)),
    context,
    child: childOf(asked),
    keyPolicy: book && (book.policy ?? question.standIn(book)),
    identityPolicies: question.identityPolicies,
    grants: book ? principal.grantees.flatMap((key) => book.grants.get(key) ?? []) : [],
    account,
    sameAccountOnly: access.sameAccountOnly,
  }
}

/** Only the making of a grant has a grantee: what it would allow. */
const childOf = ({ granteePrincipal, operations, constraints }: AskedFor): Case['child'] =>
  granteePrincipal === undefined || !operations
    ? undefined
    : { operations, ...(constraints && { constraints: constraints as GrantConstraints }) }

function descriptionOf(book: Book, { describe }: Access): KeyDescription | undefined {
  if (!describe) return undefined
  const known = book.descriptions.get(describe)
  if (known) return known
  const description = DESCRIPTION_FIELD.read(
    describe(book.facts),
    'access.describe()',
  ) as KeyDescription
  book.descriptions.set(describe, description)
  return description
}

/** @throws INVALID_GRANT_TOKEN when one of them is none. */
export function checkGrantTokens(core: Core, { access }: AskedFor): void {
  for (const token of access?.grantTokens ?? []) readGrantToken(core, token)
}

/** For an operation on a key; undefined for the owner. @throws FORBIDDEN */
export async function authorizeKey(
  core: Core,
  cell: Cell,
  operation: OperationName,
  asked: AskedFor,
  key: KeyView,
): Promise<Decision | undefined> {
  checkGrantTokens(core, asked)
  if (isOwner(asked)) return undefined
  const question = questionOf(core, operation, asked)
  const given = caseOf(core, question, await core.books.open(cell, key, question))
  return admitted(question, given, decide(given))
}

/** For the end of a grant by somebody whom the grant itself names. */
export async function authorizeRetiring(
  core: Core,
  cell: Cell,
  asked: AskedFor,
  key: KeyView,
  grant: GrantRecord,
): Promise<void> {
  checkGrantTokens(core, asked)
  if (isOwner(asked)) return
  const question = questionOf(core, 'retireGrant', asked)
  const given = caseOf(core, question, await core.books.open(cell, key, question))
  admitted(question, given, decideRetiring(given, grant))
}

/** For what is no key: the caller's own policies decide. */
export function authorizeOther(core: Core, operation: OperationName, asked: AskedFor): void {
  if (isOwner(asked)) return
  const question = questionOf(core, operation, asked)
  const given = caseOf(core, question)
  admitted(question, given, decideByIdentity(given))
}

function admitted(question: Question, given: Case, decision: Decision): Decision {
  if (!decision.allowed) throw forbidden(question, given, decision)
  const refused = refusedAlso(question, given)
  if (refused) throw forbidden(question, refused, decideByIdentity(refused))
  return decision
}

/** The first of the further things that the caller's own policies do not allow. */
function refusedAlso({ access: { also = [] } }: Question, given: Case): Case | undefined {
  return also.map((one) => ({ ...given, ...one })).find((one) => !decideByIdentity(one).allowed)
}

/** Whether the fast path may go on: undefined when the pipeline has to look closer. */
export function mayAtOnce(
  core: Core,
  operation: OperationName,
  asked: AskedFor,
  who: Pick<AskedFor, 'principal' | 'access'>,
  keyId: string,
): boolean {
  checkGrantTokens(core, who)
  const question = questionOf(core, operation, asked, who)
  const book = core.books.ready(keyId, question)
  if (!book) return false
  const given = caseOf(core, question, book)
  const decision = decide(given)
  if (!decision.allowed || refusedAlso(question, given)) return false
  if (!given.attributes.consulted) remember(book, question, decision)
  return true
}

/** Principal, action and whether other accounts may: what is left when no condition counts. */
const unconditional = (principal: string, action: string, sameAccountOnly = false): string =>
  `${action} ${sameAccountOnly} ${principal}`

/** Only where the description alone says whose the key is, and the account allows everything. */
function remember(book: Book, { access, principal }: Question, { rule }: Decision): void {
  const { describe, action, identityPolicies, sameAccountOnly } = access
  if (!BY_KEY_POLICY.has(rule) || !describe || action === undefined) return
  const { resource, account, unlessPolicy } = book.descriptions.get(describe)!
  const whole = resource !== undefined && account !== undefined && unlessPolicy !== undefined
  if (!whole || identityPolicies !== 'all' || access.also) return
  const known = book.unconditional.get(describe) ?? new Set()
  if (known.size >= LIMITS.granteesPerBookMax) known.clear()
  known.add(unconditional(principal.text, action, sameAccountOnly))
  book.unconditional.set(describe, known)
}
const BY_KEY_POLICY: ReadonlySet<string> = new Set(['keyPolicy.allow', 'keyPolicy.account'])

/** Whether such a request was allowed before, and every further one is. `access` is not read yet. */
export function alwaysAllowed(
  core: Core,
  keyId: string,
  principal: string,
  access: unknown,
): boolean {
  if (typeof access !== 'object' || access === null) return false
  for (const name in access) if (!DECIDED.has(name)) return false
  const { describe, action, identityPolicies, sameAccountOnly } = access as Access
  if (!describe || identityPolicies !== 'all' || typeof action !== 'string') return false
  const known = core.books.unconditional(keyId, describe)
  return known?.has(unconditional(principal, action, sameAccountOnly)) === true
}
/** What the answer depends on, and what only conditions would look at. Others are read as usual. */
const DECIDED: ReadonlySet<string> = new Set([
  ...(['describe', 'action', 'identityPolicies', 'sameAccountOnly'] satisfies (keyof Access)[]),
  ...(['attributes', 'context', 'resource', 'account'] satisfies (keyof Access)[]),
])

/** Why an operation on a key would be refused to the principal; undefined when it would not. */
export async function refusalOf(
  core: Core,
  cell: Cell,
  operation: OperationName,
  asked: AskedFor,
  key: KeyView,
): Promise<Explanation | undefined> {
  try {
    await authorizeKey(core, cell, operation, asked, key)
    return undefined
  } catch (error) {
    if (error instanceof StrongroomError && error.explain) return error.explain
    throw error
  }
}

/** The decision with its trace, for whoever asks what would be. */
export async function explainAccess(
  core: Core,
  input: ExplainAccessInput,
  at?: { readonly cell: Cell; readonly key: KeyView },
): Promise<AccessExplained> {
  const { operation = 'getKey' } = input
  checkGrantTokens(core, input)
  const question = questionOf(core, operation, input)
  const book = at && (await core.books.open(at.cell, at.key, question))
  const given = caseOf(core, question, book)
  const decided = book ? decide(given) : decideByIdentity(given)
  const refused = decided.allowed ? refusedAlso(question, given) : undefined
  const [why, decision] = refused ? [refused, decideByIdentity(refused)] : [given, decided]
  const owner = isOwner(input)
  return Object.freeze({
    allowed: owner || decision.allowed,
    action: why.action,
    resource: why.resource,
    rule: owner ? 'owner' : decision.rule,
    by: owner ? 'the owner may do all' : decidedBy(decision),
    trace: Object.freeze(trace(why)),
  })
}

/** A refusal with everything that was looked at. */
export function explanationOf(question: Question, given: Case, decision: Decision): Explanation {
  const { operation, principal } = question
  // Nobody said anything about such a key: it is the owner's.
  const ownersAlone = decision.rule === 'keyPolicy.silent' && !given.keyPolicy
  return {
    operation,
    rule: ownersAlone ? 'principal' : decision.rule,
    expected: ownersAlone ? OWNER : `an Allow of ${given.action} on ${given.resource}`,
    found: ownersAlone ? principal.text : decidedBy(decision),
    action: given.action,
    resource: given.resource,
    trace: trace(given),
  }
}

function forbidden(question: Question, given: Case, decision: Decision): StrongroomError {
  const explain = explanationOf(question, given, decision)
  const { operation, rule, expected, found } = explain
  return new StrongroomError(
    'FORBIDDEN',
    `${operation} refused by ${rule}: expected ${expected}, found ${found}.`,
    { explain },
  )
}
