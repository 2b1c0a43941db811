/**
 * The provider for any platform with the Web Cryptography API (browsers, Node, workers): @noble for
 * everything synchronous and for curves, WebCrypto for RSA. It imports nothing from a platform.
 */
import type { Random } from '../../base/ports.ts'
import { ALGORITHMS, SPECS } from '../../domain/algorithms.ts'
import type { Family } from '../../domain/algorithms.ts'
import * as limits from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { createGate } from '../gate.ts'
import { pkcs8Of } from '../keys.ts'
import type { CryptoProvider } from '../provider.ts'
import { selfTestOnce } from '../self-test.ts'
import { portableAes } from './aes.ts'
import { digest, hkdf, hmac, scrypt } from './hash.ts'
import { hold } from './hold.ts'
import * as pairs from './pairs.ts'
import { portableSources } from './random.ts'
import { parseRsaPublicKey, rsaLacks } from './rsa.ts'
import { portableSuite } from './suite.ts'

export interface PortableProviderOptions {
  /**
   * Replaces the CSPRNG of the platform; a deterministic one makes every byte reproducible (tests
   * only).
   */
  readonly random?: Random
}

export interface PortableProvider extends CryptoProvider {
  /**
   * Throws away random bytes that were drawn ahead. Call it after the machine was cloned or
   * restored.
   */
  reseed(): void
}

type Feature = Parameters<CryptoProvider['lacks']>[0]

/** A provider with its own pools and queues; two providers share nothing. */
export function createPortableProvider(options: PortableProviderOptions = {}): PortableProvider {
  const sources = portableSources(options.random)
  const context: ProviderContext = {
    sources,
    operations: createGate(limits.OPERATIONS_IN_FLIGHT_MAX, limits.OPERATIONS_WAITING_MAX),
    generation: createGate(limits.GENERATIONS_IN_FLIGHT_MAX, limits.OPERATIONS_WAITING_MAX),
    hold,
  }
  const provider: PortableProvider = {
    name: 'portable',
    random: sources.secret,
    reseed: () => sources.reseed(),
    lacks: (feature) => (needsRsa(feature) ? rsaLacks() : undefined),
    selfTest: () => selfTestOnce(provider),
    digest,
    hmac,
    hkdf,
    scrypt,
    suite: (key) => portableSuite(key, sources),
    aes: portableAes,
    generatePair: (spec) => pairs.generatePair(context, spec),
    parsePkcs8: pairs.parsePkcs8,
    toPkcs8: pkcs8Of,
    privateKey: (spec, pair) => pairs.privateKey(context, spec, pair),
    publicKey: (spec, spki) => pairs.publicKey(context, spec, spki),
    parseRsaPublicKey: (spki) => parseRsaPublicKey(context, spki),
  }
  return provider
}

function needsRsa(feature: Feature): boolean {
  if (feature in SPECS) return SPECS[feature as keyof typeof SPECS].family === 'rsa'
  if (!(feature in ALGORITHMS)) return false
  const families: readonly Family[] = ALGORITHMS[feature as keyof typeof ALGORITHMS].families
  return families.includes('rsa')
}
