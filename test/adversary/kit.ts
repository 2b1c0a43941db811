/** What the tests of this folder share: a seed, injuries of single bits and lengths, and costs. */
import { randomInt } from 'node:crypto'
import { getHeapStatistics } from 'node:v8'

/** Printed in the names of tests; `STRONGROOM_SEED=n` repeats a run. */
export const SEED = Number(process.env['STRONGROOM_SEED'] ?? randomInt(2 ** 31))

/** A copy with one bit turned. */
export function turned(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = new Uint8Array(bytes)
  copy[bit >>> 3]! ^= 1 << (bit & 7)
  return copy
}

/** Each copy with one bit turned, or every `step`-th. */
export function* turns(bytes: Uint8Array, step = 1, from = 0): Generator<Uint8Array> {
  for (let bit = from; bit < bytes.length * 8; bit += step) yield turned(bytes, bit)
}

/** Each proper prefix from `least` bytes on, and three longer forms. */
export function* lengths(bytes: Uint8Array, least = 1): Generator<Uint8Array> {
  for (let length = least; length < bytes.length; length++) yield bytes.slice(0, length)
  yield Uint8Array.of(...bytes, 0)
  yield Uint8Array.of(0, ...bytes)
  yield Uint8Array.of(...bytes, ...bytes)
}

/** What one input may cost. */
export interface Bounds {
  readonly ms: number
  readonly bytes: number
}
export const BOUNDS: Bounds = { ms: 50, bytes: 32 * 2 ** 20 }

/** Whether an input takes too long is asked so often: other programs take time from this one. */
const ATTEMPTS_MAX = 5

/** What single inputs cost, and which of them cost too much. */
export class Costs {
  readonly #bounds: Bounds
  #slowest = { what: 'nothing', ms: 0 }
  #largest = { what: 'nothing', bytes: 0 }

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /** Answers what `run` answers, and what is wrong with its cost, if anything is. */
  async measured<T>(what: string, run: () => T | Promise<T>): Promise<[T, string | undefined]> {
    const [answer, least] = await once(run)
    for (let attempt = 1; least.ms > this.#bounds.ms && attempt < ATTEMPTS_MAX; attempt++) {
      const [, again] = await once(run)
      least.ms = Math.min(least.ms, again.ms)
    }
    if (least.ms > this.#slowest.ms) this.#slowest = { what, ms: least.ms }
    if (least.bytes > this.#largest.bytes) this.#largest = { what, bytes: least.bytes }
    const { ms, bytes } = this.#bounds
    if (least.ms <= ms && least.bytes <= bytes) return [answer, undefined]
    return [answer, `${what} takes ${least.ms.toFixed(1)} ms and ${mebibytes(least.bytes)}`]
  }

  toString(): string {
    const { what, ms } = this.#slowest
    const { what: large, bytes } = this.#largest
    return `slowest ${ms.toFixed(1)} ms (${what}), largest ${mebibytes(bytes)} (${large})`
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

async function once<T>(run: () => T | Promise<T>): Promise<[T, { ms: number; bytes: number }]> {
  const before = heldBytes()
  const start = performance.now()
  const running = run()
  // Time on the clock: what is synchronous must not wait for others.
  const answer = running instanceof Promise ? await running : running
  const ms = performance.now() - start
  return [answer, { ms, bytes: Math.max(0, heldBytes() - before) }]
}

/** Bytes in the heap and in buffers; a collection in between hides some, so one look may miss. */
function heldBytes(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics()
  return heap + buffers
}
