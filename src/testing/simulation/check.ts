/** What must hold after every step. */
import * as m from '../model.ts'
import { Attacker } from './attack.ts'
import type { Site } from './site.ts'
import { violated } from './trace.ts'
import type { Made, Truth } from './truth.ts'
import { opened, predictedOpen } from './uses.ts'
import { seenIn } from './view.ts'
import type { World } from './world.ts'

/** A store is verified every so many steps, one after another. */
const VERIFY_EVERY = 16
/** Uses that are looked at after a step, of each vault and site. */
const USES_PER_CHECK = 2

/**
 * What a replica may say that is not up to date: it may not know the version yet (then it says no more
 * than of any bytes), or wait for the key of its material.
 */
const BEHIND = [
  'ok',
  'INVALID_STATE',
  'NOT_FOUND',
  'NOT_PERMITTED_FOR_KEY',
  'INVALID_CIPHERTEXT',
  'UNAVAILABLE',
]

export class Checks {
  readonly #attacker = new Attacker()
  /** Where everything was looked at last, and when. */
  readonly #looked = new Map<Truth, string>()
  #steps = 0
  attacks = 0

  async run(world: World): Promise<void> {
    this.#steps++
    world.history.check(world.vaultIds)
    for (const truth of world.truths) await this.#vault(world, truth, USES_PER_CHECK)
    this.attacks += await this.#attacker.attack(world)
    if (this.#steps % VERIFY_EVERY === 0)
      await verified(world.sites[(this.#steps / VERIFY_EVERY) % world.sites.length]!)
    world.history.check(world.vaultIds)
  }

  /** Everything, at every site. */
  async all(world: World): Promise<void> {
    world.history.check(world.vaultIds)
    for (const truth of world.truths) await this.#vault(world, truth, Infinity)
    this.attacks += await this.#attacker.attack(world)
    for (const site of world.sites) {
      await verified(site)
      await readable(site)
    }
    world.history.check(world.vaultIds)
  }

  async #vault(world: World, truth: Truth, most: number): Promise<void> {
    const leader = world.leader(truth)
    if (!leader) return
    const now = (): string =>
      `${leader.region} ${leader.lives} ${world.clock.now()} ` +
      `${world.history.headOf(leader.region, truth.id)!.seq}`
    // What reads the same is not read again: a look at everything costs more than most steps.
    if (!truth.certain || this.#looked.get(truth) !== now()) {
      const { seen, ids } = await seenIn(leader.room, truth.id)
      truth.settle(seen, ids)
      world.history.acknowledge(truth.id)
      this.#markDestroyed(world, truth, leader)
      this.#looked.set(truth, now())
    }
    for (const made of some(world, truth, most)) await atLeader(leader, truth, made)
    for (const follower of world.followers(truth))
      for (const made of some(world, truth, most)) await atFollower(world, follower, truth, made)
  }

  /** From now on whoever has this commit must refuse them. */
  #markDestroyed(world: World, truth: Truth, leader: Site): void {
    if (m.vaultState(truth.vault) === 'deleted') return
    const { seq } = world.history.headOf(leader.region, truth.id)!
    for (const made of truth.made) {
      if (truth.destroyed.has(made.versionId)) continue
      const key = truth.vault.keys.find(({ displayName }) => displayName === made.keyName)!
      if (m.versionState(key.versions[made.number - 1]!) !== 'deleted') continue
      truth.destroyed.set(made.versionId, seq)
      this.#attacker.suspect(world, truth, made)
    }
  }
}

function some(world: World, { made }: Truth, most: number): readonly Made[] {
  if (made.length <= most) return made
  const from = world.chance.below(made.length)
  return [...made, ...made].slice(from, from + most)
}

async function atLeader(leader: Site, truth: Truth, made: Made): Promise<void> {
  const expected = predictedOpen(truth, made)
  const actual = await opened(leader.room, made)
  if (actual !== expected) disagree(leader, made, expected, actual)
}

async function atFollower(world: World, site: Site, truth: Truth, made: Made): Promise<void> {
  const { history } = world
  const leader = history.leaderOf(truth.id)!
  const { seq } = history.headOf(site.region, truth.id)!
  const actual = await opened(site.room, made)
  if (seq === history.headOf(leader, truth.id)!.seq) {
    const expected = predictedOpen(truth, made)
    if (actual !== expected) disagree(site, made, expected, actual)
  } else if (!BEHIND.includes(actual)) disagree(site, made, BEHIND.join(' or '), actual)
  const gone = truth.destroyed.get(made.versionId)
  if (actual === 'ok' && gone !== undefined && seq >= gone)
    violated(`${site.region}: ${made.keyName} version ${made.number} was destroyed and is back`)
}

function disagree(site: Site, made: Made, expected: string, actual: string): never {
  return violated(
    `${site.region}: what ${made.keyName} version ${made.number} made (${made.by}) should be ` +
      `${expected} when it is opened, and is ${actual}`,
  )
}

async function verified(site: Site): Promise<void> {
  if (site.health !== 'open') return
  const { finding } = await site.room.verify()
  if (finding) violated(`verify() of ${site.region}: ${finding.what} (commit ${finding.sequence})`)
}

/** The journal reads in order, each entry going on from the one before in its vault. */
async function readable(site: Site): Promise<void> {
  let last = 0n
  for await (const { sequence } of site.room.journal()) {
    if (sequence <= last) violated(`the journal of ${site.region} shows ${sequence} after ${last}`)
    last = sequence
  }
}
