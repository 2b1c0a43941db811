/**
 * The provider on node:crypto (OpenSSL). It offers everything; noble fills the three calls that
 * Node lacks.
 */
import type { Random } from '../../base/ports.ts'
import * as limits from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { createGate } from '../gate.ts'
import { pkcs8Of } from '../keys.ts'
import type { CryptoProvider } from '../provider.ts'
import { selfTestOnce } from '../self-test.ts'
import { nodeAes } from './aes.ts'
import { digest, hkdf, hmac, scrypt } from './hash.ts'
import { hold } from './hold.ts'
import * as pairs from './pairs.ts'
import { nodeSources } from './random.ts'
import { parseRsaPublicKey } from './rsa.ts'
import { nodeSuite } from './suite.ts'

export interface NodeProviderOptions {
  /**
   * Replaces the CSPRNG of the platform; a deterministic one makes every byte reproducible (tests
   * only).
   */
  readonly random?: Random
}

export interface NodeProvider extends CryptoProvider {
  /**
   * Throws away all random bytes and message keys that were drawn ahead. Call it after the process
   * or its virtual machine was cloned or restored: two copies of a pool would give the same nonces.
   */
  reseed(): void
}

/** A provider with its own pools and queues; two providers share nothing. */
export function createNodeProvider(options: NodeProviderOptions = {}): NodeProvider {
  const sources = nodeSources(options.random)
  const context: ProviderContext = {
    sources,
    operations: createGate(limits.OPERATIONS_IN_FLIGHT_MAX, limits.OPERATIONS_WAITING_MAX),
    generation: createGate(limits.GENERATIONS_IN_FLIGHT_MAX, limits.OPERATIONS_WAITING_MAX),
    hold,
  }
  const provider: NodeProvider = {
    name: 'node',
    random: sources.secret,
    reseed: () => sources.reseed(),
    lacks: () => undefined,
    selfTest: () => selfTestOnce(provider),
    digest,
    hmac,
    hkdf,
    scrypt,
    suite: (key) => nodeSuite(key, sources),
    aes: nodeAes,
    generatePair: (spec) => pairs.generatePair(context, spec),
    parsePkcs8: pairs.parsePkcs8,
    toPkcs8: pkcs8Of,
    privateKey: (spec, pair) => pairs.privateKey(context, spec, pair),
    publicKey: (spec, spki) => pairs.publicKey(context, spec, spki),
    parseRsaPublicKey: (spki) => parseRsaPublicKey(context, spki),
  }
  return provider
}
