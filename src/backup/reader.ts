/**
 * Armoured backup in, frames out. Nothing of a chunk is released before the chunk is authentic; that
 * nothing is missing at the end is known only after the last frame.
 */
import { concat, constantTimeEqual, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { ArmourReader, cutBackup, refuseBackup } from '../format/armour.ts'
import {
  BACKUP_KEYING_BYTES,
  BACKUP_SALT_BYTES,
  decodeBackupHeader,
  FrameReader,
  tooLong,
  type BackupHeader,
  type BackupKind,
  type Frame,
} from '../format/backup.ts'
import { CHUNK_BYTES, CHUNK_TAG_BYTES, chunkNonce } from '../format/stream.ts'
import type { BackupKey } from './stream.ts'

export interface Opening {
  readonly provider: CryptoProvider
  readonly kind: BackupKind
  /** The key of the blob, or an error: what the header says is not authentic yet. */
  readonly keyFor: (header: BackupHeader, salt: Uint8Array) => Promise<BackupKey> | BackupKey
  /** More than this inside of the armour is refused. */
  readonly bytesMax: number
}

export interface OpenedBackup {
  /** Authentic from here on. */
  readonly header: BackupHeader
  /** Names this very blob: the hash of all that comes before its chunks. */
  readonly id: Uint8Array
  /** To be read once and to the end. Whoever takes a frame wipes its body. */
  readonly frames: AsyncGenerator<Frame>
}

/**
 * Reads header and first chunk; the rest follows as `frames` are asked for.
 * @throws INVALID_BACKUP, TRUNCATED_BACKUP, UNSUPPORTED_BACKUP, WRONG_BACKUP_KIND, LIMIT_EXCEEDED
 */
export async function openBackup(
  source: AsyncIterable<Uint8Array>,
  { provider, kind, keyFor, bytesMax }: Opening,
): Promise<OpenedBackup> {
  const bytes = new Buffered(source, bytesMax)
  const { header, prefix } = await readHeader(bytes)
  if (header.kind !== kind)
    throw new StrongroomError(
      'WRONG_BACKUP_KIND',
      `Backup: expected one of a ${kind}, found one of a ${header.kind}.`,
    )
  if (!(await bytes.fill(BACKUP_KEYING_BYTES))) cutBackup('before its first chunk')
  const keying = bytes.take(BACKUP_KEYING_BYTES)
  const { aes, commitment } = await keyFor(header, keying.slice(0, BACKUP_SALT_BYTES))
  if (!constantTimeEqual(commitment, keying.subarray(BACKUP_SALT_BYTES)))
    refuseBackup('one that opens under the key of this realm')
  const id = provider.digest('SHA_256', concat(prefix, keying))
  const chunks = new Chunks(bytes, aes, id)
  // The header is authentic once a chunk is.
  const first = await chunks.next()
  return { header, id, frames: framesOf(first, chunks) }
}

async function readHeader(bytes: Buffered) {
  let length = 0
  for (;;) {
    const progress = decodeBackupHeader(bytes.peek(length))
    if ('header' in progress) {
      const prefix = bytes.take(progress.headerBytes)
      return { header: progress.header, prefix }
    }
    length += progress.need
    if (!(await bytes.fill(length))) cutBackup('inside its header')
  }
}

async function* framesOf(first: Chunk, chunks: Chunks): AsyncGenerator<Frame> {
  const reader = new FrameReader()
  try {
    for (let chunk = first; ; chunk = await chunks.next()) {
      const frames = read(reader, chunk.plaintext)
      try {
        for (let frame = frames.shift(); frame; frame = frames.shift()) yield frame
      } finally {
        // Nobody took these.
        wipe(...frames.map(({ body }) => body))
      }
      if (chunk.last) return reader.finish()
    }
  } finally {
    reader.clear()
  }
}

function read(reader: FrameReader, plaintext: Uint8Array): Frame[] {
  try {
    return reader.push(plaintext)
  } finally {
    wipe(plaintext)
  }
}

interface Chunk {
  readonly plaintext: Uint8Array
  readonly last: boolean
}

class Chunks {
  readonly #bytes: Buffered
  readonly #aes: BackupKey['aes']
  readonly #aad: Uint8Array
  #counter = 0

  constructor(bytes: Buffered, aes: BackupKey['aes'], aad: Uint8Array) {
    this.#bytes = bytes
    this.#aes = aes
    this.#aad = aad
  }

  async next(): Promise<Chunk> {
    const size = CHUNK_BYTES + CHUNK_TAG_BYTES
    // One byte more shows that this is not the last one.
    const last = !(await this.#bytes.fill(size + 1))
    const sealed = this.#bytes.take(Math.min(size, this.#bytes.length))
    if (sealed.length < CHUNK_TAG_BYTES) cutBackup('inside a chunk')
    const counter = this.#counter++
    const plaintext = this.#open(sealed, counter, last)
    if (plaintext) return { plaintext, last }
    const other = last && this.#open(sealed, counter, false)
    if (!other) return refuseBackup('chunks that are as they were written')
    wipe(other)
    return cutBackup('before its last chunk')
  }

  #open(sealed: Uint8Array, counter: number, last: boolean): Uint8Array | undefined {
    const at = sealed.length - CHUNK_TAG_BYTES
    const nonce = chunkNonce(counter, last)
    return this.#aes.gcmOpen(nonce, this.#aad, sealed.subarray(0, at), sealed.subarray(at))
  }
}

/** Bytes out of the armour, as many as are asked for. */
class Buffered {
  readonly #source: AsyncIterator<Uint8Array>
  readonly #armour = new ArmourReader()
  readonly #bytesMax: number
  #parts: Uint8Array[] = []
  #total = 0
  #ended = false
  length = 0

  constructor(source: AsyncIterable<Uint8Array>, bytesMax: number) {
    this.#source = source[Symbol.asyncIterator]()
    this.#bytesMax = bytesMax
  }

  /** True when so many are there; false when the input has ended before. */
  async fill(length: number): Promise<boolean> {
    while (this.length < length && !this.#ended) {
      const next = await this.#source.next()
      if (next.done === true) {
        this.#ended = true
        this.#armour.finish()
        break
      }
      const bytes = this.#armour.push(next.value)
      if (bytes.length === 0) continue
      this.#parts.push(bytes)
      this.length += bytes.length
      this.#total += bytes.length
      if (this.#total > this.#bytesMax) tooLong('as a whole', this.#bytesMax, this.#total)
    }
    return this.length >= length
  }

  peek(length: number): Uint8Array {
    return this.#joined().subarray(0, length)
  }

  take(length: number): Uint8Array {
    const all = this.#joined()
    this.#parts = [all.subarray(length)]
    this.length = all.length - length
    return all.subarray(0, length)
  }

  #joined(): Uint8Array {
    if (this.#parts.length !== 1) this.#parts = [concat(...this.#parts)]
    return this.#parts[0]!
  }
}
