/** Secrets of algorithms that no platform computes, between uses. */

export interface Held {
  /** Lends the secret for one synchronous step; whoever borrows keeps no view of it. */
  use<T>(step: (secret: Uint8Array) => T): T
}

/** Copies a secret to where the platform keeps it best. */
export type Hold = (secret: Uint8Array) => Held
