/** awsJson1_1 (contracts: AWS 1): blobs are base64, times are seconds, errors have a `__type`. */
import { fromBase64, toBase64 } from '../../base/bytes.ts'
import { unreadable, type Codec } from './shape.ts'
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

/** What JSON has no type for; everything else as it is. */
function encoded(this: Readonly<Record<string, unknown>>, name: string, value: unknown): unknown {
  const original = this[name]
  if (original instanceof Uint8Array) return toBase64(original)
  return original instanceof Date ? original.getTime() / 1000 : value
}

const headersOf = (requestId: string): Record<string, string> => ({
  'content-type': CONTENT_TYPE,
  'x-amzn-requestid': requestId,
})

/** No answer is an empty body. */
export const responseOf = (output: object | undefined, requestId: string): AwsResponse => ({
  status: 200,
  headers: headersOf(requestId),
  body: output === undefined ? '' : JSON.stringify(output, encoded),
})

/** Some exceptions have no text: then there is no member for it. */
export function refusalOf({ name, message, status }: KmsFault, requestId: string): AwsResponse {
  const body = { __type: name, ...(message !== '' && { message }) }
  return { status, headers: headersOf(requestId), body: JSON.stringify(body) }
}
