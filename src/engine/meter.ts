/** Counters of operations, and one diagnostics_channel event for each: `strongroom:operation`. */
import type { OperationName } from './api.ts'

/**
 * What a subscriber of the channel `strongroom:operation` receives. Never key material, plaintext
 * or context.
 */
export interface OperationEvent {
  readonly operation: string
  /** `ok` or the code of the refusal. */
  readonly outcome: string
  readonly durationMs: number
  readonly keyId?: string
  readonly principal?: string
}
export interface OperationCount {
  /** Calls by outcome: `ok` or an error code. */
  readonly outcomes: Readonly<Record<string, number>>
  readonly totalMs: number
}
export type Metrics = Readonly<Partial<Record<OperationName, OperationCount>>>

interface Channel {
  readonly hasSubscribers: boolean
  publish(message: unknown): void
}
interface Diagnostics {
  channel(name: string): Channel
}
interface Builtins {
  getBuiltinModule?(name: string): unknown
}

/** node:diagnostics_channel where there is one; browsers have none. */
function openChannel(): Channel | undefined {
  const host = (globalThis as { process?: Builtins }).process
  const module = host?.getBuiltinModule?.('node:diagnostics_channel') as Diagnostics | undefined
  return module?.channel('strongroom:operation')
}

export class Meter {
  readonly #channel = openChannel()
  readonly #counts = new Map<string, { outcomes: Map<string, number>; totalMs: number }>()

  /** True when someone listens: only then events are built. */
  get observed(): boolean {
    return this.#channel?.hasSubscribers ?? false
  }

  /**
   * Calls that were answered on the fast path: plain numbers, since a map would cost as much as the
   * lookup itself.
   */
  readonly fast = {
    encrypt: 0,
    decrypt: 0,
    generateDataKey: 0,
    sign: 0,
    verify: 0,
    generateMac: 0,
    verifyMac: 0,
  }

  record(event: OperationEvent): void {
    this.#count(event.operation, event.outcome, event.durationMs)
    if (this.#channel?.hasSubscribers) this.#channel.publish(event)
  }

  metrics(): Metrics {
    for (const operation of Object.keys(this.fast) as (keyof Meter['fast'])[]) {
      this.#count(operation, 'ok', 0, this.fast[operation])
      this.fast[operation] = 0
    }
    const entries = [...this.#counts].map(([operation, { outcomes, totalMs }]) => [
      operation,
      Object.freeze({ outcomes: Object.freeze(Object.fromEntries(outcomes)), totalMs }),
    ])
    return Object.freeze(Object.fromEntries(entries) as Metrics)
  }

  #count(operation: string, outcome: string, durationMs: number, calls = 1): void {
    if (calls === 0) return
    let count = this.#counts.get(operation)
    if (!count) this.#counts.set(operation, (count = { outcomes: new Map(), totalMs: 0 }))
    count.outcomes.set(outcome, (count.outcomes.get(outcome) ?? 0) + calls)
    count.totalMs += durationMs
  }
}
