/** ML-DSA keys in use (FIPS 204): pure, with the empty context, hedged. */
import { assert } from '../base/assert.ts'
import { toBase64url, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { SigningAlgorithm } from '../domain/algorithms.ts'
import type { ProviderContext } from './context.ts'
import { parseLatticeSpki } from './keys.ts'
import { drawn, expansion } from './lattice-pairs.ts'
import { mlDsa } from './lattices.ts'
import type { MlDsa } from './lattices.ts'
import { PARAMETER_SETS } from './parameter-sets.ts'
import type { MlDsaSpec } from './parameter-sets.ts'
import type { KeyPairBytes, MessageType, PrivateKey, PublicKey } from './provider.ts'

/** How a message goes in: as it is, or as the representative mu that was computed of it. */
interface Form {
  sign(dsa: MlDsa, message: Uint8Array, secretKey: Uint8Array, rnd: Uint8Array): Uint8Array
  verify(dsa: MlDsa, signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean
}

const FORMS: Readonly<Partial<Record<MessageType, Form>>> = {
  // Algorithms 2 and 3
  raw: {
    sign: (dsa, message, secretKey, rnd) => dsa.sign(message, secretKey, { extraEntropy: rnd }),
    verify: (dsa, signature, message, publicKey) => dsa.verify(signature, message, publicKey),
  },
  // Algorithms 7 and 8 with mu given where line 6 and line 7 compute it
  externalMu: {
    sign: (dsa, mu, secretKey, rnd) =>
      dsa.internal.sign(mu, secretKey, { extraEntropy: rnd, externalMu: true }),
    verify: (dsa, signature, mu, publicKey) =>
      dsa.internal.verify(signature, mu, publicKey, { externalMu: true }),
  },
}

function formOf(algorithm: SigningAlgorithm, messageType: MessageType): Form {
  assert(algorithm === 'ML_DSA', `${algorithm} is an ML-DSA signature`)
  const form = FORMS[messageType]
  if (form) return form
  throw new StrongroomError(
    'UNSUPPORTED',
    'messageType: ML_DSA signs raw messages and external mu, not digests.',
  )
}

export function mlDsaPrivateKey(
  context: ProviderContext,
  spec: MlDsaSpec,
  pair: KeyPairBytes,
): PrivateKey {
  const expanded = expansion(context, pair.privateKey)
  return {
    async sign(algorithm, message, { messageType }) {
      const form = formOf(algorithm, messageType)
      // 3.4: fresh for each signature; a reproducible source makes it reproducible.
      const rnd = drawn(context)
      try {
        const dsa = await mlDsa(spec)
        return expanded(dsa).use((secretKey) => form.sign(dsa, message, secretKey, rnd))
      } finally {
        wipe(rnd)
      }
    },
    oaepDecrypt: () => undefined,
    agree: () => undefined,
    decapsulate: () => undefined,
  }
}

export function mlDsaPublicKey(spec: MlDsaSpec, spki: Uint8Array): PublicKey {
  const key = parseLatticeSpki(spec, spki)?.slice()
  assert(key !== undefined, `the public part is an ${spec} key`)
  const { name, output } = PARAMETER_SETS[spec]
  return {
    bits: SPECS[spec].bits,
    async verify(algorithm, message, signature, { messageType }) {
      const form = formOf(algorithm, messageType)
      return signature.length === output && form.verify(await mlDsa(spec), signature, message, key)
    },
    oaepEncrypt: () => undefined,
    encapsulate: () => undefined,
    jwk: () => ({ kty: 'AKP', alg: name, pub: toBase64url(key) }),
  }
}
