/** Byte helpers without a platform: the same in Node and browsers. */

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { fatal: true })

/**
 * UTF-8 bytes of a string (lone surrogates become U+FFFD: check `isWellFormed` first where names
 * matter).
 */
export const utf8 = (text: string): Uint8Array => encoder.encode(text)

/** The string of strict UTF-8 bytes; throws a TypeError on malformed input. */
export const fromUtf8 = (bytes: Uint8Array): string => decoder.decode(bytes)

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  const out = new Uint8Array(length)
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Lexicographic byte order, the order of every store. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = a[i]! - b[i]!
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** Equality of public bytes. For secrets and tags use the constant-time form. */
export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && compareBytes(a, b) === 0

/** Equality in time that depends on the length alone. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  let difference = 0
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!
  return difference === 0
}

/**
 * Zeros to hold a secret in. V8 keeps typed arrays of up to 64 bytes in its own heap, where the
 * collector, and the first native call that looks at them, leave copies that nobody can wipe; what
 * has an ArrayBuffer of its own lies outside and never moves.
 */
export const secretBytes = (length: number): Uint8Array => new Uint8Array(new ArrayBuffer(length))

/** A copy of a secret, in memory that can be wiped. */
export function secretCopy(secret: Uint8Array): Uint8Array {
  const copy = secretBytes(secret.length)
  copy.set(secret)
  return copy
}

/** Overwrites secrets. Whoever allocates secret bytes calls this in `finally`. */
export function wipe(...secrets: readonly (Uint8Array | undefined)[]): void {
  for (const secret of secrets) secret?.fill(0)
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

export function toHex(bytes: Uint8Array): string {
  let text = ''
  for (const byte of bytes) text += HEX[byte]!
  return text
}

/** Bytes of lower- or upper-case hex, or undefined when it is not hex of even length. */
export function fromHex(text: string): Uint8Array | undefined {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return undefined
  const out = new Uint8Array(text.length / 2)
  for (let i = 0; i < out.length; i++) out[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16)
  return out
}

/** An alphabet of base64, both ways: by value the codes of its letters, by code their values. */
interface Alphabet {
  readonly codes: Uint8Array
  readonly values: Uint8Array
}

/** Stands for codes that are no letters; values are smaller. */
const NO_LETTER = 64
const PADDING = 61

function alphabetOf(last: string): Alphabet {
  const letters = `ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789${last}`
  const codes = utf8(letters)
  const values = new Uint8Array(128).fill(NO_LETTER)
  codes.forEach((code, value) => (values[code] = value))
  return { codes, values }
}

const URL_SAFE = alphabetOf('-_')
const STANDARD = alphabetOf('+/')

/** Where short texts are put together: an array for each would cost more than its letters. */
const SCRATCH = new Uint8Array(8192)

function encoded({ codes }: Alphabet, bytes: Uint8Array, padded: boolean): string {
  const { length } = bytes
  const letters = Math.ceil((length * 4) / 3)
  const size = Math.ceil(length / 3) * 4
  const out = size > SCRATCH.length ? new Uint8Array(size) : SCRATCH
  let at = 0
  for (let i = 0; i < length; i += 3) {
    // What lies behind the end counts as zero, and its letters are not kept.
    const word = (bytes[i]! << 16) | (bytes[i + 1]! << 8) | bytes[i + 2]!
    out[at] = codes[word >>> 18]!
    out[at + 1] = codes[(word >>> 12) & 63]!
    out[at + 2] = codes[(word >>> 6) & 63]!
    out[at + 3] = codes[word & 63]!
    at += 4
  }
  out.fill(PADDING, letters, size)
  const text = decoder.decode(out.subarray(0, padded ? size : letters))
  out.fill(0, 0, size)
  return text
}

/** Undefined for other letters, for a length that none has, and for bits that belong to no byte. */
function decoded({ values }: Alphabet, text: string, letters: number): Uint8Array | undefined {
  const spare = (letters * 6) % 8
  if (spare === 6) return undefined
  const out = new Uint8Array((letters * 6 - spare) / 8)
  let codes = 0
  let seen = 0
  let word = 0
  let at = 0
  for (let i = 0; i < letters; i++) {
    const code = text.charCodeAt(i)
    const value = values[code & 127]!
    codes |= code
    seen |= value
    word = (word << 6) | value
    // Four letters are three bytes.
    if ((i & 3) === 3) {
      out[at] = word >>> 16
      out[at + 1] = word >>> 8
      out[at + 2] = word
      at += 3
      word = 0
    }
  }
  if (codes > 127 || seen >= NO_LETTER || (word & ((1 << spare) - 1)) !== 0) return undefined
  for (let bits = (letters & 3) * 6 - 8; bits >= 0; bits -= 8) out[at++] = word >>> bits
  return out
}

/** Base64url without padding (RFC 4648 section 5). Never for material: strings cannot be wiped. */
export const toBase64url = (bytes: Uint8Array): string => encoded(URL_SAFE, bytes, false)

/** Bytes of canonical unpadded base64url, or undefined when it is anything else. */
export const fromBase64url = (text: string): Uint8Array | undefined =>
  decoded(URL_SAFE, text, text.length)

/** Base64 with padding (RFC 4648 section 4). Never for material: strings cannot be wiped. */
export const toBase64 = (bytes: Uint8Array): string => encoded(STANDARD, bytes, true)

/** Bytes of canonical padded base64, or undefined when it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  const { length } = text
  if (length % 4 !== 0) return undefined
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0
  return decoded(STANDARD, text, length - padding)
}
