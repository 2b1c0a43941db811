/**
 * Virtual time for stores: every call waits for a latency drawn from a seed, and the shortest wait
 * ends first. Between two ends everything that can go on does, so one seed gives one history.
 */
import type { Chance } from '../campaigns/chance.ts'

interface Waiting {
  readonly at: number
  readonly order: number
  readonly resolve: () => void
}

/** Most answers come soon, some much later. */
const LATENCIES = [1, 1, 2, 2, 3, 5, 8, 20, 60]

/** The microtasks are done: all that is left waits here. */
const quiet = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

export class Scheduler {
  readonly #chance: Chance
  #waiting: Waiting[] = []
  #now = 0
  #order = 0

  constructor(chance: Chance) {
    this.#chance = chance
  }

  /** Virtual time. */
  get now(): number {
    return this.#now
  }

  /** Ends when its time has come, while `run` runs. */
  wait(): Promise<void> {
    const span = this.#chance.pick(LATENCIES) * (1 + this.#chance.below(100))
    return new Promise((resolve) => {
      this.#waiting.push({ at: this.#now + span, order: this.#order++, resolve })
    })
  }

  /** Lets time pass until the work is done; fails when it waits for something else than time. */
  async run<T>(work: Promise<T>): Promise<T> {
    const ended: true[] = []
    const end = (): void => void ended.push(true)
    work.then(end, end)
    for (;;) {
      await quiet()
      if (ended.length > 0) return work
      const next = this.#take()
      if (!next) throw new Error('Deadlock: work is under way and no answer is on its way.')
      this.#now = next.at
      next.resolve()
    }
  }

  #take(): Waiting | undefined {
    let first: Waiting | undefined
    for (const one of this.#waiting)
      if (!first || one.at < first.at || (one.at === first.at && one.order < first.order))
        first = one
    this.#waiting = this.#waiting.filter((one) => one !== first)
    return first
  }
}
