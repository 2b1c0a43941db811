/** A primary and its follower in one process, in one realm; and looks at both from outside. */
import { expect } from 'vitest'
import {
  roomLink,
  Strongroom,
  VirtualClock,
  type OpenOptions,
  type ReplicationLink,
} from '../../src/index.ts'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { decodeVaultHead, splitMac } from '../../src/format/heads.ts'
import { RECORD_KINDS, type RecordKind } from '../../src/format/kinds.ts'
import { parsePath, path } from '../../src/format/paths.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { complaints } from '../engine/audit.ts'
import { lasting, rowsOf, SEAL } from '../engine/support.ts'
import { sharedProvider } from '../helpers/provider.ts'

export const PLAINTEXT = utf8('across the sea')

export interface Pair {
  readonly us: Strongroom
  readonly eu: Strongroom
  readonly clock: VirtualClock
  readonly stores: { readonly us: Store; readonly eu: Store }
}

export interface PairOptions {
  readonly us?: Partial<OpenOptions>
  readonly eu?: Partial<OpenOptions>
  readonly stores?: { readonly us?: Store; readonly eu?: Store }
  /** What lies between the two. */
  readonly link?: (link: ReplicationLink) => ReplicationLink
}

/** What all rooms of these tests are opened with. */
export const common = async (clock: VirtualClock) => ({
  clock,
  crypto: await sharedProvider(),
  seal: SEAL,
})

export async function pair(options: PairOptions = {}): Promise<Pair> {
  const clock = new VirtualClock()
  const { us: usStore = lasting(createMemoryStore()), eu: euStore = lasting(createMemoryStore()) } =
    options.stores ?? {}
  const open = await common(clock)
  const us = await Strongroom.open({ ...open, store: usStore, region: 'us', ...options.us })
  const realm = { ...open, store: euStore, region: 'eu', realm: us }
  const eu = await Strongroom.open({ ...realm, ...options.eu })
  connect(us, eu, options.link)
  return { us, eu, clock, stores: { us: usStore, eu: euStore } }
}

/** One more room of the realm. */
export async function another(
  realm: Strongroom,
  region: string,
  clock: VirtualClock,
  more: Partial<OpenOptions> = {},
) {
  const store = lasting(createMemoryStore())
  const open = { ...(await common(clock)), store, region, realm, ...more }
  return { room: await Strongroom.open(open), store }
}

/** Each can ask the other. */
export function connect(
  us: Strongroom,
  eu: Strongroom,
  through: (link: ReplicationLink) => ReplicationLink = (link) => link,
): void {
  eu.linkRegion(us.region, through(roomLink(us)))
  us.linkRegion(eu.region, through(roomLink(eu)))
}

/** A pair with a vault of one key, asked for in the other region. */
export async function furnished(options: PairOptions = {}) {
  const made = await pair(options)
  const { us } = made
  const { id: vaultId } = await us.createVault({ displayName: 'shop' })
  const { id: keyId } = await us.createKey({ vaultId, displayName: 'a', spec: 'AES_256' })
  await us.createAlias({ keyId, name: 'alias/a' })
  const { ciphertext } = await us.encrypt({ keyId, plaintext: PLAINTEXT })
  await us.createVaultReplica({ vaultId, region: 'eu' })
  return { ...made, vaultId, keyId, ciphertext }
}

/** A round that must succeed; answers what it did for the vault. */
export async function followed(room: Strongroom, vaultId: string) {
  const round = await room.replicate()
  for (const { failure } of round) if (failure) throw failure
  return round.find((one) => one.vaultId === vaultId)!
}

/** The code of what kept a vault, or a link, back in one round. */
export async function failing(room: Strongroom): Promise<string | undefined> {
  return (await room.replicate()).find(({ failure }) => failure)?.failure?.code
}

/** The head of a vault as it lies in a store. */
export async function headIn(store: Store, vaultId: string) {
  const row = await store.get(path.head(vaultId))
  return row && decodeVaultHead(splitMac(row.value)!.body)
}

/** Everything that a replica has in common with its primary, by path. */
async function sharedIn(store: Store, vaultId: string): Promise<ReadonlyMap<string, string>> {
  const rows = await rowsOf(store)
  const shared = rows.filter(({ key }) => {
    const parsed = parsePath(key)
    if (parsed?.vaultId !== vaultId || !Object.hasOwn(RECORD_KINDS, parsed.kind)) return false
    return RECORD_KINDS[parsed.kind as RecordKind].scope === 'shared'
  })
  return new Map(shared.map(({ key, value }) => [toHex(key), toHex(value)]))
}

/** Both stores hold the same vault: one commit, one chain, the same bytes. */
export async function expectSame(a: Store, b: Store, vaultId: string): Promise<void> {
  const [here, there] = [await headIn(a, vaultId), await headIn(b, vaultId)]
  expect(there?.seq).toBe(here?.seq)
  expect(there?.chain).toEqual(here?.chain)
  expect(await sharedIn(b, vaultId)).toEqual(await sharedIn(a, vaultId))
}

/** Nothing is wrong with what lies there, by the room's own look and by one from outside. */
export async function expectWhole(room: Strongroom, store: Store): Promise<void> {
  expect((await room.verify()).finding).toBeUndefined()
  expect(await complaints(store)).toEqual([])
}

export async function expectPair({ us, eu, stores }: Pair, vaultId: string): Promise<void> {
  await expectSame(stores.us, stores.eu, vaultId)
  await expectWhole(us, stores.us)
  await expectWhole(eu, stores.eu)
}
