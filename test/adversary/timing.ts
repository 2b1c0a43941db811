/**
 * How long refusals take: for none of their reasons longer than for another. A round is one
 * measurement of each kind in each scene; slow scenes get fewer. Reasons that a caller can see
 * for himself (an unknown version, a wrong length) may differ; those that only the key tells may
 * not.
 */
import { Ledger, type Campaign } from '../campaigns/campaign.ts'
import { Chance } from '../campaigns/chance.ts'
import { scenes, type Input, type Scene } from './scenes.ts'
import { mostDifferent, T_MAX, type Difference } from './ttest.ts'

/** Inputs of a kind, made ahead: what is measured is nothing but the refusal. */
const POOL = 256
const WARM_UP = 2000
const ROUNDS_MIN = 120
/** A difference must show again: on a machine that others use, one in a while is chance. */
const REPETITIONS = 3

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  const chance = new Chance(options.seed)
  for (const scene of await scenes(chance)) {
    const rounds = Math.max(ROUNDS_MIN, Math.ceil(options.rounds / scene.slowness))
    const found = await examined(scene, rounds, chance, ledger)
    const { t, kinds } = found.at(-1)!
    const pair = kinds.map((kind) => scene.kinds[kind]).join(' / ')
    ledger.add(`t of ${scene.name}`, Number(Math.abs(t).toFixed(2)))
    options.log(`${scene.name}: ${rounds} of each kind, ${told(found)} (${pair})`)
    if (isDifferent(found)) ledger.violation(`${scene.name}: ${pair} differ, ${told(found)}`)
    await scene.close?.()
  }
  return ledger.report()
}

const told = (found: readonly Difference[]): string =>
  `t = ${found.map(({ t }) => Math.abs(t).toFixed(2)).join(', ')}`

export const isDifferent = (found: readonly Difference[]): boolean =>
  found.every(({ t }) => Math.abs(t) >= T_MAX)

/** Measures until the times look alike, and at most so often. */
export async function examined(
  scene: Scene,
  rounds: number,
  chance: Chance,
  ledger: Ledger,
): Promise<readonly Difference[]> {
  const found: Difference[] = []
  do found.push(mostDifferent(await measured(scene, rounds, chance, ledger)))
  while (isDifferent(found) && found.length < REPETITIONS)
  return found
}

/** Times of every kind, taken in an order of chance. */
async function measured(
  scene: Scene,
  rounds: number,
  chance: Chance,
  ledger: Ledger,
): Promise<readonly Float64Array[]> {
  const pools = await Promise.all(scene.kinds.map((kind) => pool(scene, kind)))
  const slot = new Uint8Array(pools[0]![0]!.bytes.length)
  const times = scene.kinds.map(() => new Float64Array(rounds))
  const taken = scene.kinds.map(() => 0)
  const once = async (kind: number): Promise<number> => {
    const { bytes, circumstance } = pools[kind]![chance.below(POOL)]!
    slot.set(bytes)
    const start = performance.now()
    const pending = scene.opens(slot, circumstance)
    const answer = pending instanceof Promise ? ((await pending) as unknown) : pending
    const spent = performance.now() - start
    if (answer !== undefined) ledger.violation(`${scene.name}: ${scene.kinds[kind]} opens`)
    return spent
  }
  for (let i = 0; i < Math.min(WARM_UP, rounds); i++) await once(chance.below(times.length))
  let open = times.map((_, kind) => kind)
  while (open.length > 0) {
    const kind = chance.pick(open)
    times[kind]![taken[kind]!++] = await once(kind)
    if (taken[kind] === rounds) open = open.filter((other) => other !== kind)
  }
  ledger.add('measurements', rounds * times.length)
  return times
}

async function pool(scene: Scene, kind: string): Promise<readonly Input[]> {
  const inputs: Input[] = []
  for (let i = 0; i < POOL; i++) inputs.push(await scene.input(kind, i % 2 === 0 ? 0 : 1))
  return inputs
}
