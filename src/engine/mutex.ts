/** First come, first served; one holder at a time. */
export class Mutex {
  #tail: Promise<unknown> = Promise.resolve()

  /** Runs `body` alone; its failure does not disturb those who wait. */
  run<T>(body: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(body)
    this.#tail = result.catch(() => undefined)
    return result
  }
}
