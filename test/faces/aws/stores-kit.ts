/** Rooms with clusters and proxies behind them, and the stores of both kinds. */
import {
  ConnectCustomKeyStoreCommand,
  CreateCustomKeyStoreCommand,
  CreateKeyCommand,
  DescribeCustomKeyStoresCommand,
  type CreateCustomKeyStoreCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { Strongroom } from '../../../src/index.ts'
import type { AwsOptions, CloudHsmCluster } from '../../../src/faces/aws/index.ts'
import { xksProxy, type XksProxy, type XksProxyOptions } from '../../../src/testing/index.ts'
import { sharedProvider } from '../../helpers/provider.ts'
import { openWorld, TRANSPORTS, type World } from './world.ts'
import { utf8 } from './using.ts'

export const CLUSTER = 'cluster-2a23b4cdefg'
export const OTHER = 'cluster-abcdefg2345'
export const TRUST_ANCHOR = '-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n'
export const PASSWORD = 'kmsPswd123'
export const ENDPOINT = 'https://xks.example.com'
export const PATH = '/kms/xks/v1'
export const CREDENTIAL = {
  AccessKeyId: 'ABCDEFGHIJKLMNOPQRST',
  RawSecretAccessKey: 'FYtE5EFA5FT0mCc3DrGUe2sti527BitkQ0Zr9MO9fvE',
}
export const CONTEXT = { table: 'orders' }
export const PLAINTEXT = utf8('what is kept')

export const CLOUD_HSM: CreateCustomKeyStoreCommandInput = {
  CustomKeyStoreName: 'ours',
  CloudHsmClusterId: CLUSTER,
  TrustAnchorCertificate: TRUST_ANCHOR,
  KeyStorePassword: PASSWORD,
}
export const EXTERNAL: CreateCustomKeyStoreCommandInput = {
  CustomKeyStoreName: 'theirs',
  CustomKeyStoreType: 'EXTERNAL_KEY_STORE',
  XksProxyConnectivity: 'PUBLIC_ENDPOINT',
  XksProxyUriEndpoint: ENDPOINT,
  XksProxyUriPath: PATH,
  XksProxyAuthenticationCredential: CREDENTIAL,
}
export const SERVICE = 'com.amazonaws.vpce.eu-central-1.vpce-svc-0123456789abcdef0'

/** Another room, with the clock of the first. */
export async function another(): Promise<Strongroom> {
  return Strongroom.open({ crypto: await sharedProvider() })
}

export interface StoreWorld extends World {
  /** Of the cluster, and behind the proxy. */
  readonly theirs: Strongroom
  readonly proxy: XksProxy
  /** What the cluster is like from now on. */
  readonly cluster: { -readonly [N in keyof CloudHsmCluster]: CloudHsmCluster[N] }
}

export async function openStores(
  more: AwsOptions = {},
  proxying: Partial<XksProxyOptions> = {},
  connect = TRANSPORTS['handler']!,
): Promise<StoreWorld> {
  const theirs = await another()
  await theirs.createVault({ displayName: 'theirs' })
  const cluster = { room: theirs, trustAnchor: TRUST_ANCHOR, password: PASSWORD }
  let now = (): Date => new Date()
  const proxy = xksProxy(theirs, {
    accessKeyId: CREDENTIAL.AccessKeyId,
    secretAccessKey: CREDENTIAL.RawSecretAccessKey,
    now: () => now(),
    ...proxying,
  })
  const world = await openWorld(
    connect,
    {
      clusters: { [CLUSTER]: cluster },
      xks: { endpoints: { [ENDPOINT]: proxy }, timeoutMs: 5000 },
      ...more,
    },
    { crypto: await sharedProvider() },
  )
  now = () => world.room.now()
  return { ...world, theirs, proxy, cluster }
}

export const create = async (
  kms: KMSClient,
  input: CreateCustomKeyStoreCommandInput,
): Promise<string> => {
  const { CustomKeyStoreId } = await kms.send(new CreateCustomKeyStoreCommand(input))
  return CustomKeyStoreId!
}
export const connected = async (
  kms: KMSClient,
  input: CreateCustomKeyStoreCommandInput,
): Promise<string> => {
  const CustomKeyStoreId = await create(kms, input)
  await kms.send(new ConnectCustomKeyStoreCommand({ CustomKeyStoreId }))
  return CustomKeyStoreId
}
export const entry = async (kms: KMSClient, CustomKeyStoreId: string) =>
  (await kms.send(new DescribeCustomKeyStoresCommand({ CustomKeyStoreId }))).CustomKeyStores![0]!
export const stateOf = async (kms: KMSClient, id: string) => {
  const { ConnectionState, ConnectionErrorCode } = await entry(kms, id)
  return [ConnectionState, ConnectionErrorCode]
}

/** A key over there that nothing uses yet. */
export async function external({ theirs }: StoreWorld, more: object = {}): Promise<string> {
  const { items } = await theirs.listVaults({})
  const key = { vaultId: items[0]!.id, displayName: 'external', spec: 'AES_256', ...more } as const
  return (await theirs.createKey(key)).id
}

/** Both kinds of stores, and what a key in one asks for. */
export const KINDS = {
  AWS_CLOUDHSM: { input: CLOUD_HSM, asked: async (_: StoreWorld): Promise<object> => ({}) },
  EXTERNAL_KEY_STORE: {
    input: EXTERNAL,
    asked: async (world: StoreWorld): Promise<object> => ({ XksKeyId: await external(world) }),
  },
} as const
export type Origin = keyof typeof KINDS
export const ORIGINS = Object.keys(KINDS) as Origin[]

export async function keyIn(world: StoreWorld, Origin: Origin, CustomKeyStoreId: string) {
  const asked = await KINDS[Origin].asked(world)
  const { KeyMetadata } = await world.kms.send(
    new CreateKeyCommand({ Origin, CustomKeyStoreId, ...asked }),
  )
  return KeyMetadata!
}

export async function withKey(Origin: Origin, world?: StoreWorld) {
  const opened = world ?? (await openStores())
  const storeId = await connected(opened.kms, KINDS[Origin].input)
  const { KeyId, Arn } = await keyIn(opened, Origin, storeId)
  return { ...opened, storeId, KeyId: KeyId!, Arn: Arn! }
}
