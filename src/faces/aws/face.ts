/** What all requests to one room have in common: accounts and regions, each with its vault. */
import type { Strongroom } from '../../engine/room.ts'
import type { DefinedTags, KeyStoreType } from '../../domain/records.ts'
import type { Access } from '../../engine/api.ts'
import { describing } from './access.ts'
import type { Place } from './arn.ts'
import type { Caller } from './call.ts'
import { cloudHsmLink } from './cloud-hsm.ts'
import { DEFAULT_ACCOUNT, type AwsOptions } from './options.ts'
import { Tally } from './quotas.ts'
import { Remembered } from '../../base/remembered.ts'
import { Throttle } from './throttle.ts'
import { Usage } from './usage.ts'
import type { Used } from './use.ts'
import { xksLink } from './xks/link.ts'

/** Shared by all faces of a room: a handler, a plugin and a server see the same service. */
interface Shared {
  /** Vaults by account and region. */
  readonly vaults: Map<string, Promise<string>>
  /** Those that were there when the first request came. */
  known: Promise<ReadonlyMap<string, string>> | undefined
  /** How many keys there are, by vault. */
  readonly tallies: Map<string, Tally>
  /** Accounts and regions by vault. */
  readonly places: Map<string, Place>
  readonly throttle: Throttle
  readonly usage: Usage
  /** Types of key stores to which the room knows the way. */
  readonly linked: Set<KeyStoreType>
}

const shared = new WeakMap<Strongroom, Shared>()

function sharedOf(room: Strongroom): Shared {
  const found = shared.get(room) ?? {
    vaults: new Map(),
    known: undefined,
    tallies: new Map(),
    places: new Map(),
    throttle: new Throttle(),
    usage: new Usage(room.now()),
    linked: new Set(),
  }
  shared.set(room, found)
  return found
}

const PAGE = 1000
/** The namespace of tags by which the vaults of this face, and the keys of services, are known. */
export const NAMESPACE = 'aws'

function placeIn(tags: DefinedTags): Place | undefined {
  const { account, region } = tags[NAMESPACE] ?? {}
  return typeof account === 'string' && typeof region === 'string' ? { account, region } : undefined
}

const nameOf = ({ account, region }: Place): string => `${account} ${region}`

export class Face {
  readonly room: Strongroom
  readonly options: AwsOptions
  /** Keys that were used, by how they were named: only what never changes about them. */
  readonly uses: Remembered<Used> = new Remembered()
  /** Callers by the scope of their signatures. */
  readonly callers: Remembered<Caller> = new Remembered()
  /** KeyMaterialId by version. */
  readonly materials: Remembered<string> = new Remembered()
  readonly #describers: Remembered<NonNullable<Access['describe']>> = new Remembered()
  readonly #shared: Shared

  constructor(room: Strongroom, options: AwsOptions) {
    this.room = room
    this.options = options
    this.#shared = sharedOf(room)
    this.#link(options)
  }

  get account(): string {
    return this.options.account ?? DEFAULT_ACCOUNT
  }

  get region(): string {
    return this.options.region ?? this.room.region
  }

  get now(): number {
    return this.room.now().getTime()
  }

  /** When each key was last used (contracts: AWS 17, GetKeyLastUsage). */
  get usage(): Usage {
    return this.#shared.usage
  }

  /** Undefined when nothing is throttled. */
  get throttle(): Throttle | undefined {
    return this.options.throttle ? this.#shared.throttle : undefined
  }

  /** Counts the keys of a vault against the quota. */
  tally(vaultId: string): Tally {
    const { tallies } = this.#shared
    const tally = tallies.get(vaultId) ?? new Tally()
    tallies.set(vaultId, tally)
    return tally
  }

  /** The ways to custom key stores: those of the options, or the usual ones once. */
  #link({ clusters, xks }: AwsOptions): void {
    const { linked } = this.#shared
    if (clusters || !linked.has('HSM')) this.room.linkKeyStores('HSM', cloudHsmLink(clusters ?? {}))
    if (xks || !linked.has('EXTERNAL'))
      this.room.linkKeyStores(
        'EXTERNAL',
        xksLink(xks ?? {}, {
          now: () => this.room.now(),
          placeOf: async (vaultId) => (await this.placeOf(vaultId, this)) ?? this,
        }),
      )
    linked.add('HSM').add('EXTERNAL')
  }

  /** The vault of an account in a region; it is made when it is not there yet. */
  vault(place: Place): Promise<string> {
    const { vaultId } = this.options
    if (vaultId !== undefined) return Promise.resolve(vaultId)
    const { vaults } = this.#shared
    const name = nameOf(place)
    const known = vaults.get(name)
    if (known) return known
    const found = this.#find(place)
    vaults.set(name, found)
    found.catch(() => vaults.delete(name))
    return found
  }

  /** The vault of an account in a region, when there is one. */
  async vaultOf(place: Place): Promise<string | undefined> {
    const known = this.options.vaultId ?? (await this.#shared.vaults.get(nameOf(place)))
    return known ?? (await this.#known()).get(nameOf(place))
  }

  /** The account and region whose vault this is. A vault for all is whoever's asks. */
  async placeOf(vaultId: string, asking: Place): Promise<Place | undefined> {
    if (vaultId === this.options.vaultId || vaultId === (await this.vault(asking))) return asking
    const { definedTags } = await this.room.getVault({ vaultId })
    return placeIn(definedTags)
  }

  /** Of a vault that was found before. */
  placeKnown(vaultId: string): Place | undefined {
    return vaultId === this.options.vaultId ? undefined : this.#shared.places.get(vaultId)
  }

  /** The vaults of all accounts in a region. */
  async vaultsIn(region: string): Promise<string[]> {
    const { vaultId } = this.options
    if (vaultId !== undefined) return [vaultId]
    await this.#known()
    await Promise.all(this.#shared.vaults.values())
    return [...this.#shared.places].flatMap(([id, place]) => (place.region === region ? [id] : []))
  }

  /** How keys are described to policies, for callers of an account and region. */
  describer(caller: Place): NonNullable<Access['describe']> {
    const { account, region } = caller
    const name = nameOf(caller)
    const known = this.#describers.get(name)
    if (known) return known
    const describe = describing(this, { account, region })
    this.#describers.set(name, describe)
    return describe
  }

  async #find(place: Place): Promise<string> {
    const { account, region } = place
    const found = (await this.#known()).get(nameOf(place))
    if (found !== undefined) return found
    const made = await this.room.createVault({
      displayName: `AWS ${account} ${region}`,
      definedTags: { [NAMESPACE]: { account, region } },
    })
    this.#shared.places.set(made.id, { account, region })
    return made.id
  }

  #known(): Promise<ReadonlyMap<string, string>> {
    const listed = (this.#shared.known ??= this.#list())
    listed.catch(() => (this.#shared.known = undefined))
    return listed
  }

  async #list(): Promise<ReadonlyMap<string, string>> {
    const found = new Map<string, string>()
    let pageToken: string | undefined
    do {
      const page = await this.room.listVaults({ limit: PAGE, ...(pageToken && { pageToken }) })
      for (const { id, state, definedTags } of page.items) {
        const place = placeIn(definedTags)
        if (state !== 'active' || !place) continue
        found.set(nameOf(place), id)
        this.#shared.places.set(id, place)
      }
      pageToken = page.nextPage
    } while (pageToken !== undefined)
    return found
  }
}
