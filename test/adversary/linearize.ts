/**
 * Whether a concurrent history is what some order of one call after the other gives, an order that
 * keeps every call between its beginning and its end (Herlihy and Wing 1990). The search is the one
 * of Wing and Gong with the memo of Lowe: no set of finished calls is entered twice in one state.
 */

/** One call as its caller saw it. */
export interface Call<O, R> {
  readonly op: O
  readonly result: R
  /** Numbers of one clock; Infinity while nobody knows whether it happened. */
  readonly begun: number
  readonly ended: number
  /** May have had no effect at all. */
  readonly optional: boolean
  /** Where to look first: smaller is earlier. It never decides anything. */
  readonly hint: number
}

export interface Model<S, O, R> {
  readonly initial: S
  /**
   * The state after the call, when the sequential object could answer so; the very same state when
   * it changed nothing; undefined when it could not.
   */
  readonly step: (state: S, op: O, result: R, optional: boolean) => S | undefined
  readonly key: (state: S) => string
}

export type Verdict =
  | { readonly ok: true; readonly states: number }
  | { readonly ok: false; readonly states: number; readonly stuck: number }

/** The search gives up beyond so many states: that is a finding too, and never silence. */
const STATES_MAX = 50_000

export function linearize<S, O, R>(model: Model<S, O, R>, history: readonly Call<O, R>[]): Verdict {
  return new Search(model, history).run()
}

class Search<S, O, R> {
  readonly #model: Model<S, O, R>
  /** In the order of the hints: whoever is looked for is looked for in it. */
  readonly #calls: readonly Call<O, R>[]
  readonly #seen = new Set<string>()
  /** The most calls that any order explained. */
  #most = 0

  constructor(model: Model<S, O, R>, history: readonly Call<O, R>[]) {
    this.#model = model
    this.#calls = [...history].sort((a, b) => a.hint - b.hint || a.begun - b.begun)
  }

  run(): Verdict {
    const done = new Uint8Array(this.#calls.length)
    const ok = this.#explore(this.#model.initial, done)
    const states = this.#seen.size
    return ok ? { ok, states } : { ok, states, stuck: this.#most }
  }

  #explore(from: S, before: Uint8Array): boolean {
    const done = new Uint8Array(before)
    const state = from
    this.#absorb(state, done)
    const count = done.reduce((sum, one) => sum + one, 0)
    this.#most = Math.max(this.#most, count)
    if (this.#calls.every(({ optional }, i) => optional || done[i] === 1)) return true
    const key = `${Buffer.from(done).toString('latin1')} ${this.#model.key(state)}`
    if (this.#seen.has(key)) return false
    this.#seen.add(key)
    if (this.#seen.size > STATES_MAX) throw new Error(`Undecided after ${STATES_MAX} states.`)
    for (const i of this.#candidates(done)) {
      const next = this.#step(state, i)
      if (next === undefined || next === state) continue
      done[i] = 1
      if (this.#explore(next, done)) return true
      done[i] = 0
    }
    return false
  }

  /**
   * Takes every call that fits now and changes nothing: were it to come later in some order, it
   * might as well come now.
   */
  #absorb(state: S, done: Uint8Array): void {
    for (let more = true; more;) {
      more = false
      for (const i of this.#candidates(done)) {
        if (this.#calls[i]!.optional || this.#step(state, i) !== state) continue
        done[i] = 1
        more = true
      }
    }
  }

  #step(state: S, i: number): S | undefined {
    const { op, result, optional } = this.#calls[i]!
    return this.#model.step(state, op, result, optional)
  }

  /** Calls that may come next: begun before every other unfinished call ended. */
  #candidates(done: Uint8Array): number[] {
    let firstEnd = Infinity
    for (const [i, { ended }] of this.#calls.entries())
      if (done[i] === 0 && ended < firstEnd) firstEnd = ended
    const found: number[] = []
    for (const [i, { begun }] of this.#calls.entries())
      if (done[i] === 0 && begun <= firstEnd) found.push(i)
    return found
  }
}
