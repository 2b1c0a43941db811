/**
 * A policy document, read once into statements that are ready to be asked. Whatever is malformed is
 * refused with its place and a reason (contracts: AWS 12).
 */
import { utf8 } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../limits.ts'
import { compileCondition, type Condition } from './conditions.ts'
import { patternOf, type Pattern } from './patterns.ts'
import { isPrincipalArn, isService, isAccount, Principals } from './principals.ts'

/** A key policy says whom it means; an identity policy belongs to somebody. */
export type PolicyKind = 'key' | 'identity'

export interface Statement {
  /** From 1. */
  readonly number: number
  readonly sid: string | undefined
  readonly effect: 'Allow' | 'Deny'
  /** Absent in an identity policy. */
  readonly principals: Principals | undefined
  /** Everybody but those is meant. */
  readonly exceptPrincipals: boolean
  /** Empty: none is meant, the statement has no effect. */
  readonly actions: readonly Pattern[]
  readonly exceptActions: boolean
  readonly resources: readonly Pattern[]
  readonly exceptResources: boolean
  readonly conditions: readonly Condition[]
}

export interface Policy {
  readonly kind: PolicyKind
  readonly statements: readonly Statement[]
  /** The condition keys that it looks at, in lower case. */
  readonly keys: ReadonlySet<string>
}

/** What a refusal is about: faces have a text of their own for some of these. */
export type PolicyProblem =
  | 'syntax'
  | 'version'
  | 'statement'
  | 'effect'
  | 'principal.missing'
  | 'principal'
  | 'action'
  | 'resource'
  | 'condition'
  | 'condition.overlyPermissive'

type Json = Readonly<Record<string, unknown>>

const VERSIONS = ['2012-10-17', '2008-10-17'] as const
const DOCUMENT_MEMBERS = ['Version', 'Id', 'Statement']
const STATEMENT_MEMBERS = [
  ...['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Resource'],
  ...['NotResource', 'Condition'],
]

/** Refuses with INVALID_POLICY; `explain.rule` is `policy.` and the problem. */
export function refusePolicy(
  problem: PolicyProblem,
  at: string,
  expected: string,
  found: string,
): never {
  const shown = found.length > SHOWN_MAX ? `${found.slice(0, SHOWN_MAX)}...` : found
  throw new StrongroomError('INVALID_POLICY', `${at}: expected ${expected}, found ${shown}.`, {
    explain: { operation: 'policy', rule: `policy.${problem}`, expected, found: shown },
  })
}
const SHOWN_MAX = 64

/**
 * Reads a document.
 * @throws INVALID_POLICY for what is malformed; LIMIT_EXCEEDED for more than 32 KiB
 */
export function parsePolicy(text: string, kind: PolicyKind = 'key'): Policy {
  const bytes = utf8(text).length
  if (bytes > LIMITS.policyBytesMax)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `policy: expected at most ${LIMITS.policyBytesMax} bytes, got ${bytes}.`,
    )
  const document = membersOf(parseJson(text), 'syntax', 'policy', DOCUMENT_MEMBERS)
  const version = document['Version']
  if (!VERSIONS.some((known) => known === version))
    refusePolicy('version', 'policy.Version', VERSIONS.join(' or '), nameOf(version))
  if (document['Id'] !== undefined && typeof document['Id'] !== 'string')
    refusePolicy('syntax', 'policy.Id', 'a string', nameOf(document['Id']))
  const given = document['Statement']
  const list = Array.isArray(given) ? (given as unknown[]) : [given]
  if (given === undefined || list.length === 0)
    refusePolicy('statement', 'policy.Statement', 'at least one statement', 'none')
  const keys = new Set<string>()
  const variables = version === '2012-10-17'
  const statements = list.map((item, i) => statementOf(item, i + 1, { kind, variables, keys }))
  return { kind, statements, keys }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return refusePolicy('syntax', 'policy', 'a JSON document', 'a text that is none')
  }
}

interface Reading {
  readonly kind: PolicyKind
  readonly variables: boolean
  readonly keys: Set<string>
}

function statementOf(item: unknown, number: number, reading: Reading): Statement {
  const at = `policy.Statement[${number - 1}]`
  const given = membersOf(item, 'statement', at, STATEMENT_MEMBERS)
  const { Sid: sid, Effect: effect } = given
  if (sid !== undefined && typeof sid !== 'string')
    refusePolicy('statement', `${at}.Sid`, 'a string', nameOf(sid))
  if (effect !== 'Allow' && effect !== 'Deny')
    refusePolicy('effect', `${at}.Effect`, 'Allow or Deny', nameOf(effect))
  for (const name of ['Principal', 'Action', 'Resource'])
    if (given[name] !== undefined && given[`Not${name}`] !== undefined)
      refusePolicy('statement', at, `either ${name} or Not${name}`, 'both')
  return {
    number,
    sid,
    effect,
    principals: principalsOf(given, at, reading.kind),
    exceptPrincipals: given['NotPrincipal'] !== undefined,
    ...actionsOf(given, at, reading),
    ...resourcesOf(given, at, reading),
    conditions: conditionsOf(given['Condition'], `${at}.Condition`, reading),
  }
}

/** How the types of principals are checked; what is not here is no principal of a key policy. */
const PRINCIPAL_TYPES: Readonly<Record<string, (text: string) => boolean>> = {
  AWS: (text) => text === '*' || isAccount(text) || isPrincipalArn(text),
  Service: (text) => text === '*' || isService(text),
  Federated: (text) => text !== '' && text !== '*',
}

function principalsOf(given: Json, at: string, kind: PolicyKind): Principals | undefined {
  const name = given['NotPrincipal'] === undefined ? 'Principal' : 'NotPrincipal'
  const value = given[name]
  if (kind === 'identity') {
    if (value === undefined) return undefined
    refusePolicy('principal', `${at}.${name}`, 'none in an identity policy', 'one')
  }
  if (value === undefined) refusePolicy('principal.missing', at, 'a Principal', 'none')
  const principals = new Principals()
  if (value === '*') {
    principals.add('*')
    return principals
  }
  const types = membersOf(value, 'principal', `${at}.${name}`, Object.keys(PRINCIPAL_TYPES))
  for (const [type, names] of Object.entries(types))
    for (const text of textsOf(names, 'principal', `${at}.${name}.${type}`)) {
      if (!PRINCIPAL_TYPES[type]!(text))
        refusePolicy('principal', `${at}.${name}.${type}`, `a principal of type ${type}`, text)
      principals.add(text)
    }
  if (Object.keys(types).length === 0)
    refusePolicy('principal.missing', `${at}.${name}`, 'at least one principal', 'none')
  return principals
}

const ACTION = /^(\*|[a-z0-9-]+:[a-z0-9*?_-]+)$/i

function actionsOf(given: Json, at: string, { kind }: Reading) {
  const name = given['NotAction'] === undefined ? 'Action' : 'NotAction'
  const exceptActions = name === 'NotAction'
  if (given[name] === undefined) {
    if (kind === 'identity') refusePolicy('action', at, 'Action or NotAction', 'neither')
    return { actions: [], exceptActions }
  }
  const actions = textsOf(given[name], 'action', `${at}.${name}`).map((text) => {
    if (!ACTION.test(text))
      refusePolicy('action', `${at}.${name}`, 'an action such as kms:Encrypt', text)
    return patternOf(text, { wildcards: true, variables: false, ignoreCase: true })
  })
  return { actions, exceptActions }
}

function resourcesOf(given: Json, at: string, { kind, variables }: Reading) {
  const name = given['NotResource'] === undefined ? 'Resource' : 'NotResource'
  const exceptResources = name === 'NotResource'
  if (given[name] === undefined) {
    if (kind === 'identity') refusePolicy('resource', at, 'Resource or NotResource', 'neither')
    return { resources: [], exceptResources }
  }
  const resources = textsOf(given[name], 'resource', `${at}.${name}`).map((text) => {
    if (text === '') refusePolicy('resource', `${at}.${name}`, '* or an ARN', text)
    return patternOf(text, { wildcards: true, variables })
  })
  return { resources, exceptResources }
}

/** Keys that somebody who asks may simply leave out: then `ForAllValues` allows everything. */
const MAY_BE_LEFT_OUT = ['kms:encryptioncontext:', 'aws:requesttag/']

function conditionsOf(value: unknown, at: string, reading: Reading): readonly Condition[] {
  if (value === undefined) return []
  const found: Condition[] = []
  for (const [operator, keys] of Object.entries(objectOf(value, 'condition', at)))
    for (const [key, given] of Object.entries(objectOf(keys, 'condition', `${at}.${operator}`))) {
      const lower = key.toLowerCase()
      const values = textsOf(given, 'condition', `${at}.${operator}.${key}`)
      if (
        /^forallvalues:/i.test(operator) &&
        MAY_BE_LEFT_OUT.some((start) => lower.startsWith(start))
      )
        refusePolicy(
          'condition.overlyPermissive',
          `${at}.${operator}`,
          'no ForAllValues over a key that a request may leave out',
          key,
        )
      const compiled = compileCondition(operator, key, values, reading.variables)
      if ('expected' in compiled)
        refusePolicy('condition', `${at}.${operator}`, compiled.expected, compiled.found)
      reading.keys.add(lower)
      found.push(compiled)
    }
  return found
}

/** One text or several; numbers and booleans count as their texts. */
function textsOf(value: unknown, problem: PolicyProblem, at: string): readonly string[] {
  const list = Array.isArray(value) ? (value as unknown[]) : [value]
  if (list.length === 0) refusePolicy(problem, at, 'at least one value', 'none')
  return list.map((item) => {
    const text =
      typeof item === 'number' || typeof item === 'boolean' ? String(item) : (item as string)
    if (typeof text !== 'string' || text.length > LIMITS.policyPatternLengthMax)
      refusePolicy(problem, at, `texts of at most ${LIMITS.policyPatternLengthMax}`, nameOf(item))
    return text
  })
}

function objectOf(value: unknown, problem: PolicyProblem, at: string): Json {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Json
  return refusePolicy(problem, at, 'an object', nameOf(value))
}

function membersOf(
  value: unknown,
  problem: PolicyProblem,
  at: string,
  known: readonly string[],
): Json {
  const object = objectOf(value, problem, at)
  const other = Object.keys(object).find((name) => !known.includes(name))
  if (other !== undefined) refusePolicy(problem, at, `only ${known.join(', ')}`, other)
  return object
}

const nameOf = (value: unknown): string =>
  typeof value === 'string'
    ? value
    : Array.isArray(value)
      ? 'an array'
      : value === null
        ? 'null'
        : typeof value
