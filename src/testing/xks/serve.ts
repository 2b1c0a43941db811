/** A port for an XKS proxy, as AWS KMS would reach it. */
import { listen, type TlsOptions } from '../../server/listener.ts'
import type { XksFetch } from '../../faces/aws/xks/client.ts'

export interface ServeXksProxyOptions {
  /** Default 0: any free one. */
  readonly port?: number
  /** Default 127.0.0.1. */
  readonly host?: string
  /** With a certificate it speaks HTTPS, as the service demands. */
  readonly tls?: TlsOptions
}

export interface ServedXksProxy {
  /** For `xks: { endpoints: { 'https://xks.example.com': url } }`. */
  readonly url: string
  readonly port: number
  close(): Promise<void>
}

const REQUEST_TIMEOUT_MS = 10_000
const HEADER_BYTES_MAX = 16_384
const DRAIN_MS = 1000

export async function serveXksProxy(
  proxy: XksFetch,
  { port = 0, host = '127.0.0.1', tls }: ServeXksProxyOptions = {},
): Promise<ServedXksProxy> {
  const listener = await listen(proxy, {
    host,
    port,
    tls,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    headerBytesMax: HEADER_BYTES_MAX,
  })
  const { url, port: actual } = listener
  return { url, port: actual, close: () => listener.close(DRAIN_MS) }
}
