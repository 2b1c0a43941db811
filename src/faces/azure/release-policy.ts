/**
 * Release policies (contracts: Azure 2, 4.9): which claims of which authority let a key go. Kept as
 * the service keeps them: read, and written again compactly.
 */
import { fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts'
import type { Json } from '../../domain/records.ts'
import { bad } from './errors.ts'
import { bytes, flag, may, record, text, type Values } from './fields.ts'

const DATA_BYTES_MAX = 8192
const CONTENT_TYPE = 'application/json; charset=utf-8'

const FIELDS = {
  contentType: may(text(255)),
  immutable: may(flag),
  data: may(bytes(DATA_BYTES_MAX)),
}
export const RELEASE_POLICY = record(FIELDS)
export type GivenPolicy = Values<typeof FIELDS>

/** As it lies with the key. */
export interface KeptPolicy {
  readonly contentType: string
  readonly immutable: boolean
  /** JSON. */
  readonly data: string
}

type Claim = string | number | boolean
type Condition =
  | { readonly claim: string; readonly equals: Claim }
  | { readonly allOf: readonly Condition[] }
  | { readonly anyOf: readonly Condition[] }
type AuthorityRow = { readonly authority: string } & (
  { readonly allOf: readonly Condition[] } | { readonly anyOf: readonly Condition[] }
)
export interface ReleasePolicy {
  readonly version: string
  readonly anyOf: readonly AuthorityRow[]
}

const refuse = (expected: string): never =>
  bad(`Property release_policy.data has invalid value: expected ${expected}.`)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isClaim = (value: unknown): value is Claim =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

const DEPTH_MAX = 8

function conditionsIn(value: Readonly<Record<string, unknown>>, depth: number) {
  const { allOf, anyOf } = value
  if ((allOf === undefined) === (anyOf === undefined))
    refuse('either allOf or anyOf beside an authority and in a nested condition')
  const list = allOf ?? anyOf
  if (!Array.isArray(list) || list.length === 0 || depth > DEPTH_MAX)
    return refuse(`conditions, at most ${DEPTH_MAX} deep`)
  const read = (list as readonly unknown[]).map((each) => readCondition(each, depth + 1))
  return allOf === undefined ? { anyOf: read } : { allOf: read }
}

function readCondition(value: unknown, depth: number): Condition {
  if (!isObject(value)) return refuse('conditions that are objects')
  const { claim, condition } = value
  if (claim === undefined) return conditionsIn(value, depth)
  // Older previews say `{ claim, condition: "equals", value }`.
  const equals = condition === 'equals' ? value['value'] : value['equals']
  if (typeof claim !== 'string' || claim === '' || !isClaim(equals))
    return refuse('conditions of the form { "claim", "equals" }: no other comparison is offered')
  return { claim, equals }
}

/** @throws 400 BadParameter for what is no policy */
export function readPolicy(data: string): ReleasePolicy {
  let parsed: unknown
  try {
    parsed = JSON.parse(data)
  } catch {
    refuse('JSON')
  }
  if (!isObject(parsed)) return refuse('an object')
  const { version, anyOf } = parsed
  if (typeof version !== 'string' || version === '') return refuse('a version')
  if (!Array.isArray(anyOf) || anyOf.length === 0) return refuse('anyOf with authorities')
  const authorities = (anyOf as readonly unknown[]).map((each): AuthorityRow => {
    if (!isObject(each) || typeof each['authority'] !== 'string')
      return refuse('an authority in each row of anyOf')
    return { ...conditionsIn(each, 1), authority: each['authority'] }
  })
  return { anyOf: authorities, version }
}

/** Undefined when none is given. */
export function keptPolicy(given: GivenPolicy | undefined): KeptPolicy | undefined {
  if (!given) return undefined
  if (!given.data) return refuse('a policy')
  let json = ''
  try {
    json = fromUtf8(given.data)
  } catch {
    refuse('UTF-8')
  }
  const { contentType = CONTENT_TYPE, immutable = false } = given
  return { contentType, immutable, data: JSON.stringify(readPolicy(json)) }
}

export const shownPolicy = (kept: KeptPolicy | undefined) =>
  kept && {
    contentType: kept.contentType,
    data: toBase64url(utf8(kept.data)),
    immutable: kept.immutable,
  }

/** Whether issuers are the same: one may end in a slash, and the other not (contracts: Azure 4.9). */
export const sameAuthority = (one: string, other: string): boolean =>
  one.replace(/\/$/, '') === other.replace(/\/$/, '')

/** What a claim is; dots lead into objects. Undefined when there is none. */
function claimIn(claims: Readonly<Record<string, Json>>, path: string): Json | undefined {
  let at: Json | undefined = claims
  if (Object.hasOwn(claims, path)) return claims[path]
  for (const name of path.split('.')) {
    if (!isObject(at) || !Object.hasOwn(at, name)) return undefined
    at = at[name]
  }
  return at
}

/** In recordings the text `true` is as good as the value. */
const equal = (found: Json | undefined, wanted: Claim): boolean =>
  isClaim(found) && (found === wanted || (typeof wanted === 'string' && String(found) === wanted))

const holds = (condition: Condition, claims: Readonly<Record<string, Json>>): boolean =>
  'claim' in condition
    ? equal(claimIn(claims, condition.claim), condition.equals)
    : 'allOf' in condition
      ? condition.allOf.every((each) => holds(each, claims))
      : condition.anyOf.some((each) => holds(each, claims))

/** Whether claims of this issuer satisfy the policy. */
export const satisfies = (
  { anyOf }: ReleasePolicy,
  issuer: string,
  claims: Readonly<Record<string, Json>>,
): boolean =>
  anyOf.some(
    ({ authority, ...wanted }) => sameAuthority(authority, issuer) && holds(wanted, claims),
  )
