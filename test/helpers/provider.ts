/** A provider for many rooms in one process. */
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'
import { SPECS } from '../../src/domain/algorithms.ts'

/** RSA pairs of one provider, by size: whoever asks for another waits for none. */
const known = new Map<string, Promise<KeyPairBytes>>()

/** The same provider with one RSA pair of each size, which is found once in a process. */
export function withFewPairs(provider: CryptoProvider): CryptoProvider {
  const generatePair: CryptoProvider['generatePair'] = async (spec) => {
    if (SPECS[spec].family !== 'rsa') return provider.generatePair(spec)
    const made = known.get(spec) ?? Promise.resolve(provider.generatePair(spec))
    known.set(spec, made)
    const { privateKey, publicKey } = await made
    return { privateKey: privateKey.slice(), publicKey: publicKey.slice() }
  }
  return { ...provider, generatePair }
}

let made: CryptoProvider | undefined

/** It tests itself once. */
export const sharedProvider = async (): Promise<CryptoProvider> =>
  (made ??= withFewPairs(createNodeProvider()))
