/** Policies are kept: by every operation, at once, after existence and before any state. */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { utf8 } from '../../../src/base/bytes.ts'
import { OPERATIONS, type OperationRow } from '../../../src/domain/operations.ts'
import { actionOf } from '../../../src/domain/policy/actions.ts'
import type { Access, Key, OperationName } from '../../../src/index.ts'
import { INPUTS, openWorld, OPERATION_NAMES, type World } from '../../adversary/world.ts'
import { codeOf, stage, type Stage } from '../support.ts'
import { ACCOUNT, allow, ANN, as, BOB, deny, explanationOf, mine, OTHER } from './support.ts'
import { policy, READER, ROOT, ruleOf, SESSION, type Statement } from './support.ts'

const TEXT = utf8('attack at dawn')
const CONTEXT = { table: 'orders' }

let s: Stage
let key: Key
beforeEach(async () => {
  s = await stage()
  key = await s.room.createKey({ vaultId: s.vaultId, displayName: 'k', spec: 'AES_256' })
  return () => s.room.close()
})

const put = (...statements: readonly Statement[]) =>
  s.room.putKeyPolicy({ keyId: key.id, policy: policy(...statements) })
const encrypt = (principal: string, access?: Access, context = CONTEXT) =>
  s.room.encrypt({ keyId: key.id, plaintext: TEXT, context, ...as(principal, access) })

describe('a key without a policy', () => {
  test('is for the owner alone', async () => {
    expect(await explanationOf(encrypt(ANN))).toMatchObject({
      operation: 'encrypt',
      rule: 'principal',
      expected: 'owner',
      found: ANN,
    })
    expect(await ruleOf(encrypt('owner'))).toBe('ok')
    expect(await ruleOf(s.room.encrypt({ keyId: key.id, plaintext: TEXT }))).toBe('ok')
  })

  test('has the one that stands in for it', async () => {
    const unlessPolicy = policy(allow(ROOT, '*'))
    expect(await ruleOf(encrypt(ANN, { unlessPolicy, identityPolicies: 'all' }))).toBe('ok')
    expect(await ruleOf(encrypt(ANN, { unlessPolicy }))).toBe('identityPolicy.silent')
    await put(allow(BOB, '*'))
    expect(await ruleOf(encrypt(ANN, { unlessPolicy, identityPolicies: 'all' }))).toBe(
      'keyPolicy.silent',
    )
  })
})

describe('uses', () => {
  test('as the policy says, with the statement that decided', async () => {
    await put(allow(ANN, 'Encrypt'), { ...deny(BOB, 'D*'), Sid: 'Never' }, allow(BOB, '*'))
    const { ciphertext } = await encrypt(ANN)
    const decrypt = (who: string) => s.room.decrypt({ ciphertext, context: CONTEXT, ...as(who) })
    expect(await ruleOf(decrypt(ANN))).toBe('keyPolicy.silent')
    expect(await explanationOf(decrypt(BOB))).toEqual({
      operation: 'decrypt',
      rule: 'keyPolicy.deny',
      expected: `an Allow of kms:Decrypt on key/${key.id}`,
      found: 'statement 2 (Never) of the key policy',
      action: 'kms:Decrypt',
      resource: `key/${key.id}`,
      trace: [
        'key policy, statement 1 Allow: does not mean this principal',
        'key policy, statement 2 (Never) Deny: applies',
        'key policy, statement 3 Allow: applies',
      ],
    })
  })

  test('by context, time, alias, tag and what the face says', async () => {
    const when = (Condition: object) => put({ ...allow(ANN, '*'), Condition })
    const asked = (access?: Access) => ruleOf(encrypt(ANN, access))
    await when({ StringEquals: { 'kms:EncryptionContext:Table': 'orders' } })
    expect(await asked()).toBe('ok')
    expect(await ruleOf(encrypt(ANN, undefined, { table: 'users' }))).toBe('keyPolicy.silent')
    await when({ 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['table', 'row'] } })
    expect(await asked()).toBe('ok')
    const until = new Date(s.clock.now() + 3_600_000).toISOString()
    await when({ DateLessThan: { 'aws:CurrentTime': until } })
    expect(await asked()).toBe('ok')
    s.clock.advance({ hours: 1 })
    expect(await asked()).toBe('keyPolicy.silent')
    await when({ StringEquals: { 'aws:ResourceTag/team': 'red' } })
    expect(await asked()).toBe('keyPolicy.silent')
    await s.room.tagKey({ keyId: key.id, tags: { team: 'red' } })
    expect(await asked()).toBe('ok')
    await when({ 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': 'alias/main' } })
    expect(await asked()).toBe('keyPolicy.silent')
    await s.room.createAlias({ keyId: key.id, name: 'alias/main' })
    expect(await asked()).toBe('ok')
    await s.room.deleteAlias({ name: 'alias/main' })
    expect(await asked()).toBe('keyPolicy.silent')
    await when({ StringEquals: { 'kms:ViaService': 's3', 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } })
    const attributes = { 'kms:ViaService': 's3' }
    expect(await asked({ attributes })).toBe('keyPolicy.silent')
    const describe = () => ({ attributes: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } })
    expect(await asked({ attributes, describe })).toBe('ok')
  })

  test('sessions, accounts, strangers', async () => {
    await put(allow(READER, 'Encrypt'), allow(OTHER, 'Encrypt'))
    expect(await ruleOf(encrypt(SESSION))).toBe('ok')
    const stranger = `arn:aws:iam::${OTHER}:user/eve`
    const account = { account: ACCOUNT }
    const identityPolicies = [mine('Allow', 'Encrypt')]
    expect(await ruleOf(encrypt(stranger, account))).toBe('identityPolicy.silent')
    expect(await ruleOf(encrypt(stranger, { ...account, identityPolicies }))).toBe('ok')
    expect(
      await ruleOf(encrypt(stranger, { ...account, identityPolicies, sameAccountOnly: true })),
    ).toBe('account.other')
    const denied = [mine('Allow', '*'), mine('Deny', 'Encrypt')]
    expect(await ruleOf(encrypt(SESSION, { identityPolicies: denied }))).toBe('identityPolicy.deny')
  })

  test('re-encryption asks both keys, each for its own action', async () => {
    const to = await s.room.createKey({ vaultId: s.vaultId, displayName: 'to', spec: 'AES_256' })
    const { ciphertext } = await s.room.encrypt({ keyId: key.id, plaintext: TEXT })
    const asked = (access?: Access, sourceAccess?: Access) =>
      ruleOf(
        s.room.reEncrypt({
          ciphertext,
          keyId: to.id,
          ...as(ANN, access),
          ...(sourceAccess && { sourceAccess }),
        }),
      )
    await put(allow(ANN, 'ReEncryptFrom'))
    expect(await asked()).toBe('principal')
    await s.room.putKeyPolicy({ keyId: to.id, policy: policy(allow(ANN, 'ReEncryptTo')) })
    expect(await asked()).toBe('ok')
    await put({ ...allow(ANN, 'ReEncryptFrom'), Condition: { Bool: { 'kms:x': 'true' } } })
    expect(await asked()).toBe('keyPolicy.silent')
    expect(await asked({ attributes: { 'kms:x': 'true' } })).toBe('ok')
    expect(await asked({}, { attributes: { 'kms:x': 'true' } })).toBe('ok')
    await put(allow(ANN, 'Decrypt', 'ReEncryptTo'))
    expect(await asked()).toBe('keyPolicy.silent')
  })

  test('a data key without its plaintext is an action of its own', async () => {
    await put(allow(ANN, 'GenerateDataKeyWithoutPlaintext'))
    const asked = (withoutPlaintext: boolean) =>
      ruleOf(s.room.generateDataKey({ keyId: key.id, withoutPlaintext, ...as(ANN) }))
    expect(await asked(true)).toBe('ok')
    expect(await asked(false)).toBe('keyPolicy.silent')
  })
})

describe('what a face says of a request and of the key that was found', () => {
  test('may be a function, which is asked when a condition is', async () => {
    await put({ ...allow(ANN, '*'), Condition: { StringEquals: { 'KMS:ViaService': 's3' } } })
    const seen: string[] = []
    const attributes = (name: string) => {
      seen.push(name)
      return name === 'kms:viaservice' ? 's3' : undefined
    }
    expect(await ruleOf(encrypt(ANN, { attributes }))).toBe('ok')
    expect(new Set(seen)).toEqual(new Set(['kms:viaservice']))
    const wrong = (() => 7) as never
    expect(await ruleOf(encrypt(ANN, { attributes: wrong }))).toBe('keyPolicy.silent')
  })

  test('the context of a request, where the operation takes none', async () => {
    const constraints = { contextSubset: CONTEXT }
    const operations = ['DescribeKey', 'Decrypt'] as const
    await s.room.createGrant({ keyId: key.id, granteePrincipal: ANN, operations, constraints })
    const look = (context: Record<string, string>) =>
      ruleOf(s.room.getKey({ keyId: key.id, ...as(ANN, { action: 'kms:Decrypt', context }) }))
    expect([await look(CONTEXT), await look({})]).toEqual(['ok', 'principal'])
  })

  test('of the key: its name, its account, the policy that stands in', async () => {
    const asked: Access = {
      identityPolicies: 'all',
      describe: ({ id, spec }) => ({
        resource: `arn:key/${id}`,
        account: ACCOUNT,
        attributes: { 'x:Spec': spec },
        unlessPolicy: policy({
          ...allow(ROOT, '*'),
          Resource: 'arn:key/*',
          Condition: { StringEquals: { 'x:Spec': 'AES_256' } },
        }),
      }),
    }
    expect(await ruleOf(encrypt(ANN, asked))).toBe('ok')
    expect(await ruleOf(encrypt(`arn:aws:iam::${OTHER}:user/eve`, asked))).toBe('keyPolicy.silent')
  })

  test('is asked once for each key, until the key changes', async () => {
    let times = 0
    const describe = () => ({ resource: `arn:${++times}` })
    const access = { describe, unlessPolicy: policy(allow(ANN, '*')) }
    for (let i = 0; i < 3; i++) await encrypt(ANN, access)
    expect(times).toBe(1)
    await s.room.tagKey({ keyId: key.id, tags: { a: 'b' } })
    await encrypt(ANN, access)
    expect(times).toBe(2)
  })
})

describe('what was decided before holds no longer', () => {
  test('the fast path forgets with the policy', async () => {
    await put(allow(ANN, '*'))
    for (let i = 0; i < 3; i++) expect(await ruleOf(encrypt(ANN))).toBe('ok')
    expect(s.room.metrics().encrypt!.outcomes['ok']).toBe(3)
    await put(deny(ANN, 'Encrypt'))
    expect(await ruleOf(encrypt(ANN))).toBe('keyPolicy.deny')
    await put(allow(ANN, '*'))
    expect(await ruleOf(encrypt(ANN))).toBe('ok')
    await s.room.putKeyPolicy({ keyId: key.id, policy: null })
    expect(await ruleOf(encrypt(ANN))).toBe('principal')
  })

  test('one is allowed, another is not, whoever warmed the key up', async () => {
    await put(allow(ANN, 'Encrypt', 'Decrypt'))
    const { ciphertext } = await s.room.encrypt({ keyId: key.id, plaintext: TEXT })
    const open = (who: string) => ruleOf(s.room.decrypt({ ciphertext, ...as(who) }))
    for (let i = 0; i < 3; i++) {
      expect([await ruleOf(encrypt(ANN)), await ruleOf(encrypt(BOB))]).toEqual([
        'ok',
        'keyPolicy.silent',
      ])
      expect([await open(ANN), await open(BOB)]).toEqual(['ok', 'keyPolicy.silent'])
      await s.room.encrypt({ keyId: key.id, plaintext: TEXT })
    }
  })

  test('a change that is not answered yet decides nothing for those who came before it', async () => {
    await put(allow(ANN, '*'))
    const changing = put(deny(ANN, '*'))
    const [outcome] = await Promise.all([ruleOf(encrypt(ANN)), changing])
    expect(['ok', 'keyPolicy.deny']).toContain(outcome)
    expect(await ruleOf(encrypt(ANN))).toBe('keyPolicy.deny')
  })

  test('another process over the same store knows it from the start', async () => {
    await put(allow(ANN, 'Encrypt'))
    const room = await s.again()
    const asked = { keyId: key.id, plaintext: TEXT }
    expect(await ruleOf(room.encrypt({ ...asked, ...as(ANN) }))).toBe('ok')
    expect(await ruleOf(room.encrypt({ ...asked, ...as(BOB) }))).toBe('keyPolicy.silent')
    await room.close()
  })
})

describe('the order of refusals', () => {
  test('who asks before any state, etag or retry shows', async () => {
    await put(allow(BOB, '*'))
    await s.room.disableKey({ keyId: key.id })
    expect(await ruleOf(encrypt(ANN))).toBe('keyPolicy.silent')
    expect(await ruleOf(encrypt(BOB))).toBe('INVALID_STATE')
    const tag = { keyId: key.id, tags: { a: 'b' }, ifMatch: 'stale' }
    expect(await ruleOf(s.room.tagKey({ ...tag, ...as(ANN) }))).toBe('keyPolicy.silent')
    expect(await ruleOf(s.room.tagKey({ ...tag, ...as(BOB) }))).toBe('ETAG_MISMATCH')
  })

  test('what does not exist is not found, whoever asks', async () => {
    const keyId = '00000000-0000-4000-8000-000000000000'
    expect(await ruleOf(s.room.getKey({ keyId, ...as(ANN) }))).toBe('NOT_FOUND')
  })

  test('an answer of an earlier time is not given to who may not ask any more', async () => {
    await put(allow(ANN, '*'))
    const tag = { keyId: key.id, tags: { a: 'b' }, retryToken: 'again', ...as(ANN) }
    expect(await ruleOf(s.room.tagKey(tag))).toBe('ok')
    expect(await ruleOf(s.room.tagKey(tag))).toBe('ok')
    await put(allow(BOB, '*'))
    expect(await ruleOf(s.room.tagKey(tag))).toBe('keyPolicy.silent')
  })
})

describe('what is no key', () => {
  test("is for the caller's own policies", async () => {
    const random = (access?: Access) =>
      ruleOf(s.room.generateRandom({ lengthBytes: 8, ...as(ANN, access) }))
    expect(await random()).toBe('identityPolicy.silent')
    expect(await random({ identityPolicies: 'all' })).toBe('ok')
    expect(await random({ identityPolicies: [mine('Allow', 'GenerateRandom')] })).toBe('ok')
    expect(await random({ identityPolicies: [mine('Allow', 'CreateKey')] })).toBe(
      'identityPolicy.silent',
    )
    const make = (access?: Access) =>
      ruleOf(
        s.room.createKey({
          vaultId: s.vaultId,
          displayName: 'x',
          spec: 'AES_128',
          ...as(ANN, access),
        }),
      )
    expect(await make()).toBe('identityPolicy.silent')
    const only = (Resource: string) => ({
      identityPolicies: [policy({ Effect: 'Allow', Action: 'kms:CreateKey', Resource })],
    })
    expect(await make(only(`vault/${s.vaultId}`))).toBe('ok')
    expect(await make(only('vault/other'))).toBe('identityPolicy.silent')
    expect(await make({ ...only('*'), also: [{ action: 'kms:TagResource', resource: '*' }] })).toBe(
      'identityPolicy.silent',
    )
  })

  test('an alias that moves asks both keys', async () => {
    const other = await s.room.createKey({ vaultId: s.vaultId, displayName: 'o', spec: 'AES_128' })
    await s.room.createAlias({ keyId: other.id, name: 'alias/main' })
    await put(allow(ANN, 'UpdateAlias', 'DeleteAlias'))
    const move = () => ruleOf(s.room.updateAlias({ keyId: key.id, name: 'alias/main', ...as(ANN) }))
    expect(await move()).toBe('principal')
    await s.room.putKeyPolicy({ keyId: other.id, policy: policy(allow(ANN, 'UpdateAlias')) })
    expect(await move()).toBe('ok')
    const remove = (identityPolicies: Access['identityPolicies']) =>
      ruleOf(
        s.room.deleteAlias({
          name: 'alias/main',
          ...as(ANN, { identityPolicies: identityPolicies! }),
        }),
      )
    expect(await remove([])).toBe('identityPolicy.silent')
    expect(await remove('all')).toBe('ok')
  })
})

test('what a caller says about a request is checked like any other input', async () => {
  const wrong: readonly unknown[] = [
    { acton: 'kms:Encrypt' },
    { attributes: { a: 1 } },
    { identityPolicies: 'some' },
    { identityPolicies: [7] },
    { account: '12' },
    { describe: {} },
    { also: [{ action: 'kms:x' }] },
    { grantTokens: Array.from({ length: 11 }, () => 'x') },
    'all',
    null,
  ]
  await put(allow(ANN, '*'))
  await encrypt(ANN)
  const asked = { keyId: key.id, plaintext: TEXT, principal: ANN }
  for (const access of wrong)
    expect([access, await ruleOf(s.room.encrypt({ ...asked, access: access as Access }))]).toEqual([
      access,
      'INVALID_ARGUMENT',
    ])
  expect(await ruleOf(encrypt(ANN, { identityPolicies: ['{'] }))).toBe('INVALID_POLICY')
  const describe = () => ({ resources: 'x' }) as never
  expect(await ruleOf(encrypt(ANN, { describe }))).toBe('INVALID_ARGUMENT')
  await s.room.putKeyPolicy({ keyId: key.id, policy: null })
  expect(await ruleOf(encrypt(ANN, { unlessPolicy: mine('Allow', '*') }))).toBe('INVALID_POLICY')
})

describe('every operation', () => {
  let world: World
  beforeAll(async () => {
    world = await openWorld()
    return () => world.room.close()
  })
  async function ask(operation: OperationName, more: object): Promise<string> {
    const { room } = world
    const input = { ...(await INPUTS[operation](world)), ...more }
    // What says who may is then the request alone.
    for (const { id: keyId } of [world.aes, world.ec, world.hmac])
      await room.putKeyPolicy({ keyId, policy: null })
    const methods = room as unknown as Record<string, (input: unknown) => Promise<unknown>>
    return ruleOf(methods[operation]!(input))
  }

  test.each(OPERATION_NAMES)(
    '%s is refused to a principal whom nobody allows',
    async (operation) => {
      const row: OperationRow = OPERATIONS[operation]
      const nobody = await ask(operation, as(ANN))
      if ('by' in row) expect(nobody).toBe('grant.silent')
      else expect(['principal', 'keyPolicy.silent', 'identityPolicy.silent']).toContain(nobody)
    },
  )

  test.each(OPERATION_NAMES.filter((name) => !('by' in OPERATIONS[name])))(
    '%s is allowed by its own action and by no other',
    async (operation) => {
      const action = actionOf(operation)
      const access = (Action: string): Access => ({
        unlessPolicy: policy({ ...allow(ANN), Action }, allow(ANN, 'ReEncryptFrom')),
        identityPolicies: [policy({ Effect: 'Allow', Action, Resource: '*' })],
      })
      expect(await ask(operation, as(ANN, access('kms:Other')))).toMatch(/silent/)
      const outcome = await ask(operation, as(ANN, access(action)))
      expect([operation, outcome]).not.toEqual([operation, expect.stringMatching(/\./)])
    },
  )
})

describe('asking beforehand', () => {
  test('tells the decision, and does nothing', async () => {
    await put({ ...allow(ANN, 'Encrypt'), Sid: 'Ann' }, deny(BOB, '*'))
    const about = { keyId: key.id, operation: 'encrypt' } as const
    expect(await s.room.explainAccess({ ...about, principal: ANN })).toEqual({
      allowed: true,
      action: 'kms:Encrypt',
      resource: `key/${key.id}`,
      rule: 'keyPolicy.allow',
      by: 'statement 1 (Ann) of the key policy',
      trace: [
        'key policy, statement 1 (Ann) Allow: applies',
        'key policy, statement 2 Deny: does not mean this principal',
      ],
    })
    expect(await s.room.explainAccess({ ...about, principal: BOB })).toMatchObject({
      allowed: false,
      rule: 'keyPolicy.deny',
      by: 'statement 2 of the key policy',
    })
    expect(await s.room.explainAccess({ ...about, principal: 'owner' })).toMatchObject({
      allowed: true,
      rule: 'owner',
    })
    const own = { identityPolicies: [mine('Allow', 'CreateKey')] }
    expect(
      await s.room.explainAccess({ operation: 'createKey', principal: ANN, access: own }),
    ).toMatchObject({ allowed: true, rule: 'identityPolicy.allow', resource: '*' })
    const named = { ...about, principal: ANN, access: { action: 'kms:Sign' } }
    expect(await s.room.explainAccess(named)).toMatchObject({ allowed: false, action: 'kms:Sign' })
  })

  test('explain looks at policies first, at states then', async () => {
    await put(allow(ANN, 'Encrypt'))
    await s.room.disableKey({ keyId: key.id })
    const why = async (principal: string) =>
      (await s.room.explain({ keyId: key.id, operation: 'encrypt', principal })).explain?.rule
    expect([await why(ANN), await why(BOB)]).toEqual(['key.state', 'keyPolicy.silent'])
  })
})

test('uses of principals are journaled under their names', async () => {
  const { room, vaultId } = await stage(undefined, { audit: 'all' })
  const { id: keyId } = await room.createKey({
    ...{ vaultId, displayName: 'k', spec: 'AES_256' },
    policy: policy(allow(ANN, '*')),
  })
  for (const who of [ANN, ANN, BOB])
    await codeOf(room.encrypt({ keyId, plaintext: TEXT, ...as(who) }))
  const uses = []
  for await (const entry of room.journal()) uses.push(...entry.uses)
  expect(uses.map(({ principal, outcome }) => [principal, outcome])).toEqual([
    [ANN, 'ok'],
    [ANN, 'ok'],
    [BOB, 'FORBIDDEN'],
  ])
  await room.close()
})
