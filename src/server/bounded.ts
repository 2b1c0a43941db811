/** Bodies up to a bound: by what a request says of its length, or else by counting. */
export interface Bounded {
  readonly request: Request
  /** Whether the body turned out to be longer. */
  readonly exceeded: () => boolean
}

/** Undefined when the request says itself that its body is longer. */
export function bounded(request: Request, bytesMax: number): Bounded | undefined {
  const { headers, body, method, url } = request
  const length = headers.get('content-length')
  if (length !== null)
    return Number(length) > bytesMax ? undefined : { request, exceeded: () => false }
  // RFC 9112 section 6.3: without a length and a coding there is no body.
  if (!headers.has('transfer-encoding') || !body) return { request, exceeded: () => false }
  let bytes = 0
  const counted = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, controller) => {
      bytes += piece.length
      if (bytes > bytesMax) controller.error(new RangeError('The body is too long.'))
      else controller.enqueue(piece)
    },
  })
  const init = { method, headers, body: body.pipeThrough(counted), duplex: 'half' }
  return { request: new Request(url, init as RequestInit), exceeded: () => bytes > bytesMax }
}
