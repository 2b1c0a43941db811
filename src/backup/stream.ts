/**
 * The chunks of a backup: AES-256-GCM in the STREAM construction under a key of its own, derived
 * from the secret of the realm (or of the export) and the salt by HKDF-SHA-256 (RFC 5869). The next
 * 32 bytes of the same derivation are the commitment to that key.
 */
import { utf8, wipe } from '../base/bytes.ts'
import type { CryptoProvider, RawAes } from '../crypto/provider.ts'

export interface BackupKey {
  readonly aes: RawAes
  readonly commitment: Uint8Array
}

const LABEL = utf8('strongroom/backup-stream/v1')
const KEY_BYTES = 32
const COMMITMENT_BYTES = 32

export function backupKey(
  provider: CryptoProvider,
  secret: Uint8Array,
  salt: Uint8Array,
): BackupKey {
  const derived = provider.hkdf(secret, salt, LABEL, KEY_BYTES + COMMITMENT_BYTES)
  const key = derived.subarray(0, KEY_BYTES)
  try {
    return { aes: provider.aes(key), commitment: derived.slice(KEY_BYTES) }
  } finally {
    wipe(derived)
  }
}
