/** TABLE tests of the condition keys that the core works out, and of the words for operations (contracts: AWS 12, 17). */
import { describe, expect, test } from 'vitest'
import { OPERATIONS, type OperationTable } from '../../../src/domain/operations.ts'
import { actionOf, RE_ENCRYPT_FROM } from '../../../src/domain/policy/actions.ts'
import { derived, RESOURCE_ALIASES, type Sources } from '../../../src/domain/policy/derived.ts'
import { parsePrincipal } from '../../../src/domain/policy/principals.ts'
import { ACCOUNT, ANN, OTHER } from './support.ts'

const BARE: Sources = { principal: parsePrincipal('alice'), now: 1_767_225_600_999, request: {} }
const EQUALS = { Table: 'orders' }
const SUBSET = { Row: '7' }

/** Name, what the request says beside nothing, and the value. */
const TABLE: readonly (readonly [string, Partial<Sources>, unknown])[] = [
  ['aws:principalarn', {}, 'alice'],
  ['aws:principalaccount', {}, undefined],
  ['aws:principalaccount', { principal: parsePrincipal(ANN) }, ACCOUNT],
  ['kms:calleraccount', { principal: parsePrincipal(ANN) }, ACCOUNT],
  ['aws:resourceaccount', { account: OTHER }, OTHER],
  ['aws:currenttime', {}, '2026-01-01T00:00:00.999Z'],
  // Whole seconds, and those that are over.
  ['aws:epochtime', {}, '1767225600'],
  ['aws:tagkeys', {}, undefined],
  ['aws:tagkeys', { request: { tags: { Cost: '1', Team: '2' } } }, ['Cost', 'Team']],
  ['aws:tagkeys', { request: { tagNames: ['Old'] } }, ['Old']],
  ['kms:keyspec', {}, undefined],
  ['kms:keyusage', {}, undefined],
  ['kms:keyorigin', {}, undefined],
  ['kms:resourcealiases', { aliases: ['alias/a'] }, ['alias/a']],
  ['kms:requestalias', { request: { keyId: 'alias/a' } }, 'alias/a'],
  ['kms:requestalias', { request: { keyId: 'not-an-alias/' } }, undefined],
  ['kms:requestalias', {}, undefined],
  ['kms:encryptionalgorithm', { request: { algorithm: 'A' } }, 'A'],
  ['kms:signingalgorithm', { request: { algorithm: 'A' } }, 'A'],
  ['kms:macalgorithm', { request: { algorithm: 'A' } }, 'A'],
  ['kms:messagetype', { request: { messageType: 'digest' } }, 'digest'],
  ['kms:datakeypairspec', { request: { pairSpec: 'EC_P256' } }, 'EC_P256'],
  ['kms:wrappingalgorithm', { request: { wrapping: 'RSA_OAEP' } }, 'RSA_OAEP'],
  ['kms:encryptioncontextkeys', {}, undefined],
  ['kms:encryptioncontextkeys', { context: { a: '1', b: '2' } }, ['a', 'b']],
  ['kms:bypasspolicylockoutsafetycheck', {}, 'false'],
  ['kms:bypasspolicylockoutsafetycheck', { request: { bypassLockoutCheck: true } }, 'true'],
  ['kms:granteeprincipal', { request: { granteePrincipal: ANN } }, ANN],
  ['kms:retiringprincipal', { request: { retiringPrincipal: ANN } }, ANN],
  ['kms:grantoperations', { request: { operations: ['Decrypt'] } }, undefined],
  [
    'kms:grantoperations',
    { request: { granteePrincipal: ANN, operations: ['Decrypt'] } },
    ['Decrypt'],
  ],
  ['kms:grantoperations', { request: { granteePrincipal: ANN, operations: null } }, undefined],
  ['kms:grantconstrainttype', {}, undefined],
  ['kms:grantconstrainttype', { request: { constraints: {} } }, []],
  [
    'kms:grantconstrainttype',
    { request: { constraints: { contextEquals: EQUALS } } },
    ['EncryptionContextEquals'],
  ],
  [
    'kms:grantconstrainttype',
    { request: { constraints: { contextSubset: SUBSET, sourceArn: 'arn:x' } } },
    ['EncryptionContextSubset', 'SourceArn'],
  ],
  ['aws:nothing', {}, undefined],
]

describe('what the core works out', () => {
  test.each(TABLE)('%s of %j', (name, sources, value) => {
    expect(derived(name, { ...BARE, ...sources })).toEqual(value)
  })

  test('of the key: its kind and its tags', () => {
    const tags = { Team: 'red', team: 'blue', Cost: '1' }
    const key = { spec: 'AES_256', purposes: ['encrypt'], origin: 'external', tags }
    const of = (name: string): unknown => derived(name, { ...BARE, key })
    expect(of('kms:keyspec')).toBe('AES_256')
    expect(of('kms:keyusage')).toEqual(['encrypt'])
    expect(of('kms:keyorigin')).toBe('external')
    expect(of('aws:resourcetag/cost')).toBe('1')
    // Two tags whose names differ in case alone are two values of one attribute.
    expect(of('aws:resourcetag/team')).toEqual(['red', 'blue'])
    expect(of('aws:resourcetag/')).toBeUndefined()
    expect(derived('aws:resourcetag/cost', BARE)).toBeUndefined()
  })

  test('of the request: its tags and its context, by names without case', () => {
    const request = { tags: { Cost: '1' } }
    expect(derived('aws:requesttag/cost', { ...BARE, request })).toBe('1')
    expect(derived('aws:requesttag/other', { ...BARE, request })).toBeUndefined()
    const context = { TABLE: 'users' }
    expect(derived('kms:encryptioncontext:table', { ...BARE, context })).toBe('users')
  })

  test('the context of a request goes before that of the grant to be made, equal before subset', () => {
    const name = 'kms:encryptioncontextkeys'
    const both = { constraints: { contextEquals: EQUALS, contextSubset: SUBSET } }
    expect(derived(name, { ...BARE, context: { a: '1' }, request: both })).toEqual(['a'])
    expect(derived(name, { ...BARE, request: both })).toEqual(['Table'])
    const subset = { constraints: { contextSubset: SUBSET } }
    expect(derived(name, { ...BARE, request: subset })).toEqual(['Row'])
  })

  test('the aliases are known by a name of their own', () => {
    expect(derived(RESOURCE_ALIASES, { ...BARE, aliases: ['alias/a'] })).toEqual(['alias/a'])
  })
})

describe('the word of an operation', () => {
  const OWN: readonly (readonly [keyof OperationTable, string])[] = [
    ['getKey', 'kms:DescribeKey'],
    ['tagKey', 'kms:TagResource'],
    ['untagKey', 'kms:UntagResource'],
    ['getImportParameters', 'kms:GetParametersForImport'],
    ['deleteKeyMaterial', 'kms:DeleteImportedKeyMaterial'],
    ['getRotationPolicy', 'kms:GetKeyRotationStatus'],
    ['listRotations', 'kms:ListKeyRotations'],
    ['rotateKey', 'kms:RotateKeyOnDemand'],
    ['changePrimaryKey', 'kms:UpdatePrimaryRegion'],
    ['reEncrypt', 'kms:ReEncryptTo'],
  ]
  test.each(OWN)('%s is called %s', (operation, action) => {
    expect(actionOf(operation)).toBe(action)
  })

  test('every other one is called as it is', () => {
    const own = new Set<string>(OWN.map(([operation]) => operation))
    const others = (Object.keys(OPERATIONS) as (keyof OperationTable)[]).filter(
      (operation) => !own.has(operation),
    )
    expect(others).toContain('generateDataKey')
    for (const operation of others)
      expect(actionOf(operation)).toBe(
        `kms:${operation.replace(/^./, (letter) => letter.toUpperCase())}`,
      )
  })

  test('without the plaintext it is another one; what opens in a re-encryption has its own', () => {
    expect(actionOf('generateDataKey', true)).toBe('kms:GenerateDataKeyWithoutPlaintext')
    expect(RE_ENCRYPT_FROM).toBe('kms:ReEncryptFrom')
  })
})
