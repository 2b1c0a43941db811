/**
 * Messages under the transport key of the realm. An answer is bound to the nonce of its question, so
 * that an old, repeated or foreign answer opens to nothing; a question says nothing that would do
 * harm when it is asked twice.
 */
import { concat, utf8 } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { Random } from '../base/ports.ts'
import type { Suite } from '../crypto/provider.ts'

const QUESTION = Uint8Array.of(0x53, 0x52, 0x52, 0x51, 1) // SRRQ, version 1
const ANSWER = Uint8Array.of(0x53, 0x52, 0x52, 0x41, 1) // SRRA, version 1
const NONCE_BYTES = 16
const QUESTION_LABEL = utf8('strongroom/replication/question/v1')
const ANSWER_LABEL = utf8('strongroom/replication/answer/v1')

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
  start.every((byte, i) => bytes[i] === byte)

const foreign = (what: string): StrongroomError =>
  new StrongroomError(
    'INTEGRITY',
    `Replication: expected ${what} of this realm, got bytes that do not open; nothing was changed.`,
  )

export interface SealedQuestion {
  readonly bytes: Uint8Array
  readonly nonce: Uint8Array
}

export function sealQuestion(suite: Suite, random: Random, message: Uint8Array): SealedQuestion {
  const nonce = new Uint8Array(NONCE_BYTES)
  random.fill(nonce)
  return { bytes: suite.seal(QUESTION, QUESTION_LABEL, concat(nonce, message)), nonce }
}

/** @throws INTEGRITY for anything that no room of the realm made */
export function openQuestion(suite: Suite, bytes: Uint8Array) {
  const plain = startsWith(bytes, QUESTION)
    ? suite.open(bytes, QUESTION.length, QUESTION_LABEL)
    : undefined
  if (!plain || plain.length < NONCE_BYTES) throw foreign('a question')
  return { nonce: plain.slice(0, NONCE_BYTES), message: plain.slice(NONCE_BYTES) }
}

export const sealAnswer = (suite: Suite, nonce: Uint8Array, message: Uint8Array): Uint8Array =>
  suite.seal(ANSWER, concat(ANSWER_LABEL, nonce), message)

/** The answer to the question with this nonce and to no other. @throws INTEGRITY */
export function openAnswer(suite: Suite, nonce: Uint8Array, bytes: Uint8Array): Uint8Array {
  const plain = startsWith(bytes, ANSWER)
    ? suite.open(bytes, ANSWER.length, concat(ANSWER_LABEL, nonce))
    : undefined
  if (!plain) throw foreign('the answer to this question')
  return plain
}
