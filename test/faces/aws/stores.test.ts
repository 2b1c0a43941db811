/** Custom key stores by the official client (contracts: AWS 14, 17). */
import {
  ConnectCustomKeyStoreCommand,
  DecryptCommand,
  DescribeCustomKeyStoresCommand,
  DisconnectCustomKeyStoreCommand,
  EncryptCommand,
  paginateDescribeCustomKeyStores,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, test } from 'vitest'
import type { CloudHsmCluster } from '../../../src/faces/aws/index.ts'
import { serveXksProxy, type XksErrorName } from '../../../src/testing/index.ts'
import { ask, outcome, told } from './ask.ts'
import {
  CLOUD_HSM,
  CLUSTER,
  CREDENTIAL,
  ENDPOINT,
  EXTERNAL,
  OTHER,
  PASSWORD,
  PATH,
  PLAINTEXT,
  SERVICE,
  TRUST_ANCHOR,
  another,
  connected,
  create,
  entry,
  openStores,
  stateOf,
  withKey,
} from './stores-kit.ts'
import { TRANSPORTS } from './world.ts'
import { bytes } from './using.ts'

describe('CreateCustomKeyStore', () => {
  /** Each refusal with the exception that the contract names. */
  test.each<[string, object, string]>([
    ['an unknown cluster', { CloudHsmClusterId: OTHER }, 'CloudHsmClusterNotFoundException'],
    ['another certificate', { TrustAnchorCertificate: 'another' }, 'IncorrectTrustAnchorException'],
    ['no password', { KeyStorePassword: undefined }, 'ValidationException'],
    ['no cluster', { CloudHsmClusterId: undefined }, 'ValidationException'],
    ['a proxy beside it', { XksProxyUriPath: PATH }, 'ValidationException'],
  ])('of a cluster: %s', async (_, change, name) => {
    const { kms } = await openStores()
    const found = await outcome(kms, 'CreateCustomKeyStore', { ...CLOUD_HSM, ...change })
    expect(found.split(':')[0]).toBe(name)
  })

  test.each<[string, Partial<CloudHsmCluster>, string]>([
    ['not active', { active: false }, 'CloudHsmClusterNotActiveException'],
    ['one HSM', { hsms: 1 }, 'CloudHsmClusterInvalidConfigurationException'],
  ])('of a cluster that has %s', async (_, change, name) => {
    const { kms, cluster } = await openStores()
    Object.assign(cluster, change)
    const found = await outcome(kms, 'CreateCustomKeyStore', CLOUD_HSM)
    expect(found.split(':')[0]).toBe(name)
  })

  test.each<[string, object, string]>([
    ['no path', { XksProxyUriPath: undefined }, 'ValidationException'],
    ['no connectivity', { XksProxyConnectivity: undefined }, 'ValidationException'],
    ['no credential', { XksProxyAuthenticationCredential: undefined }, 'ValidationException'],
    ['a cluster beside it', { CloudHsmClusterId: CLUSTER }, 'ValidationException'],
    [
      'a service of a public one',
      { XksProxyVpcEndpointServiceName: SERVICE },
      'ValidationException',
    ],
    [
      'no service of a private one',
      { XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE' },
      'ValidationException',
    ],
    [
      'a service that nobody has',
      {
        XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
        XksProxyVpcEndpointServiceName: SERVICE.replace('0123', '3210'),
      },
      'XksProxyVpcEndpointServiceNotFoundException',
    ],
    [
      'another path',
      { XksProxyUriPath: '/other/kms/xks/v1' },
      'XksProxyInvalidConfigurationException',
    ],
    [
      'another secret',
      {
        XksProxyAuthenticationCredential: {
          ...CREDENTIAL,
          RawSecretAccessKey: CREDENTIAL.RawSecretAccessKey.replace('F', 'G'),
        },
      },
      'XksProxyIncorrectAuthenticationCredentialException',
    ],
    [
      'a place where nobody is',
      { XksProxyUriEndpoint: 'https://nobody.invalid' },
      'XksProxyUriUnreachableException',
    ],
  ])('of a proxy: %s', async (_, change, name) => {
    const { kms, proxy } = await openStores({
      xks: {
        endpoints: {},
        vpcEndpointServices: [SERVICE],
        timeoutMs: 5000,
        fetch: (request) => {
          if (new URL(request.url).origin === ENDPOINT) return proxy(request)
          return Promise.reject(new TypeError('fetch failed'))
        },
      },
    })
    const found = await outcome(kms, 'CreateCustomKeyStore', { ...EXTERNAL, ...change })
    expect(found.split(':')[0]).toBe(name)
    expect((await kms.send(new DescribeCustomKeyStoresCommand({}))).CustomKeyStores).toEqual([])
  })

  test.each<[string, object, string]>([
    ['the name', { CustomKeyStoreName: 'theirs' }, 'CustomKeyStoreNameInUseException'],
    ['endpoint and path', {}, 'XksProxyUriInUseException'],
    [
      'the endpoint, with another connectivity',
      {
        XksProxyUriPath: '/tenant/kms/xks/v1',
        XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
        XksProxyVpcEndpointServiceName: SERVICE,
      },
      'XksProxyUriEndpointInUseException',
    ],
  ])('in use: %s', async (_, change, name) => {
    const { kms } = await openStores()
    await create(kms, EXTERNAL)
    const input = { ...EXTERNAL, CustomKeyStoreName: 'more', ...change }
    expect((await outcome(kms, 'CreateCustomKeyStore', input)).split(':')[0]).toBe(name)
  })

  test('in use: a VPC endpoint service, and a cluster', async () => {
    const { kms } = await openStores()
    const behind = {
      ...EXTERNAL,
      XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
      XksProxyVpcEndpointServiceName: SERVICE,
    } as const
    await create(kms, behind)
    const again = { ...behind, CustomKeyStoreName: 'x', XksProxyUriEndpoint: 'https://x.example' }
    const found = await outcome(kms, 'CreateCustomKeyStore', again)
    expect(found.split(':')[0]).toBe('XksProxyVpcEndpointServiceInUseException')
    await create(kms, CLOUD_HSM)
    const shared = { ...CLOUD_HSM, CustomKeyStoreName: 'y' }
    const second = await outcome(kms, 'CreateCustomKeyStore', shared)
    expect(second.split(':')[0]).toBe('CloudHsmClusterInUseException')
  })

  test('secrets are not told back', async () => {
    const { kms } = await openStores()
    const short = await outcome(kms, 'CreateCustomKeyStore', {
      ...CLOUD_HSM,
      KeyStorePassword: 'pw',
    })
    expect(short).toBe(
      "ValidationException: 1 validation error detected: Value at 'keyStorePassword' failed to " +
        'satisfy constraint: Member must have length greater than or equal to 7',
    )
  })

  test('eleven are one too many', async () => {
    const { kms } = await openStores()
    for (let i = 0; i < 10; i++)
      await create(kms, {
        ...EXTERNAL,
        CustomKeyStoreName: `${i}`,
        XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
        XksProxyUriEndpoint: `https://x${i}.example`,
        XksProxyVpcEndpointServiceName: `${SERVICE}${i}`,
      })
    const found = await outcome(kms, 'CreateCustomKeyStore', EXTERNAL)
    expect(found.split(':')[0]).toBe('LimitExceededException')
    const seen: string[] = []
    for await (const page of paginateDescribeCustomKeyStores({ client: kms, pageSize: 4 }, {}))
      seen.push(...page.CustomKeyStores!.map(({ CustomKeyStoreName }) => CustomKeyStoreName!))
    expect(seen.sort()).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
  })
})

describe('connections', () => {
  test('by the clock of the room', async () => {
    const { kms, clock } = await openStores({ transitionMs: 60_000 })
    const id = await create(kms, CLOUD_HSM)
    expect(told(await ask(kms, 'ConnectCustomKeyStore', { CustomKeyStoreId: id }))).toEqual({})
    expect(await stateOf(kms, id)).toEqual(['CONNECTING', undefined])
    clock.advance({ minutes: 1 })
    expect(await stateOf(kms, id)).toEqual(['CONNECTED', undefined])
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    expect(await stateOf(kms, id)).toEqual(['DISCONNECTING', undefined])
    const again = await outcome(kms, 'ConnectCustomKeyStore', { CustomKeyStoreId: id })
    expect(again.split(':')[0]).toBe('CustomKeyStoreInvalidStateException')
    clock.advance({ minutes: 1 })
    expect(await stateOf(kms, id)).toEqual(['DISCONNECTED', undefined])
  })

  test.each<[string, Partial<CloudHsmCluster>, string]>([
    ['another password', { password: 'another-one' }, 'INVALID_CREDENTIALS'],
    ['a locked user', { connectionError: 'USER_LOCKED_OUT' }, 'USER_LOCKED_OUT'],
  ])('of a cluster: %s', async (_, change, code) => {
    const { kms, cluster } = await openStores()
    const id = await create(kms, CLOUD_HSM)
    Object.assign(cluster, change)
    await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    expect(await stateOf(kms, id)).toEqual(['FAILED', code])
    const again = await outcome(kms, 'ConnectCustomKeyStore', { CustomKeyStoreId: id })
    expect(again).toBe(
      'CustomKeyStoreInvalidStateException: Connecting the custom key store failed: disconnect ' +
        'it and try the request again.',
    )
    Object.assign(cluster, { password: PASSWORD, connectionError: undefined })
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    expect(await stateOf(kms, id)).toEqual(['CONNECTED', undefined])
  })

  test.each<[string, Partial<CloudHsmCluster>, string]>([
    ['is not active', { active: false }, 'CloudHsmClusterNotActiveException'],
    ['has no HSM', { hsms: 0 }, 'CloudHsmClusterInvalidConfigurationException'],
  ])('a cluster that %s is refused at once', async (_, change, name) => {
    const { kms, cluster } = await openStores()
    const id = await create(kms, CLOUD_HSM)
    Object.assign(cluster, change)
    const found = await outcome(kms, 'ConnectCustomKeyStore', { CustomKeyStoreId: id })
    expect(found.split(':')[0]).toBe(name)
    expect(await stateOf(kms, id)).toEqual(['DISCONNECTED', undefined])
  })

  test('one HSM is enough to connect', async () => {
    const { kms, cluster } = await openStores()
    const id = await create(kms, CLOUD_HSM)
    cluster.hsms = 1
    await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId: id }))
    expect(await stateOf(kms, id)).toEqual(['CONNECTED', undefined])
    const made = await outcome(kms, 'CreateKey', { Origin: 'AWS_CLOUDHSM', CustomKeyStoreId: id })
    expect(made.split(':')[0]).toBe('CloudHsmClusterInvalidConfigurationException')
  })

  test.each<[XksErrorName, string]>([
    ['AuthenticationFailedException', 'INVALID_CREDENTIALS'],
    ['InvalidUriPathException', 'XKS_PROXY_INVALID_CONFIGURATION'],
    ['ValidationException', 'XKS_PROXY_INVALID_RESPONSE'],
    ['DependencyTimeoutException', 'XKS_PROXY_TIMED_OUT'],
    ['AccessDeniedException', 'XKS_PROXY_ACCESS_DENIED'],
    ['InternalException', 'XKS_PROXY_NOT_REACHABLE'],
  ])('of a proxy that says %s', async (name, code) => {
    const { kms } = await openStores(
      {},
      {
        fail: ({ requestMetadata }) =>
          requestMetadata['kmsOperation'] === 'ConnectCustomKeyStore' ? name : undefined,
      },
    )
    const id = await connected(kms, EXTERNAL)
    expect(await stateOf(kms, id)).toEqual(['FAILED', code])
  })

  test('of a proxy on a port, which says no more one day', async () => {
    const opened = await openStores()
    const served = await serveXksProxy(opened.proxy)
    const kms = TRANSPORTS['handler']!(
      opened.room,
      { xks: { endpoints: { [ENDPOINT]: served.url }, timeoutMs: 5000 } },
      {},
    )
    const world = { ...opened, kms }
    const { KeyId, storeId } = await withKey('EXTERNAL_KEY_STORE', world)
    const sealed = await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    const { CiphertextBlob } = sealed
    expect(bytes((await kms.send(new DecryptCommand({ CiphertextBlob }))).Plaintext)).toEqual(
      PLAINTEXT,
    )
    await served.close()
    expect(await outcome(kms, 'Decrypt', { CiphertextBlob })).toMatch(
      /^KMSInvalidStateException: AWS KMS cannot communicate with the external key store proxy\./,
    )
    const ref = { CustomKeyStoreId: storeId }
    await kms.send(new DisconnectCustomKeyStoreCommand(ref))
    await kms.send(new ConnectCustomKeyStoreCommand(ref))
    expect(await stateOf(kms, storeId)).toEqual(['FAILED', 'XKS_PROXY_NOT_REACHABLE'])
  })
})

describe('UpdateCustomKeyStore', () => {
  const name = async (kms: KMSClient, input: object): Promise<string> =>
    (await outcome(kms, 'UpdateCustomKeyStore', input)).split(':')[0]!

  test('a cluster: its name at any time, the rest while disconnected', async () => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await connected(kms, CLOUD_HSM)
    expect(await name(kms, { CustomKeyStoreId })).toBe('ValidationException')
    expect(await name(kms, { CustomKeyStoreId, NewCustomKeyStoreName: 'renamed' })).toBe('ok')
    expect((await entry(kms, CustomKeyStoreId)).CustomKeyStoreName).toBe('renamed')
    const password = { CustomKeyStoreId, KeyStorePassword: 'another-one' }
    expect(await name(kms, password)).toBe('CustomKeyStoreInvalidStateException')
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    expect(await name(kms, password)).toBe('ok')
    await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    expect(await stateOf(kms, CustomKeyStoreId)).toEqual(['FAILED', 'INVALID_CREDENTIALS'])
  })

  test('a cluster by another one of the same certificate, and by no other', async () => {
    const theirs = await another()
    const related = { room: theirs, trustAnchor: TRUST_ANCHOR, password: PASSWORD }
    const clusters = {
      [CLUSTER]: related,
      [OTHER]: { ...related },
      'cluster-strangerabc': { ...related, trustAnchor: 'another' },
    }
    const { kms } = await openStores({ clusters })
    const CustomKeyStoreId = await create(kms, CLOUD_HSM)
    expect(await name(kms, { CustomKeyStoreId, CloudHsmClusterId: OTHER })).toBe('ok')
    const stranger = { CustomKeyStoreId, CloudHsmClusterId: 'cluster-strangerabc' }
    expect(await name(kms, stranger)).toBe('CloudHsmClusterNotRelatedException')
    expect((await entry(kms, CustomKeyStoreId)).CloudHsmClusterId).toBe(OTHER)
    const nobody = { CustomKeyStoreId, CloudHsmClusterId: 'cluster-nobody22222' }
    expect(await name(kms, nobody)).toBe('CloudHsmClusterNotFoundException')
    expect(await name(kms, { CustomKeyStoreId, XksProxyUriPath: PATH })).toBe('ValidationException')
  })

  test('a proxy: name, path and credential at any time, the rest while disconnected', async () => {
    const newer = {
      AccessKeyId: 'NEWERNEWERNEWERNEWER',
      RawSecretAccessKey: 'a'.repeat(43),
    }
    const world = await openStores(
      {},
      { credentials: { [newer.AccessKeyId]: newer.RawSecretAccessKey } },
    )
    const { kms, KeyId, storeId: CustomKeyStoreId } = await withKey('EXTERNAL_KEY_STORE', world)
    const update = (change: object) => name(kms, { CustomKeyStoreId, ...change })
    expect(await update({ XksProxyAuthenticationCredential: newer })).toBe('ok')
    await kms.send(new EncryptCommand({ KeyId, Plaintext: PLAINTEXT }))
    expect(world.proxy.calls.at(-1)?.accessKeyId).toBe(newer.AccessKeyId)
    const wrong = { ...newer, RawSecretAccessKey: 'b'.repeat(43) }
    expect(await update({ XksProxyAuthenticationCredential: wrong })).toBe(
      'XksProxyIncorrectAuthenticationCredentialException',
    )
    expect(await update({ XksProxyUriPath: '/other/kms/xks/v1' })).toBe(
      'XksProxyInvalidConfigurationException',
    )
    const endpoint = { XksProxyUriEndpoint: 'https://other.example.com' }
    expect(await update(endpoint)).toBe('CustomKeyStoreInvalidStateException')
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    const behind = {
      XksProxyConnectivity: 'VPC_ENDPOINT_SERVICE',
      XksProxyVpcEndpointServiceName: SERVICE,
    }
    // Another way needs another endpoint.
    expect(await update(behind)).toBe('ValidationException')
    expect(await update({ ...behind, ...endpoint })).toBe('ok')
    const { XksProxyConfiguration } = await entry(kms, CustomKeyStoreId)
    expect(XksProxyConfiguration).toEqual({
      AccessKeyId: newer.AccessKeyId,
      Connectivity: 'VPC_ENDPOINT_SERVICE',
      UriEndpoint: 'https://other.example.com',
      UriPath: PATH,
      VpcEndpointServiceName: SERVICE,
    })
  })

  test('to a name that is taken', async () => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await create(kms, CLOUD_HSM)
    await create(kms, EXTERNAL)
    expect(await name(kms, { CustomKeyStoreId, NewCustomKeyStoreName: 'theirs' })).toBe(
      'CustomKeyStoreNameInUseException',
    )
  })
})

describe('DeleteCustomKeyStore, DescribeCustomKeyStores', () => {
  test('a store goes when it is disconnected and has no keys', async () => {
    const { kms, KeyId, storeId: CustomKeyStoreId, clock } = await withKey('AWS_CLOUDHSM')
    const remove = async () =>
      (await outcome(kms, 'DeleteCustomKeyStore', { CustomKeyStoreId })).split(':')[0]
    expect(await remove()).toBe('CustomKeyStoreInvalidStateException')
    await kms.send(new DisconnectCustomKeyStoreCommand({ CustomKeyStoreId }))
    expect(await remove()).toBe('CustomKeyStoreHasCMKsException')
    await ask(kms, 'ScheduleKeyDeletion', { KeyId, PendingWindowInDays: 7 })
    expect(await remove()).toBe('CustomKeyStoreHasCMKsException')
    clock.advance({ days: 7 })
    expect(await remove()).toBe('ok')
    expect(await remove()).toBe('CustomKeyStoreNotFoundException')
  })

  test('by id or by name, not by both', async () => {
    const { kms } = await openStores()
    const CustomKeyStoreId = await create(kms, CLOUD_HSM)
    const find = async (input: object) => ask(kms, 'DescribeCustomKeyStores', input)
    expect(told(await find({ CustomKeyStoreName: 'ours' }))).toEqual(
      told(await find({ CustomKeyStoreId })),
    )
    const name = async (input: object) =>
      (await outcome(kms, 'DescribeCustomKeyStores', input)).split(':')[0]
    expect(await name({ CustomKeyStoreId, CustomKeyStoreName: 'ours' })).toBe('ValidationException')
    expect(await name({ CustomKeyStoreName: 'nobody' })).toBe('CustomKeyStoreNotFoundException')
    expect(await name({ CustomKeyStoreId: 'cks-1' })).toBe('CustomKeyStoreNotFoundException')
    expect(await name({ Marker: 'x' })).toBe('InvalidMarkerException')
  })

  test('each Region has its own', async () => {
    const { kms, client } = await openStores()
    await create(kms, CLOUD_HSM)
    const elsewhere = client({ region: 'us-east-1' })
    expect(told(await ask(elsewhere, 'DescribeCustomKeyStores'))).toEqual({
      CustomKeyStores: [],
      Truncated: false,
    })
  })
})
