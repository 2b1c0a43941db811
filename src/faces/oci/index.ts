/**
 * The OCI face: a room behind the official clients of OCI Key Management, unmodified.
 *
 * @example
 * import { KmsVaultClient } from 'oci-keymanagement'
 * import { Strongroom } from 'strongroom'
 * import { ociHttpClient } from 'strongroom/oci'
 * const room = await Strongroom.open()
 * const client = new KmsVaultClient({ httpClient: ociHttpClient(room) })
 * client.endpoint = 'https://kms.local.oraclecloud.com'
 */
import type { Strongroom } from '../../engine/room.ts'
import { fetched, type OciRequest } from './codec.ts'
import { handlerOf } from './handle.ts'
import type { OciOptions } from './options.ts'
import { readyResponse, toResponse } from './ready-response.ts'

export { isAuthentic, type Caller, type Signatures, type SignedRequest } from './auth.ts'
export type { Bytes } from './call.ts'
export type { OciRequest, OciResponse } from './codec.ts'
export { ociHandler } from './handle.ts'
export type { OciPermissions } from './permissions.ts'
export type { OciCall, OciEndpoints, OciFaultAnswer, OciOptions } from './options.ts'

/** What the SDK hands over for a call (contracts: OCI 14); its own type has the same members. */
export interface OciHttpRequest {
  readonly method: string
  /** Absolute. */
  readonly uri: string
  readonly headers: Headers
  readonly body?: unknown
}

/** The `httpClient` of the SDK's clients. */
export interface OciHttpClient {
  send(request: OciHttpRequest): Promise<Response>
}

/**
 * A transport for the clients of `oci-keymanagement`, in place of the network. It never throws: even a
 * defect is a response with status 500. Clients that share a room share states and rates.
 *
 * @example
 * const httpClient = ociHttpClient(room, { transitionMs: 2000 })
 * const vaults = new KmsVaultClient({ httpClient })
 * const keys = new KmsManagementClient({ httpClient })
 * vaults.endpoint = 'https://kms.local.oraclecloud.com'
 * keys.endpoint = vault.managementEndpoint
 */
export function ociHttpClient(room: Strongroom, options: OciOptions = {}): OciHttpClient {
  const handle = handlerOf(room, options)
  return {
    send: async ({ method, uri, headers, body }) =>
      readyResponse(await handle(fetched(method, uri, headers, bodyOf(body)))),
  }
}

/**
 * The same as a `fetch` handler, for servers and service workers.
 *
 * @example
 * const handler = ociFetch(room)
 * const response = await handler(new Request('https://kms.local.oraclecloud.com/20180608/vaults'))
 */
export function ociFetch(
  room: Strongroom,
  options: OciOptions = {},
): (request: Request) => Promise<Response> {
  const handle = handlerOf(room, options)
  return async ({ method, url, headers, body }) =>
    toResponse(await handle(fetched(method, url, headers, body ? piecesOf(body) : undefined)))
}

/** Whatever the SDK accepts as a body: strings, bytes, blobs, streams of Node and of the web. */
function bodyOf(body: unknown): OciRequest['body'] {
  if (typeof body === 'string' || body instanceof Uint8Array) return body
  if (body instanceof Blob) return piecesOf(body.stream())
  if (body instanceof ReadableStream) return piecesOf(body as ReadableStream<Uint8Array>)
  if (typeof body === 'object' && body !== null && Symbol.asyncIterator in body)
    return encoded(body as AsyncIterable<Uint8Array | string>)
  return undefined
}

/** Not every platform lets a stream be iterated. */
async function* piecesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } finally {
    reader.releaseLock()
  }
}

/** A stream of Node may be one of strings. */
async function* encoded(stream: AsyncIterable<Uint8Array | string>): AsyncGenerator<Uint8Array> {
  for await (const piece of stream)
    yield typeof piece === 'string' ? new TextEncoder().encode(piece) : piece
}
