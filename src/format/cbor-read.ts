/**
 * Reading deterministic CBOR and nothing else: every form that the writer would not choose is
 * refused (RFC 8949 section 4.2.1), so that equal data has one encoding and `encode(decode(bytes))`
 * is `bytes`.
 */
import { secretCopy } from '../base/bytes.ts'
import { getU32, getU64, refuse } from './binary.ts'
import { MAJOR, SIMPLE } from './cbor-write.ts'
import { halfBits, halfValue, isSingle } from './float.ts'
import { textOf } from './text.ts'
import { UUID_BYTES, uuidAt } from './uuid.ts'

/** Up to this length a loop over ASCII is cheaper than the decoder. */
const SHORT_TEXT_MAX = 48
const KIND = 0xe0

export class CborReader {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at: number

  constructor(bytes: Uint8Array, start: number, what: string) {
    this.#bytes = bytes
    this.#at = start
    this.#what = what
  }

  refuse(expected: string): never {
    refuse(this.#what, expected)
  }

  get at(): number {
    return this.#at
  }

  /** The first byte of the next item, not consumed. */
  peek(): number {
    return this.#bytes[this.#at] ?? this.refuse('more bytes')
  }

  skip(): void {
    this.#at++
  }

  end(): void {
    if (this.#at !== this.#bytes.length) this.refuse('no further bytes')
  }

  #advance(length: number): number {
    const at = this.#at
    if (this.#bytes.length - at < length) this.refuse('more bytes')
    this.#at = at + length
    return at
  }

  /** The argument of the next head, which must be of this major type and in its shortest form. */
  head(major: number): number {
    const first = this.peek()
    if ((first & KIND) !== major) this.refuse('another type')
    this.#at++
    const info = first & 0x1f
    return info < 24 ? info : this.#argument(info)
  }

  #argument(info: number): number {
    const bytes = this.#bytes
    if (info === 24) return this.#shortest(bytes[this.#advance(1)]!, 24)
    if (info === 25) {
      const at = this.#advance(2)
      return this.#shortest((bytes[at]! << 8) | bytes[at + 1]!, 0x100)
    }
    if (info === 26) return this.#shortest(getU32(bytes, this.#advance(4)), 0x1_0000)
    if (info !== 27) return this.refuse('definite lengths')
    const value = getU64(bytes, this.#advance(8)) ?? this.refuse('integers up to 2^53 - 1')
    return this.#shortest(value, 0x1_0000_0000)
  }

  #shortest(value: number, least: number): number {
    return value >= least ? value : this.refuse('the shortest form')
  }

  uint(): number {
    return this.head(MAJOR.uint)
  }

  integer(): number {
    if ((this.peek() & KIND) === MAJOR.uint) return this.uint()
    const value = -1 - this.head(MAJOR.negative)
    return Number.isSafeInteger(value) ? value : this.refuse('integers from -(2^53 - 1)')
  }

  /** A float that is neither an integer nor writable in fewer bytes. */
  float(): number {
    const head = this.peek()
    this.#at++
    const value = this.#floatValue(head)
    if (!Number.isFinite(value)) this.refuse('a finite number')
    const integer = Number.isSafeInteger(value) && !Object.is(value, -0)
    const shorter =
      (head !== SIMPLE.half && halfBits(value) !== undefined) ||
      (head === SIMPLE.double && isSingle(value))
    return integer || shorter ? this.refuse('the shortest form') : value
  }

  #floatValue(head: number): number {
    const { buffer, byteOffset } = this.#bytes
    const view = new DataView(buffer, byteOffset, this.#bytes.length)
    if (head === SIMPLE.half) return halfValue(view.getUint16(this.#advance(2)))
    if (head === SIMPLE.single) return view.getFloat32(this.#advance(4))
    if (head === SIMPLE.double) return view.getFloat64(this.#advance(8))
    return this.refuse('a number')
  }

  boolean(): boolean {
    const first = this.peek()
    if (first !== SIMPLE.true && first !== SIMPLE.false) this.refuse('a boolean')
    this.#at++
    return first === SIMPLE.true
  }

  /** A copy: the caller may wipe it. */
  bytes(): Uint8Array {
    const at = this.#advance(this.head(MAJOR.bytes))
    return secretCopy(this.#bytes.subarray(at, this.#at))
  }

  /** A copy of everything that is left, at least one byte. */
  rest(): Uint8Array {
    if (this.#at >= this.#bytes.length) this.refuse('more bytes')
    const at = this.#advance(this.#bytes.length - this.#at)
    return secretCopy(this.#bytes.subarray(at))
  }

  uuid(): string {
    if (this.head(MAJOR.bytes) !== UUID_BYTES) this.refuse('an id of 16 bytes')
    return uuidAt(this.#bytes, this.#advance(UUID_BYTES))
  }

  text(): string {
    const length = this.head(MAJOR.text)
    const at = this.#advance(length)
    return length <= SHORT_TEXT_MAX ? this.#shortText(at) : this.#wideText(at)
  }

  #shortText(start: number): string {
    let text = ''
    for (let at = start; at < this.#at; at++) {
      const byte = this.#bytes[at]!
      if (byte >= 0x80) return this.#wideText(start)
      text += String.fromCharCode(byte)
    }
    return text
  }

  #wideText(start: number): string {
    try {
      return textOf(this.#bytes.subarray(start, this.#at))
    } catch {
      return this.refuse('UTF-8')
    }
  }

  /**
   * The next map key, which must come after the one whose encoding starts at `previous` (section
   * 4.2.1).
   */
  keyAfter(previous: number): string {
    const start = this.#at
    const key = this.text()
    if (previous >= 0 && !this.#ascends(previous, start)) this.refuse('sorted, distinct map keys')
    return key
  }

  /**
   * Compares two encoded texts. Heads differ with lengths, so the first difference decides within
   * the shorter one.
   */
  #ascends(a: number, b: number): boolean {
    const end = this.#at
    for (let i = 0; b + i < end; i++) {
      const difference = this.#bytes[b + i]! - this.#bytes[a + i]!
      if (difference !== 0) return difference > 0
    }
    return false
  }
}
