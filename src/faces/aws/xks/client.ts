/**
 * AWS KMS as a client of an XKS proxy, version 1: JSON over HTTPS, signed with Signature Version 4
 * for the service `kms-xks-proxy`, and given up after 250 ms.
 */
import { toBase64, utf8 } from '../../../base/bytes.ts'
import { signed, type SigV4Credentials } from '../sigv4.ts'
import { isXksFailure, xksRefusal, type XksFailureName } from './failures.ts'
import {
  ciphertextIn,
  isHealth,
  metadataIn,
  objectOf,
  plaintextIn,
  type KeyMetadata,
  type RequestMetadata,
  type XksCiphertext,
} from './messages.ts'

/** As `fetch`, with nothing but a request. */
export type XksFetch = (request: Request) => Promise<Response>

export interface XksClientOptions {
  readonly fetch: XksFetch
  /** `https://HOST`, as the key store names it. */
  readonly endpoint: string
  /** `[/PREFIX]/kms/xks/v1` */
  readonly path: string
  readonly credentials: SigV4Credentials
  readonly region: string
  /** The time of the signatures. */
  readonly now: () => Date
  readonly timeoutMs: number
}

export const SERVICE = 'kms-xks-proxy'
const ANSWER_BYTES_MAX = 65_536

type Answer = Readonly<Record<string, unknown>>

export class XksClient {
  readonly #options: XksClientOptions

  constructor(options: XksClientOptions) {
    this.#options = options
  }

  /** @throws KEY_STORE_FAILED, like all of these: `explain.rule` is a name of XKS_FAILURES */
  async health(requestMetadata: RequestMetadata): Promise<void> {
    const answer = await this.#ask('/health', { requestMetadata })
    if (!isHealth(answer)) throw xksRefusal('Malformed')
  }

  async metadata(keyId: string, requestMetadata: RequestMetadata): Promise<KeyMetadata> {
    const answer = await this.#ask(`/keys/${keyId}/metadata`, { requestMetadata })
    return metadataIn(answer) ?? malformed()
  }

  async encrypt(
    keyId: string,
    requestMetadata: RequestMetadata,
    { plaintext, aad }: { readonly plaintext: Uint8Array; readonly aad: Uint8Array },
  ): Promise<XksCiphertext> {
    const answer = await this.#ask(`/keys/${keyId}/encrypt`, {
      requestMetadata,
      additionalAuthenticatedData: toBase64(aad),
      plaintext: toBase64(plaintext),
      encryptionAlgorithm: 'AES_GCM',
      ciphertextDataIntegrityValueAlgorithm: 'SHA_256',
    })
    return ciphertextIn(answer, { aad, lengthBytes: plaintext.length }) ?? malformed()
  }

  async decrypt(
    keyId: string,
    requestMetadata: RequestMetadata,
    { sealed, aad }: { readonly sealed: XksCiphertext; readonly aad: Uint8Array },
  ): Promise<Uint8Array> {
    const { ciphertext, ciphertextMetadata, initializationVector, authenticationTag } = sealed
    const answer = await this.#ask(`/keys/${keyId}/decrypt`, {
      requestMetadata,
      additionalAuthenticatedData: toBase64(aad),
      ciphertext: toBase64(ciphertext),
      ...(ciphertextMetadata.length > 0 && { ciphertextMetadata: toBase64(ciphertextMetadata) }),
      encryptionAlgorithm: 'AES_GCM',
      initializationVector: toBase64(initializationVector),
      authenticationTag: toBase64(authenticationTag),
    })
    return plaintextIn(answer, ciphertext.length) ?? malformed()
  }

  async #ask(resource: string, message: object): Promise<Answer> {
    const { fetch, timeoutMs } = this.#options
    const request = this.#signed(resource, utf8(JSON.stringify(message)))
    let status: number
    let text: string
    try {
      const answer = await withinTime(timeoutMs, async (signal) => {
        const response = await fetch(new Request(request, { signal }))
        return { status: response.status, text: await textOf(response) }
      })
      ;({ status, text } = answer)
    } catch (error) {
      throw xksRefusal(reasonOf(error), error)
    }
    const answer = objectOf(text) ?? malformed()
    if (status === 200) return answer
    const { errorName } = answer
    throw xksRefusal(
      typeof errorName === 'string' && ERROR_NAME.test(errorName) && isXksFailure(errorName)
        ? errorName
        : 'Malformed',
    )
  }

  #signed(resource: string, body: Uint8Array): Request {
    const { endpoint, path, credentials, region, now } = this.#options
    const url = new URL(`${path}${resource}`, endpoint)
    const { host: _, ...headers } = signed(
      {
        method: 'POST',
        path: url.pathname,
        query: '',
        headers: { 'content-type': 'application/json', host: url.host },
        body,
      },
      credentials,
      { region, service: SERVICE, now: now() },
    )
    return new Request(url, {
      method: 'POST',
      headers,
      body: new Uint8Array(body),
      redirect: 'manual',
    })
  }
}

/** Names of the network are none that a proxy may say. */
const ERROR_NAME = /Exception$/

function malformed(): never {
  throw xksRefusal('Malformed')
}

class Late extends Error {}

/** Gives up when the time is over, whether or not what runs hears of it. */
async function withinTime<T>(
  timeoutMs: number,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const running = run(controller.signal)
  running.catch(() => undefined)
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Late('no answer in time'))
      controller.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([running, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The text of an answer of bounded size. */
async function textOf(response: Response): Promise<string> {
  const decoder = new TextDecoder()
  let bytes = 0
  let text = ''
  for await (const piece of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += piece.length
    if (bytes > ANSWER_BYTES_MAX) return ''
    text += decoder.decode(piece, { stream: true })
  }
  return text + decoder.decode()
}

const TLS = /^(?:ERR_TLS_|ERR_SSL_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/

/** What became of the connection; `fetch` tells it in the cause of its error. */
function reasonOf(error: unknown): XksFailureName {
  if (error instanceof Late) return 'TimedOut'
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code } = at as { readonly code?: unknown }
    if (typeof code === 'string' && TLS.test(code)) return 'Tls'
  }
  return 'Unreachable'
}
