/**
 * The outside of every sealed record: 11 clear bytes before the suite's output
 * (docs/formats/envelope.md). The header and the place of the record are authenticated, so that no
 * record can be moved, swapped, retyped or replayed.
 */
import { utf8 } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import { Builder, getBig64, isU64, putBig64, refuse } from './binary.ts'
import { RECORD_KINDS, kindOfTag } from './kinds.ts'
import type { RecordKind } from './kinds.ts'
import { UUID_BYTES, putUuid } from './uuid.ts'

export const ENVELOPE_VERSION = 1
/** XAES-256-GCM with key commitment. */
export const ENVELOPE_SUITE = 1
/** Version, suite, kind tag, vault sequence. */
export const ENVELOPE_HEADER_BYTES = 11
const SEQ_AT = 3

/** The header of a record of this kind written at this sequence of its vault. */
export function envelopeHeader(kind: RecordKind, seq: bigint): Uint8Array {
  const header = new Uint8Array(ENVELOPE_HEADER_BYTES)
  putHeader(header, 0, kind, seq)
  return header
}

function putHeader(target: Uint8Array, at: number, kind: RecordKind, seq: bigint): void {
  assert(isU64(seq), 'a vault sequence of 64 bits')
  target[at] = ENVELOPE_VERSION
  target[at + 1] = ENVELOPE_SUITE
  target[at + 2] = RECORD_KINDS[kind].tag
  putBig64(target, at + SEQ_AT, seq)
}

/**
 * Kind and sequence that a sealed record claims; they are true only once it has opened under its
 * AAD.
 */
export function parseEnvelope(sealed: Uint8Array): { kind: RecordKind; seq: bigint } {
  const whole = sealed.length >= ENVELOPE_HEADER_BYTES
  const known = sealed[0] === ENVELOPE_VERSION && sealed[1] === ENVELOPE_SUITE
  const kind = whole && known ? kindOfTag(sealed[2]!) : undefined
  if (kind === undefined) refuse('Sealed record', 'envelope version 1, suite 1 and a known kind')
  return { kind, seq: getBig64(sealed, SEQ_AT) }
}

/** Where and when a record was written. */
export interface RecordPlace {
  readonly realmId: string
  readonly vaultId: string
  readonly path: Uint8Array
  readonly kind: RecordKind
  readonly seq: bigint
}

const LABEL = utf8('strongroom/record/v1')
/** The associated data with every length filled in and every value but the label zero. */
const FRAME = new Builder()
  .short(LABEL)
  .short(new Uint8Array(ENVELOPE_HEADER_BYTES))
  .short(new Uint8Array(UUID_BYTES))
  .short(new Uint8Array(UUID_BYTES))
  .u16(0)
  .finish()
const HEADER_AT = 2 + LABEL.length + 2
const REALM_AT = HEADER_AT + ENVELOPE_HEADER_BYTES + 2
const VAULT_AT = REALM_AT + UUID_BYTES + 2
const PATH_AT = FRAME.length

/**
 * The associated data of a sealed record: label, header, realm, vault and path, each after its
 * length (u16).
 */
export function recordAad(place: RecordPlace): Uint8Array {
  const { realmId, vaultId, path } = place
  const aad = new Uint8Array(PATH_AT + path.length)
  aad.set(FRAME)
  putHeader(aad, HEADER_AT, place.kind, place.seq)
  const ids = putUuid(aad, REALM_AT, realmId) && putUuid(aad, VAULT_AT, vaultId)
  assert(ids && path.length <= 0xffff, 'a record has a place')
  aad[PATH_AT - 2] = path.length >>> 8
  aad[PATH_AT - 1] = path.length
  aad.set(path, PATH_AT)
  return aad
}
