/** A realm of three rooms in one seed: what happens, what goes wrong, and what must hold all the same. */
import { invalidArgument } from '../../base/errors.ts'
import { Checks } from './check.ts'
import { comeTogether, digestOf, heal } from './end.ts'
import { mend, SITE_STEPS } from './steps-sites.ts'
import { USE_STEPS } from './steps-uses.ts'
import { someStep, type Step } from './step.ts'
import { WRITE_STEPS } from './steps-writes.ts'
import { SimulationFailure } from './trace.ts'
import { World } from './world.ts'

export { SimulationFailure } from './trace.ts'

export interface SimulationOptions {
  /** Default 40. */
  readonly steps?: number
  /** Whether stores fail, processes crash and lines lose messages; default true. */
  readonly faults?: boolean
}

export interface Simulation {
  readonly seed: number
  /** SHA-256 over the log, in hex: equal for equal runs. */
  readonly trace: string
  /** What happened, one line a step; at the end what every store holds. */
  readonly log: readonly string[]
  /** How often each step was made, and what was looked at. */
  readonly counts: Readonly<Record<string, number>>
}

const STEPS_DEFAULT = 40
const STEPS: readonly Step[] = [...WRITE_STEPS, ...USE_STEPS, ...SITE_STEPS]
const MEND: Step = { name: 'mend', weight: 1, run: mend }
/** How often a site that does not work is left alone for another step. */
const MEND_SHARE = 0.5

/**
 * Runs a primary with its followers through operations, time and faults that a seed chooses, and
 * checks after every step that nothing acknowledged was lost, that followers are what the primary was,
 * that whatever a living version made opens, and that nothing destroyed comes back. The same seed
 * gives the same run, byte for byte.
 *
 * @throws SimulationFailure with the seed and the last steps
 *
 * @example
 * import { simulate } from 'strongroom/testing'
 * const { trace, log } = await simulate(1)
 * console.log(trace === (await simulate(1)).trace, log.length)
 */
export async function simulate(
  seed: number,
  { steps = STEPS_DEFAULT, faults = true }: SimulationOptions = {},
): Promise<Simulation> {
  if (!Number.isSafeInteger(seed)) invalidArgument('seed', 'a safe integer', seed)
  if (!Number.isSafeInteger(steps) || steps < 0) invalidArgument('steps', 'a count', steps)
  const run = new Run(seed, faults)
  try {
    await run.all(steps)
  } catch (error) {
    const cause = error instanceof Error ? error : new Error(String(error))
    throw new SimulationFailure(seed, run.world.trace.lines, cause)
  }
  return run.result()
}

class Run {
  readonly world: World
  readonly #seed: number
  readonly #checks = new Checks()
  readonly #counts = new Map<string, number>()

  constructor(seed: number, faults: boolean) {
    this.#seed = seed
    this.world = new World(seed, faults)
  }

  async all(steps: number): Promise<void> {
    await this.world.begin()
    for (let n = 1; n <= steps; n++) await this.#step(n)
    await this.#end()
  }

  result(): Simulation {
    const { trace } = this.world
    const counts = { ...Object.fromEntries(this.#counts), attacks: this.#checks.attacks }
    return Object.freeze({
      seed: this.#seed,
      trace: trace.digest(),
      log: [...trace.lines],
      counts,
    })
  }

  /** A step that can be made now, and what must hold after it. */
  async #step(n: number): Promise<void> {
    const { world } = this
    world.beginStep()
    world.trace.line(`${n} ...`)
    const { name, outcome } = await someStep(world, this.#steps)
    await world.endStep()
    world.trace.replaceLast(`${n} ${name} ${outcome}${world.troubles()}`)
    this.#count(name)
    await this.#checks.run(world)
  }

  get #steps(): readonly Step[] {
    const { world } = this
    return !world.allOpen && world.chance.hits(MEND_SHARE) ? [MEND] : STEPS
  }

  /** Everything is mended, the weather is fine: all must come together. */
  async #end(): Promise<void> {
    const { world } = this
    world.trace.line('end')
    world.beginStep(false)
    await heal(world)
    await comeTogether(world)
    await this.#checks.all(world)
    for (const site of world.sites)
      world.trace.line(
        `${site.region} ${world.history.digest(site.region, world.vaultIds)} ${digestOf(site)}`,
      )
    for (const site of world.sites) await site.close()
  }

  #count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }
}
