/** A provider for many rooms in one process. */
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'

/** It tests itself once, and its RSA-2048 pairs are one pair, so that none is waited for. */
async function fastProvider(): Promise<CryptoProvider> {
  const provider = createNodeProvider()
  const { privateKey, publicKey } = await provider.generatePair('RSA_2048')
  const generatePair: CryptoProvider['generatePair'] = async (spec) =>
    spec === 'RSA_2048'
      ? { privateKey: privateKey.slice(), publicKey: publicKey.slice() }
      : provider.generatePair(spec)
  return { ...provider, generatePair }
}

let made: Promise<CryptoProvider> | undefined

export const sharedProvider = (): Promise<CryptoProvider> => (made ??= fastProvider())
