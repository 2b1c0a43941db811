/** The raw modes of AES (FIPS 197): GCM (SP 800-38D), CBC (SP 800-38A), KW and KWP (SP 800-38F). */
import { createCipheriv, createDecipheriv, createSecretKey } from 'node:crypto'
import type { Cipher, Decipher, KeyObject } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { fromHex, secretBytes, wipe } from '../../base/bytes.ts'
import { invalidArgument } from '../../base/errors.ts'
import { SUITE_TAG_BYTES } from '../provider.ts'
import type { RawAes } from '../provider.ts'
import { plain } from './hash.ts'

const modes = <B extends 128 | 192 | 256>(bits: B) =>
  ({
    ecb: `aes-${bits}-ecb`,
    gcm: `aes-${bits}-gcm`,
    cbc: `aes-${bits}-cbc`,
    kw: `id-aes${bits}-wrap`,
    kwp: `id-aes${bits}-wrap-pad`,
  }) as const

const MODES = { 16: modes(128), 24: modes(192), 32: modes(256) } as const
export type Modes = (typeof MODES)[keyof typeof MODES]

/** The names of the modes for a key of this length. */
export function modesFor(key: Uint8Array): Modes {
  if (!Object.hasOwn(MODES, key.length)) invalidArgument('key', '16, 24 or 32 bytes', key)
  return MODES[key.length as keyof typeof MODES]
}

/** Without this option OpenSSL would accept tags of 4 bytes. */
export const TAG_OPTIONS = { authTagLength: SUITE_TAG_BYTES } as const
export const GCM_IV_BYTES = 12
const BLOCK_BYTES = 16

/** Both wraps by mode: OpenSSL's IV is the integrity constant of the standard; bounds in bytes. */
const WRAPS = {
  // SP 800-38F 6.2 ICV1 (RFC 3394 2.2.3.1); two semiblocks at least
  kw: { iv: fromHex('a6a6a6a6a6a6a6a6')!, materialMin: 16, multipleOf: 8, wrappedMin: 24 },
  // SP 800-38F 6.3 ICV2 (RFC 5649 3)
  kwp: { iv: fromHex('a65959a6')!, materialMin: 1, multipleOf: 1, wrappedMin: 16 },
} as const

export function nodeAes(bytes: Uint8Array): RawAes {
  const names = modesFor(bytes)
  const key = createSecretKey(bytes)
  return {
    gcmSeal: (iv, aad, plaintext) => gcmSeal(names, key, iv, aad, plaintext),
    gcmOpen: (iv, aad, ciphertext, tag) => gcmOpen(names, key, iv, aad, ciphertext, tag),
    cbcEncrypt(iv, plaintext, padded) {
      if (!isCbcInput(iv, plaintext, padded)) return undefined
      return run(createCipheriv(names.cbc, key, iv).setAutoPadding(padded), plaintext)
    },
    cbcDecrypt(iv, ciphertext, padded) {
      // Padded or not, a ciphertext is whole blocks; padded ones have at least one.
      if (!isCbcInput(iv, ciphertext, false) || (padded && ciphertext.length === 0))
        return undefined
      return run(createDecipheriv(names.cbc, key, iv).setAutoPadding(padded), ciphertext)
    },
    wrap(material, padded) {
      const mode = padded ? 'kwp' : 'kw'
      const { iv, materialMin, multipleOf } = WRAPS[mode]
      if (material.length < materialMin || material.length % multipleOf !== 0) return undefined
      return run(createCipheriv(names[mode], key, iv), material)
    },
    unwrap(wrapped, padded) {
      const mode = padded ? 'kwp' : 'kw'
      const { iv, wrappedMin } = WRAPS[mode]
      // OpenSSL answers an empty KW ciphertext with nothing and no error: the bounds are ours to
      // keep.
      if (wrapped.length < wrappedMin || wrapped.length % 8 !== 0) return undefined
      return run(createDecipheriv(names[mode], key, iv), wrapped)
    },
  }
}

const isCbcInput = (iv: Uint8Array, data: Uint8Array, padded: boolean): boolean =>
  iv.length === BLOCK_BYTES && (padded || data.length % BLOCK_BYTES === 0)

/**
 * All output of a cipher in one fresh buffer; undefined when its final check fails, and then
 * nothing is released.
 */
function run(cipher: Cipher | Decipher, input: Uint8Array): Uint8Array | undefined {
  let body: Buffer | undefined
  let last: Buffer | undefined
  try {
    body = cipher.update(input)
    last = cipher.final()
    const out = secretBytes(body.length + last.length)
    out.set(body)
    out.set(last, body.length)
    return out
  } catch {
    return undefined
  } finally {
    wipe(body, last)
  }
}

function gcmSeal(
  names: Modes,
  key: KeyObject,
  iv: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
): { ciphertext: Uint8Array; tag: Uint8Array } {
  assert(iv.length === GCM_IV_BYTES, 'a GCM IV has 12 bytes')
  const cipher = createCipheriv(names.gcm, key, iv, TAG_OPTIONS)
  cipher.setAAD(aad)
  const ciphertext = plain(cipher.update(plaintext))
  cipher.final()
  return { ciphertext, tag: plain(cipher.getAuthTag()) }
}

function gcmOpen(
  names: Modes,
  key: KeyObject,
  iv: Uint8Array,
  aad: Uint8Array,
  ciphertext: Uint8Array,
  tag: Uint8Array,
): Uint8Array | undefined {
  if (iv.length !== GCM_IV_BYTES || tag.length !== SUITE_TAG_BYTES) return undefined
  let body: Buffer | undefined
  try {
    const decipher = createDecipheriv(names.gcm, key, iv, TAG_OPTIONS)
    decipher.setAuthTag(tag)
    decipher.setAAD(aad)
    body = decipher.update(ciphertext)
    // SP 800-38D 7.2 step 8: nothing is released before the tag is verified here.
    decipher.final()
    return plain(body)
  } catch {
    wipe(body)
    return undefined
  }
}
