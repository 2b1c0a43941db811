/** TABLE of the operations on key versions, and of what comes in from outside (contracts: OCI 3.2, 7). */
import { SPECS, type Spec } from '../../domain/algorithms.ts'
import { row, type Call } from './call.ts'
import { invalid, missing } from './errors.ts'
import { base64, may, need, present, record, text, word, words } from './fields.ts'
import {
  EXTERNAL_VERSION,
  keyReply,
  versionReply,
  versionSummary,
  wrappingKeyModel,
} from './models.ts'
import { ROTATION, rotationOf } from './keys.ts'
import {
  BOTH_HEADERS,
  COMPARTMENT,
  compartmentOf,
  DELETION,
  deletionOf,
  listReply,
  NAME,
  PAGED,
  pageOf,
  TAGS,
  tagsOf,
  TOKEN,
  type Paged,
} from './parts.ts'
import { keyShape, WRAPPING } from './shapes.ts'

const VERSIONS = '/keys/{keyId}/keyVersions'
const VERSION = `${VERSIONS}/{keyVersionId}`

/** A wrapped RSA-4096 key has 2900 bytes. */
const wrappedImportKey = record({
  keyMaterial: need(base64(8192)),
  wrappingAlgorithm: need(word(WRAPPING)),
})
const material = ({ keyMaterial, wrappingAlgorithm }: ReturnType<typeof wrappedImportKey>) => ({
  wrapped: keyMaterial,
  wrapping: wrappingAlgorithm,
})

function refuseEcdsa(call: Call, spec: Spec): void {
  if (SPECS[spec].family === 'ec' && call.options.importEcdsa !== true)
    invalid('keyShape.algorithm', 'AES or RSA: ECDSA keys cannot be imported')
}

/** A key that lives elsewhere has versions that only say how they are called there. */
function reference(call: Call, externalKeyVersionId: string | undefined) {
  const external = call.key.origin === 'external'
  if (external && externalKeyVersionId === undefined) missing(EXTERNAL_VERSION)
  if (!external && externalKeyVersionId !== undefined)
    invalid(EXTERNAL_VERSION, 'nothing for a key whose material is here')
  return externalKeyVersionId === undefined
    ? {}
    : { tags: { [EXTERNAL_VERSION]: externalKeyVersionId } }
}

/** Versions have no names: in the order of names they lie as they were made. */
const versionsOf = (query: Paged) => ({
  ...pageOf(query),
  ...present({
    sortOrder: query.sortOrder ?? (query.sortBy === 'DISPLAYNAME' ? 'ASC' : undefined),
  }),
})

export const VERSION_ROWS = {
  createKeyVersion: row({
    client: 'management',
    method: 'POST',
    path: VERSIONS,
    headers: TOKEN,
    group: 'management write',
    transition: 'CREATING',
    room: ['createKeyVersion'],
    body: { externalKeyVersionId: may(text(1, 256)) },
    answer: async (call) => {
      const attributes = reference(call, call.body.externalKeyVersionId)
      const input = { ...call.create, ...call.keyRef, ...attributes }
      const version = await call.room.createKeyVersion(input)
      call.hold(version.keyId, version.createdAt, 'UPDATING')
      return versionReply(call, version)
    },
  }),

  importKeyVersion: row({
    client: 'management',
    method: 'POST',
    path: `${VERSIONS}/import`,
    headers: TOKEN,
    transition: 'CREATING',
    room: ['importKeyVersion'],
    body: { wrappedImportKey: need(wrappedImportKey) },
    answer: async (call) => {
      refuseEcdsa(call, call.key.spec)
      const input = { ...call.create, ...call.keyRef, ...material(call.body.wrappedImportKey) }
      const version = await call.room.importKeyVersion(input)
      call.hold(version.keyId, version.createdAt, 'UPDATING')
      return versionReply(call, version)
    },
  }),

  getKeyVersion: row({
    client: 'management',
    method: 'GET',
    path: VERSION,
    headers: [],
    group: 'management read',
    room: ['getKeyVersion'],
    answer: async (call) =>
      versionReply(call, await call.room.getKeyVersion({ ...call.asked, ...call.versionRef })),
  }),

  listKeyVersions: row({
    client: 'management',
    method: 'GET',
    path: VERSIONS,
    headers: [],
    group: 'management read',
    room: ['listKeyVersions'],
    query: PAGED,
    answer: async (call) => {
      const input = { ...call.asked, ...call.keyRef, ...versionsOf(call.query) }
      const { items, nextPage } = await call.room.listKeyVersions(input)
      return listReply(
        items.map((version) => versionSummary(call.face, version, call.key)),
        nextPage,
      )
    },
  }),

  scheduleKeyVersionDeletion: row({
    client: 'management',
    method: 'POST',
    path: `${VERSION}/actions/scheduleDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'SCHEDULING_DELETION',
    room: ['scheduleKeyVersionDeletion'],
    body: DELETION,
    answer: async (call) => {
      const input = { ...call.write, ...call.versionRef, ...deletionOf(call.body) }
      return versionReply(call, await call.room.scheduleKeyVersionDeletion(input))
    },
  }),

  cancelKeyVersionDeletion: row({
    client: 'management',
    method: 'POST',
    path: `${VERSION}/actions/cancelDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'CANCELLING_DELETION',
    room: ['cancelKeyVersionDeletion'],
    answer: async (call) => {
      const input = { ...call.write, ...call.versionRef }
      return versionReply(call, await call.room.cancelKeyVersionDeletion(input))
    },
  }),

  importKey: row({
    client: 'management',
    method: 'POST',
    path: '/keys/import',
    headers: TOKEN,
    transition: 'CREATING',
    room: ['importKey'],
    body: {
      ...COMPARTMENT,
      displayName: need(NAME),
      keyShape: need(keyShape),
      wrappedImportKey: need(wrappedImportKey),
      protectionMode: may(words('HSM', 'SOFTWARE')),
      ...ROTATION,
      ...TAGS,
    },
    answer: async (call) => {
      const { displayName, protectionMode, keyShape: shape } = call.body
      refuseEcdsa(call, shape.spec)
      const compartmentId = compartmentOf(call, call.body.compartmentId)
      const rotation = await rotationOf(call)
      const key = await call.room.importKey({
        ...call.create,
        vaultId: call.vaultId,
        compartmentId,
        displayName,
        ...shape,
        ...material(call.body.wrappedImportKey),
        ...present({ protectionMode, rotation }),
        ...tagsOf(call.body),
      })
      return keyReply(call, key)
    },
  }),

  getWrappingKey: row({
    client: 'management',
    method: 'GET',
    path: '/wrappingKeys',
    headers: [],
    room: ['getWrappingKey'],
    answer: async (call) => {
      const { vaultId, asked } = call
      const wrapping = await call.room.getWrappingKey({ ...asked, vaultId })
      const key = await call.room.getKey({ ...asked, keyId: wrapping.id, vaultId })
      return { etag: key.etag, body: wrappingKeyModel(call, wrapping, key) }
    },
  }),
}
