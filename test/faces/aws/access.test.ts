/** Who may: callers by access key, their policies, condition keys (contracts: AWS 3, 5, 12). */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  PutKeyPolicyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { ask, outcome } from './ask.ts'
import {
  allow,
  ARNS,
  cast,
  deny,
  denied,
  NOT_BY_IDENTITY,
  NOT_BY_KEY,
  OTHER,
  own,
  policy,
  READER,
} from './principals.ts'
import { utf8 } from './using.ts'
import { ACCOUNT, openWorld, REGION, TRANSPORTS } from './world.ts'

const Plaintext = utf8('attack at dawn')
const EncryptionContext = { table: 'orders' }

async function keyWith(kms: KMSClient, ...statements: object[]): Promise<string> {
  const Policy = policy(allow(ARNS.root), ...statements)
  return (await kms.send(new CreateKeyCommand({ Policy }))).KeyMetadata!.Arn!
}
const put = (kms: KMSClient, KeyId: string, ...statements: object[]) =>
  kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policy(allow(ARNS.root), ...statements) }))

describe('who asks', () => {
  it.each(Object.keys(TRANSPORTS))('is found by the access key, through the %s', async (way) => {
    const { room, as } = await cast(way)
    const KeyId = await keyWith(as('root'), deny(ARNS.bob, 'kms:Encrypt'))
    const encrypt = (who: string) => outcome(as(who), 'Encrypt', { KeyId, Plaintext })
    expect(await encrypt('ann')).toBe('ok')
    expect(await encrypt('bob')).toBe(
      denied(ARNS.bob, 'Encrypt', KeyId, 'with an explicit deny in a resource-based policy'),
    )
    expect(await encrypt('mallory')).toBe(
      'UnrecognizedClientException: The security token included in the request is invalid.',
    )
    const principals = new Set<string | undefined>()
    for await (const { operation, principal } of room.journal())
      if (operation === 'createKey') principals.add(principal)
    expect([...principals]).toEqual([ARNS.root])
  })

  it('is the root user of the account while nobody has a name', async () => {
    const { kms } = await openWorld()
    const KeyId = await keyWith(kms)
    expect(await outcome(kms, 'Encrypt', { KeyId, Plaintext })).toBe('ok')
    await put(kms, KeyId, deny(ARNS.root, 'kms:Encrypt'))
    expect(await outcome(kms, 'Encrypt', { KeyId, Plaintext })).toBe(
      denied(ARNS.root, 'Encrypt', KeyId, 'with an explicit deny in a resource-based policy'),
    )
  })

  it('may be anybody beside those who have names', async () => {
    const { as } = await cast('handler', {}, { anyCredentials: true })
    const KeyId = await keyWith(as('anyone'))
    expect(await outcome(as('stranger'), 'Encrypt', { KeyId, Plaintext })).toBe('ok')
    await put(as('anyone'), KeyId, deny(ARNS.bob))
    expect(await outcome(as('bob'), 'DescribeKey', { KeyId })).toContain('AccessDeniedException')
  })
})

describe('what their account allows', () => {
  it('decides where the key policy names the account', async () => {
    const { as } = await cast('handler', { ann: [own('kms:Encrypt')], bob: [] })
    const KeyId = await keyWith(as('root'))
    expect(await outcome(as('ann'), 'Encrypt', { KeyId, Plaintext })).toBe('ok')
    expect(await outcome(as('ann'), 'DescribeKey', { KeyId })).toBe(
      denied(ARNS.ann, 'DescribeKey', KeyId, NOT_BY_IDENTITY('DescribeKey')),
    )
    expect(await outcome(as('bob'), 'Encrypt', { KeyId, Plaintext })).toBe(
      denied(ARNS.bob, 'Encrypt', KeyId, NOT_BY_IDENTITY('Encrypt')),
    )
    await put(as('root'), KeyId, allow(ARNS.bob, 'kms:Encrypt'))
    expect(await outcome(as('bob'), 'Encrypt', { KeyId, Plaintext })).toBe('ok')
  })

  it('decides about everything that is no key', async () => {
    const { as } = await cast('handler', {
      ann: [own('kms:CreateKey'), own('kms:ListKeys')],
      bob: [],
    })
    expect(await outcome(as('ann'), 'CreateKey', {})).toBe('ok')
    expect(await outcome(as('ann'), 'ListKeys', {})).toBe('ok')
    for (const name of ['ListAliases', 'CreateKey', 'ListKeys', 'GenerateRandom'])
      expect(await outcome(as('bob'), name, { NumberOfBytes: 1 })).toBe(
        denied(ARNS.bob, name, '*', NOT_BY_IDENTITY(name)),
      )
    const Tags = [{ TagKey: 'a', TagValue: 'b' }]
    expect(await outcome(as('ann'), 'CreateKey', { Tags })).toBe(
      denied(ARNS.ann, 'TagResource', '*', NOT_BY_IDENTITY('TagResource')),
    )
  })

  it('decides about the name of an alias beside its key', async () => {
    const alias = (name: string) => `arn:aws:kms:${REGION}:${ACCOUNT}:alias/${name}`
    const { as } = await cast('handler', { ann: [own('kms:*Alias', alias('ann/*'))] })
    const KeyId = await keyWith(as('root'), allow(ARNS.ann, 'kms:*Alias'))
    const TargetKeyId = KeyId
    const create = (AliasName: string) =>
      outcome(as('ann'), 'CreateAlias', { AliasName, TargetKeyId })
    expect(await create('alias/ann/1')).toBe('ok')
    expect(await create('alias/bob/1')).toBe(
      denied(ARNS.ann, 'CreateAlias', alias('bob/1'), NOT_BY_IDENTITY('CreateAlias')),
    )
    await as('root').send(new CreateAliasCommand({ AliasName: 'alias/bob/1', TargetKeyId }))
    const other = await keyWith(as('root'))
    const move = { AliasName: 'alias/ann/1', TargetKeyId: other }
    expect(await outcome(as('ann'), 'UpdateAlias', move)).toContain('AccessDeniedException')
    await put(as('root'), other, allow(ARNS.ann, 'kms:UpdateAlias'))
    expect(await outcome(as('ann'), 'UpdateAlias', move)).toBe('ok')
    await put(as('root'), other)
    const AliasName = 'alias/ann/1'
    expect(await outcome(as('ann'), 'DeleteAlias', { AliasName })).toContain('AccessDenied')
    await put(as('root'), other, allow(ARNS.ann, 'kms:DeleteAlias'))
    expect(await outcome(as('ann'), 'DeleteAlias', { AliasName })).toBe('ok')
  })
})

describe('sessions and strangers', () => {
  it('a session has the rights of its role', async () => {
    const { as } = await cast('handler', { reader: [] })
    const KeyId = await keyWith(as('root'), allow(READER, 'kms:Encrypt'))
    expect(await outcome(as('reader'), 'Encrypt', { KeyId, Plaintext })).toBe('ok')
  })

  it('a stranger needs both accounts, and only for some operations', async () => {
    const { as } = await cast('handler', { eve: [own(['kms:Encrypt', 'kms:Decrypt', 'kms:Tag*'])] })
    const KeyId = await keyWith(as('root'))
    const encrypt = () => outcome(as('eve'), 'Encrypt', { KeyId, Plaintext })
    expect(await encrypt()).toBe(denied(ARNS.eve, 'Encrypt', KeyId, NOT_BY_KEY('Encrypt')))
    await put(as('root'), KeyId, allow(OTHER))
    expect(await encrypt()).toBe('ok')
    expect(await outcome(as('eve'), 'DescribeKey', { KeyId })).toBe(
      denied(ARNS.eve, 'DescribeKey', KeyId, NOT_BY_IDENTITY('DescribeKey')),
    )
    const tag = { KeyId, Tags: [{ TagKey: 'a', TagValue: 'b' }] }
    expect(await outcome(as('eve'), 'TagResource', tag)).toBe(
      denied(ARNS.eve, 'TagResource', KeyId, NOT_BY_KEY('TagResource')),
    )
    const { CiphertextBlob } = await as('root').send(new EncryptCommand({ KeyId, Plaintext }))
    expect(await outcome(as('eve'), 'Decrypt', { CiphertextBlob })).toBe('ok')
  })
})

describe('the order of refusals (contracts: AWS 5)', () => {
  it('tells who may not ask before anything of the key', async () => {
    const { as } = await cast()
    const KeyId = await keyWith(as('root'), deny(ARNS.bob))
    await ask(as('root'), 'DisableKey', { KeyId })
    const bobs = async (name: string, input: object = {}) =>
      (await outcome(as('bob'), name, { KeyId, ...input })).split(':')[0]
    expect(await bobs('Encrypt', { Plaintext })).toBe('AccessDeniedException')
    expect(await bobs('Sign', { Message: Plaintext, SigningAlgorithm: 'ECDSA_SHA_256' })).toBe(
      'AccessDeniedException',
    )
    expect(await bobs('RotateKeyOnDemand')).toBe('AccessDeniedException')
    expect(await bobs('Encrypt', { Plaintext, DryRun: true })).toBe('AccessDeniedException')
    expect(await bobs('Encrypt', { Plaintext: new Uint8Array(4097) })).toBe('ValidationException')
    const KeyIdOfNone = '11111111-2222-3333-4444-555555555555'
    expect(await bobs('Encrypt', { Plaintext, KeyId: KeyIdOfNone })).toBe('NotFoundException')
    expect(await outcome(as('ann'), 'Encrypt', { KeyId, Plaintext })).toBe(
      `DisabledException: ${KeyId} is disabled.`,
    )
  })
})

/** An operation, what it asks, and a condition that holds for it. */
const CONDITIONS: readonly (readonly [string, object, object])[] = [
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:EncryptionAlgorithm': 'SYMMETRIC_DEFAULT' } }],
  [
    'Encrypt',
    { Plaintext, EncryptionContext },
    { StringEquals: { 'kms:EncryptionContext:TABLE': 'orders' } },
  ],
  [
    'GenerateDataKey',
    { KeySpec: 'AES_256', EncryptionContext },
    { 'ForAllValues:StringEquals': { 'kms:EncryptionContextKeys': ['table', 'row'] } },
  ],
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:CallerAccount': ACCOUNT } }],
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT' } }],
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:KeyUsage': 'ENCRYPT_DECRYPT' } }],
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:KeyOrigin': 'AWS_KMS' } }],
  ['Encrypt', { Plaintext }, { Bool: { 'kms:MultiRegion': 'false' } }],
  ['Encrypt', { Plaintext }, { ArnLike: { 'aws:PrincipalArn': `arn:aws:iam::${ACCOUNT}:user/*` } }],
  ['Encrypt', { Plaintext }, { StringEquals: { 'aws:RequestedRegion': REGION } }],
  ['Encrypt', { Plaintext }, { DateLessThan: { 'aws:CurrentTime': '2026-01-02' } }],
  ['Encrypt', { Plaintext }, { StringEquals: { 'kms:ViaService': 's3.amazonaws.com' } }],
  ['Encrypt', { Plaintext }, { IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } }],
  [
    'GenerateDataKeyPair',
    { KeyPairSpec: 'ECC_NIST_P256' },
    { StringEquals: { 'kms:DataKeyPairSpec': 'ECC_NIST_P256' } },
  ],
  [
    'ScheduleKeyDeletion',
    {},
    { NumericEquals: { 'kms:ScheduleKeyDeletionPendingWindowInDays': 30 } },
  ],
  ['EnableKeyRotation', {}, { NumericLessThan: { 'kms:RotationPeriodInDays': 400 } }],
  [
    'TagResource',
    { Tags: [{ TagKey: 'Team', TagValue: 'red' }] },
    {
      StringEquals: { 'aws:RequestTag/team': 'red' },
      'ForAllValues:StringEquals': { 'aws:TagKeys': ['Team'] },
    },
  ],
  ['UntagResource', { TagKeys: ['Team'] }, { StringEquals: { 'aws:TagKeys': 'Team' } }],
  [
    'CreateGrant',
    {
      GranteePrincipal: ARNS.bob,
      RetiringPrincipal: ARNS.bob,
      Operations: ['Decrypt'],
      Constraints: { EncryptionContextSubset: EncryptionContext },
    },
    {
      StringEquals: {
        'kms:GranteePrincipal': ARNS.bob,
        'kms:RetiringPrincipal': ARNS.bob,
        'kms:EncryptionContext:table': 'orders',
        'kms:GrantConstraintType': 'EncryptionContextSubset',
      },
      'ForAllValues:StringEquals': { 'kms:GrantOperations': ['Decrypt', 'Encrypt'] },
      Bool: { 'kms:GrantIsForAWSResource': 'false' },
    },
  ],
]

describe('condition keys', () => {
  const surroundings = {
    conditions: () => ({ 'kms:ViaService': 's3.amazonaws.com', 'aws:SourceIp': '10.1.2.3' }),
  }
  it.each(CONDITIONS)('of %s with %j: %j', async (name, input, Condition) => {
    const { as } = await cast('handler', { ann: [] }, surroundings)
    const action = `kms:${name}`
    const KeyId = await keyWith(as('root'), { ...allow(ARNS.ann, action), Condition })
    expect(await outcome(as('ann'), name, { KeyId, ...input })).toBe('ok')
    const other = await keyWith(
      as('root'),
      { ...deny(ARNS.ann, action), Condition },
      allow(ARNS.ann),
    )
    expect(await outcome(as('ann'), name, { KeyId: other, ...input })).toContain('explicit deny')
  })

  it('of a new key', async () => {
    const Condition = {
      StringEquals: { 'kms:KeySpec': 'SYMMETRIC_DEFAULT', 'kms:KeyOrigin': 'AWS_KMS' },
      Bool: { 'kms:MultiRegion': 'false' },
    }
    const { as } = await cast('handler', {
      ann: [policy({ Effect: 'Allow', Action: 'kms:CreateKey', Resource: '*', Condition })],
    })
    expect(await outcome(as('ann'), 'CreateKey', {})).toBe('ok')
    const hmac = { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }
    expect(await outcome(as('ann'), 'CreateKey', hmac)).toContain('AccessDeniedException')
  })

  it('of the alias by which a key is named', async () => {
    const { as } = await cast('handler', { ann: [] })
    const Condition = { StringEquals: { 'kms:RequestAlias': 'alias/main' } }
    const KeyId = await keyWith(as('root'), { ...allow(ARNS.ann, 'kms:Encrypt'), Condition })
    await as('root').send(new CreateAliasCommand({ AliasName: 'alias/main', TargetKeyId: KeyId }))
    const by = (name: string) => outcome(as('ann'), 'Encrypt', { KeyId: name, Plaintext })
    expect(await by('alias/main')).toBe('ok')
    expect(await by(`arn:aws:kms:${REGION}:${ACCOUNT}:alias/main`)).toBe('ok')
    expect(await by(KeyId)).toContain('AccessDeniedException')
    await put(as('root'), KeyId, {
      ...allow(ARNS.ann, 'kms:Encrypt'),
      Condition: { 'ForAnyValue:StringLike': { 'kms:ResourceAliases': 'alias/m*' } },
    })
    expect(await by(KeyId)).toBe('ok')
  })

  it('of signing and of MACs', async () => {
    const { as } = await cast('handler', { ann: [] })
    const make = async (KeySpec: 'ECC_NIST_P256' | 'HMAC_256', Condition: object) => {
      const KeyUsage = KeySpec === 'HMAC_256' ? 'GENERATE_VERIFY_MAC' : 'SIGN_VERIFY'
      const Policy = policy(allow(ARNS.root), { ...allow(ARNS.ann), Condition })
      const made = await as('root').send(new CreateKeyCommand({ KeySpec, KeyUsage, Policy }))
      return made.KeyMetadata!.Arn!
    }
    const signing = { 'kms:SigningAlgorithm': 'ECDSA_SHA_256', 'kms:MessageType': 'RAW' }
    const ec = await make('ECC_NIST_P256', { StringEquals: signing })
    const sign = (more: object) =>
      outcome(as('ann'), 'Sign', {
        ...{ KeyId: ec, Message: new Uint8Array(32), SigningAlgorithm: 'ECDSA_SHA_256' },
        ...more,
      })
    expect(await sign({})).toBe('ok')
    expect(await sign({ MessageType: 'DIGEST' })).toContain('AccessDeniedException')
    const hmac = await make('HMAC_256', { StringEquals: { 'kms:MacAlgorithm': 'HMAC_SHA_256' } })
    const mac = { KeyId: hmac, Message: Plaintext, MacAlgorithm: 'HMAC_SHA_256' }
    expect(await outcome(as('ann'), 'GenerateMac', mac)).toBe('ok')
    expect(await outcome(as('ann'), 'DescribeKey', { KeyId: hmac })).toContain('AccessDenied')
  })

  it('of re-encryption, by side', async () => {
    const { as } = await cast('handler', { ann: [] })
    const when = (action: string, Condition: object) => ({
      ...allow(ARNS.ann, `kms:${action}`),
      Condition,
    })
    const from = await keyWith(
      as('root'),
      when('ReEncryptFrom', {
        StringEquals: { 'kms:EncryptionContext:table': 'orders' },
        Bool: { 'kms:ReEncryptOnSameKey': 'false' },
      }),
    )
    const to = await keyWith(
      as('root'),
      when('ReEncryptTo', { StringEquals: { 'kms:EncryptionContext:table': 'archive' } }),
    )
    const { CiphertextBlob } = await as('root').send(
      new EncryptCommand({ KeyId: from, Plaintext, EncryptionContext }),
    )
    const move = (DestinationKeyId: string, table: string) =>
      outcome(as('ann'), 'ReEncrypt', {
        CiphertextBlob,
        SourceEncryptionContext: EncryptionContext,
        DestinationKeyId,
        DestinationEncryptionContext: { table },
      })
    expect(await move(to, 'archive')).toBe('ok')
    expect(await move(to, 'other')).toBe(
      denied(ARNS.ann, 'ReEncryptTo', to, NOT_BY_IDENTITY('ReEncryptTo')),
    )
    expect(await move(from, 'archive')).toBe(
      denied(ARNS.ann, 'ReEncryptFrom', from, NOT_BY_IDENTITY('ReEncryptFrom')),
    )
  })
})

it('a decision holds for the next use and not for the next policy', async () => {
  const { as } = await cast('plugin')
  const KeyId = await keyWith(as('root'), deny(ARNS.bob, 'kms:GenerateDataKey'))
  const [ann, bob] = [as('ann'), as('bob')]
  const dataKey = (kms: KMSClient) => outcome(kms, 'GenerateDataKey', { KeyId, KeySpec: 'AES_256' })
  for (let i = 0; i < 5; i++) {
    await as('root').send(new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256' }))
    expect(await dataKey(ann)).toBe('ok')
    expect(await dataKey(bob)).toContain('AccessDeniedException')
  }
  await put(as('root'), KeyId, deny(ARNS.ann, 'kms:GenerateDataKey'))
  expect(await dataKey(ann)).toContain('AccessDeniedException')
  expect(await dataKey(bob)).toBe('ok')
})

it('the room tells what decided', async () => {
  const { room, as } = await cast()
  const KeyId = await keyWith(as('root'), { ...deny(ARNS.bob, 'kms:Encrypt'), Sid: 'Not Bob' })
  const keyId = KeyId.split('/')[1]!
  const asked = { keyId, principal: ARNS.bob, operation: 'encrypt' } as const
  expect(await room.explainAccess(asked)).toMatchObject({
    allowed: false,
    rule: 'keyPolicy.deny',
    by: 'statement 2 (Not Bob) of the key policy',
  })
})
