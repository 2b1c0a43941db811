/**
 * Verification of Ed25519 and Ed25519ph (RFC 8032 5.1.7) where the platform has none, by the rules
 * that OpenSSL keeps: the providers agree on every signature, also on those that only the holder of
 * the key can make in two ways. Public numbers alone: no constant time.
 */
import { ed25519 } from '@noble/curves/ed25519.js'
import { sha512 } from '@noble/hashes/sha2.js'
import { concat, equalBytes, utf8 } from '../base/bytes.ts'
import { toBigInt } from './der.ts'

const { Point } = ed25519
/** L (RFC 8032 5.1). */
const { ORDER } = Point.Fn
const R_BYTES = 32
const SIGNATURE_BYTES = 64

/** dom2(1, "") of RFC 8032 2 and 5.1: the prefix of Ed25519ph without a context. */
const DOM2_PH = concat(utf8('SigEd25519 no Ed25519 collisions'), Uint8Array.of(1, 0))

/** RFC 8032 5.1.2: integers are little-endian. */
const littleEndian = (bytes: Uint8Array): bigint => toBigInt(bytes.slice().reverse())

export function verifyEd25519(
  prehashed: boolean,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  // 5.1.7 step 1: S below L, so that a signature has one form
  const r = signature.subarray(0, R_BYTES)
  const s = littleEndian(signature.subarray(R_BYTES))
  if (signature.length !== SIGNATURE_BYTES || s >= ORDER) return false
  try {
    const a = Point.fromBytes(publicKey)
    // Step 2: k = SHA-512(dom2 || R || A || PH(M))
    const parts = prehashed ? [DOM2_PH, r, publicKey, sha512(message)] : [r, publicKey, message]
    const k = littleEndian(sha512(concat(...parts))) % ORDER
    // Step 3 with the equation itself and not eight times it, which "is sufficient": whatever
    // passes here passes with the cofactor too (FIPS 186-5 7.7). R is compared in its one encoding.
    const expected = Point.BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k))
    return equalBytes(expected.toBytes(), r)
  } catch {
    return false
  }
}
