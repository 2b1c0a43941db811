/**
 * The encodings of RFC 8017 around the raw RSA permutation: EMSA-PKCS1-v1_5 (9.2), EMSA-PSS (9.1),
 * EME-OAEP (7.1) and MGF1 (B.2.1), for digests that are made elsewhere and for reproducible salts
 * and seeds.
 */
import { concat, constantTimeEqual, fromHex, wipe } from '../base/bytes.ts'
import { HASH_BYTES } from '../domain/algorithms.ts'
import type { Hash } from '../domain/algorithms.ts'

/** The digest function of a provider. */
export type Digest = (hash: Hash, ...data: readonly Uint8Array[]) => Uint8Array

/** DigestInfo up to the digest: RFC 8017 9.2 note 1. */
const DIGEST_INFO: Readonly<Record<Hash, Uint8Array>> = {
  SHA_1: fromHex('3021300906052b0e03021a05000414')!,
  SHA_224: fromHex('302d300d06096086480165030402040500041c')!,
  SHA_256: fromHex('3031300d060960864801650304020105000420')!,
  SHA_384: fromHex('3041300d060960864801650304020205000430')!,
  SHA_512: fromHex('3051300d060960864801650304020305000440')!,
}

/** The DER of DigestInfo (RFC 8017 9.2 step 2). */
export const digestInfo = (hash: Hash, digest: Uint8Array): Uint8Array =>
  concat(DIGEST_INFO[hash], digest)

/** EMSA-PKCS1-v1_5 in k bytes: 00 01 FF.. 00 DigestInfo (RFC 8017 9.2 steps 3 to 5). */
export function pkcs1Encode(hash: Hash, digest: Uint8Array, k: number): Uint8Array {
  const info = digestInfo(hash, digest)
  const encoded = new Uint8Array(k).fill(0xff)
  encoded.set([0x00, 0x01])
  encoded[k - info.length - 1] = 0x00
  encoded.set(info, k - info.length)
  return encoded
}

/** MGF1 (RFC 8017 B.2.1), xored into `target`: H(seed || counter) for counter = 0, 1, 2... */
function maskInPlace(digest: Digest, hash: Hash, seed: Uint8Array, target: Uint8Array): void {
  const counter = new Uint8Array(4)
  const view = new DataView(counter.buffer)
  const hLen = HASH_BYTES[hash]
  for (let block = 0; block * hLen < target.length; block++) {
    view.setUint32(0, block)
    const mask = digest(hash, seed, counter)
    // The last mask may be longer than the target: what is written beyond it is dropped.
    for (let i = 0; i < hLen; i++) target[block * hLen + i]! ^= mask[i]!
    wipe(mask)
  }
}

/**
 * EMSA-PSS-ENCODE (RFC 8017 9.1.1) of a digest for a modulus of `bits`; the salt length is the
 * salt's own.
 */
export function pssEncode(
  digest: Digest,
  hash: Hash,
  message: Uint8Array,
  salt: Uint8Array,
  bits: number,
): Uint8Array {
  const emBits = bits - 1
  const encoded = new Uint8Array(Math.ceil(emBits / 8))
  const dbLen = encoded.length - HASH_BYTES[hash] - 1
  // Steps 5 and 6: H = Hash(00 x 8 || mHash || salt)
  const h = digest(hash, new Uint8Array(8), message, salt)
  // Steps 7 and 8: DB = PS || 01 || salt
  const db = encoded.subarray(0, dbLen)
  db[dbLen - salt.length - 1] = 0x01
  db.set(salt, dbLen - salt.length)
  // Steps 9 to 11: mask DB, clear the leftmost bits
  maskInPlace(digest, hash, h, db)
  db[0]! &= 0xff >>> (8 * encoded.length - emBits)
  // Step 12
  encoded.set(h, dbLen)
  encoded[encoded.length - 1] = 0xbc
  return encoded
}

/** EMSA-PSS-VERIFY (RFC 8017 9.1.2) with a salt exactly as long as the hash. */
export function pssVerify(
  digest: Digest,
  hash: Hash,
  message: Uint8Array,
  encoded: Uint8Array,
  bits: number,
): boolean {
  const emBits = bits - 1
  const hLen = HASH_BYTES[hash]
  const dbLen = encoded.length - hLen - 1
  // Steps 3 to 6: length, trailer, leftmost bits
  if (encoded.length !== Math.ceil(emBits / 8) || dbLen < hLen + 1) return false
  const spare = 0xff >>> (8 * encoded.length - emBits)
  if (encoded[encoded.length - 1] !== 0xbc || (encoded[0]! & ~spare) !== 0) return false
  // Steps 7 to 10: unmask; DB must be 00.. 01 salt
  const h = encoded.subarray(dbLen, dbLen + hLen)
  const db = encoded.slice(0, dbLen)
  maskInPlace(digest, hash, h, db)
  db[0]! &= spare
  const padding = dbLen - hLen - 1
  for (let i = 0; i < padding; i++) if (db[i] !== 0) return false
  if (db[padding] !== 0x01) return false
  // Steps 11 to 14
  return constantTimeEqual(h, digest(hash, new Uint8Array(8), message, db.subarray(padding + 1)))
}

/** The longest OAEP message for k bytes (RFC 8017 7.1.1 step 1 b). */
export const oaepMaxBytes = (hash: Hash, k: number): number => k - 2 * HASH_BYTES[hash] - 2

/**
 * EME-OAEP encoding with an empty label (RFC 8017 7.1.1 step 2); the caller has checked the length.
 */
export function oaepEncode(
  digest: Digest,
  hash: Hash,
  message: Uint8Array,
  seed: Uint8Array,
  k: number,
): Uint8Array {
  const hLen = HASH_BYTES[hash]
  const encoded = new Uint8Array(k)
  const maskedSeed = encoded.subarray(1, 1 + hLen)
  const db = encoded.subarray(1 + hLen)
  // a to c: DB = lHash || PS || 01 || M
  db.set(digest(hash))
  db[db.length - message.length - 1] = 0x01
  db.set(message, db.length - message.length)
  // d to i
  maskInPlace(digest, hash, seed, db)
  maskedSeed.set(seed)
  maskInPlace(digest, hash, db, maskedSeed)
  return encoded
}

/**
 * EME-OAEP decoding (RFC 8017 7.1.2 step 3). All three checks are gathered without a branch on
 * secret bytes, so that they cannot be told apart (the note there; Manger's attack). The one answer
 * for each failure is undefined.
 */
export function oaepDecode(
  digest: Digest,
  hash: Hash,
  encoded: Uint8Array,
): Uint8Array | undefined {
  const hLen = HASH_BYTES[hash]
  if (encoded.length < 2 * hLen + 2) return undefined
  const seed = encoded.slice(1, 1 + hLen)
  const db = encoded.slice(1 + hLen)
  try {
    maskInPlace(digest, hash, encoded.subarray(1 + hLen), seed)
    maskInPlace(digest, hash, seed, db)
    let bad = encoded[0]!
    const label = digest(hash)
    for (let i = 0; i < hLen; i++) bad |= db[i]! ^ label[i]!
    const { start, found } = afterSeparator(db, hLen)
    bad |= 1 ^ found
    return bad === 0 ? db.slice(start) : undefined
  } finally {
    wipe(seed, db)
  }
}

/**
 * Where the message begins after PS || 01, and 1 when PS is only zeros; touches every byte alike.
 */
function afterSeparator(db: Uint8Array, from: number): { start: number; found: number } {
  let start = 0
  let looking = 1
  let bad = 0
  for (let i = from; i < db.length; i++) {
    const byte = db[i]!
    // 1 when the byte is 0, resp. 1: (x - 1) borrows only from 0.
    const zero = ((byte - 1) >>> 8) & 1
    const one = (((byte ^ 1) - 1) >>> 8) & 1
    const hit = looking & one
    start |= -hit & (i + 1)
    bad |= looking & (1 ^ zero) & (1 ^ one)
    looking &= 1 ^ hit
  }
  return { start, found: (1 ^ looking) & (1 ^ bad) }
}
