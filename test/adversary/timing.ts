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
  const pool = await Pool.of(scene, chance)
  const slot = new Uint8Array(pool.bytes)
  const times = scene.kinds.map(() => new Float64Array(rounds))
  const taken = scene.kinds.map(() => 0)
  const once = async (kind: number): Promise<number> => {
    const circumstance = pool.draw(kind, chance, slot)
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

/**
 * Inputs of all kinds, mixed in one piece of memory: where something lies decides how fast it is
 * read, and must not depend on its kind.
 */
class Pool {
  /** Of each input. */
  readonly bytes: number
  readonly #memory: Uint8Array
  readonly #circumstances: readonly (0 | 1)[]
  /** Places of each kind. */
  readonly #places: readonly (readonly number[])[]

  private constructor(inputs: readonly Input[], places: readonly (readonly number[])[]) {
    this.bytes = inputs[0]!.bytes.length
    this.#memory = new Uint8Array(inputs.length * this.bytes)
    for (const [at, { bytes }] of inputs.entries()) this.#memory.set(bytes, at * this.bytes)
    this.#circumstances = inputs.map(({ circumstance }) => circumstance)
    this.#places = places
  }

  static async of({ kinds, input }: Scene, chance: Chance): Promise<Pool> {
    const all: { readonly kind: number; readonly input: Input }[] = []
    for (let i = 0; i < POOL; i++)
      for (const [kind, name] of kinds.entries()) {
        const made = { kind, input: await input(name, i % 2 === 0 ? 0 : 1) }
        all.splice(chance.below(all.length + 1), 0, made)
      }
    const places = kinds.map((_, kind) => [...all.keys()].filter((at) => all[at]!.kind === kind))
    return new Pool(
      all.map((made) => made.input),
      places,
    )
  }

  /** Copies one of a kind; answers what it meets. */
  draw(kind: number, chance: Chance, slot: Uint8Array): 0 | 1 {
    const place = chance.pick(this.#places[kind]!)
    const at = place * this.bytes
    for (let i = 0; i < this.bytes; i++) slot[i] = this.#memory[at + i]!
    return this.#circumstances[place]!
  }
}
