/**
 * XAES-256-GCM (C2SP) with key commitment, and the same construction for AES-128 and AES-192. The
 * key schedule of the KDF is computed once per suite.
 */
import { gcm, unsafe } from '@noble/ciphers/aes.js'
import { assert } from '../../base/assert.ts'
import { constantTimeEqual, wipe } from '../../base/bytes.ts'
import type { RandomSources } from '../pool.ts'
import { SUITE_NONCE_BYTES, SUITE_OVERHEAD_BYTES } from '../provider.ts'
import type { Suite } from '../provider.ts'
import * as xaes from '../xaes.ts'
import { aesKey, attempt } from './aes.ts'

export function portableSuite(bytes: Uint8Array, sources: RandomSources): Suite {
  const key = aesKey(bytes)
  const schedule = unsafe.expandKeyLE(key)
  wipe(key)
  // XAES steps 1 and 2
  const zero = unsafe.encryptBlock(schedule, new Uint8Array(xaes.BLOCK_BYTES))
  const k1 = xaes.cmacSubkey(zero)
  wipe(zero)

  /** XAES steps 3 to 6 for the nonce at `at`; what `use` is handed is wiped after it. */
  const derive = <T>(
    source: Uint8Array,
    at: number,
    aad: Uint8Array,
    use: (cipher: ReturnType<typeof gcm>, commitment: Uint8Array) => T,
  ): T => {
    const blocks = new Uint8Array(xaes.KDF_BYTES)
    try {
      xaes.writeKdfInput(k1, source, at, blocks, 0)
      for (let i = 0; i < blocks.length; i += xaes.BLOCK_BYTES)
        unsafe.encryptBlock(schedule, blocks.subarray(i, i + xaes.BLOCK_BYTES))
      const iv = source.subarray(at + xaes.CONTEXT_BYTES, at + SUITE_NONCE_BYTES)
      const cipher = gcm(blocks.subarray(0, bytes.length), iv, aad)
      return use(cipher, blocks.subarray(xaes.COMMITMENT_AT))
    } finally {
      wipe(blocks)
    }
  }

  /** Writes commitment, body and tag behind the nonce that stands in `out` at `at`. */
  const complete = (out: Uint8Array, at: number, aad: Uint8Array, plaintext: Uint8Array) =>
    derive(out, at, aad, (cipher, commitment) => {
      out.set(commitment, at + xaes.SEALED_COMMITMENT_AT)
      out.set(cipher.encrypt(plaintext), at + xaes.SEALED_BODY_AT)
      return out
    })

  return {
    seal(header, aad, plaintext) {
      const at = header.length
      const out = new Uint8Array(at + SUITE_OVERHEAD_BYTES + plaintext.length)
      out.set(header)
      const random = sources.nonces ?? sources.secret
      random.fill(out.subarray(at, at + SUITE_NONCE_BYTES))
      return complete(out, at, aad, plaintext)
    },
    sealWithNonce(nonce, aad, plaintext) {
      assert(nonce.length === SUITE_NONCE_BYTES, 'an XAES nonce has 24 bytes')
      const out = new Uint8Array(SUITE_OVERHEAD_BYTES + plaintext.length)
      out.set(nonce)
      return complete(out, 0, aad, plaintext)
    },
    open(sealed, headerBytes, aad) {
      if (sealed.length < headerBytes + SUITE_OVERHEAD_BYTES) return undefined
      const bodyAt = headerBytes + xaes.SEALED_BODY_AT
      const claimed = sealed.subarray(headerBytes + xaes.SEALED_COMMITMENT_AT, bodyAt)
      return derive(sealed, headerBytes, aad, (cipher, commitment) => {
        const committed = constantTimeEqual(commitment, claimed)
        const body = sealed.slice(bodyAt)
        // A wrong commitment spoils the tag, so that every refusal takes the same steps.
        body[body.length - 1]! ^= Number(!committed)
        const opened = attempt(() => cipher.decrypt(body))
        if (committed) return opened
        // Only someone who knows the key can have made the spoiled tag the right one.
        wipe(opened)
        return undefined
      })
    },
  }
}
