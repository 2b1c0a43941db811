/**
 * Pages (contracts: Azure 4.6): a `nextLink` as long as there is more. Keys are in the order of their
 * upper-cased names, versions in that of their ids.
 */
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts'
import type { Alias } from '../../engine/api.ts'
import type { Call } from './call.ts'
import { bad } from './errors.ts'
import { ALIAS_PREFIX, isNotFound, namedBy, type Named } from './names.ts'

const PAGE = { min: 1, max: 25 } as const

function pageSize({ target }: Call): number {
  const given = target.query.get('maxresults')
  if (given === null) return PAGE.max
  const size = /^\d{1,9}$/.test(given) ? Number(given) : 0
  if (size < PAGE.min || size > PAGE.max)
    bad(`The maxresults parameter has to be from ${PAGE.min} to ${PAGE.max}, got ${given}.`)
  return size
}

const tokenOf = ({ target }: Call): string | undefined =>
  target.query.get('$skiptoken') ?? undefined

/** A page, and the link to the next one; the last page of a managed HSM has no link at all. */
export function pageOf(call: Call, value: readonly object[], next: string | undefined): object {
  if (next === undefined) return call.vault.managedHsm ? { value } : { value, nextLink: null }
  const { target, apiVersion } = call
  const size = target.query.get('maxresults')
  const query = [`api-version=${encodeURIComponent(apiVersion)}`, `$skiptoken=${next}`]
  if (size !== null) query.push(`maxresults=${size}`)
  const path = target.segments.map(encodeURIComponent).join('/')
  return { value, nextLink: `${target.base}/${path}?${query.join('&')}` }
}

/** A page of the named keys of a vault, of those that are deleted or of the others. */
export async function pageOfNames(
  call: Call,
  wanted: (named: Named) => boolean,
): Promise<{ readonly items: readonly Named[]; readonly next: string | undefined }> {
  const size = pageSize(call)
  const items: Named[] = []
  let pageToken = tokenOf(call)
  do {
    const { room, vaultId, asked } = call
    const page = await room.listAliases({
      ...asked,
      vaultId,
      limit: size - items.length,
      ...(pageToken !== undefined && { pageToken }),
    })
    for (const alias of page.items) {
      const named = await namedAs(call, alias)
      if (named && wanted(named)) items.push(named)
    }
    pageToken = page.nextPage
  } while (pageToken !== undefined && items.length < size)
  return { items, next: pageToken }
}

async function namedAs(call: Call, { name, keyId }: Alias): Promise<Named | undefined> {
  if (!name.startsWith(ALIAS_PREFIX)) return undefined
  try {
    const { room, vaultId, own } = call
    return namedBy(await room.getKey({ ...own, keyId, vaultId }), name)
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/** A page of a list that is at hand, in the order of its markers. */
export function pageAfter<T extends { readonly marker: string }>(
  call: Call,
  all: readonly T[],
): { readonly items: readonly T[]; readonly next: string | undefined } {
  const size = pageSize(call)
  const token = tokenOf(call)
  const after = token === undefined ? undefined : readMarker(token)
  const rest = [...all]
    .filter(({ marker }) => after === undefined || marker > after)
    .sort((a, b) => (a.marker < b.marker ? -1 : 1))
  const items = rest.slice(0, size)
  const next = rest.length > size ? writeMarker(items.at(-1)!.marker) : undefined
  return { items, next }
}

const writeMarker = (NextMarker: string): string =>
  toBase64url(utf8(JSON.stringify({ NextMarker, TargetLocation: 0 })))

function readMarker(token: string): string {
  try {
    const { NextMarker } = JSON.parse(fromUtf8(fromBase64url(token)!)) as { NextMarker?: unknown }
    if (typeof NextMarker === 'string') return NextMarker
  } catch {
    // Not one of ours.
  }
  return bad('The $skiptoken parameter is not one of this list.')
}
