/** A real room brought into any state, and every operation called on it. */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import { Strongroom } from '../../src/index.ts'
import { VirtualClock } from '../../src/base/clock.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import type { OperationName } from '../../src/engine/api.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore } from '../../src/testing/faulty-store.ts'
import { sharedProvider } from '../helpers/provider.ts'
import type { Room } from '../model/real.ts'
import type { Kind } from './fixtures.ts'

const MATERIAL = new Uint8Array(32).fill(5)
const WRAPPING = 'RSA_OAEP_SHA_256'
const PLAINTEXT = utf8('cell')

/** One vault with one key, and what an operation on them needs. */
export interface Stage {
  readonly room: Room
  readonly clock: VirtualClock
  readonly vaultId: string
  readonly keyId: string
  readonly versionId: string
}

const openRoom = async (clock: VirtualClock): Promise<Room> =>
  Strongroom.open({ clock, crypto: await sharedProvider() })

async function stageOf(room: Room, clock: VirtualClock, origin: 'internal' | 'imported') {
  const vault = await room.createVault({ displayName: 'v' })
  const key = await room.createKey({
    vaultId: vault.id,
    displayName: 'k',
    spec: 'AES_256',
    origin,
    protectionMode: 'SOFTWARE',
    purposes: ['encrypt', 'wrap'],
  })
  return { room, clock, vaultId: vault.id, keyId: key.id, versionId: key.currentVersionId ?? '' }
}

/** How a key gets from enabled (or, imported, from pendingImport) into a state. */
const KEY_INTO: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  pendingImport: async () => undefined,
  enabled: async () => undefined,
  disabled: ({ room, keyId }) => room.disableKey({ keyId }),
  pendingDeletion: ({ room, keyId }) => room.scheduleKeyDeletion({ keyId }),
  deleted: ({ room, keyId }) => room.destroyKey({ keyId }),
}
const VAULT_INTO: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  active: async () => undefined,
  pendingDeletion: ({ room, vaultId }) => room.scheduleVaultDeletion({ vaultId }),
  deleted: async ({ room, vaultId, clock }) => {
    await room.scheduleVaultDeletion({ vaultId })
    clock.advance({ days: 30 })
  },
}
/** The version in question is the older of two, so that its deletion may be scheduled. */
const VERSION_INTO: Readonly<Record<string, (stage: Stage) => Promise<unknown>>> = {
  enabled: async () => undefined,
  disabled: ({ room, keyId, versionId }) =>
    room.updateKeyVersion({ keyId, versionId, enabled: false }),
  pendingDeletion: ({ room, keyId, versionId }) =>
    room.scheduleKeyVersionDeletion({ keyId, versionId }),
  deleted: async ({ room, keyId, versionId, clock }) => {
    await room.scheduleKeyVersionDeletion({ keyId, versionId, ...soon(clock) })
    clock.advance({ days: 7 })
  },
}
const soon = (clock: VirtualClock): { deletionAt: Date } => ({
  deletionAt: new Date(clock.now() + 7 * 24 * 60 * 60 * 1000),
})

/** Imported keys are staged for what imports, and wherever a key waits for its material. */
export async function stage(kind: Kind, state: string, imported: boolean): Promise<Stage> {
  const clock = new VirtualClock()
  const room = await openRoom(clock)
  const made = await stageOf(room, clock, imported ? 'imported' : 'internal')
  if (kind === 'vault' && state === 'restoring') return restoringVault(made)
  if (kind === 'version') return imported ? importedVersion(made, state) : olderVersion(made, state)
  if (imported && state !== 'pendingImport') await importMaterial(made)
  const into = kind === 'vault' ? VAULT_INTO : KEY_INTO
  await into[state]!(made)
  return made
}

/** Cut off between the commit that makes it appear and the first of its keys. */
async function restoringVault(made: Stage): Promise<Stage> {
  const { vaultId, clock } = made
  const { blob } = await made.room.backupVault({ vaultId, includeKeys: true })
  const store = faultyStore(createMemoryStore())
  const realm = made.room as Strongroom
  const room = await Strongroom.open({ realm, clock, store })
  const commits = store.calls.filter(({ method }) => method === 'commit').length
  // The key of what comes in, what comes in, the vault; then its keys.
  store.plan({ method: 'commit', nth: commits + 4, kind: 'before', lasting: true })
  await room.restoreVault({ blob: blob! }).catch(() => undefined)
  store.heal()
  return { ...made, room }
}

async function olderVersion(made: Stage, state: string): Promise<Stage> {
  await made.room.createKeyVersion({ keyId: made.keyId })
  await VERSION_INTO[state]!(made)
  return made
}

/** The one version of an imported key; without its material, so is the key. */
async function importedVersion(made: Stage, state: string): Promise<Stage> {
  const { room, keyId } = made
  await importMaterial(made)
  const { currentVersionId } = await room.getKey({ keyId })
  const imported = { ...made, versionId: currentVersionId! }
  if (state === 'pendingImport') await room.deleteKeyMaterial({ keyId })
  else await VERSION_INTO[state]!(imported)
  return imported
}

function wrap(spki: Uint8Array): Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const padding = constants.RSA_PKCS1_OAEP_PADDING
  return new Uint8Array(publicEncrypt({ key, padding, oaepHash: 'sha256' }, MATERIAL))
}

async function importMaterial({ room, keyId }: Stage): Promise<unknown> {
  const asked = { keyId, wrapping: WRAPPING, wrappingSpec: 'RSA_2048' } as const
  const { publicKey, importToken } = await room.getImportParameters(asked)
  return room.importKeyMaterial({ keyId, importToken, wrapped: wrap(publicKey) })
}

type Call = (stage: Stage) => Promise<unknown>

/** Calls that need more than ids: everything that their input asks for. */
const SPECIAL: Readonly<Partial<Record<string, Call>>> = {
  changeVaultCompartment: ({ room, vaultId }) =>
    room.changeVaultCompartment({ vaultId, compartmentId: 'east' }),
  createVaultReplica: ({ room, vaultId }) =>
    room.createVaultReplica({ vaultId, region: 'elsewhere' }),
  createKey: ({ room, vaultId }) =>
    room.createKey({ vaultId, displayName: 'new', spec: 'AES_128' }),
  changeKeyCompartment: ({ room, keyId }) =>
    room.changeKeyCompartment({ keyId, compartmentId: 'east' }),
  updateKey: ({ room, keyId }) => room.updateKey({ keyId, displayName: 'renamed' }),
  tagKey: ({ room, keyId }) => room.tagKey({ keyId, tags: { a: 'b' } }),
  untagKey: ({ room, keyId }) => room.untagKey({ keyId, tagNames: ['a'] }),
  createAlias: ({ room, keyId }) => room.createAlias({ keyId, name: 'alias/new' }),
  putRotationPolicy: ({ room, keyId }) =>
    room.putRotationPolicy({ keyId, rotation: { everyDays: 90 } }),
  importKeyMaterial: importMaterial,
  encrypt: ({ room, keyId }) => room.encrypt({ keyId, plaintext: PLAINTEXT }),
  generateDataKey: ({ room, keyId }) => room.generateDataKey({ keyId }),
  generateDataKeyPair: ({ room, keyId }) =>
    room.generateDataKeyPair({ keyId, pairSpec: 'EC_P256' }),
  wrapKey: ({ room, keyId }) => room.wrapKey({ keyId, plaintext: PLAINTEXT }),
}

const getVersion = async ({ room, keyId, versionId }: Stage): Promise<unknown> =>
  room.getKeyVersion({ keyId, versionId })

/** Calls with ids alone. */
const SIMPLE: Readonly<Record<Kind, readonly OperationName[]>> = {
  vault: [
    'updateVault',
    'scheduleVaultDeletion',
    'cancelVaultDeletion',
    'getVault',
    'getVaultUsage',
    'backupVault',
    'listKeys',
    'listAliases',
    'listVaultReplicas',
  ],
  key: [
    'enableKey',
    'disableKey',
    'createKeyVersion',
    'rotateKey',
    'scheduleKeyDeletion',
    'cancelKeyDeletion',
    'destroyKey',
    'deleteKeyMaterial',
    'getKey',
    'listKeyVersions',
    'getRotationPolicy',
    'listRotations',
    'backupKey',
  ],
  version: ['updateKeyVersion', 'scheduleKeyVersionDeletion', 'cancelKeyVersionDeletion'],
}
/** Variants by event. */
const VARIANTS: Readonly<Record<Kind, Readonly<Record<string, object>>>> = {
  vault: {},
  key: {
    cancelToDisabled: { restoreTo: 'disabled' },
    ensureEnabled: { idempotent: true },
    ensureDisabled: { idempotent: true },
  },
  version: { enable: { enabled: true }, disable: { enabled: false } },
}

/** The call of an operation for an event, or undefined when this driver has none for it. */
export function callOf(kind: Kind, operation: string, event: string | null): Call | undefined {
  if (kind === 'key' && operation === 'getKeyVersion') return getVersion
  if (kind === 'version' && operation === 'deleteKeyMaterial')
    return ({ room, keyId }) => room.deleteKeyMaterial({ keyId })
  if (SPECIAL[operation]) return SPECIAL[operation]
  if (!(SIMPLE[kind] as readonly string[]).includes(operation)) return undefined
  const more = VARIANTS[kind][event ?? '']
  return ({ room, vaultId, keyId, versionId }) => {
    const ids = { vault: { vaultId }, key: { keyId }, version: { keyId, versionId } }[kind]
    const call = room[operation as OperationName] as (input: object) => Promise<unknown>
    return call.call(room, { ...ids, ...more })
  }
}

/** The state that the resource shows. */
export async function stateOf(kind: Kind, { room, vaultId, keyId, versionId }: Stage) {
  if (kind === 'vault') return (await room.getVault({ vaultId })).state
  if (kind === 'key') return (await room.getKey({ keyId })).state
  return (await room.getKeyVersion({ keyId, versionId })).state
}

/**
 * What a cell came to: the state after, or the code; a refusal that changes something is told as
 * such.
 */
export async function cell(kind: Kind, call: Call, on: Stage): Promise<string> {
  const before = await stateOf(kind, on)
  try {
    await call(on)
    return await stateOf(kind, on)
  } catch (error) {
    if (!(error instanceof StrongroomError)) throw error
    const after = await stateOf(kind, on)
    return after === before ? error.code : `${error.code}, and ${before} became ${after}`
  }
}
