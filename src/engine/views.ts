/**
 * Records as the public sees them: settled, dated, frozen, with an etag that changes with every
 * change.
 */
import { KEY_STATES, KEY_STORE_STATES, VAULT_STATES, VERSION_STATES } from '../domain/lifecycle.ts'
import { familyMark, regionsOf } from '../domain/family.ts'
import { DAY_MS } from '../domain/limits.ts'
import { currentMaterialId, isPending, materialIdOf, rotatedAt } from '../domain/material.ts'
import type { AliasRecord, KeyStorePlace, RotationPolicy } from '../domain/records.ts'
import type { KeyStoreView, KeyView, VaultView, VersionView } from '../domain/settle.ts'
import type {
  Alias,
  Key,
  KeyOperation,
  MultiRegion,
  KeyStore,
  Rotation,
  RotationStatus,
  Vault,
  Version,
} from './api.ts'
import type { Entry } from './records.ts'

const STATES: readonly string[] = [
  ...new Set([...VAULT_STATES, ...KEY_STATES, ...VERSION_STATES, ...KEY_STORE_STATES]),
]

/** What an etag looks at. */
interface Tagged {
  readonly seq: bigint
  readonly state?: string
  readonly derived?: boolean
  readonly deletionAt?: number
}

/**
 * The sequence of the last write and the state, and what comes from the parent alone: the time of a
 * derived deletion, and whether a version is current.
 */
export function etagOf({ seq, state, derived, deletionAt }: Tagged, current = false): string {
  const parts = [seq.toString(36), state === undefined ? 0 : STATES.indexOf(state)]
  if (current) parts.push('c')
  if (derived && deletionAt !== undefined) parts.push(deletionAt.toString(36))
  return parts.join('-')
}

/** Of a multi-Region key which copies there are too, and which of them leads. */
export const keyEtag = (view: KeyView): string =>
  view.family ? `${etagOf(view)}-${familyMark(view)}` : etagOf(view)

export const isCurrent = ({ record, key }: VersionView): boolean =>
  key.record.currentVersion === record.number

export const versionEtag = (view: VersionView): string => etagOf(view, isCurrent(view))

const date = (ms: number): Date => new Date(ms)
/** `{ [name]: value }`, or nothing when the value is absent. */
const maybe = <N extends string, T>(name: N, value: T | undefined): { [P in N]?: T } =>
  value === undefined ? {} : ({ [name]: value } as { [P in N]?: T })
const maybeDate = <N extends string>(name: N, ms: number | undefined) =>
  maybe(name, ms === undefined ? undefined : date(ms))

export function vaultAnswer(view: VaultView): Vault {
  const { record, state, deletionAt } = view
  return Object.freeze({
    id: record.id,
    displayName: record.displayName,
    type: record.type,
    compartmentId: record.compartmentId,
    state,
    role: view.role,
    createdAt: date(record.createdAt),
    updatedAt: date(record.updatedAt),
    ...maybeDate('deletionAt', deletionAt),
    tags: record.tags,
    definedTags: record.definedTags,
    ...maybe('external', record.external),
    ...maybe('wrappingKeyId', record.wrappingKeyId),
    ...maybe('homeRegion', record.homeRegion),
    ...maybe('restoredFrom', record.restoredFrom),
    ...maybe('restoredFromRegion', record.restoredFromRegion),
    ...maybe('replicationId', record.replicationId),
    etag: etagOf(view),
  })
}

const placeAnswer = ({ keyStore }: KeyView, place: KeyStorePlace) =>
  Object.freeze({ ...place, ...maybe('type', keyStore?.record.type) })

function multiRegionOf(view: KeyView): MultiRegion {
  const { primary, replicas } = regionsOf(view)
  return Object.freeze({
    role: view.family!.role,
    ...maybe('primaryVaultId', primary),
    replicaVaultIds: Object.freeze(replicas),
  })
}

/** How long a primary stays once its replicas are gone; later it has a date. */
function windowDays({ state, record: { deletion } }: KeyView): number | undefined {
  if (state !== 'pendingReplicaDeletion' || !deletion) return undefined
  return Math.round((deletion.at - deletion.scheduledAt) / DAY_MS)
}

export function keyAnswer(view: KeyView): Key {
  const { record, state, deletionAt, derived } = view
  const expiresAt = state === 'pendingImport' && derived ? undefined : record.materialExpiresAt
  return Object.freeze({
    id: record.id,
    vaultId: record.vaultId,
    compartmentId: record.compartmentId,
    displayName: record.displayName,
    description: record.description,
    spec: record.spec,
    purposes: record.purposes,
    protectionMode: record.protectionMode,
    origin: record.origin,
    state,
    role: record.role,
    createdAt: date(record.createdAt),
    updatedAt: date(record.updatedAt),
    ...maybeDate('deletionAt', deletionAt),
    ...maybe('currentVersionId', record.currentVersionId),
    ...maybe('currentMaterialId', currentMaterialId(record)),
    ...maybeDate('materialExpiresAt', expiresAt),
    olderVersions: record.olderVersions,
    tags: record.tags,
    definedTags: record.definedTags,
    ...maybe('rotation', record.rotation && rotationAnswer(record.rotation, record.lastRotatedAt)),
    ...maybe('multiRegion', view.family && multiRegionOf(view)),
    ...maybe('deletionWindowDays', windowDays(view)),
    ...maybe('external', record.external),
    ...maybe('keyStore', record.keyStore && placeAnswer(view, record.keyStore)),
    ...maybe('restoredFrom', record.restoredFrom),
    ...(record.exportable && { exportable: true as const }),
    ...maybe('replicationId', record.replicationId),
    etag: keyEtag(view),
  })
}

export function rotationAnswer(policy: RotationPolicy, lastRotatedAt?: number): RotationStatus {
  return Object.freeze({
    ...maybe('everyDays', policy.everyDays),
    ...maybe('daysAfterCreation', policy.daysAfterCreation),
    ...maybe('daysBeforeExpiry', policy.daysBeforeExpiry),
    ...maybe('expiryDays', policy.expiryDays),
    startAt: date(policy.startAt),
    enabled: policy.enabled,
    updatedAt: date(policy.updatedAt),
    ...maybeDate('nextRotationAt', policy.nextAt),
    ...maybeDate('lastRotatedAt', lastRotatedAt),
  })
}

export function versionAnswer(view: VersionView): Version {
  const { record, state, deletionAt } = view
  return Object.freeze({
    id: record.id,
    keyId: record.keyId,
    vaultId: record.vaultId,
    number: record.number,
    spec: record.spec,
    origin: record.origin,
    state,
    current: isCurrent(view),
    createdAt: date(record.createdAt),
    updatedAt: date(record.updatedAt),
    ...maybeDate('deletionAt', deletionAt),
    ...maybeDate('notBefore', record.notBefore),
    ...maybeDate('expiresOn', record.expiresOn),
    ...maybe('operations', record.operations as readonly KeyOperation[] | undefined),
    tags: record.tags,
    ...(record.origin !== 'external' && { materialId: materialIdOf(record) }),
    ...maybe('materialDescription', record.materialDescription),
    ...maybeDate('materialExpiresAt', record.materialExpiresAt),
    ...(isPending(view) && { pendingRotation: true }),
    autoRotated: record.autoRotated,
    ...maybe('publicKey', record.publicKey && new Uint8Array(record.publicKey)),
    ...maybe('restoredFrom', record.restoredFrom),
    ...maybe('firstId', record.firstId),
    ...(state === 'pendingDeletion' && { previousState: record.state }),
    ...maybe('replicationId', record.replicationId),
    etag: versionEtag(view),
  })
}

/** @param everywhere the other copies of the key have the material that waits */
export function rotationOf(view: VersionView, everywhere: boolean): Rotation {
  const { record, state, key } = view
  const lacking = !everywhere || (key.family !== undefined && state === 'pendingImport')
  const waiting = lacking ? 'pendingReplicas' : 'pendingRotation'
  return Object.freeze({
    versionId: record.id,
    number: record.number,
    ...maybeDate('rotatedAt', rotatedAt(record)),
    automatic: record.autoRotated,
    ...(record.origin !== 'external' && { materialId: materialIdOf(record) }),
    use: isPending(view) ? waiting : isCurrent(view) ? 'current' : 'former',
    ...(record.fingerprint && {
      imported: Object.freeze({
        present: state !== 'pendingImport' && state !== 'deleted',
        ...maybeDate('expiresAt', state === 'pendingImport' ? undefined : record.materialExpiresAt),
        ...maybe('description', record.materialDescription),
      }),
    }),
  })
}

export function aliasAnswer({ record, seq }: Entry<AliasRecord>): Alias {
  return Object.freeze({
    name: record.name,
    vaultId: record.vaultId,
    keyId: record.keyId,
    createdAt: date(record.createdAt),
    updatedAt: date(record.updatedAt),
    etag: etagOf({ seq }),
  })
}

/** Without what opens it: no answer holds that. */
export function keyStoreAnswer(view: KeyStoreView): KeyStore {
  const { record, state } = view
  return Object.freeze({
    id: record.id,
    vaultId: record.vaultId,
    name: record.name,
    type: record.type,
    state,
    createdAt: date(record.createdAt),
    updatedAt: date(record.updatedAt),
    ...maybe('failure', state === 'failed' ? record.failure : undefined),
    settings: record.settings,
    etag: etagOf(view),
  })
}
