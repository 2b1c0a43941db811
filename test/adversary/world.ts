/** A room with one of everything, and for every operation an input that it accepts. */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import type { Input, Key, OperationName } from '../../src/engine/api.ts'
import type { Spec } from '../../src/domain/algorithms.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { wrapFor } from '../engine/judge.ts'
import { sharedProvider } from '../helpers/provider.ts'
import { sealingLink } from '../helpers/sealing-link.ts'
import { COPIES } from './copies.ts'
import { KEY_STORES } from './key-stores.ts'

const MESSAGE = utf8('a message')
const CONTEXT = { table: 'orders', row: '7' }
const SIX_DAYS_MS = 6 * 24 * 60 * 60 * 1000

export const SEAL = { key: new Uint8Array(32).fill(3) }

export interface World {
  readonly room: Strongroom
  readonly store: Store
  readonly clock: VirtualClock
  readonly vaultId: string
  /** Keys that only serve: nothing changes them. */
  readonly aes: Key
  readonly hmac: Key
  readonly ec: Key
  readonly kem: Key
  readonly imported: Key
}

const make = async (
  room: Strongroom,
  vaultId: string,
  spec: Spec,
  more: object = {},
): Promise<Key> =>
  room.createKey({ vaultId, displayName: 'served', spec, protectionMode: 'SOFTWARE', ...more })

export async function openWorld(): Promise<World> {
  const clock = new VirtualClock()
  const store = createMemoryStore()
  const room = await Strongroom.open({ store, clock, seal: SEAL, crypto: await sharedProvider() })
  for (const type of ['HSM', 'EXTERNAL'] as const) room.linkKeyStores(type, sealingLink())
  const { id: vaultId } = await room.createVault({ displayName: 'fuzz' })
  return {
    room,
    store,
    clock,
    vaultId,
    aes: await make(room, vaultId, 'AES_256', { purposes: ['encrypt', 'wrap'] }),
    hmac: await make(room, vaultId, 'HMAC_256'),
    ec: await make(room, vaultId, 'EC_P256', { purposes: ['sign', 'agree'] }),
    kem: await make(room, vaultId, 'ML_KEM_512'),
    imported: await make(room, vaultId, 'AES_256', { origin: 'imported' }),
  }
}

type Inputs = { readonly [O in OperationName]: (world: World) => Promise<Input<O>> }

const fresh = async ({ room, vaultId }: World): Promise<{ keyId: string }> => ({
  keyId: (await make(room, vaultId, 'AES_256')).id,
})
const freshVault = async ({ room }: World): Promise<{ vaultId: string }> => ({
  vaultId: (await room.createVault({ displayName: 'fresh' })).id,
})
/** The older version of a key with two. */
async function older(world: World): Promise<{ keyId: string; versionId: string }> {
  const { keyId } = await fresh(world)
  const { currentVersionId } = await world.room.getKey({ keyId })
  await world.room.createKeyVersion({ keyId })
  return { keyId, versionId: currentVersionId! }
}
const wrapping = 'RSA_OAEP_SHA_256' as const
async function wrappedKey({ room, vaultId }: World) {
  const { publicKey } = await room.getWrappingKey({ vaultId })
  return { wrapped: wrapFor(wrapping, publicKey, new Uint8Array(32).fill(1)), wrapping }
}
const later = ({ clock }: World, ms: number): Date => new Date(clock.now() + ms)
const inAWeek = (world: World): Date => later(world, 8 * 24 * 60 * 60 * 1000)

const VAULTS = {
  createVault: async () => ({ displayName: 'v', compartmentId: 'c', tags: { a: 'b' } }),
  getVault: async ({ vaultId }) => ({ vaultId }),
  listVaults: async () => ({ limit: 5, sortBy: 'DISPLAYNAME', sortOrder: 'ASC' }),
  updateVault: async (world) => ({
    ...(await freshVault(world)),
    displayName: 'renamed',
    definedTags: { space: { name: [1, { a: null }] } },
  }),
  changeVaultCompartment: async (world) => ({
    ...(await freshVault(world)),
    compartmentId: 'elsewhere',
  }),
  scheduleVaultDeletion: async (world) => ({
    ...(await freshVault(world)),
    deletionAt: inAWeek(world),
  }),
  cancelVaultDeletion: async (world) => {
    const vault = await freshVault(world)
    await world.room.scheduleVaultDeletion(vault)
    return { ...vault, retryToken: `cancel-${vault.vaultId}` }
  },
  getVaultUsage: async ({ vaultId }) => ({ vaultId }),
} satisfies Partial<Inputs>

const KEYS = {
  createKey: async ({ vaultId, clock }) => ({
    vaultId,
    displayName: 'k',
    spec: 'AES_256',
    purposes: ['encrypt', 'wrap'],
    description: 'd',
    tags: { a: 'b' },
    version: { enabled: true, expiresOn: new Date(clock.now() + SIX_DAYS_MS), operations: [] },
    rotation: { everyDays: 30, expiryDays: 60 },
  }),
  getKey: async ({ aes }) => ({ keyId: aes.id }),
  listKeys: async ({ vaultId }) => ({ vaultId, algorithm: 'AES', length: 32, limit: 3 }),
  updateKey: async (world) => ({
    ...(await fresh(world)),
    displayName: 'renamed',
    olderVersions: 'all',
    whileDisabled: true,
  }),
  changeKeyCompartment: async (world) => ({ ...(await fresh(world)), compartmentId: 'elsewhere' }),
  enableKey: async (world) => {
    const key = await fresh(world)
    const { etag } = await world.room.disableKey(key)
    return { ...key, ifMatch: etag }
  },
  disableKey: fresh,
  scheduleKeyDeletion: async (world) => ({ ...(await fresh(world)), deletionAt: inAWeek(world) }),
  cancelKeyDeletion: async (world) => {
    const key = await fresh(world)
    await world.room.scheduleKeyDeletion(key)
    return { ...key, restoreTo: 'disabled' }
  },
  destroyKey: fresh,
  replicateKey: async (world) => ({
    keyId: (await make(world.room, world.vaultId, 'AES_256', { multiRegion: true })).id,
    toVaultId: (await freshVault(world)).vaultId,
    description: 'over there',
    tags: { a: 'b' },
  }),
  changePrimaryKey: async (world) => {
    const { vaultId } = world
    const { id: keyId } = await make(world.room, vaultId, 'AES_256', { multiRegion: true })
    const { vaultId: toVaultId } = await freshVault(world)
    await world.room.replicateKey({ keyId, toVaultId })
    return { keyId, vaultId, toVaultId }
  },
  tagKey: async (world) => ({ ...(await fresh(world)), tags: { colour: 'red' } }),
  untagKey: async (world) => ({ ...(await fresh(world)), tagNames: ['colour'] }),
  createAlias: async (world) => {
    const key = await fresh(world)
    return { ...key, name: `alias/${key.keyId}` }
  },
  updateAlias: async (world) => {
    const input = { ...(await fresh(world)), name: `alias/u-${count()}` }
    await world.room.createAlias(input)
    return input
  },
  deleteAlias: async (world) => {
    const { vaultId } = world
    const name = `alias/d-${count()}`
    await world.room.createAlias({ ...(await fresh(world)), name })
    return { name, vaultId }
  },
  listAliases: async ({ vaultId, aes }) => ({ vaultId, keyId: aes.id, limit: 3 }),
  getRotationPolicy: async ({ aes }) => ({ keyId: aes.id }),
  putRotationPolicy: async (world) => ({
    ...(await fresh(world)),
    rotation: { daysBeforeExpiry: 3, expiryDays: 30, enabled: true },
  }),
  rotateKey: async (world) => ({ ...(await fresh(world)), rotationsMax: 3 }),
  listRotations: async ({ aes }) => ({ keyId: aes.id, limit: 3, includeMaterials: true }),
} satisfies Partial<Inputs>

let counter = 0
const count = (): number => ++counter

const VERSIONS = {
  createKeyVersion: async (world) => ({
    ...(await fresh(world)),
    enabled: true,
    notBefore: later(world, 0),
    tags: { a: 'b' },
  }),
  getKeyVersion: async ({ aes }) => ({ keyId: aes.id, versionId: aes.currentVersionId! }),
  listKeyVersions: async ({ aes }) => ({ keyId: aes.id, sortOrder: 'DESC' }),
  updateKeyVersion: async (world) => ({
    ...(await older(world)),
    enabled: false,
    notBefore: null,
    expiresOn: later(world, SIX_DAYS_MS),
    operations: ['decrypt', 'unwrapKey'],
  }),
  scheduleKeyVersionDeletion: async (world) => ({
    ...(await older(world)),
    deletionAt: inAWeek(world),
  }),
  cancelKeyVersionDeletion: async (world) => {
    const version = await older(world)
    await world.room.scheduleKeyVersionDeletion(version)
    return version
  },
  getWrappingKey: async ({ vaultId }) => ({ vaultId }),
  importKey: async (world) => ({
    ...(await wrappedKey(world)),
    vaultId: world.vaultId,
    displayName: 'from outside',
    spec: 'AES_256',
  }),
  importKeyVersion: async (world) => ({ ...(await fresh(world)), ...(await wrappedKey(world)) }),
  getImportParameters: async ({ imported }) => ({
    keyId: imported.id,
    wrapping,
    wrappingSpec: 'RSA_2048',
  }),
  importKeyMaterial: async (world) => {
    const { id: keyId } = await make(world.room, world.vaultId, 'AES_256', { origin: 'imported' })
    const asked = { keyId, wrapping, wrappingSpec: 'RSA_2048' } as const
    const { publicKey, importToken } = await world.room.getImportParameters(asked)
    const wrapped = wrapFor(wrapping, publicKey, new Uint8Array(32).fill(2))
    return { keyId, importToken, wrapped, expiresAt: inAWeek(world) }
  },
  deleteKeyMaterial: async ({ imported }) => ({ keyId: imported.id }),
} satisfies Partial<Inputs>

const POLICY = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:*', Resource: '*' }],
})
const GRANTEE = 'arn:aws:iam::111122223333:role/reader'
const granted = async ({ room, aes }: World) =>
  room.createGrant({ keyId: aes.id, granteePrincipal: GRANTEE, operations: ['Decrypt'] })

const SHARED = {
  getKeyPolicy: async ({ aes }) => ({ keyId: aes.id }),
  putKeyPolicy: async ({ room, aes }) => {
    await room.putKeyPolicy({ keyId: aes.id, policy: POLICY })
    return { keyId: aes.id, policy: POLICY, bypassLockoutCheck: true }
  },
  createGrant: async ({ aes }) => ({
    keyId: aes.id,
    granteePrincipal: GRANTEE,
    retiringPrincipal: GRANTEE,
    operations: ['Encrypt', 'Decrypt'],
    constraints: { contextSubset: CONTEXT },
    name: 'reading',
    dryRun: false,
  }),
  listGrants: async ({ aes }) => ({ keyId: aes.id, granteePrincipal: GRANTEE, limit: 5 }),
  listRetirableGrants: async ({ vaultId }) => ({
    retiringPrincipal: GRANTEE,
    vaultIds: [vaultId],
    limit: 5,
  }),
  retireGrant: async (world) => {
    const { grant } = await granted(world)
    return { keyId: grant.keyId, grantId: grant.id, dryRun: false }
  },
  revokeGrant: async (world) => {
    const { grant } = await granted(world)
    return { keyId: grant.keyId, grantId: grant.id, dryRun: false }
  },
} satisfies Partial<Inputs>

const encrypted = async ({ room, aes }: World): Promise<Uint8Array> =>
  (await room.encrypt({ keyId: aes.id, plaintext: MESSAGE, context: CONTEXT })).ciphertext

const USES = {
  encrypt: async ({ aes }) => ({ keyId: aes.id, plaintext: MESSAGE, context: CONTEXT }),
  decrypt: async (world) => ({ ciphertext: await encrypted(world), context: CONTEXT }),
  reEncrypt: async (world) => ({
    ciphertext: await encrypted(world),
    sourceContext: CONTEXT,
    keyId: world.aes.id,
    context: { now: 'another' },
  }),
  generateDataKey: async ({ aes }) => ({ keyId: aes.id, lengthBytes: 24, context: CONTEXT }),
  generateDataKeyPair: async ({ aes }) => ({ keyId: aes.id, pairSpec: 'EC_P256' }),
  generateRandom: async () => ({ lengthBytes: 20 }),
  sign: async ({ ec }) => ({ keyId: ec.id, message: MESSAGE, messageType: 'raw', format: 'raw' }),
  verify: async ({ room, ec }) => {
    const { signature } = await room.sign({ keyId: ec.id, message: MESSAGE })
    return { keyId: ec.id, message: MESSAGE, signature, algorithm: 'ECDSA_SHA_256' }
  },
  generateMac: async ({ hmac }) => ({ keyId: hmac.id, message: MESSAGE }),
  verifyMac: async ({ room, hmac }) => {
    const { mac } = await room.generateMac({ keyId: hmac.id, message: MESSAGE })
    return { keyId: hmac.id, message: MESSAGE, mac, algorithm: 'HMAC_SHA_256' }
  },
  wrapKey: async ({ aes }) => ({ keyId: aes.id, plaintext: MESSAGE, algorithm: 'AES_KWP' }),
  unwrapKey: async ({ room, aes }) => ({
    keyId: aes.id,
    wrapped: (await room.wrapKey({ keyId: aes.id, plaintext: MESSAGE })).wrapped,
  }),
  deriveSharedSecret: async ({ room, ec, vaultId }) => {
    const peer = await make(room, vaultId, 'EC_P256')
    const { publicKey } = await room.getPublicKey({ keyId: peer.id })
    return { keyId: ec.id, publicKey }
  },
  encapsulate: async ({ kem }) => ({ keyId: kem.id }),
  decapsulate: async ({ room, kem }) => ({
    keyId: kem.id,
    ciphertext: (await room.encapsulate({ keyId: kem.id })).ciphertext,
  }),
  getPublicKey: async ({ ec }) => ({ keyId: ec.id, versionId: ec.currentVersionId! }),
  exportKey: async ({ room, aes, vaultId }) => {
    const { publicKey } = await room.getWrappingKey({ vaultId })
    return { keyId: aes.id, wrapping, publicKey }
  },
} satisfies Partial<Inputs>

export const INPUTS: Inputs = {
  ...VAULTS,
  ...KEYS,
  ...VERSIONS,
  ...USES,
  ...COPIES,
  ...SHARED,
  ...KEY_STORES,
}
export const OPERATION_NAMES = Object.keys(INPUTS) as readonly OperationName[]
