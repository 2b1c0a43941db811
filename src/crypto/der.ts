/**
 * Strict DER (X.690), only what keys and signatures need. The reader refuses every non-minimal form
 * and trailing bytes; the writer lays a tree out in one buffer, so that no copy of a secret is left
 * behind in between.
 */
import { secretBytes } from '../base/bytes.ts'

export const TAG = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  null: 0x05,
  oid: 0x06,
  sequence: 0x30,
  /** [0] and [1], constructed (explicit, or an implicit SET) and primitive (implicit). */
  context0: 0xa0,
  context0Primitive: 0x80,
  context1: 0xa1,
  context1Primitive: 0x81,
} as const

export interface DerNode {
  readonly tag: number
  readonly parts: readonly DerPart[]
  /** Bytes of the contents, without tag and length. */
  readonly length: number
}
export type DerPart = DerNode | Uint8Array

export function node(tag: number, ...parts: readonly DerPart[]): DerNode {
  let length = 0
  for (const part of parts) length += sizeOf(part)
  return { tag, parts, length }
}

const ZERO = new Uint8Array(1)

export const sequence = (...parts: readonly DerPart[]): DerNode => node(TAG.sequence, ...parts)
export const octets = (...parts: readonly DerPart[]): DerNode => node(TAG.octets, ...parts)
export const oid = (content: Uint8Array): DerNode => node(TAG.oid, content)
/** A BIT STRING of whole bytes (X.690 8.6.2: the first byte counts unused bits). */
export const bits = (...parts: readonly DerPart[]): DerNode => node(TAG.bits, ZERO, ...parts)
export const NULL = node(TAG.null)

/**
 * A non-negative INTEGER of a big-endian magnitude (X.690 8.3: the fewest bytes, sign bit clear).
 */
export function integer(magnitude: Uint8Array): DerNode {
  let start = 0
  while (magnitude[start] === 0) start++
  const digits = magnitude.subarray(start)
  // A zero byte before a sign bit, and for zero itself, which has no digits.
  const fits = digits[0]! < 0x80
  return fits ? node(TAG.integer, digits) : node(TAG.integer, ZERO, digits)
}

const lengthBytes = (length: number): number =>
  length < 0x80 ? 1 : length < 0x100 ? 2 : length < 0x10000 ? 3 : 4

function sizeOf(part: DerPart): number {
  if (part instanceof Uint8Array) return part.length
  return 1 + lengthBytes(part.length) + part.length
}

/** The tree in one fresh buffer. */
export function encodeDer(root: DerNode): Uint8Array {
  const out = secretBytes(sizeOf(root))
  write(root, out, 0)
  return out
}

function write(part: DerPart, out: Uint8Array, at: number): number {
  if (part instanceof Uint8Array) {
    out.set(part, at)
    return at + part.length
  }
  out[at++] = part.tag
  const extra = lengthBytes(part.length) - 1
  // X.690 10.1: definite form, the fewest length bytes.
  if (extra > 0) out[at++] = 0x80 | extra
  for (let i = Math.max(extra, 1) - 1; i >= 0; i--) out[at++] = (part.length >>> (8 * i)) & 0xff
  for (const child of part.parts) at = write(child, out, at)
  return at
}

class MalformedDer extends Error {}

/**
 * Walks one level of a DER structure; every contents is a view of the input. Use through
 * `decodeDer`.
 */
export class DerReader {
  readonly #bytes: Uint8Array
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  /** The tag of the next element; undefined at the end. */
  peek(): number | undefined {
    return this.#bytes[this.#at]
  }

  /** The contents of the next element, which must have this tag. */
  read(tag: number): Uint8Array {
    if (this.#byte() !== tag) throw new MalformedDer()
    const length = this.#length()
    const end = this.#at + length
    if (end > this.#bytes.length) throw new MalformedDer()
    const contents = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return contents
  }

  sequence(): DerReader {
    return new DerReader(this.read(TAG.sequence))
  }

  /**
   * The magnitude of a non-negative INTEGER without leading zero bytes (zero itself: one zero
   * byte).
   */
  unsigned(): Uint8Array {
    const contents = this.read(TAG.integer)
    const [first, second] = contents
    if (first === undefined || first >= 0x80) throw new MalformedDer()
    if (first !== 0 || second === undefined) return contents
    if (second < 0x80) throw new MalformedDer()
    return contents.subarray(1)
  }

  /** The bytes of a BIT STRING without unused bits. */
  bits(tag: number = TAG.bits): Uint8Array {
    const contents = this.read(tag)
    if (contents[0] !== 0) throw new MalformedDer()
    return contents.subarray(1)
  }

  /** Demands that nothing is left. */
  end(): void {
    if (this.#at !== this.#bytes.length) throw new MalformedDer()
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new MalformedDer()
    return byte
  }

  #length(): number {
    const first = this.#byte()
    if (first < 0x80) return first
    const count = first & 0x7f
    if (count === 0) throw new MalformedDer()
    let length = 0
    for (let i = 0; i < count; i++) length = length * 256 + this.#byte()
    // The fewest bytes, and at most three.
    if (lengthBytes(length) !== count + 1) throw new MalformedDer()
    return length
  }
}

/** What `body` reads from the whole of `bytes`; undefined when they are not exactly such DER. */
export function decodeDer<T>(bytes: Uint8Array, body: (reader: DerReader) => T): T | undefined {
  const reader = new DerReader(bytes)
  try {
    const result = body(reader)
    reader.end()
    return result
  } catch (error) {
    if (error instanceof MalformedDer) return undefined
    throw error
  }
}

/** The number of a big-endian string, without a detour over text (which could not be wiped). */
export function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n
  for (const byte of bytes) value = (value << 8n) | BigInt(byte)
  return value
}

/** A number as `length` big-endian bytes; the caller knows that it fits. */
export function fromBigInt(value: bigint, length: number): Uint8Array {
  const out = secretBytes(length)
  for (let i = length - 1; i >= 0; i--) {
    out[i] = Number(value & 0xffn)
    value >>= 8n
  }
  return out
}

/** Bits of a big-endian magnitude without leading zero bytes. */
export const bitLength = (magnitude: Uint8Array): number =>
  magnitude.length === 0 ? 0 : magnitude.length * 8 - (Math.clz32(magnitude[0]!) - 24)

/**
 * ECDSA-Sig-Value (RFC 3279 2.2.3) of r || s; undefined when a half is outside [1, n - 1] (FIPS
 * 186-5 6.4.2 step 1).
 */
export function signatureToDer(raw: Uint8Array, order: bigint): Uint8Array | undefined {
  const half = raw.length / 2
  const [r, s] = [raw.subarray(0, half), raw.subarray(half)]
  if (raw.length % 2 !== 0 || !inRange(r, order) || !inRange(s, order)) return undefined
  return encodeDer(sequence(integer(r), integer(s)))
}

/**
 * r || s of an ECDSA-Sig-Value, each `half` bytes; undefined when it is not strict DER or out of
 * range.
 */
export function signatureFromDer(
  der: Uint8Array,
  order: bigint,
  half: number,
): Uint8Array | undefined {
  return decodeDer(der, (reader) => {
    const pair = reader.sequence()
    const [r, s] = [pair.unsigned(), pair.unsigned()]
    pair.end()
    if (!inRange(r, order) || !inRange(s, order)) return undefined
    const raw = new Uint8Array(2 * half)
    raw.set(r, half - r.length)
    raw.set(s, raw.length - s.length)
    return raw
  })
}

function inRange(magnitude: Uint8Array, order: bigint): boolean {
  const value = toBigInt(magnitude)
  return value > 0n && value < order
}
