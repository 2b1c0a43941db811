/**
 * Making and importing pairs of ML-DSA (FIPS 204) and ML-KEM (FIPS 203). At rest they are their
 * seed; the expanded private key is computed on first use and kept where the platform keeps secrets.
 */
import {
  constantTimeEqual,
  equalBytes,
  secretBytes,
  secretCopy,
  utf8,
  wipe,
} from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { ProviderContext } from './context.ts'
import type { Held } from './held.ts'
import { latticeSpki, parseLatticeInner, parsePkcs8Parts } from './keys.ts'
import { mlDsa, mlKem } from './lattices.ts'
import type { MlDsa, MlKem } from './lattices.ts'
import { DRAWN_BYTES, isMlKem, PARAMETER_SETS } from './parameter-sets.ts'
import type { LatticeSpec } from './parameter-sets.ts'
import type { KeyPairBytes } from './provider.ts'

type Expanded = ReturnType<MlDsa['keygen']>

/**
 * Fresh randomness. Drawn before anything is awaited, so that under a reproducible source every call
 * gets its own bytes in the order of the calls.
 */
export function drawn(context: ProviderContext, length: number = DRAWN_BYTES): Uint8Array {
  const bytes = secretBytes(length)
  context.sources.secret.fill(bytes)
  return bytes
}

/** FIPS 204 algorithm 1, FIPS 203 algorithm 19; the seed is what is kept (3.6.3 and 3.3 there). */
export async function generateLattice(
  context: ProviderContext,
  spec: LatticeSpec,
): Promise<KeyPairBytes> {
  const seed = drawn(context, PARAMETER_SETS[spec].seed)
  try {
    const functions = await functionsOf(spec)
    const expanded = functions.keygen(seed)
    const alike = isLatticePair(functions, expanded)
    wipe(expanded.secretKey)
    if (alike) return { privateKey: seed, publicKey: latticeSpki(spec, expanded.publicKey) }
    throw new StrongroomError('INTERNAL', `A new ${spec} pair failed its consistency test.`)
  } catch (error) {
    wipe(seed)
    throw error
  }
}

/**
 * The pair in foreign PKCS#8; undefined when the structure is wrong, or when an expanded or a public
 * key that came along is not that of the seed.
 */
export async function importLattice(
  spec: LatticeSpec,
  pkcs8: Uint8Array,
): Promise<KeyPairBytes | undefined> {
  const parts = parsePkcs8Parts(spec, pkcs8)
  const found = parts && parseLatticeInner(spec, parts.inner)
  return found && pairOfSeed(spec, await functionsOf(spec), { ...found, ...parts })
}

interface Given {
  readonly seed: Uint8Array
  readonly expandedKey: Uint8Array | undefined
  readonly publicKey: Uint8Array | undefined
}

/**
 * RFC 9881 and RFC 9935, Private Key Consistency Testing. The pair itself is not tested: both parts
 * are computed here, and a seed can be searched for which ML-DSA signs only after many attempts.
 */
export function pairOfSeed(
  spec: LatticeSpec,
  { keygen }: Pick<MlDsa | MlKem, 'keygen'>,
  given: Given,
): KeyPairBytes | undefined {
  const { publicKey, secretKey } = keygen(given.seed)
  try {
    const { expandedKey = secretKey } = given
    if (!constantTimeEqual(expandedKey, secretKey)) return undefined
    if (given.publicKey !== undefined && !equalBytes(given.publicKey, publicKey)) return undefined
    return { privateKey: secretCopy(given.seed), publicKey: latticeSpki(spec, publicKey) }
  } finally {
    wipe(secretKey)
  }
}

const functionsOf = (spec: LatticeSpec): Promise<MlDsa | MlKem> =>
  isMlKem(spec) ? mlKem(spec) : mlDsa(spec)

/**
 * The pairwise consistency test of new pairs (FIPS 140-3 IG 10.3.A). It draws no randomness: all that
 * leaves it is a verdict.
 */
export const isLatticePair = (functions: MlDsa | MlKem, expanded: Expanded): boolean =>
  'sign' in functions ? signsAlike(functions, expanded) : opensAlike(functions, expanded)

function signsAlike(dsa: MlDsa, { publicKey, secretKey }: Expanded): boolean {
  const message = utf8('pairwise consistency test')
  const signature = dsa.sign(message, secretKey, { extraEntropy: false })
  return dsa.verify(signature, message, publicKey)
}

function opensAlike(kem: MlKem, { publicKey, secretKey }: Expanded): boolean {
  const { cipherText, sharedSecret } = kem.encapsulate(publicKey, new Uint8Array(DRAWN_BYTES))
  return constantTimeEqual(kem.decapsulate(cipherText, secretKey), sharedSecret)
}

/** The expanded private key of a seed, computed when first asked for. */
export function expansion(
  { hold }: ProviderContext,
  seed: Uint8Array,
): (functions: MlDsa | MlKem) => Held {
  const kept = hold(seed)
  let expanded: Held | undefined
  return (functions) =>
    (expanded ??= kept.use((secret) => {
      const { secretKey } = functions.keygen(secret)
      try {
        return hold(secretKey)
      } finally {
        wipe(secretKey)
      }
    }))
}
