/** Making a key, or another version of it (contracts: Azure 4.1). */
import type { Spec } from '../../domain/algorithms.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { Version } from '../../engine/api.ts'
import {
  operationsOf,
  purposesOf,
  releasingOf,
  replacedPolicy,
  versionAttributes,
  type Attributes,
} from './attributes.ts'
import type { Call } from './call.ts'
import { AzureFault, bad, FAULTS } from './errors.ts'
import { keyBundle } from './models.ts'
import { aliasOf, find, refuseDeleted, type Named } from './names.ts'
import type { GivenPolicy } from './release-policy.ts'
import { settingsOf, withSettings } from './settings.ts'
import type { KeyOp } from './shapes.ts'

export interface Making {
  readonly spec: Spec
  readonly hsm: boolean
  readonly ops: readonly KeyOp[] | undefined
  readonly attributes: Partial<Attributes> | undefined
  readonly tags: Readonly<Record<string, string>> | undefined
  readonly releasePolicy: GivenPolicy | undefined
  /** Absent: fresh. */
  readonly material?: Uint8Array
}

/** So often somebody else may be quicker with the same name. */
const ATTEMPTS = 4

/** A new key, or a new version of the one that has the name. */
export async function makeKey(call: Call, making: Making): Promise<object> {
  for (let attempt = 1; ; attempt++) {
    const named = await find(call)
    if (named) {
      refuseDeleted(call, named)
      return addVersion(call, named, making)
    }
    try {
      return await firstVersion(call, making)
    } catch (error) {
      if (!isTaken(error)) throw error
      if (attempt === ATTEMPTS) throw inTheWay(call)
    }
  }
}

const isTaken = (error: unknown): boolean =>
  error instanceof StrongroomError && error.code === 'ALREADY_EXISTS'

/** By an operation under way, or by a key of a kind that this service does not have. */
const inTheWay = ({ keyName }: Call): AzureFault =>
  new AzureFault(FAULTS.conflict, `The name ${keyName} is in use by something else.`)

async function firstVersion(call: Call, making: Making): Promise<object> {
  const { room, vaultId, asked, own, keyName, vault } = call
  const { spec, hsm, attributes, tags, ops, material } = making
  const { exportable, releasePolicy } = releasingOf(attributes, making.releasePolicy, hsm, vault)
  const operations = operationsOf(spec, ops, exportable)
  const key = await room.createKey({
    ...asked,
    vaultId,
    displayName: keyName,
    alias: aliasOf(keyName),
    spec,
    purposes: purposesOf(spec),
    protectionMode: hsm ? 'HSM' : 'SOFTWARE',
    olderVersions: 'all',
    version: { ...versionAttributes(attributes, tags), ...(operations && { operations }) },
    ...(exportable && { exportable }),
    ...(releasePolicy && withSettings({ definedTags: {} }, { releasePolicy })),
    ...(material && { material }),
  })
  const versionId = key.currentVersionId!
  const version = await room.getKeyVersion({ ...own, keyId: key.id, vaultId, versionId })
  return keyBundle(call, { key, name: keyName, deleted: false }, version)
}

async function addVersion(call: Call, named: Named, making: Making): Promise<object> {
  const { room, vaultId, asked, vault } = call
  const { key } = named
  const { spec, hsm, attributes, tags, ops, material } = making
  const { exportable, releasePolicy } = releasingOf(attributes, making.releasePolicy, hsm, vault)
  if (exportable !== (key.exportable === true))
    bad('AKV.SKR.1003: The exportable attribute of an existing key cannot be changed.')
  if (hsm !== (key.protectionMode === 'HSM'))
    bad('A version of a key that is protected in another way than its first one is not offered.')
  const before = settingsOf(key).releasePolicy
  const policy = replacedPolicy(before, releasePolicy)
  const operations = operationsOf(spec, ops, exportable)
  const purposes = purposesOf(spec)
  const reshaped = spec !== key.spec || purposes.some((each) => !key.purposes.includes(each))
  const version: Version = await room.createKeyVersion({
    ...asked,
    keyId: key.id,
    vaultId,
    ...versionAttributes(attributes, tags),
    ...(operations && { operations }),
    ...(reshaped && { spec, purposes }),
    ...(material && { material }),
  })
  if (policy !== before)
    await room.updateKey({
      ...asked,
      keyId: key.id,
      vaultId,
      whileDisabled: true,
      ...withSettings(key, { ...(policy && { releasePolicy: policy }) }),
    })
  return keyBundle(call, await again(call, named), version)
}

/** A key that has just been changed, as it is now. */
export async function again(call: Call, { key, name, deleted }: Named): Promise<Named> {
  const { room, vaultId, own } = call
  return { key: await room.getKey({ ...own, keyId: key.id, vaultId }), name, deleted }
}
