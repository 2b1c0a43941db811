/**
 * The path of every request, in the order of contracts OCI 2.2: what it says, who says it, how often,
 * what it is about, whether that is on its way; then the room.
 */
import type { Asked, Key, Write } from '../../engine/api.ts'
import type { Strongroom } from '../../engine/room.ts'
import { callerOf, isAuthentic, unauthenticated } from './auth.ts'
import { Call, type Operation } from './call.ts'
import {
  bytesOf,
  collected,
  incoming,
  jsonOf,
  outcomeOf,
  refusalOf,
  scopedToken,
  targetOf,
  textOf,
  unquoted,
  type Incoming,
  type OciRequest,
  type OciResponse,
  type Outcome,
  type Target,
} from './codec.ts'
import { FAULTS, faultOf, hidden, invalid, OciFault } from './errors.ts'
import { Face } from './face.ts'
import { keyOf, vaultIdOf, versionIdOf } from './names.ts'
import { routeOf, type Route } from './operations.ts'
import type { OciOptions } from './options.ts'
import { ADMITTED, isJudged, permit } from './permit.ts'
import { PER_SECOND_DEFAULT } from './throttle.ts'

const REQUEST_ID_MAX = 256
const RETRY_TOKEN_MAX = 64
/** In a vault that is updated, keys can be made and changed (contracts: OCI 5.1). */
const PARENT = ['UPDATING']
/** An upload is held whole only to verify its signature. */
const SIGNED_UPLOAD_MAX = 268_435_456

interface Received {
  readonly request: Incoming
  readonly target: Target
  readonly route: Route
  readonly requestId: string
}

function routed({ method }: Incoming, target: Target): Route {
  const known = target.routes.get(method)
  if (known) return known
  const route = target.segments && routeOf(method, target.segments)
  if (route === undefined)
    throw new OciFault(FAULTS.noRoute, 'url: expected a path of this API, got another one.')
  if (route === 'other method')
    throw new OciFault(FAULTS.method, `method: expected another one, got ${method}.`)
  target.routes.set(method, route)
  return route
}

/** Who asks, once the signature is verified where keys are registered. */
async function authenticated(
  face: Face,
  { request, target }: Received,
): Promise<string | undefined> {
  const { signatures, principalOf } = face.options
  const caller = callerOf(request.header('authorization'))
  if (signatures) {
    const required = signatures.required ?? true
    if (!caller && required) throw unauthenticated()
    const body = await collected(request.body, SIGNED_UPLOAD_MAX)
    const { method } = request
    const signed = { method, target: target.target, headers: request.headers(), body }
    const now = signatures.now?.() ?? face.room.now()
    if (caller && !(await isAuthentic(signed, signatures.keys, now))) throw unauthenticated()
  }
  return principalOf ? principalOf(caller) : (caller?.user ?? caller?.keyId)
}

function intercepted(face: Face, received: Received, principal: string | undefined): void {
  const { request, route, requestId, target } = received
  const call = {
    operation: route.name,
    method: request.method,
    path: target.target,
    requestId,
    principal,
  }
  const answer = face.options.intercept?.(call)
  if (!answer) return
  const { message = answer.code, retryAfter, ...fault } = answer
  throw new OciFault(fault, message, retryAfter)
}

function throttled(face: Face, { group }: Operation): void {
  const { throttle } = face.options
  if (throttle === undefined || throttle === false || group === undefined) return
  const perSecond = throttle === true ? PER_SECOND_DEFAULT : throttle.perSecond
  face.throttle.admit(group, perSecond, face.now)
}

/** The headers that the operation has; others are not looked at. */
async function writeOf({ route, request, target }: Received): Promise<Write> {
  const { headers: known } = route.operation
  if (known.length === 0) return {}
  const given = (name: string) => (known.includes(name) ? request.header(name) : undefined)
  const [ifMatch, token] = [given('if-match'), given('opc-retry-token')]
  if (token !== undefined && (token.length < 1 || token.length > RETRY_TOKEN_MAX))
    invalid('opc-retry-token', `1 to ${RETRY_TOKEN_MAX} characters`)
  const path = target.segments!.join('/')
  return {
    ...(ifMatch !== undefined && { ifMatch: unquoted(ifMatch) }),
    ...(token !== undefined && { retryToken: await scopedToken(request.method, path, token) }),
  }
}

/** The vault of the path, or the one behind the host. */
async function vaultOf(face: Face, { route, target }: Received): Promise<string> {
  const { operation, parameters } = route
  if (operation.client === 'vault')
    return parameters['vaultId'] === undefined ? '' : vaultIdOf(parameters['vaultId'])
  const vaultId = await face.vaultOf(target.host)
  if (vaultId === undefined) throw hidden()
  if (!face.ids.knows(vaultId)) await face.learn(vaultId)
  return vaultId
}

async function named(face: Face, received: Received, asked: Asked) {
  const { parameters } = received.route
  const vaultId = await vaultOf(face, received)
  const { keyId, keyVersionId, replicationId = '' } = parameters
  const key = keyId === undefined ? undefined : await keyOf(face, vaultId, keyId, asked)
  const versionId = keyVersionId === undefined ? '' : versionIdOf(vaultId, keyVersionId)
  return { vaultId, key, versionId, replicationId }
}

/** What is changed, and the key it belongs to, must be at rest; the vault may be updated meanwhile. */
function refuseHeld(call: Call, key: Key | undefined): void {
  const { vaultId, versionId } = call
  const { client, method, during = [] } = call.operation
  if (method === 'GET') return
  if (client === 'crypto') {
    call.refuseHeld(vaultId)
    return
  }
  const own = [versionId, key?.id ?? '', client === 'vault' ? vaultId : ''].filter(
    (id) => id !== '',
  )
  for (const [depth, id] of own.entries()) call.refuseHeld(id, depth === 0 ? during : [])
  if (client === 'management') call.refuseHeld(vaultId, PARENT)
}

async function bodyOf({ body, readBody }: Operation, request: Incoming): Promise<unknown> {
  return body === 'bytes' ? bytesOf(request.body) : readBody(await jsonOf(request.body), '')
}

async function serve(face: Face, received: Received): Promise<Outcome> {
  const { request, target, route, requestId } = received
  const { name, operation } = route
  const query = operation.readQuery(target.query, '')
  const body = await bodyOf(operation, request)
  const write = await writeOf(received)
  const principal = await authenticated(face, received)
  intercepted(face, received, principal)
  throttled(face, operation)
  const judged = face.judge !== undefined && isJudged(principal)
  const asked = {
    requestId: requestId.slice(0, REQUEST_ID_MAX),
    ...(principal !== undefined && { principal }),
    ...(judged && { access: ADMITTED }),
  }
  const names = await named(face, received, asked)
  const call = new Call({
    face,
    name,
    operation,
    asked,
    write,
    header: request.header,
    query,
    body,
    ...names,
  })
  if (judged) await permit(call, principal)
  refuseHeld(call, names.key)
  return outcomeOf(await operation.answer(call), requestId)
}

let unnamed = 0
const newRequestId = (): string => (++unnamed).toString(16).toUpperCase().padStart(32, '0')

/** The whole face, for the adapters: it never throws. */
export function handlerOf(
  room: Strongroom,
  options: OciOptions,
): (request: Incoming) => Promise<Outcome> {
  const face = new Face(room, options)
  return async (given) => {
    const requestId = given.header('opc-request-id') ?? newRequestId()
    let route: Route | undefined
    try {
      const target = targetOf(given.url, given.header('host'))
      const request = options.signatures ? await whole(given) : given
      route = routed(request, target)
      return await serve(face, { request, target, route, requestId })
    } catch (error) {
      return refusalOf(faultOf(error, route?.operation.client === 'crypto'), requestId)
    }
  }
}

/** A stream can be read once: what is verified and then used is read before. */
async function whole(request: Incoming): Promise<Incoming> {
  return { ...request, body: await collected(request.body, SIGNED_UPLOAD_MAX) }
}

/**
 * The whole face as one function over plain data: what arrived, what is answered. It never throws;
 * refusals are replies with a code of OCI (contracts: OCI 2.1).
 *
 * @example
 * const handle = ociHandler(room)
 * const { status, body } = await handle({
 *   method: 'GET',
 *   url: 'https://kms.local.oraclecloud.com/20180608/vaults?compartmentId=root',
 *   headers: {},
 * })
 */
export function ociHandler(
  room: Strongroom,
  options: OciOptions = {},
): (request: OciRequest) => Promise<OciResponse> {
  const handle = handlerOf(room, options)
  return async (request) => {
    const outcome = await handle(incoming(request))
    const { status, headers } = outcome
    return { status, headers, body: textOf(outcome) }
  }
}
