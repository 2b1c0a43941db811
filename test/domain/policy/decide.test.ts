/** Who may: denials, key policies, accounts, grants (contracts: AWS 11 and 12). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decide, decidedBy, keepsControl, trace } from '../../../src/domain/policy/decide.ts'
import type { DecisionRule } from '../../../src/domain/policy/decide.ts'
import {
  ACCOUNT,
  ANN,
  caseOf,
  decided,
  OTHER,
  own,
  policy,
  READER,
  ROOT,
  ruled,
  SESSION,
  statement,
  STRANGER,
  type Asked,
  type StatementJson,
} from './support.ts'

const by = (aws: string | string[], given: StatementJson = {}): StatementJson =>
  statement({ Principal: { AWS: aws }, ...given })
const deny = (given: StatementJson = {}): StatementJson => statement({ Effect: 'Deny', ...given })

const TABLE: readonly (readonly [string, Asked, DecisionRule])[] = [
  ['nothing says anything', { key: [by(READER)] }, 'keyPolicy.silent'],
  ['no policy at all', {}, 'keyPolicy.silent'],
  ['the policy names the user', { key: [by(ANN)] }, 'keyPolicy.allow'],
  ['anyone', { key: [statement()] }, 'keyPolicy.allow'],
  ['a role means its sessions', { key: [by(READER)], principal: SESSION }, 'keyPolicy.allow'],
  [
    'a role with a path means its sessions',
    { key: [by(`arn:aws:iam::${ACCOUNT}:role/team/reader`)], principal: SESSION },
    'keyPolicy.allow',
  ],
  [
    'a role of another account does not',
    { key: [by(`arn:aws:iam::${OTHER}:role/reader`)], principal: SESSION },
    'keyPolicy.silent',
  ],
  ['a session means itself', { key: [by(SESSION)], principal: SESSION }, 'keyPolicy.allow'],
  [
    'a session does not mean its role',
    { key: [by(SESSION)], principal: READER },
    'keyPolicy.silent',
  ],
  [
    'a service',
    {
      key: [statement({ Principal: { Service: 's3.amazonaws.com' } })],
      principal: 's3.amazonaws.com',
    },
    'keyPolicy.allow',
  ],
  [
    'whoever is called so elsewhere',
    {
      key: [statement({ Principal: { Federated: 'alice@example.com' } })],
      principal: 'alice@example.com',
    },
    'keyPolicy.allow',
  ],
  ['the account does not mean its users', { key: [by(ROOT)] }, 'identityPolicy.silent'],
  ['the account by its number neither', { key: [by(ACCOUNT)] }, 'identityPolicy.silent'],
  ['the account means its root user', { key: [by(ACCOUNT)], principal: ROOT }, 'keyPolicy.allow'],
  [
    'the account lets their policies decide',
    { key: [by(ROOT)], identity: [own()] },
    'keyPolicy.account',
  ],
  ['and everything be allowed', { key: [by(ROOT)], identity: 'all' }, 'keyPolicy.account'],
  [
    'their policies name other resources',
    { key: [by(ROOT)], identity: [own({ Resource: 'arn:aws:kms:*:*:alias/*' })] },
    'identityPolicy.silent',
  ],
  ['their policies alone do not', { key: [by(READER)], identity: [own()] }, 'keyPolicy.silent'],
  [
    'a denial of the key policy wins',
    { key: [statement(), deny({ Action: 'kms:Decrypt' })], identity: 'all' },
    'keyPolicy.deny',
  ],
  [
    'a denial of an account denies all of it',
    { key: [statement(), deny({ Principal: { AWS: ROOT } })] },
    'keyPolicy.deny',
  ],
  [
    'a denial of everybody but',
    { key: [statement(), deny({ Principal: undefined, NotPrincipal: { AWS: READER } })] },
    'keyPolicy.deny',
  ],
  [
    'but not of those',
    {
      key: [statement(), deny({ Principal: undefined, NotPrincipal: { AWS: READER } })],
      principal: SESSION,
    },
    'keyPolicy.allow',
  ],
  [
    'a denial of the caller wins',
    { key: [statement()], identity: [own({ Effect: 'Deny' })] },
    'identityPolicy.deny',
  ],
  [
    'a denial of something else does not',
    { key: [statement(), deny({ Action: 'kms:Encrypt' })] },
    'keyPolicy.allow',
  ],
  ['actions have no case', { key: [statement({ Action: 'KMS:DECRYPT' })] }, 'keyPolicy.allow'],
  ['actions have wildcards', { key: [statement({ Action: 'kms:De?rypt*' })] }, 'keyPolicy.allow'],
  [
    'all but an action',
    { key: [statement({ Action: undefined, NotAction: 'kms:Decrypt' })] },
    'keyPolicy.silent',
  ],
  [
    'all but another action',
    { key: [statement({ Action: undefined, NotAction: 'kms:Encrypt' })] },
    'keyPolicy.allow',
  ],
  [
    'all but another resource',
    { key: [statement({ Resource: undefined, NotResource: 'arn:aws:kms:eu-*' })] },
    'keyPolicy.allow',
  ],
  [
    'everybody but somebody else',
    { key: [statement({ Principal: undefined, NotPrincipal: { AWS: READER } })] },
    'keyPolicy.allow',
  ],
  ['no action has no effect', { key: [statement({ Action: undefined })] }, 'keyPolicy.silent'],
  ['no resource has no effect', { key: [statement({ Resource: undefined })] }, 'keyPolicy.silent'],
  [
    'all but a resource',
    { key: [statement({ Resource: undefined, NotResource: '*' })] },
    'keyPolicy.silent',
  ],
  [
    'a condition that holds',
    {
      key: [statement({ Condition: { StringEquals: { 'kms:ViaService': 's3' } } })],
      attributes: { 'KMS:viaservice': 's3' },
    },
    'keyPolicy.allow',
  ],
  [
    'all conditions have to',
    {
      key: [
        statement({
          Condition: { StringEquals: { 'kms:ViaService': 's3' }, Bool: { 'aws:x': 'true' } },
        }),
      ],
      attributes: { 'kms:ViaService': 's3' },
    },
    'keyPolicy.silent',
  ],
  [
    'a stranger needs both sides',
    { key: [by(STRANGER)], principal: STRANGER },
    'identityPolicy.silent',
  ],
  [
    'a stranger with both',
    { key: [by(STRANGER)], principal: STRANGER, identity: [own()] },
    'keyPolicy.allow',
  ],
  [
    'anyone is not any stranger without his account',
    { key: [statement()], principal: STRANGER },
    'identityPolicy.silent',
  ],
  [
    'a stranger through his account',
    { key: [by(OTHER)], principal: STRANGER, identity: 'all' },
    'keyPolicy.account',
  ],
  [
    'never where only the own account may',
    { key: [by(STRANGER)], principal: STRANGER, identity: 'all', sameAccountOnly: true },
    'account.other',
  ],
  ['a grant', { key: [], grants: [{}] }, 'grant.allow'],
  ['a grant of another operation', { grants: [{ operations: ['Encrypt'] }] }, 'keyPolicy.silent'],
  ['a grant to somebody else', { grants: [{ granteePrincipal: READER }] }, 'keyPolicy.silent'],
  [
    'a grant to somebody else, whatever the account allows',
    { grants: [{ granteePrincipal: READER }], identity: 'all' },
    'keyPolicy.silent',
  ],
  [
    'a grant to a role means its sessions',
    { grants: [{ granteePrincipal: READER }], principal: SESSION },
    'grant.allow',
  ],
  ['a grant to an account', { grants: [{ granteePrincipal: ROOT }] }, 'keyPolicy.silent'],
  [
    'a grant to an account lets their policies decide',
    { grants: [{ granteePrincipal: ROOT }], identity: 'all' },
    'grant.allow',
  ],
  [
    'a denial wins over a grant',
    { key: [deny({ Principal: { AWS: ANN } })], grants: [{}] },
    'keyPolicy.deny',
  ],
  [
    'a grant to a stranger needs both sides',
    { grants: [{ granteePrincipal: STRANGER }], principal: STRANGER },
    'keyPolicy.silent',
  ],
  [
    'a grant to a stranger with both',
    { grants: [{ granteePrincipal: STRANGER }], principal: STRANGER, identity: [own()] },
    'grant.allow',
  ],
]

test.each(TABLE.map(([name, asked, rule]) => [name, rule, asked] as const))(
  '%s: %s',
  (_, rule, asked) => {
    // An empty key policy cannot be written down: it is none.
    const { key, ...rest } = asked
    const given = key?.length === 0 ? rest : asked
    expect(ruled(given)).toBe(rule)
    expect(decided(given).allowed).toBe(/allow|keyPolicy\.account/.test(rule))
  },
)

test('the deciding statement is told, and every other one in the trace', () => {
  const asked: Asked = {
    key: [
      statement({ Sid: 'Admins', Principal: { AWS: READER } }),
      statement({ Action: 'kms:Encrypt' }),
      statement({ Resource: 'arn:aws:kms:eu-*' }),
      statement({ Condition: { Bool: { 'aws:SecureTransport': 'true' } } }),
      statement({ Sid: 'No', Effect: 'Deny', Action: 'kms:D*' }),
      statement({ Principal: { AWS: ROOT } }),
    ],
    identity: [own({ Sid: 'Mine' })],
    grants: [{}, { id: 'cd'.repeat(32), operations: ['Encrypt'] }],
  }
  expect(decided(asked).statement).toMatchObject({ number: 5, sid: 'No' })
  expect(trace(caseOf(asked))).toEqual([
    'key policy, statement 1 (Admins) Allow: does not mean this principal',
    'key policy, statement 2 Allow: not this action',
    'key policy, statement 3 Allow: not this resource',
    'key policy, statement 4 Allow: condition Bool on aws:SecureTransport does not hold',
    'key policy, statement 5 (No) Deny: applies',
    'key policy, statement 6 Allow: applies to the account',
    'identity policy 1, statement 1 (Mine) Allow: applies',
    `grant ${'ab'.repeat(32)}: applies`,
    `grant ${'cd'.repeat(32)}: does not apply`,
  ])
})

test('of several policies of a caller the second one speaks too', () => {
  const other = policy('identity', own({ Action: 'kms:Encrypt' }))
  const given = {
    ...caseOf({ key: [by(ROOT)] }),
    identityPolicies: [other, policy('identity', own())],
  }
  expect(decide(given).rule).toBe('keyPolicy.account')
  const denying = [other, policy('identity', own({ Effect: 'Deny' }))]
  expect(decide({ ...given, identityPolicies: denying }).rule).toBe('identityPolicy.deny')
})

test("a key of no account is everybody's: nobody is a stranger", () => {
  const given = { ...caseOf({ key: [by(STRANGER)], principal: STRANGER }), account: undefined }
  expect(decide(given).rule).toBe('keyPolicy.allow')
  expect(decide({ ...given, sameAccountOnly: true }).rule).toBe('keyPolicy.allow')
})

test('whoever may do everything by himself is told so, and an absent key policy says nothing', () => {
  expect(trace(caseOf({ identity: 'all' }))).toEqual(['identity policies: allow everything'])
})

describe('what decided, in words', () => {
  test.each<[Asked, string]>([
    [{ grants: [{}] }, `grant ${'ab'.repeat(32)}`],
    [
      { key: [by(STRANGER)], principal: STRANGER, identity: 'all', sameAccountOnly: true },
      'a caller of another account',
    ],
    [{ key: [by(ROOT)] }, 'no statement of an identity policy'],
    [{ key: [by(READER)] }, 'no statement of the key policy'],
    [{ key: [statement({ Sid: 'All' })] }, 'statement 1 (All) of the key policy'],
    [{ key: [statement({ Sid: '' })] }, 'statement 1 of the key policy'],
    [
      { key: [statement()], identity: [own(), own({ Effect: 'Deny' })] },
      'statement 2 of an identity policy',
    ],
  ])('%j: %s', (asked, words) => {
    expect(decidedBy(decided(asked))).toBe(words)
  })

  test('a grant that is to be retired', () => {
    expect(decidedBy({ allowed: false, rule: 'grant.silent' })).toBe(
      'a grant that does not name this principal',
    )
  })
})

describe('control of the policy itself', () => {
  test.each<[string, StatementJson[], boolean]>([
    ['by name', [by(ANN)], true],
    ['through the account', [by(ROOT)], true],
    ['not without PutKeyPolicy', [by(ANN, { Action: 'kms:Get*' })], false],
    ['not with a denial', [by(ROOT), deny({ Action: 'kms:Put*' })], false],
    ['not by somebody else', [by(READER)], false],
  ])('%s', (_, statements, kept) => {
    const asking = caseOf({ action: 'kms:PutKeyPolicy' })
    expect(keepsControl(policy('key', ...statements), asking)).toBe(kept)
  })
})

describe('for any policies', () => {
  const principals = [ANN, READER, SESSION, ROOT, STRANGER]
  const statements = fc
    .record({
      Effect: fc.constantFrom('Allow', 'Deny'),
      Principal: fc.constantFrom('*', ...[ANN, READER, ROOT, OTHER].map((AWS) => ({ AWS }))),
      Action: fc.constantFrom('kms:*', 'kms:Decrypt', 'kms:Encrypt', 'kms:D*'),
      Resource: fc.constantFrom('*', 'arn:aws:kms:eu-west-1:*'),
      Condition: fc.constantFrom(
        {},
        { StringEquals: { 'aws:x': 'a' } },
        { StringNotEquals: { 'aws:x': 'a' } },
      ),
    })
    .map((given) => statement(given))
  const asked = fc.record({
    key: fc.array(statements, { minLength: 1, maxLength: 4 }),
    identity: fc.constantFrom('all' as const, [own()], [own({ Action: 'kms:Encrypt' })]),
    grants: fc.subarray([{}, { granteePrincipal: READER }, { granteePrincipal: ROOT }]),
    principal: fc.constantFrom(...principals),
    attributes: fc.constantFrom({}, { 'aws:x': 'a' }, { 'aws:x': 'b' }),
  })
  const may = (given: Asked): boolean => decided(given).allowed

  test('a denial of everything always wins', () => {
    fc.assert(
      fc.property(asked, (given) => {
        expect(may({ ...given, key: [...given.key, deny()] })).toBe(false)
        const denied = given.identity === 'all' ? [own({ Effect: 'Deny' })] : given.identity
        const refusing = [...denied, own({ Effect: 'Deny' })]
        expect(may({ ...given, identity: refusing })).toBe(false)
      }),
    )
  })

  test('another Allow, and another grant, never takes anything away', () => {
    fc.assert(
      fc.property(asked, statements, (given, more) => {
        if (!may(given)) return
        expect(may({ ...given, key: [...given.key, { ...more, Effect: 'Allow' }] })).toBe(true)
        expect(may({ ...given, grants: [...given.grants, { operations: ['Decrypt'] }] })).toBe(true)
      }),
    )
  })

  test('another Deny never gives anything', () => {
    fc.assert(
      fc.property(asked, statements, (given, more) => {
        if (may(given)) return
        expect(may({ ...given, key: [...given.key, { ...more, Effect: 'Deny' }] })).toBe(false)
      }),
    )
  })

  test('the order of statements does not matter', () => {
    fc.assert(
      fc.property(asked, fc.nat(), (given, seed) => {
        const turned = given.key.map((_, i) => given.key[(i + seed) % given.key.length]!)
        expect(may({ ...given, key: turned.reverse() })).toBe(may(given))
      }),
    )
  })
})
