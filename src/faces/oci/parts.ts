/** Parts that many rows of the table share. */
import type { Json } from '../../domain/records.ts'
import type { Call, Reply } from './call.ts'
import { FAULTS, invalid, OciFault } from './errors.ts'
import { integer, may, need, present, record, text, textMap, time, word, words } from './fields.ts'
import type { Read } from './fields.ts'
import { FLEET_NAMESPACE } from './models.ts'

/** Of OCIDs and display names (contracts: OCI 4). */
export const NAME = text(1, 255)
export const BOTH_HEADERS = ['if-match', 'opc-retry-token'] as const
export const TOKEN = ['opc-retry-token'] as const

/** The room looks at the values. */
const definedTags: Read<Readonly<Record<string, Readonly<Record<string, Json>>>>> = (
  value,
  path,
) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    invalid(path, 'names and values by namespace')
  if (Object.hasOwn(value, FLEET_NAMESPACE)) invalid(path, `no namespace ${FLEET_NAMESPACE}`)
  return value as Readonly<Record<string, Readonly<Record<string, Json>>>>
}

export const TAGS = { freeformTags: may(textMap), definedTags: may(definedTags) }
/** Absent tags stay as they are, `{}` clears them. */
export const tagsOf = (body: {
  freeformTags: Readonly<Record<string, string>> | undefined
  definedTags: Readonly<Record<string, Readonly<Record<string, Json>>>> | undefined
}) => present({ tags: body.freeformTags, definedTags: body.definedTags })

export const COMPARTMENT = { compartmentId: need(NAME) }
export const DELETION = { timeOfDeletion: may(time) }
export const deletionOf = (body: { timeOfDeletion: Date | undefined }) =>
  present({ deletionAt: body.timeOfDeletion })

/** A compartment that something is made in or moved to. */
export function compartmentOf(call: Call, compartmentId: string): string {
  const { compartments } = call.options
  if (compartments && !compartments.includes(compartmentId))
    throw new OciFault(
      FAULTS.related,
      'compartmentId: expected a compartment of the tenancy, got one that is not found.',
    )
  return compartmentId
}

/** Contracts: OCI 11. */
const LIMIT_MAX = 1000
export const PAGED = {
  limit: may(integer(1, LIMIT_MAX)),
  page: may(text(1, 2048)),
  sortBy: may(words('TIMECREATED', 'DISPLAYNAME')),
  sortOrder: may(words('ASC', 'DESC')),
}
export interface Paged {
  readonly limit: number | undefined
  readonly page: string | undefined
  readonly sortBy: 'TIMECREATED' | 'DISPLAYNAME' | undefined
  readonly sortOrder: 'ASC' | 'DESC' | undefined
}
export const pageOf = ({ limit, page, sortOrder }: Paged) =>
  present({ limit, pageToken: page, sortOrder })
export const sortedPageOf = (query: Paged) => ({
  ...pageOf(query),
  ...present({ sortBy: query.sortBy }),
})

/** A list is a bare array; the next page stands in a header, when there is one. */
export const listReply = (items: readonly unknown[], nextPage: string | undefined): Reply => ({
  body: items,
  ...(nextPage !== undefined && { headers: { 'opc-next-page': nextPage } }),
})

const bucket = record({
  namespace: need(text(1, 1024)),
  bucketName: need(text(1, 1024)),
  objectName: need(text(1, 1024)),
})
const uri = record({ uri: need(text(1, 4096)) })

export type ObjectName =
  | { readonly namespace: string; readonly bucket: string; readonly object: string }
  | { readonly uri: string }

const LOCATIONS: Readonly<Record<string, Read<ObjectName>>> = {
  BUCKET: (value, path) => {
    const { namespace, bucketName, objectName } = bucket(value, path)
    return { namespace, bucket: bucketName, object: objectName }
  },
  PRE_AUTHENTICATED_REQUEST_URI: uri,
}
const destination = record({ destination: need(word(LOCATIONS)) })

/** A backup location, by its discriminator (contracts: OCI 4). */
export const location: Read<ObjectName> = (value, path) =>
  destination(value, path).destination(value, path)
