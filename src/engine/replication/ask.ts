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

export function askOver(core: Core, link: ReplicationLink): Ask {
  const suite = core.keys.travel('transport')
  return async (kind, question) => {
    const message = encodeQuestion(kind, {
      ...question,
      region: core.region,
    } as Questions[typeof kind])
    const { bytes, nonce } = sealQuestion(suite, core.provider.random, message)
    const plain = openAnswer(suite, nonce, await exchanged(link, bytes))
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

async function exchanged(link: ReplicationLink, question: Uint8Array): Promise<Uint8Array> {
  let answer: unknown
  try {
    answer = await link.exchange(question)
  } catch (cause) {
    if (cause instanceof StrongroomError) throw cause
    throw new StrongroomError('UNAVAILABLE', 'Replication: expected an answer, the link failed.', {
      cause,
    })
  }
  if (answer instanceof Uint8Array) return answer
  throw new StrongroomError('UNAVAILABLE', 'Replication: expected bytes from the link, got none.')
}
