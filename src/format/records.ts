/**
 * The records of the store as bytes: a version byte, then a deterministic CBOR map by the tables
 * below (docs/formats/records.md). Field numbers are never reused; a new field is a new number and
 * optional.
 */
import { assert } from '../base/assert.ts'
import { PURPOSES, SPEC_NAMES } from '../domain/algorithms.ts'
import {
  KEY_STORE_TYPES,
  ORIGINS,
  PROTECTION_MODES,
  REPLICA_STATUSES,
  VAULT_TYPES,
} from '../domain/records.ts'
import type {
  AgendaRecord,
  AliasRecord,
  CounterRecord,
  Deletion,
  GrantConstraints,
  GrantCountRecord,
  GrantRecord,
  JournalPartRecord,
  JournalRecord,
  JournalUse,
  JournalWrite,
  KeyRecord,
  KeyStorePlace,
  KeyStoreRecord,
  PolicyRecord,
  ReplicaRecord,
  RestoreRecord,
  RetryRecord,
  RotationPolicy,
  TicketRecord,
  VaultRecord,
  VersionRecord,
  WrappedKeyRecord,
} from '../domain/records.ts'
import { refuse } from './binary.ts'
import { CborReader } from './cbor-read.ts'
import { encodeWith } from './cbor-write.ts'
import {
  bytes,
  count,
  field,
  flag,
  json,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  optional,
  text,
  time,
  uuid,
} from './fields.ts'
import type { Codec, ObjectCodec } from './fields.ts'
import type { RecordKind } from './kinds.ts'

export { RECORD_KINDS, RECORD_KIND_NAMES, kindOfTag } from './kinds.ts'
export type { RecordKind } from './kinds.ts'
export { decodeValue, encodeValue } from './value.ts'

/** Leads from the id of a key (version 0) or of a key version to its place. */
export interface IndexRecord {
  readonly ordinal: number
  readonly version: number
}

/** Secret bytes: of a key version, or what opens a key store. */
export interface MaterialRecord {
  readonly material: Uint8Array
}

export interface RecordOf {
  vault: VaultRecord
  vaultKey: WrappedKeyRecord
  key: KeyRecord
  keyKey: WrappedKeyRecord
  version: VersionRecord
  material: MaterialRecord
  index: IndexRecord
  alias: AliasRecord
  retry: RetryRecord
  ticket: TicketRecord
  agenda: AgendaRecord
  counter: CounterRecord
  journal: JournalRecord
  journalPart: JournalPartRecord
  keyStore: KeyStoreRecord
  keyStoreSecret: MaterialRecord
  policy: PolicyRecord
  grant: GrantRecord
  grantCount: GrantCountRecord
}

export const RECORD_VERSION = 1

const deletion = objectOf<Deletion>('deletion', {
  at: field(1, time),
  scheduledAt: field(2, time),
  waits: optional(3, flag),
})

const rotation = objectOf<RotationPolicy>('rotation', {
  everyDays: optional(1, count),
  daysAfterCreation: optional(2, count),
  daysBeforeExpiry: optional(3, count),
  expiryDays: optional(4, count),
  startAt: field(5, time),
  enabled: field(6, flag),
  updatedAt: field(7, time),
  nextAt: optional(8, time),
})

const spec = oneOf(SPEC_NAMES)
const origin = oneOf(ORIGINS)
const tags = mapOf(text)
const definedTags = mapOf(mapOf(json))

const replica = objectOf<ReplicaRecord>('replica', {
  region: field(1, text),
  status: field(2, oneOf(REPLICA_STATUSES)),
  since: field(3, time),
  asked: optional(4, count),
})

const restore = objectOf<RestoreRecord>('restore', {
  spoolId: field(1, uuid),
  pieces: field(2, count),
  over: field(3, flag),
})

const vault = objectOf<VaultRecord>('vault', {
  id: field(1, uuid),
  displayName: field(2, text),
  type: field(3, oneOf(VAULT_TYPES)),
  compartmentId: field(4, text),
  createdAt: field(5, time),
  updatedAt: field(6, time),
  state: field(7, oneOf(['active', 'deleted', 'restoring'])),
  deletion: optional(8, deletion),
  tags: field(9, tags),
  definedTags: field(10, definedTags),
  external: optional(11, json),
  wrappingKeyId: optional(12, uuid),
  activeSince: optional(13, time),
  restoredFrom: optional(14, text),
  replicas: optional(15, listOf(replica)),
  replicationId: optional(16, uuid),
  successor: optional(17, text),
  restore: optional(18, restore),
  homeRegion: optional(19, text),
  restoredFromRegion: optional(20, text),
})

const keyStorePlace = objectOf<KeyStorePlace>('key store place', {
  id: field(1, uuid),
  keyId: field(2, text),
})

const key = objectOf<KeyRecord>('key', {
  id: field(1, uuid),
  vaultId: field(2, uuid),
  ordinal: field(3, count),
  role: field(4, oneOf(['ordinary', 'wrapping'])),
  compartmentId: field(5, text),
  displayName: field(6, text),
  description: field(7, text),
  spec: field(8, spec),
  purposes: field(9, listOf(oneOf(PURPOSES))),
  protectionMode: field(10, oneOf(PROTECTION_MODES)),
  origin: field(11, origin),
  createdAt: field(12, time),
  updatedAt: field(13, time),
  state: field(14, oneOf(['pendingImport', 'enabled', 'disabled', 'deleted'])),
  deletion: optional(15, deletion),
  deletedAt: optional(16, time),
  currentVersion: field(17, count),
  currentVersionId: optional(18, uuid),
  lastVersion: field(19, count),
  olderVersions: field(20, oneOf(['process', 'all'])),
  tags: field(21, tags),
  definedTags: field(22, definedTags),
  rotation: optional(23, rotation),
  lastRotatedAt: optional(24, time),
  materialExpiresAt: optional(25, time),
  external: optional(26, json),
  restoredFrom: optional(27, text),
  replicationId: optional(28, uuid),
  pendingVersion: optional(29, count),
  onDemandRotations: optional(30, count),
  currentMaterial: optional(31, bytes(32)),
  primacy: optional(32, count),
  keyStore: optional(33, keyStorePlace),
  creatingUntil: optional(34, time),
  updatingUntil: optional(35, time),
  exportable: optional(36, flag),
})

const version = objectOf<VersionRecord>('version', {
  id: field(1, uuid),
  keyId: field(2, uuid),
  vaultId: field(3, uuid),
  number: field(4, count),
  spec: field(5, spec),
  origin: field(6, origin),
  createdAt: field(7, time),
  updatedAt: field(8, time),
  state: field(9, oneOf(['enabled', 'disabled', 'pendingImport', 'deleted'])),
  deletion: optional(10, deletion),
  deletedAt: optional(11, time),
  notBefore: optional(12, time),
  expiresOn: optional(13, time),
  operations: optional(14, listOf(text)),
  tags: field(15, tags),
  publicKey: optional(16, bytes()),
  materialExpiresAt: optional(17, time),
  fingerprint: optional(18, bytes()),
  autoRotated: field(19, flag),
  restoredFrom: optional(20, text),
  replicationId: optional(21, uuid),
  forRotation: optional(22, flag),
  rotatedAt: optional(23, time),
  materialDescription: optional(24, text),
  firstId: optional(25, uuid),
})

const wrappedKey = objectOf<WrappedKeyRecord>('wrapped key', {
  epoch: field(1, count),
  key: field(2, bytes(32)),
})

const index = objectOf<IndexRecord>('index', { ordinal: field(1, count), version: field(2, count) })

const alias = objectOf<AliasRecord>('alias', {
  name: field(1, text),
  vaultId: field(2, uuid),
  keyId: field(3, uuid),
  createdAt: field(4, time),
  updatedAt: field(5, time),
})

const retry = objectOf<RetryRecord>('retry', {
  operation: field(1, text),
  request: field(2, bytes(32)),
  answer: field(3, bytes()),
  expiresAt: field(4, time),
})

const ticket = objectOf<TicketRecord>('ticket', {
  id: field(1, uuid),
  keyId: field(2, uuid),
  wrapping: field(3, text),
  wrappingSpec: field(4, oneOf(['RSA_2048', 'RSA_3072', 'RSA_4096'])),
  privateKey: field(5, bytes()),
  publicKey: field(6, bytes()),
  expiresAt: field(7, time),
})

const agenda = objectOf<AgendaRecord>('agenda', { keyId: field(1, uuid), dueAt: field(2, time) })

const counter = objectOf<CounterRecord>('counter', { reserved: field(1, count) })

const journalWrite = objectOf<JournalWrite>('journal write', {
  path: field(1, bytes()),
  gone: field(2, flag),
  value: optional(3, bytes()),
  name: optional(4, bytes(16)),
})

const journalUse = objectOf<JournalUse>('journal use', {
  operation: field(1, text),
  time: field(2, time),
  outcome: field(3, text),
  keyId: optional(4, uuid),
  versionId: optional(5, uuid),
  principal: optional(6, text),
  requestId: optional(7, text),
  note: optional(8, mapOf(text)),
})

const journal = objectOf<JournalRecord>('journal', {
  previous: field(1, bytes(32)),
  time: field(2, time),
  operation: field(3, text),
  principal: optional(4, text),
  requestId: optional(5, text),
  keyId: optional(6, uuid),
  replicationId: optional(7, uuid),
  writes: field(8, listOf(journalWrite)),
  uses: field(9, listOf(journalUse)),
  parts: field(10, count),
})

const journalPart = objectOf<JournalPartRecord>('journal part', {
  writes: field(1, listOf(journalWrite)),
})

const keyStore = objectOf<KeyStoreRecord>('key store', {
  id: field(1, uuid),
  vaultId: field(2, uuid),
  name: field(3, text),
  type: field(4, oneOf(KEY_STORE_TYPES)),
  createdAt: field(5, time),
  updatedAt: field(6, time),
  connection: field(7, oneOf(['disconnected', 'connected', 'failed'])),
  since: field(8, time),
  settlesAt: field(9, time),
  failure: optional(10, text),
  settings: field(11, json),
})

const policy = objectOf<PolicyRecord>('policy', {
  keyId: field(1, uuid),
  text: field(2, text),
  updatedAt: field(3, time),
})

const grantConstraints = objectOf<GrantConstraints>('grant constraints', {
  contextEquals: optional(1, mapOf(text)),
  contextSubset: optional(2, mapOf(text)),
  sourceArn: optional(3, text),
})

const grant = objectOf<GrantRecord>('grant', {
  id: field(1, text),
  keyId: field(2, uuid),
  granteePrincipal: field(3, text),
  retiringPrincipal: optional(4, text),
  operations: field(5, listOf(text)),
  constraints: optional(6, grantConstraints),
  name: optional(7, text),
  createdAt: field(8, time),
  issuedBy: optional(9, text),
  issuingAccount: optional(10, text),
})

const grantCount = objectOf<GrantCountRecord>('grant count', { count: field(1, count) })

/** Raw bytes to the end, never CBOR: nothing is copied but the material itself. */
const material: Codec<MaterialRecord> = {
  type: 'material',
  write: (writer, value) => {
    const { material: secret } = value as MaterialRecord
    assert(secret instanceof Uint8Array && secret.length > 0, 'material of at least one byte')
    writer.raw(secret)
  },
  read: (reader) => Object.freeze({ material: reader.rest() }),
}

const CODECS: { readonly [K in RecordKind]: Codec<RecordOf[K]> } = {
  vault,
  vaultKey: wrappedKey,
  key,
  keyKey: wrappedKey,
  version,
  material,
  index,
  alias,
  retry,
  ticket,
  agenda,
  counter,
  journal,
  journalPart,
  keyStore,
  keyStoreSecret: material,
  policy,
  grant,
  grantCount,
}

/** The tables, for the page of the format. */
export const RECORD_TABLES: readonly ObjectCodec<unknown>[] = [
  deletion,
  rotation,
  replica,
  restore,
  vault,
  wrappedKey,
  keyStorePlace,
  key,
  version,
  index,
  alias,
  retry,
  ticket,
  agenda,
  counter,
  journalWrite,
  journalUse,
  journal,
  journalPart,
  keyStore,
  policy,
  grantConstraints,
  grant,
  grantCount,
]

/**
 * The bytes of a record. Secret kinds give secret bytes: the caller wipes them.
 * @throws INTERNAL when a field is unknown, missing or of the wrong type; INVALID_ARGUMENT for lone surrogates.
 */
export const encodeRecord = <K extends RecordKind>(kind: K, record: RecordOf[K]): Uint8Array =>
  encodeWith((writer) => {
    writer.byte(RECORD_VERSION)
    CODECS[kind].write(writer, record)
  })

/**
 * A deeply frozen plain record. @throws INTEGRITY for anything that `encodeRecord` does not make.
 */
export function decodeRecord<K extends RecordKind>(kind: K, encoded: Uint8Array): RecordOf[K] {
  const what = `Record of kind ${kind}`
  if (encoded[0] !== RECORD_VERSION) refuse(what, 'format version 1')
  const reader = new CborReader(encoded, 1, what)
  const record = CODECS[kind].read(reader)
  reader.end()
  return record
}
