/**
 * Models of OCI made of ours (contracts: OCI 4). Properties without a value are sent as `null`, as the
 * service does.
 */
import type { Key, RotationStatus, Vault, Version, WrappingKey } from '../../engine/api.ts'
import type { Json } from '../../domain/records.ts'
import { pemOf } from './auth.ts'
import type { Call, Reply } from './call.ts'
import { hidden } from './errors.ts'
import type { Face } from './face.ts'
import { KEY_STATE, ORIGIN, shapeOf, VAULT_STATE, VERSION_STATE, type Shape } from './shapes.ts'

const iso = (date: Date | undefined): string | null => date?.toISOString() ?? null
const replica = (replicationId: string | undefined) =>
  replicationId === undefined ? null : { replicationId }

interface Passing {
  readonly id: string
  readonly deletionAt?: Date
}

/** The state as it shows: one in between while it is held, DELETING for as long after the deadline. */
function lifecycleState(face: Face, { id, deletionAt }: Passing, state: string): string {
  const { transitions, options } = face
  const held = transitions.at(id, face)
  if (held) return held.state
  const leaving = deletionAt && face.now < deletionAt.getTime() + (options.transitionMs ?? 0)
  return state === 'DELETED' && leaving ? 'DELETING' : state
}

/** Written over the tags of its owner: which fleet may reach the vault by mutual TLS. */
export const FLEET_NAMESPACE = 'strongroom.oci'

/** The tags that their owner gave. */
const ownTags = ({ definedTags }: Vault) => {
  const { [FLEET_NAMESPACE]: _, ...tags } = definedTags
  return tags
}

function vaultCommon(face: Face, vault: Vault) {
  face.ids.learn(vault)
  return {
    id: face.ids.vault(vault.id),
    compartmentId: vault.compartmentId,
    displayName: vault.displayName,
    vaultType: vault.type,
    lifecycleState: lifecycleState(face, vault, VAULT_STATE[vault.state]),
    timeCreated: iso(vault.createdAt),
    managementEndpoint: face.endpoint('management', vault.id),
    cryptoEndpoint: face.endpoint('crypto', vault.id),
    externalKeyManagerMetadataSummary: vault.external ?? null,
    freeformTags: vault.tags,
    definedTags: ownTags(vault),
  }
}

export const vaultSummary = vaultCommon

export function vaultModel(face: Face, vault: Vault) {
  const external = vault.type === 'EXTERNAL'
  return {
    ...vaultCommon(face, vault),
    timeOfDeletion: iso(vault.deletionAt),
    wrappingkeyId: external ? null : wrappingKeyOcid(face, vault.id),
    restoredFromVaultId: formerVaultOcid(face, vault),
    replicaDetails: replica(vault.replicationId),
    isPrimary: vault.role === 'primary',
    isVaultReplicable: !external,
  }
}

export async function vaultReply(
  call: Call,
  vault: Vault,
  headers: Reply['headers'] = {},
): Promise<Reply> {
  call.hold(vault.id, vault.updatedAt)
  await call.face.open(vault.id)
  return { etag: vault.etag, body: vaultModel(call.face, vault), headers }
}

/**
 * The wrapping key has its OCID from the beginning of the vault, although the key is made when it is
 * first needed: it is the key that has the id of its vault.
 */
const wrappingKeyOcid = (face: Face, vaultId: string): string =>
  face.ids.of('key', { id: vaultId, vaultId })

export const keyOcid = (face: Face, { id, vaultId, role }: Pick<Key, 'id' | 'vaultId' | 'role'>) =>
  role === 'wrapping' ? wrappingKeyOcid(face, vaultId) : face.ids.of('key', { id, vaultId })

export const versionOcid = (face: Face, id: string, vaultId: string): string =>
  face.ids.of('keyversion', { id, vaultId })

/** Where the version of a key that lives elsewhere keeps its name there. */
export const EXTERNAL_VERSION = 'externalKeyVersionId'

function externalKey({ external }: Key, version: Version | undefined) {
  const { externalKeyId } = (external ?? {}) as Readonly<Record<string, Json>>
  if (externalKeyId === undefined) return null
  return { externalKeyId, externalKeyVersionId: version?.tags[EXTERNAL_VERSION] ?? null }
}

function rotationModel(rotation: RotationStatus | undefined) {
  if (!rotation) return null
  const { everyDays, startAt, nextRotationAt, lastRotatedAt } = rotation
  return {
    rotationIntervalInDays: everyDays ?? null,
    timeOfScheduleStart: iso(startAt),
    timeOfNextRotation: iso(nextRotationAt),
    timeOfLastRotation: iso(lastRotatedAt),
    lastRotationStatus: lastRotatedAt ? 'SUCCESS' : null,
    lastRotationMessage: null,
  }
}

/** Keys of other faces without a shape do not exist here. */
export function shapeOrHidden({ spec }: Pick<Key, 'spec'>): Shape {
  const shape = shapeOf(spec)
  if (!shape) throw hidden()
  return shape
}

/** The current version of a key that lives elsewhere: it names itself there. */
async function elsewhere(call: Call, key: Key): Promise<Version | undefined> {
  if (key.origin !== 'external' || key.currentVersionId === undefined) return undefined
  const { id: keyId, vaultId, currentVersionId: versionId } = key
  return call.room.getKeyVersion({ keyId, vaultId, versionId, ...call.asked })
}

function keyCommon(face: Face, key: Key, version: Version | undefined) {
  return {
    id: keyOcid(face, key),
    compartmentId: key.compartmentId,
    vaultId: face.ids.vault(key.vaultId),
    displayName: key.displayName,
    protectionMode: key.protectionMode,
    lifecycleState: lifecycleState(face, key, KEY_STATE[key.state]),
    timeCreated: iso(key.createdAt),
    externalKeyReferenceDetails: externalKey(key, version),
    isAutoRotationEnabled: key.rotation?.enabled ?? false,
    freeformTags: key.tags,
    definedTags: key.definedTags,
  }
}

export async function keySummary(call: Call, key: Key) {
  const version = await elsewhere(call, key)
  return { ...keyCommon(call.face, key, version), algorithm: shapeOrHidden(key).algorithm }
}

async function keyModel(call: Call, key: Key) {
  const { face } = call
  const { algorithm, length, curveId } = shapeOrHidden(key)
  const vault = await call.vault()
  const { currentVersionId: current, restoredFrom } = key
  return {
    ...keyCommon(face, key, await elsewhere(call, key)),
    keyShape: { algorithm, length, curveId },
    timeOfDeletion: iso(key.deletionAt),
    currentKeyVersion: current === undefined ? null : versionOcid(face, current, key.vaultId),
    restoredFromKeyId:
      restoredFrom === undefined ? null : formerOcid(face, 'key', restoredFrom, key, vault),
    replicaDetails: replica(key.replicationId),
    isPrimary: vault.role === 'primary',
    autoKeyRotationDetails: rotationModel(key.rotation),
  }
}

/** What was there before may have been made elsewhere. */
function formerVaultOcid(face: Face, { restoredFrom: id, restoredFromRegion }: Vault) {
  return id === undefined ? null : face.ids.made('vault', { id, vaultId: id }, restoredFromRegion)
}

/** A new id came with a new vault. */
function formerOcid(
  face: Face,
  type: 'key' | 'keyversion',
  id: string,
  now: { readonly id: string; readonly vaultId: string },
  vault: Vault,
): string {
  const { restoredFrom, restoredFromRegion } = vault
  if (id === now.id || restoredFrom === undefined)
    return face.ids.of(type, { id, vaultId: now.vaultId })
  return face.ids.made(type, { id, vaultId: restoredFrom }, restoredFromRegion)
}

export async function keyReply(
  call: Call,
  key: Key,
  headers: Reply['headers'] = {},
): Promise<Reply> {
  call.hold(key.id, key.updatedAt)
  return { etag: key.etag, body: await keyModel(call, key), headers }
}

/** A version belongs to the compartment of its key and moves with it. */
export function versionSummary(face: Face, version: Version, key: Key) {
  const reference = key.origin === 'external' ? externalKey(key, version) : null
  return {
    id: versionOcid(face, version.id, version.vaultId),
    compartmentId: key.compartmentId,
    keyId: keyOcid(face, key),
    vaultId: face.ids.vault(version.vaultId),
    lifecycleState: lifecycleState(face, version, VERSION_STATE[version.state]),
    origin: ORIGIN[version.origin],
    timeCreated: iso(version.createdAt),
    timeOfDeletion: iso(version.deletionAt),
    isAutoRotated: version.autoRotated,
    externalKeyReferenceDetails: reference,
  }
}

export async function versionReply(call: Call, version: Version): Promise<Reply> {
  call.hold(version.id, version.updatedAt)
  const { face, key } = call
  const vault = await call.vault()
  const { publicKey, restoredFrom } = version
  const body = {
    ...versionSummary(face, version, key),
    publicKey: publicKey ? pemOf(publicKey) : null,
    restoredFromKeyVersionId:
      restoredFrom === undefined
        ? null
        : formerOcid(face, 'keyversion', restoredFrom, version, vault),
    replicaDetails: replica(version.replicationId),
    isPrimary: vault.role === 'primary',
  }
  return { etag: version.etag, body }
}

export function wrappingKeyModel(call: Call, wrapping: WrappingKey, key: Key) {
  const { face } = call
  return {
    id: keyOcid(face, key),
    compartmentId: key.compartmentId,
    vaultId: face.ids.vault(key.vaultId),
    lifecycleState: lifecycleState(face, key, KEY_STATE[key.state]),
    publicKey: pemOf(wrapping.publicKey),
    timeCreated: iso(wrapping.createdAt),
  }
}
