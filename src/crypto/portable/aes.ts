/**
 * The raw modes of AES (FIPS 197): GCM (SP 800-38D), CBC (SP 800-38A), KW and KWP (SP 800-38F), by
 * @noble/ciphers.
 */
import { aeskw, aeskwp, cbc, gcm } from '@noble/ciphers/aes.js'
import { assert } from '../../base/assert.ts'
import { concat, secretCopy, wipe } from '../../base/bytes.ts'
import { invalidArgument } from '../../base/errors.ts'
import { SUITE_TAG_BYTES } from '../provider.ts'
import type { RawAes } from '../provider.ts'

const KEY_BYTES: readonly number[] = [16, 24, 32]
const GCM_IV_BYTES = 12
const BLOCK_BYTES = 16

/** Both wraps by mode; bounds in bytes. */
const WRAPS = {
  // SP 800-38F 5.3.1: two semiblocks at least
  kw: { cipher: aeskw, materialMin: 16, multipleOf: 8 },
  // SP 800-38F 5.3.1: one octet at least
  kwp: { cipher: aeskwp, materialMin: 1, multipleOf: 1 },
} as const

/** A copy of a key that has one of the three lengths. */
export function aesKey(key: Uint8Array): Uint8Array {
  if (!KEY_BYTES.includes(key.length)) invalidArgument('key', '16, 24 or 32 bytes', key)
  return secretCopy(key)
}

/** noble throws on foreign data that does not open; all such failures look alike. */
export function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** noble answers views of its work buffers here: the bytes are copied out and wiped there. */
function released(work: () => Uint8Array): Uint8Array | undefined {
  const view = attempt(work)
  const own = view?.slice()
  wipe(view)
  return own
}

export function portableAes(bytes: Uint8Array): RawAes {
  const key = aesKey(bytes)
  return {
    gcmSeal(iv, aad, plaintext) {
      assert(iv.length === GCM_IV_BYTES, 'a GCM IV has 12 bytes')
      const sealed = gcm(key, iv, aad).encrypt(plaintext)
      const body = sealed.length - SUITE_TAG_BYTES
      return { ciphertext: sealed.slice(0, body), tag: sealed.slice(body) }
    },
    gcmOpen(iv, aad, ciphertext, tag) {
      // SP 800-38D 5.2.1.2: we take the full tag only; noble compares it before it decrypts (7.2
      // step 8).
      if (iv.length !== GCM_IV_BYTES || tag.length !== SUITE_TAG_BYTES) return undefined
      return attempt(() => gcm(key, iv, aad).decrypt(concat(ciphertext, tag)))
    },
    cbcEncrypt(iv, plaintext, padded) {
      if (!isCbcInput(iv, plaintext, padded)) return undefined
      return cbc(key, iv, { disablePadding: !padded }).encrypt(plaintext)
    },
    cbcDecrypt(iv, ciphertext, padded) {
      // noble refuses all but whole blocks, and nothing at all where padding should be.
      return released(() => cbc(key, iv, { disablePadding: !padded }).decrypt(ciphertext))
    },
    wrap(material, padded) {
      const { cipher, materialMin, multipleOf } = WRAPS[padded ? 'kwp' : 'kw']
      if (material.length < materialMin || material.length % multipleOf !== 0) return undefined
      return cipher(key).encrypt(material)
    },
    unwrap(wrapped, padded) {
      const { cipher } = WRAPS[padded ? 'kwp' : 'kw']
      // noble refuses other lengths than those of wrapped keys.
      return released(() => cipher(key).decrypt(wrapped))
    },
  }
}

const isCbcInput = (iv: Uint8Array, data: Uint8Array, padded: boolean): boolean =>
  iv.length === BLOCK_BYTES && (padded || data.length % BLOCK_BYTES === 0)
