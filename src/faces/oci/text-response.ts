import type { OciResponse } from './codec.ts'

/** What is used of a response here; the rest of its type differs between platforms. */
type Bare = new (
  body: null,
  init: ResponseInit,
) => {
  readonly status: number
  readonly headers: Headers
}

/**
 * A response whose text is at hand. Clients ask for text or JSON; a stream is only made for who asks
 * for one, since making it takes as long as the call itself.
 */
class TextResponse extends (Response as unknown as Bare) {
  readonly #text: string

  constructor({ status, headers, body }: OciResponse) {
    super(null, { status, headers })
    this.#text = body
  }

  async text(): Promise<string> {
    return this.#text
  }

  async json(): Promise<unknown> {
    return JSON.parse(this.#text) as unknown
  }

  get body(): Response['body'] {
    return this.clone().body
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.clone().arrayBuffer()
  }

  async blob(): Promise<Blob> {
    return this.clone().blob()
  }

  clone(): Response {
    const { status, headers } = this
    return new Response(this.#text === '' ? null : this.#text, { status, headers })
  }
}

export const textResponse = (reply: OciResponse): Response =>
  new TextResponse(reply) as unknown as Response
