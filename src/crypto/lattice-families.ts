/** ROWS of the families of lattices: what both providers do with them is the same. */
import { generateLattice } from './lattice-pairs.ts'
import { mlDsaPrivateKey, mlDsaPublicKey } from './ml-dsa.ts'
import { mlKemPrivateKey, mlKemPublicKey } from './ml-kem.ts'
import type { ProviderContext } from './context.ts'
import type { MlDsaSpec } from './parameter-sets.ts'

export const LATTICE_FAMILIES = {
  mldsa: {
    generate: generateLattice,
    privateKey: mlDsaPrivateKey,
    publicKey: (_context: ProviderContext, spec: MlDsaSpec, spki: Uint8Array) =>
      mlDsaPublicKey(spec, spki),
  },
  mlkem: {
    generate: generateLattice,
    privateKey: mlKemPrivateKey,
    publicKey: mlKemPublicKey,
  },
} as const
