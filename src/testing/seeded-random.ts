/**
 * Reproducible bytes for tests: the same seed gives the same ids, material, nonces and signatures.
 * Never for real keys.
 */
import { chacha20 } from '@noble/ciphers/chacha.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { utf8 } from '../base/bytes.ts'
import type { Random } from '../base/ports.ts'

/** A `Random` that says of itself that anyone who knows the seed knows every byte. */
export interface SeededRandom extends Random {
  readonly deterministic: true
}

/**
 * Bytes of keystream made at a time: a multiple of the 64-byte block of ChaCha20 (RFC 8439 2.3).
 */
const CHUNK_BYTES = 4096
const NONCE_BYTES = 12

/**
 * One endless stream of bytes: the ChaCha20 keystream (RFC 8439) under SHA-256 of the seed, the
 * number of the chunk as nonce. Filling 3 and then 5 bytes gives the same 8 bytes as filling 8. The
 * seeds `1` and `'1'` are one seed.
 *
 * @example
 * const room = await Strongroom.open({ random: seededRandom('shop'), clock: new VirtualClock() })
 */
export function seededRandom(seed: string | number): SeededRandom {
  const key = sha256(utf8(`strongroom/testing/seeded-random/v1:${seed}`))
  let chunk = new Uint8Array(0)
  let chunks = 0
  let at = 0
  const refill = (): void => {
    const nonce = new Uint8Array(NONCE_BYTES)
    new DataView(nonce.buffer).setUint32(0, chunks++, true)
    chunk = chacha20(key, nonce, new Uint8Array(CHUNK_BYTES))
    at = 0
  }
  const fill = (target: Uint8Array): void => {
    for (let done = 0; done < target.length;) {
      if (at === chunk.length) refill()
      const take = Math.min(chunk.length - at, target.length - done)
      target.set(chunk.subarray(at, at + take), done)
      at += take
      done += take
    }
  }
  return { deterministic: true, fill }
}
