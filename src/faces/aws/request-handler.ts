/** The transport of the SDK, in place of the network (contracts: AWS 2). */
import type { Strongroom } from '../../engine/room.ts'
import { Face } from './face.ts'
import { handleRequest } from './handle.ts'
import type { AwsOptions } from './options.ts'

/** What the SDK hands over for a call; its own type has the same members. */
export interface AwsHttpRequest {
  readonly method: string
  readonly path: string
  readonly query?: Readonly<Record<string, string | readonly string[] | null>>
  readonly headers: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface AwsHttpResponse {
  readonly statusCode: number
  readonly headers: Record<string, string>
  readonly body: Uint8Array
}

/** The `requestHandler` of the SDK's client. */
export interface AwsRequestHandler {
  readonly metadata: { readonly handlerProtocol: string }
  handle(
    request: AwsHttpRequest,
    options?: { readonly abortSignal?: unknown },
  ): Promise<{ response: AwsHttpResponse }>
  destroy(): void
  updateHttpClientConfig(key: never, value: never): void
  httpHandlerConfigs(): object
}

const encoder = new TextEncoder()

/**
 * Today's SDK gives a subclass of Uint8Array that complains when its methods for text are called.
 */
const bodyOf = (body: unknown): Uint8Array | string =>
  body instanceof Uint8Array
    ? new Uint8Array(body.buffer, body.byteOffset, body.byteLength)
    : typeof body === 'string'
      ? body
      : ''

/** Nothing for ordinary requests. */
function queryOf(query: AwsHttpRequest['query'] = {}): string {
  let text = ''
  for (const [name, value] of Object.entries(query))
    for (const each of [value].flat())
      text += `&${encodeURIComponent(name)}=${encodeURIComponent(each ?? '')}`
  return text.replace('&', '?')
}

/**
 * A transport for `KMSClient`, in place of the network. The SDK needs a region and credentials, which
 * may be any; give `maxAttempts: 1` where refusals are expected that it would repeat.
 *
 * @example
 * import { KMSClient, CreateKeyCommand } from '@aws-sdk/client-kms'
 * import { Strongroom } from 'strongroom'
 * import { awsRequestHandler } from 'strongroom/aws'
 * const room = await Strongroom.open()
 * const client = new KMSClient({
 *   region: 'eu-central-1',
 *   credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
 *   requestHandler: awsRequestHandler(room),
 * })
 * const { KeyMetadata } = await client.send(new CreateKeyCommand({}))
 */
export function awsRequestHandler(room: Strongroom, options: AwsOptions = {}): AwsRequestHandler {
  const face = new Face(room, options)
  return {
    metadata: { handlerProtocol: 'http/1.1' },
    handle: async ({ method, path, query, headers, body }, { abortSignal } = {}) => {
      if ((abortSignal as AbortSignal | undefined)?.aborted) throw aborted()
      const request = { method, url: path + queryOf(query), headers, body: bodyOf(body) }
      const { status, headers: told, body: text } = await handleRequest(face, request)
      return { response: { statusCode: status, headers: told, body: encoder.encode(text) } }
    },
    destroy: () => undefined,
    updateHttpClientConfig: () => undefined,
    httpHandlerConfigs: () => ({}),
  }
}

const aborted = (): Error => Object.assign(new Error('Request aborted'), { name: 'AbortError' })
