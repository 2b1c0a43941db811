/**
 * The way between two stores of a realm: one question, one answer, as bytes that only rooms of the
 * realm can read or make. Whoever carries them may lose, repeat, reorder or change them: nothing of
 * that is ever applied. The follower asks; the primary never has to reach it.
 */
import { StrongroomError } from '../base/errors.ts'

export interface ReplicationLink {
  /**
   * Carries a question to the other room and brings its answer; throws when there is none. The signal
   * says that nobody waits for it any more.
   */
  exchange(question: Uint8Array, signal?: AbortSignal): Promise<Uint8Array>
}

/** Questions are small; answers are bounded by what a follower asks for. */
export const QUESTION_BYTES_MAX = 65_536
export const ANSWER_BYTES_MAX = 64 * 1_048_576
const TIMEOUT_MS_DEFAULT = 60_000

const unreachable = (what: string, cause?: unknown): StrongroomError =>
  new StrongroomError('UNAVAILABLE', `Replication: expected an answer, ${what}.`, { cause })

const TYPE = 'application/octet-stream'

/**
 * Over HTTP, in the caller's own channel: TLS, credentials and proxies are those of the `fetch` that
 * is given.
 */
export function fetchLink(
  url: string,
  { fetch: send = fetch, headers = {}, timeoutMs = TIMEOUT_MS_DEFAULT }: FetchLinkOptions = {},
): ReplicationLink {
  return {
    exchange: async (question, ended) => {
      const cut = new AbortController()
      const end = (): void => cut.abort()
      const timer = setTimeout(end, timeoutMs)
      ended?.addEventListener('abort', end)
      try {
        const response = await send(url, {
          method: 'POST',
          headers: { ...headers, 'content-type': TYPE },
          body: question as Uint8Array<ArrayBuffer>,
          signal: cut.signal,
        })
        if (!response.ok) throw unreachable(`got HTTP status ${response.status}`)
        const answer = await readBody(response, ANSWER_BYTES_MAX)
        return answer ?? tooLong(ANSWER_BYTES_MAX)
      } catch (cause) {
        if (cause instanceof StrongroomError) throw cause
        throw unreachable(cut.signal.aborted ? 'none came in time' : 'the request failed', cause)
      } finally {
        clearTimeout(timer)
        ended?.removeEventListener('abort', end)
      }
    },
  }
}

export interface FetchLinkOptions {
  readonly fetch?: typeof fetch
  readonly headers?: Readonly<Record<string, string>>
  /** How long one answer may take, to its last byte; default one minute. */
  readonly timeoutMs?: number
}

/** The other end of `fetchLink`, for any server with `Request` and `Response`. */
export function replicationHandler(room: Answers): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    try {
      const question = await readBody(request, QUESTION_BYTES_MAX)
      if (!question) return new Response(null, { status: 413 })
      const body = (await room.answerReplication(question)) as Uint8Array<ArrayBuffer>
      return new Response(body, { headers: { 'content-type': TYPE } })
    } catch {
      // Not of this realm, or closed: nothing that a stranger has to know.
      return new Response(null, { status: 400 })
    }
  }
}

/** The whole body; undefined, and no more of it read, when it is longer. */
async function readBody(
  { body }: Pick<Response, 'body'>,
  bytesMax: number,
): Promise<Uint8Array | undefined> {
  if (!body) return new Uint8Array(0)
  const reader = (body as ReadableStream<Uint8Array>).getReader()
  const pieces = new Pieces()
  for (;;) {
    const { value, done } = await reader.read()
    if (done) return pieces.take(pieces.length)
    pieces.add(value)
    if (pieces.length <= bytesMax) continue
    await reader.cancel()
    return undefined
  }
}

/** A pair of byte streams: a socket, a pipe, a tunnel. */
export interface ByteChannel {
  readonly incoming: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
}

/**
 * Over a channel of bytes: each message after its length (u32); one question at a time. After any
 * failure the channel is of no use: what comes next may answer an earlier question.
 */
export function streamLink(channel: ByteChannel): ReplicationLink {
  const frames = readFrames(channel.incoming, ANSWER_BYTES_MAX)
  let turn: Promise<unknown> = Promise.resolve()
  let broken: unknown
  const exchange = async (question: Uint8Array): Promise<Uint8Array> => {
    if (broken !== undefined) throw unreachable('the channel failed before', broken)
    try {
      await channel.write(frame(question))
      const answer: IteratorResult<Uint8Array, undefined> = await frames.next()
      if (answer.done) throw unreachable('the channel ended')
      return answer.value
    } catch (error) {
      broken = error
      throw error
    }
  }
  return {
    exchange: (question) => {
      const answer = turn.then(() => exchange(question))
      turn = answer.catch(() => undefined)
      return answer
    },
  }
}

/**
 * The other end of `streamLink`: answers until the channel ends.
 * @throws INTEGRITY at a question that no room of the realm asked, CLOSED with the room: give the
 * channel up then.
 */
export async function serveReplication(room: Answers, channel: ByteChannel): Promise<void> {
  for await (const question of readFrames(channel.incoming, QUESTION_BYTES_MAX))
    await channel.write(frame(await room.answerReplication(question)))
}

const LENGTH_BYTES = 4

function frame(message: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + message.length)
  new DataView(bytes.buffer).setUint32(0, message.length)
  bytes.set(message, LENGTH_BYTES)
  return bytes
}

async function* readFrames(
  incoming: AsyncIterable<Uint8Array>,
  bytesMax: number,
): AsyncGenerator<Uint8Array, undefined> {
  const pieces = new Pieces()
  let expected: number | undefined
  for await (const piece of incoming) {
    pieces.add(piece)
    for (;;) {
      if (expected === undefined && pieces.length >= LENGTH_BYTES)
        expected = new DataView(pieces.take(LENGTH_BYTES).buffer).getUint32(0)
      if (expected === undefined) break
      if (expected > bytesMax) tooLong(expected)
      if (pieces.length < expected) break
      yield pieces.take(expected)
      expected = undefined
    }
  }
  if (pieces.length > 0 || expected !== undefined)
    throw unreachable('the channel ended within a message')
}

function tooLong(bytes: number): never {
  throw unreachable(`got a message of ${bytes} bytes or more`)
}

/** Bytes that came in pieces: joined once, when they are taken. */
class Pieces {
  #pieces: Uint8Array[] = []
  length = 0

  add(piece: Uint8Array): void {
    // Its owner may use the array again.
    this.#pieces.push(piece.slice())
    this.length += piece.length
  }

  take(length: number): Uint8Array<ArrayBuffer> {
    const taken = new Uint8Array(length)
    let at = 0
    while (at < length) {
      const first = this.#pieces[0]!
      const part = first.subarray(0, length - at)
      taken.set(part, at)
      at += part.length
      if (part.length < first.length) this.#pieces[0] = first.subarray(part.length)
      else this.#pieces.shift()
    }
    this.length -= length
    return taken
  }
}

/** What answers questions: an open room. */
export interface Answers {
  answerReplication(question: Uint8Array): Promise<Uint8Array>
}

/** Two rooms of one process. */
export const roomLink = (room: Answers): ReplicationLink => ({
  exchange: (question) => room.answerReplication(question),
})
