/** Cryptography out of a seed, and one RSA pair for all: making one takes longer than a whole run. */
import type { CryptoProvider, KeyPairBytes } from '../../crypto/provider.ts'
import { seededRandom } from '../seeded-random.ts'

const isNode = (): boolean =>
  (globalThis as { process?: { versions?: { node?: string } } }).process?.versions?.node !==
  undefined

async function seeded(seed: string): Promise<CryptoProvider> {
  const options = { random: seededRandom(seed) }
  return isNode()
    ? (await import('../../crypto/node/index.ts')).createNodeProvider(options)
    : (await import('../../crypto/portable/index.ts')).createPortableProvider(options)
}

let pair: Promise<KeyPairBytes> | undefined

/** The same pair in every process. */
export const cachedRsa = (): Promise<KeyPairBytes> =>
  (pair ??= seeded('rsa').then((provider) => provider.generatePair('RSA_2048')))

/** A provider for one site: every byte that it makes comes from the seed. */
export async function providerOf(seed: string): Promise<CryptoProvider> {
  const provider = await seeded(seed)
  const { privateKey, publicKey } = await cachedRsa()
  return {
    ...provider,
    selfTest: async () => undefined,
    generatePair: async (spec) =>
      spec === 'RSA_2048'
        ? { privateKey: privateKey.slice(), publicKey: publicKey.slice() }
        : provider.generatePair(spec),
  }
}
