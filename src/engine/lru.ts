/** A bounded map: the entry least recently set or refreshed leaves first. */
export class Lru<K, V> {
  readonly #map = new Map<K, V>()
  readonly #max: number
  readonly #onEvict: ((value: V) => void) | undefined
  /** The key set or refreshed last: it need not move, and runs of reads of one key are common. */
  #newest: K | undefined

  constructor(max: number, onEvict?: (value: V) => void) {
    this.#max = max
    this.#onEvict = onEvict
  }

  get size(): number {
    return this.#map.size
  }

  /** Reads and refreshes. */
  get(key: K): V | undefined {
    const value = this.#map.get(key)
    if (value !== undefined && key !== this.#newest) {
      this.#map.delete(key)
      this.#map.set(key, value)
      this.#newest = key
    }
    return value
  }

  /**
   * Reads without refreshing: for hot paths, where moving an entry would cost more than the lookup.
   */
  peek(key: K): V | undefined {
    return this.#map.get(key)
  }

  set(key: K, value: V): void {
    this.#map.delete(key)
    this.#map.set(key, value)
    this.#newest = key
    if (this.#map.size <= this.#max) return
    for (const [oldest, evicted] of this.#map) {
      this.#map.delete(oldest)
      this.#onEvict?.(evicted)
      return
    }
  }

  delete(key: K): void {
    const value = this.#map.get(key)
    if (value === undefined) return
    this.#map.delete(key)
    if (key === this.#newest) this.#newest = undefined
    this.#onEvict?.(value)
  }

  clear(): void {
    if (this.#onEvict) for (const value of this.#map.values()) this.#onEvict(value)
    this.#map.clear()
    this.#newest = undefined
  }
}
