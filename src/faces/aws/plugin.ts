/**
 * The fast way into the room: a middleware of the SDK's client that answers before anything is
 * serialised or signed. Refusals go the whole way instead, so that the client makes its own
 * exceptions of them.
 */
import type { Strongroom } from '../../engine/room.ts'
import { answer } from './answer.ts'
import type { Caller } from './call.ts'
import { JSON_CODEC, jsonOf, refusalOf, responseOf, type AwsResponse } from './codec.ts'
import { KmsFault } from './errors.ts'
import { Face } from './face.ts'
import type { AwsOptions } from './options.ts'
import { newRequestId } from './request-id.ts'
import { identityOf } from './principals.ts'
import type { Codec } from './shape.ts'

export interface AwsPluginOptions extends AwsOptions {
  /** Who asks; nothing is signed here. */
  readonly accessKeyId?: string
}

type Handler = (args: Record<string, unknown>) => Promise<unknown>
type Middleware = (next: Handler, context: Record<string, unknown>) => Handler

/** As much of the SDK's stack of middlewares as a plugin needs. */
export interface AwsMiddlewareStack {
  add(middleware: never, options: never): void
  remove(name: never): boolean
}
export interface AwsPlugin {
  applyToStack(stack: AwsMiddlewareStack): void
}

/** Text is taken as UTF-8, as the SDK does. */
const encoder = new TextEncoder()
const VALUES: Codec = {
  owns: false,
  blob: (value) =>
    value instanceof Uint8Array
      ? value
      : typeof value === 'string'
        ? encoder.encode(value)
        : undefined,
  time: (value) => (value instanceof Date ? value : undefined),
}

const metadataOf = (requestId: string) => ({
  $metadata: {
    httpStatusCode: 200,
    requestId,
    extendedRequestId: undefined,
    cfId: undefined,
    attempts: 1,
    totalRetryDelay: 0,
  },
})

const REFUSAL = Symbol('refusal')
const COMMAND = /Command$/

/**
 * Answers the commands of a client without serialising, signing and parsing: same answers, same
 * exceptions. No credentials are asked for.
 *
 * @example
 * const client = new KMSClient({ region: 'eu-central-1' })
 * client.middlewareStack.use(awsPlugin(room))
 */
export function awsPlugin(room: Strongroom, options: AwsPluginOptions = {}): AwsPlugin {
  const face = new Face(room, options)
  const { account, region } = face
  const { accessKeyId } = options
  const whoever = (): Caller => ({
    region,
    accessKeyId,
    ...identityOf(options, accessKeyId, { account, region }),
  })
  const early: Middleware = (next, context) => async (args) => {
    const name = String(context['commandName']).replace(COMMAND, '')
    const requestId = newRequestId()
    try {
      const asking = { name, caller: whoever(), requestId, source: args['input'], codec: VALUES }
      const output = await answer(face, asking)
      return { response: undefined, output: { ...metadataOf(requestId), ...output } }
    } catch (error) {
      context[REFUSAL as never] = refusalOf(error as KmsFault, requestId)
      return next(args)
    }
  }
  const late: Middleware =
    (_, context) =>
    async ({ request }) => {
      const refusal = context[REFUSAL as never] as AwsResponse | undefined
      context[REFUSAL as never] = undefined
      return { response: sdkResponse(refusal ?? (await repeated(face, whoever, request))) }
    }
  return {
    applyToStack: (stack) => {
      stack.add(
        early as never,
        { name: 'strongroom', step: 'initialize', priority: 'low' } as never,
      )
      stack.add(
        late as never,
        { name: 'strongroomRefusals', step: 'deserialize', priority: 'low' } as never,
      )
      for (const name of UNSIGNED) stack.remove(name as never)
    },
  }
}

/** What would look for credentials. */
const UNSIGNED = ['httpSigningMiddleware', 'httpAuthSchemeMiddleware']

const sdkResponse = ({ status, headers, body }: AwsResponse) => ({
  statusCode: status,
  headers: { ...headers },
  body: encoder.encode(body),
})

/** The client tries again what it takes for a passing failure. */
async function repeated(face: Face, whoever: () => Caller, request: unknown): Promise<AwsResponse> {
  const { headers, body } = request as {
    readonly headers: Readonly<Record<string, string>>
    readonly body?: Uint8Array | string
  }
  const requestId = newRequestId()
  const name = (headers['x-amz-target'] ?? '').split('.').at(-1)!
  try {
    const source = jsonOf(body ?? '')
    const asking = { name, caller: whoever(), requestId, source, codec: JSON_CODEC }
    const output = await answer(face, asking)
    return responseOf(output, requestId)
  } catch (error) {
    return refusalOf(error as KmsFault, requestId)
  }
}
