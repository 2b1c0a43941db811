/**
 * Writing deterministic CBOR: RFC 8949 section 4.2.1 (shortest heads, definite lengths, sorted map
 * keys, shortest floats). The buffer is reused between calls and wiped after each, because records
 * hold keys.
 */
import { secretCopy, utf8 } from '../base/bytes.ts'
import { invalidArgument } from '../base/errors.ts'
import { putU32, putU64 } from './binary.ts'
import { halfBits, isSingle } from './float.ts'
import { compareUtf8, isWellFormed, utf8Length } from './text.ts'
import { UUID_BYTES, putUuid } from './uuid.ts'

/** Major types of RFC 8949 section 3.1, shifted into place. */
export const MAJOR = {
  uint: 0x00,
  negative: 0x20,
  bytes: 0x40,
  text: 0x60,
  array: 0x80,
  map: 0xa0,
  tag: 0xc0,
} as const

/** Simple values and float heads of section 3.3. */
export const SIMPLE = {
  false: 0xf4,
  true: 0xf5,
  null: 0xf6,
  half: 0xf9,
  single: 0xfa,
  double: 0xfb,
} as const

const START_BYTES = 1024
/** A buffer that grew beyond this is not kept. */
const KEPT_BYTES_MAX = 65_536
const HEAD_BYTES_MAX = 9

export class CborWriter {
  #bytes = new Uint8Array(START_BYTES)
  #at = 0

  /** What was written since the last call, as a new array; wipes the buffer. */
  take(): Uint8Array {
    const out = secretCopy(this.#bytes.subarray(0, this.#at))
    this.clear()
    return out
  }

  clear(): void {
    this.#bytes.fill(0, 0, this.#at)
    this.#at = 0
    if (this.#bytes.length > KEPT_BYTES_MAX) this.#bytes = new Uint8Array(START_BYTES)
  }

  #room(length: number): void {
    if (this.#at + length <= this.#bytes.length) return
    const old = this.#bytes
    this.#bytes = new Uint8Array(Math.max(2 * old.length, this.#at + length))
    this.#bytes.set(old)
    old.fill(0)
  }

  byte(value: number): void {
    this.#room(1)
    this.#bytes[this.#at++] = value
  }

  /** Section 4.2.1: the shortest head that holds the argument. */
  head(major: number, argument: number): void {
    this.#room(HEAD_BYTES_MAX)
    if (argument < 24) {
      this.#bytes[this.#at++] = major | argument
    } else if (argument < 0x100) {
      this.#bytes[this.#at++] = major | 24
      this.#bytes[this.#at++] = argument
    } else if (argument < 0x1_0000) {
      this.#bytes[this.#at++] = major | 25
      this.#bytes[this.#at++] = argument >>> 8
      this.#bytes[this.#at++] = argument
    } else if (argument < 0x1_0000_0000) {
      this.#bytes[this.#at] = major | 26
      putU32(this.#bytes, this.#at + 1, argument)
      this.#at += 5
    } else {
      this.#bytes[this.#at] = major | 27
      putU64(this.#bytes, this.#at + 1, argument)
      this.#at += HEAD_BYTES_MAX
    }
  }

  /** A safe integer. */
  integer(value: number): void {
    if (value < 0) this.head(MAJOR.negative, -1 - value)
    else this.head(MAJOR.uint, value)
  }

  /**
   * Any finite number: integers as integers, -0 and the rest as the shortest float that keeps the
   * value.
   */
  number(value: number): void {
    if (!Number.isFinite(value)) invalidArgument('value', 'a finite number', value)
    if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.integer(value)
    else this.#float(value)
  }

  #float(value: number): void {
    this.#room(HEAD_BYTES_MAX)
    const half = halfBits(value)
    const view = new DataView(this.#bytes.buffer, this.#at + 1, HEAD_BYTES_MAX - 1)
    if (half !== undefined) {
      this.#bytes[this.#at] = SIMPLE.half
      view.setUint16(0, half)
      this.#at += 3
    } else if (isSingle(value)) {
      this.#bytes[this.#at] = SIMPLE.single
      view.setFloat32(0, value)
      this.#at += 5
    } else {
      this.#bytes[this.#at] = SIMPLE.double
      view.setFloat64(0, value)
      this.#at += HEAD_BYTES_MAX
    }
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length)
    this.#bytes.set(bytes, this.#at)
    this.#at += bytes.length
  }

  bytes(bytes: Uint8Array): void {
    this.head(MAJOR.bytes, bytes.length)
    this.raw(bytes)
  }

  /**
   * A lower-case UUID as a byte string of 16; false (and nothing useful written) when it is not
   * one.
   */
  uuid(id: string): boolean {
    this.head(MAJOR.bytes, UUID_BYTES)
    this.#room(UUID_BYTES)
    this.#at += UUID_BYTES
    return putUuid(this.#bytes, this.#at - UUID_BYTES, id)
  }

  text(text: string): void {
    const start = this.#at
    this.head(MAJOR.text, text.length)
    this.#room(text.length)
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit >= 0x80) {
        this.#at = start
        return this.#wideText(text)
      }
      this.#bytes[this.#at++] = unit
    }
  }

  #wideText(text: string): void {
    if (!isWellFormed(text)) invalidArgument('text', 'well-formed Unicode', text)
    const bytes = utf8(text)
    this.head(MAJOR.text, bytes.length)
    this.raw(bytes)
  }
}

/**
 * Section 4.2.1: keys in the bytewise order of their encoded form. The head of a text string grows
 * with its length, so shorter ones come first.
 */
export function sortedKeys(object: object): string[] {
  const keys = Object.keys(object)
  if (keys.length < 2) return keys
  const sized = keys.map((key) => ({ key, size: utf8Length(key) }))
  sized.sort((a, b) => a.size - b.size || compareUtf8(a.key, b.key))
  return sized.map(({ key }) => key)
}

let spare: CborWriter | undefined

/** Runs one encoding with a writer of its own: a getter inside of `write` may encode too. */
export function encodeWith(write: (writer: CborWriter) => void): Uint8Array {
  const writer = spare ?? new CborWriter()
  spare = undefined
  try {
    write(writer)
    return writer.take()
  } finally {
    writer.clear()
    spare = writer
  }
}
