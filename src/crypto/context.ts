/** What the parts of one provider share. */
import type { Gate } from './gate.ts'
import type { Hold } from './held.ts'
import type { RandomSources } from './pool.ts'

export interface ProviderContext {
  readonly sources: RandomSources
  /** Private-key operations that are slow enough for another thread. */
  readonly operations: Gate
  /** Key generation: fewer places, so that it never takes all threads. */
  readonly generation: Gate
  /** Where the platform keeps secrets that it does not compute with itself. */
  readonly hold: Hold
}

/** True when every byte must come from the caller's reproducible source. */
export const isDeterministic = (context: ProviderContext): boolean =>
  context.sources.secret.deterministic === true

/**
 * As many slow operations in flight as libuv has threads by default; generation takes at most half
 * of them.
 */
export const OPERATIONS_IN_FLIGHT_MAX = 4
export const GENERATIONS_IN_FLIGHT_MAX = 2
/** Operations that may wait for a place before BUSY is answered. */
export const OPERATIONS_WAITING_MAX = 10_000
