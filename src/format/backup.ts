/**
 * Backups (docs/formats/backup.md): a clear header, salt and key commitment, then the payload in
 * chunks of 64 KiB in the STREAM construction of `stream.ts`. The header says which realm and kind a
 * blob belongs to; all before the chunks is authenticated with each of them.
 */
import { concat, secretCopy } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { refuseBackup } from './armour.ts'
import { Builder } from './binary.ts'
import { CborReader } from './cbor-read.ts'
import { encodeWith } from './cbor-write.ts'
import { bytes, count, field, objectOf, optional, text, time, uuid } from './fields.ts'
import { RECORD_VERSION } from './records.ts'

export const BACKUP_KINDS = ['vault', 'key', 'realm'] as const
export type BackupKind = (typeof BACKUP_KINDS)[number]

export const BACKUP_SALT_BYTES = 32
export const BACKUP_COMMITMENT_BYTES = 32
/** What follows the clear header before the first chunk. */
export const BACKUP_KEYING_BYTES = BACKUP_SALT_BYTES + BACKUP_COMMITMENT_BYTES

export interface BackupHeader {
  readonly kind: BackupKind
  readonly realmId: string
  /** Where it was made: in another region what is restored gets ids of its own. */
  readonly region: string
  readonly createdAt: number
  /** The commit of the realm after which it was made. */
  readonly position: number
  readonly vaultId?: string
  readonly keyId?: string
  /** Kind realm: how the passphrase or key given for it opens the key of the blob (seal.md). */
  readonly seal?: Uint8Array
}

const MAGIC = Uint8Array.of(0x53, 0x52, 0x42, 0x4b) // SRBK
const FORMAT = 1
/** HKDF-SHA-256 with salt, AES-256-GCM in STREAM form, 32-byte commitment. */
const SUITE = 1
/** Magic, format, suite, kind, length of the header. */
const OPENING_BYTES = MAGIC.length + 5

interface Fields extends Omit<BackupHeader, 'kind'> {
  /** The format of the records inside. */
  readonly records: number
}

export const BACKUP_HEADER_TABLE = objectOf<Fields>('backup header', {
  realmId: field(1, uuid),
  region: field(2, text),
  createdAt: field(3, time),
  position: field(4, count),
  records: field(5, count),
  vaultId: optional(6, uuid),
  keyId: optional(7, uuid),
  seal: optional(8, bytes()),
})

/** The clear header, from the magic to before the salt. */
export function encodeBackupHeader({ kind, ...fields }: BackupHeader): Uint8Array {
  const body = encodeWith((writer) =>
    BACKUP_HEADER_TABLE.write(writer, { ...fields, records: RECORD_VERSION }),
  )
  return new Builder()
    .raw(MAGIC)
    .u8(FORMAT)
    .u8(SUITE)
    .u8(BACKUP_KINDS.indexOf(kind))
    .short(body)
    .finish()
}

/** Either how many more bytes are needed to go on, or the header and its length. */
export type BackupHeaderProgress =
  { readonly need: number } | { readonly header: BackupHeader; readonly headerBytes: number }

/**
 * Reads the header from the first bytes of a blob, as many as there are.
 * @throws INVALID_BACKUP, UNSUPPORTED_BACKUP (a newer version), LIMIT_EXCEEDED
 */
export function decodeBackupHeader(start: Uint8Array): BackupHeaderProgress {
  for (let i = 0; i < Math.min(start.length, MAGIC.length); i++)
    if (start[i] !== MAGIC[i]) refuseBackup('the magic of a backup')
  if (start.length < OPENING_BYTES) return { need: OPENING_BYTES - start.length }
  const [format, suite, tag] = start.subarray(MAGIC.length)
  const kind = BACKUP_KINDS[tag!]
  if (format !== FORMAT || suite !== SUITE || kind === undefined)
    unsupported(`format ${FORMAT}, suite ${SUITE} and a known kind`)
  const length = (start[OPENING_BYTES - 2]! << 8) | start[OPENING_BYTES - 1]!
  if (length > LIMITS.backupHeaderBytesMax) tooLong('header', LIMITS.backupHeaderBytesMax, length)
  const headerBytes = OPENING_BYTES + length
  if (start.length < headerBytes) return { need: headerBytes - start.length }
  const { records, ...fields } = readFields(start.subarray(OPENING_BYTES, headerBytes))
  if (records !== RECORD_VERSION) unsupported(`records of format ${RECORD_VERSION}`)
  return { header: Object.freeze({ kind, ...fields }), headerBytes }
}

function readFields(encoded: Uint8Array): Fields {
  try {
    const reader = new CborReader(encoded, 0, 'Backup header')
    const fields = BACKUP_HEADER_TABLE.read(reader)
    reader.end()
    return fields
  } catch {
    return refuseBackup('a header of known fields')
  }
}

function unsupported(expected: string): never {
  throw new StrongroomError('UNSUPPORTED_BACKUP', `Backup: expected ${expected}, found another.`)
}

export function tooLong(what: string, most: number, found: number): never {
  throw new StrongroomError(
    'LIMIT_EXCEEDED',
    `Backup ${what}: expected at most ${most} bytes, found ${found}.`,
  )
}

/** What a piece of the payload is; records carry the tag of their kind. Append only. */
export const FRAMES = {
  vault: 1,
  key: 3,
  version: 5,
  material: 6,
  alias: 8,
  counter: 12,
  policy: 17,
  grant: 18,
  /** Kind realm: the root key and when the realm was made; the erase keys; one row of the store. */
  root: 128,
  erase: 129,
  row: 130,
} as const
export type FrameKind = keyof typeof FRAMES

/** One piece of the payload. Whoever holds it wipes its body. */
export interface Frame {
  readonly kind: FrameKind
  readonly body: Uint8Array
}

const KIND_OF = new Map<number, FrameKind>(
  Object.entries(FRAMES).map(([kind, tag]) => [tag, kind as FrameKind]),
)
const FRAME_HEAD_BYTES = 5

/** Tag, length, body. The result is secret when the body is. */
export const encodeFrame = ({ kind, body }: Frame): Uint8Array =>
  new Builder().u8(FRAMES[kind]).long(body).finish()

/** Cuts a payload that comes in pieces into its frames. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0)

  /** The frames that are complete by now. @throws INVALID_BACKUP, LIMIT_EXCEEDED */
  push(piece: Uint8Array): Frame[] {
    const all = concat(this.#rest, piece)
    const frames: Frame[] = []
    try {
      let at = 0
      for (let frame = frameAt(all, 0); frame; frame = frameAt(all, at)) {
        frames.push(frame)
        at += FRAME_HEAD_BYTES + frame.body.length
      }
      this.clear()
      this.#rest = secretCopy(all.subarray(at))
      return frames
    } catch (error) {
      for (const { body } of frames) body.fill(0)
      throw error
    } finally {
      all.fill(0)
    }
  }

  /** @throws INVALID_BACKUP when a frame is not complete. */
  finish(): void {
    if (this.#rest.length > 0) refuseBackup('a payload that ends with a whole record')
  }

  clear(): void {
    this.#rest.fill(0)
  }
}

function frameAt(all: Uint8Array, at: number): Frame | undefined {
  if (all.length - at < FRAME_HEAD_BYTES) return undefined
  const kind = KIND_OF.get(all[at]!) ?? refuseBackup('records of known kinds')
  const view = new DataView(all.buffer, all.byteOffset + at + 1)
  const length = view.getUint32(0)
  if (length > LIMITS.backupRecordBytesMax) tooLong('record', LIMITS.backupRecordBytesMax, length)
  const from = at + FRAME_HEAD_BYTES
  if (all.length - from < length) return undefined
  return { kind, body: secretCopy(all.subarray(from, from + length)) }
}
