/** Requests and replies as they travel (contracts: Azure 0, 1). */
import { memo } from '../../base/remembered.ts'
import { AzureFault, bad, FAULTS, type FaultRow } from './errors.ts'

/** A request as plain data. */
export interface AzureRequest {
  readonly method: string
  /** Absolute, or a path beside a `host` header. */
  readonly url: string
  /** Names in any case. */
  readonly headers: Readonly<Record<string, string>>
  /** A string is UTF-8. */
  readonly body?: string | Uint8Array
}

/** A reply as plain data. */
export interface AzureResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or empty. */
  readonly body: string
}

/** A request whose headers are asked for one by one. */
export interface Incoming {
  readonly method: string
  readonly url: string
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined
  readonly body: AzureRequest['body']
}

export interface Target {
  /** Scheme and host, with its port: what ids begin with. */
  readonly base: string
  /** The host without its port. */
  readonly hostname: string
  readonly pathname: string
  /** Without those that are empty: they stand for no version (contracts: Azure 0). */
  readonly segments: readonly string[]
  readonly query: URLSearchParams
}

export function incoming({ method, url, headers, body }: AzureRequest): Incoming {
  const pairs = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
  const lowerCased = Object.fromEntries(pairs) as Readonly<Record<string, string>>
  return { method, url, header: (name) => lowerCased[name], body }
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return bad('The request URI is not percent-encoded UTF-8.')
  }
}

export function targetOf({ url, header }: Incoming): Target {
  const host = header('host') ?? 'localhost'
  // A space parts the two in what is remembered.
  return /\s/.test(host) ? bad('The host is no name of a host.') : readTarget(`${host} ${url}`)
}

/** Of a host and a URL. Clients ask for the same few again and again. */
const readTarget = memo((text: string): Target => {
  const at = text.indexOf(' ')
  const [url, host] = [text.slice(at + 1), `http://${text.slice(0, at)}`]
  if (!URL.canParse(url, host)) return bad('The request URI is not a URL.')
  const { origin, hostname, pathname, searchParams } = new URL(url, host)
  const segments = pathname.split('/').filter(Boolean).map(decoded)
  return { base: origin, hostname, pathname, segments, query: searchParams }
})

/** Longer than any body of this API: a backup of 16 MiB in base64url, twice over. */
const BODY_BYTES_MAX = 50_331_648

/** No body is an empty object: clients leave it out then. */
export function jsonOf(body: AzureRequest['body']): unknown {
  if (body !== undefined && body.length > BODY_BYTES_MAX)
    throw new AzureFault(FAULTS.large, `The body is longer than ${BODY_BYTES_MAX} bytes.`)
  try {
    const text = body instanceof Uint8Array ? decoder.decode(body) : (body ?? '')
    return text.trim() === '' ? {} : (JSON.parse(text) as unknown)
  } catch {
    return bad('The request body is not JSON.')
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true })

const USUAL = {
  'cache-control': 'no-cache',
  pragma: 'no-cache',
  'x-content-type-options': 'nosniff',
}
const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' }

/** What is told of every request beside its answer. */
export interface About {
  readonly requestId: string
  readonly region: string
  /** Echoed where the client wants it back. */
  readonly clientRequestId: string | undefined
}

const headersOf = ({ requestId, region, clientRequestId }: About): Record<string, string> => ({
  ...USUAL,
  'x-ms-request-id': requestId,
  'x-ms-keyvault-region': region,
  ...(clientRequestId !== undefined && { 'x-ms-client-request-id': clientRequestId }),
})

/** Without a value the reply is empty. */
export const responseOf = (status: number, value: unknown, about: About): AzureResponse => ({
  status,
  headers: { ...(value !== undefined && JSON_TYPE), ...headersOf(about) },
  body: value === undefined ? '' : JSON.stringify(value),
})

/** Clients need a JSON object even of an error (contracts: Azure 0). */
export function refusalOf({ row, message, headers }: AzureFault, about: About): AzureResponse {
  return {
    status: row.status,
    headers: { ...JSON_TYPE, ...headersOf(about), ...headers },
    body: JSON.stringify(errorBody(row, message)),
  }
}

export const errorBody = ({ code, inner }: FaultRow, message: string) => ({
  error: { code, message, ...(inner !== undefined && { innererror: { code: inner } }) },
})
