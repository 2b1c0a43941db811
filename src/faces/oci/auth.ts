/**
 * Who asks. OCI signs requests as draft-cavage-http-signatures-08 says, with RSA-SHA256; the key id
 * names tenancy, user and key. Verifying is a pure function of the request and the public keys.
 */
import { concat, fromBase64, toBase64, utf8 } from '../../base/bytes.ts'
import { FAULTS, OciFault } from './errors.ts'

export interface Caller {
  /** As the signature names it: `TENANCY/USER/FINGERPRINT`, or `ST$` and a session token. */
  readonly keyId: string
  readonly tenancy?: string
  readonly user?: string
  readonly fingerprint?: string
}

export interface Signatures {
  /** Public keys by key id: PEM or DER of a SubjectPublicKeyInfo, RSA. */
  readonly keys: Readonly<Record<string, string | Uint8Array>>
  /** Refuses unsigned requests too; default true. */
  readonly required?: boolean
  /** The time by which signatures are old; default the room's, which may travel ahead of its callers. */
  readonly now?: () => Date
}

/** What a signature is made over. */
export interface SignedRequest {
  readonly method: string
  /** Path and query, as they were sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

interface Parameters {
  readonly keyId: string
  readonly algorithm: string
  readonly headers: readonly string[]
  readonly signature: string
}

/** The signing documents demand these, and all of them for requests with a body. */
const ALWAYS = ['(request-target)', 'host'] as const
const WITH_BODY = ['content-length', 'content-type', 'x-content-sha256'] as const
const BODY_METHODS: readonly string[] = ['POST', 'PUT', 'PATCH']
const SKEW_MS = 300_000
const KEY_ID_MAX = 8192

export const unauthenticated = (): OciFault =>
  new OciFault(
    FAULTS.unauthenticated,
    'The required information to complete authentication was not provided or was incorrect.',
  )

const PARAMETER = /([A-Za-z]+)="([^"]*)"/g

/** The parameters of an Authorization header; undefined when it is none of this scheme. */
export function parseAuthorization(header: string | undefined): Parameters | undefined {
  const scheme = /^\s*Signature\s+/i.exec(header ?? '')
  if (!scheme || header === undefined) return undefined
  const found = new Map<string, string>()
  for (const [, name, value] of header.slice(scheme[0].length).matchAll(PARAMETER))
    found.set(name!.toLowerCase(), value!)
  const keyId = found.get('keyid')
  const signature = found.get('signature')
  if (!keyId || keyId.length > KEY_ID_MAX || signature === undefined) return undefined
  return {
    keyId,
    signature,
    algorithm: (found.get('algorithm') ?? '').toLowerCase(),
    headers: (found.get('headers') ?? 'date').toLowerCase().split(/\s+/),
  }
}

/** Who signed a request; undefined for an unsigned one. Says nothing about the signature. */
export function callerOf(authorization: string | undefined): Caller | undefined {
  if (authorization === undefined) return undefined
  const parsed = parseAuthorization(authorization)
  if (!parsed) throw unauthenticated()
  const { keyId } = parsed
  const [tenancy, user, fingerprint, ...more] = keyId.split('/')
  return tenancy && user && fingerprint && more.length === 0
    ? { keyId, tenancy, user, fingerprint }
    : { keyId }
}

/**
 * Whether the signature of a request is one of the registered keys', over all that it has to cover,
 * and made within five minutes of `now` (contracts: OCI 15).
 *
 * @example
 * await isAuthentic(request, { [`${tenancy}/${user}/${fingerprint}`]: publicKeyPem }, new Date())
 */
export async function isAuthentic(
  request: SignedRequest,
  keys: Signatures['keys'],
  now: Date,
): Promise<boolean> {
  const parsed = parseAuthorization(request.headers['authorization'])
  if (parsed?.algorithm !== 'rsa-sha256') return false
  const key = Object.hasOwn(keys, parsed.keyId) ? keys[parsed.keyId] : undefined
  const signature = fromBase64(parsed.signature)
  if (key === undefined || !signature || !coversEnough(request, parsed.headers)) return false
  if (!isRecent(request.headers, now) || !(await isWhole(request))) return false
  const lines = signingString(request, parsed.headers)
  return lines !== undefined && verifies(key, signature, lines)
}

function coversEnough({ method }: SignedRequest, headers: readonly string[]): boolean {
  const needed = BODY_METHODS.includes(method) ? [...ALWAYS, ...WITH_BODY] : ALWAYS
  const dated = headers.includes('date') || headers.includes('x-date')
  return dated && needed.every((name) => headers.includes(name))
}

function isRecent(headers: SignedRequest['headers'], now: Date): boolean {
  const sent = Date.parse(headers['x-date'] ?? headers['date'] ?? '')
  return Math.abs(sent - now.getTime()) <= SKEW_MS
}

async function isWhole({ method, headers, body }: SignedRequest): Promise<boolean> {
  if (!BODY_METHODS.includes(method)) return true
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new Uint8Array(body)))
  return (
    headers['x-content-sha256'] === toBase64(digest) &&
    Number(headers['content-length']) === body.length
  )
}

/** Section 2.3 of the draft: one line per header, in the order of the signature. */
function signingString(request: SignedRequest, names: readonly string[]): Uint8Array | undefined {
  const { method, target, headers } = request
  const lines: string[] = []
  for (const name of names) {
    const value = name === '(request-target)' ? `${method.toLowerCase()} ${target}` : headers[name]
    if (value === undefined) return undefined
    lines.push(`${name}: ${value}`)
  }
  return utf8(lines.join('\n'))
}

const RSA_SHA_256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const

async function verifies(
  key: string | Uint8Array,
  signature: Uint8Array,
  signed: Uint8Array,
): Promise<boolean> {
  const der = typeof key === 'string' ? derOf(key) : key
  if (!der) return false
  try {
    const publicKey = await crypto.subtle.importKey('spki', concat(der), RSA_SHA_256, false, [
      'verify',
    ])
    return await crypto.subtle.verify(RSA_SHA_256, publicKey, concat(signature), concat(signed))
  } catch {
    return false
  }
}

const PEM = /^\s*-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----\s*$/

/** The DER inside of a PEM of a public key. */
export const derOf = (pem: string): Uint8Array | undefined => {
  const [, letters] = PEM.exec(pem) ?? []
  return letters === undefined ? undefined : fromBase64(letters.replace(/\s/g, ''))
}

/** RFC 7468 section 13, 64 letters a line. */
export function pemOf(der: Uint8Array): string {
  const lines = toBase64(der).replace(/.{1,64}/g, '$&\n')
  return `-----BEGIN PUBLIC KEY-----\n${lines}-----END PUBLIC KEY-----\n`
}
