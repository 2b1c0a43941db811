/**
 * RFC 6962 section 2.1 word for word, over node:crypto and whole lists: what the tree of the journal
 * has to agree with, and what a stranger would verify it by.
 */
import { createHash } from 'node:crypto'

export const sha256 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}

/** 2.1: the largest power of two smaller than n. */
const split = (n: number): number => 2 ** Math.floor(Math.log2(n - 1))
const node = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  sha256(Uint8Array.of(1), left, right)

/** 2.1: MTH(D[n]). */
export function treeHash(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length === 0) return sha256()
  if (entries.length === 1) return sha256(Uint8Array.of(0), entries[0]!)
  const k = split(entries.length)
  return node(treeHash(entries.slice(0, k)), treeHash(entries.slice(k)))
}

/** 2.1.2: PROOF(m, D[n]). */
export const proofOf = (m: number, entries: readonly Uint8Array[]): Uint8Array[] =>
  m === 0 ? [] : subproof(m, entries, true)

function subproof(m: number, entries: readonly Uint8Array[], complete: boolean): Uint8Array[] {
  if (m === entries.length) return complete ? [] : [treeHash(entries)]
  const k = split(entries.length)
  const [left, right] = [entries.slice(0, k), entries.slice(k)]
  return m <= k
    ? [...subproof(m, left, complete), treeHash(right)]
    : [...subproof(m - k, right, false), treeHash(left)]
}

/**
 * Whether a proof leads from the root of m entries to that of n: both are rebuilt along the way that
 * SUBPROOF goes, from the outermost node, which is the last of the proof, inwards.
 */
export function leadsOn(
  m: number,
  n: number,
  proof: readonly Uint8Array[],
  first: Uint8Array,
  second: Uint8Array,
): boolean {
  if (m === 0) return proof.length === 0 && Buffer.compare(sha256(), first) === 0
  const left = [...proof]
  const rebuilt = rebuild(m, n, left, first)
  if (!rebuilt || left.length > 0) return false
  return Buffer.compare(rebuilt[0], first) === 0 && Buffer.compare(rebuilt[1], second) === 0
}

type Roots = readonly [Uint8Array, Uint8Array]
function rebuild(m: number, n: number, proof: Uint8Array[], known?: Uint8Array): Roots | undefined {
  const outer = m === n && known ? known : proof.pop()
  if (!outer) return undefined
  if (m === n) return [outer, outer]
  const k = split(n)
  if (m <= k) {
    const inner = rebuild(m, k, proof, known)
    return inner && [inner[0], node(inner[1], outer)]
  }
  const inner = rebuild(m - k, n - k, proof)
  return inner && [node(outer, inner[0]), node(outer, inner[1])]
}
