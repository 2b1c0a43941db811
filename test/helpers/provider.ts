/** A provider for many rooms in one process. */
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'
import { SPECS, type PairSpec } from '../../src/domain/algorithms.ts'

/** It tests itself once, and has one RSA pair of each size, so that none is waited for twice. */
function fastProvider(): CryptoProvider {
  const provider = createNodeProvider()
  const known = new Map<PairSpec, Promise<KeyPairBytes>>()
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

export const sharedProvider = async (): Promise<CryptoProvider> => (made ??= fastProvider())
