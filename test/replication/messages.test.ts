/** The bytes of docs/formats/replication.md: one form for each message, and no other is read. */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  encodeRefusal,
  type Answers,
  type Questions,
} from '../../src/replication/messages.ts'

const vaultId = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'
const chain = new Uint8Array(32).fill(1)
const place = { region: 'eu', vaultId }

const QUESTIONS: Questions = {
  offers: { region: 'eu' },
  pull: { ...place, have: 258, chain, building: true },
  snapshot: { ...place, after: Uint8Array.of(2, 3) },
  dropped: { ...place, seq: 7 },
  demote: { ...place, have: 258, chain },
}
const key = { ordinal: 3, name: new Uint8Array(16).fill(4), key: new Uint8Array(32).fill(5) }
const ANSWERS: Answers = {
  offers: { region: 'us', vaults: [{ vaultId, status: 'CREATED', seq: 9 }] },
  pull: { seq: 9, entries: [{ seq: 8, rows: [Uint8Array.of(6)] }], keys: [key], pruned: false },
  snapshot: {
    from: 8,
    chain,
    to: 9,
    rows: [{ path: Uint8Array.of(7), value: Uint8Array.of(8) }],
    keys: [key],
    next: Uint8Array.of(7),
  },
  dropped: { done: true },
  demote: { done: false },
}
const PLACE = '0162657502500b9f1c1e52d04f0c9a550d9f4c1b7a11'
const CHAIN = `045820${'01'.repeat(32)}`
/** As version 1 writes them; never changed. */
const FROZEN: Readonly<Record<keyof Questions, string>> = {
  offers: '01a101626575',
  pull: `02a5${PLACE}03190102${CHAIN}05f5`,
  snapshot: `03a3${PLACE}03420203`,
  dropped: `04a3${PLACE}0307`,
  demote: `05a4${PLACE}03190102${CHAIN}`,
}
const KINDS = Object.keys(QUESTIONS) as (keyof Questions)[]

const refuses = (read: () => unknown): void => {
  let failure: unknown
  try {
    read()
  } catch (error) {
    failure = error
  }
  expect(failure).toBeInstanceOf(StrongroomError)
  expect((failure as StrongroomError).code).toBe('INTEGRITY')
}

describe.each(KINDS)('%s', (kind) => {
  const question = encodeQuestion(kind, QUESTIONS[kind])
  const answer = encodeAnswer(kind, ANSWERS[kind])

  test('reads what it writes, and its bytes are those of version 1', () => {
    expect(decodeQuestion(question)).toEqual({ kind, question: QUESTIONS[kind] })
    expect(decodeAnswer(kind, answer)).toEqual(ANSWERS[kind])
    expect(toHex(question)).toBe(FROZEN[kind])
  })

  test('refuses every cut, every further byte and the byte of another message', () => {
    for (let length = 0; length < question.length; length++)
      refuses(() => decodeQuestion(question.subarray(0, length)))
    for (let length = 0; length < answer.length; length++)
      refuses(() => decodeAnswer(kind, answer.subarray(0, length)))
    refuses(() => decodeQuestion(new Uint8Array([...question, 0])))
    refuses(() => decodeAnswer(kind, new Uint8Array([...answer, 0])))
    for (const tag of [0, 6, 255]) refuses(() => decodeQuestion(question.with(0, tag)))
    for (const tag of [6, answer[0] === 1 ? 2 : 1])
      refuses(() => decodeAnswer(kind, answer.with(0, tag)))
  })

  test('a refusal answers it too', () => {
    const refusal = { code: 'NOT_FOUND', message: 'none' } as const
    expect(decodeAnswer(kind, encodeRefusal(refusal))).toEqual({ refusal })
  })
})
