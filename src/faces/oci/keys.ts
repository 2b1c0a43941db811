/** TABLE of the operations of KmsManagementClient on keys (contracts: OCI 3.2). */
import { DAY_MS } from '../../domain/limits.ts'
import type { ListKeysInput, RotationInput, RotationStatus } from '../../engine/api.ts'
import { row, type Call } from './call.ts'
import { invalid, missing } from './errors.ts'
import { flag, integer, may, need, present, record, text, time, word, words } from './fields.ts'
import { keyReply, keySummary } from './models.ts'
import {
  BOTH_HEADERS,
  COMPARTMENT,
  compartmentOf,
  DELETION,
  deletionOf,
  listReply,
  NAME,
  PAGED,
  sortedPageOf,
  TAGS,
  tagsOf,
  TOKEN,
} from './parts.ts'
import { CURVES, keyShape, shapeOf } from './shapes.ts'

const KEY = '/keys/{keyId}'

/** Contracts: OCI 6. */
const autoRotation = record({
  rotationIntervalInDays: may(integer(60, 365)),
  timeOfScheduleStart: may(time),
})
export const ROTATION = {
  isAutoRotationEnabled: may(flag),
  autoKeyRotationDetails: may(autoRotation),
}
interface Rotating {
  readonly isAutoRotationEnabled: boolean | undefined
  readonly autoKeyRotationDetails: ReturnType<typeof autoRotation> | undefined
}

/** Of the beginning of a schedule the day alone counts. */
const dayOf = (date: Date): Date => new Date(Math.floor(date.getTime() / DAY_MS) * DAY_MS)

/** The policy that a body asks for, over the one that there is; undefined when it says nothing. */
export async function rotationOf(
  call: Call<unknown, Rotating>,
  before?: RotationStatus,
): Promise<RotationInput | undefined> {
  const { isAutoRotationEnabled, autoKeyRotationDetails: details } = call.body
  if (isAutoRotationEnabled === undefined && details === undefined) return undefined
  const enabled = isAutoRotationEnabled ?? before?.enabled ?? false
  const everyDays = details?.rotationIntervalInDays ?? before?.everyDays
  if (everyDays === undefined)
    return enabled ? missing('autoKeyRotationDetails.rotationIntervalInDays') : undefined
  if (enabled && (await call.vault()).type !== 'VIRTUAL_PRIVATE')
    invalid('isAutoRotationEnabled', 'a key of a VIRTUAL_PRIVATE vault')
  const startAt = dayOf(details?.timeOfScheduleStart ?? before?.startAt ?? call.room.now())
  return { everyDays, enabled, startAt }
}

const externalReference = record({ externalKeyId: need(text(1, 1024)) })

export const KEY_ROWS = {
  createKey: row({
    client: 'management',
    method: 'POST',
    path: '/keys',
    headers: TOKEN,
    group: 'management write',
    transition: 'CREATING',
    room: ['createKey'],
    body: {
      ...COMPARTMENT,
      displayName: need(NAME),
      keyShape: need(keyShape),
      protectionMode: may(words('HSM', 'SOFTWARE', 'EXTERNAL')),
      externalKeyReference: may(externalReference),
      ...ROTATION,
      ...TAGS,
    },
    answer: async (call) => {
      const { displayName, protectionMode, keyShape: shape, externalKeyReference } = call.body
      if (protectionMode === 'EXTERNAL' && !externalKeyReference) missing('externalKeyReference')
      const compartmentId = compartmentOf(call, call.body.compartmentId)
      const rotation = await rotationOf(call)
      const key = await call.room.createKey({
        ...call.create,
        vaultId: call.vaultId,
        compartmentId,
        displayName,
        ...shape,
        ...present({ protectionMode, rotation }),
        ...(protectionMode === 'EXTERNAL' && { origin: 'external' }),
        ...(externalKeyReference && { external: externalKeyReference }),
        ...tagsOf(call.body),
      })
      return keyReply(call, key)
    },
  }),

  getKey: row({
    client: 'management',
    method: 'GET',
    path: KEY,
    headers: [],
    group: 'management read',
    room: ['getKey'],
    answer: async (call) => keyReply(call, call.key),
  }),

  listKeys: row({
    client: 'management',
    method: 'GET',
    path: '/keys',
    headers: [],
    group: 'management read',
    room: ['listKeys'],
    query: {
      ...COMPARTMENT,
      ...PAGED,
      protectionMode: may(words('HSM', 'SOFTWARE', 'EXTERNAL')),
      algorithm: may(words('AES', 'RSA', 'ECDSA')),
      length: may(integer(1, 1024)),
      curveId: may(word<NonNullable<ListKeysInput['curve']>>(CURVES)),
    },
    answer: async (call) => {
      const { compartmentId, protectionMode, algorithm, length, curveId: curve } = call.query
      const { items, nextPage } = await call.room.listKeys({
        ...call.asked,
        vaultId: call.vaultId,
        compartmentId,
        ...sortedPageOf(call.query),
        ...present({ protectionMode, algorithm, length, curve }),
      })
      const shaped = items.filter(({ spec }) => shapeOf(spec))
      return listReply(await Promise.all(shaped.map((key) => keySummary(call, key))), nextPage)
    },
  }),

  updateKey: row({
    client: 'management',
    method: 'PUT',
    path: KEY,
    headers: ['if-match'],
    group: 'management write',
    transition: 'UPDATING',
    during: ['CREATING'],
    room: ['updateKey'],
    body: { displayName: may(NAME), ...ROTATION, ...TAGS },
    answer: async (call) => {
      const rotation = await rotationOf(call, call.key.rotation)
      const key = await call.room.updateKey({
        ...call.write,
        ...call.keyRef,
        ...present({ displayName: call.body.displayName, rotation }),
        ...tagsOf(call.body),
        whileDisabled: call.options.updateWhileDisabled ?? false,
      })
      return keyReply(call, key)
    },
  }),

  enableKey: row({
    client: 'management',
    method: 'POST',
    path: `${KEY}/actions/enable`,
    headers: BOTH_HEADERS,
    group: 'management write',
    transition: 'ENABLING',
    room: ['enableKey'],
    answer: async (call) =>
      keyReply(call, await call.room.enableKey({ ...call.write, ...call.keyRef })),
  }),

  disableKey: row({
    client: 'management',
    method: 'POST',
    path: `${KEY}/actions/disable`,
    headers: BOTH_HEADERS,
    group: 'management write',
    transition: 'DISABLING',
    room: ['disableKey'],
    answer: async (call) =>
      keyReply(call, await call.room.disableKey({ ...call.write, ...call.keyRef })),
  }),

  changeKeyCompartment: row({
    client: 'management',
    method: 'POST',
    path: `${KEY}/actions/changeCompartment`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'UPDATING',
    room: ['changeKeyCompartment'],
    body: COMPARTMENT,
    answer: async (call) => {
      const compartmentId = compartmentOf(call, call.body.compartmentId)
      const input = { ...call.write, ...call.keyRef, compartmentId }
      const key = await call.room.changeKeyCompartment(input)
      call.hold(key.id, key.updatedAt)
      return { etag: key.etag }
    },
  }),

  scheduleKeyDeletion: row({
    client: 'management',
    method: 'POST',
    path: `${KEY}/actions/scheduleDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'SCHEDULING_DELETION',
    room: ['scheduleKeyDeletion'],
    body: DELETION,
    answer: async (call) => {
      const input = { ...call.write, ...call.keyRef, ...deletionOf(call.body) }
      return keyReply(call, await call.room.scheduleKeyDeletion(input))
    },
  }),

  cancelKeyDeletion: row({
    client: 'management',
    method: 'POST',
    path: `${KEY}/actions/cancelDeletion`,
    headers: BOTH_HEADERS,
    group: 'provisioning write',
    transition: 'CANCELLING_DELETION',
    room: ['cancelKeyDeletion'],
    answer: async (call) =>
      keyReply(call, await call.room.cancelKeyDeletion({ ...call.write, ...call.keyRef })),
  }),
}
