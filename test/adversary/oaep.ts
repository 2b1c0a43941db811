/** RSA below its paddings: blocks as an attacker makes them. */
import { constants, createPublicKey, publicEncrypt } from 'node:crypto'
import type { Hash } from '../../src/domain/algorithms.ts'
import type { Chance } from '../campaigns/chance.ts'
import { digestOf } from '../engine/judge.ts'

const BLOCK_BYTES = 256
const HASH_BYTES = { SHA_1: 20, SHA_256: 32 } as const

/** MGF1 (RFC 8017 B.2.1) into `target`. */
function masked(hash: Hash, seed: Uint8Array, target: Uint8Array): void {
  for (let at = 0, counter = 0; at < target.length; counter++) {
    const mask = digestOf(hash, Uint8Array.of(...seed, 0, 0, 0, counter))
    for (const byte of mask) if (at < target.length) target[at++]! ^= byte
  }
}

/**
 * EME-OAEP (RFC 8017 7.1.1 step 2) of a message for 2048 bits; `injure` changes the data block
 * before it is masked, or the whole afterwards.
 */
export function oaepBlock(
  chance: Chance,
  hash: keyof typeof HASH_BYTES,
  message: Uint8Array,
  injure: (db: Uint8Array, block: Uint8Array) => unknown = () => undefined,
): Uint8Array {
  const hLen = HASH_BYTES[hash]
  const block = new Uint8Array(BLOCK_BYTES)
  const seed = block.subarray(1, 1 + hLen)
  const db = block.subarray(1 + hLen)
  db.set(digestOf(hash, new Uint8Array(0)))
  db[db.length - message.length - 1] = 1
  db.set(message, db.length - message.length)
  const untouched = new Uint8Array(BLOCK_BYTES)
  injure(db, untouched)
  seed.set(chance.bytes(hLen))
  masked(hash, seed, db)
  masked(hash, db, seed)
  block[0] = untouched[0]!
  return block
}

/** The bare public operation (RFC 8017 5.1.1). */
export function rawEncrypt(spki: Uint8Array): (block: Uint8Array) => Uint8Array {
  const key = createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
  const padding = constants.RSA_NO_PADDING
  return (block) => new Uint8Array(publicEncrypt({ key, padding }, block))
}
