/** The tree of the journal (docs/formats/journal.md, "Merkle tree"): RFC 6962 2.1, RFC 9162 2.1.4. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromHex, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  appended,
  consistencyProof,
  isConsistent,
  leafHash,
  rootOf,
  type Log,
} from '../../src/audit/merkle.ts'
import { EMPTY_FRONTIER, rootsIn, type Frontier } from '../../src/format/frontier.ts'
import { loadVectors } from '../crypto/support.ts'
import { leadsOn, proofOf, sha256, treeHash } from './naive.ts'

interface Vectors {
  readonly leaves: readonly { readonly entry: string; readonly hash: string }[]
  readonly trees: readonly { size: number; root: string; frontier: readonly string[] }[]
  readonly proofs: readonly { from: number; size: number; proof: readonly string[] }[]
}
const VECTORS = loadVectors('merkle') as Vectors
const bytesOf = (hex: string): Uint8Array => fromHex(hex)!
const PUBLISHED = VECTORS.leaves.map(({ entry }) => bytesOf(entry))

/** Entries of lengths from nothing up, all different. */
const SIZE_MAX = 70
const ENTRIES = Array.from({ length: SIZE_MAX }, (_, i) => new Uint8Array(i).fill(i))
const leavesOf = (entries: readonly Uint8Array[]): Uint8Array[] =>
  entries.map((entry) => leafHash(sha256, entry))

/** The same subtrees are asked for again and again. */
const known = new Map<string, Uint8Array>()
function remembered(...parts: readonly Uint8Array[]): Uint8Array {
  const text = Buffer.concat(parts).toString('latin1')
  const hash = known.get(text) ?? sha256(...parts)
  known.set(text, hash)
  return hash
}

/** The frontiers of a log after each of its leaves, before the first included. */
function frontiersOf(leaves: readonly Uint8Array[]): Frontier[] {
  const frontiers = [EMPTY_FRONTIER]
  for (const leaf of leaves) frontiers.push(appended(sha256, frontiers.at(-1)!, leaf))
  return frontiers
}
const LEAVES = leavesOf(ENTRIES)
const FRONTIERS = frontiersOf(LEAVES)
const HEADS = FRONTIERS.map((frontier) => ({
  size: frontier.size,
  root: rootOf(sha256, frontier),
}))
const whole = (size: number): Log => ({ base: EMPTY_FRONTIER, leaves: LEAVES.slice(0, size) })
const prove = (log: Log, from: number, size: number): Uint8Array[] =>
  consistencyProof(remembered, log, BigInt(from), BigInt(size))
const PAIRS = Array.from({ length: SIZE_MAX + 1 }, (_, size) => size).flatMap((size) =>
  Array.from({ length: size + 1 }, (_, from) => {
    const [first, second] = [HEADS[from]!, HEADS[size]!]
    return { from, size, first, second, proof: prove(whole(size), from, size) }
  }),
)
/** The pairs of which one of these proofs, which all are wrong, passes for right. */
const deceived = (forge: (pair: (typeof PAIRS)[number]) => readonly (readonly Uint8Array[])[]) =>
  PAIRS.filter((pair) =>
    forge(pair).some((proof) => isConsistent(remembered, pair.first, pair.second, proof)),
  )

describe('published answers', () => {
  test.each(VECTORS.leaves)('the leaf of $entry', ({ entry, hash }) => {
    expect(toHex(leafHash(sha256, bytesOf(entry)))).toBe(hash)
  })

  test.each(VECTORS.trees)('a tree of $size', ({ size, root, frontier }) => {
    const found = frontiersOf(leavesOf(PUBLISHED))[size]!
    expect(toHex(rootOf(sha256, found))).toBe(root)
    expect(found.roots.map(toHex)).toEqual(frontier)
    expect(toHex(treeHash(PUBLISHED.slice(0, size)))).toBe(root)
  })

  test.each(VECTORS.proofs)('a proof from $from to $size', ({ from, size, proof }) => {
    const log = { base: EMPTY_FRONTIER, leaves: leavesOf(PUBLISHED) }
    expect(prove(log, from, size).map(toHex)).toEqual(proof)
    const heads = [from, size].map((at) => ({
      size: BigInt(at),
      root: bytesOf(VECTORS.trees[at]!.root),
    }))
    expect(isConsistent(sha256, heads[0]!, heads[1]!, proof.map(bytesOf))).toBe(true)
  })
})

test('leaf by leaf, the frontier is the naive tree', () => {
  FRONTIERS.forEach((frontier, size) => {
    expect(frontier.size).toBe(BigInt(size))
    expect(frontier.roots).toHaveLength(rootsIn(frontier.size))
    expect(toHex(rootOf(sha256, frontier))).toBe(toHex(treeHash(ENTRIES.slice(0, size))))
  })
})

describe('consistency proofs', () => {
  test('for every pair of sizes: the one of the RFC, and it verifies both ways', () => {
    const wrong = PAIRS.filter(({ from, size, first, second, proof }) => {
      const right =
        isConsistent(sha256, first, second, proof) &&
        leadsOn(from, size, proof, first.root, second.root)
      return !right
    })
    expect(wrong).toEqual([])
    for (const { from, size, proof } of PAIRS.filter(({ size }) => size <= 17))
      expect(proof.map(toHex)).toEqual(proofOf(from, ENTRIES.slice(0, size)).map(toHex))
  })

  let bit = 0
  /** A copy with one bit changed, each time another one. */
  function flipped(bytes: Uint8Array): Uint8Array {
    const copy = bytes.slice()
    bit = (bit + 37) % 256
    copy[bit >> 3]! ^= 1 << (bit & 7)
    return copy
  }

  test('a flipped bit of any node fails', () => {
    expect(deceived(({ proof }) => proof.map((node, i) => proof.with(i, flipped(node))))).toEqual(
      [],
    )
  })

  test('a flipped bit of a root fails; but nothing is known of what follows on nothing', () => {
    const passing = PAIRS.filter(({ first, second, proof }) => {
      const forged = { ...first, root: flipped(first.root) }
      const other = { ...second, root: flipped(second.root) }
      return (
        isConsistent(sha256, forged, second, proof) || isConsistent(sha256, first, other, proof)
      )
    })
    expect(passing.map(({ from }) => from)).toEqual(new Array(SIZE_MAX).fill(0))
    expect(passing.every(({ size }) => size > 0)).toBe(true)
  })

  test('a node too few, too many, twice or in another place fails', () => {
    const forge = ({ proof }: (typeof PAIRS)[number]): Uint8Array[][] => [
      [...proof, LEAVES[0]!],
      [LEAVES[0]!, ...proof],
      ...proof.flatMap((node, i) => [
        proof.toSpliced(i, 1),
        proof.toSpliced(i, 0, node),
        ...(i > 0 ? [proof.with(i, proof[i - 1]!).with(i - 1, node)] : []),
      ]),
    ]
    expect(deceived(forge)).toEqual([])
  })

  test('a proof between other sizes than told fails', () => {
    const sizes = fc.integer({ min: 1, max: SIZE_MAX })
    fc.assert(
      fc.property(sizes, sizes, sizes, sizes, (from, size, otherFrom, otherSize) => {
        fc.pre(from < size && otherFrom < otherSize)
        fc.pre(from !== otherFrom || size !== otherSize)
        const [first, second] = [HEADS[otherFrom]!, HEADS[otherSize]!]
        const proof = prove(whole(size), from, size)
        expect(isConsistent(sha256, first, second, proof)).toBe(false)
        expect(leadsOn(otherFrom, otherSize, proof, first.root, second.root)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  test('a root that is passed off as that of a much larger tree fails', () => {
    const passing = PAIRS.filter(({ from, size, first, second, proof }) => {
      const larger = { ...second, size: second.size * 4n }
      return from > 0 && size > from && isConsistent(sha256, first, larger, proof)
    })
    expect(passing).toEqual([])
  })

  test('backwards there is none', () => {
    const [three, four, five] = [HEADS[3]!, HEADS[4]!, HEADS[5]!]
    expect(isConsistent(sha256, five, four, prove(whole(5), 4, 5))).toBe(false)
    expect(isConsistent(sha256, three, { ...three, root: four.root }, [])).toBe(false)
  })
})

describe('a log whose oldest part is gone', () => {
  test('proves what the whole one proves', () => {
    for (const base of [1, 2, 3, 7, 8, 21, 32, 33, 63, 64]) {
      const log = { base: FRONTIERS[base]!, leaves: LEAVES.slice(base) }
      const other = PAIRS.filter(({ from, size, proof }) => {
        return from >= base && prove(log, from, size).map(toHex).join() !== proof.map(toHex).join()
      })
      expect(other).toEqual([])
    }
  })

  test('goes on to the same roots', () => {
    for (const base of [1, 5, 64]) {
      const next = LEAVES.slice(base).reduce(
        (frontier, leaf) => appended(sha256, frontier, leaf),
        FRONTIERS[base]!,
      )
      expect(next).toEqual(FRONTIERS[SIZE_MAX])
    }
  })

  test('to ask it for what is gone, or backwards, is our mistake', () => {
    const log = { base: FRONTIERS[8]!, leaves: LEAVES.slice(8) }
    expect(() => prove(log, 7, 20)).toThrow(StrongroomError)
    expect(() => prove(log, 20, 19)).toThrow(StrongroomError)
  })
})
