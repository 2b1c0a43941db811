/** Aliases (contracts: AWS 10.2, 17). */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ScheduleKeyDeletionCommand,
  UpdateAliasCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { ask, outcome } from './ask.ts'
import { ACCOUNT, openWorld, refusal, REGION, START, TRANSPORTS } from './world.ts'

async function make(kms: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  return (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.KeyId!
}
const arn = (resource: string): string => `arn:aws:kms:${REGION}:${ACCOUNT}:${resource}`
const PREFIX =
  'ValidationException: Alias must start with the prefix "alias/". Please see ' +
  'https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html'

describe.each(Object.entries(TRANSPORTS))('aliases through the %s', (_, connect) => {
  it('are made, led elsewhere, removed; only answers of lists say something', async () => {
    const { kms, clock } = await openWorld(connect)
    const [first, second] = [await make(kms), await make(kms)]
    const AliasName = 'alias/shop/orders-1_A'
    const made = await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: first }))
    expect(Object.keys(made)).toEqual(['$metadata'])
    const shown = {
      AliasName,
      AliasArn: arn(AliasName),
      TargetKeyId: first,
      CreationDate: START,
      LastUpdatedDate: START,
    }
    expect((await kms.send(new ListAliasesCommand({}))).Aliases).toEqual([shown])
    clock.advance({ seconds: 5 })
    await kms.send(new UpdateAliasCommand({ AliasName, TargetKeyId: arn(`key/${second}`) }))
    const later = { LastUpdatedDate: new Date(START.getTime() + 5000) }
    const moved = { ...shown, ...later, TargetKeyId: second }
    expect((await kms.send(new ListAliasesCommand({ KeyId: second }))).Aliases).toEqual([moved])
    expect((await kms.send(new ListAliasesCommand({ KeyId: first }))).Aliases).toEqual([])
    await kms.send(new DeleteAliasCommand({ AliasName }))
    expect((await kms.send(new ListAliasesCommand({}))).Aliases).toEqual([])
    const gone = kms.send(new DescribeKeyCommand({ KeyId: AliasName }))
    const expected = ['NotFoundException', `Alias ${arn(AliasName)} is not found.`]
    expect(await refusal(gone)).toEqual(expected)
  })

  it('are unique in an account and region, and differ by case', async () => {
    const { kms, client } = await openWorld(connect)
    const TargetKeyId = await make(kms)
    const AliasName = 'alias/orders'
    await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
    const again = kms.send(new CreateAliasCommand({ AliasName, TargetKeyId }))
    expect(await refusal(again)).toEqual([
      'AlreadyExistsException',
      `An alias with the name ${arn(AliasName)} already exists`,
    ])
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/Orders', TargetKeyId }))
    const elsewhere = client({ region: 'us-east-1' })
    const TargetThere = await make(elsewhere)
    await elsewhere.send(new CreateAliasCommand({ AliasName, TargetKeyId: TargetThere }))
  })

  it.each([
    ['orders', PREFIX],
    ['Alias/orders', PREFIX],
    ['alias/a:b', 'ValidationException: alias/a:b contains invalid characters for an alias'],
    ['alias/', 'ValidationException: alias/ contains invalid characters for an alias'],
    [
      'alias/a b',
      "ValidationException: 1 validation error detected: Value 'alias/a b' at 'aliasName' failed to " +
        'satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$',
    ],
    ['alias/aws/s3', 'NotAuthorizedException: UnknownError'],
  ])('are not called %s', async (AliasName, expected) => {
    const { kms } = await openWorld(connect)
    const TargetKeyId = await make(kms)
    for (const name of ['CreateAlias', 'UpdateAlias', 'DeleteAlias'])
      expect(await outcome(kms, name, { AliasName, TargetKeyId })).toBe(expected)
  })

  it.each(['UpdateAlias', 'DeleteAlias'])('%s needs one that is there', async (name) => {
    const { kms } = await openWorld(connect)
    const TargetKeyId = await make(kms)
    expect(await outcome(kms, name, { AliasName: 'alias/no', TargetKeyId })).toBe(
      `NotFoundException: Alias ${arn('alias/no')} is not found.`,
    )
  })

  it('lead to keys, not to aliases', async () => {
    const { kms } = await openWorld(connect)
    const TargetKeyId = await make(kms)
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId }))
    for (const name of ['CreateAlias', 'UpdateAlias'])
      expect(await outcome(kms, name, { AliasName: 'alias/a', TargetKeyId: 'alias/a' })).toBe(
        'ValidationException: Aliases must refer to keys. Not aliases',
      )
  })

  it.each([
    ['another type', { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' }],
    ['another usage', { KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' }],
  ] as const)('are not led to a key of %s', async (_, input) => {
    const { kms } = await openWorld(connect)
    const TargetKeyId = await make(kms)
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId }))
    const other = await make(kms, input)
    const led = kms.send(new UpdateAliasCommand({ AliasName: 'alias/a', TargetKeyId: other }))
    expect((await refusal(led))[0]).toBe('ValidationException')
    expect((await kms.send(new ListAliasesCommand({ KeyId: other }))).Aliases).toEqual([])
  })

  it('are led from one asymmetric key to another of the same usage', async () => {
    const { kms } = await openWorld(connect)
    const KeyUsage = 'SIGN_VERIFY'
    const TargetKeyId = await make(kms, { KeySpec: 'ECC_NIST_P256', KeyUsage })
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId }))
    const other = await make(kms, { KeySpec: 'ECC_NIST_EDWARDS25519', KeyUsage })
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/a', TargetKeyId: other }))
    const found = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/a' }))
    expect(found.KeyMetadata!.KeyId).toBe(other)
  })

  it('are led away from a key that is pending deletion, never to one; they go with it', async () => {
    const { kms, clock } = await openWorld(connect)
    const [going, staying] = [await make(kms), await make(kms)]
    for (const AliasName of ['alias/a', 'alias/b'])
      await kms.send(new CreateAliasCommand({ AliasName, TargetKeyId: going }))
    await kms.send(new ScheduleKeyDeletionCommand({ KeyId: going, PendingWindowInDays: 7 }))
    await kms.send(new UpdateAliasCommand({ AliasName: 'alias/a', TargetKeyId: staying }))
    const back = { AliasName: 'alias/a', TargetKeyId: going }
    const expected = `KMSInvalidStateException: ${arn(`key/${going}`)} is pending deletion.`
    expect(await outcome(kms, 'UpdateAlias', back)).toBe(expected)
    clock.advance({ days: 7 })
    const { Aliases } = await kms.send(new ListAliasesCommand({}))
    expect(Aliases!.map(({ AliasName }) => AliasName)).toEqual(['alias/a'])
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/b', TargetKeyId: staying }))
  })

  it('are at most so many for a key, made or led there', async () => {
    const { kms } = await openWorld(connect, { quotas: { aliasesPerKey: 2 } })
    const [full, other] = [await make(kms), await make(kms)]
    for (const name of ['a', 'b'])
      await ask(kms, 'CreateAlias', { AliasName: `alias/${name}`, TargetKeyId: full })
    await ask(kms, 'CreateAlias', { AliasName: 'alias/c', TargetKeyId: other })
    const LIMIT = /^LimitExceededException: /
    const made = { AliasName: 'alias/d', TargetKeyId: full }
    expect(await outcome(kms, 'CreateAlias', made)).toMatch(LIMIT)
    const led = { AliasName: 'alias/c', TargetKeyId: full }
    expect(await outcome(kms, 'UpdateAlias', led)).toMatch(LIMIT)
  })
})

describe.each(Object.entries(TRANSPORTS))('keys of services through the %s', (_, connect) => {
  it('are made when they are first asked for, once, whoever asks', async () => {
    const { kms } = await openWorld(connect)
    const asked = Array.from({ length: 5 }, () =>
      kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/s3' })),
    )
    const shown = (await Promise.all(asked)).map(({ KeyMetadata }) => KeyMetadata!)
    expect(new Set(shown.map(({ Arn }) => Arn)).size).toBe(1)
    expect(shown[0]).toMatchObject({ KeyManager: 'AWS', KeyState: 'Enabled', Origin: 'AWS_KMS' })
    expect((await kms.send(new ListKeysCommand({}))).Keys).toHaveLength(1)
    const { Aliases } = await kms.send(new ListAliasesCommand({}))
    expect(Aliases).toMatchObject([{ AliasName: 'alias/aws/s3', TargetKeyId: shown[0]!.KeyId }])
  })

  it('rotate every 365 days', async () => {
    const { kms, clock, room } = await openWorld(connect)
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }))
    clock.advance({ days: 366 })
    const { items } = await room.listRotations({ keyId: KeyMetadata!.KeyId! })
    expect(items).toMatchObject([{ automatic: true }])
  })

  it.each([
    'DisableKey',
    'EnableKey',
    'ScheduleKeyDeletion',
    'CancelKeyDeletion',
    'UpdateKeyDescription',
    'TagResource',
    'UntagResource',
    'CreateAlias',
  ])('are not the caller’s to change: %s', async (name) => {
    const { kms } = await openWorld(connect)
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId: 'alias/aws/ebs' }))
    const { KeyId, Arn } = KeyMetadata!
    const members = { Description: '', Tags: [], TagKeys: [], AliasName: 'alias/a' }
    expect(await outcome(kms, name, { KeyId, TargetKeyId: KeyId, ...members })).toBe(
      `AccessDeniedException: User: arn:aws:iam::${ACCOUNT}:root is not authorized to perform: ` +
        `kms:${name} on resource: ${Arn} because no resource-based policy allows the ` +
        `kms:${name} action`,
    )
  })

  it('have names of services', async () => {
    const { kms } = await openWorld(connect)
    for (const name of ['alias/aws/', 'alias/aws/S3', 'alias/aws/a/b', 'alias/aws'])
      expect(await outcome(kms, 'DescribeKey', { KeyId: name })).toBe(
        `NotFoundException: Alias ${arn(name)} is not found.`,
      )
  })
})

describe('an alias in front of a disabled key', () => {
  it('can be made and removed', async () => {
    const { kms } = await openWorld()
    const TargetKeyId = await make(kms)
    await kms.send(new DisableKeyCommand({ KeyId: TargetKeyId }))
    await kms.send(new CreateAliasCommand({ AliasName: 'alias/a', TargetKeyId }))
    await kms.send(new DeleteAliasCommand({ AliasName: 'alias/a' }))
  })
})
