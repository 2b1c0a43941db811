/** What seals the stores of campaigns. */
export const SEAL = { key: new Uint8Array(32).fill(9) }
