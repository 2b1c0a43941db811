/** Constants of XAES-256-GCM (C2SP) and of our commitment, shared by the providers. */
import { secretBytes } from '../base/bytes.ts'
import { SUITE_COMMITMENT_BYTES, SUITE_NONCE_BYTES, SUITE_TAG_BYTES } from './provider.ts'

/** N = 12 bytes of KDF context || 12 bytes of GCM nonce (Detailed key derivation, steps 3 to 6). */
export const CONTEXT_BYTES = 12
export const IV_BYTES = SUITE_NONCE_BYTES - CONTEXT_BYTES
/** Blocks 1 and 2 are the message key, 3 and 4 the commitment. */
export const BLOCK_BYTES = 16
export const KDF_BYTES = 4 * BLOCK_BYTES
export const COMMITMENT_AT = KDF_BYTES - SUITE_COMMITMENT_BYTES

/** Where the parts of a sealed message begin, after the header. */
export const SEALED_COMMITMENT_AT = SUITE_NONCE_BYTES
export const SEALED_BODY_AT = SUITE_NONCE_BYTES + SUITE_COMMITMENT_BYTES
export const SEALED_TAIL_BYTES = SUITE_TAG_BYTES

/**
 * Step 2: the CMAC subkey K1 = dbl(L) of L = AES_K(0) (SP 800-38B 6.1), without a branch on the top
 * bit.
 */
export function cmacSubkey(zeroBlock: Uint8Array): Uint8Array {
  const k1 = secretBytes(BLOCK_BYTES)
  for (let i = 0; i < BLOCK_BYTES; i++) {
    k1[i] = (zeroBlock[i]! << 1) | ((zeroBlock[i + 1] ?? 0) >>> 7)
  }
  // R_128 = 0x87 (SP 800-38B 5.3)
  k1[BLOCK_BYTES - 1]! ^= 0x87 & -(zeroBlock[0]! >>> 7)
  return k1
}

/**
 * Steps 3 to 5: the four inputs M_i xor K1 with M_i = 00 || i || 58 || 00 || N[0..12), i = 1..4,
 * written at `at`.
 */
export function writeKdfInput(
  k1: Uint8Array,
  nonce: Uint8Array,
  nonceAt: number,
  out: Uint8Array,
  at: number,
): void {
  for (let i = 1; i <= 4; i++, at += BLOCK_BYTES) {
    out[at] = k1[0]!
    out[at + 1] = k1[1]! ^ i
    out[at + 2] = k1[2]! ^ 0x58
    out[at + 3] = k1[3]!
    for (let j = 0; j < CONTEXT_BYTES; j++) out[at + 4 + j] = nonce[nonceAt + j]! ^ k1[4 + j]!
  }
}
