/**
 * `strongroom/server`: a room behind HTTP. One listener serves every face; it listens on this machine
 * alone unless every face checks who asks.
 *
 * @example
 * const server = await serve(room, { faces: [replicationFace(room)], port: 0 })
 * console.log(server.url)
 * await server.close()
 */
import { isIP } from 'node:net'
import * as c from '../base/check.ts'
import { invalidArgument } from '../base/errors.ts'
import { replicationHandler, type Strongroom } from '../index.ts'
import { createApp, type AccessRecord } from './app.ts'
import type { Face } from './face.ts'
import { listen, type Listener, type TlsOptions } from './listener.ts'

export { awsFace } from './aws.ts'
export { azureFace } from './azure.ts'
export type { AccessRecord } from './app.ts'
export type { Face } from './face.ts'
export type { TlsOptions } from './listener.ts'
export { ociService, type OciService } from './oci.ts'

export interface ServeOptions {
  readonly faces: readonly Face[]
  /** Default 127.0.0.1. Beyond loopback only with faces that all authenticate. */
  readonly host?: string
  /** Default 4599; 0 takes any free one. */
  readonly port?: number
  readonly tls?: TlsOptions
  /** Default 32 MiB: backups come by this way. */
  readonly bodyBytesMax?: number
  /** A request that takes longer is cut. Default 30 s. */
  readonly requestTimeoutMs?: number
  /** Told of every answered request. */
  readonly onAccess?: (record: AccessRecord) => void
  /** More for the page at `/`. */
  readonly directory?: () => Readonly<Record<string, unknown>>
}

export interface RunningServer {
  readonly url: string
  readonly port: number
  /** Another port of the same server, with faces of its own. */
  listen(faces: readonly Face[], port?: number): Promise<Listener>
  /** Drains every port; the room stays open. */
  close(options?: { readonly drainMs?: number }): Promise<void>
}

const OPTIONS = c.object({
  faces: c.ports('an array of faces', 'claims', 'handle'),
  host: c.optional(c.text(1, 255)),
  port: c.optional(c.integer(0, 65_535)),
  tls: c.optional(c.object({ cert: c.text(1, 1_000_000), key: c.text(1, 1_000_000) })),
  bodyBytesMax: c.optional(c.integer(1, 1_073_741_824)),
  requestTimeoutMs: c.optional(c.integer(1, 3_600_000)),
  onAccess: c.optional(c.callback),
  directory: c.optional(c.callback),
})

const DEFAULTS = {
  host: '127.0.0.1',
  port: 4599,
  bodyBytesMax: 32 * 1_048_576,
  requestTimeoutMs: 30_000,
  headerBytesMax: 32_768,
  drainMs: 10_000,
} as const

/** @throws INVALID_ARGUMENT for bad options, UNAVAILABLE when the port cannot be had */
export async function serve(room: Strongroom, raw: ServeOptions): Promise<RunningServer> {
  const options = { ...DEFAULTS, ...(c.readInput(OPTIONS, raw) as ServeOptions) }
  const { host, bodyBytesMax, onAccess, tls, requestTimeoutMs, headerBytesMax } = options
  refuseOpenDoor(host, options.faces)
  const counts = new Map<string, number>()
  const listeners: Listener[] = []
  let draining = false
  const directory = () => ({
    faces: options.faces.map(({ name }) => name),
    ...options.directory?.(),
  })
  const open = async (faces: readonly Face[], port: number): Promise<Listener> => {
    refuseOpenDoor(host, faces)
    const ready = (): boolean => !draining
    const app = createApp({ room, faces, bodyBytesMax, counts, onAccess, directory, ready })
    const fetch = (request: Request): Promise<Response> | Response => app.fetch(request)
    const listener = await listen(fetch, { host, port, tls, requestTimeoutMs, headerBytesMax })
    listeners.push(listener)
    return listener
  }
  const first = await open(options.faces, options.port)
  return {
    url: first.url,
    port: first.port,
    listen: (faces, port = 0) => open(faces, port),
    close: async ({ drainMs = DEFAULTS.drainMs } = {}) => {
      draining = true
      await Promise.all(listeners.map((listener) => listener.close(drainMs)))
    },
  }
}

/** Whoever reaches an open face may do all: beyond this machine that takes faces that ask who it is. */
function refuseOpenDoor(host: string, faces: readonly Face[]): void {
  const open = faces.find(({ authenticates }) => !authenticates)
  if (open && !isLoopback(host))
    invalidArgument(
      'host',
      `a loopback address while the face ${open.name} checks nobody: register credentials first`,
      host,
    )
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

const REPLICATION_PATH = '/replication'

/** Answers followers (`fetchLink(url)`): only rooms of the same realm can read or make a message. */
export function replicationFace(room: Strongroom): Face {
  const handle = replicationHandler(room)
  return {
    name: 'replication',
    claims: (request) => new URL(request.url).pathname === REPLICATION_PATH,
    handle,
    authenticates: true,
  }
}
