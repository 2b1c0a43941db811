/** Frames in, armoured backup out, chunk by chunk: memory holds one chunk. */
import { concat, secretBytes, wipe } from '../base/bytes.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { ArmourWriter } from '../format/armour.ts'
import {
  BACKUP_SALT_BYTES,
  encodeBackupHeader,
  encodeFrame,
  type BackupHeader,
  type Frame,
} from '../format/backup.ts'
import { CHUNK_BYTES, chunkNonce } from '../format/stream.ts'
import type { BackupKey } from './stream.ts'

export interface Sealing {
  readonly provider: CryptoProvider
  readonly header: BackupHeader
  /** The key of the blob, for its salt. */
  readonly keyFor: (salt: Uint8Array) => BackupKey
}

/** Wipes the body of every frame once it is sealed. */
export async function* sealBackup(
  { provider, header, keyFor }: Sealing,
  frames: AsyncIterable<Frame>,
): AsyncGenerator<Uint8Array> {
  const salt = new Uint8Array(BACKUP_SALT_BYTES)
  provider.random.fill(salt)
  const { aes, commitment } = keyFor(salt)
  const prefix = concat(encodeBackupHeader(header), salt, commitment)
  const aad = provider.digest('SHA_256', prefix)
  const armour = new ArmourWriter()
  const chunk = secretBytes(CHUNK_BYTES)
  let used = 0
  let counter = 0
  const sealed = (last: boolean): Uint8Array => {
    const { ciphertext, tag } = aes.gcmSeal(
      chunkNonce(counter++, last),
      aad,
      chunk.subarray(0, used),
    )
    used = 0
    return armour.push(concat(ciphertext, tag))
  }
  try {
    yield armour.push(prefix)
    for await (const frame of frames) {
      const bytes = encodeFrame(frame)
      wipe(frame.body)
      try {
        for (let at = 0; at < bytes.length;) {
          // A full chunk waits: only what follows tells that it is not the last.
          if (used === CHUNK_BYTES) yield sealed(false)
          const taken = Math.min(bytes.length - at, CHUNK_BYTES - used)
          chunk.set(bytes.subarray(at, at + taken), used)
          used += taken
          at += taken
        }
      } finally {
        wipe(bytes)
      }
    }
    yield sealed(true)
    yield armour.finish()
  } finally {
    wipe(chunk)
  }
}
