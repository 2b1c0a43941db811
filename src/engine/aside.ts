/** Rows beside everything may come in any number: in pieces that a store takes at once. */
import type { Store } from '../store/store.ts'
import type { Aside } from './commit.ts'
import type { Put } from './journal-entry.ts'

/** A check and the token. */
const RESERVE_OPS = 1
const RESERVE_BYTES = 256

/** The same rows, in their order, puts before deletions. */
export function* inPieces({ puts, dels }: Aside, { limits }: Store): Generator<Aside> {
  let piece: { puts: Put[]; dels: Uint8Array[] } = { puts: [], dels: [] }
  let ops = RESERVE_OPS
  let bytes = RESERVE_BYTES
  const rows = [...puts, ...dels.map((key) => ({ key, value: undefined }))]
  for (const { key, value } of rows) {
    const size = key.length + (value?.length ?? 0)
    const full = ops + 1 > limits.maxOps || bytes + size > limits.maxCommitBytes
    if (full && ops > RESERVE_OPS) {
      yield piece
      piece = { puts: [], dels: [] }
      ops = RESERVE_OPS
      bytes = RESERVE_BYTES
    }
    if (value) piece.puts.push({ key, value })
    else piece.dels.push(key)
    ops++
    bytes += size
  }
  if (ops > RESERVE_OPS) yield piece
}
