/**
 * Big-endian building and strict reading of the fixed layouts. Nothing here allocates from a shared
 * pool.
 */
import { assert } from '../base/assert.ts'
import { secretBytes, secretCopy } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'

const TWO_32 = 0x1_0000_0000
const U64_LIMIT = 1n << 64n

/** The refusal of every layout: names the format, never the content. */
export function refuse(what: string, expected: string): never {
  throw new StrongroomError('INTEGRITY', `${what}: expected ${expected}; the bytes are not that.`)
}

/** Writes `value` (0 to 2^32 - 1) at `at`. */
export function putU32(target: Uint8Array, at: number, value: number): void {
  target[at] = value >>> 24
  target[at + 1] = value >>> 16
  target[at + 2] = value >>> 8
  target[at + 3] = value
}

export const getU32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0

/** Writes a safe non-negative integer as eight bytes. */
export function putU64(target: Uint8Array, at: number, value: number): void {
  putU32(target, at, Math.floor(value / TWO_32))
  putU32(target, at + 4, value % TWO_32)
}

/** Eight bytes as a number, or undefined beyond 2^53 - 1. */
export function getU64(bytes: Uint8Array, at: number): number | undefined {
  const value = getU32(bytes, at) * TWO_32 + getU32(bytes, at + 4)
  return Number.isSafeInteger(value) ? value : undefined
}

export function putBig64(target: Uint8Array, at: number, value: bigint): void {
  putU32(target, at, Number(value >> 32n))
  putU32(target, at + 4, Number(value & 0xffff_ffffn))
}

export const getBig64 = (bytes: Uint8Array, at: number): bigint =>
  (BigInt(getU32(bytes, at)) << 32n) | BigInt(getU32(bytes, at + 4))

export const isU32 = (value: number): boolean => value >>> 0 === value
export const isU64 = (value: bigint): boolean => value >= 0n && value < U64_LIMIT

/** Collects the parts of one layout; asserts that every value fits its field. */
export class Builder {
  readonly #parts: Uint8Array[] = []
  #length = 0

  raw(bytes: Uint8Array): this {
    this.#parts.push(bytes)
    this.#length += bytes.length
    return this
  }

  /** Raw bytes of exactly this length. */
  fixed(bytes: Uint8Array, length: number): this {
    assert(bytes.length === length, `a field of ${length} bytes got ${bytes.length}`)
    return this.raw(bytes)
  }

  u8(value: number): this {
    assert((value & 0xff) === value, 'u8 in range')
    return this.raw(Uint8Array.of(value))
  }

  u16(value: number): this {
    assert((value & 0xffff) === value, 'u16 in range')
    return this.raw(Uint8Array.of(value >>> 8, value))
  }

  u32(value: number): this {
    assert(isU32(value), 'u32 in range')
    const bytes = new Uint8Array(4)
    putU32(bytes, 0, value)
    return this.raw(bytes)
  }

  u64(value: bigint): this {
    assert(isU64(value), 'u64 in range')
    const bytes = new Uint8Array(8)
    putBig64(bytes, 0, value)
    return this.raw(bytes)
  }

  /** Milliseconds since the epoch as a two's complement 64-bit integer: times before 1970 exist. */
  time(value: number): this {
    assert(Number.isSafeInteger(value), 'a time in whole milliseconds')
    return this.u64(BigInt.asUintN(64, BigInt(value)))
  }

  /** Length (u16) and bytes. */
  short(bytes: Uint8Array): this {
    return this.u16(bytes.length).raw(bytes)
  }

  /** Length (u32) and bytes. */
  long(bytes: Uint8Array): this {
    return this.u32(bytes.length).raw(bytes)
  }

  finish(): Uint8Array {
    const out = secretBytes(this.#length)
    let at = 0
    for (const part of this.#parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }
}

/**
 * Reads one layout front to back; every shortage, surplus and unfit value is refused with
 * INTEGRITY.
 */
export class Cursor {
  readonly #bytes: Uint8Array
  readonly #what: string
  #at = 0

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes
    this.#what = what
  }

  get at(): number {
    return this.#at
  }

  #advance(length: number): number {
    const at = this.#at
    if (this.#bytes.length - at < length) this.refuse('more bytes')
    this.#at = at + length
    return at
  }

  refuse(expected: string): never {
    refuse(this.#what, expected)
  }

  /** A copy: the caller may wipe it. */
  take(length: number): Uint8Array {
    const at = this.#advance(length)
    return secretCopy(this.#bytes.subarray(at, at + length))
  }

  u8(): number {
    return this.#bytes[this.#advance(1)]!
  }

  u16(): number {
    const at = this.#advance(2)
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!
  }

  u32(): number {
    return getU32(this.#bytes, this.#advance(4))
  }

  u64(): bigint {
    return getBig64(this.#bytes, this.#advance(8))
  }

  time(): number {
    const value = Number(BigInt.asIntN(64, this.u64()))
    return Number.isSafeInteger(value) ? value : this.refuse('a time within 2^53 milliseconds')
  }

  /** Bytes with a u16 length between the two bounds. */
  short(least: number, most: number): Uint8Array {
    const length = this.u16()
    if (length < least || length > most) this.refuse(`a field of ${least} to ${most} bytes`)
    return this.take(length)
  }

  /** Demands these bytes next: a magic and its version. */
  expect(bytes: Uint8Array): void {
    const at = this.#advance(bytes.length)
    for (let i = 0; i < bytes.length; i++)
      if (this.#bytes[at + i] !== bytes[i]) this.refuse('its magic and version 1')
  }

  /** Demands that nothing follows. */
  end(): void {
    if (this.#at !== this.#bytes.length) this.refuse('no further bytes')
  }
}

/** Four ASCII letters and the version byte 1, the opening of each file-like layout. */
export const magic = (letters: string): Uint8Array =>
  Uint8Array.of(...Array.from(letters, (letter) => letter.charCodeAt(0)), 1)
