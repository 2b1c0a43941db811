/**
 * TABLE of the parameter sets of ML-DSA (FIPS 204 4, tables 1 and 2) and ML-KEM (FIPS 203 8, tables
 * 2 and 3), with the object identifiers of RFC 9881 2 and RFC 9935 3.
 */
import { fromHex } from '../base/bytes.ts'
import { SPECS } from '../domain/algorithms.ts'
import type { PairSpec, SpecOf } from '../domain/algorithms.ts'

export type MlDsaSpec = SpecOf<'mldsa'>
export type MlKemSpec = SpecOf<'mlkem'>
/** Keys over module lattices: at rest they are the seed that both parts are computed from. */
export type LatticeSpec = MlDsaSpec | MlKemSpec
export type ClassicSpec = Exclude<PairSpec, LatticeSpec>

/** All lengths in bytes. */
export interface ParameterSet {
  /** The name in JOSE (draft-ietf-cose-dilithium, draft-ietf-jose-pqc-kem). */
  readonly name: string
  /** Contents of the object identifier. */
  readonly oid: Uint8Array
  readonly seed: number
  readonly publicKey: number
  /** The private key as the standard computes with it. */
  readonly expandedKey: number
  /** What is verified, or decapsulated: a signature, or a ciphertext. */
  readonly output: number
}

const row = (
  spec: LatticeSpec,
  oid: string,
  [publicKey, expandedKey, output]: readonly [number, number, number],
): ParameterSet => ({
  name: spec.replaceAll('_', '-'),
  oid: fromHex(oid)!,
  seed: SPECS[spec].bytes,
  publicKey,
  expandedKey,
  output,
})

export const PARAMETER_SETS: Readonly<Record<LatticeSpec, ParameterSet>> = {
  ML_DSA_44: row('ML_DSA_44', '608648016503040311', [1312, 2560, 2420]),
  ML_DSA_65: row('ML_DSA_65', '608648016503040312', [1952, 4032, 3309]),
  ML_DSA_87: row('ML_DSA_87', '608648016503040313', [2592, 4896, 4627]),
  ML_KEM_512: row('ML_KEM_512', '608648016503040401', [800, 1632, 768]),
  ML_KEM_768: row('ML_KEM_768', '608648016503040402', [1184, 2400, 1088]),
  ML_KEM_1024: row('ML_KEM_1024', '608648016503040403', [1568, 3168, 1568]),
}

export const isLattice = (spec: PairSpec): spec is LatticeSpec => spec in PARAMETER_SETS
export const isMlKem = (spec: PairSpec): spec is MlKemSpec => SPECS[spec].family === 'mlkem'

/** What a signature and an encapsulation draw: rnd of FIPS 204, m of FIPS 203. */
export const DRAWN_BYTES = 32
