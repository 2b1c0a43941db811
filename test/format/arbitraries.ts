/** Random values of every readable layout, at the edges of their types. */
import fc from 'fast-check'
import { toHex } from '../../src/base/bytes.ts'
import { PURPOSES, SPEC_NAMES } from '../../src/domain/algorithms.ts'
import {
  KEY_STORE_TYPES,
  ORIGINS,
  PROTECTION_MODES,
  REPLICA_STATUSES,
  VAULT_TYPES,
} from '../../src/domain/records.ts'
import { rootsIn } from '../../src/format/frontier.ts'
import { RECORD_KIND_NAMES } from '../../src/format/records.ts'
import type { RecordKind, RecordOf } from '../../src/format/records.ts'

const hex = (length: number) =>
  fc
    .uint8Array({ minLength: length, maxLength: length })
    .map((bytes) => Buffer.from(bytes).toString('hex'))

/** Any 16 bytes: the formats do not care which version of UUID it is. */
export const uuid = hex(16).map((text) =>
  text.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'),
)
export const bytes = (minLength: number, maxLength = minLength) =>
  fc.uint8Array({ minLength, maxLength })
export const u32 = fc.oneof(
  fc.integer({ min: 0, max: 30 }),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
)
export const u64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
export const count = fc.oneof(fc.nat(300), fc.maxSafeNat())
export const time = fc.oneof(fc.maxSafeInteger(), fc.integer({ min: -1000, max: 1000 }))

/** Names that trip careless code, and Unicode of every width. */
const NAMES = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  '\ufeffmark',
  '\uffff',
  '\u{1f511}',
  'é',
]
/**
 * One code point, of each width in UTF-8 alike. Made by hand: the unit `binary` of fast-check maps
 * all of Unicode when it is imported, most of a second in every file.
 */
export const codePoint = fc
  .oneof(
    fc.integer({ min: 0, max: 0x7f }),
    fc.integer({ min: 0x80, max: 0x7ff }),
    fc.integer({ min: 0x800, max: 0xf7ff }).map((n) => (n < 0xd800 ? n : n + 0x800)),
    fc.integer({ min: 0x1_0000, max: 0x10_ffff }),
  )
  .map((point) => String.fromCodePoint(point))
const unicode = fc.string({ unit: 'grapheme', maxLength: 60 })
const binary = fc.string({ unit: codePoint, maxLength: 20 })
export const text = fc.oneof(
  fc.constantFrom(...NAMES),
  unicode,
  binary,
  fc.string({ maxLength: 300 }),
)

export const mapOf = <T>(value: fc.Arbitrary<T>) =>
  fc.dictionary(text, value, { maxKeys: 5, noNullPrototype: true }).map(withOwnProto)

/** fast-check builds `__proto__` as an own property; a copy by entries keeps it so. */
function withOwnProto<T>(map: Record<string, T>): Record<string, T> {
  const out: Record<string, T> = {}
  for (const name of Object.keys(map))
    Object.defineProperty(out, name, {
      value: map[name],
      enumerable: true,
      configurable: true,
      writable: true,
    })
  return out
}

const finite = fc.double({ noNaN: true, noDefaultInfinity: true })
const single = fc.float({ noNaN: true, noDefaultInfinity: true })
export const number = fc.oneof(finite, single, fc.maxSafeInteger(), fc.integer(), fc.constant(-0))

const scalar = fc.oneof(fc.constant(null), fc.boolean(), number, text)
export const json: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    fc.array(tie('json'), { maxLength: 4 }),
    mapOf(tie('json')),
  ),
})).json

/** Plain data with bytes and dates, as answers have it. */
export const rich: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  rich: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    scalar,
    bytes(0, 300),
    fc.date({ noInvalidDate: true }),
    fc.array(tie('rich'), { maxLength: 4 }),
    mapOf(tie('rich')),
  ),
})).rich

const deletion = fc.record(
  { at: time, scheduledAt: time, waits: fc.boolean() },
  { requiredKeys: ['at', 'scheduledAt'], noNullPrototype: true },
)
const rotation = fc.record(
  {
    everyDays: count,
    daysAfterCreation: count,
    daysBeforeExpiry: count,
    expiryDays: count,
    startAt: time,
    enabled: fc.boolean(),
    updatedAt: time,
    nextAt: time,
  },
  { requiredKeys: ['startAt', 'enabled', 'updatedAt'], noNullPrototype: true },
)
const spec = fc.constantFrom(...SPEC_NAMES)
const origin = fc.constantFrom(...ORIGINS)
const definedTags = mapOf(mapOf(json))

const whole = <T>(model: { [N in keyof T]: fc.Arbitrary<T[N]> }) =>
  fc.record(model, { noNullPrototype: true })

/** A record whose optional fields come and go. */
const partial = (model: Record<string, fc.Arbitrary<unknown>>, optional: readonly string[]) =>
  fc.record(model, {
    requiredKeys: Object.keys(model).filter((name) => !optional.includes(name)),
    noNullPrototype: true,
  })

const vault = partial(
  {
    id: uuid,
    displayName: text,
    type: fc.constantFrom(...VAULT_TYPES),
    compartmentId: text,
    createdAt: time,
    updatedAt: time,
    state: fc.constantFrom('active', 'deleted'),
    deletion,
    tags: mapOf(text),
    definedTags,
    external: json,
    wrappingKeyId: uuid,
    activeSince: time,
    restoredFrom: text,
    restoredFromRegion: text,
    homeRegion: text,
    replicas: fc.array(
      whole({ region: text, status: fc.constantFrom(...REPLICA_STATUSES), since: time }),
      { maxLength: 2 },
    ),
    replicationId: uuid,
  },
  [
    'deletion',
    'external',
    'wrappingKeyId',
    'activeSince',
    'restoredFrom',
    'restoredFromRegion',
    'homeRegion',
    'replicas',
    'replicationId',
  ],
)

const key = partial(
  {
    id: uuid,
    vaultId: uuid,
    ordinal: count,
    role: fc.constantFrom('ordinary', 'wrapping'),
    compartmentId: text,
    displayName: text,
    description: text,
    spec,
    purposes: fc.subarray([...PURPOSES]),
    protectionMode: fc.constantFrom(...PROTECTION_MODES),
    origin,
    createdAt: time,
    updatedAt: time,
    state: fc.constantFrom('pendingImport', 'enabled', 'disabled', 'deleted'),
    deletion,
    deletedAt: time,
    currentVersion: count,
    currentVersionId: uuid,
    lastVersion: count,
    olderVersions: fc.constantFrom('process', 'all'),
    tags: mapOf(text),
    definedTags,
    rotation,
    lastRotatedAt: time,
    materialExpiresAt: time,
    external: json,
    restoredFrom: text,
    replicationId: uuid,
    pendingVersion: count,
    onDemandRotations: count,
    currentMaterial: bytes(32),
    primacy: count,
    keyStore: whole({ id: uuid, keyId: text }),
    creatingUntil: time,
    updatingUntil: time,
    exportable: fc.boolean(),
  },
  [
    'exportable',
    'creatingUntil',
    'updatingUntil',
    'keyStore',
    'deletion',
    'deletedAt',
    'currentVersionId',
    'rotation',
    'lastRotatedAt',
    'materialExpiresAt',
    'external',
    'restoredFrom',
    'replicationId',
    'pendingVersion',
    'onDemandRotations',
    'currentMaterial',
    'primacy',
  ],
)

const version = partial(
  {
    id: uuid,
    keyId: uuid,
    vaultId: uuid,
    number: count,
    spec,
    origin,
    createdAt: time,
    updatedAt: time,
    state: fc.constantFrom('enabled', 'disabled', 'pendingImport', 'deleted'),
    deletion,
    deletedAt: time,
    notBefore: time,
    expiresOn: time,
    operations: fc.array(text, { maxLength: 4 }),
    tags: mapOf(text),
    publicKey: bytes(0, 600),
    materialExpiresAt: time,
    fingerprint: bytes(32),
    autoRotated: fc.boolean(),
    restoredFrom: text,
    replicationId: uuid,
    forRotation: fc.boolean(),
    rotatedAt: time,
    materialDescription: text,
    firstId: uuid,
  },
  [
    'deletion',
    'deletedAt',
    'notBefore',
    'expiresOn',
    'operations',
    'publicKey',
    'materialExpiresAt',
    'fingerprint',
    'restoredFrom',
    'replicationId',
    'forRotation',
    'rotatedAt',
    'materialDescription',
    'firstId',
  ],
)

const writes = fc.array(
  partial({ path: bytes(1, 40), gone: fc.boolean(), value: bytes(0, 200), name: bytes(16) }, [
    'value',
    'name',
  ]),
  { maxLength: 3 },
)
const use = partial(
  {
    operation: text,
    time,
    outcome: text,
    keyId: uuid,
    versionId: uuid,
    principal: text,
    requestId: text,
    note: mapOf(text),
  },
  ['keyId', 'versionId', 'principal', 'requestId', 'note'],
)
const journal = partial(
  {
    previous: bytes(32),
    time,
    operation: text,
    principal: text,
    requestId: text,
    keyId: uuid,
    replicationId: uuid,
    writes,
    uses: fc.array(use, { maxLength: 2 }),
    parts: count,
  },
  ['principal', 'requestId', 'keyId', 'replicationId'],
)

const wrappedKey = whole({ epoch: count, key: bytes(32) })

const RECORDS: Readonly<Record<RecordKind, fc.Arbitrary<unknown>>> = {
  vault,
  vaultKey: wrappedKey,
  key,
  keyKey: wrappedKey,
  version,
  material: whole({ material: bytes(1, 700) }),
  index: whole({ ordinal: count, version: count }),
  alias: whole({ name: text, vaultId: uuid, keyId: uuid, createdAt: time, updatedAt: time }),
  retry: whole({ operation: text, request: bytes(32), answer: bytes(0, 400), expiresAt: time }),
  ticket: whole({
    id: uuid,
    keyId: uuid,
    wrapping: text,
    wrappingSpec: fc.constantFrom('RSA_2048', 'RSA_3072', 'RSA_4096'),
    privateKey: bytes(0, 600),
    publicKey: bytes(0, 600),
    expiresAt: time,
  }),
  agenda: whole({ keyId: uuid, dueAt: time }),
  counter: whole({ reserved: count }),
  journal,
  journalPart: whole({ writes }),
  keyStore: partial(
    {
      id: uuid,
      vaultId: uuid,
      name: text,
      type: fc.constantFrom(...KEY_STORE_TYPES),
      createdAt: time,
      updatedAt: time,
      connection: fc.constantFrom('disconnected', 'connected', 'failed'),
      since: time,
      settlesAt: time,
      failure: text,
      settings: json,
    },
    ['failure'],
  ),
  keyStoreSecret: whole({ material: bytes(1, 100) }),
  policy: whole({ keyId: uuid, text, updatedAt: time }),
  grant: partial(
    {
      id: text,
      keyId: uuid,
      granteePrincipal: text,
      retiringPrincipal: text,
      operations: fc.array(text, { maxLength: 4 }),
      constraints: partial(
        { contextEquals: mapOf(text), contextSubset: mapOf(text), sourceArn: text },
        ['contextEquals', 'contextSubset', 'sourceArn'],
      ),
      name: text,
      createdAt: time,
      issuedBy: text,
      issuingAccount: text,
    },
    ['retiringPrincipal', 'constraints', 'name', 'issuedBy', 'issuingAccount'],
  ),
  grantCount: whole({ count }),
}

export const recordOf = <K extends RecordKind>(kind: K) =>
  RECORDS[kind] as fc.Arbitrary<RecordOf[K]>

const salted = whole({
  type: fc.constant('scrypt'),
  salt: bytes(16, 64),
  N: fc.constantFrom(2 ** 17, 2 ** 18, 2 ** 19, 2 ** 20),
  r: fc.constant(8),
  p: fc.integer({ min: 1, max: 4 }),
})
const kdf = fc.oneof(
  salted,
  whole({ type: fc.constant('key') }),
  whole({ type: fc.constant('callback'), wrapped: bytes(0, 400) }),
)

const vaultPart = { vaultId: uuid }
const ordinalPart = { ...vaultPart, ordinal: count }
const numberPart = { ...ordinalPart, number: u32 }
const pathOf = (kind: string, parts: Record<string, fc.Arbitrary<unknown>>) =>
  whole({ kind: fc.constant(kind), ...parts })

export const parsedPath = fc.oneof(
  pathOf('seal', {}),
  pathOf('realmHead', {}),
  pathOf('head', vaultPart),
  pathOf('vault', vaultPart),
  pathOf('vaultKey', { ...vaultPart, epoch: u32 }),
  pathOf('key', ordinalPart),
  pathOf('keyKey', ordinalPart),
  pathOf('version', numberPart),
  pathOf('material', numberPart),
  pathOf('index', { id: uuid, vaultId: uuid }),
  pathOf('alias', { ...vaultPart, mac: bytes(16) }),
  pathOf('retry', { ...vaultPart, mac: bytes(16) }),
  pathOf('ticket', { ...vaultPart, ticketId: uuid }),
  pathOf('agenda', ordinalPart),
  pathOf('counter', numberPart),
  pathOf('journal', { ...vaultPart, seq: u64, number: u32 }),
  pathOf('order', { seq: u64 }),
  pathOf('checkpoint', {}),
  pathOf('spool', { spoolId: uuid, seq: u64 }),
  pathOf('building', vaultPart),
  pathOf('keyStore', { ...vaultPart, keyStoreId: uuid }),
  pathOf('keyStoreSecret', { ...vaultPart, keyStoreId: uuid }),
  pathOf('policy', ordinalPart),
  pathOf('grant', { ...ordinalPart, grantId: bytes(32).map(toHex) }),
  pathOf('grantCount', ordinalPart),
)

/** One arbitrary for each name in the table of codecs. */
export const VALUES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  ...Object.fromEntries(RECORD_KIND_NAMES.map((kind) => [`record ${kind}`, RECORDS[kind]])),
  value: rich,
  'vault head': whole({
    vaultId: uuid,
    seq: u64,
    chain: bytes(32),
    count: u64,
    sum: bytes(32),
    epoch: u32,
    role: fc.constantFrom('primary', 'replica'),
    sweepOwed: fc.boolean(),
  }),
  'realm head': whole({
    realmId: uuid,
    storeId: uuid,
    seq: u64,
    chain: bytes(32),
    previousSeq: u64,
    previousChain: bytes(32),
    vaults: u32,
    sum: bytes(32),
  }),
  anchor: whole({ realmId: uuid, seq: u64, chain: bytes(32) }),
  order: whole({
    kind: fc.constantFrom('entry', 'local'),
    vaultId: uuid,
    seq: u64,
    hash: bytes(32),
  }),
  checkpoint: fc.oneof({ weight: 9, arbitrary: fc.bigInt(0n, 40n) }, u64).chain((size) =>
    whole({
      frontier: whole({
        size: fc.constant(size),
        roots: fc.array(bytes(32), { minLength: rootsIn(size), maxLength: rootsIn(size) }),
      }),
      chain: bytes(32),
      note: text.filter((note) => note !== ''),
    }),
  ),
  'seal header': whole({ realmId: uuid, createdAt: time, kdf, wrappedRoot: bytes(16, 300) }),
  'erase file': whole({
    realmId: uuid,
    entries: fc.uniqueArray(whole({ epoch: u32, key: bytes(32) }), {
      maxLength: 2,
      selector: ({ epoch }) => epoch,
    }),
  }),
  'stream header': whole({ encryptedKey: bytes(1, 300), salt: bytes(32) }),
  path: parsedPath,
  'envelope header': whole({ kind: fc.constantFrom(...RECORD_KIND_NAMES), seq: u64 }),
  'ciphertext header': fc.oneof(
    whole({ spec: fc.constantFrom('AES_128', 'AES_192', 'AES_256'), versionId: uuid }),
    whole({ spec: fc.constant('AES_256'), versionId: uuid, linked: fc.constant(true) }),
  ),
}
