/** Everything that a run consists of, and how one write goes. */
import { VirtualClock } from '../../base/clock.ts'
import type { ErrorCode } from '../../base/errors.ts'
import type { Strongroom } from '../../engine/room.ts'
import { Chance } from './chance.ts'
import { History } from './history.ts'
import { Line, type Weather } from './line.ts'
import { drawMishap, Site, type Image } from './site.ts'
import { codeOf, Trace, violated } from './trace.ts'
import { Truth, type Act, type Backup } from './truth.ts'
import { providerOf } from './provider.ts'

export const REGIONS = ['north', 'south', 'west'] as const

/** How often something goes wrong: in a store within a step, and on the lines during a step. */
const MISHAP_SHARE = 0.25
const SLOW_SHARE = 0.3
const STORM_SHARE = 0.4
const MESSAGE_SHARE = 0.3

/** Which destructions are unrecoverable at a site from now on. */
export interface Swept {
  readonly site: Site
  /** Of one key; else of all. */
  readonly keyName?: string
  /** What it followed of this vault; else also what it destroyed itself. */
  readonly followed?: Truth
}

export class World {
  readonly chance: Chance
  readonly clock = new VirtualClock()
  readonly trace = new Trace()
  readonly history = new History(REGIONS)
  readonly weather: Weather = { share: 0, harm: 0 }
  readonly sites: Site[] = []
  readonly truths: Truth[] = []
  /** What was acknowledged as swept in this step. */
  swept: Swept[] = []
  /** The stores before this step. */
  images: ReadonlyMap<Site, Image> = new Map()
  #names = 0
  readonly #faults: boolean
  readonly #seed: number

  constructor(seed: number, faults: boolean) {
    this.#seed = seed
    this.#faults = faults
    this.chance = new Chance(seed)
  }

  /** Three rooms of one realm, each linked with each; two vaults, one of them followed by both. */
  async begin(): Promise<void> {
    for (const region of REGIONS) {
      const [first] = this.sites
      const site = new Site({
        region,
        clock: this.clock,
        chance: this.chance,
        crypto: await providerOf(`${this.#seed}/${region}`),
        ...(first && { realm: first.room }),
        onCommit: (commit) => this.history.commit(region, commit),
      })
      await site.open()
      this.sites.push(site)
    }
    for (const site of this.sites) this.link(site)
    for (const site of this.sites.slice(0, 2)) {
      const { id } = await site.room.createVault({ displayName: `of ${site.region}` })
      this.truths.push(new Truth(id, this.clock.now()))
      this.history.acknowledge(id)
    }
    const vaultId = this.truths[0]!.id
    for (const region of REGIONS.slice(1))
      await this.sites[0]!.room.createVaultReplica({ vaultId, region })
  }

  /** Links are of a room, not of a store: every room that is opened gets them. */
  link(site: Site): void {
    for (const other of this.sites)
      if (other !== site) {
        site.room.linkRegion(other.region, new Line(other, this.chance, this.weather))
        if (other.health !== 'down')
          other.room.linkRegion(site.region, new Line(site, this.chance, this.weather))
      }
  }

  get vaultIds(): readonly string[] {
    return this.truths.map(({ id }) => id)
  }

  site(region: string | undefined): Site | undefined {
    return this.sites.find((site) => site.region === region)
  }

  /** The site that leads a vault, when its room can be asked. */
  leader(truth: Truth): Site | undefined {
    const site = this.site(this.history.leaderOf(truth.id))
    return site?.health === 'open' ? site : undefined
  }

  /** Rooms that can be asked and follow a vault. */
  followers(truth: Truth): readonly Site[] {
    return this.sites.filter(
      ({ region, health }) =>
        health === 'open' && this.history.headOf(region, truth.id)?.role === 'replica',
    )
  }

  openSites(): readonly Site[] {
    return this.sites.filter(({ health }) => health === 'open')
  }

  get allOpen(): boolean {
    return this.openSites().length === this.sites.length
  }

  name(kind: string): string {
    return `${kind}-${++this.#names}`
  }

  /** Draws what goes wrong within the step. */
  beginStep(faults = this.#faults): void {
    const faulty = faults && this.chance.hits(MISHAP_SHARE)
    const unlucky = faulty ? this.#someSite() : undefined
    const mishap = faulty ? drawMishap(this.chance) : undefined
    const slow = this.chance.hits(SLOW_SHARE)
    const storm = faults && this.chance.hits(STORM_SHARE)
    this.weather.share = storm ? MESSAGE_SHARE : 0
    this.weather.harm = 0
    this.swept = []
    this.images = new Map(this.sites.map((site) => [site, site.image()]))
    for (const site of this.sites) site.begin(site === unlucky ? mishap : undefined, slow)
  }

  /** Mostly one that leads: more happens there. */
  #someSite(): Site {
    const leading = this.truths.flatMap((truth) => this.leader(truth) ?? [])
    return this.chance.pick(leading.length > 0 && this.chance.hits(0.6) ? leading : this.sites)
  }

  async endStep(): Promise<void> {
    this.weather.share = 0
    for (const site of this.sites) await site.end()
  }

  /** What went wrong in this step, for the log. */
  troubles(): string {
    const harmed = this.sites.flatMap((site) => site.troubles())
    if (this.weather.harm > 0) harmed.push(`${this.weather.harm} messages`)
    return harmed.length > 0 ? ` (${harmed.join(', ')})` : ''
  }

  /** Nothing went wrong in this step that the engine would have to bear. */
  get calm(): boolean {
    return this.weather.harm === 0 && this.allOpen && !this.sites.some(({ harmed }) => harmed)
  }
}

/** Codes that say that nothing was done, and are right only when something went wrong. */
const NOTHING_DONE: readonly ErrorCode[] = ['UNAVAILABLE', 'BUSY']

export interface Write<T> {
  readonly act: Act
  readonly call: (room: Strongroom) => Promise<T>
  readonly restored?: Backup
  /** Refusals that the model knows nothing of. */
  readonly allowed?: readonly ErrorCode[]
}

/**
 * A write at the primary. Its answer must be what the model says; a crash or an unknown outcome leaves
 * both worlds. Answers the outcome; undefined when nobody can be asked.
 */
export async function write<T>(
  world: World,
  truth: Truth,
  { act, call, restored, allowed = [] }: Write<T>,
): Promise<string | undefined> {
  const site = world.leader(truth)
  if (!site) return undefined
  const predicted = truth.predict(act, restored)
  try {
    await call(site.room)
    truth.done(predicted)
    world.history.acknowledge(truth.id)
    return 'ok'
  } catch (error) {
    const code = codeOf(error)
    if (site.crashed || code === 'OUTCOME_UNKNOWN') truth.unknown(predicted)
    else if (!NOTHING_DONE.includes(code) && !allowed.includes(code)) truth.refused(predicted, code)
    else if (NOTHING_DONE.includes(code) && !site.harmed)
      violated(`${code} from a room whose store is well`, error)
    return site.crashed ? `${code}, crashed` : code
  }
}
