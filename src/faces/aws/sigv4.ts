/**
 * Signature Version 4: canonical requests, strings to sign, signatures. Pure functions of a request;
 * sigv4-verify.ts says whether one is good. Source: "Create a signed AWS API request" of the IAM
 * User Guide; contracts: AWS 3.
 */
import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8, wipe } from '../../base/bytes.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** What a signature is made over. */
export interface SignableRequest {
  readonly method: string
  /** As it was sent, without the query. */
  readonly path: string
  /** As it was sent, without the question mark. */
  readonly query: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** What a signing key is good for. */
export interface Scope {
  /** `yyyymmdd` */
  readonly date: string
  readonly region: string
  readonly service: string
}

export interface SigV4Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export const scopeText = ({ date, region, service }: Scope): string =>
  `${date}/${region}/${service}/aws4_request`

const hexOf = (bytes: Uint8Array): string => toHex(sha256(bytes))

/** What `encodeURIComponent` leaves and RFC 3986 reserves. */
const RESERVED = /[!'()*]/g
const encode = (text: string): string =>
  encodeURIComponent(text.toWellFormed()).replace(
    RESERVED,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )

/** A part of a query as its sender meant it; what is no escape stands for itself. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Without dots and doubled slashes, encoded once more. */
export function canonicalPath(path: string): string {
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') kept.pop()
    else kept.push(encode(segment))
  }
  const last = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${kept.join('/')}${last}`
}

/** The parameters of a query, decoded, in the order in which they were sent. */
export const parametersOf = (query: string): readonly (readonly [string, string])[] =>
  query
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=')
      return at < 0 ? [decode(part), ''] : [decode(part.slice(0, at)), decode(part.slice(at + 1))]
    })

const order = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** Sorted by the encoded name, then by the encoded value; the signature itself is left out. */
export const canonicalQuery = (query: string): string =>
  parametersOf(query)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => order(a, b) || order(x, y))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')

const headerLine = (name: string, value: string): string =>
  `${name}:${value.trim().replace(/ +/g, ' ')}\n`

export function canonicalRequest(
  request: SignableRequest,
  signedHeaders: readonly string[],
): string {
  const { method, path, query, headers, body } = request
  const lines = signedHeaders.map((name) => headerLine(name, headers[name] ?? ''))
  return [
    method,
    canonicalPath(path),
    canonicalQuery(query),
    lines.join(''),
    signedHeaders.join(';'),
    hexOf(body),
  ].join('\n')
}

/** @param time of the request as `yyyymmddThhmmssZ` */
export const stringToSign = (time: string, scope: Scope, canonical: string): string =>
  [ALGORITHM, time, scopeText(scope), hexOf(utf8(canonical))].join('\n')

/** The lower-case hex of a signature. */
export function signatureOf(secretAccessKey: string, scope: Scope, text: string): string {
  const { date, region, service } = scope
  let key = utf8(`AWS4${secretAccessKey}`)
  for (const part of [date, region, service, 'aws4_request', text]) {
    const next = hmac(sha256, key, utf8(part))
    wipe(key)
    key = next
  }
  return toHex(key)
}

/** The signature that a request should have. */
export function signatureFor(
  request: SignableRequest,
  { signedHeaders, time, scope }: Signing,
  secretAccessKey: string,
): string {
  const canonical = canonicalRequest(request, signedHeaders)
  return signatureOf(secretAccessKey, scope, stringToSign(time, scope, canonical))
}

export interface Signing {
  readonly signedHeaders: readonly string[]
  readonly time: string
  readonly scope: Scope
}

/** `yyyymmddThhmmssZ` */
export const timeText = (time: Date): string =>
  time
    .toISOString()
    .replace(/\.\d{3}Z$/, 'Z')
    .replace(/[-:]/g, '')

/**
 * The headers that a request is sent with: those given, the time, the token and the signature.
 * Signs all that are given.
 */
export function signed(
  request: SignableRequest,
  { accessKeyId, secretAccessKey, sessionToken }: SigV4Credentials,
  {
    region,
    service,
    now,
  }: { readonly region: string; readonly service: string; readonly now: Date },
): Record<string, string> {
  const time = timeText(now)
  const headers = {
    ...request.headers,
    'x-amz-date': time,
    ...(sessionToken !== undefined && { 'x-amz-security-token': sessionToken }),
  }
  const scope = { date: time.slice(0, 8), region, service }
  const signedHeaders = Object.keys(headers).sort(order)
  const signing = { signedHeaders, time, scope }
  const signature = signatureFor({ ...request, headers }, signing, secretAccessKey)
  const parts = [
    `Credential=${accessKeyId}/${scopeText(scope)}`,
    `SignedHeaders=${signedHeaders.join(';')}`,
    `Signature=${signature}`,
  ]
  return { ...headers, authorization: `${ALGORITHM} ${parts.join(', ')}` }
}
