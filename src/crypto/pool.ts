/**
 * Random bytes from a pool: one call of the platform fills thousands of bytes, each request copies
 * out of them and wipes what it took. Nothing is filled before the first request, so a start-up
 * snapshot holds no random bytes.
 */
import { wipe } from '../base/bytes.ts'
import type { Random } from '../base/ports.ts'

export interface PooledRandom extends Random {
  /**
   * Throws away what was drawn in advance: call it after a clone or restore of a virtual machine or
   * process.
   */
  reseed(): void
  /** Grows with each `reseed`; whoever draws nonces ahead compares it before using them. */
  readonly epoch: number
}

/**
 * Pool of public bytes (nonces), and of secret ones (keys): the latter is small, so that little
 * lies about.
 */
export const NONCE_POOL_BYTES = 8192
export const SECRET_POOL_BYTES = 4096

/** Requests above this share of the pool go straight to the source. */
const LARGE_SHARE = 4

/** Below this size a byte loop beats `set`. */
const LOOP_BYTES_MAX = 64

/** A pool over `source`, which fills its argument with fresh random bytes. */
export function pooledRandom(
  source: (target: Uint8Array) => void,
  poolBytes: number,
): PooledRandom {
  let pool: Uint8Array | undefined
  let used = poolBytes
  let epoch = 0
  return {
    get epoch() {
      return epoch
    },
    reseed() {
      wipe(pool)
      used = poolBytes
      epoch++
    },
    fill(target) {
      const length = target.length
      if (length * LARGE_SHARE > poolBytes) {
        source(target)
        return
      }
      pool ??= new Uint8Array(poolBytes)
      if (used + length > poolBytes) {
        source(pool)
        used = 0
      }
      // Copied, never handed out as a view: a view would change under its holder at the next
      // refill.
      const end = used + length
      if (length > LOOP_BYTES_MAX) target.set(pool.subarray(used, end))
      else for (let i = 0, at = used; at < end; i++, at++) target[i] = pool[at]!
      pool.fill(0, used, end)
      used = end
    },
  }
}

/** The two sources of randomness of a provider. */
export interface RandomSources {
  /** For keys, salts, seeds, ids; the given source itself when it is deterministic. */
  readonly secret: Random
  /**
   * For nonces, where they may be drawn ahead; undefined when every byte must come in order from
   * `secret`.
   */
  readonly nonces: PooledRandom | undefined
  reseed(): void
}

/**
 * Pools over the caller's source or the platform's; none over a deterministic one, whose order is
 * its meaning.
 */
export function randomSources(
  platform: (target: Uint8Array) => void,
  given: Random | undefined,
): RandomSources {
  if (given?.deterministic === true) {
    return { secret: given, nonces: undefined, reseed: () => undefined }
  }
  const source = given === undefined ? platform : (target: Uint8Array) => given.fill(target)
  const secret = pooledRandom(source, SECRET_POOL_BYTES)
  const nonces = pooledRandom(source, NONCE_POOL_BYTES)
  const reseed = () => {
    secret.reseed()
    nonces.reseed()
  }
  return { secret, nonces, reseed }
}
