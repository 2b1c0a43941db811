/** What was found before, by a text; when it knows too much it forgets all of it. */

const KEPT_MAX = 10_000
/** Longer texts are not the ones that come again. */
const LENGTH_MAX = 512

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
}
