/**
 * TABLE of condition operators (contracts: AWS 12). Values of one key are alternatives; keys and
 * operators must all hold. Without its key in the request a condition does not hold, except for the
 * negated operators, `Null`, `...IfExists` and `ForAllValues:`.
 */
import { equalBytes, fromBase64 } from '../../base/bytes.ts'
import { inBlock, parseBlock } from './addresses.ts'
import type { Attributes, AttributeValue } from './attributes.ts'
import { patternOf, type Pattern } from './patterns.ts'

/** Whether one value of the request is what one value of the policy asks for. */
type Test = Pattern

interface Operator {
  /** What the policy's values look like, for refusals. */
  readonly expects: string
  /** Undefined for a value that is none of that kind. */
  readonly compile: (value: string, variables: boolean) => Test | undefined
  readonly negated: boolean
}

const text =
  (wildcards: boolean, ignoreCase: boolean): Operator['compile'] =>
  (value, variables) =>
    patternOf(value, { wildcards, ignoreCase, variables })

const numeric =
  (holds: (found: number, wanted: number) => boolean): Operator['compile'] =>
  (value) => {
    const wanted = numberOf(value)
    return wanted === undefined
      ? undefined
      : (found) => {
          const number = numberOf(found)
          return number !== undefined && holds(number, wanted)
        }
  }

const dated =
  (holds: (found: number, wanted: number) => boolean): Operator['compile'] =>
  (value) => {
    const wanted = momentOf(value)
    return wanted === undefined
      ? undefined
      : (found) => {
          const moment = momentOf(found)
          return moment !== undefined && holds(moment, wanted)
        }
  }

const numberOf = (value: string): number | undefined =>
  /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(value) ? Number(value) : undefined

const ISO_DATE = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d))?$/
/** ISO 8601 or seconds since 1970, in milliseconds. */
function momentOf(value: string): number | undefined {
  const seconds = numberOf(value)
  if (seconds !== undefined) return seconds * 1000
  const moment = ISO_DATE.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(moment) ? undefined : moment
}

const bool: Operator['compile'] = (value) => {
  const wanted = value.toLowerCase()
  return wanted === 'true' || wanted === 'false'
    ? (found) => found.toLowerCase() === wanted
    : undefined
}

const binary: Operator['compile'] = (value) => {
  const wanted = fromBase64(value)
  return (
    wanted &&
    ((found) => {
      const bytes = fromBase64(found)
      return bytes !== undefined && equalBytes(bytes, wanted)
    })
  )
}

const address: Operator['compile'] = (value) => {
  const block = parseBlock(value)
  return block && ((found) => inBlock(found, block))
}

/** Six parts between colons, each compared by itself; the last may hold further colons. */
const partsOf = (arn: string): string[] => {
  const parts = arn.split(':')
  return [...parts.slice(0, 5), parts.slice(5).join(':')]
}
const arn: Operator['compile'] = (value, variables) => {
  if (value === '*') return () => true
  const wanted = partsOf(value)
  if (wanted[0] !== 'arn' || value.split(':').length < 6) return undefined
  const patterns = wanted.map((part) => patternOf(part, { wildcards: true, variables }))
  return (found, attributes) => {
    const parts = partsOf(found)
    return patterns.every((pattern, i) => pattern(parts[i]!, attributes))
  }
}

const is = (expects: string, compile: Operator['compile']): Operator => ({
  expects,
  compile,
  negated: false,
})
const not = (operator: Operator): Operator => ({ ...operator, negated: true })

const STRING = is('a string', text(false, false))
const IGNORING_CASE = is('a string', text(false, true))
const LIKE = is('a string', text(true, false))
const NUMBER = is(
  'a number',
  numeric((a, b) => a === b),
)
const DATE = is(
  'a date of ISO 8601',
  dated((a, b) => a === b),
)
const IP = is('an IP address or CIDR block', address)
const ARN = is('an ARN', arn)

const OPERATORS: ReadonlyMap<string, Operator> = new Map(
  Object.entries({
    StringEquals: STRING,
    StringNotEquals: not(STRING),
    StringEqualsIgnoreCase: IGNORING_CASE,
    StringNotEqualsIgnoreCase: not(IGNORING_CASE),
    StringLike: LIKE,
    StringNotLike: not(LIKE),
    NumericEquals: NUMBER,
    NumericNotEquals: not(NUMBER),
    NumericLessThan: is(
      'a number',
      numeric((a, b) => a < b),
    ),
    NumericLessThanEquals: is(
      'a number',
      numeric((a, b) => a <= b),
    ),
    NumericGreaterThan: is(
      'a number',
      numeric((a, b) => a > b),
    ),
    NumericGreaterThanEquals: is(
      'a number',
      numeric((a, b) => a >= b),
    ),
    DateEquals: DATE,
    DateNotEquals: not(DATE),
    DateLessThan: is(
      DATE.expects,
      dated((a, b) => a < b),
    ),
    DateLessThanEquals: is(
      DATE.expects,
      dated((a, b) => a <= b),
    ),
    DateGreaterThan: is(
      DATE.expects,
      dated((a, b) => a > b),
    ),
    DateGreaterThanEquals: is(
      DATE.expects,
      dated((a, b) => a >= b),
    ),
    Bool: is('true or false', bool),
    BinaryEquals: is('base64', binary),
    IpAddress: IP,
    NotIpAddress: not(IP),
    ArnEquals: ARN,
    ArnLike: ARN,
    ArnNotEquals: not(ARN),
    ArnNotLike: not(ARN),
  }).map(([name, operator]) => [name.toLowerCase(), operator]),
)

/** How several values of the request count. */
type Over = 'foranyvalue' | 'forallvalues' | undefined

const NAME = /^(?:(ForAnyValue|ForAllValues):)?([A-Za-z]+?)(IfExists)?$/i

/** One operator with one key. */
export interface Condition {
  /** As written, for explanations. */
  readonly operator: string
  readonly key: string
  readonly holds: (attributes: Attributes) => boolean
}

export interface ConditionProblem {
  readonly expected: string
  readonly found: string
}

/** `values` are the policy's, already texts. */
export function compileCondition(
  operator: string,
  key: string,
  values: readonly string[],
  variables: boolean,
): Condition | ConditionProblem {
  const [, prefix, base = '', ifExists] = NAME.exec(operator) ?? []
  const over = prefix?.toLowerCase() as Over
  const name = key.toLowerCase()
  if (base.toLowerCase() === 'null' && over === undefined && ifExists === undefined)
    return isNull(operator, key, values)
  const row = OPERATORS.get(base.toLowerCase())
  if (!row) return { expected: 'a condition operator', found: operator }
  const tests: Test[] = []
  for (const value of values) {
    const test = row.compile(value, variables)
    if (!test) return { expected: `${row.expects} for ${operator}`, found: value }
    tests.push(test)
  }
  const absent = over === 'forallvalues' || (over === undefined && row.negated) || !!ifExists
  const holds = counting(row, over, tests)
  return {
    operator,
    key,
    holds: (attributes) => {
      const found = attributes.get(name)
      if (found === undefined || found.length === 0)
        return found === '' ? holds('', attributes) : absent
      return holds(found, attributes)
    },
  }
}

function counting(row: Operator, over: Over, tests: readonly Test[]) {
  const one = (value: string, attributes: Attributes): boolean =>
    tests.some((test) => test(value, attributes)) !== row.negated
  // Of several values that nobody counts one is enough to hold, and one to refuse.
  const every = over === 'forallvalues' || (over === undefined && row.negated)
  return (found: AttributeValue, attributes: Attributes): boolean => {
    if (typeof found === 'string') return one(found, attributes)
    return every
      ? found.every((value) => one(value, attributes))
      : found.some((value) => one(value, attributes))
  }
}

function isNull(
  operator: string,
  key: string,
  values: readonly string[],
): Condition | ConditionProblem {
  const name = key.toLowerCase()
  const wanted = values.map((value) => value.toLowerCase())
  const wrong = values.find((_, i) => wanted[i] !== 'true' && wanted[i] !== 'false')
  if (wrong !== undefined) return { expected: 'true or false for Null', found: wrong }
  return {
    operator,
    key,
    holds: (attributes) => {
      const found = attributes.get(name)
      const absent = found === undefined || (typeof found !== 'string' && found.length === 0)
      return wanted.includes(String(absent))
    },
  }
}
