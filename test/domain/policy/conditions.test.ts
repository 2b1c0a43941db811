/** Every condition operator: holds, does not hold, and what a missing key means (contracts: AWS 12). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { LayeredAttributes, type AttributeValue } from '../../../src/domain/policy/attributes.ts'
import { compileCondition } from '../../../src/domain/policy/conditions.ts'

function holds(operator: string, wanted: string | string[], found: AttributeValue | undefined) {
  const compiled = compileCondition(operator, 'a:Key', [wanted].flat(), true)
  if (!('holds' in compiled)) throw new Error(`${compiled.expected}: ${compiled.found}`)
  return compiled.holds(new LayeredAttributes([found === undefined ? {} : { 'A:KEY': found }]))
}

const NETWORK = '10.20.0.0/16'
const TABLE: readonly (readonly [string, string | string[], AttributeValue, boolean])[] = [
  ['StringEquals', 'red', 'red', true],
  ['StringEquals', 'red', 'Red', false],
  ['StringEquals', 'r*', 'red', false],
  ['StringEquals', ['red', 'blue'], 'blue', true],
  ['StringEquals', '', '', true],
  ['StringNotEquals', 'red', 'blue', true],
  ['StringNotEquals', ['red', 'blue'], 'blue', false],
  ['StringEqualsIgnoreCase', 'Red', 'rED', true],
  ['StringNotEqualsIgnoreCase', 'Red', 'rED', false],
  ['StringEqualsIgnoreCase', 'r*', 'red', false],
  ['StringEqualsIgnoreCase', 'ß', 'ss', false],
  ['StringLike', 'r*d', 'round', true],
  ['StringLike', 'R*', 'red', false],
  ['StringLike', 'r?d', 'round', false],
  ['StringLike', 'r?d', 'rod', true],
  ['StringLike', '*', '', true],
  ['StringNotLike', 'r*', 'blue', true],
  ['stringlike', 'r*', 'red', true],
  ['NumericEquals', '10', '1e1', true],
  ['NumericEquals', '-5', '-5', true],
  ['NumericEquals', '+12.25', '12.250', true],
  ['NumericEquals', '.25', '25e-2', true],
  ['NumericEquals', '1.5e+10', '15000000000', true],
  ['NumericEquals', '3', 'x3', false],
  ['NumericNotEquals', '10', '11', true],
  ['NumericLessThan', '10', '9.5', true],
  ['NumericLessThan', '10', '10', false],
  ['NumericLessThanEquals', '10', '10', true],
  ['NumericLessThanEquals', '10', '11', false],
  ['NumericGreaterThan', '10', '10', false],
  ['NumericGreaterThan', '10', '11', true],
  ['NumericGreaterThanEquals', '10', '10', true],
  ['NumericGreaterThanEquals', '10', '9', false],
  ['NumericEquals', '10', 'ten', false],
  ['DateEquals', '2026-01-01T00:00:00Z', '1767225600', true],
  ['DateEquals', '2026-01-01', '2026-01-01T01:00:00+01:00', true],
  ['DateNotEquals', '2026-01-01', '2026-01-02', true],
  ['DateLessThan', '2026-01-02', '2026-01-01T23:59:59.999Z', true],
  ['DateEquals', '2026-01-02', '2026-01-02T00:00Z', true],
  ['DateLessThan', '2026-01-02', '2026-01-02', false],
  ['DateLessThan', '2026-01-02', '2026-01-03', false],
  ['DateLessThanEquals', '2026-01-02', '2026-01-02T00:00:00Z', true],
  ['DateLessThanEquals', '2026-01-02', '2026-01-03', false],
  ['DateGreaterThan', '2026-01-02', '2026-01-02T00:00:00Z', false],
  ['DateGreaterThan', '2026-01-02', '2026-01-03', true],
  ['DateGreaterThanEquals', '2026-01-02', '2026-01-01', false],
  // What a lenient reader of dates would take for one.
  ['DateEquals', '2026-01-02', 'on 2026-01-02', false],
  ['DateEquals', '2026-01-02', '2026-01-02 (UTC)', false],
  ['DateGreaterThanEquals', '2026-01-02', '2026-01-02T00:00:00Z', true],
  ['DateLessThan', '2026-01-02', 'soon', false],
  ['Bool', 'true', 'True', true],
  ['Bool', 'false', 'true', false],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJ5', true],
  ['BinaryEquals', 'QmluYXJ5', 'QmluYXJz', false],
  ['BinaryEquals', 'QmluYXJ5', '***', false],
  ['IpAddress', NETWORK, '10.20.255.1', true],
  ['IpAddress', NETWORK, '10.21.0.1', false],
  ['IpAddress', '10.20.1.1', '10.20.1.1', true],
  ['IpAddress', '0.0.0.0/0', '8.8.8.8', true],
  ['IpAddress', '2001:db8::/32', '2001:db8:ffff::1', true],
  ['IpAddress', '2001:db8::/32', '2001:db9::1', false],
  ['IpAddress', '::ffff:1.2.3.4', '::ffff:102:304', true],
  ['IpAddress', NETWORK, '::a14:1', false],
  ['IpAddress', NETWORK, 'somewhere', false],
  // A block is no address that a request can come from.
  ['IpAddress', NETWORK, '10.20.0.0/16', false],
  ['IpAddress', '10.20.1.1/32', '10.20.1.1', true],
  ['IpAddress', '2001:db8:0:0:0:0:0:1', '2001:db8::1', true],
  ['IpAddress', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0', true],
  ['IpAddress', '2001:db8::/100', '2001:db8::0fff:1', true],
  ['IpAddress', '2001:db8::1/128', '2001:db8::2', false],
  ['NotIpAddress', NETWORK, '10.21.0.1', true],
  ['ArnEquals', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket', true],
  ['ArnLike', 'arn:aws:*:us-*:1:x', 'arn:aws:sns:us-east-1:1:x', true],
  ['ArnLike', 'arn:aws:s3:*:1:x', 'arn:aws:s3:us:east:1:x', false],
  ['ArnLike', 'arn:aws:s3:::a:b*', 'arn:aws:s3:::a:b:c', true],
  ['ArnLike', 'arn:aws:s3:::ab', 'arn:aws:s3:::a:b', false],
  ['ArnLike', 'arn:aws:s3::*:x', 'arn:aws:s3::1:a:x', false],
  ['ArnLike', '*', 'whatever', true],
  ['ArnNotEquals', 'arn:aws:s3:::b*', 'arn:aws:s3:::other', true],
  ['ArnNotLike', 'arn:aws:s3:::b*', 'arn:aws:s3:::bucket', false],
]

test.each(TABLE)('%s %j of %j: %s', (operator, wanted, found, expected) => {
  expect(holds(operator, wanted, found)).toBe(expected)
})

describe('without the key', () => {
  const negated = (operator: string): boolean => /Not/.test(operator)
  const operators = [...new Map(TABLE.map((row) => [row[0], row]))]
  test.each(operators)('%s holds only if it is negated', (operator, [, wanted]) => {
    expect(holds(operator, wanted, undefined)).toBe(negated(operator))
    expect(holds(`${operator}IfExists`, wanted, undefined)).toBe(true)
    expect(holds(`ForAnyValue:${operator}`, wanted, undefined)).toBe(false)
    expect(holds(`ForAllValues:${operator}`, wanted, undefined)).toBe(true)
  })

  test('an empty list is no value', () => {
    expect(holds('StringEquals', 'a', [])).toBe(false)
    expect(holds('StringEqualsIfExists', 'a', [])).toBe(true)
    expect(holds('ForAnyValue:StringEqualsIfExists', 'a', [])).toBe(true)
  })

  test.each<[string, AttributeValue | undefined, boolean]>([
    ['true', ['x'], false],
    ['true', undefined, true],
    ['true', [], true],
    ['true', '', false],
    ['false', 'x', true],
    ['false', undefined, false],
  ])('Null %s of %j: %s', (wanted, found, expected) => {
    expect(holds('Null', wanted, found)).toBe(expected)
  })
})

describe('several values in the request', () => {
  test.each<[string, string[], string[], boolean]>([
    ['ForAnyValue:StringEquals', ['a', 'b'], ['b', 'c'], true],
    ['ForAnyValue:StringEquals', ['a', 'b'], ['c', 'd'], false],
    ['ForAllValues:StringEquals', ['a', 'b'], ['b', 'a'], true],
    ['ForAllValues:StringEquals', ['a', 'b'], ['b', 'c'], false],
    ['ForAllValues:StringLike', ['a*'], ['ab', 'ac'], true],
    ['ForAnyValue:StringNotEquals', ['a'], ['a', 'b'], true],
    ['ForAllValues:StringNotEquals', ['a'], ['a', 'b'], false],
    ['forallvalues:stringequalsifexists', ['a'], ['a'], true],
    ['StringEquals', ['a'], ['a', 'b'], true],
    ['StringNotEquals', ['a'], ['a', 'b'], false],
  ])('%s %j of %j: %s', (operator, wanted, found, expected) => {
    expect(holds(operator, wanted, found)).toBe(expected)
  })
})

describe('what is refused, in words', () => {
  test.each<[string, string, string, string]>([
    ['StringEqual', 'x', 'a condition operator', 'StringEqual'],
    ['String-Equals', 'x', 'a condition operator', 'String-Equals'],
    ['NullIfExists', 'true', 'a condition operator', 'NullIfExists'],
    ['Null', 'maybe', 'true or false for Null', 'maybe'],
    ['NumericEquals', 'x1', 'a number for NumericEquals', 'x1'],
    ['DateLessThan', 'on 2026-01-01', 'a date of ISO 8601 for DateLessThan', 'on 2026-01-01'],
    ['ArnLike', 'urn:aws:s3:::b', 'an ARN for ArnLike', 'urn:aws:s3:::b'],
  ])('%s %j', (operator, value, expected, found) => {
    expect(compileCondition(operator, 'k', [value], true)).toEqual({ expected, found })
  })

  test.each([
    ...['1.2.3', '1.2.3.4.5', '1.2.3.4x', '1.2.3.04', '10.0.0.0/8/8', '10.0.0.0/8x', '10.0.0.0/x8'],
    ...['10.0.0.0/08', '10.0.0.0/', '::/129', '1::2::3', '::1.2.3.4:5', '1:2:3:4:5:6:7'],
    ...['1:2:3:4:5:6:7:8:9', '1:2:3:4::5:6:7:8', '::12345', '::g', '', '/8'],
  ])('%j is no address and no block', (value) => {
    expect(compileCondition('IpAddress', 'k', [value], true)).toMatchObject({ found: value })
  })
})

describe('variables', () => {
  const attributes = new LayeredAttributes([
    { 'aws:username': 'a*b', 'aws:PrincipalTag/team': 'x' },
  ])
  const like = (pattern: string, found: string): boolean => {
    const compiled = compileCondition('StringLike', 'k', [pattern], true)
    if (!('holds' in compiled)) throw new Error(compiled.expected)
    return compiled.holds({
      get: (name) => (name === 'k' ? found : attributes.get(name)),
    })
  }

  test.each<[string, string, boolean]>([
    ['${aws:username}/*', 'a*b/c', true],
    ['${aws:username}/*', 'axb/c', false],
    ['${aws:UserName}', 'a*b', true],
    ['${aws:PrincipalTag/team}', 'x', true],
    ['${aws:nobody}', '', false],
    ["${aws:nobody, 'none'}", 'none', true],
    ["${aws:nobody,'none'}", 'none', true],
    ["${ aws:nobody ,  'none' }", 'none', true],
    ["${ aws:username , 'none'}", 'a*b', true],
    ["${aws:nobody, 'a'b}", 'a', false],
    ["${aws:somebody, aws:nobody, 'none'}", 'none', false],
    ['${*}${?}${$}', '*?$', true],
    ['${*}', 'x', false],
  ])('%s of %s: %s', (pattern, found, expected) => {
    expect(like(pattern, found)).toBe(expected)
  })

  test('are texts in documents of 2008', () => {
    const compiled = compileCondition('StringEquals', 'k', ['${aws:username}'], false)
    if (!('holds' in compiled)) throw new Error(compiled.expected)
    const get = (name: string): string => (name === 'k' ? '${aws:username}' : 'ann')
    expect(compiled.holds({ get })).toBe(true)
  })
})

describe('wildcards', () => {
  const alphabet = fc.constantFrom('a', 'b', '*', '?', '.')
  const texts = fc.array(fc.constantFrom('a', 'b', '.'), { maxLength: 12 }).map((x) => x.join(''))
  const patterns = fc.array(alphabet, { maxLength: 8 }).map((x) => x.join(''))

  test('match what the same regular expression matches', () => {
    fc.assert(
      fc.property(patterns, texts, (pattern, text) => {
        const source = pattern.replaceAll('.', '\\.').replaceAll('*', '.*').replaceAll('?', '.')
        expect(holds('StringLike', pattern, text)).toBe(new RegExp(`^${source}$`).test(text))
      }),
      { numRuns: 500 },
    )
  })

  test('no pattern takes longer than the product of the lengths', () => {
    // A regular expression would not come back from this one.
    const pattern = '*a'.repeat(1000)
    expect(holds('StringLike', `${pattern}b`, 'a'.repeat(2000))).toBe(false)
  })
})
