/** The pairwise consistency test of new pairs (FIPS 140-3 IG 10.3.A). Lattices have their own. */
import { utf8, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { defaultAlgorithm, type SigningAlgorithm } from '../domain/algorithms.ts'
import type { ClassicSpec } from './parameter-sets.ts'
import type { KeyPairBytes, PrivateKey, PublicKey } from './provider.ts'

const MESSAGE = utf8('pairwise consistency test')

/** A signature that draws no random bytes of its own where the pair is reproducible. */
const testAlgorithm = (spec: ClassicSpec): SigningAlgorithm =>
  (defaultAlgorithm(spec, 'sign') as SigningAlgorithm | undefined) ?? 'RSA_PKCS1_SHA_256'

/**
 * The pair, when what one part signs the other verifies; otherwise it is wiped.
 * @throws {StrongroomError} INTERNAL
 */
export async function consistent(
  spec: ClassicSpec,
  pair: KeyPairBytes,
  privateKey: PrivateKey,
  publicKey: PublicKey,
): Promise<KeyPairBytes> {
  const algorithm = testAlgorithm(spec)
  const options = { messageType: 'raw' } as const
  const signature = await privateKey.sign(algorithm, MESSAGE, options)
  if (await publicKey.verify(algorithm, MESSAGE, signature, options)) return pair
  wipe(pair.privateKey)
  throw new StrongroomError('INTERNAL', `A new ${spec} pair failed its consistency test.`)
}
