/** Asking the other room: seals the question, opens the answer to it and to nothing else. */
import { wipe } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { openAnswer, sealQuestion } from '../../replication/envelope.ts'
import type { ReplicationLink } from '../../replication/link.ts'
import {
  decodeAnswer,
  encodeQuestion,
  type Answers,
  type QuestionKind,
  type Questions,
} from '../../replication/messages.ts'
import type { Core } from '../core.ts'

/** A question without the region, which is always ours. */
export type Ask = <K extends QuestionKind>(
  kind: K,
  question: Omit<Questions[K], 'region'>,
) => Promise<Answers[K]>

/** Ends with the room, or with the signal: a link that never answers must not hold either. */
export function askOver(core: Core, link: ReplicationLink, signal?: AbortSignal): Ask {
  const suite = core.keys.travel('transport')
  return async (kind, question) => {
    const message = encodeQuestion(kind, {
      ...question,
      region: core.region,
    } as Questions[typeof kind])
    const { bytes, nonce } = sealQuestion(suite, core.provider.random, message)
    const answered = await exchanged(link, bytes, [core.ending.signal, ...(signal ? [signal] : [])])
    const plain = openAnswer(suite, nonce, answered)
    try {
      const answer = decodeAnswer(kind, plain)
      if (!('refusal' in answer)) return answer
      const { code, message: text } = answer.refusal
      throw new StrongroomError(code, text)
    } finally {
      wipe(plain)
    }
  }
}

const aborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const ended = (): void =>
      reject(
        new StrongroomError(
          'UNAVAILABLE',
          'Replication: expected an answer, the round was ended before.',
        ),
      )
    if (signal.aborted) ended()
    else signal.addEventListener('abort', ended)
  })

async function exchanged(
  link: ReplicationLink,
  question: Uint8Array,
  endings: readonly AbortSignal[],
): Promise<Uint8Array> {
  const cut = new AbortController()
  const end = (): void => cut.abort()
  let answer: unknown
  try {
    for (const ending of endings) {
      ending.addEventListener('abort', end)
      if (ending.aborted) end()
    }
    answer = await Promise.race([aborted(cut.signal), link.exchange(question, cut.signal)])
  } catch (cause) {
    if (cause instanceof StrongroomError) throw cause
    throw new StrongroomError('UNAVAILABLE', 'Replication: expected an answer, the link failed.', {
      cause,
    })
  } finally {
    for (const ending of endings) ending.removeEventListener('abort', end)
  }
  if (answer instanceof Uint8Array) return answer
  throw new StrongroomError('UNAVAILABLE', 'Replication: expected bytes from the link, got none.')
}
