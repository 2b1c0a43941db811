/** The transport of the SDK, in place of the network (contracts: Azure 6). */
import type { Strongroom } from '../../engine/room.ts'
import type { AzureResponse } from './codec.ts'
import { handlerOf } from './handle.ts'
import type { AzureOptions } from './options.ts'

/** Headers as the SDK has them; its own type has the same members. */
export interface AzureHttpHeaders extends Iterable<[string, string]> {
  get(name: string): string | undefined
  has(name: string): boolean
  set(name: string, value: string | number | boolean): void
  delete(name: string): void
  toJSON(options?: { preserveCase?: boolean }): Record<string, string>
}

/** What the SDK hands over for a call. */
export interface AzureHttpRequest {
  url: string
  method: string
  headers: AzureHttpHeaders
  body?: unknown
  timeout: number
  requestId: string
  abortSignal?: { readonly aborted: boolean }
}

/** The `httpClient` of the SDK's clients. */
export interface AzureHttpClient {
  sendRequest<R extends AzureHttpRequest>(
    request: R,
  ): Promise<{
    request: R
    status: number
    headers: AzureHttpHeaders
    bodyAsText?: string | null
  }>
}

class ReplyHeaders implements AzureHttpHeaders {
  readonly #pairs: Map<string, string>

  constructor(headers: AzureResponse['headers']) {
    this.#pairs = new Map(Object.entries(headers))
  }

  get(name: string): string | undefined {
    return this.#pairs.get(name.toLowerCase())
  }

  has(name: string): boolean {
    return this.#pairs.has(name.toLowerCase())
  }

  set(name: string, value: string | number | boolean): void {
    this.#pairs.set(name.toLowerCase(), String(value))
  }

  delete(name: string): void {
    this.#pairs.delete(name.toLowerCase())
  }

  toJSON(): Record<string, string> {
    return Object.fromEntries(this.#pairs)
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#pairs.entries()
  }
}

const aborted = (why: string): Error => Object.assign(new Error(why), { name: 'AbortError' })

/** Rejects when the client gives up first; the work itself goes on to its end. */
async function unlessTimeout<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  if (!(timeoutMs > 0)) return work
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(aborted('The operation was aborted: timeout.')), timeoutMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A transport for `KeyClient` and `CryptographyClient`, in place of the network. Clients that share a
 * room share its vaults; give `retryOptions: { maxRetries: 0 }` where refusals are expected that the
 * SDK would repeat.
 *
 * @example
 * import { KeyClient } from '@azure/keyvault-keys'
 * import { Strongroom } from 'strongroom'
 * import { azureCredential, azureHttpClient } from 'strongroom/azure'
 * const room = await Strongroom.open()
 * const httpClient = azureHttpClient(room)
 * const client = new KeyClient('https://shop.vault.azure.net', azureCredential(), { httpClient })
 * const { id } = await client.createRsaKey('orders')
 */
export function azureHttpClient(room: Strongroom, options: AzureOptions = {}): AzureHttpClient {
  const handle = handlerOf(room, options)
  return {
    sendRequest: async (request) => {
      const { url, method, headers, body, timeout, abortSignal } = request
      if (abortSignal?.aborted) throw aborted('The operation was aborted.')
      const given = typeof body === 'string' || body instanceof Uint8Array ? body : undefined
      const asked = { url, method, header: (name: string) => headers.get(name), body: given }
      const reply = await unlessTimeout(handle(asked), timeout)
      const { status, headers: told, body: bodyAsText } = reply
      return { request, status, headers: new ReplyHeaders(told), bodyAsText }
    },
  }
}
