/**
 * The keys of the store: one letter, then fixed-width big-endian parts, so that byte order is
 * vault, then numeric order, and a prefix is a range. Layout: docs/formats/paths.md.
 */
import { assert } from '../base/assert.ts'
import { concat, fromHex, toHex } from '../base/bytes.ts'
import { getBig64, getU32, getU64, isU32, isU64, putBig64, putU32, putU64 } from './binary.ts'
import { UUID_BYTES, putUuid, uuidAt } from './uuid.ts'

export { bytesToUuid, isUuid, uuidToBytes } from './uuid.ts'

type Part =
  | 'id'
  | 'vaultId'
  | 'ordinal'
  | 'number'
  | 'epoch'
  | 'mac'
  | 'ticketId'
  | 'spoolId'
  | 'keyStoreId'
  | 'seq'
  | 'grantId'

/** The first half stands for the grantee, so that the grants of one lie together. */
export const GRANT_ID_BYTES = 32

const PART_BYTES: Readonly<Record<Part, number>> = {
  id: UUID_BYTES,
  vaultId: UUID_BYTES,
  ticketId: UUID_BYTES,
  spoolId: UUID_BYTES,
  keyStoreId: UUID_BYTES,
  mac: 16,
  grantId: GRANT_ID_BYTES,
  ordinal: 8,
  seq: 8,
  number: 4,
  epoch: 4,
}

/** Letter and parts of each kind of path. Append only. */
export const PATHS = {
  seal: ['S'],
  realmHead: ['R'],
  head: ['H', 'vaultId'],
  vault: ['V', 'vaultId'],
  vaultKey: ['U', 'vaultId', 'epoch'],
  key: ['K', 'vaultId', 'ordinal'],
  keyKey: ['W', 'vaultId', 'ordinal'],
  version: ['N', 'vaultId', 'ordinal', 'number'],
  material: ['M', 'vaultId', 'ordinal', 'number'],
  index: ['I', 'id', 'vaultId'],
  alias: ['A', 'vaultId', 'mac'],
  retry: ['T', 'vaultId', 'mac'],
  ticket: ['P', 'vaultId', 'ticketId'],
  agenda: ['D', 'vaultId', 'ordinal'],
  counter: ['G', 'vaultId', 'ordinal', 'number'],
  journal: ['J', 'vaultId', 'seq', 'number'],
  order: ['O', 'seq'],
  checkpoint: ['C'],
  spool: ['Y', 'spoolId', 'seq'],
  building: ['B', 'vaultId'],
  keyStore: ['X', 'vaultId', 'keyStoreId'],
  keyStoreSecret: ['Z', 'vaultId', 'keyStoreId'],
  policy: ['L', 'vaultId', 'ordinal'],
  grant: ['E', 'vaultId', 'ordinal', 'grantId'],
  grantCount: ['F', 'vaultId', 'ordinal'],
} as const satisfies Record<string, readonly [string, ...Part[]]>

export type PathKind = keyof typeof PATHS

/** What a path says; only the parts of its kind are present. */
export interface ParsedPath {
  readonly kind: PathKind
  readonly vaultId?: string
  readonly ordinal?: number
  readonly number?: number
  readonly epoch?: number
  /** Index only: the id of a key or version. */
  readonly id?: string
  readonly ticketId?: string
  /** Grant only: 32 bytes in hex. */
  readonly grantId?: string
  readonly spoolId?: string
  readonly keyStoreId?: string
  /** Journal: of the vault. Order: of the realm. Spool: the piece. */
  readonly seq?: bigint
  /** Alias and retry only: the 16-byte keyed hash of the name. */
  readonly mac?: Uint8Array
}

/** Bounds of a scan: `gte` inclusive, `lt` exclusive. */
export interface PathRange {
  readonly gte: Uint8Array
  readonly lt: Uint8Array
}

function putPart(target: Uint8Array, at: number, part: Part, value: unknown): void {
  if (part === 'mac') {
    assert(value instanceof Uint8Array && value.length === PART_BYTES.mac, 'a path MAC of 16 bytes')
    target.set(value, at)
  } else if (part === 'grantId') {
    const id = fromHex(value as string)
    assert(id?.length === GRANT_ID_BYTES, 'the id of a grant of 32 bytes')
    target.set(id, at)
  } else if (part === 'ordinal') {
    assert(Number.isSafeInteger(value) && (value as number) >= 0, 'a safe ordinal')
    putU64(target, at, value as number)
  } else if (part === 'seq') {
    assert(isU64(value as bigint), 'a sequence of 64 bits')
    putBig64(target, at, value as bigint)
  } else if (part === 'number' || part === 'epoch') {
    assert(isU32(value as number), `${part} within 32 bits`)
    putU32(target, at, value as number)
  } else {
    assert(putUuid(target, at, value as string), 'an id in a path is a lower-case UUID')
  }
}

/** The bytes of a kind with its first parts; fewer values than parts give a prefix. */
function build(kind: PathKind, ...values: readonly unknown[]): Uint8Array {
  const [letter, ...parts]: readonly [string, ...Part[]] = PATHS[kind]
  const used = parts.slice(0, values.length)
  const bytes = new Uint8Array(used.reduce((sum, part) => sum + PART_BYTES[part], 1))
  bytes[0] = letter.charCodeAt(0)
  let at = 1
  for (const [i, part] of used.entries()) {
    putPart(bytes, at, part, values[i])
    at += PART_BYTES[part]
  }
  return bytes
}

/**
 * The smallest byte string after everything that starts with `prefix`; letters are below 0xff, so
 * it exists.
 */
function after(prefix: Uint8Array): Uint8Array {
  let length = prefix.length
  while (prefix[length - 1] === 0xff) length--
  const bytes = prefix.slice(0, length)
  bytes[length - 1]!++
  return bytes
}

const prefixRange = (gte: Uint8Array): PathRange => ({ gte, lt: after(gte) })

export const path = {
  seal: (): Uint8Array => build('seal'),
  realmHead: (): Uint8Array => build('realmHead'),
  head: (vaultId: string): Uint8Array => build('head', vaultId),
  vault: (vaultId: string): Uint8Array => build('vault', vaultId),
  vaultKey: (vaultId: string, epoch: number): Uint8Array => build('vaultKey', vaultId, epoch),
  key: (vaultId: string, ordinal: number): Uint8Array => build('key', vaultId, ordinal),
  keyKey: (vaultId: string, ordinal: number): Uint8Array => build('keyKey', vaultId, ordinal),
  version: (vaultId: string, ordinal: number, number: number): Uint8Array =>
    build('version', vaultId, ordinal, number),
  material: (vaultId: string, ordinal: number, number: number): Uint8Array =>
    build('material', vaultId, ordinal, number),
  /** `id` first: a key or version is found without knowing its vault. */
  index: (id: string, vaultId: string): Uint8Array => build('index', id, vaultId),
  alias: (vaultId: string, mac16: Uint8Array): Uint8Array => build('alias', vaultId, mac16),
  retry: (vaultId: string, mac16: Uint8Array): Uint8Array => build('retry', vaultId, mac16),
  ticket: (vaultId: string, ticketId: string): Uint8Array => build('ticket', vaultId, ticketId),
  agenda: (vaultId: string, ordinal: number): Uint8Array => build('agenda', vaultId, ordinal),
  counter: (vaultId: string, ordinal: number, number: number): Uint8Array =>
    build('counter', vaultId, ordinal, number),
  /** Part 0 is the entry; a commit of many records goes on in further parts. */
  journal: (vaultId: string, seq: bigint, part = 0): Uint8Array =>
    build('journal', vaultId, seq, part),
  order: (seq: bigint): Uint8Array => build('order', seq),
  checkpoint: (): Uint8Array => build('checkpoint'),
  /** Piece 0 is the key of the others. */
  spool: (spoolId: string, piece: bigint): Uint8Array => build('spool', spoolId, piece),
  /** Stands while the rows of a vault are being brought or taken away and no head counts them. */
  building: (vaultId: string): Uint8Array => build('building', vaultId),
  keyStore: (vaultId: string, keyStoreId: string): Uint8Array =>
    build('keyStore', vaultId, keyStoreId),
  keyStoreSecret: (vaultId: string, keyStoreId: string): Uint8Array =>
    build('keyStoreSecret', vaultId, keyStoreId),
  policy: (vaultId: string, ordinal: number): Uint8Array => build('policy', vaultId, ordinal),
  grant: (vaultId: string, ordinal: number, grantId: string): Uint8Array =>
    build('grant', vaultId, ordinal, grantId),
  grantCount: (vaultId: string, ordinal: number): Uint8Array =>
    build('grantCount', vaultId, ordinal),
} as const

const inVault = (kind: PathKind) => (vaultId: string) => prefixRange(build(kind, vaultId))
const inKey = (kind: PathKind) => (vaultId: string, ordinal: number) =>
  prefixRange(build(kind, vaultId, ordinal))

export const range = {
  vaults: (): PathRange => prefixRange(build('vault')),
  heads: (): PathRange => prefixRange(build('head')),
  vaultKeys: inVault('vaultKey'),
  keys: inVault('key'),
  keyKeys: inVault('keyKey'),
  versions: inKey('version'),
  materials: inKey('material'),
  allMaterials: inVault('material'),
  allVersions: inVault('version'),
  /** Every vault that holds this id: one, or a source and its replicas. */
  index: (id: string): PathRange => prefixRange(build('index', id)),
  aliases: inVault('alias'),
  retries: inVault('retry'),
  tickets: inVault('ticket'),
  agenda: inVault('agenda'),
  counters: inVault('counter'),
  countersOf: inKey('counter'),
  journal: inVault('journal'),
  /** The parts of one entry. */
  journalEntry: (vaultId: string, seq: bigint): PathRange =>
    prefixRange(build('journal', vaultId, seq)),
  order: (): PathRange => prefixRange(build('order')),
  spools: (): PathRange => prefixRange(build('spool')),
  spool: (spoolId: string): PathRange => prefixRange(build('spool', spoolId)),
  buildings: (): PathRange => prefixRange(build('building')),
  keyStores: inVault('keyStore'),
  keyStoreSecrets: inVault('keyStoreSecret'),
  policies: inVault('policy'),
  grants: inKey('grant'),
  allGrants: inVault('grant'),
  grantCounts: inVault('grantCount'),
  /** The grants of one grantee on a key: those whose ids begin with these 16 bytes. */
  grantsTo: (vaultId: string, ordinal: number, start: Uint8Array): PathRange => {
    assert(start.length === GRANT_ID_BYTES / 2, 'what stands for a grantee is half an id')
    return prefixRange(concat(build('grant', vaultId, ordinal), start))
  },
} as const

const readId = (bytes: Uint8Array, at: number): string => uuidAt(bytes, at)

/** How each part is read back; undefined refuses the path. */
const READ: Readonly<Record<Part, (bytes: Uint8Array, at: number) => unknown>> = {
  id: readId,
  vaultId: readId,
  ticketId: readId,
  spoolId: readId,
  keyStoreId: readId,
  mac: (bytes, at) => new Uint8Array(bytes.subarray(at, at + PART_BYTES.mac)),
  grantId: (bytes, at) => toHex(bytes.subarray(at, at + GRANT_ID_BYTES)),
  ordinal: getU64,
  seq: getBig64,
  number: getU32,
  epoch: getU32,
}

const BY_LETTER = new Map(
  Object.entries(PATHS).map(([kind, [letter, ...parts]]) => [
    letter.charCodeAt(0),
    {
      kind: kind as PathKind,
      parts: parts,
      length: (parts as readonly Part[]).reduce((sum, part) => sum + PART_BYTES[part], 1),
    },
  ]),
)

/** What a path is, or undefined when it is none of ours. */
export function parsePath(bytes: Uint8Array): ParsedPath | undefined {
  const row = BY_LETTER.get(bytes[0] ?? 0)
  if (row?.length !== bytes.length) return undefined
  const parsed: Partial<Record<Part, unknown>> & { kind: PathKind } = { kind: row.kind }
  let at = 1
  for (const part of row.parts) {
    const value = READ[part](bytes, at)
    if (value === undefined) return undefined
    parsed[part] = value
    at += PART_BYTES[part]
  }
  return parsed as ParsedPath
}
