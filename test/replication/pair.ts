/** A primary and its follower in one process, in one realm. */
import {
  roomLink,
  Strongroom,
  VirtualClock,
  type OpenOptions,
  type ReplicationLink,
} from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { lasting, SEAL } from '../engine/support.ts'
import { sharedProvider } from '../helpers/provider.ts'

export interface Pair {
  readonly us: Strongroom
  readonly eu: Strongroom
  readonly clock: VirtualClock
  readonly stores: { readonly us: Store; readonly eu: Store }
}

export interface PairOptions {
  readonly us?: Partial<OpenOptions>
  readonly eu?: Partial<OpenOptions>
  /** What lies between the two. */
  readonly link?: (link: ReplicationLink) => ReplicationLink
}

export async function pair({ us: more, eu: other, link }: PairOptions = {}): Promise<Pair> {
  const clock = new VirtualClock()
  const stores = { us: lasting(createMemoryStore()), eu: lasting(createMemoryStore()) }
  const crypto = await sharedProvider()
  const common = { clock, crypto, seal: SEAL }
  const us = await Strongroom.open({ ...common, store: stores.us, region: 'us', ...more })
  const eu = await Strongroom.open({
    ...common,
    store: stores.eu,
    region: 'eu',
    realm: us,
    ...other,
  })
  connect(us, eu, link)
  return { us, eu, clock, stores }
}

/** Each can ask the other. */
export function connect(
  us: Strongroom,
  eu: Strongroom,
  through: (link: ReplicationLink) => ReplicationLink = (link) => link,
): void {
  eu.linkRegion('us', through(roomLink(us)))
  us.linkRegion('eu', through(roomLink(eu)))
}

/** A round that must succeed; answers what it did for the vault. */
export async function followed(room: Strongroom, vaultId: string) {
  const round = await room.replicate()
  for (const { failure } of round) if (failure) throw failure
  return round.find((one) => one.vaultId === vaultId)!
}
