/** The requests of one listener: health, metrics, and the face that claims the rest. */
import { Hono } from 'hono'
import type { Strongroom } from '../index.ts'
import { bounded } from './bounded.ts'
import type { Face } from './face.ts'
import { METRICS_TYPE, metricsText, requestKey } from './metrics.ts'

/** One answered request. No header, query or body: those hold secrets. */
export interface AccessRecord {
  readonly time: Date
  readonly face: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly durationMs: number
  readonly requestId?: string
}

export interface AppParts {
  readonly room: Strongroom
  readonly faces: readonly Face[]
  readonly bodyBytesMax: number
  readonly counts: Map<string, number>
  readonly onAccess?: ((record: AccessRecord) => void) | undefined
  /** Where else to go, for people who open `/`. */
  readonly directory: () => Readonly<Record<string, unknown>>
  /** False once the server drains: health checks then send traffic elsewhere. */
  readonly ready: () => boolean
}

const OWN = 'server'
/** Headers in which answers repeat the id of a request. */
const REQUEST_ID_HEADERS = ['opc-request-id', 'x-amzn-requestid', 'x-ms-request-id']

export function createApp(parts: AppParts): Hono {
  const { room, faces, bodyBytesMax, counts, directory, ready } = parts
  const app = new Hono()
  app.use(async (context, next) => {
    const start = performance.now()
    await next()
    const face = faces.find(({ claims }) => claims(context.req.raw))?.name ?? OWN
    note(parts, face, context.req.raw, context.res, performance.now() - start)
  })
  app.get('/healthz', (context) =>
    ready() ? context.json({ status: 'ok' }) : context.json({ status: 'draining' }, 503),
  )
  app.get('/metrics', (context) =>
    context.body(metricsText(room.metrics(), counts), 200, { 'content-type': METRICS_TYPE }),
  )
  app.get('/', (context) => context.json(directory()))
  app.all('*', async (context) => {
    const face = faces.find(({ claims }) => claims(context.req.raw))
    return face ? answer(face, context.req.raw, bodyBytesMax) : context.notFound()
  })
  app.notFound((context) => context.json({ error: 'No face here speaks this request.' }, 404))
  app.onError((_, context) => context.json({ error: 'The request could not be answered.' }, 500))
  return app
}

async function answer(face: Face, request: Request, bytesMax: number): Promise<Response> {
  const tooLarge = (): Response => face.tooLarge?.() ?? new Response(null, { status: 413 })
  const known = bounded(request, bytesMax)
  if (!known) return tooLarge()
  try {
    const response = await face.handle(known.request)
    return known.exceeded() ? tooLarge() : response
  } catch (error) {
    if (known.exceeded()) return tooLarge()
    throw error
  }
}

function note(
  { counts, onAccess }: AppParts,
  face: string,
  request: Request,
  response: Response,
  durationMs: number,
): void {
  const { status, headers } = response
  const key = requestKey(face, status)
  counts.set(key, (counts.get(key) ?? 0) + 1)
  const requestId = REQUEST_ID_HEADERS.map((name) => headers.get(name)).find((id) => id !== null)
  onAccess?.({
    time: new Date(),
    face,
    method: request.method,
    path: new URL(request.url).pathname,
    status,
    durationMs,
    ...(requestId && { requestId }),
  })
}
