/** ML-KEM keys in use (FIPS 203). */
import { assert } from '../base/assert.ts'
import { secretCopy, toBase64url, wipe } from '../base/bytes.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { SigningAlgorithm } from '../domain/algorithms.ts'
import type { ProviderContext } from './context.ts'
import { parseLatticeSpki } from './keys.ts'
import { drawn, expansion } from './lattice-pairs.ts'
import { mlKem } from './lattices.ts'
import { PARAMETER_SETS } from './parameter-sets.ts'
import type { MlKemSpec } from './parameter-sets.ts'
import type { KeyPairBytes, PrivateKey, PublicKey } from './provider.ts'

export function mlKemPrivateKey(
  context: ProviderContext,
  spec: MlKemSpec,
  pair: KeyPairBytes,
): PrivateKey {
  const expanded = expansion(context, pair.privateKey)
  return {
    sign: noSignature,
    oaepDecrypt: () => undefined,
    agree: () => undefined,
    // Algorithm 21: the comparison inside decides which secret comes out, never whether one does.
    async decapsulate(ciphertext) {
      // 7.3, check 1; checks 2 and 3 hold for what was expanded from a seed.
      if (ciphertext.length !== PARAMETER_SETS[spec].output) return undefined
      const kem = await mlKem(spec)
      return expanded(kem).use((secretKey) => taken(kem.decapsulate(ciphertext, secretKey)))
    },
  }
}

export function mlKemPublicKey(
  context: ProviderContext,
  spec: MlKemSpec,
  spki: Uint8Array,
): PublicKey {
  // 7.2: both checks of a public key are made here, once.
  const key = parseLatticeSpki(spec, spki)?.slice()
  assert(key !== undefined, `the public part is an ${spec} key`)
  return {
    bits: SPECS[spec].bits,
    verify: noSignature,
    oaepEncrypt: () => undefined,
    // Algorithm 20
    async encapsulate() {
      const m = drawn(context)
      try {
        const { cipherText, sharedSecret } = (await mlKem(spec)).encapsulate(key, m)
        return { ciphertext: cipherText, sharedSecret: taken(sharedSecret) }
      } finally {
        wipe(m)
      }
    },
    jwk: () => ({ kty: 'AKP', alg: PARAMETER_SETS[spec].name, pub: toBase64url(key) }),
  }
}

function noSignature(algorithm: SigningAlgorithm): never {
  assert(false, `${algorithm} is a signature of another family`)
}

/** A secret that noble answers as a view of something larger, in memory of its own. */
function taken(secret: Uint8Array): Uint8Array {
  const copy = secretCopy(secret)
  wipe(secret)
  return copy
}
