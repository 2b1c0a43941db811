/** Grants by the official client (contracts: AWS 11, 15, 17). */
import {
  CreateGrantCommand,
  CreateKeyCommand,
  ListGrantsCommand,
  ListRetirableGrantsCommand,
  paginateListGrants,
  paginateListRetirableGrants,
  type CreateGrantCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { beforeEach, describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import {
  allow,
  ARNS,
  cast,
  denied,
  NOT_BY_IDENTITY,
  NOT_BY_KEY,
  own,
  policy,
  READER,
  type Cast,
} from './principals.ts'
import { utf8 } from './using.ts'
import { ACCOUNT, openWorld, REGION, START, TRANSPORTS } from './world.ts'

const Plaintext = utf8('attack at dawn')
const DRY_RUN =
  'DryRunOperationException: The request would have succeeded, but the DryRun option is set.'
const UNKNOWN = 'ab'.repeat(32)

const make = async (kms: KMSClient, input = {}): Promise<string> =>
  (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.Arn!

let c: Cast
let root: KMSClient
let KeyId: string
/** Nobody but the root may do anything by its account alone. */
beforeEach(async () => {
  c = await cast('handler', { ann: [], bob: [], reader: [] })
  root = c.as('root')
  KeyId = await make(root)
})
const grant = async (given: Partial<CreateGrantCommandInput> = {}, kms = root) => {
  const { GrantId, GrantToken } = await kms.send(
    new CreateGrantCommand({
      KeyId,
      GranteePrincipal: ARNS.ann,
      Operations: ['Encrypt'],
      ...given,
    }),
  )
  return { GrantId: GrantId!, GrantToken: GrantToken! }
}
const create = (given: object, kms = root): Promise<string> =>
  outcome(kms, 'CreateGrant', {
    ...{ KeyId, GranteePrincipal: ARNS.ann, Operations: ['Encrypt'] },
    ...given,
  })
const encrypt = (who: string, more: object = {}) =>
  outcome(c.as(who), 'Encrypt', { KeyId, Plaintext, ...more })
const listed = async (more: object = {}) =>
  (await root.send(new ListGrantsCommand({ KeyId, ...more }))).Grants!

describe.each(Object.entries(TRANSPORTS))('through the %s', (_, connect) => {
  it('made, listed, retired and revoked', async () => {
    const { kms } = await openWorld(connect)
    const key = await make(kms)
    const asked = {
      KeyId: key.split('/')[1]!,
      GranteePrincipal: READER,
      RetiringPrincipal: ARNS.bob,
      Operations: ['Encrypt', 'Decrypt'] as ('Encrypt' | 'Decrypt')[],
      Constraints: { EncryptionContextSubset: { table: 'orders' } },
      Name: 'reading',
    }
    const first = await kms.send(new CreateGrantCommand(asked))
    expect(first.GrantId).toMatch(/^[0-9a-f]{64}$/)
    const again = await kms.send(new CreateGrantCommand(asked))
    expect(again.GrantId).toBe(first.GrantId)
    expect(again.GrantToken).not.toBe(first.GrantToken)
    const { Name: __, ...unnamed } = asked
    const second = await kms.send(new CreateGrantCommand(unnamed))
    const { Grants, Truncated } = await kms.send(new ListGrantsCommand({ KeyId: key }))
    expect(Truncated).toBe(false)
    expect(Grants!.find(({ GrantId }) => GrantId === first.GrantId)).toEqual({
      KeyId: key,
      GrantId: first.GrantId,
      Name: 'reading',
      CreationDate: START,
      GranteePrincipal: READER,
      RetiringPrincipal: ARNS.bob,
      IssuingAccount: ARNS.root,
      Operations: ['Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextSubset: { table: 'orders' } },
    })
    const other = Grants!.find(({ GrantId }) => GrantId === second.GrantId)!
    expect([other.Name, Grants!.length]).toEqual(['', 2])
    const retirable = { RetiringPrincipal: ARNS.bob }
    const mine = await kms.send(new ListRetirableGrantsCommand(retirable))
    expect(mine.Grants).toEqual(Grants)
    expect(await outcome(kms, 'RetireGrant', { GrantToken: again.GrantToken })).toBe('ok')
    const revoke = { KeyId: key, GrantId: second.GrantId }
    expect(await outcome(kms, 'RevokeGrant', revoke)).toBe('ok')
    expect((await kms.send(new ListGrantsCommand({ KeyId: key }))).Grants).toEqual([])
    expect(await outcome(kms, 'RevokeGrant', revoke)).toBe(
      `NotFoundException: Grant ID ${second.GrantId} is not found for key ${key}`,
    )
    expect(await outcome(kms, 'RetireGrant', { GrantToken: first.GrantToken })).toBe(
      'NotFoundException: The grant of the token does not exist.',
    )
  })
})

describe('what a grant allows', () => {
  it('its operations, from the moment it is made', async () => {
    expect(await encrypt('ann')).toBe(
      denied(ARNS.ann, 'Encrypt', KeyId, NOT_BY_IDENTITY('Encrypt')),
    )
    const { GrantId } = await grant()
    expect(await encrypt('ann')).toBe('ok')
    expect(await outcome(c.as('ann'), 'DescribeKey', { KeyId })).toContain('AccessDenied')
    await grant({ Operations: ['DescribeKey'] })
    expect(await outcome(c.as('ann'), 'DescribeKey', { KeyId })).toBe('ok')
    expect(await outcome(root, 'RevokeGrant', { KeyId, GrantId })).toBe('ok')
    expect(await encrypt('ann')).toContain('AccessDenied')
  })

  it('under its constraints', async () => {
    await grant({ Constraints: { EncryptionContextEquals: { table: 'orders' } } })
    expect(await encrypt('ann', { EncryptionContext: { table: 'orders' } })).toBe('ok')
    expect(await encrypt('ann', { EncryptionContext: { table: 'orders', x: 'y' } })).toContain(
      'AccessDenied',
    )
    expect(await encrypt('ann')).toContain('AccessDenied')
  })

  it('on behalf of a resource', async () => {
    const SourceArn = `arn:aws:s3:${REGION}:${ACCOUNT}:bucket`
    const conditions = () => ({ 'aws:SourceArn': SourceArn })
    const via = await cast('handler', { ann: [] }, { conditions })
    const key = await make(via.as('root'))
    const asked = { KeyId: key, GranteePrincipal: ARNS.ann, Operations: ['Encrypt'] }
    const of = (source: string) =>
      outcome(via.as('root'), 'CreateGrant', { ...asked, Constraints: { SourceArn: source } })
    expect(await of(`${SourceArn}s`)).toBe('ok')
    const use = () => outcome(via.as('ann'), 'Encrypt', { KeyId: key, Plaintext })
    expect(await use()).toContain('AccessDenied')
    expect(await of(SourceArn)).toBe('ok')
    expect(await use()).toBe('ok')
  })

  it('with tokens that must be tokens', async () => {
    const { GrantToken } = await grant()
    expect(await encrypt('ann', { GrantTokens: [GrantToken] })).toBe('ok')
    expect(await encrypt('ann', { GrantTokens: ['garbage'] })).toContain('InvalidGrantToken')
    expect(await encrypt('root', { GrantTokens: [`${GrantToken}x`] })).toContain(
      'InvalidGrantToken',
    )
    const of = { KeyId, GrantTokens: ['garbage'] }
    expect(await outcome(root, 'DescribeKey', of)).toContain('InvalidGrantTokenException')
    expect(await outcome(root, 'RetireGrant', { GrantToken: 'x' })).toContain('InvalidGrantToken')
  })

  it('to a stranger, whose account allows it too', async () => {
    const both = await cast('handler', { eve: [own('kms:Encrypt')] })
    const key = await make(both.as('root'))
    const asked = { KeyId: key, GranteePrincipal: ARNS.eve, Operations: ['Encrypt', 'Decrypt'] }
    expect(await outcome(both.as('root'), 'CreateGrant', asked)).toBe('ok')
    expect(await outcome(both.as('eve'), 'Encrypt', { KeyId: key, Plaintext })).toBe('ok')
  })

  it('to a grantee who passes some of it on', async () => {
    await grant({
      Operations: ['CreateGrant', 'Encrypt', 'Decrypt'],
      Constraints: { EncryptionContextSubset: { table: 'orders' } },
    })
    const pass = (given: object) => create({ GranteePrincipal: ARNS.bob, ...given }, c.as('ann'))
    expect(await pass({})).toContain('AccessDenied')
    const Constraints = { EncryptionContextSubset: { table: 'orders', row: '7' } }
    expect(await pass({ Constraints })).toBe('ok')
    expect(await pass({ Constraints, Operations: ['GenerateDataKey'] })).toContain('AccessDenied')
    const EncryptionContext = { table: 'orders', row: '7' }
    expect(await encrypt('bob', { EncryptionContext })).toBe('ok')
    expect(await encrypt('bob', { EncryptionContext: { table: 'orders' } })).toContain(
      'AccessDenied',
    )
  })
})

describe('what is refused', () => {
  const SERVICE = 's3.amazonaws.com'
  const SourceArn = `arn:aws:s3:${REGION}:${ACCOUNT}:bucket`
  it.each<[string, object, string]>([
    [
      'an alias',
      { KeyId: 'alias/main' },
      'InvalidArnException: Key Aliases are not supported for this operation.',
    ],
    [
      'CreateGrant alone',
      { Operations: ['CreateGrant'] },
      'ValidationException: Grants must not contain only the CreateGrant operation.',
    ],
    ['no operations', { Operations: [] }, 'ValidationException: Grants must contain'],
    [
      'an operation of another kind of key',
      { Operations: ['Sign'] },
      'ValidationException: operations: expected',
    ],
    [
      'another word',
      { Operations: ['Destroy'] },
      'ValidationException: 1 validation error detected',
    ],
    [
      'no grantee',
      { GranteePrincipal: undefined },
      'ValidationException: Specify either GranteePrincipal or',
    ],
    [
      'two grantees',
      { GranteeServicePrincipal: SERVICE },
      'ValidationException: Specify either GranteePrincipal or',
    ],
    [
      'a group',
      { GranteePrincipal: `arn:aws:iam::${ACCOUNT}:group/admins` },
      'InvalidArnException',
    ],
    ['no ARN', { RetiringPrincipal: 'ann' }, 'InvalidArnException'],
    [
      'a service without a source',
      { GranteePrincipal: undefined, GranteeServicePrincipal: SERVICE },
      'ValidationException: A grant to a service needs',
    ],
    [
      'both contexts',
      { Constraints: { EncryptionContextEquals: { a: 'b' }, EncryptionContextSubset: { a: 'b' } } },
      'ValidationException: constraints: expected one context at most',
    ],
    ['an unknown key', { KeyId: '11111111-2222-3333-4444-555555555555' }, 'NotFoundException'],
  ])('%s', async (_, given, text) => {
    expect(await create(given)).toContain(text)
    expect(await listed()).toEqual([])
  })

  it('but not a service with its source', async () => {
    const given = {
      GranteePrincipal: undefined,
      GranteeServicePrincipal: SERVICE,
      RetiringServicePrincipal: SERVICE,
      Constraints: { SourceArn },
    }
    expect(await create(given)).toBe('ok')
    expect(await listed()).toMatchObject([
      {
        GranteeServicePrincipal: SERVICE,
        RetiringServicePrincipal: SERVICE,
        Constraints: { SourceArn },
      },
    ])
  })

  it('contexts for keys that bind none', async () => {
    const rsa = await make(root, { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' })
    const Constraints = { EncryptionContextSubset: { a: 'b' } }
    expect(await create({ KeyId: rsa, Constraints })).toContain('ValidationException: constraints')
  })

  it('ids that are none, and those that nobody has', async () => {
    for (const name of ['RetireGrant', 'RevokeGrant', 'ListGrants'])
      expect(await outcome(root, name, { KeyId, GrantId: 'x' })).toBe(
        'InvalidGrantIdException: Grant ID x is not valid.',
      )
    expect(await listed({ GrantId: UNKNOWN })).toEqual([])
    for (const name of ['RetireGrant', 'RevokeGrant'])
      expect(await outcome(root, name, { KeyId, GrantId: UNKNOWN })).toBe(
        `NotFoundException: Grant ID ${UNKNOWN} is not found for key ${KeyId}`,
      )
  })

  it.each<[object]>([
    [{}],
    [{ GrantId: UNKNOWN }],
    [{ KeyId: '11111111-2222-3333-4444-555555555555' }],
    [{ GrantToken: 'x', GrantId: UNKNOWN }],
  ])('half a name of a grant: %j', async (input) => {
    expect(await outcome(root, 'RetireGrant', input)).toBe(
      'ValidationException: Specify either a grant token, or a key and a grant ID.',
    )
  })

  it('in the states that the table names (contracts: AWS 16)', async () => {
    const { GrantId, GrantToken } = await grant()
    await outcome(root, 'DisableKey', { KeyId })
    expect(await create({})).toBe(`DisabledException: ${KeyId} is disabled.`)
    await outcome(root, 'ScheduleKeyDeletion', { KeyId })
    expect(await create({})).toBe(`KMSInvalidStateException: ${KeyId} is pending deletion.`)
    expect(await listed()).toHaveLength(1)
    expect(await outcome(root, 'RevokeGrant', { KeyId, GrantId, DryRun: true })).toBe(DRY_RUN)
    expect(await outcome(root, 'RetireGrant', { GrantToken })).toBe('ok')
  })
})

describe('retiring and revoking', () => {
  const given = { RetiringPrincipal: READER, Operations: ['Encrypt', 'RetireGrant'] as never }
  it.each<[string, string]>([
    ['reader', 'ok'],
    ['ann', 'ok'],
    ['root', 'ok'],
  ])('by %s: %s', async (who, expected) => {
    const { GrantToken } = await grant(given)
    expect(await outcome(c.as(who), 'RetireGrant', { GrantToken })).toBe(expected)
    expect(await listed()).toEqual([])
  })

  it('not by others, whatever the key policy says', async () => {
    const { GrantId } = await grant(given)
    const Policy = policy(allow(ARNS.root), allow(ARNS.bob))
    await outcome(root, 'PutKeyPolicy', { KeyId, Policy })
    expect(await outcome(c.as('bob'), 'RetireGrant', { KeyId, GrantId })).toBe(
      denied(ARNS.bob, 'RetireGrant', KeyId, NOT_BY_IDENTITY('RetireGrant')),
    )
    expect(await outcome(c.as('bob'), 'RevokeGrant', { KeyId, GrantId })).toBe('ok')
  })

  it('revoking is for the policy', async () => {
    const { GrantId } = await grant(given)
    expect(await outcome(c.as('ann'), 'RevokeGrant', { KeyId, GrantId })).toContain('AccessDenied')
    const Policy = policy(allow(ARNS.root, 'kms:P*'))
    await outcome(root, 'PutKeyPolicy', { KeyId, Policy })
    expect(await outcome(root, 'RevokeGrant', { KeyId, GrantId })).toBe(
      denied(ARNS.root, 'RevokeGrant', KeyId, NOT_BY_KEY('RevokeGrant')),
    )
  })

  it('dry runs (contracts: AWS 10.4)', async () => {
    const { GrantId, GrantToken } = await grant()
    const DryRun = true
    expect(await create({ DryRun })).toBe(DRY_RUN)
    expect(await outcome(root, 'RetireGrant', { GrantToken, DryRun })).toBe(DRY_RUN)
    expect(await outcome(root, 'RetireGrant', { KeyId, GrantId, DryRun })).toBe(DRY_RUN)
    expect(await outcome(root, 'RevokeGrant', { KeyId, GrantId, DryRun })).toBe(DRY_RUN)
    expect(await create({ DryRun, Operations: ['Sign'] })).toContain('ValidationException')
    expect(await create({ DryRun }, c.as('bob'))).toContain('AccessDeniedException')
    expect(await listed()).toHaveLength(1)
  })
})

describe('lists', () => {
  it('in pages, by the paginator of the client', async () => {
    for (let i = 0; i < 5; i++) await grant({ RetiringPrincipal: READER })
    const ids: string[] = []
    for await (const page of paginateListGrants({ client: root, pageSize: 2 }, { KeyId }))
      ids.push(...page.Grants!.map(({ GrantId }) => GrantId!))
    expect(new Set(ids).size).toBe(5)
    const retirable: string[] = []
    const asked = { RetiringPrincipal: READER }
    for await (const page of paginateListRetirableGrants({ client: root, pageSize: 2 }, asked))
      retirable.push(...page.Grants!.map(({ GrantId }) => GrantId!))
    expect(retirable).toEqual(ids)
    for (const name of ['ListGrants', 'ListRetirableGrants'])
      expect(await outcome(root, name, { KeyId, ...asked, Marker: 'x' })).toContain('InvalidMarker')
  })

  it('by grantee', async () => {
    const { GrantId } = await grant()
    await grant({ GranteePrincipal: ARNS.bob })
    expect(await listed({ GranteePrincipal: ARNS.ann })).toMatchObject([{ GrantId }])
    expect(await listed({ GranteeServicePrincipal: 's3.amazonaws.com' })).toEqual([])
  })

  it('what may be retired, in the region of the request, of all accounts', async () => {
    await grant({ RetiringPrincipal: ARNS.eve })
    const elsewhere = c.as('root')
    elsewhere.config.region = async () => 'us-east-1'
    const far = await make(elsewhere)
    await grant({ KeyId: far, RetiringPrincipal: ARNS.eve }, elsewhere)
    const found = await c
      .as('eve')
      .send(new ListRetirableGrantsCommand({ RetiringPrincipal: ARNS.eve }))
    expect(found.Grants).toMatchObject([{ KeyId, IssuingAccount: ARNS.root }])
    expect(await outcome(c.as('ann'), 'ListRetirableGrants', { RetiringPrincipal: ARNS.ann })).toBe(
      denied(ARNS.ann, 'ListRetirableGrants', ARNS.ann, NOT_BY_IDENTITY('ListRetirableGrants')),
    )
    for (const input of [{}, { RetiringPrincipal: ARNS.ann, RetiringServicePrincipal: 'a.b.c' }])
      expect(await outcome(root, 'ListRetirableGrants', input)).toContain('ValidationException')
  })
})
