/**
 * What a store keeps of the part of its journal that it let go: the chain and the Merkle frontier
 * at that size, and the signed note about it (docs/formats/journal.md). The engine appends a MAC.
 */
import { utf8 } from '../base/bytes.ts'
import { Builder, Cursor, magic, refuse } from './binary.ts'
import { rootsIn, NODE_BYTES, type Frontier } from './frontier.ts'
import { textOf } from './text.ts'

export interface StoredCheckpoint {
  readonly frontier: Frontier
  /** The chain of the realm after so many commits. */
  readonly chain: Uint8Array
  /** The signed note, as text. */
  readonly note: string
}

const MAGIC = magic('SRCP')
const CHAIN_BYTES = 32
const NOTE_BYTES_MAX = 4096

export function encodeCheckpoint({ frontier, chain, note }: StoredCheckpoint): Uint8Array {
  const out = new Builder().raw(MAGIC).u64(frontier.size).fixed(chain, CHAIN_BYTES)
  for (const root of frontier.roots) out.fixed(root, NODE_BYTES)
  return out.short(utf8(note)).finish()
}

/** @throws INTEGRITY for anything that `encodeCheckpoint` does not make. */
export function decodeCheckpoint(body: Uint8Array): StoredCheckpoint {
  const cursor = new Cursor(body, 'Checkpoint')
  cursor.expect(MAGIC)
  const size = cursor.u64()
  const chain = cursor.take(CHAIN_BYTES)
  const roots = Array.from({ length: rootsIn(size) }, () => cursor.take(NODE_BYTES))
  const text = cursor.short(1, NOTE_BYTES_MAX)
  cursor.end()
  const frontier = Object.freeze({ size, roots: Object.freeze(roots) })
  return Object.freeze({ frontier, chain, note: noteOf(text) })
}

function noteOf(bytes: Uint8Array): string {
  try {
    return textOf(bytes)
  } catch {
    return refuse('Checkpoint', 'a note in UTF-8')
  }
}
