import { Lru } from './lru.ts'

/** Where an id leads. */
export interface Place {
  readonly vaultId: string
  readonly ordinal: number
  readonly version: number
}

/**
 * Where ids lead, as far as it was looked up: to one place each, or, those of a multi-Region key, to
 * one in every vault that has a copy.
 */
export class Places {
  readonly #known: Lru<string, readonly Place[]>
  /** Moves with every change: what was looked up before it is not kept. */
  #changes = 0

  constructor(max: number) {
    this.#known = new Lru(max)
  }

  get(id: string): readonly Place[] | undefined {
    return this.#known.get(id)
  }

  /** Answers what `look` finds, and keeps it unless something changed meanwhile. */
  async find(id: string, look: () => Promise<readonly Place[]>): Promise<readonly Place[]> {
    const known = this.#known.get(id)
    if (known) return known
    const changes = this.#changes
    const found = await look()
    if (found.length > 0 && changes === this.#changes) this.#known.set(id, found)
    return found
  }

  drop(id: string): void {
    this.#changes++
    this.#known.delete(id)
  }

  clear(): void {
    this.#changes++
    this.#known.clear()
  }
}
