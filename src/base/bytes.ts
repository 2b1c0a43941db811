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

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const REVERSE = new Map(Array.from(ALPHABET, (letter, value) => [letter, value]))

/** Base64url without padding (RFC 4648 section 5). Never for material: strings cannot be wiped. */
export function toBase64url(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i += 3) {
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    const letters = Math.min(4, Math.ceil(((bytes.length - i) * 8) / 6))
    for (let j = 0; j < letters; j++) text += ALPHABET[(word >>> (18 - 6 * j)) & 63]!
  }
  return text
}

/** Bytes of canonical unpadded base64url, or undefined when it is anything else. */
export function fromBase64url(text: string): Uint8Array | undefined {
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let word = 0
  let bits = 0
  let at = 0
  for (const letter of text) {
    const value = REVERSE.get(letter)
    if (value === undefined) return undefined
    word = ((word << 6) | value) & 0xffffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[at++] = (word >>> bits) & 0xff
    }
  }
  return toBase64url(out) === text ? out : undefined
}

/** Base64 with padding (RFC 4648 section 4). Never for material: strings cannot be wiped. */
export function toBase64(bytes: Uint8Array): string {
  const text = toBase64url(bytes).replaceAll('-', '+').replaceAll('_', '/')
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=')
}

/** Bytes of canonical padded base64, or undefined when it is anything else. */
export function fromBase64(text: string): Uint8Array | undefined {
  if (text.length % 4 !== 0 || /[-_]/.test(text)) return undefined
  const bare = text.replace(/={1,2}$/, '')
  return fromBase64url(bare.replaceAll('+', '-').replaceAll('/', '_'))
}
