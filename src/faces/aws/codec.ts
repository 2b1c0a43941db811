/** awsJson1_1 (contracts: AWS 1): blobs are base64, times are seconds, errors have a `__type`. */
import { fromBase64, toBase64 } from '../../base/bytes.ts'
import { unreadable, type Codec } from './shape.ts'
import { wipeSecrets } from './members.ts'
import type { KmsFault } from './errors.ts'

export interface AwsRequest {
  readonly method: string
  /** A path with its query, or a whole URL. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: Uint8Array | string
}

export interface AwsResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or empty. */
  readonly body: string
}

export const CONTENT_TYPE = 'application/x-amz-json-1.1'

export const JSON_CODEC: Codec = {
  owns: true,
  blob: (value) => (typeof value === 'string' ? fromBase64(value) : undefined),
  time: (value) => (typeof value === 'number' ? new Date(Math.round(value * 1000)) : undefined),
}

const decoder = new TextDecoder('utf-8', { fatal: true })

/** @throws SerializationException */
export function jsonOf(body: AwsRequest['body']): unknown {
  try {
    const text = typeof body === 'string' ? body : decoder.decode(body)
    return text === '' ? {} : JSON.parse(text)
  } catch {
    throw unreadable()
  }
}

/** What JSON has no type for as texts and numbers; everything else as it is. */
function plainOf(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Uint8Array) return toBase64(value)
  if (value instanceof Date) return value.getTime() / 1000
  if (Array.isArray(value)) return value.map(plainOf)
  const out: Record<string, unknown> = {}
  // Names are those of our own tables, and of nothing that a caller wrote.
  for (const name in value) out[name] = plainOf((value as Readonly<Record<string, unknown>>)[name])
  return out
}

const headersOf = (requestId: string): Record<string, string> => ({
  'content-type': CONTENT_TYPE,
  'x-amzn-requestid': requestId,
})

/** No answer is an empty body. Secrets are wiped once they are written. */
export function responseOf(output: object | undefined, requestId: string): AwsResponse {
  const headers = headersOf(requestId)
  if (output === undefined) return { status: 200, headers, body: '' }
  const body = JSON.stringify(plainOf(output))
  wipeSecrets(output)
  return { status: 200, headers, body }
}

/** Some exceptions have no text: then there is no member for it. */
export function refusalOf({ name, message, status }: KmsFault, requestId: string): AwsResponse {
  const body = { __type: name, ...(message !== '' && { message }) }
  return { status, headers: headersOf(requestId), body: JSON.stringify(body) }
}
