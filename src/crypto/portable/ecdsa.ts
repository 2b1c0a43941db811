/**
 * ECDSA over a digest (FIPS 186-5 6.4.1, nonces by RFC 6979) by noble. BigInt arithmetic is not
 * constant in time; nonces are hedged (RFC 6979 3.6) except under a reproducible source.
 */
import { secretBytes, wipe } from '../../base/bytes.ts'
import type { Random } from '../../base/ports.ts'
import { HASH_BYTES } from '../../domain/algorithms.ts'
import type { Hash } from '../../domain/algorithms.ts'
import type { EcSpec } from '../curves.ts'
import { ecdsaFor, OPTIONS } from '../ecdsa.ts'

/** r || s. `random` hedges the nonce; without it the signature is exactly that of RFC 6979. */
export async function signDigest(
  spec: EcSpec,
  hash: Hash,
  digest: Uint8Array,
  scalar: Uint8Array,
  random: Random | undefined,
): Promise<Uint8Array> {
  const ecdsa = await ecdsaFor(spec, hash)
  if (random === undefined) return ecdsa.sign(digest, scalar, OPTIONS)
  const extraEntropy = secretBytes(HASH_BYTES[hash])
  random.fill(extraEntropy)
  try {
    return ecdsa.sign(digest, scalar, { ...OPTIONS, extraEntropy })
  } finally {
    wipe(extraEntropy)
  }
}
