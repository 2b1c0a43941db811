/**
 * A sorted set of strings in chunks: two binary searches and one short splice per change, fast at
 * millions.
 */

/** A chunk splits in two beyond this length; a splice moves at most so many pointers. */
const CHUNK_MAX = 512

export class SortedKeys {
  /** Never an empty chunk; the last of one is below the first of the next. */
  readonly #chunks: string[][] = []

  /** Adds a key that may already be there. */
  add(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) {
      this.#chunks.push([key])
      return
    }
    const place = lowerBound(chunk, key)
    if (chunk[place] === key) return
    chunk.splice(place, 0, key)
    if (chunk.length > CHUNK_MAX) this.#chunks.splice(at + 1, 0, chunk.splice(CHUNK_MAX >>> 1))
  }

  delete(key: string): void {
    const at = this.#chunkOf(key)
    const chunk = this.#chunks[at]
    if (chunk === undefined) return
    const place = lowerBound(chunk, key)
    if (chunk[place] !== key) return
    chunk.splice(place, 1)
    if (chunk.length === 0) this.#chunks.splice(at, 1)
  }

  /** Keys from `gte` up to but without `lt`, rising or (`reverse`) falling, at most `limit`. */
  range(gte: string, lt: string, limit: number, reverse: boolean): string[] {
    return reverse ? this.#down(gte, lt, limit) : this.#up(gte, lt, limit)
  }

  #up(gte: string, lt: string, limit: number): string[] {
    const keys: string[] = []
    let at = this.#chunkOf(gte)
    let place = lowerBound(this.#chunks[at] ?? [], gte)
    for (; at < this.#chunks.length; at++, place = 0) {
      const chunk = this.#chunks[at]!
      for (; place < chunk.length; place++) {
        const key = chunk[place]!
        if (keys.length >= limit || key >= lt) return keys
        keys.push(key)
      }
    }
    return keys
  }

  #down(gte: string, lt: string, limit: number): string[] {
    const keys: string[] = []
    let at = this.#chunkOf(lt)
    let place = lowerBound(this.#chunks[at] ?? [], lt) - 1
    for (; at >= 0; at--, place = (this.#chunks[at]?.length ?? 0) - 1) {
      const chunk = this.#chunks[at] ?? []
      for (; place >= 0; place--) {
        const key = chunk[place]!
        if (keys.length >= limit || key < gte) return keys
        keys.push(key)
      }
    }
    return keys
  }

  /** The last chunk whose first key is not above `key`, else the first one. */
  #chunkOf(key: string): number {
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#chunks[middle]![0]! <= key) low = middle + 1
      else high = middle
    }
    return Math.max(0, low - 1)
  }
}

/** The first place whose key is not below `key`. */
function lowerBound(sorted: readonly string[], key: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (sorted[middle]! < key) low = middle + 1
    else high = middle
  }
  return low
}
