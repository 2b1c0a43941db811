/** Grants by themselves: constraints, children, who may retire (contracts: AWS 11). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decideRetiring } from '../../../src/domain/policy/decide.ts'
import {
  covers,
  GRANT_OPERATION_NAMES,
  isGrantee,
  objectionTo,
  type GrantTerms,
} from '../../../src/domain/policy/grants.ts'
import { granteeKey, parsePrincipal } from '../../../src/domain/policy/principals.ts'
import type { GrantConstraints, GrantRecord, KeyRecord } from '../../../src/domain/records.ts'
import {
  ACCOUNT,
  ANN,
  caseOf,
  decided,
  grantRecord,
  OTHER,
  own,
  READER,
  ROOT,
  SESSION,
  statement,
  STRANGER,
  type Asked,
} from './support.ts'

const EQUALS = { contextEquals: { table: 'orders', Row: '7' } }
const SUBSET = { contextSubset: { table: 'orders' } }
const SOURCE = 'arn:aws:s3:us-east-1:111122223333:bucket'

describe('constraints', () => {
  test.each<[string, GrantConstraints, Asked, boolean]>([
    ['equal', EQUALS, { context: { Row: '7', table: 'orders' } }, true],
    ['equal, names of another case', EQUALS, { context: { row: '7', TABLE: 'orders' } }, true],
    ['a value of another case', EQUALS, { context: { Row: '7', table: 'Orders' } }, false],
    ['equal and more', EQUALS, { context: { Row: '7', table: 'orders', x: 'y' } }, false],
    ['less', EQUALS, { context: { table: 'orders' } }, false],
    ['none', EQUALS, {}, false],
    ['at least', SUBSET, { context: { table: 'orders', x: 'y' } }, true],
    ['another value', SUBSET, { context: { table: 'users' } }, false],
    ['none of it', SUBSET, { context: { x: 'y' } }, false],
    ['the source', { sourceArn: SOURCE }, { attributes: { 'aws:SourceArn': SOURCE } }, true],
    ['another source', { sourceArn: SOURCE }, { attributes: { 'aws:SourceArn': ANN } }, false],
    ['no source', { sourceArn: SOURCE }, {}, false],
    [
      'a source that nobody asked for',
      SUBSET,
      { context: { table: 'orders' }, attributes: { 'aws:SourceArn': SOURCE } },
      true,
    ],
  ])('%s', (_, constraints, asked, allowed) => {
    expect(decided({ ...asked, grants: [{ constraints }] }).allowed).toBe(allowed)
  })

  test('say nothing of what has no context', () => {
    const operations = ['DescribeKey', 'RetireGrant', 'Decrypt']
    const grants = [{ constraints: SUBSET, operations }]
    expect(decided({ grants, action: 'kms:DescribeKey' }).allowed).toBe(true)
    expect(decided({ grants, action: 'kms:RetireGrant' }).allowed).toBe(true)
    expect(decided({ grants }).allowed).toBe(false)
  })

  test('whoever retires comes from no source', () => {
    const grants = [{ constraints: { sourceArn: SOURCE }, operations: ['RetireGrant', 'Decrypt'] }]
    expect(decided({ grants, action: 'kms:RetireGrant' }).allowed).toBe(true)
    expect(decided({ grants }).allowed).toBe(false)
  })
})

describe('terms', () => {
  const AES = { spec: 'AES_256', purposes: ['encrypt'] } as const
  const RSA = { spec: 'RSA_2048', purposes: ['encrypt'] } as const
  const EC = { spec: 'EC_P256', purposes: ['sign'] } as const
  const AGREE = { spec: 'EC_P256', purposes: ['agree'] } as const
  const HMAC = { spec: 'HMAC_256', purposes: ['mac'] } as const
  type KeyKind = Pick<KeyRecord, 'spec' | 'purposes'>
  const ANY = ['CreateGrant', 'RetireGrant', 'DescribeKey']
  const ENCRYPTION = ['Decrypt', 'Encrypt', 'ReEncryptFrom', 'ReEncryptTo']
  const DATA_KEYS = GRANT_OPERATION_NAMES.filter((name) => name.startsWith('GenerateDataKey'))

  test.each<[string, KeyKind, readonly string[]]>([
    ['AES', AES, [...ENCRYPTION, ...DATA_KEYS]],
    ['RSA', RSA, [...ENCRYPTION, 'GetPublicKey']],
    ['signing', EC, ['Sign', 'Verify', 'GetPublicKey']],
    ['agreement', AGREE, ['DeriveSharedSecret', 'GetPublicKey']],
    ['HMAC', HMAC, ['GenerateMac', 'VerifyMac']],
  ])('of a key for %s', (_, key, names) => {
    const fitting = GRANT_OPERATION_NAMES.filter(
      (name) => !objectionTo({ operations: [name, 'DescribeKey'] }, key),
    )
    expect(fitting.sort()).toEqual([...names, ...ANY].sort())
  })

  test('are not empty, and not CreateGrant alone', () => {
    expect(objectionTo({ operations: [] }, AES)).toMatchObject({ path: 'operations' })
    expect(objectionTo({ operations: ['CreateGrant'] }, AES)).toMatchObject({ path: 'operations' })
    expect(objectionTo({ operations: ['CreateGrant', 'Decrypt'] }, AES)).toBeUndefined()
  })

  test('that do not suit are told with what would', () => {
    expect(objectionTo({ operations: [] }, AES)).toEqual({
      path: 'operations',
      expected: 'at least one operation',
      found: 'none',
    })
    expect(objectionTo({ operations: ['CreateGrant'] }, AES)).toEqual({
      path: 'operations',
      expected: 'more than the CreateGrant operation',
      found: 'that alone',
    })
    const both = { spec: 'EC_P256', purposes: ['sign', 'agree'] } as const
    expect(objectionTo({ operations: ['Sign', 'Decrypt'] }, both)).toEqual({
      path: 'operations',
      expected: 'operations of a EC_P256 key for sign, agree',
      found: 'Decrypt',
    })
    expect(objectionTo({ operations: ['Sign'], constraints: SUBSET }, both)).toEqual({
      path: 'constraints',
      expected: 'no context for a key that binds none',
      found: 'a EC_P256 key for sign, agree',
    })
  })

  test('have a context only where one is bound', () => {
    const terms = (constraints: GrantConstraints) => ({ operations: ['DescribeKey'], constraints })
    expect(objectionTo(terms(SUBSET), AES)).toBeUndefined()
    for (const key of [RSA, EC, HMAC])
      expect(objectionTo(terms(EQUALS), key)).toMatchObject({ path: 'constraints' })
    expect(objectionTo(terms({ sourceArn: SOURCE }), EC)).toBeUndefined()
  })
})

describe('a grant that comes from a grant', () => {
  const parent = (constraints?: GrantConstraints): GrantTerms => ({
    operations: ['CreateGrant', 'Encrypt', 'Decrypt'],
    ...(constraints && { constraints }),
  })
  const child = (operations: readonly string[], constraints?: GrantConstraints): GrantTerms => ({
    operations,
    ...(constraints && { constraints }),
  })
  test.each<[string, GrantTerms, GrantTerms, boolean]>([
    ['fewer operations', parent(), child(['Decrypt']), true],
    ['other operations', parent(), child(['Sign']), false],
    ['a new constraint', parent(), child(['Decrypt'], EQUALS), true],
    ['a constraint left out', parent(SUBSET), child(['Decrypt']), false],
    [
      'more pairs',
      parent(SUBSET),
      child(['Decrypt'], { contextSubset: { table: 'orders', x: 'y' } }),
      true,
    ],
    ['other pairs', parent(SUBSET), child(['Decrypt'], { contextSubset: { x: 'y' } }), false],
    ['a subset becomes equal', parent(SUBSET), child(['Decrypt'], EQUALS), true],
    ['equal stays equal', parent(EQUALS), child(['Decrypt'], EQUALS), true],
    ['equal does not become a subset', parent(EQUALS), child(['Decrypt'], SUBSET), false],
    [
      'a source stays',
      parent({ sourceArn: SOURCE }),
      child(['Decrypt'], { sourceArn: SOURCE }),
      true,
    ],
    ['a source where there was none', parent(), child(['Decrypt'], { sourceArn: SOURCE }), true],
    ['a source left out', parent({ sourceArn: SOURCE }), child(['Decrypt']), false],
  ])('%s', (_, from, to, allowed) => {
    expect(covers(from, to)).toBe(allowed)
    const asked: Asked = { action: 'kms:CreateGrant', grants: [from], child: to }
    const attributes = from.constraints?.sourceArn ? { 'aws:SourceArn': SOURCE } : {}
    expect(decided({ ...asked, attributes }).allowed).toBe(allowed)
  })

  test('never allows more than its parent', () => {
    const pairs = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'))
    const constraints = fc.oneof(
      fc.constant({}),
      pairs.map((contextEquals) => ({ contextEquals })),
      pairs.map((contextSubset) => ({ contextSubset })),
    )
    const terms = fc.record({
      operations: fc.subarray(['CreateGrant', 'Encrypt', 'Decrypt']),
      constraints,
    })
    fc.assert(
      fc.property(terms, terms, pairs, (from, to, context) => {
        fc.pre(covers(from, to))
        for (const action of ['kms:Encrypt', 'kms:Decrypt'])
          if (decided({ action, context, grants: [to] }).allowed)
            expect(decided({ action, context, grants: [from] }).allowed).toBe(true)
      }),
    )
  })
})

describe('retiring', () => {
  const retire = (grant: Partial<GrantRecord>, asked: Asked) =>
    decideRetiring(caseOf({ action: 'kms:RetireGrant', ...asked }), grantRecord(grant)).rule
  const retiring = { retiringPrincipal: READER }
  const granted = { operations: ['Decrypt', 'RetireGrant'] }

  test.each<[string, Partial<GrantRecord>, Asked, string]>([
    ['the retiring principal', retiring, { principal: READER }, 'grant.allow'],
    ['its session', retiring, { principal: SESSION }, 'grant.allow'],
    ['the grantee', {}, {}, 'grant.silent'],
    ['the grantee that may', granted, {}, 'grant.allow'],
    [
      'the root of the account that made it',
      { issuingAccount: ACCOUNT },
      { principal: ROOT },
      'grant.allow',
    ],
    [
      'a user of that account',
      { issuingAccount: ACCOUNT },
      { principal: READER },
      'identityPolicy.silent',
    ],
    [
      'a user of that account whom it lets',
      { issuingAccount: ACCOUNT },
      { principal: READER, identity: [own({ Action: 'kms:RetireGrant' })] },
      'grant.allow',
    ],
    [
      'who is named by himself and by his account: by himself',
      { ...granted, granteePrincipal: READER, retiringPrincipal: ROOT },
      { principal: READER },
      'grant.allow',
    ],
    [
      'of an account that made it for somebody else',
      { issuingAccount: ACCOUNT, retiringPrincipal: ANN },
      { principal: READER, identity: 'all' },
      'grant.allow',
    ],
    [
      'another account',
      { issuingAccount: OTHER },
      { principal: ROOT, identity: 'all' },
      'grant.silent',
    ],
    [
      'whom the key policy allows: no',
      {},
      { key: [statement()], principal: STRANGER },
      'grant.silent',
    ],
    [
      'whom the key policy denies: no',
      granted,
      { key: [statement({ Effect: 'Deny' })] },
      'keyPolicy.deny',
    ],
    [
      'whom his account denies: no',
      granted,
      { identity: [own({ Effect: 'Deny' })] },
      'identityPolicy.deny',
    ],
  ])('%s', (_, grant, asked, rule) => {
    expect(retire(grant, asked)).toBe(rule)
  })
})

test('a caller finds the grants of everybody whom he counts as', () => {
  const keys = parsePrincipal(SESSION).grantees
  for (const grantee of [SESSION, READER, `arn:aws:iam::${ACCOUNT}:role/a/b/reader`, ROOT, ACCOUNT])
    expect(keys).toContain(granteeKey(grantee))
  for (const grantee of [ANN, STRANGER, OTHER]) expect(keys).not.toContain(granteeKey(grantee))
  expect(parsePrincipal(ROOT).grantees).toEqual([granteeKey(ACCOUNT)])
  expect(parsePrincipal('s3.amazonaws.com').grantees).toEqual(['s3.amazonaws.com'])
})

test('a grantee is an ARN, an account or a service', () => {
  for (const text of [ANN, SESSION, ROOT, ACCOUNT, 's3.amazonaws.com'])
    expect([text, isGrantee(text)]).toEqual([text, true])
  for (const text of ['ann', '*', '', `${ANN}/*`])
    expect([text, isGrantee(text)]).toEqual([text, false])
})
