/**
 * The outside of every backup: pure ASCII, because tools exist that open such files as text
 * (docs/formats/backup.md). A first line, base64 (RFC 4648 section 4) in lines of 64 characters, a
 * last line; each ends with a line feed. One blob has one spelling: whatever differs is refused.
 */
import { utf8 } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'

const BEGIN = utf8('-----BEGIN STRONGROOM BACKUP-----\n')
const END = utf8('-----END STRONGROOM BACKUP-----\n')
const LINE_CHARS = 64
const LINE_BYTES = 48
const LF = 0x0a
const DASH = 0x2d
const PAD = 0x3d

const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const NO_DIGIT = 64
const VALUES = new Uint8Array(256).fill(NO_DIGIT)
ALPHABET.forEach((letter, value) => (VALUES[letter] = value))

export function refuseBackup(expected: string): never {
  throw new StrongroomError('INVALID_BACKUP', `Backup: expected ${expected}; it is not that.`)
}

export function cutBackup(where: string): never {
  throw new StrongroomError('TRUNCATED_BACKUP', `Backup: expected a whole one; it ends ${where}.`)
}

/** How long the armour of so many bytes is. */
export function armouredBytes(bytes: number): number {
  const lines = Math.ceil(bytes / LINE_BYTES)
  return BEGIN.length + END.length + Math.ceil(bytes / 3) * 4 + lines
}

/** Turns pieces of any size into armour, piece by piece. */
export class ArmourWriter {
  #rest = new Uint8Array(0)
  #begun = false

  /** The lines that are complete by now. */
  push(bytes: Uint8Array): Uint8Array {
    const joined = new Uint8Array(this.#rest.length + bytes.length)
    joined.set(this.#rest)
    joined.set(bytes, this.#rest.length)
    const whole = joined.length - (joined.length % LINE_BYTES)
    this.#rest = joined.slice(whole)
    return this.#lines(joined.subarray(0, whole), false)
  }

  /** What is left, and the last line. */
  finish(): Uint8Array {
    return this.#lines(this.#rest, true)
  }

  #lines(bytes: Uint8Array, last: boolean): Uint8Array {
    const opening = this.#begun ? 0 : BEGIN.length
    const body = Math.ceil(bytes.length / 3) * 4 + Math.ceil(bytes.length / LINE_BYTES)
    const out = new Uint8Array(opening + body + (last ? END.length : 0))
    if (!this.#begun) out.set(BEGIN)
    this.#begun = true
    let at = opening
    for (let from = 0; from < bytes.length; from += LINE_BYTES) {
      at = putLine(out, at, bytes.subarray(from, from + LINE_BYTES))
    }
    if (last) out.set(END, at)
    return out
  }
}

function putLine(out: Uint8Array, start: number, bytes: Uint8Array): number {
  let at = start
  for (let i = 0; i < bytes.length; i += 3) {
    const left = bytes.length - i
    const word = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0)
    out[at++] = ALPHABET[word >>> 18]!
    out[at++] = ALPHABET[(word >>> 12) & 63]!
    out[at++] = left > 1 ? ALPHABET[(word >>> 6) & 63]! : PAD
    out[at++] = left > 2 ? ALPHABET[word & 63]! : PAD
  }
  out[at++] = LF
  return at
}

/** Takes armour in pieces of any size and gives back the bytes in it. */
export class ArmourReader {
  /** The line under way. */
  readonly #line = new Uint8Array(LINE_CHARS + 1)
  #length = 0
  #state: 'begin' | 'body' | 'last' | 'end' = 'begin'

  /**
   * The bytes of the lines that are complete by now.
   * @throws INVALID_BACKUP as soon as anything shows that no writer of ours made it.
   */
  push(bytes: Uint8Array): Uint8Array {
    const out = new Uint8Array(Math.ceil((this.#length + bytes.length) / 4) * 3)
    let at = 0
    for (const byte of bytes) {
      if (this.#state === 'end') refuseBackup('nothing after its last line')
      if (this.#length > LINE_CHARS) refuseBackup('lines of 64 characters')
      this.#line[this.#length++] = byte
      if (byte !== LF) continue
      at = this.#take(out, at)
      this.#length = 0
    }
    return out.subarray(0, at)
  }

  /** @throws TRUNCATED_BACKUP when the last line has not come. */
  finish(): void {
    if (this.#state !== 'end') cutBackup('before its last line')
  }

  #take(out: Uint8Array, at: number): number {
    const line = this.#line.subarray(0, this.#length)
    if (this.#state === 'begin') {
      if (!same(line, BEGIN)) refuseBackup('the first line of a backup')
      this.#state = 'body'
      return at
    }
    if (line[0] === DASH) {
      if (!same(line, END)) refuseBackup('its last line')
      this.#state = 'end'
      return at
    }
    if (this.#state === 'last') refuseBackup('only one shorter line, the last')
    const end = decodeLine(line.subarray(0, -1), out, at)
    if (end - at < LINE_BYTES) this.#state = 'last'
    return end
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean =>
  a.length === b.length && a.every((byte, i) => byte === b[i])

/** Strict: whole groups of four, padding at the end alone, unused bits zero. */
function decodeLine(line: Uint8Array, out: Uint8Array, start: number): number {
  if (line.length === 0 || line.length % 4 !== 0) refuseBackup('lines of base64')
  const padding = line.at(-1) !== PAD ? 0 : line.at(-2) !== PAD ? 1 : 2
  let at = start
  for (let i = 0; i < line.length; i += 4) {
    const short = i + 4 === line.length ? padding : 0
    const [a, b] = [VALUES[line[i]!]!, VALUES[line[i + 1]!]!]
    const c = short > 1 ? 0 : VALUES[line[i + 2]!]!
    const d = short > 0 ? 0 : VALUES[line[i + 3]!]!
    if ((a | b | c | d) & NO_DIGIT) refuseBackup('lines of base64')
    const word = (a << 18) | (b << 12) | (c << 6) | d
    if (word & (short > 1 ? 0xffff : short > 0 ? 0xff : 0))
      refuseBackup('unused bits that are zero')
    out[at++] = word >>> 16
    if (short < 2) out[at++] = word >>> 8
    if (short < 1) out[at++] = word
  }
  return at
}
