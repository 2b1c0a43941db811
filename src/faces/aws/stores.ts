/** TABLE of the operations on custom key stores (contracts: AWS 14, 17). */
import { utf8, wipe } from '../../base/bytes.ts'
import type { KeyStore } from '../../engine/api.ts'
import type { KeyStoreState } from '../../domain/lifecycle.ts'
import type { Json, KeyStoreType } from '../../domain/records.ts'
import { row, type Call } from './call.ts'
import type { CloudHsmSettings } from './cloud-hsm.ts'
import { KmsFault, validation } from './errors.ts'
import { page, STORE_ID } from './members.ts'
import { following, paged } from './paging.ts'
import { may, need, secretOf, structure, text, secret, words, type Values } from './shape.ts'
import { isXksFailure, XKS_FAILURES } from './xks/failures.ts'
import type { XksSettings } from './xks/link.ts'

const NAME = text(1, 256)
const PAGE_SIZE = 100

const CREDENTIAL = structure({
  AccessKeyId: need(text(20, 30, /^[A-Z2-7]+$/)),
  RawSecretAccessKey: need(secretOf(43, 64, /^[a-zA-Z0-9/+=]+$/)),
})

/** Of both kinds, when a store is made and when it is changed. */
const SETTINGS = {
  CloudHsmClusterId: may(text(19, 24, /cluster-[2-7a-zA-Z]{11,16}/)),
  KeyStorePassword: may(secret(7, 32)),
  XksProxyUriEndpoint: may(text(10, 128, /^https:\/\/[a-zA-Z0-9.-]+$/, '^https://[a-zA-Z0-9.-]+$')),
  XksProxyUriPath: may(
    text(
      10,
      128,
      /^(\/[a-zA-Z0-9/_-]+\/kms\/xks\/v\d{1,2})$|^(\/kms\/xks\/v\d{1,2})$/,
      String.raw`^(/[a-zA-Z0-9\/_-]+/kms/xks/v\d{1,2})$|^(/kms/xks/v\d{1,2})$`,
    ),
  ),
  XksProxyVpcEndpointServiceName: may(
    text(20, 64, /^(com|eu)\.amazonaws\.vpce\.([a-z]+-){2,3}\d+\.vpce-svc-[0-9a-z]+$/),
  ),
  XksProxyVpcEndpointServiceOwner: may(text(12, 12, /[0-9]{12}/)),
  XksProxyAuthenticationCredential: may(CREDENTIAL),
  XksProxyConnectivity: may(words('PUBLIC_ENDPOINT', 'VPC_ENDPOINT_SERVICE')),
} as const

const CREATE = {
  CustomKeyStoreName: need(NAME),
  TrustAnchorCertificate: may(text(1, 5000)),
  CustomKeyStoreType: may(words('AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE')),
  ...SETTINGS,
} as const
const UPDATE = {
  CustomKeyStoreId: need(STORE_ID),
  NewCustomKeyStoreName: may(NAME),
  ...SETTINGS,
} as const
type Given = Values<typeof SETTINGS> & { readonly TrustAnchorCertificate?: string | undefined }

/** What a kind of store has in the words of its link, and what opens it. */
interface Read {
  readonly settings: CloudHsmSettings | XksSettings
  readonly secret: Uint8Array | undefined
}
interface Kind {
  readonly type: KeyStoreType
  /** CustomKeyStoreType. */
  readonly wire: string
  /** Members that only this kind has. */
  readonly members: readonly (keyof Given)[]
  readonly read: (given: Given, before?: Json) => Read
  readonly shown: (settings: Json) => object
  /** Members that may change while the store is connected. */
  readonly whileConnected: readonly string[]
}

const needed = <T>(value: T | undefined, name: string, kind: string): T =>
  value ?? validation(`${name} is required for custom key stores of type ${kind}.`)

const CLOUD_HSM: Kind = {
  type: 'HSM',
  wire: 'AWS_CLOUDHSM',
  members: ['CloudHsmClusterId', 'TrustAnchorCertificate', 'KeyStorePassword'],
  read: (given, before) => {
    const { clusterId, trustAnchor } = (before ?? {}) as Partial<CloudHsmSettings>
    const { KeyStorePassword: password } = given
    if (!before) needed(password, 'KeyStorePassword', 'AWS_CLOUDHSM')
    return {
      settings: {
        clusterId: needed(
          given.CloudHsmClusterId ?? clusterId,
          'CloudHsmClusterId',
          'AWS_CLOUDHSM',
        ),
        trustAnchor: needed(
          given.TrustAnchorCertificate ?? trustAnchor,
          'TrustAnchorCertificate',
          'AWS_CLOUDHSM',
        ),
      },
      secret: password === undefined ? undefined : utf8(password),
    }
  },
  shown: (settings) => {
    const { clusterId, trustAnchor } = settings as unknown as CloudHsmSettings
    return { CloudHsmClusterId: clusterId, TrustAnchorCertificate: trustAnchor }
  },
  whileConnected: ['NewCustomKeyStoreName'],
}

const EXTERNAL: Kind = {
  type: 'EXTERNAL',
  wire: 'EXTERNAL_KEY_STORE',
  members: [
    'XksProxyUriEndpoint',
    'XksProxyUriPath',
    'XksProxyVpcEndpointServiceName',
    'XksProxyVpcEndpointServiceOwner',
    'XksProxyAuthenticationCredential',
    'XksProxyConnectivity',
  ],
  read: (given, before) => {
    const known = (before ?? {}) as Partial<XksSettings>
    const { XksProxyAuthenticationCredential: credential } = given
    const must = <T>(value: T | undefined, name: string): T =>
      needed(value, name, 'EXTERNAL_KEY_STORE')
    const connectivity = must(
      given.XksProxyConnectivity ?? known.connectivity,
      'XksProxyConnectivity',
    )
    if (before && connectivity !== known.connectivity && given.XksProxyUriEndpoint === undefined)
      validation('XksProxyUriEndpoint must be specified when XksProxyConnectivity changes.')
    return {
      settings: {
        connectivity,
        uriEndpoint: must(given.XksProxyUriEndpoint ?? known.uriEndpoint, 'XksProxyUriEndpoint'),
        uriPath: must(given.XksProxyUriPath ?? known.uriPath, 'XksProxyUriPath'),
        accessKeyId: must(
          credential?.AccessKeyId ?? known.accessKeyId,
          'XksProxyAuthenticationCredential',
        ),
        ...endpointService(connectivity, given, known),
      },
      secret: credential && utf8(credential.RawSecretAccessKey),
    }
  },
  shown: (settings) => {
    const xks = settings as unknown as XksSettings
    return {
      XksProxyConfiguration: {
        Connectivity: xks.connectivity,
        AccessKeyId: xks.accessKeyId,
        UriEndpoint: xks.uriEndpoint,
        UriPath: xks.uriPath,
        ...(xks.vpcEndpointServiceName !== undefined && {
          VpcEndpointServiceName: xks.vpcEndpointServiceName,
        }),
        ...(xks.vpcEndpointServiceOwner !== undefined && {
          VpcEndpointServiceOwner: xks.vpcEndpointServiceOwner,
        }),
      },
    }
  },
  whileConnected: ['NewCustomKeyStoreName', 'XksProxyUriPath', 'XksProxyAuthenticationCredential'],
}

/** A proxy behind a VPC endpoint service names it; a public one has none. */
function endpointService(
  connectivity: XksSettings['connectivity'],
  given: Given,
  known: Partial<XksSettings>,
): Partial<XksSettings> {
  const { XksProxyVpcEndpointServiceName: given1, XksProxyVpcEndpointServiceOwner: given2 } = given
  if (connectivity === 'PUBLIC_ENDPOINT') {
    if (given1 === undefined && given2 === undefined) return {}
    return validation(
      'XksProxyVpcEndpointServiceName is valid only when XksProxyConnectivity is ' +
        'VPC_ENDPOINT_SERVICE.',
    )
  }
  const name = given1 ?? known.vpcEndpointServiceName
  const owner = given2 ?? known.vpcEndpointServiceOwner
  return {
    vpcEndpointServiceName: needed(name, 'XksProxyVpcEndpointServiceName', 'EXTERNAL_KEY_STORE'),
    ...(owner !== undefined && { vpcEndpointServiceOwner: owner }),
  }
}

const KINDS: Readonly<Record<KeyStoreType, Kind>> = { HSM: CLOUD_HSM, EXTERNAL }

const CONNECTION_STATES: Readonly<Partial<Record<KeyStoreState, string>>> = {
  connected: 'CONNECTED',
  connecting: 'CONNECTING',
  failed: 'FAILED',
  disconnected: 'DISCONNECTED',
  disconnecting: 'DISCONNECTING',
}

/** As the service names stores: the last 17 digits of our id. */
export const shownStoreId = (id: string): string => `cks-${id.replaceAll('-', '').slice(-17)}`

/** What is of the other kind must not be given. */
function refuseOther({ wire, members }: Kind, given: Given): void {
  for (const kind of Object.values(KINDS)) {
    if (kind.wire === wire) continue
    const other = kind.members.find((name) => given[name] !== undefined && !members.includes(name))
    if (other) validation(`${other} is not valid for custom key stores of type ${wire}.`)
  }
}

/** All stores of the caller's account and region: there are ten at most. */
async function stores(call: Call): Promise<readonly KeyStore[]> {
  const vaultId = await call.vault()
  return (await call.room.listKeyStores({ ...call.asked, vaultId })).items
}

const notFound = (text: string): KmsFault => new KmsFault('CustomKeyStoreNotFoundException', text)

/** @throws CustomKeyStoreNotFoundException */
export async function storeOf(call: Call, given: string): Promise<KeyStore> {
  const found = (await stores(call)).find(({ id }) => shownStoreId(id) === given)
  if (found) return found
  throw notFound(`Custom key store ${given} does not exist.`)
}

const refOf = ({ id: keyStoreId, vaultId }: KeyStore) => ({ keyStoreId, vaultId })

function shown(store: KeyStore): object {
  const { failure } = store
  const kind = KINDS[store.type]
  const code = failure !== undefined && isXksFailure(failure) ? XKS_FAILURES[failure] : undefined
  return {
    CustomKeyStoreId: shownStoreId(store.id),
    CustomKeyStoreName: store.name,
    CustomKeyStoreType: kind.wire,
    ConnectionState: CONNECTION_STATES[store.state],
    ...(failure !== undefined && { ConnectionErrorCode: code?.connection ?? failure }),
    CreationDate: store.createdAt,
    ...kind.shown(store.settings),
  }
}

/** Hands what opens a store over, and wipes it. */
async function withRead<T>({ settings, secret }: Read, use: (read: object) => Promise<T>) {
  try {
    return await use({ settings, ...(secret && { secret }) })
  } finally {
    wipe(secret)
  }
}

export const settling = ({ options }: Call) => ({ settleMs: options.transitionMs ?? 0 })

const ONE = { CustomKeyStoreId: need(STORE_ID) } as const

export const STORE_ROWS = {
  CreateCustomKeyStore: row({
    room: ['createKeyStore'],
    input: CREATE,
    answer: async (call) => {
      const { CustomKeyStoreName: name, CustomKeyStoreType = 'AWS_CLOUDHSM' } = call.input
      const kind = CustomKeyStoreType === 'AWS_CLOUDHSM' ? CLOUD_HSM : EXTERNAL
      refuseOther(kind, call.input)
      const vaultId = await call.vault()
      const { id } = await withRead(kind.read(call.input), (read) =>
        call.room.createKeyStore({
          ...call.asked,
          vaultId,
          name,
          type: kind.type,
          ...(read as { settings: Json; secret?: Uint8Array }),
        }),
      )
      return { CustomKeyStoreId: shownStoreId(id) }
    },
  }),

  DescribeCustomKeyStores: row({
    room: ['listKeyStores'],
    input: {
      CustomKeyStoreId: may(STORE_ID),
      CustomKeyStoreName: may(NAME),
      ...page(1000),
    },
    answer: async (call) => {
      const { CustomKeyStoreId: id, CustomKeyStoreName: name } = call.input
      if (id !== undefined && name !== undefined)
        validation('CustomKeyStoreId and CustomKeyStoreName cannot both be specified.')
      if (id !== undefined)
        return { CustomKeyStores: [shown(await storeOf(call, id))], Truncated: false }
      if (name !== undefined) {
        const found = (await stores(call)).find((store) => store.name === name)
        if (!found) throw notFound(`Custom key store ${name} does not exist.`)
        return { CustomKeyStores: [shown(found)], Truncated: false }
      }
      const vaultId = await call.vault()
      const { items, nextPage } = await call.room.listKeyStores({
        ...call.asked,
        ...paged(call.input, PAGE_SIZE),
        vaultId,
      })
      return { CustomKeyStores: items.map(shown), ...following(nextPage) }
    },
  }),

  UpdateCustomKeyStore: row({
    room: ['updateKeyStore'],
    input: UPDATE,
    answer: async (call) => {
      const { CustomKeyStoreId, NewCustomKeyStoreName: name, ...given } = call.input
      const store = await storeOf(call, CustomKeyStoreId)
      const kind = KINDS[store.type]
      refuseOther(kind, given)
      const changed = Object.entries(call.input)
        .filter(([member, value]) => value !== undefined && member !== 'CustomKeyStoreId')
        .map(([member]) => member)
      if (changed.length === 0) validation('At least one property must be specified to update.')
      const renamed = changed.every((member) => member === 'NewCustomKeyStoreName')
      await withRead(kind.read(given, store.settings), (read) =>
        call.room.updateKeyStore({
          ...call.asked,
          ...refOf(store),
          ...(name !== undefined && { name }),
          ...(!renamed && read),
          whileConnected: changed.every((member) => kind.whileConnected.includes(member)),
        }),
      )
      return {}
    },
  }),

  ConnectCustomKeyStore: row({
    room: ['connectKeyStore'],
    input: ONE,
    answer: async (call) => {
      const store = await storeOf(call, call.input.CustomKeyStoreId)
      await call.room.connectKeyStore({ ...call.asked, ...refOf(store), ...settling(call) })
      return {}
    },
  }),

  DisconnectCustomKeyStore: row({
    room: ['disconnectKeyStore'],
    input: ONE,
    answer: async (call) => {
      const store = await storeOf(call, call.input.CustomKeyStoreId)
      await call.room.disconnectKeyStore({ ...call.asked, ...refOf(store), ...settling(call) })
      return {}
    },
  }),

  DeleteCustomKeyStore: row({
    room: ['deleteKeyStore'],
    input: ONE,
    answer: async (call) => {
      const store = await storeOf(call, call.input.CustomKeyStoreId)
      await call.room.deleteKeyStore({ ...call.asked, ...refOf(store) })
      return {}
    },
  }),
}
