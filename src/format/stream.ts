/**
 * Encrypted files: a header, then chunks of 64 KiB in the STREAM construction (Hoang, Reyhanitabar,
 * Rogaway, Vizar 2015; as age's payload): AES-256-GCM, nonce = counter and last flag, the whole
 * header as the associated data of every chunk (docs/formats/stream.md).
 */
import { assert } from '../base/assert.ts'
import { StrongroomError, invalidArgument } from '../base/errors.ts'
import { Builder } from './binary.ts'

/** Plaintext bytes of every chunk but the last, which has 0 (an empty file only) to 65536. */
export const CHUNK_BYTES = 65_536
export const CHUNK_TAG_BYTES = 16
export const STREAM_SALT_BYTES = 32
export const STREAM_NONCE_BYTES = 12
/**
 * Our own ciphertext of a 32-byte data key has 122 bytes; the bound leaves room for other ways of
 * wrapping it.
 */
export const STREAM_KEY_BYTES_MAX = 4096

const MAGIC = Uint8Array.of(0x53, 0x54, 0x52, 0x4f, 0x4e, 0x47, 0x52, 0x4d) // STRONGRM
const FORMAT = 1
const CHUNK_LOG2 = 16
/** Magic, format, chunk size. */
const OPENING = Uint8Array.of(...MAGIC, FORMAT, CHUNK_LOG2)
const KEY_AT = OPENING.length + 2

export interface StreamHeader {
  /** The ciphertext of the data key. */
  readonly encryptedKey: Uint8Array
  /** 32 random bytes: the chunk key is derived from data key and salt. */
  readonly salt: Uint8Array
}

/** Either how many more bytes are needed to go on, or the header and its length. */
export type StreamHeaderProgress =
  { readonly need: number } | { readonly header: StreamHeader; readonly headerBytes: number }

export function encodeStreamHeader(header: StreamHeader): Uint8Array {
  const { encryptedKey, salt } = header
  if (encryptedKey.length < 1 || encryptedKey.length > STREAM_KEY_BYTES_MAX)
    invalidArgument('encryptedKey', `1 to ${STREAM_KEY_BYTES_MAX} bytes`, encryptedKey)
  return new Builder().raw(OPENING).short(encryptedKey).fixed(salt, STREAM_SALT_BYTES).finish()
}

function refuseStream(expected: string): never {
  throw new StrongroomError('INVALID_CIPHERTEXT', `Encrypted file: expected ${expected}.`)
}

/**
 * Reads the header from the first bytes of a file, as many as there are; wrong bytes are refused as
 * soon as they show.
 * @throws INVALID_CIPHERTEXT
 */
export function decodeStreamHeader(bytes: Uint8Array): StreamHeaderProgress {
  const seen = Math.min(bytes.length, OPENING.length)
  for (let i = 0; i < seen; i++)
    if (bytes[i] !== OPENING[i]) refuseStream('STRONGRM, format 1 and chunks of 64 KiB')
  if (bytes.length < KEY_AT) return { need: KEY_AT - bytes.length }
  const keyBytes = (bytes[KEY_AT - 2]! << 8) | bytes[KEY_AT - 1]!
  if (keyBytes < 1 || keyBytes > STREAM_KEY_BYTES_MAX)
    refuseStream(`an encrypted data key of 1 to ${STREAM_KEY_BYTES_MAX} bytes`)
  const saltAt = KEY_AT + keyBytes
  const headerBytes = saltAt + STREAM_SALT_BYTES
  if (bytes.length < headerBytes) return { need: headerBytes - bytes.length }
  const header = Object.freeze({
    encryptedKey: new Uint8Array(bytes.subarray(KEY_AT, saltAt)),
    salt: new Uint8Array(bytes.subarray(saltAt, headerBytes)),
  })
  return { header, headerBytes }
}

/** 11-byte big-endian counter from 0, then 1 for the last chunk and 0 for every other. */
export function chunkNonce(counter: number, last: boolean): Uint8Array {
  assert(Number.isSafeInteger(counter) && counter >= 0, 'a chunk counter from 0 on')
  const nonce = new Uint8Array(STREAM_NONCE_BYTES)
  let rest = counter
  for (let i = STREAM_NONCE_BYTES - 2; rest > 0; i--) {
    nonce[i] = rest % 256
    rest = Math.floor(rest / 256)
  }
  nonce[STREAM_NONCE_BYTES - 1] = last ? 1 : 0
  return nonce
}
