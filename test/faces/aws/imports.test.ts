/** Imported key material (contracts: AWS 9, 17), wrapped by others. */
import {
  CreateKeyCommand,
  DecryptCommand,
  DeleteImportedKeyMaterialCommand,
  DescribeKeyCommand,
  EncryptCommand,
  GenerateMacCommand,
  GetParametersForImportCommand,
  GetPublicKeyCommand,
  ImportKeyMaterialCommand,
  ListKeyRotationsCommand,
  RotateKeyOnDemandCommand,
  ScheduleKeyDeletionCommand,
  type AlgorithmSpec,
  type CreateKeyCommandInput,
  type WrappingKeySpec,
} from '@aws-sdk/client-kms'
import { beforeEach, describe, expect, it } from 'vitest'
import { sharedProvider } from '../../helpers/provider.ts'
import { outcome } from './ask.ts'
import {
  byNode,
  byOpenssl,
  hasOpenssl,
  importInto,
  materialOf,
  parametersOf,
  type Wrap,
} from './import-kit.ts'
import { openWorld, refusal, START, type World } from './world.ts'

const DAY_MS = 86_400_000
const inDays = (days: number): Date => new Date(START.getTime() + days * DAY_MS)
const [FIRST, SECOND, THIRD] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte))
const ID = /^[0-9a-f]{64}$/

let world: World
beforeEach(async () => {
  world = await openWorld(undefined, {}, { crypto: await sharedProvider() })
  return () => world.room.close()
})

async function make(input: Partial<CreateKeyCommandInput> = {}) {
  const { KeyMetadata } = await world.kms.send(
    new CreateKeyCommand({ Origin: 'EXTERNAL', ...input }),
  )
  return { KeyId: KeyMetadata!.KeyId!, arn: KeyMetadata!.Arn!, metadata: KeyMetadata! }
}
const show = async (KeyId: string) =>
  (await world.kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!
const give = (KeyId: string, ...rest: DropFirstTwo<Parameters<typeof importInto>>) =>
  importInto(world.kms, KeyId, ...rest)
type DropFirstTwo<T extends readonly unknown[]> = T extends readonly [unknown, unknown, ...infer R]
  ? R
  : never
const remove = (KeyId: string, KeyMaterialId?: string) =>
  world.kms.send(new DeleteImportedKeyMaterialCommand({ KeyId, KeyMaterialId }))
const seal = async (KeyId: string) =>
  (await world.kms.send(new EncryptCommand({ KeyId, Plaintext: Uint8Array.of(7) }))).CiphertextBlob!
const open = (CiphertextBlob: Uint8Array) =>
  outcome(world.kms, DecryptCommand.name.replace('Command', ''), { CiphertextBlob })
const asNew = (KeyId: string, material: Uint8Array) =>
  give(KeyId, material, { ImportType: 'NEW_KEY_MATERIAL' })
const materials = async (KeyId: string) =>
  (
    await world.kms.send(
      new ListKeyRotationsCommand({ KeyId, IncludeKeyMaterial: 'ALL_KEY_MATERIAL' }),
    )
  ).Rotations!

const WRAPS: readonly (readonly [string, Wrap])[] = [
  ['node:crypto', byNode],
  ...(hasOpenssl ? ([['openssl', byOpenssl]] as const) : []),
]
const ALGORITHMS: readonly AlgorithmSpec[] = [
  'RSAES_OAEP_SHA_1',
  'RSAES_OAEP_SHA_256',
  'RSA_AES_KEY_WRAP_SHA_1',
  'RSA_AES_KEY_WRAP_SHA_256',
]

describe.each(WRAPS)('material that %s wrapped', (_, wrap) => {
  it.each(ALGORITHMS)('comes in by %s', async (algorithm) => {
    const { KeyId, arn, metadata } = await make()
    expect(metadata).toMatchObject({ KeyState: 'PendingImport', Enabled: false })
    expect(metadata.CurrentKeyMaterialId).toBeUndefined()
    const answer = await give(KeyId, FIRST!, {}, { wrap, algorithm })
    expect(answer).toMatchObject({ KeyId: arn, KeyMaterialId: expect.stringMatching(ID) as string })
    expect(await show(KeyId)).toMatchObject({
      KeyState: 'Enabled',
      Enabled: true,
      Origin: 'EXTERNAL',
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      CurrentKeyMaterialId: answer.KeyMaterialId,
    })
    expect(await open(await seal(KeyId))).toBe('ok')
  })
})

/** Spec, usage, whether RSA-OAEP alone can take it. */
const SPECS = [
  ['HMAC_224', 'GENERATE_VERIFY_MAC', true],
  ['HMAC_256', 'GENERATE_VERIFY_MAC', true],
  ['HMAC_384', 'GENERATE_VERIFY_MAC', true],
  ['HMAC_512', 'GENERATE_VERIFY_MAC', true],
  ['RSA_2048', 'SIGN_VERIFY', false],
  ['ECC_NIST_P256', 'SIGN_VERIFY', true],
  ['ECC_NIST_P384', 'KEY_AGREEMENT', true],
  ['ECC_NIST_P521', 'SIGN_VERIFY', false],
  ['ECC_SECG_P256K1', 'SIGN_VERIFY', true],
  ['ECC_NIST_EDWARDS25519', 'SIGN_VERIFY', true],
] as const

describe.each(SPECS)('a key of %s for %s', (KeySpec, KeyUsage, plain) => {
  it('takes its material, and is the only one of it', async () => {
    const { KeyId, arn } = await make({ KeySpec, KeyUsage })
    const how = plain ? {} : ({ algorithm: 'RSA_AES_KEY_WRAP_SHA_256' } as const)
    const material = materialOf(KeySpec)
    const answer = await give(KeyId, material, {}, how)
    expect([answer.KeyId, answer.KeyMaterialId]).toEqual([arn, undefined])
    expect((await show(KeyId)).CurrentKeyMaterialId).toBeUndefined()
    if (KeyUsage === 'GENERATE_VERIFY_MAC') {
      const MacAlgorithm = KeySpec.replace('HMAC', 'HMAC_SHA') as 'HMAC_SHA_256'
      const asked = { KeyId, MacAlgorithm, Message: Uint8Array.of(1) }
      expect((await world.kms.send(new GenerateMacCommand(asked))).Mac).toBeDefined()
    } else
      expect((await world.kms.send(new GetPublicKeyCommand({ KeyId }))).PublicKey).toBeDefined()
    expect((await refusal(give(KeyId, materialOf(KeySpec), {}, how)))[0]).toBe(
      'IncorrectKeyMaterialException',
    )
    await remove(KeyId)
    await give(KeyId, material, {}, how)
    expect((await show(KeyId)).KeyState).toBe('Enabled')
    const typed = give(KeyId, material, { ImportType: 'EXISTING_KEY_MATERIAL' }, how)
    expect((await refusal(typed))[0]).toBe('ValidationException')
  })
})

describe('import parameters', () => {
  const ask = (KeyId: string, WrappingAlgorithm: string, WrappingKeySpec: string) =>
    world.kms.send(
      new GetParametersForImportCommand({
        KeyId,
        WrappingAlgorithm: WrappingAlgorithm as AlgorithmSpec,
        WrappingKeySpec: WrappingKeySpec as WrappingKeySpec,
      }),
    )

  it('are good for a day', async () => {
    const { KeyId, arn } = await make()
    const made = await ask(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_3072')
    expect(made).toMatchObject({ KeyId: arn, ParametersValidTo: inDays(1) })
    expect(made.PublicKey!.length).toBeGreaterThan(384)
  })

  it.each([
    ['RSAES_PKCS1_V1_5', 'RSA_2048'],
    ['SM2PKE', 'SM2'],
    ['RSAES_OAEP_SHA_256', 'SM2'],
  ])('are not given for %s under %s', async (algorithm, spec) => {
    const { KeyId } = await make()
    expect((await refusal(ask(KeyId, algorithm, spec)))[0]).toBe('UnsupportedOperationException')
  })

  it.each([
    ['RSA_2048', 'SIGN_VERIFY', 'RSA_4096'],
    ['ECC_NIST_P521', 'SIGN_VERIFY', 'RSA_2048'],
  ] as const)('are not given where RSA-OAEP cannot take a key of %s', async (...row) => {
    const [KeySpec, KeyUsage, spec] = row
    const { KeyId } = await make({ KeySpec, KeyUsage })
    expect((await refusal(ask(KeyId, 'RSAES_OAEP_SHA_256', spec)))[0]).toBe(
      'UnsupportedOperationException',
    )
    expect((await ask(KeyId, 'RSA_AES_KEY_WRAP_SHA_256', spec)).ImportToken).toBeDefined()
  })

  it('are for keys of one origin', async () => {
    const { KeyId, arn } = await make({ Origin: 'AWS_KMS' })
    const text = `${arn} origin is AWS_KMS which is not valid for this operation.`
    const expected = ['UnsupportedOperationException', text]
    expect(await refusal(ask(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_2048'))).toEqual(expected)
    expect(await refusal(remove(KeyId))).toEqual(expected)
    const other = await make()
    const { ImportToken } = await parametersOf(world.kms, other.KeyId)
    const given = { KeyId, ImportToken, EncryptedKeyMaterial: FIRST!, ValidTo: inDays(1) }
    expect(await refusal(world.kms.send(new ImportKeyMaterialCommand(given)))).toEqual(expected)
  })

  it('are not for a key that is on its way out', async () => {
    const { KeyId, arn } = await make()
    await world.kms.send(new ScheduleKeyDeletionCommand({ KeyId }))
    const expected = ['KMSInvalidStateException', `${arn} is pending deletion.`]
    expect(await refusal(ask(KeyId, 'RSAES_OAEP_SHA_256', 'RSA_2048'))).toEqual(expected)
    expect(await outcome(world.kms, 'DeleteImportedKeyMaterial', { KeyId })).toBe('ok')
    expect((await show(KeyId)).KeyState).toBe('PendingDeletion')
  })
})

describe('a token', () => {
  it('is for its key, and for what was wrapped under it', async () => {
    const [one, two] = [await make(), await make()]
    const { ImportToken, PublicKey } = await parametersOf(world.kms, one.KeyId)
    const given = {
      ImportToken,
      EncryptedKeyMaterial: byNode(PublicKey, FIRST!, 'RSAES_OAEP_SHA_256'),
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    } as const
    const into = (KeyId: string, more: object = {}) =>
      outcome(world.kms, 'ImportKeyMaterial', { KeyId, ...given, ...more })
    expect(await into(two.KeyId)).toMatch(/^InvalidImportTokenException/)
    for (const ImportToken of [new Uint8Array(40), new Uint8Array(6000)])
      expect(await into(one.KeyId, { ImportToken })).toMatch(/^InvalidImportTokenException/)
    const wrong = new Uint8Array(256).fill(1)
    expect(await into(one.KeyId, { EncryptedKeyMaterial: wrong })).toBe(
      'InvalidCiphertextException: UnknownError',
    )
    expect(await into(one.KeyId)).toBe('ok')
  })

  it('expires, and survives what was refused', async () => {
    const { KeyId } = await make()
    const { ImportToken, PublicKey } = await parametersOf(world.kms, KeyId)
    const EncryptedKeyMaterial = byNode(PublicKey, FIRST!, 'RSAES_OAEP_SHA_256')
    const into = (more: object) =>
      outcome(world.kms, 'ImportKeyMaterial', { KeyId, ImportToken, EncryptedKeyMaterial, ...more })
    const forGood = { ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE' }
    expect(await into({})).toBe(
      'ValidationException: A validTo date must be set if the ExpirationModel is ' +
        'KEY_MATERIAL_EXPIRES',
    )
    for (const days of [0, -1, 366])
      expect(await into({ ValidTo: inDays(days) })).toMatch(/^ValidationException/)
    expect(await into({ ...forGood, ValidTo: inDays(1) })).toMatch(/^ValidationException/)
    world.clock.advance({ days: 1 })
    expect(await into(forGood)).toMatch(/^ExpiredImportTokenException/)
  })
})

describe('imported material', () => {
  it('expires, is deleted, and comes back as what it was', async () => {
    const { KeyId, arn } = await make()
    const { KeyMaterialId } = await give(KeyId, FIRST!, {
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: inDays(10),
    })
    const sealed = await seal(KeyId)
    expect(await show(KeyId)).toMatchObject({
      ExpirationModel: 'KEY_MATERIAL_EXPIRES',
      ValidTo: inDays(10),
    })
    world.clock.advance({ days: 10 })
    const gone = async () => {
      const metadata = await show(KeyId)
      const { KeyState, ExpirationModel, ValidTo, CurrentKeyMaterialId } = metadata
      expect([KeyState, ExpirationModel, ValidTo]).toEqual(['PendingImport', undefined, undefined])
      expect(CurrentKeyMaterialId).toBe(KeyMaterialId)
      expect(await open(sealed)).toBe(`KMSInvalidStateException: ${arn} is pending import.`)
    }
    await gone()
    expect((await give(KeyId, FIRST!)).KeyMaterialId).toBe(KeyMaterialId)
    expect(await open(sealed)).toBe('ok')
    expect(await remove(KeyId)).toMatchObject({ KeyId: arn, KeyMaterialId })
    await gone()
    expect(await remove(KeyId)).toMatchObject({ KeyId: arn })
    const [name] = await refusal(give(KeyId, SECOND!))
    expect(name).toBe('IncorrectKeyMaterialException')
    await give(KeyId, FIRST!, { KeyMaterialId })
    expect(await open(sealed)).toBe('ok')
  })

  it('waits beside the current one until the key is rotated', async () => {
    const { KeyId, arn } = await make()
    const first = await give(KeyId, FIRST!, { KeyMaterialDescription: 'one' })
    const second = await asNew(KeyId, SECOND!)
    expect((await show(KeyId)).CurrentKeyMaterialId).toBe(first.KeyMaterialId)
    const common = {
      KeyId,
      ImportState: 'IMPORTED',
      ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
    }
    expect(await materials(KeyId)).toEqual([
      {
        ...common,
        KeyMaterialId: first.KeyMaterialId,
        KeyMaterialState: 'CURRENT',
        KeyMaterialDescription: 'one',
      },
      { ...common, KeyMaterialId: second.KeyMaterialId, KeyMaterialState: 'PENDING_ROTATION' },
    ])

    const [name, text] = await refusal(asNew(KeyId, THIRD!))
    expect(name).toBe('KMSInvalidStateException')
    expect(text.replace(/[0-9a-f]{64}/, 'NEW')).toBe(
      `New key material (id: NEW) cannot be imported into KMS key ${KeyId}, because another key ` +
        `material (id: ${second.KeyMaterialId}) is pending rotation.`,
    )
    expect((await refusal(asNew(KeyId, FIRST!)))[0]).toBe('IncorrectKeyMaterialException')

    world.clock.advance({ days: 1 })
    const rotated = await world.kms.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(rotated.KeyId).toBe(arn)
    expect((await show(KeyId)).CurrentKeyMaterialId).toBe(second.KeyMaterialId)
    const { Rotations } = await world.kms.send(new ListKeyRotationsCommand({ KeyId }))
    expect(Rotations).toMatchObject([
      {
        KeyMaterialId: second.KeyMaterialId,
        KeyMaterialState: 'CURRENT',
        RotationType: 'ON_DEMAND',
        RotationDate: inDays(1),
      },
    ])
    const again = world.kms.send(new RotateKeyOnDemandCommand({ KeyId }))
    expect(await refusal(again)).toEqual([
      'KMSInvalidStateException',
      `No available key material pending rotation for the key: ${arn}.`,
    ])
  })

  it('is deleted one by one, and the key waits for all that are part of it', async () => {
    const { KeyId } = await make()
    const first = await give(KeyId, FIRST!)
    const old = await seal(KeyId)
    await asNew(KeyId, SECOND!)
    await world.kms.send(new RotateKeyOnDemandCommand({ KeyId }))
    const third = await asNew(KeyId, THIRD!)
    await remove(KeyId, third.KeyMaterialId)
    expect((await show(KeyId)).KeyState).toBe('Enabled')
    await remove(KeyId, first.KeyMaterialId)
    expect((await show(KeyId)).KeyState).toBe('PendingImport')
    expect((await materials(KeyId)).map((each) => each.ImportState)).toEqual([
      'PENDING_IMPORT',
      'IMPORTED',
    ])
    const [name] = await refusal(remove(KeyId, 'f'.repeat(64)))
    expect(name).toBe('NotFoundException')
    await give(KeyId, FIRST!, { ImportType: 'EXISTING_KEY_MATERIAL' })
    expect(await open(old)).toBe('ok')
  })

  it('is named by request only where that says something', async () => {
    const { KeyId } = await make()
    const { KeyMaterialId } = await give(KeyId, FIRST!)
    const both = give(KeyId, SECOND!, { ImportType: 'NEW_KEY_MATERIAL', KeyMaterialId })
    expect((await refusal(both))[0]).toBe('ValidationException')
    const other = give(KeyId, SECOND!, { KeyMaterialId })
    expect((await refusal(other))[0]).toBe('IncorrectKeyMaterialException')
  })
})
