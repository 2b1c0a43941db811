/**
 * Whether a request is signed as it should be: by the Authorization header, or by the query of a
 * presigned URL (contracts: AWS 3). What is wrong is data: the name and the text of an exception.
 */
import { constantTimeEqual, utf8 } from '../../base/bytes.ts'
import {
  ALGORITHM,
  parametersOf,
  signatureFor,
  timeText,
  type Scope,
  type SignableRequest,
  type SigV4Credentials,
  type Signing,
} from './sigv4.ts'

export interface SigV4Fault {
  readonly name: string
  readonly message: string
}

/** What a request says of its own signature. */
export interface Presented extends Signing {
  readonly accessKeyId: string
  readonly signature: string
  readonly sessionToken: string | undefined
  /** Of a presigned URL: so many seconds it is good for. */
  readonly expiresSeconds: number | undefined
}

export interface VerifyOptions {
  readonly service: string
  /** The credentials of an access key id; undefined when nobody has it. */
  readonly credentialsOf: (accessKeyId: string) => SigV4Credentials | undefined
  readonly now: Date
  /** How far the time of a header may be from now; default 5 minutes, Infinity looks at none. */
  readonly skewMs?: number
  /** Headers that have to be signed beside `host` and the time. */
  readonly mustSign?: readonly string[]
}

export const isFault = (value: object): value is SigV4Fault => 'message' in value

const SKEW_MS = 300_000
/** A presigned URL may come from a clock that is ahead by so much. */
const PRESIGN_SKEW_MS = 900_000
const EXPIRES_SECONDS_MAX = 604_800

const incomplete = (message: string): SigV4Fault => ({
  name: 'IncompleteSignatureException',
  message,
})
const invalid = (message: string): SigV4Fault => ({ name: 'InvalidSignatureException', message })

export const MISSING: SigV4Fault = {
  name: 'MissingAuthenticationTokenException',
  message: 'Missing Authentication Token',
}
export const UNRECOGNIZED: SigV4Fault = {
  name: 'UnrecognizedClientException',
  message: 'The security token included in the request is invalid.',
}
export const MISMATCH: SigV4Fault = invalid(
  'The request signature we calculated does not match the signature you provided. Check your ' +
    'AWS Secret Access Key and signing method. Consult the service documentation for details.',
)

const TIME = /^(\d{4})(\d{2})(\d{2})T(\d{2})(\d{2})(\d{2})Z$/

/** Milliseconds of `yyyymmddThhmmssZ`; undefined when it is none. */
function timeOf(text: string): number | undefined {
  const parts = TIME.exec(text)?.slice(1)
  if (!parts) return undefined
  const [year, month, day, hour, minute, second] = parts
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
  return Number.isNaN(time) ? undefined : time
}

const CREDENTIAL = /^([^/\s]+)\/(\d{8})\/([^/]+)\/([^/]+)\/aws4_request$/
const HEX = /^[0-9a-f]{64}$/
const PARAMETER = /([A-Za-z]+)=([^,\s]*)/g

/** Names of the parameters as the texts of the service have them. */
interface Parts {
  readonly credential: string | undefined
  readonly signature: string | undefined
  readonly signedHeaders: string | undefined
  readonly time: string | undefined
  readonly sessionToken: string | undefined
  readonly expires?: string | undefined
}

/** What a request presents, or what is wrong with the form of it. */
export function presentedBy(request: SignableRequest): Presented | SigV4Fault {
  const { headers, query } = request
  const parameters = new Map(parametersOf(query))
  if (parameters.has('X-Amz-Algorithm') || parameters.has('X-Amz-Signature'))
    return inQuery(parameters)
  const { authorization } = headers
  if (authorization === undefined || authorization.trim() === '') return MISSING
  if (!authorization.trimStart().startsWith(`${ALGORITHM} `))
    return incomplete(`Authorization header requires algorithm '${ALGORITHM}'.`)
  const named = new Map(
    [...authorization.slice(ALGORITHM.length).matchAll(PARAMETER)].map(([, name, value]) => [
      name!,
      value!,
    ]),
  )
  return read('Authorization header', {
    credential: named.get('Credential'),
    signature: named.get('Signature'),
    signedHeaders: named.get('SignedHeaders'),
    time: headers['x-amz-date'],
    sessionToken: headers['x-amz-security-token'],
  })
}

function inQuery(parameters: ReadonlyMap<string, string>): Presented | SigV4Fault {
  if (parameters.get('X-Amz-Algorithm') !== ALGORITHM)
    return incomplete(`AWS query-string parameters must include 'X-Amz-Algorithm=${ALGORITHM}'.`)
  return read('AWS query-string', {
    credential: parameters.get('X-Amz-Credential'),
    signature: parameters.get('X-Amz-Signature'),
    signedHeaders: parameters.get('X-Amz-SignedHeaders'),
    time: parameters.get('X-Amz-Date'),
    sessionToken: parameters.get('X-Amz-Security-Token'),
    expires: parameters.get('X-Amz-Expires') ?? '',
  })
}

function read(where: string, parts: Parts): Presented | SigV4Fault {
  const { credential, signature, signedHeaders, time, sessionToken, expires } = parts
  if (!credential || !signature || !signedHeaders || !time)
    return incomplete(
      [
        [credential, 'Credential'],
        [signature, 'Signature'],
        [signedHeaders, 'SignedHeaders'],
        [time, 'X-Amz-Date'],
      ]
        .filter(([value]) => !value)
        .map(([, name]) => `${where} requires '${name}' parameter.`)
        .join(' '),
    )
  const [, accessKeyId, date, region, service] = CREDENTIAL.exec(credential) ?? []
  if (accessKeyId === undefined)
    return incomplete(
      'Credential must have exactly 5 slash-delimited elements, e.g. ' +
        'keyid/date/region/service/term.',
    )
  if (timeOf(time) === undefined || !time.startsWith(date!))
    return invalid('Date in Credential scope does not match YYYYMMDD of the time of the request.')
  const expiresSeconds = expires === undefined ? undefined : /^\d{1,6}$/.exec(expires)?.[0]
  if (expires !== undefined && !inRange(Number(expiresSeconds ?? 0)))
    return incomplete(`X-Amz-Expires must be a number from 1 to ${EXPIRES_SECONDS_MAX}.`)
  return {
    accessKeyId,
    scope: { date: date!, region: region!, service: service! },
    signature,
    signedHeaders: signedHeaders.split(';'),
    time,
    sessionToken,
    expiresSeconds: expiresSeconds === undefined ? undefined : Number(expiresSeconds),
  }
}

const inRange = (seconds: number): boolean => seconds >= 1 && seconds <= EXPIRES_SECONDS_MAX

/** Who signed the request, or why nobody did. */
export function verifySignature(
  request: SignableRequest,
  options: VerifyOptions,
): Presented | SigV4Fault {
  const presented = presentedBy(request)
  if (isFault(presented)) return presented
  const credentials = options.credentialsOf(presented.accessKeyId)
  if (credentials?.sessionToken !== presented.sessionToken || !credentials) return UNRECOGNIZED
  return (
    scopeFault(presented.scope, options) ??
    headersFault(request, presented, options) ??
    timeFault(presented, options) ??
    signatureFault(request, presented, credentials) ??
    presented
  )
}

const scopeFault = ({ service }: Scope, options: VerifyOptions): SigV4Fault | undefined =>
  service === options.service
    ? undefined
    : invalid(`Credential should be scoped to correct service: '${options.service}'.`)

function headersFault(
  { headers }: SignableRequest,
  { signedHeaders, expiresSeconds }: Presented,
  { mustSign = [] }: VerifyOptions,
): SigV4Fault | undefined {
  const time = expiresSeconds === undefined ? ['x-amz-date'] : []
  const missing = ['host', ...time, ...mustSign].find(
    (name) => !signedHeaders.includes(name) || headers[name] === undefined,
  )
  return missing === undefined
    ? undefined
    : invalid(`'${missing}' must be a 'SignedHeader' in the AWS Authorization.`)
}

function timeFault(
  { time, expiresSeconds }: Presented,
  { now, skewMs = SKEW_MS }: VerifyOptions,
): SigV4Fault | undefined {
  if (skewMs === Infinity) return undefined
  const at = timeOf(time)!
  const text = (ms: number): string => timeText(new Date(ms))
  const ahead = expiresSeconds === undefined ? skewMs : PRESIGN_SKEW_MS
  const minutes = (ms: number): string => `${Math.round(ms / 60_000)} min.`
  const latest = now.getTime() + ahead
  if (at > latest)
    return invalid(
      `Signature not yet current: ${time} is still later than ${text(latest)} ` +
        `(${timeText(now)} + ${minutes(ahead)})`,
    )
  if (expiresSeconds !== undefined) {
    const end = at + expiresSeconds * 1000
    if (now.getTime() <= end) return undefined
    return invalid(`Signature expired: ${text(end)} is now earlier than ${timeText(now)}`)
  }
  const earliest = now.getTime() - skewMs
  if (at >= earliest) return undefined
  return invalid(
    `Signature expired: ${time} is now earlier than ${text(earliest)} ` +
      `(${timeText(now)} - ${minutes(skewMs)})`,
  )
}

function signatureFault(
  request: SignableRequest,
  presented: Presented,
  { secretAccessKey }: SigV4Credentials,
): SigV4Fault | undefined {
  const expected = signatureFor(request, presented, secretAccessKey)
  const equal = HEX.test(presented.signature)
    ? constantTimeEqual(utf8(expected), utf8(presented.signature))
    : false
  return equal ? undefined : MISMATCH
}
