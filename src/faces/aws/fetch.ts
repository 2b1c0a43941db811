/** The face as a `fetch` handler, for servers and service workers. */
import type { Strongroom } from '../../engine/room.ts'
import { Face } from './face.ts'
import { handleRequest } from './handle.ts'
import type { AwsOptions } from './options.ts'

/**
 * @example
 * const handler = awsFetch(room)
 * const response = await handler(new Request('https://kms.eu-central-1.amazonaws.com/', {
 *   method: 'POST',
 *   headers: { 'x-amz-target': 'TrentService.ListKeys' },
 *   body: '{}',
 * }))
 */
export function awsFetch(
  room: Strongroom,
  options: AwsOptions = {},
): (request: Request) => Promise<Response> {
  const face = new Face(room, options)
  return async (request) => {
    const { method, url, headers } = request
    const body = new Uint8Array(await request.arrayBuffer())
    const asked = { method, url, headers: Object.fromEntries(headers), body }
    const { status, headers: told, body: text } = await handleRequest(face, asked)
    return new Response(text === '' ? null : text, { status, headers: told })
  }
}
