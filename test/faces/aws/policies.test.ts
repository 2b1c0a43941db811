/** Key policies by the official client (contracts: AWS 12, 17). */
import {
  CreateKeyCommand,
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  ListKeyPoliciesCommand,
  PutKeyPolicyCommand,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { allow, ARNS, cast, deny, denied, NOT_BY_KEY, own, policy } from './principals.ts'
import { ACCOUNT, openWorld, TRANSPORTS } from './world.ts'

const DEFAULT = `{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {
      "AWS" : "arn:aws:iam::${ACCOUNT}:root"
    },
    "Action" : "kms:*",
    "Resource" : "*"
  } ]
}`

const make = async (kms: KMSClient, input = {}): Promise<string> =>
  (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.Arn!
const policyOf = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new GetKeyPolicyCommand({ KeyId }))).Policy

describe.each(Object.entries(TRANSPORTS))('through the %s', (_, connect) => {
  it('a key has the default policy, until it gets another', async () => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms)
    const read = await kms.send(new GetKeyPolicyCommand({ KeyId, PolicyName: 'default' }))
    expect(read).toMatchObject({ Policy: DEFAULT, PolicyName: 'default' })
    const Policy = ` ${policy(allow(ARNS.root))}\n`
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy, PolicyName: 'default' }))
    expect(await policyOf(kms, KeyId)).toBe(Policy)
    expect(await policyOf(kms, await make(kms, { Policy }))).toBe(Policy)
    const { PolicyNames, Truncated } = await kms.send(new ListKeyPoliciesCommand({ KeyId }))
    expect([PolicyNames, Truncated]).toEqual([['default'], false])
  })
})

describe('a policy that is refused', () => {
  const REFUSED: readonly (readonly [string, string, string])[] = [
    ['no JSON', '{', 'MalformedPolicyDocumentException: policy: expected a JSON document'],
    [
      'no version',
      '{"Statement":[]}',
      'MalformedPolicyDocumentException: policy.Version: expected',
    ],
    [
      'no principal',
      policy({ Effect: 'Allow', Action: 'kms:*', Resource: '*' }),
      'MalformedPolicyDocumentException: Policy contains a statement with no principal.',
    ],
    [
      'a group as principal',
      policy(allow(`arn:aws:iam::${ACCOUNT}:group/admins`)),
      'MalformedPolicyDocumentException: Policy contains a statement with one or more invalid ' +
        'principals.',
    ],
    [
      'the caller shut out',
      policy(allow(ARNS.bob)),
      'MalformedPolicyDocumentException: The new key policy will not allow you to update the key ' +
        'policy in the future.',
    ],
    [
      'ForAllValues over what may be left out',
      policy({
        ...allow(ARNS.root),
        Condition: { 'ForAllValues:StringEquals': { 'kms:EncryptionContext:a': 'b' } },
      }),
      'MalformedPolicyDocumentException: policy.Statement[0].Condition.ForAllValues:StringEquals',
    ],
    ['more than 32 KiB', policy(allow(ARNS.root)).padEnd(32_769), 'LimitExceededException: policy'],
    [
      'a character beyond U+00FF',
      `${policy(allow(ARNS.root))}\u0100`,
      'ValidationException: 1 val',
    ],
  ]

  it.each(REFUSED)('%s', async (_, Policy, text) => {
    const { kms } = await openWorld()
    const KeyId = await make(kms)
    expect(await outcome(kms, 'PutKeyPolicy', { KeyId, Policy })).toContain(text)
    expect(await outcome(kms, 'CreateKey', { Policy })).toContain(text)
    expect(await policyOf(kms, KeyId)).toBe(DEFAULT)
  })

  it('for its name', async () => {
    const { kms } = await openWorld()
    const KeyId = await make(kms)
    const named = { KeyId, PolicyName: 'other', Policy: policy(allow(ARNS.root)) }
    for (const name of ['GetKeyPolicy', 'PutKeyPolicy'])
      expect(await outcome(kms, name, named)).toBe('NotFoundException: No such policy exists')
    const Marker = 'x'
    expect(await outcome(kms, 'ListKeyPolicies', { KeyId, Marker })).toContain('InvalidMarker')
  })

  it('for its key', async () => {
    const { kms } = await openWorld()
    const KeyId = 'alias/main'
    await kms.send(new DescribeKeyCommand({ KeyId: await make(kms) }))
    for (const name of ['GetKeyPolicy', 'ListKeyPolicies'])
      expect(await outcome(kms, name, { KeyId })).toBe(
        'InvalidArnException: Key Aliases are not supported for this operation.',
      )
  })
})

describe('the lockout check', () => {
  it.each<[string, object[]]>([
    ['by name', [allow(ARNS.ann)]],
    ['through the account', [allow(ACCOUNT)]],
  ])('keeps the caller %s', async (_, statements) => {
    const { as } = await cast()
    const KeyId = await make(as('ann'))
    const Policy = policy(...statements)
    expect(await outcome(as('ann'), 'PutKeyPolicy', { KeyId, Policy })).toBe('ok')
  })

  it('can be left out, and then does what it says', async () => {
    const { as } = await cast()
    const KeyId = await make(as('ann'))
    const put = { KeyId, Policy: policy(allow(ARNS.bob)), BypassPolicyLockoutSafetyCheck: true }
    expect(await outcome(as('ann'), 'PutKeyPolicy', put)).toBe('ok')
    expect(await outcome(as('ann'), 'PutKeyPolicy', put)).toBe(
      denied(ARNS.ann, 'PutKeyPolicy', KeyId, NOT_BY_KEY('PutKeyPolicy')),
    )
    expect(await outcome(as('bob'), 'GetKeyPolicy', { KeyId })).toBe('ok')
  })

  it('is itself a condition', async () => {
    const { as } = await cast('handler', {
      ann: [
        own('kms:*'),
        policy({
          Effect: 'Deny',
          Action: ['kms:CreateKey', 'kms:PutKeyPolicy'],
          Resource: '*',
          Condition: { Bool: { 'kms:BypassPolicyLockoutSafetyCheck': 'true' } },
        }),
      ],
    })
    const Policy = policy(allow(ARNS.ann), deny(ARNS.bob))
    const input = { Policy, BypassPolicyLockoutSafetyCheck: true }
    expect(await outcome(as('ann'), 'CreateKey', input)).toBe(
      denied(ARNS.ann, 'CreateKey', '*', 'with an explicit deny in an identity-based policy'),
    )
    expect(await outcome(as('ann'), 'CreateKey', { Policy })).toBe('ok')
  })
})
