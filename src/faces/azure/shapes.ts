/** TABLE of key types, sizes, curves, operations and algorithms (contracts: Azure 3). */
import type {
  EncryptionAlgorithm,
  MacAlgorithm,
  Purpose,
  SigningAlgorithm,
  Spec,
  WrapAlgorithm,
} from '../../domain/algorithms.ts'
import { HASH_BYTES, SPECS } from '../../domain/algorithms.ts'
import type { KeyOperation } from '../../engine/api.ts'

/** Of a key that Azure knows, without the suffix of HSM keys. */
export type KeyType = 'RSA' | 'EC' | 'oct'
export const HSM = '-HSM'
export const KEY_TYPES = ['RSA', 'RSA-HSM', 'EC', 'EC-HSM', 'oct', 'oct-HSM'] as const
export const KEY_OPS = [
  ...(['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'] as const),
  ...(['import', 'export'] as const),
]
export type KeyOp = (typeof KEY_OPS)[number]

export const CURVES = {
  'P-256': 'EC_P256',
  'P-384': 'EC_P384',
  'P-521': 'EC_P521',
  'P-256K': 'EC_SECP256K1',
} as const satisfies Record<string, Spec>
export type CurveName = keyof typeof CURVES
export const CURVE_NAMES = Object.keys(CURVES) as readonly CurveName[]
const CURVE_OF = new Map<Spec, CurveName>(CURVE_NAMES.map((name) => [CURVES[name], name]))
export const curveOf = (spec: Spec): CurveName | undefined => CURVE_OF.get(spec)

const RSA_SIZES: Readonly<Record<number, Spec>> = {
  2048: 'RSA_2048',
  3072: 'RSA_3072',
  4096: 'RSA_4096',
}
const AES_SIZES: Readonly<Record<number, Spec>> = { 128: 'AES_128', 192: 'AES_192', 256: 'AES_256' }
/** An `oct` key for signatures alone: the engine has a key for encryption or for MACs, not for both. */
const MAC_SIZES: Readonly<Record<number, Spec>> = {
  256: 'HMAC_256',
  384: 'HMAC_384',
  512: 'HMAC_512',
}

interface Kind {
  readonly type: KeyType
  readonly purposes: readonly Purpose[]
  /** By what the service calls it: the operation of the room that it permits. In its order. */
  readonly ops: Readonly<Partial<Record<KeyOp, KeyOperation>>>
  /** Whether a version may be limited to nothing but this purpose. */
  readonly sizes: Readonly<Record<number, Spec>>
}

const CIPHER = { encrypt: 'encrypt', decrypt: 'decrypt' } as const
const SIGNATURE = { sign: 'sign', verify: 'verify' } as const
const WRAPPER = { wrapKey: 'wrapKey', unwrapKey: 'unwrapKey' } as const

const KINDS = {
  rsa: {
    type: 'RSA',
    purposes: ['encrypt', 'wrap', 'sign'],
    ops: { ...CIPHER, ...SIGNATURE, ...WRAPPER },
    sizes: RSA_SIZES,
  },
  ec: { type: 'EC', purposes: ['sign'], ops: SIGNATURE, sizes: {} },
  aes: {
    type: 'oct',
    purposes: ['encrypt', 'wrap'],
    ops: { ...CIPHER, ...WRAPPER },
    sizes: AES_SIZES,
  },
  hmac: {
    type: 'oct',
    purposes: ['mac'],
    ops: { sign: 'generateMac', verify: 'verifyMac' },
    sizes: MAC_SIZES,
  },
} as const satisfies Record<string, Kind>

/** Undefined for a spec that the service does not have, of keys that were made elsewhere. */
export function kindOf(spec: Spec): Kind | undefined {
  const { family } = SPECS[spec]
  const kind: Kind | undefined = Object.hasOwn(KINDS, family)
    ? KINDS[family as keyof typeof KINDS]
    : undefined
  const known =
    kind && (kind.type === 'EC' ? curveOf(spec) : Object.values(kind.sizes).includes(spec))
  return known ? kind : undefined
}

export const RSA_BITS_DEFAULT = 2048
export const OCT_BITS_DEFAULT = 256

export const rsaSpec = (bits: number): Spec | undefined => sized(RSA_SIZES, bits)
/** @param macs the key signs and verifies, and does nothing else */
export const octSpec = (bits: number, macs: boolean): Spec | undefined =>
  sized(macs ? MAC_SIZES : AES_SIZES, bits)
const sized = (sizes: Readonly<Record<number, Spec>>, bits: number): Spec | undefined =>
  Object.hasOwn(sizes, bits) ? sizes[bits] : undefined

export const sizesOf = (type: 'RSA' | 'oct', macs = false): string =>
  Object.keys(type === 'RSA' ? RSA_SIZES : macs ? MAC_SIZES : AES_SIZES).join(', ')

interface Fit<A> {
  readonly algorithm: A
  /** The one spec that it is for; absent: each of its family. */
  readonly spec?: Spec
  readonly family: 'rsa' | 'ec' | 'aes' | 'hmac'
}
const rsa = <const A>(algorithm: A): Fit<A> => ({ algorithm, family: 'rsa' })
const aes = <const A>(algorithm: A, bits?: 128 | 192 | 256): Fit<A> => ({
  algorithm,
  family: 'aes',
  ...(bits && { spec: `AES_${bits}` as const }),
})

const OAEP = {
  'RSA-OAEP': rsa('RSA_OAEP_SHA_1'),
  'RSA-OAEP-256': rsa('RSA_OAEP_SHA_256'),
} as const

export const ENCRYPTION: Readonly<Record<string, Fit<EncryptionAlgorithm>>> = {
  ...OAEP,
  A128GCM: aes('AES_GCM', 128),
  A192GCM: aes('AES_GCM', 192),
  A256GCM: aes('AES_GCM', 256),
  A128CBC: aes('AES_CBC', 128),
  A192CBC: aes('AES_CBC', 192),
  A256CBC: aes('AES_CBC', 256),
  A128CBCPAD: aes('AES_CBC_PAD', 128),
  A192CBCPAD: aes('AES_CBC_PAD', 192),
  A256CBCPAD: aes('AES_CBC_PAD', 256),
}

export const WRAPPING: Readonly<Record<string, Fit<WrapAlgorithm>>> = {
  ...OAEP,
  A128KW: aes('AES_KW', 128),
  A192KW: aes('AES_KW', 192),
  A256KW: aes('AES_KW', 256),
  CKM_AES_KEY_WRAP: aes('AES_KW'),
  CKM_AES_KEY_WRAP_PAD: aes('AES_KWP'),
}

interface SignatureFit extends Fit<SigningAlgorithm | MacAlgorithm> {
  /** Bytes of the digest; undefined where any message goes. */
  readonly digestBytes: number | undefined
}
const signature = (fit: Fit<SigningAlgorithm>, bits: 256 | 384 | 512): SignatureFit => ({
  ...fit,
  digestBytes: HASH_BYTES[`SHA_${bits}`],
})
const ecdsa = (bits: 256 | 384 | 512, spec: Spec): SignatureFit =>
  signature({ algorithm: `ECDSA_SHA_${bits}`, family: 'ec', spec }, bits)
const hmac = (bits: 256 | 384 | 512): SignatureFit => ({
  algorithm: `HMAC_SHA_${bits}`,
  family: 'hmac',
  spec: `HMAC_${bits}`,
  digestBytes: undefined,
})

export const SIGNING: Readonly<Record<string, SignatureFit>> = {
  RS256: signature(rsa('RSA_PKCS1_SHA_256'), 256),
  RS384: signature(rsa('RSA_PKCS1_SHA_384'), 384),
  RS512: signature(rsa('RSA_PKCS1_SHA_512'), 512),
  PS256: signature(rsa('RSA_PSS_SHA_256'), 256),
  PS384: signature(rsa('RSA_PSS_SHA_384'), 384),
  PS512: signature(rsa('RSA_PSS_SHA_512'), 512),
  ES256: ecdsa(256, 'EC_P256'),
  ES384: ecdsa(384, 'EC_P384'),
  ES512: ecdsa(512, 'EC_P521'),
  ES256K: ecdsa(256, 'EC_SECP256K1'),
  HS256: hmac(256),
  HS384: hmac(384),
  HS512: hmac(512),
}

export type { Fit, SignatureFit }
