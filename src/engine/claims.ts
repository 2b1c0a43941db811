/** Names that are being given: one after the other, whichever vault it is in. */
export class Claims {
  readonly #held = new Map<string, Promise<void>>()

  /** Waits until nobody else is giving this name; then it is the caller's until the release. */
  async claim(name: string): Promise<() => void> {
    for (let held = this.#held.get(name); held; held = this.#held.get(name)) await held
    let free = (): void => undefined
    this.#held.set(name, new Promise((resolve) => (free = resolve)))
    return () => {
      this.#held.delete(name)
      free()
    }
  }
}
