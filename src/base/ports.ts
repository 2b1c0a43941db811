/**
 * What the caller brings: time and randomness. Everything in the engine takes them as arguments.
 */

/** Milliseconds since 1970-01-01T00:00:00Z. */
export interface Clock {
  now(): number
}

export interface Random {
  /** Fills the whole of `target` with random bytes. */
  fill(target: Uint8Array): void
  /**
   * True for a reproducible source: the providers then make every signature, salt and key pair from
   * it too. For tests only; refused together with a real store.
   */
  readonly deterministic?: boolean
}

/** The wall clock of the platform. */
export const systemClock: Clock = { now: () => Date.now() }
