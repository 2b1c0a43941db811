/**
 * A room, the unmodified clients of OCI before it, and what tests ask of them: over each transport the
 * same. RSA pairs are made once in a process, since an RSA-4096 wrapping key takes a second.
 */
import type { OciError } from 'oci-common'
import {
  KmsCryptoClient,
  KmsManagementClient,
  KmsVaultClient,
  type models,
} from 'oci-keymanagement'
import { describe, vi } from 'vitest'
import type { ObjectRef, ObjectStore } from '../../../src/backup/objects.ts'
import { createNodeProvider } from '../../../src/crypto/node/index.ts'
import type { CryptoProvider, KeyPairBytes } from '../../../src/crypto/provider.ts'
import type { OciOptions } from '../../../src/faces/oci/index.ts'
import { Strongroom, VirtualClock, type OpenOptions } from '../../../src/index.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { TRANSPORTS, type Reached, type Transport } from './transports.ts'

export const compartment = (letter: string): string => `ocid1.compartment.oc1..${letter.repeat(60)}`
export const COMPARTMENT = compartment('c')
export const REGION = 'eu-frankfurt-1'
export const DAY_MS = 86_400_000

/** A word of one of the enums of the SDK. */
export const word = (text: string): never => text as never

export const AES: models.KeyShape = { algorithm: word('AES'), length: 32 }
export const RSA: models.KeyShape = { algorithm: word('RSA'), length: 256 }
export const ECDSA: models.KeyShape = { algorithm: word('ECDSA'), length: 32 }

/** Two pairs of each RSA size in turn, so that a rotation changes something. */
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

/** Objects in memory, by whatever names them. */
export class Objects implements ObjectStore {
  readonly kept = new Map<string, Uint8Array>()

  async put(ref: ObjectRef, stream: AsyncIterable<Uint8Array>): Promise<void> {
    const pieces: Uint8Array[] = []
    for await (const piece of stream) pieces.push(piece)
    this.kept.set(JSON.stringify(ref), Buffer.concat(pieces))
  }

  async get(ref: ObjectRef): Promise<AsyncIterable<Uint8Array> | undefined> {
    const found = this.kept.get(JSON.stringify(ref))
    return found && once(found)
  }

  /** The last object that came. */
  get last(): Uint8Array {
    return [...this.kept.values()].at(-1)!
  }
}
async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

/** The two clients of one vault. */
export interface VaultClients {
  readonly keys: KmsManagementClient
  readonly crypto: KmsCryptoClient
}

/** The clients before a room that is already there. */
export interface Facing extends Reached {
  readonly vaults: KmsVaultClient
  readonly at: (vault: models.Vault) => VaultClients
  readonly vault: (details?: Partial<models.CreateVaultDetails>) => Promise<models.Vault>
  /** A vault with its clients and the means to make keys in it. */
  readonly furnished: (type?: string) => Promise<Furnished>
  /** The same of a vault that is there. */
  readonly inside: (vault: models.Vault) => Furnished
}
export interface World extends Facing {
  readonly room: Strongroom
  readonly clock: VirtualClock
  readonly objects: Objects
}
export interface Furnished extends VaultClients {
  readonly vault: models.Vault
  readonly key: (
    shape?: models.KeyShape,
    more?: Partial<models.CreateKeyDetails>,
  ) => Promise<models.Key>
}

/** The retrier of the SDK warns of every refusal. */
function hush(): void {
  if (vi.isMockFunction(console.warn)) return
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
  atEnd(() => warn.mockRestore())
}

export async function openRoom(options: OpenOptions = {}): Promise<Strongroom> {
  hush()
  const room = await Strongroom.open({ region: REGION, crypto: provider, ...options })
  atEnd(() => room.close())
  return room
}

function clients({ httpClient, service, endpoints }: Reached) {
  const vaults = new KmsVaultClient({ httpClient })
  vaults.endpoint = service
  const at: Facing['at'] = (vault) => {
    const at = endpoints(vault)
    const keys = new KmsManagementClient({ httpClient })
    keys.endpoint = at.management
    const crypto = new KmsCryptoClient({ httpClient })
    crypto.endpoint = at.crypto
    return { keys, crypto }
  }
  return { vaults, at }
}

async function facing(
  transport: Transport,
  room: Strongroom,
  options: OciOptions,
): Promise<Facing> {
  const reached = await transport.reach(room, options)
  const { vaults, at } = clients(reached)
  const vault: Facing['vault'] = async (details = {}) => {
    const createVaultDetails = {
      compartmentId: COMPARTMENT,
      displayName: 'vault',
      vaultType: word('VIRTUAL_PRIVATE'),
      ...details,
    }
    return (await vaults.createVault({ createVaultDetails })).vault
  }
  const inside: Facing['inside'] = (made) => {
    const { keys, crypto } = at(made)
    const key: Furnished['key'] = async (keyShape = AES, more = {}) => {
      const details = { compartmentId: COMPARTMENT, displayName: 'key', keyShape, ...more }
      return (await keys.createKey({ createKeyDetails: details })).key
    }
    return { vault: made, keys, crypto, key }
  }
  const furnished: Facing['furnished'] = async (type = 'VIRTUAL_PRIVATE') =>
    inside(await vault({ vaultType: word(type) }))
  return { ...reached, vaults, at, vault, furnished, inside }
}

/** Rooms and clients, over one transport. */
export interface Way {
  readonly transport: Transport
  readonly facing: (room: Strongroom, options?: OciOptions) => Promise<Facing>
  readonly world: (options?: OciOptions, open?: OpenOptions) => Promise<World>
}

export const WAYS: readonly Way[] = TRANSPORTS.map((transport) => {
  const face: Way['facing'] = (room, options = {}) => facing(transport, room, options)
  const world: Way['world'] = async (options, open = {}) => {
    const clock = new VirtualClock()
    const objects = new Objects()
    const room = await openRoom({ clock, objects, ...open })
    return { ...(await face(room, options)), room, clock, objects }
  }
  return { transport, facing: face, world }
})

/** Says everything twice: in-process, and over the network. */
export const onEachWay = (suite: (way: Way) => void): void =>
  describe.each(WAYS)('$transport.name', suite)

/** The refusal of a call, as `status code`; 'ok' when it was none. */
export async function refusal(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return 'ok'
  } catch (error) {
    const { statusCode, serviceCode } = error as OciError
    return `${statusCode} ${serviceCode}`
  }
}

/** The message of a refusal. */
export async function told(call: Promise<unknown>): Promise<string> {
  try {
    await call
    return ''
  } catch (error) {
    return (error as OciError).message
  }
}

/** A backup as a body that every transport can send: it is ASCII. */
export const file = (bytes: Uint8Array) => ({
  body: Buffer.from(bytes).toString('latin1'),
  contentLength: bytes.length,
})

export const base64 = (text: string | Uint8Array): string => Buffer.from(text).toString('base64')
