/**
 * Lists: pages that stay right while things come and go between them, since a token names the last
 * item seen, not an offset. By time the store's own order serves (keys lie in creation order); by
 * name the page is the smallest so many of one pass, without an index that would have to keep names
 * outside of the seal.
 */
import { constantTimeEqual, concat, fromBase64url, toBase64url, utf8 } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { SPECS, type Family } from '../domain/algorithms.ts'
import { isPending, rotatedAt } from '../domain/material.ts'
import {
  settleKeyStore,
  settleVault,
  type KeyView,
  type VaultView,
  type VersionView,
} from '../domain/settle.ts'
import { path, type PathRange, range } from '../format/paths.ts'
import { decodeValue, encodeValue } from '../format/records.ts'
import type { Row } from '../store/store.ts'
import type { Eventually } from '../crypto/provider.ts'
import type {
  Alias,
  Key,
  KeyStore,
  ListAliasesInput,
  ListKeysInput,
  ListRotationsInput,
  ListVaultsInput,
  Page,
  Rotation,
  Vault,
  Version,
} from './api.ts'
import { pendingElsewhere } from './copies.ts'
import type { Core } from './core.ts'
import { eachRow, eachVersion, placeOf, settledKey } from './lookup.ts'
import { rotated } from './rotate.ts'
import {
  aliasAnswer,
  keyAnswer,
  keyStoreAnswer,
  rotationOf,
  vaultAnswer,
  versionAnswer,
} from './views.ts'

interface Query {
  readonly limit?: number
  readonly pageToken?: string
  readonly sortBy?: 'TIMECREATED' | 'DISPLAYNAME'
  readonly sortOrder?: 'ASC' | 'DESC'
}
/** Where the next page begins: after this position. Strings and numbers compare as they are. */
export type Position = readonly [number | string, string]

const TOKEN_MAC_BYTES = 16

/** What a token is good for: the same list, filter and order. */
export const scopeOf = (list: string, query: object): Uint8Array => {
  const {
    limit: _,
    pageToken: __,
    principal: ___,
    requestId: ____,
    access: _____,
    ...rest
  } = query as Record<string, unknown>
  return encodeValue([list, rest])
}

function writeToken(core: Core, scope: Uint8Array, position: Position): string {
  const body = encodeValue(position)
  const mac = core.keys.tokens.compute(utf8('page'), scope, body).subarray(0, TOKEN_MAC_BYTES)
  return toBase64url(concat(mac, body))
}

export function readToken(
  core: Core,
  scope: Uint8Array,
  token: string | undefined,
): Position | undefined {
  if (token === undefined) return undefined
  const bytes = fromBase64url(token)
  const mac = bytes?.subarray(0, TOKEN_MAC_BYTES)
  const body = bytes?.subarray(TOKEN_MAC_BYTES)
  const expected =
    body && core.keys.tokens.compute(utf8('page'), scope, body).subarray(0, TOKEN_MAC_BYTES)
  if (!body || !mac || !expected || !constantTimeEqual(mac, expected))
    throw new StrongroomError(
      'INVALID_PAGE_TOKEN',
      'pageToken: expected one of this list with the same filters and order, got another string.',
    )
  return decodeValue(body) as Position
}

export function page<T>(
  core: Core,
  scope: Uint8Array,
  found: readonly { item: T; at: Position }[],
  limit: number,
): Page<T> {
  const items = Object.freeze(found.slice(0, limit).map(({ item }) => item))
  if (found.length <= limit) return Object.freeze({ items })
  return Object.freeze({ items, nextPage: writeToken(core, scope, found[limit - 1]!.at) })
}

const order = (a: Position, b: Position): number =>
  a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0

/** Keeps the first `size` of a stream in the given order, in memory of that size. */
class Smallest<T> {
  readonly kept: { item: T; at: Position }[] = []
  readonly #size: number
  readonly #compare: (a: Position, b: Position) => number

  readonly #after: Position | undefined

  constructor(size: number, descending: boolean, after: Position | undefined) {
    this.#size = size
    this.#compare = descending ? (a, b) => order(b, a) : order
    this.#after = after
  }

  offer(at: Position, item: () => T): void {
    if (this.#after && this.#compare(at, this.#after) <= 0) return
    const last = this.kept.at(-1)
    if (this.kept.length >= this.#size && last && this.#compare(at, last.at) >= 0) return
    let low = 0
    let high = this.kept.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#compare(this.kept[middle]!.at, at) < 0) low = middle + 1
      else high = middle
    }
    this.kept.splice(low, 0, { at, item: item() })
    if (this.kept.length > this.#size) this.kept.pop()
  }
}

const sorting = ({ sortBy = 'TIMECREATED', sortOrder }: Query) => ({
  byName: sortBy === 'DISPLAYNAME',
  descending: (sortOrder ?? (sortBy === 'DISPLAYNAME' ? 'ASC' : 'DESC')) === 'DESC',
})

/** A list of what is few: one pass over all rows, in memory of a page. */
interface FewRows<V, T> {
  readonly list: string
  readonly bounds: PathRange
  readonly descending: boolean
  /** Undefined for a row that the query does not ask for. */
  readonly read: (row: Row) => Eventually<V | undefined>
  readonly at: (view: V) => Position
  readonly answer: (view: V) => T
}

async function pageOfFew<V, T>(core: Core, query: Query, rows: FewRows<V, T>): Promise<Page<T>> {
  const { limit = LIMITS.pageSizeDefault } = query
  const scope = scopeOf(rows.list, query)
  const after = readToken(core, scope, query.pageToken)
  const smallest = new Smallest<V>(limit + 1, rows.descending, after)
  for await (const row of eachRow(core, rows.bounds)) {
    const view = await rows.read(row)
    if (view !== undefined) smallest.offer(rows.at(view), () => view)
  }
  const found = smallest.kept.map(({ item, at }) => ({ item: rows.answer(item), at }))
  return page(core, scope, found, limit)
}

export function pageOfVaults(
  core: Core,
  query: ListVaultsInput,
  now: number,
): Promise<Page<Vault>> {
  const { compartmentId } = query
  const { byName, descending } = sorting(query)
  return pageOfFew(core, query, {
    list: 'vaults',
    bounds: range.vaults(),
    descending,
    read: (row) => {
      const id = placeOf(row).vaultId!
      const view = settleVault(core.records.open('vault', id, row.key, row.value), now)
      return (compartmentId ?? view.record.compartmentId) === view.record.compartmentId
        ? view
        : undefined
    },
    at: ({ record }) => [byName ? record.displayName : record.createdAt, record.id],
    answer: vaultAnswer,
  })
}

const ALGORITHM_OF = {
  aes: 'AES',
  rsa: 'RSA',
  ec: 'ECDSA',
  okp: 'ED25519',
  mldsa: 'ML_DSA',
  mlkem: 'ML_KEM',
  hmac: 'HMAC',
} as const satisfies Record<Family, NonNullable<ListKeysInput['algorithm']>>

function matches(query: ListKeysInput, { record, state }: KeyView): boolean {
  const spec = SPECS[record.spec]
  const curve = 'curve' in spec ? spec.curve : undefined
  return (
    record.role === 'ordinary' &&
    (query.withDeleted !== false || state !== 'deleted') &&
    (query.compartmentId ?? record.compartmentId) === record.compartmentId &&
    (query.protectionMode ?? record.protectionMode) === record.protectionMode &&
    (query.algorithm ?? ALGORITHM_OF[spec.family]) === ALGORITHM_OF[spec.family] &&
    (query.length ?? spec.bytes) === spec.bytes &&
    (query.curve ?? curve) === curve
  )
}

export async function pageOfKeys(
  core: Core,
  query: ListKeysInput,
  vault: VaultView,
  now: number,
): Promise<Page<Key>> {
  const { limit = LIMITS.pageSizeDefault } = query
  const scope = scopeOf('keys', query)
  const after = readToken(core, scope, query.pageToken)
  const { byName, descending } = sorting(query)
  const { id } = vault.record
  const found: { item: KeyView; at: Position }[] = []
  const smallest = new Smallest<KeyView>(limit + 1, descending, after)
  const reader = core.reader(await core.cell(id))
  const bounds = byName ? range.keys(id) : keysAfter(id, after, descending)
  for await (const { key, value } of eachRow(core, bounds, !byName && descending)) {
    const view = await settledKey(
      core,
      reader,
      vault,
      core.records.open('key', id, key, value),
      now,
    )
    if (!matches(query, view)) continue
    const { ordinal, displayName } = view.record
    if (byName) smallest.offer([displayName, view.record.id], () => view)
    else if (found.push({ item: view, at: [ordinal, ''] }) > limit) break
  }
  const chosen: { item: Key; at: Position }[] = []
  for (const { item, at } of byName ? smallest.kept : found)
    chosen.push({ item: keyAnswer(await rotated(core, item, now)), at })
  return page(core, scope, chosen, limit)
}

/** The part of a vault's keys that lies after a position. */
function keysAfter(vaultId: string, after: Position | undefined, descending: boolean) {
  const all = range.keys(vaultId)
  if (!after) return all
  const at = path.key(vaultId, Number(after[0]))
  return descending ? { gte: all.gte, lt: at } : { gte: new Uint8Array([...at, 0]), lt: all.lt }
}

export async function pageOfVersions(
  core: Core,
  query: Query,
  key: KeyView,
  now: number,
): Promise<Page<Version>> {
  return versionsThrough(core, query, key, now, 'versions', () => true, versionAnswer)
}

/** Completed rotations; when asked, every material of the key, rotated to or not. */
export async function pageOfRotations(
  core: Core,
  query: ListRotationsInput,
  key: KeyView,
  now: number,
): Promise<Page<Rotation>> {
  const wanted = (view: VersionView): boolean =>
    rotatedAt(view.record) !== undefined ||
    (query.includeMaterials === true && (!view.record.forRotation || isPending(view)))
  const everywhere = query.includeMaterials !== true || (await pendingElsewhere(core, key, now))
  const answer = (view: VersionView): Rotation => rotationOf(view, everywhere)
  return versionsThrough(core, query, key, now, 'rotations', wanted, answer)
}

async function versionsThrough<T>(
  core: Core,
  query: Query,
  key: KeyView,
  now: number,
  list: string,
  wanted: (view: VersionView) => boolean,
  answer: (view: VersionView) => T,
): Promise<Page<T>> {
  const { limit = LIMITS.pageSizeDefault } = query
  const scope = scopeOf(list, query)
  const after = readToken(core, scope, query.pageToken)
  const { descending } = sorting(query)
  const found: { item: T; at: Position }[] = []
  const from = after ? Number(after[0]) : 0
  for await (const view of eachVersion(core, key, now, { from, reverse: descending })) {
    if (!wanted(view)) continue
    if (found.push({ item: answer(view), at: [view.record.number, ''] }) > limit) break
  }
  return page(core, scope, found, limit)
}

/** Aliases by name; those of deleted keys are gone with them. */
export function pageOfAliases(
  core: Core,
  query: ListAliasesInput,
  { record: { id } }: VaultView,
  alive: (keyId: string) => Promise<boolean>,
): Promise<Page<Alias>> {
  return pageOfFew(core, query, {
    list: 'aliases',
    bounds: range.aliases(id),
    descending: query.sortOrder === 'DESC',
    read: async ({ key, value }) => {
      const entry = core.records.open('alias', id, key, value)
      const { keyId } = entry.record
      return (query.keyId ?? keyId) === keyId && (await alive(keyId)) ? entry : undefined
    },
    at: ({ record }) => [record.name, ''],
    answer: aliasAnswer,
  })
}

/** Key stores in the order of their creation. */
export function pageOfKeyStores(
  core: Core,
  query: Query,
  { record: { id } }: VaultView,
  now: number,
): Promise<Page<KeyStore>> {
  return pageOfFew(core, query, {
    list: 'key stores',
    bounds: range.keyStores(id),
    descending: query.sortOrder === 'DESC',
    read: ({ key, value }) => settleKeyStore(core.records.open('keyStore', id, key, value), now),
    at: ({ record }) => [record.createdAt, record.id],
    answer: keyStoreAnswer,
  })
}
