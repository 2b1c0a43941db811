/** What happened, line by line, and the error that shows it. */
import { sha256 } from '@noble/hashes/sha2.js'
import { toHex, utf8 } from '../../base/bytes.ts'
import { StrongroomError, type ErrorCode } from '../../base/errors.ts'

/** A promise that did not hold; becomes a `SimulationFailure` with seed and steps. */
export class Violation extends Error {
  override readonly name = 'Violation'
}

export function violated(what: string, cause?: unknown): never {
  throw new Violation(what, cause === undefined ? undefined : { cause })
}

/** The code of a refusal; whatever has none of ours breaks a promise. */
export function codeOf(error: unknown): ErrorCode {
  if (error instanceof Violation) throw error
  if (error instanceof StrongroomError && error.code !== 'INTERNAL') return error.code
  const cause: unknown = error instanceof Error ? (error.cause ?? error) : error
  const shown = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)
  return violated(`an error without a code of ours: ${shown}`, error)
}

const LAST_STEPS = 12

/** A seed under which a promise does not hold; `simulate(seed)` shows it again. */
export class SimulationFailure extends Error {
  override readonly name = 'SimulationFailure'
  readonly seed: number
  /** Every step up to the one that failed. */
  readonly log: readonly string[]

  constructor(seed: number, log: readonly string[], cause: Error) {
    const last = log.slice(-LAST_STEPS).map((line) => `  ${line}`)
    super([`simulate(${seed}): ${cause.message}`, 'The last steps:', ...last].join('\n'), { cause })
    this.seed = seed
    this.log = log
  }
}

export class Trace {
  readonly #lines: string[] = []

  get lines(): readonly string[] {
    return this.#lines
  }

  line(text: string): void {
    this.#lines.push(text)
  }

  /** The last line, now that it is known what came of it. */
  replaceLast(text: string): void {
    this.#lines[this.#lines.length - 1] = text
  }

  /** Equal for equal runs. */
  digest(): string {
    return toHex(sha256(utf8(this.#lines.join('\n'))))
  }
}
