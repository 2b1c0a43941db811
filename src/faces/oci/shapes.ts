/** TABLES of words: key shapes, algorithms and states of OCI beside ours (contracts: OCI 4, 5). */
import type {
  EncryptionAlgorithm,
  Purpose,
  SigningAlgorithm,
  Spec,
  Wrapping,
} from '../../domain/algorithms.ts'
import type { KeyState, VaultState, VersionState } from '../../domain/lifecycle.ts'
import type { Origin } from '../../domain/records.ts'
import { invalid } from './errors.ts'
import { integer, may, need, record, words, type Read } from './fields.ts'

export interface Shape {
  readonly algorithm: 'AES' | 'RSA' | 'ECDSA'
  /** In bytes: of the key, the modulus, or a coordinate. */
  readonly length: number
  readonly curveId: keyof typeof CURVES | null
}

/** The curve filter of `listKeys`. */
export const CURVES = { NIST_P256: 'P-256', NIST_P384: 'P-384', NIST_P521: 'P-521' } as const

const SHAPES: Readonly<Partial<Record<Spec, Shape>>> = {
  AES_128: { algorithm: 'AES', length: 16, curveId: null },
  AES_192: { algorithm: 'AES', length: 24, curveId: null },
  AES_256: { algorithm: 'AES', length: 32, curveId: null },
  RSA_2048: { algorithm: 'RSA', length: 256, curveId: null },
  RSA_3072: { algorithm: 'RSA', length: 384, curveId: null },
  RSA_4096: { algorithm: 'RSA', length: 512, curveId: null },
  EC_P256: { algorithm: 'ECDSA', length: 32, curveId: 'NIST_P256' },
  EC_P384: { algorithm: 'ECDSA', length: 48, curveId: 'NIST_P384' },
  EC_P521: { algorithm: 'ECDSA', length: 66, curveId: 'NIST_P521' },
}

/** Undefined for keys that other faces made and OCI has no word for. */
export const shapeOf = (spec: Spec): Shape | undefined => SHAPES[spec]

/** What a key of a shape is for: OCI says nothing of it, the shape implies it. */
export const PURPOSES: Readonly<Record<Shape['algorithm'], readonly Purpose[]>> = {
  AES: ['encrypt'],
  RSA: ['encrypt', 'sign'],
  ECDSA: ['sign'],
}

export interface Shaped {
  readonly spec: Spec
  readonly purposes: readonly Purpose[]
}

const shapeFields = record({
  algorithm: need(words('AES', 'RSA', 'ECDSA')),
  length: need(integer(1, 1024)),
  curveId: may(words('NIST_P256', 'NIST_P384', 'NIST_P521')),
})

interface Found {
  readonly shaped: Shaped
  readonly curveId: Shape['curveId']
}

/** A shape is known by algorithm and length. */
function byLength(algorithm: Shape['algorithm']): ReadonlyMap<number, Found> {
  const purposes = PURPOSES[algorithm]
  const shapes = Object.entries(SHAPES).filter(([, shape]) => shape.algorithm === algorithm)
  return new Map(
    shapes.map(([spec, { length, curveId }]) => [
      length,
      { shaped: { spec: spec as Spec, purposes }, curveId },
    ]),
  )
}
const BY_LENGTH = { AES: byLength('AES'), RSA: byLength('RSA'), ECDSA: byLength('ECDSA') }

/** A key shape; the curve follows from the length, and one that is given must be that one. */
export const keyShape: Read<Shaped> = (value, path) => {
  const { algorithm, length, curveId } = shapeFields(value, path)
  const found = BY_LENGTH[algorithm].get(length)
  if (!found) return invalid(`${path}.length`, `a length of ${algorithm} keys in bytes`)
  if (curveId !== undefined && curveId !== found.curveId)
    return invalid(`${path}.curveId`, found.curveId ?? `none with ${algorithm}`)
  return found.shaped
}

/** The shape of a data key. */
export const dataKeyShape: Read<Spec & `AES_${string}`> = (value, path) => {
  const { spec } = keyShape(value, path)
  return isAes(spec) ? spec : invalid(`${path}.algorithm`, 'AES')
}
const isAes = (spec: Spec): spec is Spec & `AES_${string}` => spec.startsWith('AES_')

/** The name says 256 for shorter keys too. */
export const ENCRYPTION: Readonly<Record<string, EncryptionAlgorithm>> = {
  AES_256_GCM: 'XAES_GCM',
  RSA_OAEP_SHA_1: 'RSA_OAEP_SHA_1',
  RSA_OAEP_SHA_256: 'RSA_OAEP_SHA_256',
}

export const SIGNING: Readonly<Record<string, SigningAlgorithm>> = {
  SHA_224_RSA_PKCS_PSS: 'RSA_PSS_SHA_224',
  SHA_256_RSA_PKCS_PSS: 'RSA_PSS_SHA_256',
  SHA_384_RSA_PKCS_PSS: 'RSA_PSS_SHA_384',
  SHA_512_RSA_PKCS_PSS: 'RSA_PSS_SHA_512',
  SHA_224_RSA_PKCS1_V1_5: 'RSA_PKCS1_SHA_224',
  SHA_256_RSA_PKCS1_V1_5: 'RSA_PKCS1_SHA_256',
  SHA_384_RSA_PKCS1_V1_5: 'RSA_PKCS1_SHA_384',
  SHA_512_RSA_PKCS1_V1_5: 'RSA_PKCS1_SHA_512',
  ECDSA_SHA_256: 'ECDSA_SHA_256',
  ECDSA_SHA_384: 'ECDSA_SHA_384',
  ECDSA_SHA_512: 'ECDSA_SHA_512',
}

export const WRAPPING: Readonly<Record<string, Wrapping>> = {
  RSA_OAEP_SHA256: 'RSA_OAEP_SHA_256',
  RSA_OAEP_AES_SHA256: 'RSA_OAEP_AES_SHA_256',
}

/** The word of OCI for a word of ours. */
export function wordFor(table: Readonly<Record<string, string>>, ours: string): string | null {
  return Object.entries(table).find(([, value]) => value === ours)?.[0] ?? null
}

export const VAULT_STATE: Readonly<Record<VaultState, string>> = {
  active: 'ACTIVE',
  pendingDeletion: 'PENDING_DELETION',
  deleted: 'DELETED',
  restoring: 'RESTORING',
}

/** A key that waits for its material is made by other faces; here it is one that is being made. */
export const KEY_STATE: Readonly<Record<KeyState, string>> = {
  creating: 'CREATING',
  pendingImport: 'CREATING',
  enabled: 'ENABLED',
  disabled: 'DISABLED',
  pendingDeletion: 'PENDING_DELETION',
  deleted: 'DELETED',
  unavailable: 'DISABLED',
  updating: 'UPDATING',
  pendingReplicaDeletion: 'PENDING_DELETION',
}

export const VERSION_STATE: Readonly<Record<VersionState, string>> = {
  pendingImport: 'CREATING',
  enabled: 'ENABLED',
  disabled: 'DISABLED',
  pendingDeletion: 'PENDING_DELETION',
  deleted: 'DELETED',
}

/** To OCI everything that was not made here is external. */
export const ORIGIN: Readonly<Record<Origin, string>> = {
  internal: 'INTERNAL',
  imported: 'EXTERNAL',
  external: 'EXTERNAL',
}
