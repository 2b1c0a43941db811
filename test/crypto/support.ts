/** What the crypto tests share: the providers under test, the vectors, and small builders. */
import { readFileSync } from 'node:fs'
import { shake128 } from '@noble/hashes/sha3.js'
import { fromHex, utf8 } from '../../src/base/bytes.ts'
import type { Random } from '../../src/base/ports.ts'
import { SPECS, algorithmFor } from '../../src/domain/algorithms.ts'
import { PAIR_SPECS, SIGNING_ALGORITHMS } from '../../src/domain/algorithms.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import type { EcSpec } from '../../src/crypto/curves.ts'
import * as der from '../../src/crypto/der.ts'
import { isLattice } from '../../src/crypto/parameter-sets.ts'
import type { ClassicSpec } from '../../src/crypto/parameter-sets.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import { createPortableProvider } from '../../src/crypto/portable/index.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'

export const CREATE = { node: createNodeProvider, portable: createPortableProvider } as const
export type ProviderName = keyof typeof CREATE
export const PROVIDER_NAMES = Object.keys(CREATE) as readonly ProviderName[]
export const PROVIDERS: Readonly<Record<ProviderName, CryptoProvider>> = {
  node: createNodeProvider(),
  portable: createPortableProvider(),
}
/** Ordered pairs: what the first makes, the second takes. */
export const CROSSINGS = PROVIDER_NAMES.flatMap((from) =>
  PROVIDER_NAMES.map((to) => ({ from, to })),
)

export function hex(text: string): Uint8Array {
  const bytes = fromHex(text)
  if (bytes === undefined) throw new Error(`not hex: ${text}`)
  return bytes
}

/** The groups of one file of fixtures/vectors; every vector names its `source`. */
export const loadVectors = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../fixtures/vectors/${name}.json`, import.meta.url), 'utf8'))

/** The signing algorithms that a spec takes. */
export const signingAlgorithms = (spec: PairSpec): readonly SigningAlgorithm[] =>
  SIGNING_ALGORITHMS.filter((algorithm) => {
    try {
      return algorithmFor(spec, algorithm).purpose === 'sign'
    } catch {
      return false
    }
  })

export const EC_SPECS = PAIR_SPECS.filter((spec): spec is EcSpec => SPECS[spec].family === 'ec')
/** Pairs other than ML-DSA and ML-KEM, which test/crypto/lattice.test.ts is about. */
export const CLASSIC_SPECS = PAIR_SPECS.filter((spec): spec is ClassicSpec => !isLattice(spec))
export const RSA_HASHES: readonly Hash[] = ['SHA_1', 'SHA_224', 'SHA_256', 'SHA_384', 'SHA_512']

const ID_EC_PUBLIC_KEY = hex('2a8648ce3d0201')

/** PKCS#8 of a bare scalar, without the optional parts (RFC 5915 3, RFC 5958 2). */
export const ecPkcs8 = (spec: EcSpec, scalar: Uint8Array): Uint8Array =>
  der.encodeDer(
    der.sequence(
      der.integer(Uint8Array.of(0)),
      der.sequence(der.oid(ID_EC_PUBLIC_KEY), der.oid(CURVES[spec].oid)),
      der.octets(der.sequence(der.integer(Uint8Array.of(1)), der.octets(scalar))),
    ),
  )

/** PKCS#8 of an Ed25519 seed (RFC 8410 7). */
export const okpPkcs8 = (seed: Uint8Array): Uint8Array =>
  der.encodeDer(
    der.sequence(
      der.integer(Uint8Array.of(0)),
      der.sequence(der.oid(hex('2b6570'))),
      der.octets(der.octets(seed)),
    ),
  )

/** The pair in PKCS#8 that must parse. */
export function imported(
  provider: CryptoProvider,
  spec: ClassicSpec,
  pkcs8: Uint8Array,
): KeyPairBytes {
  const pair = provider.parsePkcs8(spec, pkcs8)
  if (pair === undefined) throw new Error(`${provider.name} refused a good ${spec} key`)
  return pair
}

/** A copy with bit 0 of one byte changed (negative: from the end). */
export function flipped(bytes: Uint8Array, at: number, mask = 1): Uint8Array {
  const copy = bytes.slice()
  copy[at < 0 ? copy.length + at : at]! ^= mask
  return copy
}

/** A reproducible source that counts what was taken. */
export function counted(seed: string): Random & { taken: number } {
  const state = shake128.create().update(utf8(seed))
  const random = {
    deterministic: true,
    taken: 0,
    fill(target: Uint8Array) {
      target.set(state.xof(target.length))
      random.taken += target.length
    },
  }
  return random
}

export const ownsMemory = (result: Uint8Array): boolean =>
  result.constructor === Uint8Array && result.buffer.byteLength === result.length
