/**
 * Pages (contracts: AWS 10.5): `Truncated` always, `NextMarker` only when there is more, since
 * paginators go on while there is one.
 */
import { fromBase64url, toBase64url, utf8 } from '../../base/bytes.ts'
import { invalidMarker } from './errors.ts'

export interface Paging {
  readonly Limit: number | undefined
  readonly Marker: string | undefined
}

/** How the room is asked for a page. */
export const paged = ({ Limit, Marker: pageToken }: Paging, limitDefault: number) => ({
  limit: Limit ?? limitDefault,
  ...(pageToken !== undefined && { pageToken }),
})

/** What a page says of those that follow. */
export const following = (nextPage: string | undefined) => ({
  Truncated: nextPage !== undefined,
  ...(nextPage !== undefined && { NextMarker: nextPage }),
})

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/**
 * A page of a small list in the order of its names. A marker names the last item of the page before,
 * so that it holds its place whatever is added and removed meanwhile.
 * @param list what the marker is good for
 * @throws InvalidMarkerException
 */
export function pageByName<T extends { readonly name: string }>(
  items: readonly T[],
  list: string,
  { Limit, Marker }: Paging,
  limitDefault: number,
): { readonly items: readonly T[]; readonly nextPage: string | undefined } {
  const after = Marker === undefined ? undefined : readMarker(Marker, list)
  const rest = items
    .filter(({ name }) => after === undefined || name > after)
    .sort((a, b) => compare(a.name, b.name))
  const shown = rest.slice(0, Limit ?? limitDefault)
  const more = shown.length < rest.length
  return { items: shown, nextPage: more ? writeMarker(list, shown.at(-1)!.name) : undefined }
}

const writeMarker = (list: string, name: string): string =>
  toBase64url(utf8(JSON.stringify([list, name])))

const decoder = new TextDecoder('utf-8', { fatal: true })

function readMarker(marker: string, list: string): string {
  try {
    const read = JSON.parse(decoder.decode(fromBase64url(marker))) as readonly unknown[]
    const [of, name] = read
    if (of === list && typeof name === 'string' && writeMarker(list, name) === marker) return name
  } catch {
    // Not one of ours.
  }
  throw invalidMarker()
}
