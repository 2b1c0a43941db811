/**
 * A room with a key of every spec, for every purpose, and what lies in each: exported and opened by
 * node:crypto.
 */
import {
  ALGORITHMS,
  SPEC_NAMES,
  SPECS,
  algorithmFor,
  type Algorithm,
  type Family,
  type Hash,
  type Spec,
  type Wrapping,
} from '../../src/domain/algorithms.ts'
import { Strongroom } from '../../src/index.ts'
import type { Key } from '../../src/engine/api.ts'
import { pairOf, privateOf, unwrapWith } from './judge.ts'
import type { Room } from './support.ts'

export type Crypto = 'node' | 'portable'
export const CRYPTOS = ['node', 'portable'] as const

/**
 * Large RSA pairs take seconds to find and the same way through the engine: with one provider is
 * enough.
 */
const isSlow = (spec: Spec): boolean => spec === 'RSA_3072' || spec === 'RSA_4096'
export const specsOf = (crypto: Crypto, ...families: readonly Family[]): readonly Spec[] =>
  SPEC_NAMES.filter(
    (spec) => families.includes(SPECS[spec].family) && (crypto === 'node' || !isSlow(spec)),
  )

const fits = (spec: Spec, algorithm: Algorithm): boolean => {
  try {
    return Boolean(algorithmFor(spec, algorithm))
  } catch {
    return false
  }
}
/** Every pair of a spec and an algorithm that it offers. */
export const offered = <A extends Algorithm>(specs: readonly Spec[], algorithms: readonly A[]) =>
  specs.flatMap((spec) =>
    algorithms.filter((name) => fits(spec, name)).map((algorithm) => ({ spec, algorithm })),
  )
export const hashOf = (algorithm: Algorithm): Hash | undefined => {
  const row = ALGORITHMS[algorithm]
  return 'hash' in row ? row.hash : undefined
}

const RECIPIENT = pairOf('RSA_2048')

export class Everything {
  room!: Room
  readonly #keys = new Map<Spec, Key>()
  readonly #materials = new Map<Spec, Uint8Array>()

  async open(crypto: Crypto, specs: readonly Spec[]): Promise<void> {
    this.room = await Strongroom.open({ crypto })
    const { id: vaultId } = await this.room.createVault({ displayName: 'everything' })
    const make = async (spec: Spec): Promise<void> => {
      const { purposes } = SPECS[spec]
      const asked = { vaultId, displayName: spec, spec, purposes, protectionMode: 'SOFTWARE' }
      this.#keys.set(spec, await this.room.createKey(asked as never))
      this.#materials.set(spec, await this.exported(spec, 'RSA_OAEP_AES_SHA_256'))
    }
    await Promise.all(specs.map(make))
  }

  key(spec: Spec): { readonly keyId: string } {
    return { keyId: this.#keys.get(spec)!.id }
  }

  /** The raw key, or PKCS#8. */
  material(spec: Spec): Uint8Array {
    return this.#materials.get(spec)!
  }

  async exported(spec: Spec, wrapping: Wrapping): Promise<Uint8Array> {
    const publicKey = RECIPIENT.spki
    const { wrapped } = await this.room.exportKey({ ...this.key(spec), wrapping, publicKey })
    return unwrapWith(wrapping, privateOf(RECIPIENT.pkcs8), wrapped)
  }
}
