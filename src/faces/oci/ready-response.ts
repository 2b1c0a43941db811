import { textOf, type Outcome } from './codec.ts'

type Whole = Omit<Response, 'bytes'>

/** Everything that is not answered here is answered by a response made for it. */
const PROPERTIES = ['body', 'bodyUsed', 'redirected', 'statusText', 'type', 'url'] as const
const METHODS = ['arrayBuffer', 'blob', 'bytes', 'clone', 'formData'] as const

/**
 * A response whose reply is at hand. Clients ask for its status, a header, and its JSON; to make a
 * stream that none of them reads takes as long as the call itself.
 */
class ReadyResponse implements Pick<Whole, 'status' | 'ok' | 'headers' | 'text' | 'json'> {
  readonly #outcome: Outcome
  #headers: Headers | undefined
  #whole: Response | undefined

  constructor(outcome: Outcome) {
    this.#outcome = outcome
  }

  get status(): number {
    return this.#outcome.status
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300
  }

  get headers(): Headers {
    return (this.#headers ??= new Headers(this.#outcome.headers))
  }

  async text(): Promise<string> {
    return textOf(this.#outcome)
  }

  /** A flat object is its own JSON. */
  async json(): Promise<unknown> {
    const { value } = this.#outcome
    return isFlat(value) ? { ...value } : (JSON.parse(textOf(this.#outcome)) as unknown)
  }

  get whole(): Response {
    return (this.#whole ??= toResponse(this.#outcome))
  }

  static {
    Object.setPrototypeOf(this.prototype, Response.prototype)
    for (const name of PROPERTIES)
      Object.defineProperty(this.prototype, name, {
        get(this: ReadyResponse) {
          return this.whole[name]
        },
      })
    for (const name of METHODS)
      Object.defineProperty(this.prototype, name, {
        value(this: ReadyResponse) {
          return (this.whole.clone() as unknown as Record<string, () => unknown>)[name]!()
        },
      })
  }
}

function isFlat(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  for (const name in value) {
    const each: unknown = (value as Readonly<Record<string, unknown>>)[name]
    if (each === undefined || (typeof each === 'object' && each !== null)) return false
  }
  return true
}

export const readyResponse = (outcome: Outcome): Response =>
  new ReadyResponse(outcome) as unknown as Response

export function toResponse(outcome: Outcome): Response {
  const { status, headers } = outcome
  const text = textOf(outcome)
  return new Response(text === '' ? null : text, { status, headers })
}
