/** What happens to rooms and between them: rounds, replicas, promotions, time, crashes, recoveries. */
import type { Followed } from '../../engine/replication/follow.ts'
import type { ErrorCode } from '../../base/errors.ts'
import * as m from '../model.ts'
import { OTHER_SEAL, SEAL, type Site } from './site.ts'
import { someStep, type Step } from './step.ts'
import { sideWrite, WRITE_STEPS } from './steps-writes.ts'
import { codeOf, violated } from './trace.ts'
import type { Truth } from './truth.ts'
import { write, type World } from './world.ts'

/** Why a round may not get further, when something went wrong in it. */
const ROUND_CODES: readonly ErrorCode[] = [
  'UNAVAILABLE',
  'OUTCOME_UNKNOWN',
  'INTEGRITY',
  'NOT_FOUND',
  'CLOSED',
]

export async function round(world: World, site: Site): Promise<string> {
  const wanted = world.truths.map((truth) => world.leader(truth) && newest(world, truth))
  let followed: readonly Followed[]
  try {
    followed = await site.room.replicate()
  } catch (error) {
    const code = codeOf(error)
    if (!site.harmed) violated(`a round of ${site.region} failed: ${code}`, error)
    return `${site.region}: ${code}`
  }
  for (const { failure } of followed) {
    if (failure === undefined) continue
    codeOf(failure)
    if (world.calm || !ROUND_CODES.includes(failure.code))
      violated(`a round of ${site.region}: ${failure.code}: ${failure.message}`, failure)
  }
  for (const [i, truth] of world.truths.entries()) {
    const head = world.history.headOf(site.region, truth.id)
    if (head?.role !== 'replica') continue
    const one = followed.find(({ vaultId }) => vaultId === truth.id)
    if (one && !one.failure) world.swept.push({ site, followed: truth })
    if (world.calm && wanted[i] !== undefined && head.seq < wanted[i])
      violated(`${site.region} stands at ${head.seq} after a round, the primary at ${wanted[i]}`)
  }
  return `${site.region}: ${followed.map(told).join(' ')}`
}

const told = ({ applied, snapshot, dropped, failure, region }: Followed): string =>
  `${region} ${applied}${snapshot ? ' snapshot' : ''}${dropped ? ' dropped' : ''}` +
  (failure ? ` ${failure.code}` : '')

function newest(world: World, truth: Truth): bigint {
  return world.history.headOf(world.history.leaderOf(truth.id)!, truth.id)!.seq
}

async function replicate(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.openSites())
  return site && round(world, site)
}

/** Rounds while the primary is written to. */
async function together(world: World): Promise<string | undefined> {
  const [{ name, outcome }, ...rounds] = await Promise.all([
    someStep(world, WRITE_STEPS),
    ...world.openSites().map((site) => round(world, site)),
  ])
  return [`${name} ${outcome}`, ...rounds].join(' | ')
}

const REFUSED: readonly ErrorCode[] = ['CONFLICT', 'NOT_FOUND', 'INVALID_STATE', 'INVALID_ARGUMENT']

function replicaStep(name: 'createVaultReplica' | 'deleteVaultReplica', weight: number): Step {
  const run = async (world: World): Promise<string | undefined> => {
    const truth = world.chance.pick(world.truths)
    const { region } = world.chance.pick(world.sites)
    const outcome = await sideWrite(
      world,
      truth,
      (room) => room[name]({ vaultId: truth.id, region }),
      REFUSED,
    )
    return outcome && `${region}: ${outcome}`
  }
  return { name, weight, run }
}

/** Why a promotion may not happen. Nobody may have led in the meantime. */
const NOT_PROMOTED: readonly ErrorCode[] = ['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'BUSY', 'NOT_FOUND']

async function promote(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const candidates = world.followers(truth)
  const heir = candidates.find(({ region }) => region === truth.heir)
  const site = heir ?? world.chance.maybe(candidates)
  if (!site) return undefined
  // Who steps down does so for one; while nobody leads, that one stays the heir.
  if (world.history.leaderOf(truth.id) !== undefined) truth.heir = site.region
  try {
    await site.room.promoteVaultReplica({ vaultId: truth.id })
    if (world.history.leaderOf(truth.id) !== site.region)
      violated(`${site.region} was promoted and does not lead`)
    truth.heir = undefined
    world.history.acknowledge(truth.id)
    return `${site.region}: ok`
  } catch (error) {
    const code = codeOf(error)
    const ended = code === 'INVALID_STATE' && m.vaultState(truth.vault) === 'deleted'
    if (!ended && !NOT_PROMOTED.includes(code))
      violated(`promotion of ${site.region}: ${code}`, error)
    return `${site.region}: ${code}`
  }
}

async function advance(world: World): Promise<string> {
  const hours = world.chance.pick([1, 24, 24 * 3, 24 * 8, 24 * 31, 24 * 40])
  world.clock.advance({ hours })
  for (const truth of world.truths) truth.advance(hours * 3_600_000)
  return `${hours} hours`
}

async function tick(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.openSites())
  if (!site) return undefined
  const code = await outcomeAt(site, () => site.room.tick())
  if (code === 'ok') world.swept.push({ site })
  return `${site.region}: ${code}`
}

/** `ok`, or a code that is right because something went wrong in the store. */
async function outcomeAt(site: Site, call: () => Promise<unknown>): Promise<string> {
  try {
    await call()
    return 'ok'
  } catch (error) {
    const code = codeOf(error)
    const known = code === 'UNAVAILABLE' || code === 'OUTCOME_UNKNOWN'
    if (!known || !site.harmed) violated(`${site.region}: ${code}`, error)
    return code
  }
}

async function prune(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.openSites())
  if (!site) return undefined
  const { sequence } = site.room.head()
  const until = sequence - BigInt(world.chance.below(8))
  if (until <= site.pruned) return undefined
  const code = await outcomeAt(site, () => site.room.pruneJournal({ until }))
  // Even a prune that was cut off may have let go of it.
  site.pruned = until
  return `${site.region} until ${until}: ${code}`
}

async function reseal(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.openSites())
  if (!site) return undefined
  const [before] = site.seals
  const next = before === SEAL ? OTHER_SEAL : SEAL
  const code = await outcomeAt(site, () => site.room.reseal(next))
  site.seals = code === 'ok' ? [next] : [before!, next]
  return `${site.region}: ${code}`
}

/** A process that ends in good order, and the next one. */
async function restart(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.openSites())
  if (!site) return undefined
  await site.close()
  return `${site.region}: ${await reopen(world, site)}`
}

async function reopen(world: World, site: Site): Promise<string> {
  const code = await outcomeAt(site, () => site.open())
  if (code === 'ok') world.link(site)
  return code
}

/** A site that does not work is brought back: by recovery, or by another process. */
export async function mend(world: World): Promise<string | undefined> {
  const site = world.chance.maybe(world.sites.filter(({ health }) => health !== 'open'))
  if (!site) return undefined
  if (site.health === 'failed' && world.chance.hits(0.6))
    return `${site.region} recovers: ${await outcomeAt(site, () => site.recover())}`
  if (site.health === 'failed') await site.close()
  return `${site.region} opens: ${await reopen(world, site)}`
}

async function scheduleVault(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  const at = world.clock.now() + 30 * m.DAY_MS
  return write(world, truth, {
    act: (model, vault) => m.scheduleVaultDeletion(model, vault, at),
    call: (room) => room.scheduleVaultDeletion({ vaultId: truth.id, deletionAt: new Date(at) }),
  })
}

async function cancelVault(world: World): Promise<string | undefined> {
  const truth = world.chance.pick(world.truths)
  if (m.vaultState(truth.vault) !== 'pendingDeletion') return undefined
  return write(world, truth, {
    act: (model, vault) => m.cancelVaultDeletion(model, vault),
    call: (room) => room.cancelVaultDeletion({ vaultId: truth.id }),
  })
}

export const SITE_STEPS: readonly Step[] = [
  { name: 'replicate', weight: 16, run: replicate },
  { name: 'together', weight: 8, run: together },
  replicaStep('createVaultReplica', 4),
  replicaStep('deleteVaultReplica', 2),
  { name: 'promoteVaultReplica', weight: 4, run: promote },
  { name: 'advance', weight: 5, run: advance },
  { name: 'tick', weight: 6, run: tick },
  { name: 'pruneJournal', weight: 2, run: prune },
  { name: 'reseal', weight: 1, run: reseal },
  { name: 'restart', weight: 3, run: restart },
  { name: 'mend', weight: 2, run: mend },
  { name: 'scheduleVaultDeletion', weight: 0.5, run: scheduleVault },
  { name: 'cancelVaultDeletion', weight: 3, run: cancelVault },
]
