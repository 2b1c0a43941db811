/**
 * The way between two stores of a realm: one question, one answer, as bytes that only rooms of the
 * realm can read or make. Whoever carries them may lose, repeat, reorder or change them: nothing of
 * that is ever applied. The follower asks; the primary never has to reach it.
 */
import { StrongroomError } from '../base/errors.ts'

export interface ReplicationLink {
  /** Carries a question to the other room and brings its answer; throws when there is none. */
  exchange(question: Uint8Array): Promise<Uint8Array>
}

/** Questions are small; answers are bounded by what a follower asks for. */
export const QUESTION_BYTES_MAX = 65_536
export const ANSWER_BYTES_MAX = 64 * 1_048_576

const unreachable = (what: string, cause?: unknown): StrongroomError =>
  new StrongroomError('UNAVAILABLE', `Replication: expected an answer, ${what}.`, { cause })

const TYPE = 'application/octet-stream'

/**
 * Over HTTP, in the caller's own channel: TLS, credentials and proxies are those of the `fetch` that
 * is given.
 */
export function fetchLink(
  url: string,
  { fetch: send = fetch, headers = {} }: FetchLinkOptions = {},
): ReplicationLink {
  return {
    exchange: async (question) => {
      const request = { method: 'POST', headers: { ...headers, 'content-type': TYPE } }
      let response: Response
      try {
        response = await send(url, { ...request, body: question as Uint8Array<ArrayBuffer> })
      } catch (cause) {
        throw unreachable('the request failed', cause)
      }
      if (!response.ok) throw unreachable(`got HTTP status ${response.status}`)
      return new Uint8Array(await response.arrayBuffer())
    },
  }
}

export interface FetchLinkOptions {
  readonly fetch?: typeof fetch
  readonly headers?: Readonly<Record<string, string>>
}

/** The other end of `fetchLink`, for any server with `Request` and `Response`. */
export function replicationHandler(room: Answers): (request: Request) => Promise<Response> {
  return async (request) => {
    if (request.method !== 'POST') return new Response(null, { status: 405 })
    const question = new Uint8Array(await request.arrayBuffer())
    if (question.length > QUESTION_BYTES_MAX) return new Response(null, { status: 413 })
    try {
      const body = (await room.answerReplication(question)) as Uint8Array<ArrayBuffer>
      return new Response(body, { headers: { 'content-type': TYPE } })
    } catch {
      // Not of this realm, or closed: nothing that a stranger has to know.
      return new Response(null, { status: 400 })
    }
  }
}

/** A pair of byte streams: a socket, a pipe, a tunnel. */
export interface ByteChannel {
  readonly incoming: AsyncIterable<Uint8Array>
  write(bytes: Uint8Array): Promise<void>
}

/** Over a channel of bytes: each message after its length (u32); one question at a time. */
export function streamLink(channel: ByteChannel): ReplicationLink {
  const frames = readFrames(channel.incoming, ANSWER_BYTES_MAX)
  let turn: Promise<unknown> = Promise.resolve()
  const exchange = async (question: Uint8Array): Promise<Uint8Array> => {
    await channel.write(frame(question))
    const answer: IteratorResult<Uint8Array, undefined> = await frames.next()
    if (answer.done) throw unreachable('the channel ended')
    return answer.value
  }
  return {
    exchange: (question) => {
      const answer = turn.then(() => exchange(question))
      turn = answer.catch(() => undefined)
      return answer
    },
  }
}

/** The other end of `streamLink`: answers until the channel ends. */
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
  let held: Uint8Array = new Uint8Array(0)
  for await (const chunk of incoming) {
    const joined = new Uint8Array(held.length + chunk.length)
    joined.set(held)
    joined.set(chunk, held.length)
    held = joined
    while (held.length >= LENGTH_BYTES) {
      const length = new DataView(held.buffer, held.byteOffset).getUint32(0)
      if (length > bytesMax) throw unreachable(`got a message of ${length} bytes`)
      if (held.length < LENGTH_BYTES + length) break
      yield held.slice(LENGTH_BYTES, LENGTH_BYTES + length)
      held = held.subarray(LENGTH_BYTES + length)
    }
  }
  if (held.length > 0) throw unreachable('the channel ended within a message')
}

/** What answers questions: an open room. */
export interface Answers {
  answerReplication(question: Uint8Array): Promise<Uint8Array>
}

/** Two rooms of one process. */
export const roomLink = (room: Answers): ReplicationLink => ({
  exchange: (question) => room.answerReplication(question),
})
