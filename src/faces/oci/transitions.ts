/**
 * States in between. Ours change at once; OCI shows CREATING before ENABLED and the like. What is on
 * its way is held here for a while by the clock of the room, and refuses what the service would refuse
 * meanwhile (contracts: OCI 5).
 */
interface Held {
  readonly state: string
  readonly until: number
  /** The request that is under way may be repeated. */
  readonly retryToken: string | undefined
}

/** More than any test waits for. */
const HELD_MAX = 10_000

export class Transitions {
  readonly #held = new Map<string, Held>()

  /** What ends later counts: a repeated request does not begin anew. */
  hold(id: string, held: Held): void {
    if ((this.#held.get(id)?.until ?? 0) > held.until) return
    this.#held.delete(id)
    this.#held.set(id, held)
    if (this.#held.size <= HELD_MAX) return
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest)
      break
    }
  }

  /** The state in which a resource is held at this moment. */
  at(id: string, clock: { readonly now: number }): Held | undefined {
    const held = this.#held.get(id)
    if (!held || clock.now < held.until) return held
    this.#held.delete(id)
    return undefined
  }
}
