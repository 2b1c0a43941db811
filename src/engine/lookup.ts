/** From what a caller names to the settled views that decisions look at. */
import { StrongroomError } from '../base/errors.ts'
import { utf8 } from '../base/bytes.ts'
import { familyOf, leaderOf } from '../domain/family.ts'
import { LIMITS } from '../domain/limits.ts'
import type { AliasRecord, KeyRecord } from '../domain/records.ts'
import {
  settleKey,
  settleKeyStore,
  settleVault,
  settleVersion,
  type Beside,
  type KeyStoreView,
  type KeyView,
  type VaultView,
  type VersionView,
} from '../domain/settle.ts'
import { isUuid, path, range } from '../format/paths.ts'
import type { Cell } from './cell.ts'
import { notFound, type Core, type Reader } from './core.ts'
import type { Place } from './places.ts'
import { damaged, readStore, type Entry } from './records.ts'
import { eachRow, placeOf } from './scan.ts'

export { eachRow, eachVaultId, placeOf } from './scan.ts'

export interface KeyPlace {
  readonly cell: Cell
  readonly ordinal: number
}

/** The store key of an alias: names are secret, so it is a MAC of the name. */
export const aliasPath = (core: Core, vaultId: string, name: string): Uint8Array =>
  path.alias(vaultId, core.aliasMac(name))

export const retryPath = (core: Core, vaultId: string, token: string): Uint8Array =>
  path.retry(vaultId, core.keys.lookup.compute(utf8('retry'), utf8(token)).subarray(0, 16))

/** A key by id or `alias/NAME`. */
export async function locateKey(core: Core, keyId: string, vaultId?: string): Promise<KeyPlace> {
  if (!keyId.startsWith('alias/')) return locateId(core, keyId, vaultId)
  const cell = await core.cell(vaultId ?? (await onlyVault(core)))
  const target = await resolveAlias(core, cell, keyId)
  if (!target) throw notFound('alias', keyId)
  return locateId(core, target.record.keyId, cell.id)
}

/**
 * Whether what a caller named still leads to the key that was found by it: an alias may have moved
 * since.
 */
export async function leadsTo(
  core: Core,
  reader: Reader,
  keyId: string,
  { ordinal }: KeyPlace,
): Promise<boolean> {
  if (!keyId.startsWith('alias/')) return true
  const alias = await resolveAlias(core, reader.cell, keyId, reader)
  if (!alias) throw notFound('alias', keyId)
  return (await locateId(core, alias.record.keyId, reader.cell.id)).ordinal === ordinal
}

/** The alias as it is now: one whose key is deleted is gone with it. */
export async function resolveAlias(
  core: Core,
  cell: Cell,
  name: string,
  reader: Reader = core.reader(cell),
): Promise<Entry<AliasRecord> | undefined> {
  const alias = await reader.get('alias', aliasPath(core, cell.id, name))
  if (!alias) return undefined
  const { ordinal } = await locateId(core, alias.record.keyId, cell.id)
  const key = await keyView(core, reader, await vaultView(reader, core.now()), ordinal, core.now())
  return key.state === 'deleted' ? undefined : alias
}

async function locateId(core: Core, keyId: string, vaultId?: string): Promise<KeyPlace> {
  const place = isUuid(keyId) ? await findPlace(core, keyId, vaultId) : undefined
  if (place?.version !== 0) throw notFound('key', keyId)
  return { cell: await core.cell(place.vaultId), ordinal: place.ordinal }
}

/**
 * The vault and place of a key or version id. Of a multi-Region key, when no vault is named, it is
 * where the primary is.
 */
export async function findPlace(
  core: Core,
  id: string,
  vaultId?: string,
): Promise<Place | undefined> {
  const places = await placesOf(core, id)
  if (vaultId !== undefined) return places.find((place) => place.vaultId === vaultId)
  return places.length > 1 ? leadingPlace(core, places) : places[0]
}

/** Every place of a key or version id. */
export const placesOf = (core: Core, id: string): Promise<readonly Place[]> =>
  core.places.find(id, () => scanIndex(core, id))

async function scanIndex(core: Core, id: string): Promise<readonly Place[]> {
  const limit = LIMITS.keyCopiesMax + 1
  const { rows } = await readStore(() => core.store.scan({ ...range.index(id), limit }))
  const places: Place[] = []
  for (const row of rows) {
    const vaultId = placeOf(row).vaultId!
    // A vault that is on its way in, or was just let go, has nothing to show yet or any more.
    if (rows.length > 1 && !(await core.findCell(vaultId))) continue
    places.push({ vaultId, ...core.records.open('index', vaultId, row.key, row.value).record })
  }
  return places
}

/** Of several copies: the one that leads, or the first. */
async function leadingPlace(core: Core, places: readonly Place[]): Promise<Place | undefined> {
  const now = core.now()
  const [first] = places
  const cell = await core.cell(first!.vaultId)
  const reader = core.reader(cell)
  const key = await keyView(core, reader, await vaultView(reader, now), first!.ordinal, now)
  const leader = key.family?.role === 'primary' ? key : leaderOf(key)
  return places.find(({ vaultId }) => vaultId === leader?.record.vaultId) ?? first
}

/** The copies of a multi-Region key in other vaults, as they are now. */
async function othersOf(core: Core, key: KeyRecord, now: number): Promise<readonly KeyView[]> {
  const others: KeyView[] = []
  for (const { vaultId, ordinal } of await placesOf(core, key.id)) {
    const cell = vaultId === key.vaultId ? undefined : await core.findCell(vaultId)
    if (!cell) continue
    const reader = core.reader(cell)
    const entry = await reader.get('key', path.key(vaultId, ordinal))
    if (entry) others.push(settleKey(entry, await vaultView(reader, now), now))
  }
  return others
}

/** The vault that is meant when nobody says which: the only one there is. */
export async function onlyVault(core: Core): Promise<string> {
  const { rows } = await readStore(() => core.store.scan({ ...range.vaults(), limit: 2 }))
  if (rows.length === 1) return placeOf(rows[0]!).vaultId!
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    'vaultId: expected it beside an alias while the room has ' +
      `${rows.length === 0 ? 'no vault' : 'several vaults'}, got none.`,
  )
}

export async function vaultView(reader: Reader, now: number): Promise<VaultView> {
  const vault = await reader.get('vault', path.vault(reader.cell.id))
  if (!vault) throw damaged('a vault has a head and no record')
  return settleVault(vault, now, reader.role)
}

export async function keyView(
  core: Core,
  reader: Reader,
  vault: VaultView,
  ordinal: number,
  now: number,
): Promise<KeyView> {
  const key = await reader.get('key', path.key(reader.cell.id, ordinal))
  if (!key) throw damaged('an id leads to no key')
  return settledKey(core, reader, vault, key, now)
}

/** A key as it is now, its key store and its other copies looked at too. */
export async function settledKey(
  core: Core,
  reader: Reader,
  vault: VaultView,
  key: Entry<KeyRecord>,
  now: number,
): Promise<KeyView> {
  return settleKey(key, vault, now, await besideOf(core, reader, key.record, now))
}

async function besideOf(
  core: Core,
  reader: Reader,
  record: KeyRecord,
  now: number,
): Promise<Beside> {
  const { keyStore, primacy } = record
  const store = keyStore && (await keyStoreView(reader, keyStore.id, now))
  const others = primacy === undefined ? undefined : await othersOf(core, record, now)
  return { ...(store && { keyStore: store }), ...(others && { family: familyOf(record, others) }) }
}

export async function keyStoreView(
  reader: Reader,
  keyStoreId: string,
  now: number,
): Promise<KeyStoreView | undefined> {
  if (!isUuid(keyStoreId)) return undefined
  const store = await reader.get('keyStore', path.keyStore(reader.cell.id, keyStoreId))
  return store && settleKeyStore(store, now)
}

export async function versionView(
  reader: Reader,
  key: KeyView,
  number: number,
  now: number,
): Promise<VersionView> {
  const version = await reader.get(
    'version',
    path.version(reader.cell.id, key.record.ordinal, number),
  )
  if (!version) throw damaged('an id leads to no version')
  return settleVersion(version, key, now)
}

/** The number of a version of this key, or NOT_FOUND. */
export async function versionNumber(
  core: Core,
  place: KeyPlace,
  versionId: string,
): Promise<number> {
  const found = isUuid(versionId) ? await findPlace(core, versionId, place.cell.id) : undefined
  if (!found || found.version === 0 || found.ordinal !== place.ordinal)
    throw notFound('version', versionId)
  return found.version
}

/** The id of the key that lies at a place. */
export async function keyIdAt(core: Core, { vaultId, ordinal }: Place): Promise<string> {
  const entry = await core.reader(await core.cell(vaultId)).get('key', path.key(vaultId, ordinal))
  if (!entry) throw damaged('an id leads to no key')
  return entry.record.id
}

/** Every version of a key that the store holds, oldest first, in pages. */
export async function* eachVersion(
  core: Core,
  key: KeyView,
  now: number,
  { from = 0, reverse = false }: { from?: number; reverse?: boolean } = {},
): AsyncGenerator<VersionView> {
  const { vaultId, ordinal } = key.record
  const cell = await core.cell(vaultId)
  let bounds = range.versions(vaultId, ordinal)
  if (from > 0) {
    const at = path.version(vaultId, ordinal, from)
    bounds = reverse
      ? { gte: bounds.gte, lt: at }
      : { gte: new Uint8Array([...at, 0]), lt: bounds.lt }
  }
  for await (const row of eachRow(core, bounds, reverse)) {
    const entry = core.records.open('version', vaultId, row.key, row.value)
    if (entry.seq > cell.head.seq) await core.caughtUp(cell, entry.seq)
    yield settleVersion(entry, key, now)
  }
}
