/**
 * The path of every request: who asks, what for, in which version of the API, whether that is
 * allowed; then the room (contracts: Azure 0, 1).
 */
import { Remembered } from '../../base/remembered.ts'
import type { Strongroom } from '../../engine/room.ts'
import { admitted } from './access.ts'
import { Call } from './call.ts'
import { callerOf } from './caller.ts'
import {
  incoming,
  jsonOf,
  refusalOf,
  responseOf,
  targetOf,
  type About,
  type AzureRequest,
  type AzureResponse,
  type Incoming,
  type Target,
} from './codec.ts'
import { AzureFault, bad, FAULTS, faultOf } from './errors.ts'
import { Face, vaultNameOf } from './face.ts'
import { routeOf, type Route } from './operations.ts'
import type { AzureOptions } from './options.ts'

/** `7.5`, `7.6-preview.2`, `2025-07-01`, `2026-01-01-preview`. */
const API_VERSION = /^(?:7\.\d|\d{4}-\d\d-\d\d)(?:-preview(?:\.\d)?)?$/
const NEWEST = '2025-07-01'

function apiVersionOf({ query }: Target): string {
  const version = query.get('api-version')
  if (version === null) return bad('The api-version query parameter has to be given.')
  if (API_VERSION.test(version)) return version
  return bad(
    `The specified version (${version}) is not recognized. Consider using the latest supported ` +
      `version (${NEWEST}).`,
  )
}

/** A path in which the name of a key is missing; empty segments are no names. */
const lacksName = ({ pathname, segments }: Target): boolean =>
  /\/\//.test(pathname) && segments.length > 0

/** Routes that were found before, by method and path. */
const known = new Remembered<Route>()

function routed({ method }: Incoming, target: Target): Route {
  const path = `${method} ${target.pathname}`
  const found = known.get(path) ?? lookedUp(method, target)
  known.set(path, found)
  return found
}

function lookedUp(method: string, target: Target): Route {
  const route = routeOf(method, target.segments)
  if (typeof route !== 'object' && lacksName(target))
    bad('The request URI contains an invalid name: ')
  if (route === undefined)
    throw new AzureFault(FAULTS.noRoute, `There is nothing at ${target.pathname}.`)
  if (route === 'other method')
    throw new AzureFault(FAULTS.method, `The method ${method} is not allowed here.`)
  return route
}

function intercepted(face: Face, target: Target, route: Route, about: About, request: Incoming) {
  const { intercept } = face.options
  if (!intercept) return
  const answer = intercept({
    operation: route.name,
    method: request.method,
    path: target.pathname,
    vault: vaultNameOf(target.hostname),
    requestId: about.requestId,
    principal: callerOf(face, target, request),
  })
  if (!answer) return
  const { status, code, innerCode, message = code, retryAfter } = answer
  const row = { status, code, ...(innerCode !== undefined && { inner: innerCode }) }
  const headers = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  throw new AzureFault(row, message, headers)
}

async function serve(face: Face, request: Incoming, about: About): Promise<AzureResponse> {
  const target = targetOf(request)
  const principal = callerOf(face, target, request)
  const route = routed(request, target)
  const apiVersion = apiVersionOf(target)
  intercepted(face, target, route, about, request)
  const { name, operation, parameters } = route
  const vault = await face.vaultAt(target.hostname)
  if (operation.hsmOnly && !vault.managedHsm)
    throw new AzureFault(FAULTS.noRoute, `${name} is an operation of managed HSMs.`)
  const { permission } = operation
  const { requestId } = about
  const asked = await admitted(face, { principal, vault, permission, requestId })
  const body = operation.readBody(jsonOf(request.body), '')
  const parts = { face, name, operation, target, vault, apiVersion, requestId, asked, parameters }
  const value = await operation.answer(new Call({ ...parts, body }))
  return responseOf(value === undefined ? 204 : 200, value, about)
}

let count = 0
/** Unique in a process, and no secret. */
const newRequestId = (): string =>
  `00000000-0000-0000-0000-${(++count).toString(16).padStart(12, '0')}`

const CLIENT_REQUEST_ID_MAX = 256

function aboutOf(face: Face, { header }: Incoming): About {
  const wanted = header('x-ms-return-client-request-id')?.toLowerCase() === 'true'
  const id = wanted ? header('x-ms-client-request-id') : undefined
  const echoed = id !== undefined && id.length <= CLIENT_REQUEST_ID_MAX ? id : undefined
  return { requestId: newRequestId(), region: face.room.region, clientRequestId: echoed }
}

/** The whole face, for the adapters: it never throws. */
export function handlerOf(
  room: Strongroom,
  options: AzureOptions,
): (request: Incoming) => Promise<AzureResponse> {
  const face = new Face(room, options)
  return async (request) => {
    const about = aboutOf(face, request)
    try {
      return await serve(face, request, about)
    } catch (error) {
      return refusalOf(faultOf(error), about)
    }
  }
}

/**
 * The whole face as one function over plain data: what arrived, what is answered. It never throws;
 * refusals are replies with a code of Azure (contracts: Azure 1.2).
 *
 * @example
 * const handle = azureHandler(room)
 * const { status, body } = await handle({
 *   method: 'GET',
 *   url: 'https://shop.vault.azure.net/keys?api-version=7.5',
 *   headers: { authorization: 'Bearer any' },
 * })
 */
export function azureHandler(
  room: Strongroom,
  options: AzureOptions = {},
): (request: AzureRequest) => Promise<AzureResponse> {
  const handle = handlerOf(room, options)
  return (request) => handle(incoming(request))
}
