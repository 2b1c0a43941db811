/** TABLES of words: theirs on the left, ours on the right (contracts: AWS 7). */
import type { Algorithm, Purpose, Spec } from '../../domain/algorithms.ts'
import type { KeyStoreType, Origin } from '../../domain/records.ts'
import type { Key } from '../../engine/api.ts'

export const KEY_SPECS = {
  SYMMETRIC_DEFAULT: 'AES_256',
  RSA_2048: 'RSA_2048',
  RSA_3072: 'RSA_3072',
  RSA_4096: 'RSA_4096',
  ECC_NIST_P256: 'EC_P256',
  ECC_NIST_P384: 'EC_P384',
  ECC_NIST_P521: 'EC_P521',
  ECC_SECG_P256K1: 'EC_SECP256K1',
  ECC_NIST_EDWARDS25519: 'ED25519',
  ML_DSA_44: 'ML_DSA_44',
  ML_DSA_65: 'ML_DSA_65',
  ML_DSA_87: 'ML_DSA_87',
  ML_KEM_512: 'ML_KEM_512',
  ML_KEM_768: 'ML_KEM_768',
  ML_KEM_1024: 'ML_KEM_1024',
  HMAC_224: 'HMAC_224',
  HMAC_256: 'HMAC_256',
  HMAC_384: 'HMAC_384',
  HMAC_512: 'HMAC_512',
} as const satisfies Record<string, Spec>
export type KeySpec = keyof typeof KEY_SPECS

export const KEY_USAGES = {
  ENCRYPT_DECRYPT: 'encrypt',
  SIGN_VERIFY: 'sign',
  GENERATE_VERIFY_MAC: 'mac',
  KEY_AGREEMENT: 'agree',
  ENCAPSULATE_DECAPSULATE: 'encapsulate',
} as const satisfies Record<string, Purpose>
export type KeyUsage = keyof typeof KEY_USAGES

export const ENCRYPTION_ALGORITHMS = {
  SYMMETRIC_DEFAULT: 'XAES_GCM',
  RSAES_OAEP_SHA_1: 'RSA_OAEP_SHA_1',
  RSAES_OAEP_SHA_256: 'RSA_OAEP_SHA_256',
} as const satisfies Record<string, Algorithm>
export type EncryptionAlgorithm = keyof typeof ENCRYPTION_ALGORITHMS

export const SIGNING_ALGORITHMS = {
  RSASSA_PKCS1_V1_5_SHA_256: 'RSA_PKCS1_SHA_256',
  RSASSA_PKCS1_V1_5_SHA_384: 'RSA_PKCS1_SHA_384',
  RSASSA_PKCS1_V1_5_SHA_512: 'RSA_PKCS1_SHA_512',
  RSASSA_PSS_SHA_256: 'RSA_PSS_SHA_256',
  RSASSA_PSS_SHA_384: 'RSA_PSS_SHA_384',
  RSASSA_PSS_SHA_512: 'RSA_PSS_SHA_512',
  ECDSA_SHA_256: 'ECDSA_SHA_256',
  ECDSA_SHA_384: 'ECDSA_SHA_384',
  ECDSA_SHA_512: 'ECDSA_SHA_512',
  ED25519_SHA_512: 'ED25519',
  ED25519_PH_SHA_512: 'ED25519PH',
  ML_DSA_SHAKE_256: 'ML_DSA',
} as const satisfies Record<string, Algorithm>
export type SigningAlgorithm = keyof typeof SIGNING_ALGORITHMS

export const MAC_ALGORITHMS = {
  HMAC_SHA_224: 'HMAC_SHA_224',
  HMAC_SHA_256: 'HMAC_SHA_256',
  HMAC_SHA_384: 'HMAC_SHA_384',
  HMAC_SHA_512: 'HMAC_SHA_512',
} as const satisfies Record<string, Algorithm>
export type MacAlgorithm = keyof typeof MAC_ALGORITHMS

export const DATA_KEY_SPECS = {
  AES_128: 'AES_128',
  AES_256: 'AES_256',
} as const satisfies Record<string, Spec>
export type DataKeySpec = keyof typeof DATA_KEY_SPECS

/** Key pairs as data keys: what signs with lattices is none of them. */
export const KEY_PAIR_SPECS = {
  RSA_2048: KEY_SPECS.RSA_2048,
  RSA_3072: KEY_SPECS.RSA_3072,
  RSA_4096: KEY_SPECS.RSA_4096,
  ECC_NIST_P256: KEY_SPECS.ECC_NIST_P256,
  ECC_NIST_P384: KEY_SPECS.ECC_NIST_P384,
  ECC_NIST_P521: KEY_SPECS.ECC_NIST_P521,
  ECC_SECG_P256K1: KEY_SPECS.ECC_SECG_P256K1,
  ECC_NIST_EDWARDS25519: KEY_SPECS.ECC_NIST_EDWARDS25519,
  ML_KEM_512: KEY_SPECS.ML_KEM_512,
  ML_KEM_768: KEY_SPECS.ML_KEM_768,
  ML_KEM_1024: KEY_SPECS.ML_KEM_1024,
} as const satisfies Record<string, Spec>
export type KeyPairSpec = keyof typeof KEY_PAIR_SPECS

/** Origin of the keys of a custom key store, which is also its CustomKeyStoreType. */
export const STORE_ORIGINS: Readonly<Record<KeyStoreType, string>> = {
  HSM: 'AWS_CLOUDHSM',
  EXTERNAL: 'EXTERNAL_KEY_STORE',
}

export const KEY_ORIGINS: Readonly<Record<Origin, string>> = {
  internal: 'AWS_KMS',
  imported: 'EXTERNAL',
  external: 'EXTERNAL_KEY_STORE',
}

/** A key whose key store is not here shows as one of an external one. */
export const originOf = ({ origin, keyStore }: Pick<Key, 'origin' | 'keyStore'>): string =>
  keyStore ? STORE_ORIGINS[keyStore.type ?? 'EXTERNAL'] : KEY_ORIGINS[origin]

const RSA_OAEP = ['RSAES_OAEP_SHA_1', 'RSAES_OAEP_SHA_256']
const RSASSA = Object.keys(SIGNING_ALGORITHMS).filter((name) => name.startsWith('RSASSA'))
const RSA = { ENCRYPT_DECRYPT: RSA_OAEP, SIGN_VERIFY: RSASSA }
const ML_DSA = { SIGN_VERIFY: ['ML_DSA_SHAKE_256'] }
const ML_KEM = { ENCAPSULATE_DECAPSULATE: ['ML_KEM'] }
const ec = (signature: string) => ({ SIGN_VERIFY: [signature], KEY_AGREEMENT: ['ECDH'] })

/** What a key can be for, and with which algorithms, in the order in which the service names them. */
export const ALGORITHMS_OF: Readonly<
  Record<KeySpec, Partial<Readonly<Record<KeyUsage, readonly string[]>>>>
> = {
  SYMMETRIC_DEFAULT: { ENCRYPT_DECRYPT: ['SYMMETRIC_DEFAULT'] },
  RSA_2048: RSA,
  RSA_3072: RSA,
  RSA_4096: RSA,
  ECC_NIST_P256: ec('ECDSA_SHA_256'),
  ECC_NIST_P384: ec('ECDSA_SHA_384'),
  ECC_NIST_P521: ec('ECDSA_SHA_512'),
  ECC_SECG_P256K1: { SIGN_VERIFY: ['ECDSA_SHA_256'] },
  ECC_NIST_EDWARDS25519: { SIGN_VERIFY: ['ED25519_SHA_512', 'ED25519_PH_SHA_512'] },
  ML_DSA_44: ML_DSA,
  ML_DSA_65: ML_DSA,
  ML_DSA_87: ML_DSA,
  ML_KEM_512: ML_KEM,
  ML_KEM_768: ML_KEM,
  ML_KEM_1024: ML_KEM,
  HMAC_224: { GENERATE_VERIFY_MAC: ['HMAC_SHA_224'] },
  HMAC_256: { GENERATE_VERIFY_MAC: ['HMAC_SHA_256'] },
  HMAC_384: { GENERATE_VERIFY_MAC: ['HMAC_SHA_384'] },
  HMAC_512: { GENERATE_VERIFY_MAC: ['HMAC_SHA_512'] },
}

/** The member of KeyMetadata and GetPublicKey that lists the algorithms of a usage. */
export const ALGORITHMS_MEMBER: Readonly<Record<KeyUsage, string>> = {
  ENCRYPT_DECRYPT: 'EncryptionAlgorithms',
  SIGN_VERIFY: 'SigningAlgorithms',
  GENERATE_VERIFY_MAC: 'MacAlgorithms',
  KEY_AGREEMENT: 'KeyAgreementAlgorithms',
  ENCAPSULATE_DECAPSULATE: 'EncapsulationAlgorithms',
}

const turned = <K extends string, V extends string>(words: Readonly<Record<K, V>>) =>
  new Map(Object.entries(words).map(([theirs, ours]) => [ours as V, theirs as K]))
const SPEC_WORDS = turned<KeySpec, Spec>(KEY_SPECS)
const USAGE_WORDS = turned<KeyUsage, Purpose>(KEY_USAGES)

/** Undefined for specs that the service does not have, of keys that were made elsewhere. */
export const keySpecOf = (spec: Spec): KeySpec | undefined => SPEC_WORDS.get(spec)

/** A key has one usage there: the first of its purposes that the service knows. */
export const keyUsageOf = (purposes: readonly Purpose[]): KeyUsage | undefined =>
  purposes.map((purpose) => USAGE_WORDS.get(purpose)).find((usage) => usage !== undefined)

export const namesOf = <T extends object>(words: T) =>
  Object.keys(words) as unknown as readonly (keyof T & string)[]
