/**
 * What an external key store made of a ciphertext, as bytes: version, IV, tag, the metadata of the
 * proxy, each with its length, then the ciphertext (docs/formats/ciphertext.md, "In a key store").
 */
import { concat } from '../../../base/bytes.ts'
import { IV_BYTES, METADATA_BYTES_MAX, TAG_BYTES, type XksCiphertext } from './messages.ts'

const FRAME_VERSION = 1

export const encodeFrame = (sealed: XksCiphertext): Uint8Array =>
  concat(
    Uint8Array.of(FRAME_VERSION, sealed.initializationVector.length),
    sealed.initializationVector,
    sealed.authenticationTag,
    Uint8Array.of(sealed.ciphertextMetadata.length),
    sealed.ciphertextMetadata,
    sealed.ciphertext,
  )

/** Undefined for what `encodeFrame` does not make. */
export function decodeFrame(bytes: Uint8Array): XksCiphertext | undefined {
  const [version, ivBytes = 0] = bytes
  if (version !== FRAME_VERSION || !IV_BYTES.includes(ivBytes)) return undefined
  let at = 2
  const take = (length: number): Uint8Array => bytes.subarray(at, (at += length))
  const initializationVector = take(ivBytes)
  const authenticationTag = take(TAG_BYTES)
  const [metadataBytes = METADATA_BYTES_MAX + 1] = take(1)
  if (metadataBytes > METADATA_BYTES_MAX) return undefined
  const ciphertextMetadata = take(metadataBytes)
  if (at > bytes.length) return undefined
  const ciphertext = bytes.subarray(at)
  return { ciphertext, initializationVector, authenticationTag, ciphertextMetadata }
}
