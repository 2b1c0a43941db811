/** TABLE of the families of key pairs, and what a provider does with any of them. */
import { wipe } from '../../base/bytes.ts'
import { SPECS, type PairSpec } from '../../domain/algorithms.ts'
import type { ProviderContext } from '../context.ts'
import { importPkcs8 } from '../import-key.ts'
import { LATTICE_FAMILIES } from '../lattice-families.ts'
import { importLattice } from '../lattice-pairs.ts'
import { consistent } from '../pairwise.ts'
import { isLattice } from '../parameter-sets.ts'
import type { ClassicSpec } from '../parameter-sets.ts'
import type { Eventually, KeyPairBytes, PrivateKey, PublicKey } from '../provider.ts'
import { attempt } from './aes.ts'
import * as ec from './ec.ts'
import * as okp from './okp.ts'
import * as rsa from './rsa.ts'

interface FamilyRow<S extends PairSpec = PairSpec> {
  generate(context: ProviderContext, spec: S): Eventually<KeyPairBytes>
  privateKey(context: ProviderContext, spec: S, pair: KeyPairBytes): PrivateKey
  publicKey(context: ProviderContext, spec: S, spki: Uint8Array): PublicKey
  /** Absent where import and generation test by themselves. */
  isPair?(spec: S, pair: KeyPairBytes): boolean
}

const row = <S extends PairSpec>(functions: FamilyRow<S>): FamilyRow => functions

const FAMILIES = {
  rsa: row({
    generate: rsa.generateRsa,
    privateKey: rsa.rsaPrivateKey,
    publicKey: rsa.rsaPublicKey,
    isPair: rsa.isRsaPair,
  }),
  ec: row({
    generate: ec.generateEc,
    privateKey: ec.ecPrivateKey,
    publicKey: ec.ecPublicKey,
    isPair: ec.isEcPair,
  }),
  okp: row({
    generate: (context) => okp.generateOkp(context),
    privateKey: (_context, _spec, pair) => okp.okpPrivateKey(pair),
    publicKey: (_context, _spec, spki) => okp.okpPublicKey(spki),
    isPair: (_spec, pair) => okp.isOkpPair(pair),
  }),
  mldsa: row(LATTICE_FAMILIES.mldsa),
  mlkem: row(LATTICE_FAMILIES.mlkem),
} as const

const familyOf = (spec: PairSpec): FamilyRow => FAMILIES[SPECS[spec].family]

export const privateKey = (
  context: ProviderContext,
  spec: PairSpec,
  pair: KeyPairBytes,
): PrivateKey => familyOf(spec).privateKey(context, spec, pair)

export const publicKey = (context: ProviderContext, spec: PairSpec, spki: Uint8Array): PublicKey =>
  familyOf(spec).publicKey(context, spec, spki)

/** A new pair that has passed the pairwise consistency test. */
export async function generatePair(
  context: ProviderContext,
  spec: PairSpec,
): Promise<KeyPairBytes> {
  const pair = await familyOf(spec).generate(context, spec)
  if (isLattice(spec)) return pair
  return consistent(
    spec,
    pair,
    privateKey(context, spec, pair),
    publicKey(context, spec, pair.publicKey),
  )
}

const PUBLIC_PART = { ec: ec.ecPublicPoint, okp: okp.okpPublicBytes }

/** The pair in foreign PKCS#8, fully checked; undefined when anything about it is wrong. */
export function parsePkcs8(spec: ClassicSpec, pkcs8: Uint8Array): KeyPairBytes | undefined
export function parsePkcs8(spec: PairSpec, pkcs8: Uint8Array): Eventually<KeyPairBytes | undefined>
export function parsePkcs8(spec: PairSpec, pkcs8: Uint8Array) {
  if (isLattice(spec)) return importLattice(spec, pkcs8)
  const pair = importPkcs8(spec, pkcs8, PUBLIC_PART)
  // Numbers that only look right (a factor that is not prime) can make the test throw.
  if (pair === undefined || attempt(() => familyOf(spec).isPair?.(spec, pair)) === true) return pair
  wipe(pair.privateKey)
  return undefined
}
