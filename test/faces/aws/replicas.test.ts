/** Multi-Region keys (contracts: AWS 13, 16, 17): clients of several regions of one room. */
import {
  CancelKeyDeletionCommand,
  CreateAliasCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  GetPublicKeyCommand,
  ListAliasesCommand,
  ListKeyRotationsCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  ReEncryptCommand,
  ReplicateKeyCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  SignCommand,
  UpdateKeyDescriptionCommand,
  UpdatePrimaryRegionCommand,
  VerifyCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { beforeEach, describe, expect, it } from 'vitest'
import { sharedProvider } from '../../helpers/provider.ts'
import { outcome } from './ask.ts'
import { importInto } from './import-kit.ts'
import { allow, ARNS, cast, deny, own, policy } from './principals.ts'
import { ACCOUNT, openWorld, refusal, REGION, START, type World } from './world.ts'

const EAST = 'us-east-1'
const WEST = 'us-west-2'
const MRK = /^mrk-[0-9a-f]{32}$/
const DAY_MS = 86_400_000
const inDays = (days: number): Date => new Date(START.getTime() + days * DAY_MS)
const Plaintext = Uint8Array.of(1, 2, 3)

let world: World
let home: KMSClient
let east: KMSClient
let west: KMSClient
beforeEach(async () => {
  world = await openWorld(undefined, {}, { crypto: await sharedProvider() })
  home = world.kms
  east = world.client({ region: EAST })
  west = world.client({ region: WEST })
  return () => world.room.close()
})

const arnIn = (region: string, KeyId: string): string =>
  `arn:aws:kms:${region}:${ACCOUNT}:key/${KeyId}`
async function make(input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await home.send(new CreateKeyCommand({ MultiRegion: true, ...input }))
  return KeyMetadata!
}
const replicate = (KeyId: string, ReplicaRegion = EAST, more: object = {}, kms = home) =>
  kms.send(new ReplicateKeyCommand({ KeyId, ReplicaRegion, ...more }))
const show = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
const promote = (KeyId: string, PrimaryRegion: string, kms = home) =>
  kms.send(new UpdatePrimaryRegionCommand({ KeyId, PrimaryRegion }))
const seal = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new EncryptCommand({ KeyId, Plaintext }))).CiphertextBlob!
const open = async (kms: KMSClient, CiphertextBlob: Uint8Array) => {
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob }))
  expect(new Uint8Array(opened.Plaintext!)).toEqual(Plaintext)
  return opened.KeyId
}

describe('a multi-Region key', () => {
  it('is a primary without replicas at first', async () => {
    const metadata = await make({ Description: 'orders' })
    const { KeyId, Arn } = metadata
    expect(KeyId).toMatch(MRK)
    expect(Arn).toBe(arnIn(REGION, KeyId!))
    expect(metadata).toMatchObject({
      MultiRegion: true,
      MultiRegionConfiguration: {
        MultiRegionKeyType: 'PRIMARY',
        PrimaryKey: { Arn, Region: REGION },
        ReplicaKeys: [],
      },
    })
    expect(await show(home, KeyId!)).toEqual(metadata)
  })

  it('is replicated: shown on its way first, and as the same key then', async () => {
    const { KeyId, Arn, CurrentKeyMaterialId } = await make({ Description: 'here' })
    const made = await replicate(KeyId!, EAST, {
      Description: 'there',
      Tags: [{ TagKey: 'a', TagValue: 'b' }],
    })
    const replica = arnIn(EAST, KeyId!)
    const MultiRegionConfiguration = {
      PrimaryKey: { Arn, Region: REGION },
      ReplicaKeys: [{ Arn: replica, Region: EAST }],
    }
    expect(made.ReplicaKeyMetadata).toMatchObject({
      Arn: replica,
      KeyId,
      KeyState: 'Creating',
      Enabled: false,
      Description: 'there',
      MultiRegionConfiguration: { ...MultiRegionConfiguration, MultiRegionKeyType: 'REPLICA' },
    })
    expect(made.ReplicaKeyMetadata!.CurrentKeyMaterialId).toBeUndefined()
    expect(made.ReplicaTags).toEqual([{ TagKey: 'a', TagValue: 'b' }])
    expect(JSON.parse(made.ReplicaPolicy!)).toMatchObject({ Id: 'key-default-1' })
    expect(await show(east, KeyId!)).toMatchObject({
      Arn: replica,
      KeyState: 'Enabled',
      Description: 'there',
      CurrentKeyMaterialId,
      MultiRegionConfiguration: { ...MultiRegionConfiguration, MultiRegionKeyType: 'REPLICA' },
    })
    expect((await show(home, KeyId!)).MultiRegionConfiguration).toEqual({
      ...MultiRegionConfiguration,
      MultiRegionKeyType: 'PRIMARY',
    })
    const { Tags } = await home.send(new ListResourceTagsCommand({ KeyId }))
    expect(Tags).toEqual([])
    const { Keys } = await east.send(new ListKeysCommand({}))
    expect(Keys).toEqual([{ KeyId, KeyArn: replica }])
  })

  it('has copies with lives of their own', async () => {
    const { KeyId } = await make()
    await replicate(KeyId!)
    await home.send(new DisableKeyCommand({ KeyId }))
    await east.send(new UpdateKeyDescriptionCommand({ KeyId, Description: 'east' }))
    await east.send(new CreateAliasCommand({ AliasName: 'alias/east', TargetKeyId: KeyId }))
    expect(await show(home, KeyId!)).toMatchObject({ KeyState: 'Disabled', Description: '' })
    expect(await show(east, 'alias/east')).toMatchObject({ KeyState: 'Enabled', KeyId })
    expect((await home.send(new ListAliasesCommand({ KeyId }))).Aliases).toEqual([])
  })

  it('opens in one Region what was sealed in another', async () => {
    const { KeyId } = await make()
    await replicate(KeyId!)
    const [here, there] = [await seal(home, KeyId!), await seal(east, KeyId!)]
    expect(await open(east, here)).toBe(arnIn(EAST, KeyId!))
    expect(await open(home, there)).toBe(arnIn(REGION, KeyId!))
    const moved = await east.send(
      new ReEncryptCommand({ CiphertextBlob: here, DestinationKeyId: KeyId }),
    )
    expect(moved).toMatchObject({
      SourceKeyId: arnIn(EAST, KeyId!),
      KeyId: arnIn(EAST, KeyId!),
    })
    expect(await open(home, moved.CiphertextBlob!)).toBe(arnIn(REGION, KeyId!))
    const [name] = await refusal(west.send(new DecryptCommand({ CiphertextBlob: here })))
    expect(name).toBe('AccessDeniedException')
  })

  it('verifies in one Region what was signed in another', async () => {
    const { KeyId } = await make({ KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' })
    await replicate(KeyId!)
    const SigningAlgorithm = 'ECDSA_SHA_256'
    const asked = { KeyId, Message: Plaintext, SigningAlgorithm } as const
    const { Signature } = await home.send(new SignCommand(asked))
    const verified = await east.send(new VerifyCommand({ ...asked, Signature }))
    expect(verified.SignatureValid).toBe(true)
    const [one, two] = [
      await home.send(new GetPublicKeyCommand({ KeyId })),
      await east.send(new GetPublicKeyCommand({ KeyId })),
    ]
    expect(one.PublicKey).toEqual(two.PublicKey)
  })
})

describe('ReplicateKey', () => {
  it('makes one copy in a Region', async () => {
    const { KeyId, Arn } = await make()
    await replicate(KeyId!)
    const [name] = await refusal(replicate(KeyId!))
    expect(name).toBe('AlreadyExistsException')
    const text = `${arnIn(EAST, KeyId!)} is not a multi-region primary key.`
    expect(await refusal(replicate(KeyId!, WEST, {}, east))).toEqual([
      'UnsupportedOperationException',
      text,
    ])
    expect(Arn).toBe(arnIn(REGION, KeyId!))
  })

  it('is for multi-Region keys', async () => {
    const { KeyId, Arn } = await make({ MultiRegion: false })
    expect(await refusal(replicate(KeyId!))).toEqual([
      'UnsupportedOperationException',
      `${Arn} is not a multi-region primary key.`,
    ])
  })

  it.each([REGION, 'cn-north-1', 'us-gov-west-1', 'nowhere'])('has no place in %s', async (to) => {
    const { KeyId } = await make()
    expect((await refusal(replicate(KeyId!, to)))[0]).toBe('ValidationException')
  })

  it('can be done again once the replica is gone', async () => {
    const { KeyId } = await make()
    await replicate(KeyId!)
    const sealed = await seal(east, KeyId!)
    await east.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    world.clock.advance({ days: 7 })
    expect((await refusal(show(east, KeyId!)))[0]).toBe('NotFoundException')
    await replicate(KeyId!)
    expect(await open(east, sealed)).toBe(arnIn(EAST, KeyId!))
  })
})

describe('rotation', () => {
  it('is set and done at the primary, and reaches every Region', async () => {
    const { KeyId } = await make()
    await replicate(KeyId!)
    const text = `${arnIn(EAST, KeyId!)} is not a multi-region primary key.`
    for (const name of ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand'])
      expect(await outcome(east, name, { KeyId })).toBe(`UnsupportedOperationException: ${text}`)
    await home.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays: 90 }))
    const status = await east.send(new GetKeyRotationStatusCommand({ KeyId }))
    expect(status).toMatchObject({ KeyRotationEnabled: true, NextRotationDate: inDays(90) })
    await home.send(new RotateKeyOnDemandCommand({ KeyId }))
    world.clock.advance({ days: 90 })
    const sealed = await seal(home, KeyId!)
    expect(await open(east, sealed)).toBe(arnIn(EAST, KeyId!))
    const rotations = async (kms: KMSClient) =>
      (await kms.send(new ListKeyRotationsCommand({ KeyId }))).Rotations
    expect(await rotations(east)).toHaveLength(2)
    expect(await rotations(east)).toEqual(await rotations(home))
  })
})

describe('UpdatePrimaryRegion', () => {
  it('swaps the roles', async () => {
    const { KeyId } = await make()
    await replicate(KeyId!)
    await replicate(KeyId!, WEST)
    await promote(KeyId!, EAST)
    const configuration = {
      PrimaryKey: { Arn: arnIn(EAST, KeyId!), Region: EAST },
      ReplicaKeys: [
        { Arn: arnIn(REGION, KeyId!), Region: REGION },
        { Arn: arnIn(WEST, KeyId!), Region: WEST },
      ],
    }
    for (const [kms, MultiRegionKeyType] of [
      [home, 'REPLICA'],
      [east, 'PRIMARY'],
      [west, 'REPLICA'],
    ] as const)
      expect((await show(kms, KeyId!)).MultiRegionConfiguration).toEqual({
        ...configuration,
        MultiRegionKeyType,
      })
    await east.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(await open(home, await seal(east, KeyId!))).toBe(arnIn(REGION, KeyId!))
    expect((await refusal(promote(KeyId!, WEST)))[0]).toBe('UnsupportedOperationException')
  })

  it('needs a replica that is enabled', async () => {
    const { KeyId } = await make()
    expect(await refusal(promote(KeyId!, EAST))).toEqual([
      'NotFoundException',
      `Key '${arnIn(EAST, KeyId!)}' does not exist`,
    ])
    await replicate(KeyId!)
    await east.send(new DisableKeyCommand({ KeyId }))
    expect(await refusal(promote(KeyId!, EAST))).toEqual([
      'DisabledException',
      `${arnIn(EAST, KeyId!)} is disabled.`,
    ])
    expect((await refusal(promote(KeyId!, REGION)))[0]).toBe('ValidationException')
  })
})

/** Contracts: AWS 16. */
describe.each(['ReplicateKey', 'UpdatePrimaryRegion'])('%s', (name) => {
  it('is refused for a primary that is not enabled', async () => {
    const { KeyId, Arn } = await make()
    const call = (id = KeyId) =>
      outcome(home, name, { KeyId: id, ReplicaRegion: WEST, PrimaryRegion: WEST })
    await home.send(new DisableKeyCommand({ KeyId }))
    expect(await call()).toBe(`DisabledException: ${Arn} is disabled.`)
    await home.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await call()).toBe(`KMSInvalidStateException: ${Arn} is pending deletion.`)
    const imported = await make({ Origin: 'EXTERNAL' })
    expect(await call(imported.KeyId)).toBe(
      `KMSInvalidStateException: ${imported.Arn} is pending import.`,
    )
  })
})

describe('deletion of a primary', () => {
  it('waits for its replicas', async () => {
    const { KeyId, Arn } = await make()
    await replicate(KeyId!)
    const scheduled = await home.send(
      new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 10 }),
    )
    expect(scheduled).toMatchObject({
      KeyId: Arn,
      KeyState: 'PendingReplicaDeletion',
      PendingWindowInDays: 10,
    })
    expect(scheduled.DeletionDate).toBeUndefined()
    const waiting = await show(home, KeyId!)
    expect(waiting).toMatchObject({
      KeyState: 'PendingReplicaDeletion',
      PendingDeletionWindowInDays: 10,
      Enabled: false,
    })
    expect(await outcome(home, 'Encrypt', { KeyId, Plaintext })).toBe(
      `KMSInvalidStateException: ${Arn} is pending deletion.`,
    )
    world.clock.advance({ days: 30 })
    expect((await show(home, KeyId!)).KeyState).toBe('PendingReplicaDeletion')
    await east.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    world.clock.advance({ days: 7 })
    expect(await show(home, KeyId!)).toMatchObject({
      KeyState: 'PendingDeletion',
      DeletionDate: inDays(47),
    })
    expect((await show(home, KeyId!)).PendingDeletionWindowInDays).toBeUndefined()
    world.clock.advance({ days: 10 })
    expect((await refusal(show(home, KeyId!)))[0]).toBe('NotFoundException')
  })

  it('is cancelled while it waits', async () => {
    const { KeyId, Arn } = await make()
    await replicate(KeyId!)
    await home.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect((await home.send(new CancelKeyDeletionCommand({ KeyId }))).KeyId).toBe(Arn)
    expect((await show(home, KeyId!)).KeyState).toBe('Disabled')
  })
})

describe('imported material', () => {
  const [first, second] = [1, 2].map((byte) => new Uint8Array(32).fill(byte))
  const states = async (kms: KMSClient, KeyId: string) => {
    const asked = { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' } as const
    const { Rotations } = await kms.send(new ListKeyRotationsCommand(asked))
    return Rotations!.map((each) => [each.KeyMaterialState, each.ImportState])
  }

  it('is imported in each Region, the same in all', async () => {
    const { KeyId } = await make({ Origin: 'EXTERNAL' })
    const { KeyMaterialId } = await importInto(home, KeyId!, first!)
    await replicate(KeyId!)
    expect((await show(east, KeyId!)).KeyState).toBe('PendingImport')
    const [name] = await refusal(importInto(east, KeyId!, second!))
    expect(name).toBe('IncorrectKeyMaterialException')
    expect((await importInto(east, KeyId!, first!)).KeyMaterialId).toBe(KeyMaterialId)
    expect(await open(east, await seal(home, KeyId!))).toBe(arnIn(EAST, KeyId!))
  })

  it('for a rotation has to be in every Region first', async () => {
    const { KeyId, Arn } = await make({ Origin: 'EXTERNAL' })
    await importInto(home, KeyId!, first!)
    await replicate(KeyId!)
    await importInto(east, KeyId!, first!)
    const asNew = { ImportType: 'NEW_KEY_MATERIAL' } as const
    const [name] = await refusal(importInto(east, KeyId!, second!, asNew))
    expect(name).toBe('UnsupportedOperationException')
    const { KeyMaterialId } = await importInto(home, KeyId!, second!, asNew)
    expect(await states(home, KeyId!)).toEqual([
      ['CURRENT', 'IMPORTED'],
      ['PENDING_MULTI_REGION_IMPORT_AND_ROTATION', 'IMPORTED'],
    ])
    expect(await states(east, KeyId!)).toEqual([
      ['CURRENT', 'IMPORTED'],
      ['PENDING_MULTI_REGION_IMPORT_AND_ROTATION', 'PENDING_IMPORT'],
    ])
    expect(await outcome(home, 'RotateKeyOnDemand', { KeyId })).toBe(
      `KMSInvalidStateException: No available key material pending rotation for the key: ${Arn}.`,
    )
    await importInto(east, KeyId!, second!, { ImportType: 'EXISTING_KEY_MATERIAL' })
    expect(await states(home, KeyId!)).toEqual([
      ['CURRENT', 'IMPORTED'],
      ['PENDING_ROTATION', 'IMPORTED'],
    ])
    await home.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect((await show(east, KeyId!)).CurrentKeyMaterialId).toBe(KeyMaterialId)
    expect(await open(home, await seal(east, KeyId!))).toBe(Arn)
  })
})

describe('who may', () => {
  it('replicate makes a key in the other Region too, and tags it', async () => {
    const may = (...actions: string[]) => cast('handler', { ann: [own(actions)] })
    const Tags = [{ TagKey: 'a', TagValue: 'b' }]
    const needs = ['kms:ReplicateKey', 'kms:CreateKey', 'kms:TagResource']
    for (const lacking of needs) {
      const { room, as } = await may(...needs.filter((action) => action !== lacking))
      const made = await as('root').send(new CreateKeyCommand({ MultiRegion: true }))
      const asked = { KeyId: made.KeyMetadata!.KeyId, ReplicaRegion: EAST, Tags }
      expect(await outcome(as('ann'), 'ReplicateKey', asked)).toMatch(
        new RegExp(`^AccessDeniedException: .*${lacking}`),
      )
      await room.close()
    }
    const { room, as } = await may(...needs)
    const made = await as('root').send(new CreateKeyCommand({ MultiRegion: true }))
    const asked = { KeyId: made.KeyMetadata!.KeyId, ReplicaRegion: EAST, Tags }
    expect(await outcome(as('ann'), 'ReplicateKey', asked)).toBe('ok')
    await room.close()
  })

  it('is for each copy to say, and for both when they change roles', async () => {
    const { room, as } = await cast()
    const made = await as('root').send(new CreateKeyCommand({ MultiRegion: true }))
    const { KeyId } = made.KeyMetadata!
    const Policy = policy(allow(ARNS.root), deny(ARNS.bob))
    await as('root').send(new ReplicateKeyCommand({ KeyId, ReplicaRegion: EAST, Policy }))
    const uses = (region: string) => outcome(as('bob', region), 'Encrypt', { KeyId, Plaintext })
    for (let i = 0; i < 2; i++) {
      expect(await uses(REGION)).toBe('ok')
      expect(await uses(EAST)).toMatch(/^AccessDeniedException/)
    }
    const swap = (who: string) =>
      outcome(as(who), 'UpdatePrimaryRegion', { KeyId, PrimaryRegion: EAST })
    expect(await swap('bob')).toMatch(/^AccessDeniedException/)
    expect(await swap('ann')).toBe('ok')
    await room.close()
  })
})
