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

/** What is asked again and again to be sure that it takes too long, or hangs. */
const ATTEMPTS_MAX = 5
/** So many times the bound on the clock is a hang, however busy the machine. */
const HANG = 40

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
    const [answer, first] = await once(run)
    let { ms, clockMs, bytes } = first
    const again = async (): Promise<void> => {
      const [, cost] = await once(run)
      ms = Math.min(ms, cost.ms)
      clockMs = Math.min(clockMs, cost.clockMs)
      bytes = Math.min(bytes, cost.bytes)
    }
    // What others in the process allocate meanwhile is not its cost: once more, since a collection
    // in between hides some.
    if (bytes > this.#bounds.bytes) await again()
    for (let attempt = 1; this.#isSlow(ms, clockMs) && attempt < ATTEMPTS_MAX; attempt++)
      await again()
    if (ms > this.#slowest.ms) this.#slowest = { what, ms }
    if (bytes > this.#largest.bytes) this.#largest = { what, bytes }
    if (!this.#isSlow(ms, clockMs) && bytes <= this.#bounds.bytes) return [answer, undefined]
    const told = `${ms.toFixed(1)} ms (${clockMs.toFixed(1)} on the clock)`
    return [answer, `${what} takes ${told} and ${mebibytes(bytes)}`]
  }

  #isSlow(ms: number, clockMs: number): boolean {
    return ms > this.#bounds.ms || clockMs > HANG * this.#bounds.ms
  }

  toString(): string {
    const { what, ms } = this.#slowest
    const { what: large, bytes } = this.#largest
    return `slowest ${ms.toFixed(1)} ms (${what}), largest ${mebibytes(bytes)} (${large})`
  }
}

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MiB`

interface Cost {
  /** Of a processor: what other programs take from this one is not its cost. */
  readonly ms: number
  readonly clockMs: number
  readonly bytes: number
}

async function once<T>(run: () => T | Promise<T>): Promise<[T, Cost]> {
  const before = heldBytes()
  const used = process.cpuUsage()
  const start = performance.now()
  const running = run()
  // What is synchronous must not wait for others.
  const answer = running instanceof Promise ? await running : running
  const clockMs = performance.now() - start
  const { user, system } = process.cpuUsage(used)
  const ms = Math.min(clockMs, (user + system) / 1000)
  return [answer, { ms, clockMs, bytes: Math.max(0, heldBytes() - before) }]
}

/** Bytes in the heap and in buffers; a collection in between hides some, so one look may miss. */
function heldBytes(): number {
  const { used_heap_size: heap, external_memory: buffers } = getHeapStatistics()
  return heap + buffers
}
