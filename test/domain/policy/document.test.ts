/** What a policy document may look like (contracts: AWS 12; the grammar of IAM's JSON). */
import { describe, expect, test } from 'vitest'
import { StrongroomError } from '../../../src/base/errors.ts'
import { LIMITS } from '../../../src/domain/limits.ts'
import { parsePolicy, type PolicyKind } from '../../../src/domain/policy/document.ts'
import { decide } from '../../../src/domain/policy/decide.ts'
import { ANN, caseOf, document, own, ROOT, SESSION, statement } from './support.ts'

function problemOf(text: string, kind: PolicyKind = 'key'): string {
  try {
    parsePolicy(text, kind)
    return 'none'
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    return error.explain?.rule ?? error.code
  }
}

/** Where a refusal is, and what it found there. */
function placeOf(text: string, kind: PolicyKind = 'key'): string {
  try {
    parsePolicy(text, kind)
    return 'none'
  } catch (error) {
    const { explain, message } = error as StrongroomError
    const [place] = message.split(': expected ')
    return `${place}: ${explain!.found}`
  }
}

const whole = (members: object): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [statement()], ...members })

describe('the document', () => {
  test.each<[string, string]>([
    ['', 'policy.syntax'],
    ['{', 'policy.syntax'],
    ['null', 'policy.syntax'],
    ['[]', 'policy.syntax'],
    ['"text"', 'policy.syntax'],
    [whole({ Version: undefined }), 'policy.version'],
    [whole({ Version: '2012-10-18' }), 'policy.version'],
    [whole({ Version: 20121017 }), 'policy.version'],
    [whole({ Id: 7 }), 'policy.syntax'],
    [whole({ Other: 1 }), 'policy.syntax'],
    [whole({ Statement: undefined }), 'policy.statement'],
    [whole({ Statement: [] }), 'policy.statement'],
    [whole({ Statement: ['text'] }), 'policy.statement'],
    [whole({ Statement: [[statement()]] }), 'policy.statement'],
  ])('%s: %s', (text, problem) => {
    expect(problemOf(text)).toBe(problem)
  })

  test.each<[string, object]>([
    ['both versions', { Version: '2008-10-17' }],
    ['one statement without brackets', { Statement: statement() }],
    ['an id and a Sid with spaces', { Id: 'key-default-1', Statement: statement({ Sid: 'a b' }) }],
  ])('%s: fine', (_, members) => {
    expect(problemOf(whole(members))).toBe('none')
  })

  test('of at most 32 KiB, in bytes and not in characters', () => {
    const sized = (text: string) => whole({ Id: text })
    const rest = LIMITS.policyBytesMax - sized('').length
    expect(problemOf(sized('x'.repeat(rest)))).toBe('none')
    expect(problemOf(sized('x'.repeat(rest + 1)))).toBe('LIMIT_EXCEEDED')
    expect(problemOf(sized('ü'.repeat(rest / 2 + 1)))).toBe('LIMIT_EXCEEDED')
  })
})

describe('versions', () => {
  test.each([
    ['2012-10-17', 'keyPolicy.silent'],
    ['2008-10-17', 'keyPolicy.allow'],
  ])('in one of %s a variable is %s', (Version, rule) => {
    const text = whole({ Version, Statement: [statement({ Resource: '${aws:username}' })] })
    const asking = caseOf({ resource: '${aws:username}' })
    expect(decide({ ...asking, keyPolicy: parsePolicy(text) }).rule).toBe(rule)
  })

  test('a policy is one of a key unless it is told otherwise', () => {
    expect(parsePolicy(whole({})).kind).toBe('key')
    expect(parsePolicy(document(own()), 'identity').kind).toBe('identity')
  })
})

describe('a refusal names the place and what is there', () => {
  const one = (given: object): string => document(statement(given as never))
  const AT = 'policy.Statement[0]'
  const LONG = 'x'.repeat(64)
  test.each<[string, string]>([
    ['{', 'policy: a text that is none'],
    ['null', 'policy: null'],
    ['[]', 'policy: an array'],
    ['7', 'policy: number'],
    ['"text"', 'policy: text'],
    [whole({ Other: 1 }), 'policy: Other'],
    [whole({ Version: undefined }), 'policy.Version: undefined'],
    [whole({ Version: LONG }), `policy.Version: ${LONG}`],
    [whole({ Version: `${LONG}y` }), `policy.Version: ${LONG}...`],
    [whole({ Id: {} }), 'policy.Id: object'],
    [whole({ Statement: undefined }), 'policy.Statement: none'],
    [whole({ Statement: [] }), 'policy.Statement: none'],
    [whole({ Statement: [statement(), 'text'] }), 'policy.Statement[1]: text'],
    [one({ Sid: 1 }), `${AT}.Sid: number`],
    [one({ Effect: 'allow' }), `${AT}.Effect: allow`],
    [one({ NotAction: '*' }), `${AT}: both`],
    [one({ Principal: undefined }), `${AT}: none`],
    [one({ Principal: {} }), `${AT}.Principal: none`],
    [one({ Principal: undefined, NotPrincipal: {} }), `${AT}.NotPrincipal: none`],
    [one({ Principal: 'ann' }), `${AT}.Principal: ann`],
    [one({ Principal: { AWS: [] } }), `${AT}.Principal.AWS: none`],
    [one({ Principal: { AWS: [ANN, 'ann'] } }), `${AT}.Principal.AWS: ann`],
    [one({ Action: 'Encrypt' }), `${AT}.Action: Encrypt`],
    [one({ Action: [] }), `${AT}.Action: none`],
    [one({ Action: undefined, NotAction: 'Encrypt' }), `${AT}.NotAction: Encrypt`],
    [one({ Resource: [null] }), `${AT}.Resource: null`],
    [one({ Resource: '' }), `${AT}.Resource: `],
    [one({ Resource: undefined, NotResource: [[]] }), `${AT}.NotResource: an array`],
    [one({ Condition: 'x' }), `${AT}.Condition: x`],
    [one({ Condition: { Bool: 'x' } }), `${AT}.Condition.Bool: x`],
    [one({ Condition: { Bool: { a: null } } }), `${AT}.Condition.Bool.a: null`],
    [
      one({ Condition: { 'ForAllValues:StringLike': { 'aws:RequestTag/a': 'x' } } }),
      `${AT}.Condition.ForAllValues:StringLike: aws:RequestTag/a`,
    ],
  ])('%s: %s', (text, place) => {
    expect(placeOf(text)).toBe(place)
  })

  test.each<[object, string]>([
    [statement(), `${AT}.Principal: one`],
    [statement({ Principal: undefined, NotPrincipal: '*' }), `${AT}.NotPrincipal: one`],
    [own({ Action: undefined }), `${AT}: neither`],
    [own({ Resource: undefined }), `${AT}: neither`],
  ])('of a caller, %j: %s', (given, place) => {
    expect(placeOf(document(given as never), 'identity')).toBe(place)
  })

  test('under one code, which faces have words for', () => {
    const refused = (): unknown => parsePolicy(one({ Effect: 'allow' }))
    expect(refused).toThrow(
      expect.objectContaining({
        code: 'INVALID_POLICY',
        explain: {
          operation: 'policy',
          rule: 'policy.effect',
          expected: 'Allow or Deny',
          found: 'allow',
        },
      }) as Error,
    )
  })

  test('with what was expected', () => {
    const expected = (text: string) => {
      try {
        parsePolicy(text)
        return 'none'
      } catch (error) {
        return (error as StrongroomError).explain!.expected
      }
    }
    expect(expected(whole({ Version: 1 }))).toBe('2012-10-17 or 2008-10-17')
    expect(expected(whole({ Other: 1 }))).toBe('only Version, Id, Statement')
    expect(expected(one({ Condition: { Bool: { a: 'yes' } } }))).toBe('true or false for Bool')
  })
})

describe('a statement', () => {
  test.each<[string, object, string]>([
    ['a Sid that is no text', { Sid: 1 }, 'policy.statement'],
    ['no effect', { Effect: undefined }, 'policy.effect'],
    ['an effect of another spelling', { Effect: 'allow' }, 'policy.effect'],
    ['a member of another name', { Sidd: 'x' }, 'policy.statement'],
    ['Principal and NotPrincipal', { NotPrincipal: '*' }, 'policy.statement'],
    ['Action and NotAction', { NotAction: 'kms:*' }, 'policy.statement'],
    ['Resource and NotResource', { NotResource: '*' }, 'policy.statement'],
    ['an action without prefix', { Action: 'Encrypt' }, 'policy.action'],
    ['an action with more before it', { Action: 'all kms:Encrypt' }, 'policy.action'],
    ['an action with more behind it', { Action: 'kms:Encrypt!' }, 'policy.action'],
    ['no actions', { Action: [] }, 'policy.action'],
    ['an action that is no text', { Action: {} }, 'policy.action'],
    ['a resource that is no text', { Resource: [{}] }, 'policy.resource'],
    ['an empty resource', { Resource: '' }, 'policy.resource'],
    ['a pattern beyond the bound', { Resource: 'x'.repeat(2049) }, 'policy.resource'],
  ])('%s: %s', (_, given, problem) => {
    expect(problemOf(document(statement(given as never)))).toBe(problem)
  })

  test.each<[string, object]>([
    ['NotPrincipal', { Principal: undefined, NotPrincipal: { AWS: ANN } }],
    ['NotAction', { Action: undefined, NotAction: ['kms:Put*', 'kms:?elete'] }],
    ['NotResource', { Resource: undefined, NotResource: '*' }],
    ['no action: kept, without effect', { Action: undefined }],
    ['no resource: kept, without effect', { Resource: undefined }],
    ['an empty condition', { Condition: {} }],
    ['a pattern of the longest kind', { Resource: 'x'.repeat(2048) }],
  ])('%s: fine', (_, given) => {
    expect(problemOf(document(statement(given as never)))).toBe('none')
  })
})

describe('principals', () => {
  test.each<[unknown]>([
    ['*'],
    [{ AWS: '*' }],
    [{ AWS: '111122223333' }],
    [{ AWS: ROOT }],
    [{ AWS: [ANN, SESSION] }],
    [{ AWS: 'arn:aws:iam::111122223333:user/team/ann' }],
    [{ AWS: 'arn:aws-cn:iam::111122223333:role/x' }],
    [{ AWS: 'arn:aws:sts::111122223333:federated-user/bob' }],
    [{ Service: 's3.amazonaws.com' }],
    [{ Service: '*' }],
    [{ Federated: 'x'.repeat(LIMITS.policyPatternLengthMax) }],
    [{ Federated: 'cognito-identity.amazonaws.com', AWS: ANN }],
  ])('%j: fine', (Principal) => {
    expect(problemOf(document(statement({ Principal })))).toBe('none')
  })

  test.each<[unknown, string]>([
    [undefined, 'policy.principal.missing'],
    [{}, 'policy.principal.missing'],
    ['ann', 'policy.principal'],
    [{ AWS: [] }, 'policy.principal'],
    [{ AWS: 'ann' }, 'policy.principal'],
    [{ AWS: '11112222333' }, 'policy.principal'],
    [{ AWS: 'arn:aws:iam::111122223333:group/admins' }, 'policy.principal'],
    [{ AWS: 'arn:aws:iam::111122223333:user/*' }, 'policy.principal'],
    [{ AWS: 'arn:aws:iam::*:root' }, 'policy.principal'],
    [{ AWS: 'arn:aws:sts::111122223333:assumed-role/reader' }, 'policy.principal'],
    [{ Service: 'nobody' }, 'policy.principal'],
    [{ Federated: '' }, 'policy.principal'],
    [{ Federated: '*' }, 'policy.principal'],
    [{ Federated: 'x'.repeat(LIMITS.policyPatternLengthMax + 1) }, 'policy.principal'],
    [{ CanonicalUser: 'abc' }, 'policy.principal'],
    [{ AWS: { nested: ANN } }, 'policy.principal'],
  ])('%j: %s', (Principal, problem) => {
    expect(problemOf(document(statement({ Principal })))).toBe(problem)
  })
})

describe('a policy of the caller', () => {
  test('says nothing of principals, and everything else', () => {
    expect(problemOf(document(own()), 'identity')).toBe('none')
    expect(problemOf(document(statement()), 'identity')).toBe('policy.principal')
    expect(problemOf(document(own({ Action: undefined })), 'identity')).toBe('policy.action')
    expect(problemOf(document(own({ Resource: undefined })), 'identity')).toBe('policy.resource')
  })
})

describe('conditions', () => {
  const of = (Condition: unknown) => document(statement({ Condition }))

  test.each<[string, unknown]>([
    ['another operator', { StringEqual: { a: 'b' } }],
    ['another prefix', { 'ForSome:StringEquals': { a: 'b' } }],
    ['a prefix before Null', { 'ForAnyValue:Null': { a: 'true' } }],
    ['Null of something else', { Null: { a: 'maybe' } }],
    ['no object of operators', 'StringEquals'],
    ['no object', { StringEquals: 'b' }],
    ['no values', { StringEquals: { a: [] } }],
    ['a number that is none', { NumericLessThan: { a: 'ten' } }],
    ['a date that is none', { DateLessThan: { a: '2026-13-45' } }],
    ['a truth that is none', { Bool: { a: 'yes' } }],
    ['base64 that is none', { BinaryEquals: { a: '***' } }],
    ['an address that is none', { IpAddress: { a: '300.1.1.1' } }],
    ['a block that is none', { IpAddress: { a: '10.0.0.0/33' } }],
    ['an ARN that is none', { ArnLike: { a: 'arn:aws:s3' } }],
  ])('%s is refused', (_, condition) => {
    expect(problemOf(of(condition))).toBe('policy.condition')
  })

  test.each(['kms:EncryptionContext:table', 'KMS:encryptioncontext:x', 'aws:RequestTag/cost'])(
    'ForAllValues over %s allows whoever leaves it out: refused',
    (key) => {
      expect(problemOf(of({ 'ForAllValues:StringEquals': { [key]: 'x' } }))).toBe(
        'policy.condition.overlyPermissive',
      )
      expect(problemOf(of({ 'ForAnyValue:StringEquals': { [key]: 'x' } }))).toBe('none')
    },
  )

  test('ForAllValues over what nobody can leave out is fine', () => {
    const over = (operator: string, key: string) => problemOf(of({ [operator]: { [key]: 'x' } }))
    expect(over('ForAllValues:StringEquals', 'aws:TagKeys')).toBe('none')
    expect(over('NotForAllValues:StringEquals', 'aws:RequestTag/cost')).toBe('policy.condition')
  })

  test('numbers and truths stand for their texts', () => {
    expect(problemOf(of({ NumericEquals: { a: 10 }, Bool: { b: true } }))).toBe('none')
    expect(problemOf(of({ NumericEquals: { a: [10, '11'] } }))).toBe('none')
    expect(problemOf(of({ StringEquals: { a: null } }))).toBe('policy.condition')
  })

  test('the refusal names the place', () => {
    expect(() => parsePolicy(of({ Bool: { 'aws:SecureTransport': 'yes' } }))).toThrow(
      'policy.Statement[0].Condition.Bool: expected true or false for Bool, found yes.',
    )
  })
})
