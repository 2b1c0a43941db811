/**
 * A room behind the unmodified clients of Azure Key Vault keys, by each way that leads into it. RSA
 * pairs are made once in a process: two of each size in turn, so that a rotation changes something.
 */
import {
  CryptographyClient,
  KeyClient,
  type CryptographyClientOptions,
  type KeyClientOptions,
} from '@azure/keyvault-keys'
import { afterAll } from 'vitest'
import { createNodeProvider } from '../../../src/crypto/node/index.ts'
import type { CryptoProvider, KeyPairBytes } from '../../../src/crypto/provider.ts'
import {
  azureCredential,
  azureHandler,
  azureHttpClient,
  type AzureCredential,
  type AzureOptions,
} from '../../../src/faces/azure/index.ts'
import { Strongroom, VirtualClock, type OpenOptions } from '../../../src/index.ts'
import { azureFace, serve, type RunningServer } from '../../../src/server/index.ts'

export const START = new Date('2026-01-01T00:00:00.000Z')
export const DAY_MS = 86_400_000
export const VAULT = 'shop'
export const API = '7.6'

/** Where a client finds a vault, and by what. */
interface Reached {
  readonly url: string
  readonly options: KeyClientOptions
}
type Reach = (room: Strongroom, options: AzureOptions, host: string) => Promise<Reached>

/** What a suite runs over: the same requests, the same answers. */
export const TRANSPORTS: Readonly<Record<string, Reach>> = {
  'in-process': async (room, options, host) => ({
    url: `https://${host}`,
    options: { httpClient: azureHttpClient(room, options) },
  }),
  server: async (room, options, host) => {
    const managedHsm = host.includes('managedhsm')
    const { url } = await serverOf(room, { managedHsm, ...options })
    return {
      url,
      options: { allowInsecureConnection: true, disableChallengeResourceVerification: true },
    }
  },
}
export const TRANSPORT_NAMES = Object.keys(TRANSPORTS)

const servers = new Map<Strongroom, Promise<RunningServer>>()
const rooms: Strongroom[] = []
afterAll(async () => {
  await Promise.all([...servers.values()].map(async (each) => (await each).close({ drainMs: 0 })))
  await Promise.all(rooms.map((room) => room.close()))
})

/** One server for each room, until the end of the file. */
export function serverOf(room: Strongroom, options: AzureOptions): Promise<RunningServer> {
  const known = servers.get(room)
  if (known) return known
  const started = serve(room, { faces: [azureFace(room, options)], port: 0 })
  servers.set(room, started)
  return started
}

function sharedPairs(): CryptoProvider {
  const provider = createNodeProvider()
  const pairs = new Map<string, Promise<KeyPairBytes>>()
  let turn = 0
  const generatePair: CryptoProvider['generatePair'] = async (spec) => {
    if (!spec.startsWith('RSA_')) return provider.generatePair(spec)
    const name = spec === 'RSA_2048' ? `${spec} ${turn++ % 2}` : spec
    const made = pairs.get(name) ?? provider.generatePair(spec)
    pairs.set(name, made)
    const { privateKey, publicKey } = await made
    return { privateKey: privateKey.slice(), publicKey: publicKey.slice() }
  }
  return { ...provider, generatePair }
}
const provider = sharedPairs()

export async function openRoom(options: OpenOptions = {}): Promise<Strongroom> {
  const room = await Strongroom.open({ crypto: provider, ...options })
  rooms.push(room)
  return room
}

/** A reply to a request that no client would send so. */
export interface Raw {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly json: Readonly<Record<string, unknown>> & { readonly error?: AzureErrorBody }
}
interface AzureErrorBody {
  readonly code: string
  readonly message: string
  readonly innererror?: { readonly code: string }
}

export interface World {
  readonly room: Strongroom
  readonly clock: VirtualClock
  readonly client: KeyClient
  readonly clientOf: (credential: AzureCredential, more?: KeyClientOptions) => KeyClient
  /** Without the wait between two looks at a deletion. */
  readonly deleted: (name: string) => Promise<void>
  readonly cryptography: (id: string, more?: CryptographyClientOptions) => CryptographyClient
  readonly raw: (method: string, path: string, body?: unknown, token?: string) => Promise<Raw>
}

export interface Wanted {
  readonly transport?: string
  readonly options?: AzureOptions
  readonly open?: OpenOptions
  readonly host?: string
  readonly room?: Strongroom
}

export const VAULT_HOST = `${VAULT}.vault.azure.net`
export const HSM_HOST = `${VAULT}.managedhsm.azure.net`

export async function openWorld(wanted: Wanted = {}): Promise<World> {
  const { transport = 'in-process', options = {}, open = {}, host = VAULT_HOST } = wanted
  const clock = new VirtualClock(START)
  const room = wanted.room ?? (await openRoom({ clock, ...open }))
  const reached = await TRANSPORTS[transport]!(room, options, host)
  const quick = { retryOptions: { maxRetries: 0 } }
  const clientOf: World['clientOf'] = (credential, more = {}) =>
    new KeyClient(reached.url, credential, { ...reached.options, ...quick, ...more })
  const client = clientOf(azureCredential())
  const managedHsm = host.includes('managedhsm')
  const handle = azureHandler(room, { managedHsm, ...options })
  return {
    room,
    clock,
    client,
    clientOf,
    deleted: async (name) => {
      await (await client.beginDeleteKey(name, { intervalInMs: 0 })).pollUntilDone()
    },
    cryptography: (id, more = {}) =>
      new CryptographyClient(id, azureCredential(), { ...reached.options, ...quick, ...more }),
    raw: async (method, path, body, token = 'any') => {
      const {
        status,
        headers,
        body: text,
      } = await handle({
        method,
        url: `${reached.url}${path}${path.includes('?') ? '&' : '?'}api-version=${API}`,
        headers: token === '' ? {} : { authorization: `Bearer ${token}` },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status, headers, json: text === '' ? {} : (JSON.parse(text) as never) }
    },
  }
}

interface Told {
  readonly statusCode?: number
  readonly code?: string
  readonly details?: { readonly error?: { readonly innerError?: { readonly code?: string } } }
}

/** The refusal of a call, as `status code inner`; 'ok' when it was none. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    const { statusCode, code, details } = error as Told
    if (statusCode === undefined) throw error
    const inner = details?.error?.innerError?.code
    return [statusCode, code, ...(inner === undefined ? [] : [inner])].join(' ')
  }
}

/** The message of a refusal. */
export async function told(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return ''
  } catch (error) {
    return (error as Error).message
  }
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
