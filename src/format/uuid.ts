/** Ids are lower-case UUID strings in memory and 16 bytes in every layout (RFC 9562 section 4). */
import { assert } from '../base/assert.ts'

export const UUID_BYTES = 16
const TEXT_LENGTH = 36
const HYPHEN = 0x2d
/** Where the two letters of each byte start in the text. */
const OFFSETS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const
const HYPHENS = [8, 13, 18, 23] as const
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The value of each lower-case hex letter by its character code; -1 for anything else. */
const VALUES = new Int8Array(128).fill(-1)
for (let value = 0; value < 16; value++) VALUES[HEX[value]!.charCodeAt(1)] = value

const nibble = (text: string, at: number): number => VALUES[text.charCodeAt(at)] ?? -1

/**
 * Writes the 16 bytes at `at`; false when the text is not a lower-case UUID (then `target` is
 * partly written).
 */
export function putUuid(target: Uint8Array, at: number, id: string): boolean {
  if (id.length !== TEXT_LENGTH) return false
  for (const hyphen of HYPHENS) if (id.charCodeAt(hyphen) !== HYPHEN) return false
  for (let i = 0; i < UUID_BYTES; i++) {
    const offset = OFFSETS[i]!
    const value = (nibble(id, offset) << 4) | nibble(id, offset + 1)
    if (value < 0) return false
    target[at + i] = value
  }
  return true
}

/** Whether a text is a lower-case UUID of any version. */
export const isUuid = (text: unknown): text is string =>
  typeof text === 'string' && putUuid(new Uint8Array(UUID_BYTES), 0, text)

/** The 16 bytes of a lower-case UUID; check foreign input with `isUuid` first. */
export function uuidToBytes(id: string): Uint8Array {
  const bytes = new Uint8Array(UUID_BYTES)
  assert(putUuid(bytes, 0, id), 'an id is a lower-case UUID')
  return bytes
}

/** The lower-case UUID of the 16 bytes at `at`. */
export function uuidAt(b: Uint8Array, at: number): string {
  // prettier-ignore
  return (
    HEX[b[at]!]! + HEX[b[at + 1]!]! + HEX[b[at + 2]!]! + HEX[b[at + 3]!]! + '-' +
    HEX[b[at + 4]!]! + HEX[b[at + 5]!]! + '-' + HEX[b[at + 6]!]! + HEX[b[at + 7]!]! + '-' +
    HEX[b[at + 8]!]! + HEX[b[at + 9]!]! + '-' + HEX[b[at + 10]!]! + HEX[b[at + 11]!]! +
    HEX[b[at + 12]!]! + HEX[b[at + 13]!]! + HEX[b[at + 14]!]! + HEX[b[at + 15]!]!
  )
}

export function bytesToUuid(bytes: Uint8Array): string {
  assert(bytes.length === UUID_BYTES, 'an id is 16 bytes')
  return uuidAt(bytes, 0)
}
