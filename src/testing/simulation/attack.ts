/**
 * Destroyed means gone: somebody who has an older image of the store, its seal, and the file beside it
 * as it is now must not open what was destroyed since.
 */
import { VirtualClock } from '../../base/clock.ts'
import { StrongroomError } from '../../base/errors.ts'
import { Strongroom } from '../../index.ts'
import { OTHER_SEAL, SEAL, type Image, type Site } from './site.ts'
import { violated } from './trace.ts'
import type { Made, Truth } from './truth.ts'
import { opened } from './uses.ts'
import type { Swept, World } from './world.ts'

/** What an image holds that was destroyed later. */
interface Suspect {
  readonly site: Site
  readonly image: Image
  readonly truth: Truth
  readonly made: Made
  /** A replica must have come so far before it can have swept. */
  readonly seq: bigint
  /** Of a replica: it cannot know of the destruction before. */
  readonly follows: boolean
}

export class Attacker {
  #suspects: Suspect[] = []

  /** What a version made is gone for good: whoever had it before this step must forget it. */
  suspect(world: World, truth: Truth, made: Made): void {
    // The public part of a pair is no secret: it verifies for ever.
    if (made.by === 'sign') return
    const leader = world.leader(truth)
    const image = leader && world.images.get(leader)
    if (image) this.#add({ site: leader, image, truth, made, seq: 0n, follows: false })
  }

  /** Tries every image of a site that says that it has swept. */
  async attack(world: World): Promise<number> {
    let attacks = 0
    for (const swept of world.swept) {
      const ready = this.#suspects.filter((one) => isReady(world, swept, one))
      this.#suspects = this.#suspects.filter((one) => !ready.includes(one))
      for (const one of ready) {
        await tryImage(one)
        if (!one.follows) this.#passOn(world, one)
      }
      attacks += ready.length
    }
    return attacks
  }

  /** The replicas have to sweep as soon as they have followed so far. */
  #passOn(world: World, { truth, made, site: leader }: Suspect): void {
    const seq = world.history.headOf(leader.region, truth.id)!.seq
    for (const site of world.sites) {
      if (site === leader || !world.history.headOf(site.region, truth.id)) continue
      const image = world.images.get(site) ?? site.image()
      this.#add({ site, image, truth, made, seq, follows: true })
    }
  }

  #add(suspect: Suspect): void {
    this.#suspects.push(suspect)
  }
}

function isReady(world: World, { site, keyName, followed }: Swept, one: Suspect): boolean {
  if (one.site !== site || (keyName !== undefined && keyName !== one.made.keyName)) return false
  if (followed && (followed !== one.truth || !one.follows)) return false
  return !one.follows || hasSwept(world, one)
}

function hasSwept({ history }: World, { site, truth, seq }: Suspect): boolean {
  const head = history.headOf(site.region, truth.id)
  return head !== undefined && head.seq >= seq && !head.sweepOwed
}

async function tryImage({ site, image, made }: Suspect): Promise<void> {
  for (const seal of [SEAL, OTHER_SEAL]) {
    const room = await openImage(site, image, seal)
    if (!room) continue
    try {
      if ((await opened(room, made)) === 'ok')
        violated(
          `${made.keyName} version ${made.number} was destroyed, and an image of ${site.region} ` +
            'from before still opens it',
        )
    } finally {
      await room.close()
    }
  }
}

async function openImage(site: Site, image: Image, seal: typeof SEAL) {
  try {
    return await Strongroom.open({
      store: await site.storeOf(image),
      seal,
      clock: new VirtualClock(new Date(image.time)),
      crypto: site.crypto,
      region: site.region,
      create: 'never',
      acceptRollback: true,
    })
  } catch (error) {
    if (error instanceof StrongroomError) return undefined
    throw error
  }
}
