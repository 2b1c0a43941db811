/** The face as one function over plain requests: awsJson1_1 in, awsJson1_1 out (contracts: AWS 1). */
import type { Strongroom } from '../../engine/room.ts'
import { answer } from './answer.ts'
import { authenticate, presignedIn, type Presigned } from './authenticate.ts'
import { callerOf } from './caller.ts'
import {
  JSON_CODEC,
  jsonOf,
  refusalOf,
  responseOf,
  type AwsRequest,
  type AwsResponse,
} from './codec.ts'
import { faultOf, KmsFault } from './errors.ts'
import { Face } from './face.ts'
import { OPERATIONS } from './operations.ts'
import type { AwsOptions } from './options.ts'
import { sourceOf } from './presigned.ts'
import { newRequestId } from './request-id.ts'

const SERVICE = 'TrentService.'

function operationOf({ method }: AwsRequest, headers: Readonly<Record<string, string>>): string {
  const { 'x-amz-target': target = '' } = headers
  if (!target.startsWith(SERVICE) || method !== 'POST')
    throw new KmsFault('UnknownOperationException')
  return target.slice(SERVICE.length)
}

/** Where `callerOf` looks for the scope of a signature. */
const named = ({ credential }: Presigned) => ({ authorization: `Credential=${credential}` })

const membersOf = (name: string, { members }: Presigned): object =>
  Object.hasOwn(OPERATIONS, name) ? sourceOf(OPERATIONS[name]!.input, members) : {}

export async function handleRequest(face: Face, request: AwsRequest): Promise<AwsResponse> {
  const requestId = newRequestId()
  try {
    const { headers } = request
    authenticate(face.options, request)
    const presigned = presignedIn(request)
    const caller = callerOf(face, presigned ? named(presigned) : headers)
    const name = operationOf(request, headers)
    const source = presigned ? membersOf(name, presigned) : jsonOf(request.body ?? '')
    const asking = { name, caller, requestId, source, codec: JSON_CODEC }
    return responseOf(await answer(face, asking), requestId)
  } catch (error) {
    return refusalOf(faultOf(error, { operation: '', arn: '' }), requestId)
  }
}

/**
 * The whole face as one function over plain data: what arrived, what is answered. It never throws.
 * Names of headers are in lower case.
 *
 * @example
 * const handle = awsHandler(room)
 * const { status, body } = await handle({
 *   method: 'POST',
 *   url: '/',
 *   headers: { 'x-amz-target': 'TrentService.ListKeys' },
 *   body: '{}',
 * })
 */
export function awsHandler(
  room: Strongroom,
  options: AwsOptions = {},
): (request: AwsRequest) => Promise<AwsResponse> {
  const face = new Face(room, options)
  return (request) => handleRequest(face, request)
}
