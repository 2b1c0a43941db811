/** The roots of the complete subtrees of the first `size` entries of a log, largest first (RFC 6962 2.1). */
export interface Frontier {
  readonly size: bigint
  readonly roots: readonly Uint8Array[]
}

export const NODE_BYTES = 32

export const EMPTY_FRONTIER: Frontier = Object.freeze({ size: 0n, roots: [] })

/** How many subtrees a frontier of this size has: one for each binary one. */
export function rootsIn(size: bigint): number {
  let count = 0
  for (let rest = size; rest > 0n; rest >>= 1n) count += Number(rest & 1n)
  return count
}
