/** Keys of custom key stores by the official client (contracts: AWS 14, 16, 17). */
import {
  ConnectCustomKeyStoreCommand,
  CreateKeyCommand,
  DecryptCommand,
  DescribeCustomKeyStoresCommand,
  DescribeKeyCommand,
  DisconnectCustomKeyStoreCommand,
  EncryptCommand,
  GenerateDataKeyCommand,
  GenerateRandomCommand,
  ReEncryptCommand,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import { Strongroom } from '../../../src/index.ts'
import type { AwsOptions } from '../../../src/faces/aws/index.ts'
import { XKS_ERRORS, type XksErrorName } from '../../../src/testing/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { createMemoryStore } from '../../../src/store/memory.ts'
import { lasting } from '../../engine/support.ts'
import { ask, outcome } from './ask.ts'
import {
  CLOUD_HSM,
  CLUSTER,
  CONTEXT,
  CREDENTIAL,
  ENDPOINT,
  EXTERNAL,
  ORIGINS,
  PASSWORD,
  PATH,
  PLAINTEXT,
  type StoreWorld,
  TRUST_ANCHOR,
  another,
  connected,
  create,
  external,
  keyIn,
  openStores,
  stateOf,
  withKey,
} from './stores-kit.ts'
import { ACCOUNT, REGION, TRANSPORTS } from './world.ts'
import { bytes } from './using.ts'

const through = ORIGINS.flatMap((origin) =>
  Object.entries(TRANSPORTS).map(([name, connect]) => [origin, name, connect] as const),
)

describe.each(through)('a key of origin %s through the %s', (origin, _, connect) => {
  test('seals, opens, makes data keys and moves', async () => {
    const world = await openStores({}, {}, connect)
    const { kms } = world
    const { KeyId, Arn } = await withKey(origin, world)
    const sealed = await kms.send(
      new EncryptCommand({ KeyId, Plaintext: PLAINTEXT, EncryptionContext: CONTEXT }),
    )
    expect(sealed.KeyId).toBe(Arn)
    const { CiphertextBlob } = sealed
    const opened = await kms.send(
      new DecryptCommand({ CiphertextBlob, EncryptionContext: CONTEXT }),
    )
    expect(bytes(opened.Plaintext)).toEqual(PLAINTEXT)
    expect([opened.KeyId, opened.KeyMaterialId]).toEqual([Arn, undefined])
    const made = await kms.send(
      new GenerateDataKeyCommand({ KeyId, KeySpec: 'AES_256', EncryptionContext: CONTEXT }),
    )
    const { KeyMetadata } = await kms.send(new CreateKeyCommand({}))
    const moved = await kms.send(
      new ReEncryptCommand({
        CiphertextBlob: made.CiphertextBlob,
        SourceEncryptionContext: CONTEXT,
        DestinationKeyId: KeyMetadata!.KeyId,
      }),
    )
    expect(moved.SourceKeyId).toBe(Arn)
    expect(moved.SourceKeyMaterialId).toBeUndefined()
    const back = await kms.send(
      new ReEncryptCommand({ CiphertextBlob: moved.CiphertextBlob, DestinationKeyId: KeyId }),
    )
    const last = await kms.send(new DecryptCommand({ CiphertextBlob: back.CiphertextBlob }))
    expect(bytes(last.Plaintext)).toEqual(bytes(made.Plaintext))
  })

  test('up to 4096 bytes, in a ciphertext that the service takes back', async () => {
    const world = await openStores({}, {}, connect)
    const { KeyId } = await withKey(origin, world)
    const Plaintext = new Uint8Array(4096).fill(7)
    const { CiphertextBlob } = await world.kms.send(new EncryptCommand({ KeyId, Plaintext }))
    expect(CiphertextBlob!.length).toBeLessThanOrEqual(6144)
    const opened = await world.kms.send(new DecryptCommand({ CiphertextBlob }))
    expect(bytes(opened.Plaintext)).toEqual(Plaintext)
  })
})

describe('metadata', () => {
  test('of a key of a cluster', async () => {
    const { kms, storeId, KeyId, Arn } = await withKey('AWS_CLOUDHSM')
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(KeyMetadata).toEqual({
      AWSAccountId: ACCOUNT,
      Arn,
      CloudHsmClusterId: CLUSTER,
      CreationDate: KeyMetadata!.CreationDate,
      CustomKeyStoreId: storeId,
      CustomerMasterKeySpec: 'SYMMETRIC_DEFAULT',
      Description: '',
      Enabled: true,
      EncryptionAlgorithms: ['SYMMETRIC_DEFAULT'],
      KeyId,
      KeyManager: 'CUSTOMER',
      KeySpec: 'SYMMETRIC_DEFAULT',
      KeyState: 'Enabled',
      KeyUsage: 'ENCRYPT_DECRYPT',
      MultiRegion: false,
      Origin: 'AWS_CLOUDHSM',
    })
  })

  test('of a key behind a proxy, as CreateKey has it too', async () => {
    const world = await openStores()
    const CustomKeyStoreId = await connected(world.kms, EXTERNAL)
    const made = await keyIn(world, 'EXTERNAL_KEY_STORE', CustomKeyStoreId)
    const { KeyMetadata } = await world.kms.send(new DescribeKeyCommand({ KeyId: made.KeyId }))
    expect(KeyMetadata).toEqual(made)
    const { calls } = world.proxy
    const { keyId } = calls.at(-1)!
    expect(made).toMatchObject({
      CustomKeyStoreId,
      Origin: 'EXTERNAL_KEY_STORE',
      XksKeyConfiguration: { Id: keyId },
    })
  })

  test('of stores: nothing that opens them', async () => {
    const { kms } = await openStores()
    const hsm = await create(kms, CLOUD_HSM)
    const xks = await create(kms, EXTERNAL)
    expect(hsm).toMatch(/^cks-[0-9a-f]{17}$/)
    const { CustomKeyStores, Truncated } = await kms.send(new DescribeCustomKeyStoresCommand({}))
    expect(Truncated).toBe(false)
    const byName = new Map(CustomKeyStores!.map((store) => [store.CustomKeyStoreName, store]))
    const CreationDate = expect.any(Date) as Date
    expect(byName.get('ours')).toEqual({
      CustomKeyStoreId: hsm,
      CustomKeyStoreName: 'ours',
      CustomKeyStoreType: 'AWS_CLOUDHSM',
      CloudHsmClusterId: CLUSTER,
      TrustAnchorCertificate: TRUST_ANCHOR,
      ConnectionState: 'DISCONNECTED',
      CreationDate,
    })
    expect(byName.get('theirs')).toEqual({
      CustomKeyStoreId: xks,
      CustomKeyStoreName: 'theirs',
      CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
      ConnectionState: 'DISCONNECTED',
      CreationDate,
      XksProxyConfiguration: {
        AccessKeyId: CREDENTIAL.AccessKeyId,
        Connectivity: 'PUBLIC_ENDPOINT',
        UriEndpoint: ENDPOINT,
        UriPath: PATH,
      },
    })
  })
})

describe('keys of a store that is not connected', () => {
  /** contracts: AWS 16, column Unavailable; U: UnsupportedOperationException. */
  const UNAVAILABLE: [name: string, input: object, answer: string][] = [
    ['CancelKeyDeletion', {}, 'KMSInvalidStateException: ARN is not pending deletion.'],
    ['Encrypt', { Plaintext: PLAINTEXT }, 'KMSInvalidStateException: ARN is unavailable.'],
    ['GenerateDataKey', { KeySpec: 'AES_256' }, 'KMSInvalidStateException: ARN is unavailable.'],
    [
      'GenerateDataKeyWithoutPlaintext',
      { NumberOfBytes: 5 },
      'KMSInvalidStateException: ARN is unavailable.',
    ],
    [
      'GenerateDataKeyPair',
      { KeyPairSpec: 'ECC_NIST_P256' },
      'KMSInvalidStateException: ARN is unavailable.',
    ],
    ['DescribeKey', {}, 'ok'],
    ['ListResourceTags', {}, 'ok'],
    ['GetKeyLastUsage', {}, 'ok'],
    ['DisableKey', {}, 'ok'],
    ['EnableKey', {}, 'ok'],
    ['TagResource', { Tags: [{ TagKey: 'a', TagValue: 'b' }] }, 'ok'],
    ['UntagResource', { TagKeys: ['a'] }, 'ok'],
    ['UpdateKeyDescription', { Description: 'd' }, 'ok'],
    ['ScheduleKeyDeletion', { PendingWindowInDays: 7 }, 'ok'],
    ['EnableKeyRotation', {}, 'UnsupportedOperationException'],
    ['DisableKeyRotation', {}, 'UnsupportedOperationException'],
    ['GetKeyRotationStatus', {}, 'UnsupportedOperationException'],
    ['ListKeyRotations', {}, 'UnsupportedOperationException'],
    ['RotateKeyOnDemand', {}, 'UnsupportedOperationException'],
    [
      'GetParametersForImport',
      { WrappingAlgorithm: 'RSAES_OAEP_SHA_256', WrappingKeySpec: 'RSA_2048' },
      'UnsupportedOperationException: ARN origin is ORIGIN which is not valid for this operation.',
    ],
    [
      'ImportKeyMaterial',
      {
        ImportToken: new Uint8Array(40),
        EncryptedKeyMaterial: new Uint8Array(40),
        ExpirationModel: 'KEY_MATERIAL_DOES_NOT_EXPIRE',
      },
      'UnsupportedOperationException: ARN origin is ORIGIN which is not valid for this operation.',
    ],
  ]

  test.each(ORIGINS)('of origin %s', async (origin) => {
    const world = await withKey(origin)
    const { kms, KeyId, Arn, storeId } = world
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId: storeId }))
    const { KeyMetadata } = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect([KeyMetadata!.KeyState, KeyMetadata!.Enabled]).toEqual(['Unavailable', false])
    const cells = [['Decrypt', { CiphertextBlob }, UNAVAILABLE[1]![2]] as const, ...UNAVAILABLE]
    const found: string[] = []
    const expected: string[] = []
    for (const [name, input, answer] of cells) {
      const asked = name === 'Decrypt' ? input : { KeyId, ...input }
      const full = await outcome(kms, name, asked)
      found.push(`${name}: ${answer.includes(':') ? full : full.split(':')[0]}`)
      expected.push(`${name}: ${answer.replace('ARN', Arn).replace('ORIGIN', origin)}`)
    }
    expect(found).toEqual(expected)
    // What was said meanwhile holds: it is leaving, store or no store.
    const after = await kms.send(new DescribeKeyCommand({ KeyId }))
    expect(after.KeyMetadata!.KeyState).toBe('PendingDeletion')
  })

  test('show what was set once the store is connected again', async () => {
    const { kms, KeyId, storeId } = await withKey('AWS_CLOUDHSM')
    const ref = { CustomKeyStoreId: storeId }
    const state = async () =>
      (await kms.send(new DescribeKeyCommand({ KeyId }))).KeyMetadata!.KeyState
    await kms.send(new DisconnectCustomKeyStoreCommand(ref))
    await ask(kms, 'DisableKey', { KeyId })
    expect(await state()).toBe('Unavailable')
    await kms.send(new ConnectCustomKeyStoreCommand(ref))
    expect(await state()).toBe('Disabled')
    const found = await outcome(kms, 'Encrypt', { KeyId, Plaintext: PLAINTEXT })
    expect(found.split(':')[0]).toBe('DisabledException')
  })

  test('are not made', async () => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await create(kms, CLOUD_HSM)
    const found = await outcome(kms, 'CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId })
    expect(found).toBe(
      'CustomKeyStoreInvalidStateException: The custom key store is not connected: connect it ' +
        'and try the request again.',
    )
  })
})

describe('CreateKey', () => {
  test.each<[string, object, string]>([
    ['a store for a key of the service', { Origin: 'AWS_KMS' }, 'ValidationException'],
    ['a store and no origin', {}, 'ValidationException'],
    ['the other origin', { Origin: 'EXTERNAL_KEY_STORE', XksKeyId: 'k' }, 'ValidationException'],
    [
      'an external key in a cluster',
      { Origin: 'AWS_CLOUDHSM', XksKeyId: 'k' },
      'ValidationException',
    ],
    [
      'another spec',
      { Origin: 'AWS_CLOUDHSM', KeySpec: 'RSA_2048', KeyUsage: 'SIGN_VERIFY' },
      'UnsupportedOperationException',
    ],
    [
      'several Regions',
      { Origin: 'AWS_CLOUDHSM', MultiRegion: true },
      'UnsupportedOperationException',
    ],
  ])('%s', async (_, input, name) => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await connected(kms, CLOUD_HSM)
    const found = await outcome(kms, 'CreateKey', { CustomKeyStoreId, ...input })
    expect(found.split(':')[0]).toBe(name)
  })

  test('no store, an unknown one, and no external key', async () => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await connected(kms, EXTERNAL)
    const name = async (input: object) => (await outcome(kms, 'CreateKey', input)).split(':')[0]
    expect(await name({ Origin: 'AWS_CLOUDHSM' })).toBe('ValidationException')
    const unknown = { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: 'cks-00000000000000000' }
    expect(await name(unknown)).toBe('CustomKeyStoreNotFoundException')
    const nameless = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId }
    expect(await name(nameless)).toBe('ValidationException')
  })

  test.each<[string, (world: StoreWorld) => Promise<string>, string]>([
    ['nobody has', async () => 'no.such_key', 'XksKeyNotFoundException'],
    [
      'is disabled',
      async (world) => {
        const keyId = await external(world)
        await world.theirs.disableKey({ keyId })
        return keyId
      },
      'XksKeyInvalidConfigurationException',
    ],
    [
      'is no AES-256 key',
      (world) => external(world, { spec: 'AES_128' }),
      'XksKeyInvalidConfigurationException',
    ],
    [
      'is not for encryption',
      (world) => external(world, { purposes: ['wrap'] }),
      'XksKeyInvalidConfigurationException',
    ],
  ])('with an external key that %s', async (_, key, name) => {
    const world = await openStores()
    const CustomKeyStoreId = await connected(world.kms, EXTERNAL)
    const XksKeyId = await key(world)
    const input = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId }
    expect((await outcome(world.kms, 'CreateKey', input)).split(':')[0]).toBe(name)
  })

  test('an external key has one KMS key', async () => {
    const world = await openStores()
    const CustomKeyStoreId = await connected(world.kms, EXTERNAL)
    const XksKeyId = await external(world)
    const input = { Origin: 'EXTERNAL_KEY_STORE', CustomKeyStoreId, XksKeyId }
    expect(await outcome(world.kms, 'CreateKey', input)).toBe('ok')
    const found = await outcome(world.kms, 'CreateKey', input)
    expect(found.split(':')[0]).toBe('XksKeyAlreadyInUseException')
  })
})

describe('what a proxy refuses', () => {
  /** XKS proxy API, "Error Codes": CreateKey, then uses of keys. */
  test.each(Object.keys(XKS_ERRORS) as XksErrorName[])('%s', async (name) => {
    const told: { failing?: XksErrorName } = {}
    const world = await openStores({}, { fail: () => told.failing })
    const { kms, KeyId, storeId } = await withKey('EXTERNAL_KEY_STORE', world)
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    const XksKeyId = await external(world)
    told.failing = name
    const made = await outcome(kms, 'CreateKey', {
      Origin: 'EXTERNAL_KEY_STORE',
      CustomKeyStoreId: storeId,
      XksKeyId,
    })
    const KEYS: Partial<Record<XksErrorName, string>> = {
      InvalidStateException: 'XksKeyInvalidConfigurationException',
      InvalidKeyUsageException: 'XksKeyInvalidConfigurationException',
      AccessDeniedException: 'KMSInvalidStateException',
      KeyNotFoundException: 'XksKeyNotFoundException',
    }
    expect(made.split(':')[0]).toBe(KEYS[name] ?? 'CustomKeyStoreInvalidStateException')
    for (const [operation, input] of [
      ['Encrypt', { KeyId, Plaintext: PLAINTEXT }],
      ['Decrypt', { CiphertextBlob }],
      ['GenerateDataKey', { KeyId, KeySpec: 'AES_128' }],
    ] as const) {
      const found = await outcome(kms, operation, input)
      expect(found).toMatch(/^KMSInvalidStateException: /)
      // The same text, whatever the exception.
      expect(found.split(': ')[1]).toBe(made.split(': ')[1])
    }
  })

  test('a ciphertext that was changed', async () => {
    const { kms, KeyId } = await withKey('EXTERNAL_KEY_STORE')
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    const changed = new Uint8Array(CiphertextBlob!)
    changed[changed.length - 1]! ^= 1
    expect(await outcome(kms, 'Decrypt', { CiphertextBlob: changed })).toBe(
      'KMSInvalidStateException: The external key store proxy rejected the request because the ' +
        'specified ciphertext or encryption context is corrupted, missing, or otherwise invalid.',
    )
    const cut = new Uint8Array(CiphertextBlob!).subarray(0, 20)
    const found = await outcome(kms, 'Decrypt', { CiphertextBlob: cut })
    expect(found.split(':')[0]).toBe('InvalidCiphertextException')
  })

  test('a ciphertext of a cluster that was changed', async () => {
    const { kms, KeyId } = await withKey('AWS_CLOUDHSM')
    const { CiphertextBlob } = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    const changed = new Uint8Array(CiphertextBlob!)
    changed[changed.length - 1]! ^= 1
    const found = await outcome(kms, 'Decrypt', { CiphertextBlob: changed })
    expect(found.split(':')[0]).toBe('InvalidCiphertextException')
  })

  test('the proxy hears who asks for what', async () => {
    const { kms, proxy, KeyId, Arn } = await withKey('EXTERNAL_KEY_STORE')
    const { $metadata } = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    expect(proxy.calls.at(-1)?.requestMetadata).toEqual({
      awsPrincipalArn: `arn:aws:iam::${ACCOUNT}:root`,
      kmsKeyArn: Arn,
      kmsOperation: 'Encrypt',
      kmsRequestId: $metadata.requestId,
    })
    expect(proxy.calls.map(({ operation }) => operation)).toEqual([
      'health',
      'health',
      'metadata',
      'encrypt',
    ])
  })

  test('a key of a cluster that is gone there', async () => {
    const { kms, KeyId, theirs } = await withKey('AWS_CLOUDHSM')
    const { items: vaults } = await theirs.listVaults({})
    const { items: keys } = await theirs.listKeys({ vaultId: vaults[0]!.id })
    await theirs.disableKey({ keyId: keys[0]!.id })
    expect(await outcome(kms, 'Encrypt', { KeyId, Plaintext: PLAINTEXT })).toBe(
      'KMSInvalidStateException: The CloudHSM cluster of the KMS key is unavailable.',
    )
  })
})

describe('GenerateRandom', () => {
  test('of a cluster, and of no proxy', async () => {
    const { kms } = await openStores()
    const hsm = await connected(kms, CLOUD_HSM)
    const { Plaintext } = await kms.send(
      new GenerateRandomCommand({ NumberOfBytes: 20, CustomKeyStoreId: hsm }),
    )
    expect(Plaintext!.length).toBe(20)
    const name = async (CustomKeyStoreId: string) => {
      const found = await outcome(kms, 'GenerateRandom', { NumberOfBytes: 2, CustomKeyStoreId })
      return found.split(':')[0]
    }
    expect(await name(await connected(kms, EXTERNAL))).toBe('UnsupportedOperationException')
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId: hsm }))
    expect(await name(hsm)).toBe('CustomKeyStoreInvalidStateException')
    expect(await name('cks-00000000000000000')).toBe('CustomKeyStoreNotFoundException')
  })
})

test('stores and their keys survive a restart of the room', async () => {
  const store = lasting(createMemoryStore())
  const seal = { key: new Uint8Array(32).fill(5) }
  const theirs = await another()
  const cluster = { room: theirs, trustAnchor: TRUST_ANCHOR, password: PASSWORD }
  const open = async (clusters: AwsOptions['clusters']) => {
    const room = await Strongroom.open({
      store,
      seal,
      region: REGION,
      crypto: await sharedProvider(),
    })
    return { room, kms: TRANSPORTS['handler']!(room, { ...(clusters && { clusters }) }, {}) }
  }
  const before = await open({ [CLUSTER]: cluster })
  const CustomKeyStoreId = await connected(before.kms, CLOUD_HSM)
  const { KeyMetadata } = await before.kms.send(
    new CreateKeyCommand({ Origin: 'AWS_CLOUDHSM', CustomKeyStoreId }),
  )
  const { KeyId } = KeyMetadata!
  const { CiphertextBlob } = await before.kms.send(
    new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }),
  )
  await before.room.close()
  const after = await open({ [CLUSTER]: cluster })
  expect(await stateOf(after.kms, CustomKeyStoreId)).toEqual(['CONNECTED', undefined])
  const opened = await after.kms.send(new DecryptCommand({ CiphertextBlob }))
  expect(bytes(opened.Plaintext)).toEqual(PLAINTEXT)
  await after.room.close()
  // A process that knows no cluster cannot use its keys.
  const alone = await open(undefined)
  expect(await outcome(alone.kms, 'Decrypt', { CiphertextBlob })).toBe(
    'KMSInvalidStateException: The CloudHSM cluster of the KMS key is unavailable.',
  )
  await alone.room.close()
})
