/**
 * Checkpoints of a log as text that foreign verifiers and witnesses read: the body of C2SP
 * tlog-checkpoint inside a C2SP signed-note with one Ed25519 signature (algorithm byte 1).
 * https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note
 */
import { concat, equalBytes, fromBase64, toBase64, utf8 } from '../base/bytes.ts'
import { isWellFormed } from '../format/text.ts'
import type { Digest } from './merkle.ts'

/** What a checkpoint says: the tree that a log was at one moment. */
export interface CheckpointBody {
  /** Names the log: one line without spaces. */
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
}

/** signed-note, section Signatures: Ed25519. */
const ED25519 = Uint8Array.of(1)
const KEY_ID_BYTES = 4
const SIGNATURE_BYTES = 64
const ROOT_BYTES = 32

export const checkpointText = ({ origin, size, root }: CheckpointBody): string =>
  `${origin}\n${size}\n${toBase64(root)}\n`

/** signed-note: the first four bytes of SHA-256(name, newline, algorithm byte, public key). */
const keyIdOf = (digest: Digest, name: string, publicKey: Uint8Array): Uint8Array =>
  digest(utf8(`${name}\n`), ED25519, publicKey).subarray(0, KEY_ID_BYTES)

/** The verifier key in its text form: `name+keyid+base64(1, public key)`. */
export function verifierKey(digest: Digest, name: string, publicKey: Uint8Array): string {
  const id = [...keyIdOf(digest, name, publicKey)].map((byte) => byte.toString(16).padStart(2, '0'))
  return `${name}+${id.join('')}+${toBase64(concat(ED25519, publicKey))}`
}

/** The note: the text, an empty line, and the signature line of its log. */
export function signedNote(
  digest: Digest,
  text: string,
  name: string,
  publicKey: Uint8Array,
  signature: Uint8Array,
): string {
  const blob = concat(keyIdOf(digest, name, publicKey), signature)
  return `${text}\n— ${name} ${toBase64(blob)}\n`
}

/** signed-note, section Format: no control character but the line feed. */
const CONTROL = /[\0-\x09\x0b-\x1f]/
/** A name has neither spaces nor a plus. */
const SIGNATURE_LINE = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/u

/**
 * Text and signature of the log itself, which is still to be verified; undefined when the note has
 * none, or is no note. Well-formed signatures of others are passed over.
 */
export function parseNote(
  digest: Digest,
  note: string,
  name: string,
  publicKey: Uint8Array,
): { readonly text: string; readonly signature: Uint8Array } | undefined {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n') || CONTROL.test(note) || !isWellFormed(note))
    return undefined
  const id = keyIdOf(digest, name, publicKey)
  let own: Uint8Array | undefined
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [, signer, blob = ''] = SIGNATURE_LINE.exec(line) ?? []
    const bytes = fromBase64(blob)
    if (!bytes || bytes.length <= KEY_ID_BYTES) return undefined
    if (signer === name && equalBytes(id, bytes.subarray(0, KEY_ID_BYTES))) own ??= bytes
  }
  if (own?.length !== KEY_ID_BYTES + SIGNATURE_BYTES) return undefined
  return { text: note.slice(0, split + 1), signature: own.subarray(KEY_ID_BYTES) }
}

/** The body of a checkpoint; undefined for anything that `checkpointText` does not make. */
export function parseCheckpoint(text: string): CheckpointBody | undefined {
  const [origin, size = '', root = '', ...rest] = text.split('\n')
  if (!origin || rest.length !== 1 || rest[0] !== '' || !isWellFormed(origin)) return undefined
  const bytes = fromBase64(root)
  if (!/^(0|[1-9]\d{0,19})$/.test(size) || bytes?.length !== ROOT_BYTES) return undefined
  return { origin, size: BigInt(size), root: bytes }
}
