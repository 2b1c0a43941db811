/**
 * The Merkle tree of RFC 6962 section 2.1 over a log of which the oldest part may be gone: what is
 * kept of the part that was let go is its frontier, the roots of its largest complete subtrees from
 * left to right. From there on every root and every proof can be made.
 */
import { equalBytes } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import type { Frontier } from '../format/frontier.ts'

/** SHA-256 over the parts, one after the other. */
export type Digest = (...parts: readonly Uint8Array[]) => Uint8Array

const LEAF = Uint8Array.of(0)
const NODE = Uint8Array.of(1)

/** RFC 6962 2.1: MTH of one entry. */
export const leafHash = (digest: Digest, entry: Uint8Array): Uint8Array => digest(LEAF, entry)
const nodeHash = (digest: Digest, left: Uint8Array, right: Uint8Array): Uint8Array =>
  digest(NODE, left, right)

/** The frontier with one more leaf: as in adding one to a binary number, equal subtrees merge. */
export function appended(digest: Digest, { size, roots }: Frontier, leaf: Uint8Array): Frontier {
  const next = [...roots]
  let node = leaf
  for (let rest = size; rest % 2n === 1n; rest /= 2n) node = nodeHash(digest, next.pop()!, node)
  return { size: size + 1n, roots: [...next, node] }
}

/** MTH of everything so far; of nothing, the hash of no bytes. */
export function rootOf(digest: Digest, { roots }: Frontier): Uint8Array {
  const last = roots.at(-1)
  if (!last) return digest()
  return roots.slice(0, -1).reduceRight((right, left) => nodeHash(digest, left, right), last)
}

/** A log from `base.size` on: the hashes of the leaves behind it. */
export interface Log {
  readonly base: Frontier
  readonly leaves: readonly Uint8Array[]
}

/**
 * The consistency proof of RFC 6962 2.1.2: that the log of `size` entries goes on from the one of
 * `from` entries. Our mistake when `from` lies before what the log still knows.
 */
export function consistencyProof(
  digest: Digest,
  log: Log,
  from: bigint,
  size: bigint,
): Uint8Array[] {
  assert(from >= log.base.size && from <= size, 'a proof from what is still known')
  if (from === 0n) return []
  return subproof(digest, log, from, 0n, size, true)
}

/** SUBPROOF(m, D[start:end], b) of RFC 6962 2.1.2; `m` counts from `start`. */
function subproof(
  digest: Digest,
  log: Log,
  m: bigint,
  start: bigint,
  end: bigint,
  complete: boolean,
): Uint8Array[] {
  const size = end - start
  if (m === size) return complete ? [] : [subtree(digest, log, start, end)]
  const k = splitOf(size)
  if (m <= k)
    return [
      ...subproof(digest, log, m, start, start + k, complete),
      subtree(digest, log, start + k, end),
    ]
  return [
    ...subproof(digest, log, m - k, start + k, end, false),
    subtree(digest, log, start, start + k),
  ]
}

/** The largest power of two below `size` (RFC 6962 2.1). */
function splitOf(size: bigint): bigint {
  let k = 1n
  while (k * 2n < size) k *= 2n
  return k
}

/** MTH(D[start:end]): from the frontier where that part is gone, else from the leaves. */
function subtree(digest: Digest, log: Log, start: bigint, end: bigint): Uint8Array {
  const { base } = log
  if (end <= base.size) return known(base, start, end)
  if (end - start === 1n) return log.leaves[Number(start - base.size)]!
  const k = splitOf(end - start)
  const left = subtree(digest, log, start, start + k)
  return nodeHash(digest, left, subtree(digest, log, start + k, end))
}

function known({ size, roots }: Frontier, start: bigint, end: bigint): Uint8Array {
  let at = 0n
  let rest = size
  for (const root of roots) {
    const width = splitOf(rest + 1n)
    if (at === start && at + width === end) return root
    at += width
    rest -= width
  }
  return assert(false, 'a subtree of the part that is gone') as never
}

/** RFC 9162 2.1.4.2: whether a proof shows that the second root goes on from the first. */
export function isConsistent(
  digest: Digest,
  first: { readonly size: bigint; readonly root: Uint8Array },
  second: { readonly size: bigint; readonly root: Uint8Array },
  proof: readonly Uint8Array[],
): boolean {
  if (first.size > second.size) return false
  if (first.size === second.size) return proof.length === 0 && equalBytes(first.root, second.root)
  if (first.size === 0n) return proof.length === 0 && equalBytes(first.root, digest())
  const isPower = (first.size & (first.size - 1n)) === 0n
  const path = isPower ? [first.root, ...proof] : [...proof]
  if (path.length === 0) return false
  let fn = first.size - 1n
  let sn = second.size - 1n
  while (fn % 2n === 1n) [fn, sn] = [fn / 2n, sn / 2n]
  let fr = path[0]!
  let sr = path[0]!
  for (const node of path.slice(1)) {
    if (sn === 0n) return false
    if (fn % 2n === 1n || fn === sn) {
      fr = nodeHash(digest, node, fr)
      sr = nodeHash(digest, node, sr)
      while (fn % 2n === 0n && fn !== 0n) [fn, sn] = [fn / 2n, sn / 2n]
    } else sr = nodeHash(digest, sr, node)
    ;[fn, sn] = [fn / 2n, sn / 2n]
  }
  return sn === 0n && equalBytes(fr, first.root) && equalBytes(sr, second.root)
}
