/**
 * Keys that are used: what is known of them from before, and what is checked of every use
 * (contracts: AWS 5, order of checks). Faults of what is asked are told only of keys that may be
 * used so at all.
 */
import type { Eventually } from '../../crypto/provider.ts'
import type { OperationName } from '../../engine/api.ts'
import { refusalOf } from '../../domain/permit.ts'
import { keyArn, shownKeyId, type Place } from './arn.ts'
import { isMultiRegion, type Call, type Found } from './call.ts'
import { KmsFault } from './errors.ts'
import {
  ALGORITHMS_OF,
  keySpecOf,
  keyUsageOf,
  originOf,
  type KeySpec,
  type KeyUsage,
} from './specs.ts'

/** What never changes about a key. */
export interface Used {
  /** Ids of the room. */
  readonly keyId: string
  readonly vaultId: string
  readonly arn: string
  /** Undefined for a spec that the service does not have. */
  readonly spec: KeySpec | undefined
  readonly usage: KeyUsage | undefined
  /** As KeyMetadata has it. */
  readonly origin: string
  /** The custom key store that it is in. */
  readonly storeId: string | undefined
}

export const usedOf = ({ key, vaultId, arn }: Found): Used => ({
  keyId: key.id,
  vaultId,
  arn,
  spec: keySpecOf(key.spec),
  usage: keyUsageOf(key.purposes),
  origin: originOf(key),
  storeId: key.keyStore?.id,
})

/** Refusals that follow are about this key. */
export function about(call: Call, used: Used): Used {
  call.subject = used.arn
  call.usage = used.usage
  call.origin = used.origin
  call.face.throttle?.admitUse(call, used)
  return used
}

/** The key of a use, by any of its names. One named by id or ARN is known from before. */
export function useKey(call: Call, given: string): Eventually<Used> {
  const { account, region } = call.caller
  const name = `${account} ${region} ${given}`
  const known = call.face.uses.get(name)
  return known ? about(call, known) : findKey(call, given, name)
}

async function findKey(call: Call, given: string, name: string): Promise<Used> {
  const found = await call.key(given, { aliases: true })
  const used = usedOf(found)
  if (found.alias === undefined) call.face.uses.set(name, used)
  return about(call, used)
}

/** The key of the room with this id, whoever's it is, or undefined when it is gone or elsewhere. */
export async function useKeyId(
  call: Call,
  { keyId, vaultId }: { readonly keyId: string; readonly vaultId: string },
): Promise<Used | undefined> {
  const { region } = call.caller
  const { uses } = call.face
  const name = `${region} ${vaultId} ${keyId}`
  const known = uses.get(name)
  if (known) return about(call, known)
  const place: Place | undefined = await call.face.placeOf(vaultId, call.caller)
  if (place?.region !== region) return undefined
  const key = await call.room.getKey({ ...call.own, keyId, vaultId })
  if (key.state === 'deleted' || key.role !== 'ordinary') return undefined
  const used = usedOf({ key, vaultId, arn: keyArn(place, shownKeyId(keyId, isMultiRegion(key))) })
  uses.set(name, used)
  return about(call, used)
}

/** The key as operations of the room want it, and who asks. */
export function withKey({ asked }: Call, { keyId, vaultId }: Used) {
  const { requestId, principal, access } = asked
  // Member by member: spreading them costs more than all checks of a use.
  return { requestId, principal, access, keyId, vaultId }
}

/**
 * KeyMaterialId of the version that was used; only symmetric keys have one, and none whose material
 * lies elsewhere. Whoever may use a key may know it.
 */
export function materialOf(
  call: Call,
  used: Used,
  versionId: string,
): Eventually<string | undefined> {
  if (used.spec !== 'SYMMETRIC_DEFAULT' || used.storeId !== undefined) return undefined
  return call.face.materials.get(versionId) ?? findMaterial(call, used, versionId)
}

async function findMaterial(
  { room, requestId, face: { materials } }: Call,
  { keyId, vaultId }: Used,
  versionId: string,
): Promise<string | undefined> {
  const { materialId } = await room.getKeyVersion({ requestId, keyId, vaultId, versionId })
  if (materialId !== undefined) materials.set(versionId, materialId)
  return materialId
}

/** Refuses what the room would refuse to do with a key now, whatever it is given. */
export async function permitted(call: Call, operation: OperationName, used: Used): Promise<void> {
  const { keyId, vaultId } = used
  const asked = call.asking(operation)
  const { code, explain } = await call.room.explain({ ...asked, keyId, vaultId, operation })
  if (code && explain) throw refusalOf(code, explain)
}

/** Throws a fault of what was asked, unless the key may not be used at all. */
export async function refuse(
  call: Call,
  operation: OperationName,
  used: Used,
  fault: KmsFault,
): Promise<never> {
  await permitted(call, operation, used)
  throw fault
}

/** What a key of a spec that the service does not have can do is for the room to say. */
export const offers = ({ spec }: Used, usage: KeyUsage, algorithm: string): boolean =>
  spec === undefined || ALGORITHMS_OF[spec][usage]?.includes(algorithm) === true

export const incompatible = ({ spec }: Used, algorithm: string): KmsFault =>
  new KmsFault(
    'InvalidKeyUsageException',
    `Algorithm ${algorithm} is incompatible with key spec ${spec}.`,
  )

/** @throws InvalidKeyUsageException when the key has no such algorithm */
export const needAlgorithm = (
  call: Call,
  operation: OperationName,
  used: Used,
  usage: KeyUsage,
  algorithm: string,
): Eventually<void> =>
  offers(used, usage, algorithm)
    ? undefined
    : refuse(call, operation, used, incompatible(used, algorithm))
