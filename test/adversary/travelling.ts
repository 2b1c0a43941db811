/** Parsers of what travels: backups, notes about the journal, and what rooms of one realm say. */
import { fromBase64, fromUtf8, toBase64, utf8 } from '../../src/base/bytes.ts'
import {
  checkpointText,
  parseCheckpoint,
  parseNote,
  signedNote,
} from '../../src/audit/checkpoint.ts'
import { decodeBackupHeader, encodeBackupHeader } from '../../src/format/backup.ts'
import {
  decodeAnswer,
  decodeQuestion,
  encodeAnswer,
  encodeQuestion,
  encodeRefusal,
  type Answers,
  type QuestionKind,
  type Questions,
} from '../../src/replication/messages.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { refusing, same, wrong, type Parser } from './parsing.ts'

const ID = '00000000-0000-4000-8000-000000000001'
const [CHAIN, ROW] = [new Uint8Array(32).fill(1), new Uint8Array(70).fill(2)]
const keys = [{ ordinal: 1, name: new Uint8Array(16), key: new Uint8Array(32) }]

const QUESTIONS: Questions = {
  offers: { region: 'eu' },
  pull: { region: 'eu', vaultId: ID, have: 3, chain: CHAIN },
  snapshot: { region: 'eu', vaultId: ID, after: ROW },
  dropped: { region: 'eu', vaultId: ID, seq: 9 },
  demote: { region: 'eu', vaultId: ID, have: 300, chain: CHAIN },
}
const ANSWERS: Answers = {
  offers: { region: 'us', vaults: [{ vaultId: ID, status: 'CREATED', seq: 70_000 }] },
  pull: { seq: 5, entries: [{ seq: 4, rows: [ROW, ROW] }], keys, pruned: false },
  snapshot: { from: 1, chain: CHAIN, to: 2, rows: [{ path: ROW, value: ROW }], keys },
  dropped: { done: true },
  demote: { done: false },
}
const KINDS = Object.keys(QUESTIONS) as readonly QuestionKind[]

const questions: Parser = {
  name: 'question of a follower',
  corpus: KINDS.map((kind) => encodeQuestion(kind, QUESTIONS[kind])),
  parse: (bytes) => {
    const read = refusing(() => decodeQuestion(bytes), 'INTEGRITY')
    if (read && !same(encodeQuestion(read.kind, read.question), bytes))
      wrong('question: a second form')
    return read
  },
}

const answers = KINDS.map((kind): Parser => ({
  name: `answer to ${kind}`,
  corpus: [
    encodeAnswer(kind, ANSWERS[kind]),
    encodeRefusal({ code: 'NOT_FOUND', message: 'none' }),
    ...KINDS.map((other) => encodeAnswer(other, ANSWERS[other])),
  ],
  parse: (bytes) => {
    const read = refusing(() => decodeAnswer(kind, bytes), 'INTEGRITY')
    if (!read) return undefined
    const again = 'refusal' in read ? encodeRefusal(read.refusal) : encodeAnswer(kind, read)
    return same(again, bytes) ? read : wrong(`answer to ${kind}: a second form`)
  },
}))

const header = { kind: 'key', realmId: ID, region: 'eu', createdAt: 1, position: 2 } as const
const backups: Parser = {
  name: 'header of a backup',
  corpus: [
    encodeBackupHeader({ ...header, vaultId: ID, keyId: ID }),
    encodeBackupHeader({ ...header, kind: 'realm', seal: ROW }),
  ],
  parse: (bytes) => {
    const codes = ['INVALID_BACKUP', 'UNSUPPORTED_BACKUP', 'LIMIT_EXCEEDED'] as const
    const read = refusing(() => decodeBackupHeader(bytes), ...codes)
    if (read === undefined || 'need' in read) return read
    const encoded = encodeBackupHeader(read.header)
    return same(encoded, bytes.subarray(0, read.headerBytes))
      ? read
      : wrong('backup: a second form')
  },
}

/** Text out of bytes, as it would come in. */
const asText = (bytes: Uint8Array): string => {
  try {
    return fromUtf8(bytes)
  } catch {
    return Buffer.from(bytes).toString('latin1')
  }
}
const body = checkpointText({ origin: 'strongroom/x', size: 7n, root: CHAIN })
const digest = PROVIDERS.node.digest.bind(PROVIDERS.node, 'SHA_256')
const signer = ['strongroom/x', CHAIN] as const

const texts: readonly Parser[] = [
  {
    name: 'body of a checkpoint',
    corpus: [utf8(body)],
    parse: (bytes) => {
      const text = asText(bytes)
      const read = parseCheckpoint(text)
      return read && checkpointText(read) !== text ? wrong('checkpoint: a second form') : read
    },
  },
  {
    name: 'signed note',
    corpus: [utf8(signedNote(digest, body, ...signer, new Uint8Array(64).fill(3)))],
    parse: (bytes) => parseNote(digest, asText(bytes), ...signer),
  },
  {
    name: 'base64',
    corpus: [0, 1, 2, 33].map((length) => utf8(toBase64(new Uint8Array(length).fill(251)))),
    parse: (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      const read = fromBase64(text)
      return read && toBase64(read) !== text ? wrong('base64: a second form') : read
    },
  },
]

export const TRAVELLING: readonly Parser[] = [questions, ...answers, backups, ...texts]
