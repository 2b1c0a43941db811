/** Answers of pure functions of texts that come again and again: names, URLs. */

const KEPT_MAX = 10_000
/** Longer texts are not the ones that come again. */
const LENGTH_MAX = 512

/** A map that, when it knows too much, forgets all of it. */
export class Bounded<T> {
  readonly #known = new Map<string, T>()

  get(name: string): T | undefined {
    return this.#known.get(name)
  }

  set(name: string, value: T): void {
    if (this.#known.size >= KEPT_MAX) this.#known.clear()
    this.#known.set(name, value)
  }
}

/** The same function, which remembers. */
export function memo<T>(make: (text: string) => T): (text: string) => T {
  const known = new Bounded<T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    if (text.length <= LENGTH_MAX) known.set(text, made)
    return made
  }
}
