/**
 * Whether a request comes from whom it says (contracts: AWS 3): signatures are verified where the
 * secret is known. Who somebody is, is for `callerOf` to say.
 */
import { utf8 } from '../../base/bytes.ts'
import type { AwsRequest } from './codec.ts'
import { KmsFault } from './errors.ts'
import type { AwsOptions } from './options.ts'
import { parametersOf, type SignableRequest } from './sigv4.ts'
import {
  isFault,
  MISSING,
  presentedBy,
  UNRECOGNIZED,
  verifySignature,
  type SigV4Fault,
} from './sigv4-verify.ts'

const ORIGIN = /^https?:\/\/([^/?#]*)/i
const MUST_SIGN = ['x-amz-target'] as const

/** A request in parts; the host of a whole URL stands in where no header names one. */
export function signableOf({ method, url, headers, body = '' }: AwsRequest): SignableRequest {
  const [origin = '', host] = ORIGIN.exec(url) ?? []
  const [path = '', query = ''] = url.slice(origin.length).split(/\?(.*)/s)
  return {
    method,
    path: path === '' ? '/' : path,
    query,
    headers: host === undefined ? headers : { host, ...headers },
    body: typeof body === 'string' ? utf8(body) : body,
  }
}

const thrown = ({ name, message }: SigV4Fault): never => {
  throw new KmsFault(name, message)
}

/**
 * Passes when nothing is known of whoever asks: that is no reason to refuse here.
 * @throws MissingAuthenticationTokenException, IncompleteSignatureException,
 *   InvalidSignatureException, UnrecognizedClientException
 */
export function authenticate(options: AwsOptions, request: AwsRequest): void {
  const { credentials, anyCredentials, signatureSkewMs: skewMs, signatureTime } = options
  if (!credentials) return
  const signable = signableOf(request)
  const presented = presentedBy(signable)
  if (isFault(presented)) {
    if (!(anyCredentials && presented === MISSING)) thrown(presented)
    return
  }
  const { accessKeyId, sessionToken } = presented
  const known = Object.hasOwn(credentials, accessKeyId) ? credentials[accessKeyId] : undefined
  if (!known) return
  const { secretAccessKey } = known
  if (secretAccessKey === undefined) {
    if (known.sessionToken !== sessionToken) thrown(UNRECOGNIZED)
    return
  }
  const held = { accessKeyId, secretAccessKey }
  const token = known.sessionToken === undefined ? {} : { sessionToken: known.sessionToken }
  const verified = verifySignature(signable, {
    service: 'kms',
    credentialsOf: () => ({ ...held, ...token }),
    now: signatureTime?.() ?? new Date(),
    mustSign: MUST_SIGN,
    ...(skewMs !== undefined && { skewMs }),
  })
  if (isFault(verified)) thrown(verified)
}

/** What a presigned URL has in its query; undefined for every other request. */
export interface Presigned {
  /** As it would stand in a header. */
  readonly credential: string
  /** The members of the request, all as text. */
  readonly members: ReadonlyMap<string, string>
}

export function presignedIn(request: AwsRequest): Presigned | undefined {
  if (!request.url.includes('X-Amz-Algorithm=')) return undefined
  const parameters = parametersOf(signableOf(request).query)
  const members = new Map(parameters.filter(([name]) => !name.startsWith('X-Amz-')))
  const credential = new Map(parameters).get('X-Amz-Credential') ?? ''
  return { credential, members }
}
