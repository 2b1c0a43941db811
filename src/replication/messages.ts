/**
 * Questions of a follower and answers of a primary, as bytes (docs/formats/replication.md). A new
 * kind is one row; numbers are never reused.
 */
import { CborReader } from '../format/cbor-read.ts'
import { encodeWith } from '../format/cbor-write.ts'
import {
  bytes,
  count,
  field,
  flag,
  listOf,
  objectOf,
  oneOf,
  optional,
  text,
  uuid,
  type Codec,
} from '../format/fields.ts'
import { refuse } from '../format/binary.ts'
import { REPLICA_STATUSES, type ReplicaStatus } from '../domain/records.ts'
import { ERROR_CODES, type ErrorCode } from '../base/errors.ts'

/** Which vaults does this region follow? */
export interface OffersQuestion {
  readonly region: string
}
/** What came after this commit of the vault? */
export interface PullQuestion {
  readonly region: string
  readonly vaultId: string
  readonly have: number
  readonly chain: Uint8Array
  /** From who has pages of a snapshot and no vault yet. */
  readonly building?: boolean
}
/** The records of the vault after this path, a page of them. */
export interface SnapshotQuestion {
  readonly region: string
  readonly vaultId: string
  readonly after?: Uint8Array
}
/** The replica has let go, as the offer of this commit asked for. */
export interface DroppedQuestion {
  readonly region: string
  readonly vaultId: string
  readonly seq: number
}
/** Step down: this region has everything up to this commit. */
export interface DemoteQuestion {
  readonly region: string
  readonly vaultId: string
  readonly have: number
  readonly chain: Uint8Array
}

export interface Offer {
  readonly vaultId: string
  readonly status: ReplicaStatus
  readonly seq: number
}
export interface OffersAnswer {
  readonly region: string
  readonly vaults: readonly Offer[]
}
/** The key of a key, by its name: only the one in force, never one that was replaced. */
export interface CarriedKey {
  readonly ordinal: number
  readonly name: Uint8Array
  readonly key: Uint8Array
}
export interface CarriedEntry {
  readonly seq: number
  readonly rows: readonly Uint8Array[]
}
export interface EntriesAnswer {
  /** Where the primary stands. */
  readonly seq: number
  readonly entries: readonly CarriedEntry[]
  readonly keys: readonly CarriedKey[]
  /** The journal no longer has what was asked for: take a snapshot. */
  readonly pruned: boolean
}
export interface CarriedRow {
  readonly path: Uint8Array
  readonly value: Uint8Array
}
export interface SnapshotAnswer {
  /** Where the primary stood before and after it looked. */
  readonly from: number
  readonly chain: Uint8Array
  readonly to: number
  readonly rows: readonly CarriedRow[]
  readonly keys: readonly CarriedKey[]
  /** Where the next page goes on; absent on the last. */
  readonly next?: Uint8Array
}
export interface DoneAnswer {
  /** False: not now, ask again. */
  readonly done: boolean
}
export interface RefusalAnswer {
  readonly code: ErrorCode
  readonly message: string
}

export interface Questions {
  offers: OffersQuestion
  pull: PullQuestion
  snapshot: SnapshotQuestion
  dropped: DroppedQuestion
  demote: DemoteQuestion
}
export interface Answers {
  offers: OffersAnswer
  pull: EntriesAnswer
  snapshot: SnapshotAnswer
  dropped: DoneAnswer
  demote: DoneAnswer
}
export type QuestionKind = keyof Questions

const place = { region: field(1, text), vaultId: field(2, uuid) } as const
const position = { ...place, have: field(3, count), chain: field(4, bytes(32)) } as const

const QUESTIONS: { readonly [K in QuestionKind]: Codec<Questions[K]> } = {
  offers: objectOf<OffersQuestion>('offers', { region: field(1, text) }),
  pull: objectOf<PullQuestion>('pull', { ...position, building: optional(5, flag) }),
  snapshot: objectOf<SnapshotQuestion>('snapshot', { ...place, after: optional(3, bytes()) }),
  dropped: objectOf<DroppedQuestion>('dropped', { ...place, seq: field(3, count) }),
  demote: objectOf<DemoteQuestion>('demote', position),
}

const offer = objectOf<Offer>('offer', {
  vaultId: field(1, uuid),
  status: field(2, oneOf(REPLICA_STATUSES)),
  seq: field(3, count),
})
const carriedKey = objectOf<CarriedKey>('carried key', {
  ordinal: field(1, count),
  name: field(2, bytes(16)),
  key: field(3, bytes(32)),
})
const carriedEntry = objectOf<CarriedEntry>('carried entry', {
  seq: field(1, count),
  rows: field(2, listOf(bytes())),
})
const carriedRow = objectOf<CarriedRow>('carried row', {
  path: field(1, bytes()),
  value: field(2, bytes()),
})
const done = objectOf<DoneAnswer>('done', { done: field(1, flag) })

const ANSWERS: { readonly [K in QuestionKind]: Codec<Answers[K]> } = {
  offers: objectOf<OffersAnswer>('offers', {
    region: field(1, text),
    vaults: field(2, listOf(offer)),
  }),
  pull: objectOf<EntriesAnswer>('entries', {
    seq: field(1, count),
    entries: field(2, listOf(carriedEntry)),
    keys: field(3, listOf(carriedKey)),
    pruned: field(4, flag),
  }),
  snapshot: objectOf<SnapshotAnswer>('page', {
    from: field(1, count),
    chain: field(2, bytes(32)),
    to: field(3, count),
    rows: field(4, listOf(carriedRow)),
    keys: field(5, listOf(carriedKey)),
    next: optional(6, bytes()),
  }),
  dropped: done,
  demote: done,
}

const refusal = objectOf<RefusalAnswer>('refusal', {
  code: field(1, oneOf(Object.keys(ERROR_CODES) as ErrorCode[])),
  message: field(2, text),
})

/** The first byte of a message. */
const TAGS: Readonly<Record<QuestionKind, number>> = {
  offers: 1,
  pull: 2,
  snapshot: 3,
  dropped: 4,
  demote: 5,
}
const REFUSAL_TAG = 0
const KINDS = Object.keys(TAGS) as readonly QuestionKind[]

const encode = (tag: number, codec: Codec<unknown>, value: unknown): Uint8Array =>
  encodeWith((writer) => {
    writer.byte(tag)
    codec.write(writer, value)
  })

function decode<T>(codec: Codec<T>, message: Uint8Array, what: string): T {
  const reader = new CborReader(message, 1, what)
  const value = codec.read(reader)
  reader.end()
  return value
}

export const encodeQuestion = <K extends QuestionKind>(kind: K, value: Questions[K]): Uint8Array =>
  encode(TAGS[kind], QUESTIONS[kind], value)

export type Question = { [K in QuestionKind]: { kind: K; question: Questions[K] } }[QuestionKind]

/** @throws INTEGRITY for anything that `encodeQuestion` does not make */
export function decodeQuestion(message: Uint8Array): Question {
  const kind = KINDS.find((name) => TAGS[name] === message[0])
  if (!kind) refuse('Replication', 'a known question')
  return { kind, question: decode(QUESTIONS[kind], message, 'Replication') } as Question
}

export const encodeAnswer = <K extends QuestionKind>(kind: K, value: Answers[K]): Uint8Array =>
  encode(TAGS[kind], ANSWERS[kind], value)

export const encodeRefusal = (value: RefusalAnswer): Uint8Array =>
  encode(REFUSAL_TAG, refusal, value)

/** @throws INTEGRITY for anything that is no answer to such a question */
export function decodeAnswer<K extends QuestionKind>(
  kind: K,
  message: Uint8Array,
): Answers[K] | { readonly refusal: RefusalAnswer } {
  if (message[0] === REFUSAL_TAG) return { refusal: decode(refusal, message, 'Replication') }
  if (message[0] !== TAGS[kind]) refuse('Replication', 'an answer to what was asked')
  return decode(ANSWERS[kind], message, 'Replication')
}
