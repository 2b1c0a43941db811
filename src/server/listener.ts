/** One port: bounded in time and size, and drained before it closes. */
import { createServer, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import { StrongroomError } from '../base/errors.ts'

export interface TlsOptions {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface ListenOptions {
  readonly host: string
  /** 0: any free one. */
  readonly port: number
  readonly tls?: TlsOptions | undefined
  readonly requestTimeoutMs: number
  readonly headerBytesMax: number
}

export interface Listener {
  readonly url: string
  readonly port: number
  /** Takes no more connections, waits for the answers under way, at most so long. */
  close(drainMs: number): Promise<void>
}

type Fetch = (request: Request) => Promise<Response> | Response

export async function listen(fetch: Fetch, options: ListenOptions): Promise<Listener> {
  const { host, port, tls, requestTimeoutMs, headerBytesMax } = options
  const answer = getRequestListener(fetch, { overrideGlobalObjects: false })
  const bounds = { maxHeaderSize: headerBytesMax, requestTimeout: requestTimeoutMs }
  const server = tls
    ? createTlsServer(
        { ...tls, ...bounds },
        (incoming, outgoing) => void answer(incoming, outgoing),
      )
    : createServer(bounds, (incoming, outgoing) => void answer(incoming, outgoing))
  server.headersTimeout = requestTimeoutMs
  await opened(server, host, port)
  const { port: actual } = server.address() as AddressInfo
  const name = host.includes(':') ? `[${host}]` : host
  return {
    url: `${tls ? 'https' : 'http'}://${name}:${actual}`,
    port: actual,
    close: (drainMs) => closed(server, drainMs),
  }
}

function opened(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: Error): void =>
      reject(
        new StrongroomError(
          'UNAVAILABLE',
          `Server: expected to listen on ${host} port ${port}, got: ${cause.message}.`,
          { cause },
        ),
      )
    server.once('error', failed)
    server.listen(port, host, () => {
      server.off('error', failed)
      resolve()
    })
  })
}

const IDLE_LOOK_MS = 20

function closed(server: Server, drainMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), drainMs)
    // A kept connection becomes idle once its last answer is out: nobody tells when.
    const idle = setInterval(() => server.closeIdleConnections(), IDLE_LOOK_MS)
    server.close(() => {
      clearTimeout(timer)
      clearInterval(idle)
      resolve()
    })
    server.closeIdleConnections()
  })
}
