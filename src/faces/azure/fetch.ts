/** The face as a `fetch` handler, for servers and service workers. */
import type { Strongroom } from '../../engine/room.ts'
import { handlerOf } from './handle.ts'
import type { AzureOptions } from './options.ts'

/**
 * @example
 * const handler = azureFetch(room)
 * const response = await handler(
 *   new Request('https://shop.vault.azure.net/keys?api-version=7.5', {
 *     headers: { authorization: 'Bearer any' },
 *   }),
 * )
 */
export function azureFetch(
  room: Strongroom,
  options: AzureOptions = {},
): (request: Request) => Promise<Response> {
  const handle = handlerOf(room, options)
  return async (request) => {
    const { method, url, headers } = request
    const body = new Uint8Array(await request.arrayBuffer())
    const header = (name: string): string | undefined => headers.get(name) ?? undefined
    const { status, headers: told, body: text } = await handle({ method, url, header, body })
    return new Response(text === '' ? null : text, { status, headers: told })
  }
}
