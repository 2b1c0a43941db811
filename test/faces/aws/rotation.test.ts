/** Automatic rotation and rotation on demand (contracts: AWS 9, 16, 17). */
import {
  CancelKeyDeletionCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  DisableKeyRotationCommand,
  EnableKeyCommand,
  EnableKeyRotationCommand,
  EncryptCommand,
  GetKeyRotationStatusCommand,
  ListKeyRotationsCommand,
  paginateListKeyRotations,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  type CreateKeyCommandInput,
} from '@aws-sdk/client-kms'
import { beforeEach, describe, expect, it } from 'vitest'
import { sharedProvider } from '../../helpers/provider.ts'
import { outcome, told } from './ask.ts'
import { openWorld, refusal, START, type World } from './world.ts'

const DAY_MS = 86_400_000
const inDays = (days: number): Date => new Date(START.getTime() + days * DAY_MS)

let world: World
beforeEach(async () => {
  world = await openWorld(undefined, {}, { crypto: await sharedProvider() })
  return () => world.room.close()
})

async function make(input: CreateKeyCommandInput = {}) {
  const { KeyMetadata } = await world.kms.send(new CreateKeyCommand(input))
  return { KeyId: KeyMetadata!.KeyId!, arn: KeyMetadata!.Arn! }
}
const enable = (KeyId: string, RotationPeriodInDays?: number) =>
  world.kms.send(new EnableKeyRotationCommand({ KeyId, RotationPeriodInDays }))
const rotate = (KeyId: string) => world.kms.send(new RotateKeyOnDemandCommand({ KeyId }))
const status = async (KeyId: string) =>
  told((await world.kms.send(new GetKeyRotationStatusCommand({ KeyId }))) as never)
const rotations = async (KeyId: string) => {
  const { Rotations } = await world.kms.send(new ListKeyRotationsCommand({ KeyId }))
  return Rotations!.map(({ RotationDate, RotationType }) => [RotationType, RotationDate])
}

describe('automatic rotation', () => {
  it('goes by a period from the moment when it is enabled', async () => {
    const { KeyId, arn } = await make()
    expect(await status(KeyId)).toEqual({ KeyId: arn, KeyRotationEnabled: false })
    world.clock.advance({ days: 10 })
    await enable(KeyId)
    expect(await status(KeyId)).toEqual({
      KeyId: arn,
      KeyRotationEnabled: true,
      RotationPeriodInDays: 365,
      NextRotationDate: inDays(375),
    })
    await enable(KeyId, 90)
    world.clock.advance({ days: 180 })
    expect(await rotations(KeyId)).toEqual([
      ['AUTOMATIC', inDays(100)],
      ['AUTOMATIC', inDays(190)],
    ])
    expect(await status(KeyId)).toMatchObject({ NextRotationDate: inDays(280) })
    await world.kms.send(new DisableKeyRotationCommand({ KeyId }))
    world.clock.advance({ days: 400 })
    expect(await rotations(KeyId)).toHaveLength(2)
    expect(await status(KeyId)).toEqual({ KeyId: arn, KeyRotationEnabled: false })
  })

  it('changes the material, and what was encrypted before still opens', async () => {
    const { KeyId } = await make()
    await enable(KeyId, 90)
    const show = async () => (await world.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
    const before = (await show()).CurrentKeyMaterialId
    expect(before).toMatch(/^[0-9a-f]{64}$/)
    const Plaintext = Uint8Array.of(1)
    const { CiphertextBlob } = await world.kms.send(new EncryptCommand({ KeyId, Plaintext }))
    world.clock.advance({ days: 90 })
    expect((await show()).CurrentKeyMaterialId).not.toBe(before)
    const { Plaintext: opened } = await world.kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(new Uint8Array(opened!)).toEqual(Plaintext)
  })

  it('waits while the key is disabled, and is made up for at once', async () => {
    const { KeyId } = await make()
    await enable(KeyId, 90)
    await world.kms.send(new DisableKeyCommand({ KeyId }))
    world.clock.advance({ days: 100 })
    expect(await rotations(KeyId)).toEqual([])
    expect(await status(KeyId)).toMatchObject({ KeyRotationEnabled: true })
    await world.kms.send(new EnableKeyCommand({ KeyId }))
    expect(await rotations(KeyId)).toEqual([['AUTOMATIC', inDays(100)]])
    expect(await status(KeyId)).toMatchObject({ NextRotationDate: inDays(190) })
  })

  it('reads as disabled while the key is pending deletion, and comes back', async () => {
    const { KeyId, arn } = await make()
    await enable(KeyId, 100)
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await status(KeyId)).toEqual({ KeyId: arn, KeyRotationEnabled: false })
    await world.kms.send(new CancelKeyDeletionCommand({ KeyId }))
    expect(await status(KeyId)).toMatchObject({
      KeyRotationEnabled: true,
      RotationPeriodInDays: 100,
      NextRotationDate: inDays(100),
    })
  })

  it.each([89, 2561])('has no period of %i days', async (days) => {
    const { KeyId } = await make()
    expect((await refusal(enable(KeyId, days)))[0]).toBe('ValidationException')
  })
})

describe('rotation on demand', () => {
  it('moves no schedule', async () => {
    const { KeyId, arn } = await make()
    await enable(KeyId, 90)
    world.clock.advance({ days: 30 })
    expect((await rotate(KeyId)).KeyId).toBe(arn)
    expect(await status(KeyId)).toMatchObject({ NextRotationDate: inDays(90) })
    world.clock.advance({ days: 60 })
    expect(await rotations(KeyId)).toEqual([
      ['ON_DEMAND', inDays(30)],
      ['AUTOMATIC', inDays(90)],
    ])
  })

  it('is granted 25 times', async () => {
    const { KeyId, arn } = await make()
    for (let i = 0; i < 25; i++) await rotate(KeyId)
    expect(await refusal(rotate(KeyId))).toEqual([
      'LimitExceededException',
      'The on-demand rotations limit has been reached for the given keyId. No more on-demand ' +
        `rotations can be performed for this key: ${arn}`,
    ])
    const shown: unknown[] = []
    for await (const page of paginateListKeyRotations(
      { client: world.kms, pageSize: 10 },
      { KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' },
    ))
      shown.push(...page.Rotations!.map((each) => each.KeyMaterialState))
    expect(shown).toEqual([...Array<string>(25).fill('NON_CURRENT'), 'CURRENT'])
  })

  it('keeps out of the way of an automatic one', async () => {
    const { KeyId } = await make()
    await enable(KeyId, 90)
    world.clock.advance({ days: 90, minutes: -20 })
    expect(await outcome(world.kms, 'RotateKeyOnDemand', { KeyId })).toBe('ok')
    world.clock.advance({ milliseconds: 1 })
    expect((await refusal(rotate(KeyId)))[0]).toBe('ConflictException')
    world.clock.advance({ minutes: 20 })
    expect(await outcome(world.kms, 'RotateKeyOnDemand', { KeyId })).toBe('ok')
  })
})

/** Contracts: AWS 16. */
const SWITCHES = ['EnableKeyRotation', 'DisableKeyRotation', 'RotateKeyOnDemand'] as const
const LOOKS = ['GetKeyRotationStatus', 'ListKeyRotations'] as const

describe.each(SWITCHES)('%s', (name) => {
  it('is refused for a key that is disabled or on its way out', async () => {
    const { KeyId, arn } = await make()
    await world.kms.send(new DisableKeyCommand({ KeyId }))
    const call = () => outcome(world.kms, name, { KeyId })
    expect(await call()).toBe(`DisabledException: ${arn} is disabled.`)
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await call()).toBe(`KMSInvalidStateException: ${arn} is pending deletion.`)
  })

  it.each([
    { KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' },
    { KeySpec: 'ECC_NIST_P256', KeyUsage: 'SIGN_VERIFY' },
    { KeySpec: 'RSA_2048', KeyUsage: 'ENCRYPT_DECRYPT' },
  ] as const)('is not for a key of $KeySpec', async (input) => {
    const { KeyId } = await make(input)
    expect(await outcome(world.kms, name, { KeyId })).toBe(
      'UnsupportedOperationException: UnknownError',
    )
  })

  // Contracts: AWS 16: only rotation on demand is for keys of origin EXTERNAL.
  it('tells a key without material that it is, whatever its kind, if others rotate', async () => {
    const { KeyId, arn } = await make({
      Origin: 'EXTERNAL',
      KeySpec: 'RSA_2048',
      KeyUsage: 'SIGN_VERIFY',
    })
    expect(await outcome(world.kms, name, { KeyId })).toBe(
      name === 'RotateKeyOnDemand'
        ? `KMSInvalidStateException: ${arn} is pending import.`
        : 'UnsupportedOperationException: UnknownError',
    )
  })
})

describe.each(LOOKS)('%s', (name) => {
  it('shows a symmetric key in every state', async () => {
    const { KeyId } = await make()
    const call = () => outcome(world.kms, name, { KeyId })
    await world.kms.send(new DisableKeyCommand({ KeyId }))
    expect(await call()).toBe('ok')
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    expect(await call()).toBe('ok')
    const imported = await make({ Origin: 'EXTERNAL' })
    expect(await outcome(world.kms, name, { KeyId: imported.KeyId })).toBe('ok')
  })

  it('is not for other keys', async () => {
    const { KeyId } = await make({ KeySpec: 'HMAC_256', KeyUsage: 'GENERATE_VERIFY_MAC' })
    expect(await outcome(world.kms, name, { KeyId })).toBe(
      'UnsupportedOperationException: UnknownError',
    )
  })
})
