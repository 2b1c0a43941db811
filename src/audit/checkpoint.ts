/**
 * Checkpoints of a log as text that foreign verifiers and witnesses read: the body of C2SP
 * tlog-checkpoint inside a C2SP signed-note with one Ed25519 signature (algorithm byte 1).
 * https://c2sp.org/tlog-checkpoint, https://c2sp.org/signed-note
 */
import { concat, fromUtf8, toBase64, fromBase64, utf8 } from '../base/bytes.ts'
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

/** Text and signature of the log itself; undefined when the note has none or is no note. */
export function parseNote(
  digest: Digest,
  note: string,
  name: string,
  publicKey: Uint8Array,
): { readonly text: string; readonly signature: Uint8Array } | undefined {
  const split = note.lastIndexOf('\n\n')
  if (split < 0 || !note.endsWith('\n')) return undefined
  const text = note.slice(0, split + 1)
  const id = keyIdOf(digest, name, publicKey)
  for (const line of note.slice(split + 2, -1).split('\n')) {
    const [dash, signer, blob, ...rest] = line.split(' ')
    if (dash !== '—' || signer !== name || blob === undefined || rest.length > 0) continue
    const bytes = fromBase64(blob)
    if (bytes?.length !== KEY_ID_BYTES + SIGNATURE_BYTES) continue
    if (!id.every((byte, i) => byte === bytes[i])) continue
    return { text, signature: bytes.subarray(KEY_ID_BYTES) }
  }
  return undefined
}

/** The body of a checkpoint; undefined for anything that `checkpointText` does not make. */
export function parseCheckpoint(text: string): CheckpointBody | undefined {
  const [origin, size, root, ...rest] = text.split('\n')
  if (!origin || rest.length !== 1 || rest[0] !== '' || !/^(0|[1-9]\d{0,19})$/.test(size ?? ''))
    return undefined
  const bytes = fromBase64(root ?? '')
  if (bytes?.length !== ROOT_BYTES || fromUtf8(utf8(origin)) !== origin) return undefined
  return { origin, size: BigInt(size!), root: bytes }
}
