/** The face as one function over plain requests: awsJson1_1 in, awsJson1_1 out (contracts: AWS 1). */
import type { Strongroom } from '../../engine/room.ts'
import { answer } from './answer.ts'
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
import type { AwsOptions } from './options.ts'
import { newRequestId } from './request-id.ts'

const SERVICE = 'TrentService.'

function operationOf({ method }: AwsRequest, headers: Readonly<Record<string, string>>): string {
  const { 'x-amz-target': target = '' } = headers
  if (!target.startsWith(SERVICE) || method !== 'POST')
    throw new KmsFault('UnknownOperationException')
  return target.slice(SERVICE.length)
}

export async function handleRequest(face: Face, request: AwsRequest): Promise<AwsResponse> {
  const requestId = newRequestId()
  try {
    const { headers } = request
    const caller = callerOf(face, headers)
    const name = operationOf(request, headers)
    const source = jsonOf(request.body ?? '')
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
