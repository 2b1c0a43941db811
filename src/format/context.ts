/**
 * The canonical bytes of an encryption context: pairs sorted by the UTF-8 bytes of their names,
 * everything preceded by its length, so that `{ab:c}` never equals `{a:bc}`
 * (docs/formats/context.md).
 */
import { compareBytes, utf8 } from '../base/bytes.ts'
import { StrongroomError, invalidArgument } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { putU32 } from './binary.ts'
import { isWellFormed } from './text.ts'

export type Context = Readonly<Record<string, string>>

/** Four zero bytes: no pairs. Shared, never written to. */
const EMPTY = new Uint8Array(4)

/**
 * Names and values, alternating, as the caller gave them. Read once: a getter cannot answer twice.
 */
type Flat = readonly string[]

function flatten(context: Context): Flat {
  if (typeof context !== 'object' || (context as unknown) === null || Array.isArray(context))
    invalidArgument('context', 'an object of strings', context)
  const flat: string[] = []
  for (const name of Object.keys(context)) flat.push(name, context[name]!)
  return flat
}

function checkedUtf8(text: unknown): Uint8Array {
  if (typeof text !== 'string') invalidArgument('context', 'values that are strings', text)
  if (!isWellFormed(text))
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'context: expected well-formed Unicode, got a lone surrogate.',
    )
  return utf8(text)
}

function canonical(flat: Flat): Uint8Array {
  if (flat.length / 2 > LIMITS.contextPairsMax)
    invalidArgument('context', `at most ${LIMITS.contextPairsMax} pairs`, flat.length / 2)
  const pairs: [name: Uint8Array, value: Uint8Array][] = []
  let bytes = 0
  for (let i = 0; i < flat.length; i += 2) {
    const name = checkedUtf8(flat[i])
    const value = checkedUtf8(flat[i + 1])
    bytes += name.length + value.length
    if (bytes > LIMITS.contextBytesMax)
      invalidArgument('context', `at most ${LIMITS.contextBytesMax} bytes`, bytes)
    pairs.push([name, value])
  }
  pairs.sort(([a], [b]) => compareBytes(a, b))
  return layOut(pairs, bytes)
}

function layOut(pairs: readonly (readonly [Uint8Array, Uint8Array])[], bytes: number): Uint8Array {
  const out = new Uint8Array(4 + 8 * pairs.length + bytes)
  putU32(out, 0, pairs.length)
  let at = 4
  for (const pair of pairs)
    for (const part of pair) {
      putU32(out, at, part.length)
      out.set(part, at + 4)
      at += 4 + part.length
    }
  return out
}

/**
 * Absent equals empty. Names and values are taken as they are: no normalisation, no trimming.
 * @throws INVALID_ARGUMENT: not strings, lone surrogates, more than 1024 pairs or 8192 bytes of names and values.
 */
export const canonicalContext = (context: Context | undefined): Uint8Array =>
  context === undefined ? EMPTY : canonical(flatten(context))

/** Steps from a name to its values and from a value to the names that may follow. */
interface Node {
  readonly next: Map<string, Node>
  bytes?: Uint8Array
}

const node = (): Node => ({ next: new Map() })

/** Larger contexts are computed anew: they bound what the cache holds (about 2 MiB when full). */
const CACHED_BYTES_MAX = 1024

/**
 * The canonical bytes of contexts that came before, found by walking the pairs in the order given:
 * names and values are steps of a trie, hence no two contexts share a place and nothing is
 * concatenated on a hit. When full it starts anew. Answers are shared: never write to them.
 */
export class ContextCache {
  readonly #entriesMax: number
  #root: Node = node()
  #entries = 0

  constructor(entriesMax = 1024) {
    this.#entriesMax = entriesMax
  }

  /** How many contexts it holds now. */
  get size(): number {
    return this.#entries
  }

  /** As `canonicalContext`. */
  get(context: Context | undefined): Uint8Array {
    if (context === undefined) return EMPTY
    const flat = flatten(context)
    let at: Node | undefined = this.#root
    for (let i = 0; i < flat.length && at !== undefined; i++) at = at.next.get(flat[i]!)
    return at?.bytes ?? this.#add(flat)
  }

  #add(flat: Flat): Uint8Array {
    const bytes = canonical(flat)
    if (bytes.length > CACHED_BYTES_MAX) return bytes
    if (this.#entries >= this.#entriesMax) {
      this.#root = node()
      this.#entries = 0
    }
    let at = this.#root
    for (const step of flat) {
      let next = at.next.get(step)
      if (next === undefined) at.next.set(step, (next = node()))
      at = next
    }
    at.bytes = bytes
    this.#entries++
    return bytes
  }
}
