/** Requests and replies as they travel (contracts: OCI 2, 14). */
import { toBase64url, utf8 } from '../../base/bytes.ts'
import type { Bytes, Reply } from './call.ts'
import { FAULTS, invalid, OciFault } from './errors.ts'
import { memo } from '../../base/remembered.ts'
import { API_VERSION, type Route } from './operations.ts'

/** A request as plain data. */
export interface OciRequest {
  readonly method: string
  /** Absolute, or a path beside a `host` header. */
  readonly url: string
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** A string is UTF-8. A stream is read once. */
  readonly body?: string | Bytes
}

/** A reply as plain data. */
export interface OciResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or empty. */
  readonly body: string
}

/** A request whose headers are asked for one by one: to go through all takes longer than a call. */
export interface Incoming {
  readonly method: string
  readonly url: string
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** All of them, for signatures. */
  readonly headers: () => Readonly<Record<string, string>>
  readonly body: OciRequest['body']
}

/** A reply before it is text; without a value it is empty. */
export interface Outcome {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly value: unknown
}

export const textOf = ({ value }: Outcome): string =>
  value === undefined ? '' : JSON.stringify(value)

export interface Target {
  readonly host: string
  /** Path and query as they came: what signatures are over. */
  readonly target: string
  /** Below the version; undefined when the path has no version of this API. */
  readonly segments: readonly string[] | undefined
  readonly query: Readonly<Record<string, string>>
  /** Where it has led to, by method. */
  readonly routes: Map<string, Route>
}

/** A request of plain data. */
export function incoming({ method, url, headers, body }: OciRequest): Incoming {
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  const lowerCased = Object.fromEntries(pairs) as Readonly<Record<string, string>>
  const header = (name: string): string | undefined => lowerCased[name]
  return { method, url, header, headers: () => lowerCased, body }
}

/** A request as `fetch` has it. */
export const fetched = (
  method: string,
  url: string,
  headers: Headers,
  body: OciRequest['body'],
): Incoming => ({
  method,
  url,
  header: (name) => headers.get(name) ?? undefined,
  headers: () => Object.fromEntries(headers),
  body,
})

/** A `+` is a plus sign: clients send it as it is. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return invalid('url', 'percent-encoded UTF-8')
  }
}

/** Clients ask the same few URLs all the time. */
const targetAt = memo((url) => makeTarget(url, 'http://localhost'))
const targetOn = memo((text) => {
  const at = text.indexOf(' ')
  return makeTarget(text.slice(at + 1), `http://${text.slice(0, at)}`)
})
/** @param host of a URL that is only a path */
export const targetOf = (url: string, host?: string): Target =>
  url.startsWith('/') && host ? targetOn(`${host} ${url}`) : targetAt(url)

function makeTarget(url: string, base: string): Target {
  if (!URL.canParse(url, base)) throw new OciFault(FAULTS.noRoute, 'url: expected a URL.')
  const { host, pathname, search } = new URL(url, base)
  const segments = pathname.split('/').filter(Boolean).map(decoded)
  const at = segments.indexOf(API_VERSION)
  const pairs = search.slice(1).split('&').filter(Boolean)
  const query = pairs.map((pair) => {
    const [name, ...value] = pair.split('=')
    return [decoded(name!), decoded(value.join('='))]
  })
  return {
    host,
    target: pathname + search,
    segments: at < 0 ? undefined : segments.slice(at + 1),
    query: Object.fromEntries(query) as Record<string, string>,
    routes: new Map(),
  }
}

/** Far longer than any JSON body of this API. */
const JSON_BYTES_MAX = 1_048_576

/** The whole of a body that is no upload. */
export async function collected(
  body: OciRequest['body'],
  maxBytes = JSON_BYTES_MAX,
): Promise<Uint8Array> {
  if (body === undefined) return new Uint8Array(0)
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of inPieces(body)) {
    length += piece.length
    if (length > maxBytes)
      throw new OciFault(FAULTS.large, `body: expected at most ${maxBytes} bytes, got more.`)
    pieces.push(piece)
  }
  const whole = new Uint8Array(length)
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

const inPieces = (body: string | Bytes): Iterable<Uint8Array> | AsyncIterable<Uint8Array> => {
  if (typeof body === 'string') return [utf8(body)]
  return body instanceof Uint8Array ? [body] : body
}

/** No body is an empty object: clients leave it out then. */
export async function jsonOf(body: OciRequest['body']): Promise<unknown> {
  const text =
    typeof body === 'string' && body.length <= JSON_BYTES_MAX
      ? body
      : new TextDecoder().decode(await collected(body))
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw new OciFault(FAULTS.unreadable, 'body: expected JSON.')
  }
}

export const bytesOf = (body: OciRequest['body']): Bytes =>
  typeof body === 'string' ? utf8(body) : (body ?? new Uint8Array(0))

/**
 * What the room gets for a retry token. It counts for one method and path alone (contracts: OCI 2.3),
 * so these are part of it.
 */
export async function scopedToken(method: string, path: string, token: string): Promise<string> {
  const said = utf8(JSON.stringify([method, path, token]))
  const digest = await crypto.subtle.digest('SHA-256', new Uint8Array(said))
  return toBase64url(new Uint8Array(digest))
}

/** Etags are opaque; clients may put quotes around them. */
export const unquoted = (etag: string): string => /^(?:W\/)?"(.*)"$/.exec(etag)?.[1] ?? etag

const JSON_TYPE = { 'content-type': 'application/json' }

export const outcomeOf = ({ etag, body, headers }: Reply, requestId: string): Outcome => ({
  status: 200,
  headers: {
    ...(body !== undefined && JSON_TYPE),
    'opc-request-id': requestId,
    ...(etag !== undefined && { etag }),
    ...headers,
  },
  value: body,
})

export function refusalOf(fault: OciFault, requestId: string): Outcome {
  const { status, code, message, retryAfter } = fault
  return {
    status,
    headers: {
      ...JSON_TYPE,
      'opc-request-id': requestId,
      ...(retryAfter !== undefined && { 'retry-after': String(retryAfter) }),
    },
    value: { code, message },
  }
}
