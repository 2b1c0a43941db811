/** The layout of LevelDB keys and values: docs/formats/store.md. */
import { StrongroomError } from '../../base/errors.ts'

/** One byte before every key of the user, so that HEAD cannot collide with any. */
const HEAD_PREFIX = 0x00
const ROW_PREFIX = 0x01
const LAYOUT_VERSION = 1
const VERSION_BYTES = 8
const HEAD_BYTES = 1 + VERSION_BYTES

/** The place of the newest committed version. */
export const HEAD_KEY: Uint8Array = Uint8Array.of(HEAD_PREFIX)
/** Above every key of ours. */
export const END_KEY: Uint8Array = Uint8Array.of(ROW_PREFIX + 1)

export function rowKey(key: Uint8Array): Uint8Array {
  const out = new Uint8Array(1 + key.length)
  out[0] = ROW_PREFIX
  out.set(key, 1)
  return out
}

/** The user's key, as a plain copy. */
export const userKey = (row: Uint8Array): Uint8Array => new Uint8Array(row.subarray(1))

/** A copy of the value with room for its version in front. */
export function rowValue(value: Uint8Array): Uint8Array {
  const out = new Uint8Array(VERSION_BYTES + value.length)
  out.set(value, VERSION_BYTES)
  return out
}

/** Writes the version into a value made by `rowValue`. */
export function stamp(row: Uint8Array, version: bigint): void {
  new DataView(row.buffer, row.byteOffset).setBigUint64(0, version)
}

export function rowVersion(row: Uint8Array): bigint {
  if (row.length < VERSION_BYTES) throw damaged('A row is shorter than its version prefix.')
  return new DataView(row.buffer, row.byteOffset).getBigUint64(0)
}

/** Version and value of a stored row; the value is a plain copy, never a Buffer. */
export function readRow(row: Uint8Array): { value: Uint8Array; version: bigint } {
  const version = rowVersion(row)
  return { value: new Uint8Array(row.subarray(VERSION_BYTES)), version }
}

export function encodeHead(version: bigint): Uint8Array {
  const out = new Uint8Array(HEAD_BYTES)
  out[0] = LAYOUT_VERSION
  new DataView(out.buffer).setBigUint64(1, version)
  return out
}

/**
 * @throws {StrongroomError} INTEGRITY when it is missing or malformed, UNSUPPORTED for a layout of
 * the future.
 */
export function decodeHead(head: Uint8Array | undefined): bigint {
  if (head === undefined)
    throw damaged('The HEAD record is missing: the database lost its newest files or was emptied.')
  if (head.length === 0 || head[0] === 0) throw damaged('The HEAD record is malformed.')
  if (head[0] !== LAYOUT_VERSION)
    throw new StrongroomError(
      'UNSUPPORTED',
      `The store has layout version ${head[0]}; this release reads version ` +
        `${LAYOUT_VERSION}. Use a newer release.`,
    )
  if (head.length !== HEAD_BYTES) throw damaged('The HEAD record is malformed.')
  return new DataView(head.buffer, head.byteOffset).getBigUint64(1)
}

const damaged = (what: string): StrongroomError =>
  new StrongroomError('INTEGRITY', `${what} Restore the store from a backup.`)
