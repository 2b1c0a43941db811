/** What was found before, by texts that come again and again: names, URLs, callers. */

const KEPT_MAX = 10_000
/** Longer texts are not the ones that come again. */
const LENGTH_MAX = 512

/** When it knows too much it forgets all of it. */
export class Remembered<T> {
  readonly #known = new Map<string, T>()

  get(text: string): T | undefined {
    return this.#known.get(text)
  }

  set(text: string, value: T): void {
    if (text.length > LENGTH_MAX) return
    if (this.#known.size >= KEPT_MAX) this.#known.clear()
    this.#known.set(text, value)
  }

  delete(text: string): void {
    this.#known.delete(text)
  }
}

/** The same pure function, which remembers. */
export function memo<T>(make: (text: string) => T): (text: string) => T {
  const known = new Remembered<T>()
  return (text) => {
    const found = known.get(text)
    if (found !== undefined) return found
    const made = make(text)
    known.set(text, made)
    return made
  }
}
