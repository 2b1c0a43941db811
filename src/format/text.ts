/**
 * Unicode text in layouts: only well-formed strings, since a lone surrogate has no UTF-8 form of
 * its own.
 */

/**
 * In `u` mode a paired surrogate is one code point of another category: this finds lone ones only.
 */
const LONE_SURROGATE = /\p{Surrogate}/u
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The string of UTF-8 bytes; a leading byte order mark is text like any other. Throws a TypeError
 * on malformed input.
 */
export const textOf = (bytes: Uint8Array): string => decoder.decode(bytes)

/** String.prototype.isWellFormed (ES2024) for the platforms that lack it. */
export const isWellFormed = (text: string): boolean => !LONE_SURROGATE.test(text)

/** Bytes of a well-formed string in UTF-8: a surrogate half counts 2, so a pair counts 4. */
export function utf8Length(text: string): number {
  let length = text.length
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (unit >= 0x80) length += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2
  }
  return length
}

/** Ranks UTF-16 units as their code points rank: surrogates stand for code points above U+FFFF. */
const rank = (unit: number): number =>
  unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800

/**
 * The order of the UTF-8 bytes of two well-formed strings, which is the order of their code points.
 */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}
