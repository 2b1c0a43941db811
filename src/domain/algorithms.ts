/**
 * TABLE of key specs and algorithms. A new spec is one row here (and, where its family is new, one
 * provider entry). Sources: FIPS 197, SP 800-38A/D/F, FIPS 186-5, FIPS 198-1, FIPS 203, FIPS 204,
 * RFC 8017, RFC 8032, RFC 8812, C2SP XAES-256-GCM.
 */
import { StrongroomError } from '../base/errors.ts'

export type Hash = 'SHA_1' | 'SHA_224' | 'SHA_256' | 'SHA_384' | 'SHA_512'

/** Digest lengths in bytes (FIPS 180-4). */
export const HASH_BYTES: Readonly<Record<Hash, number>> = {
  SHA_1: 20,
  SHA_224: 28,
  SHA_256: 32,
  SHA_384: 48,
  SHA_512: 64,
}

/** What a key may be for. A key has a set of these; a face that knows one usage gives one. */
export const PURPOSES = ['encrypt', 'wrap', 'sign', 'mac', 'agree', 'encapsulate'] as const
export type Purpose = (typeof PURPOSES)[number]

export type Curve = 'P-256' | 'P-384' | 'P-521' | 'secp256k1' | 'Ed25519'

interface SpecRow {
  readonly family: 'aes' | 'hmac' | 'rsa' | 'ec' | 'okp' | 'mldsa' | 'mlkem'
  /** Key length in bits: AES key, HMAC key, RSA modulus, field size; seed of ML-DSA and ML-KEM. */
  readonly bits: number
  /** Key length in bytes as the OCI shape counts it; also the length of a coordinate or seed. */
  readonly bytes: number
  readonly curve?: Curve
  /** Every purpose that the spec can serve, and the ones it gets when the caller names none. */
  readonly purposes: readonly Purpose[]
  readonly defaults: readonly Purpose[]
}

const aes = (bits: number) =>
  ({
    family: 'aes',
    bits,
    bytes: bits / 8,
    purposes: ['encrypt', 'wrap'],
    defaults: ['encrypt'],
  }) as const
const rsa = (bits: number) =>
  ({
    family: 'rsa',
    bits,
    bytes: bits / 8,
    purposes: ['encrypt', 'wrap', 'sign'],
    defaults: ['sign'],
  }) as const
const ec = (curve: Curve, bits: number, purposes: readonly Purpose[] = ['sign', 'agree']) =>
  ({ family: 'ec', bits, bytes: Math.ceil(bits / 8), curve, purposes, defaults: ['sign'] }) as const
/** The seed xi of FIPS 204 algorithm 1. */
const mlDsa = {
  family: 'mldsa',
  bits: 256,
  bytes: 32,
  purposes: ['sign'],
  defaults: ['sign'],
} as const
/** The seed d || z of FIPS 203 algorithm 19. */
const mlKem = {
  family: 'mlkem',
  bits: 512,
  bytes: 64,
  purposes: ['encapsulate'],
  defaults: ['encapsulate'],
} as const
const hmac = (bits: number) =>
  ({ family: 'hmac', bits, bytes: bits / 8, purposes: ['mac'], defaults: ['mac'] }) as const

export const SPECS = {
  AES_128: aes(128),
  AES_192: aes(192),
  AES_256: aes(256),
  RSA_2048: rsa(2048),
  RSA_3072: rsa(3072),
  RSA_4096: rsa(4096),
  EC_P256: ec('P-256', 256),
  EC_P384: ec('P-384', 384),
  EC_P521: ec('P-521', 521),
  EC_SECP256K1: ec('secp256k1', 256, ['sign']),
  ED25519: {
    family: 'okp',
    bits: 256,
    bytes: 32,
    curve: 'Ed25519',
    purposes: ['sign'],
    defaults: ['sign'],
  },
  ML_DSA_44: mlDsa,
  ML_DSA_65: mlDsa,
  ML_DSA_87: mlDsa,
  ML_KEM_512: mlKem,
  ML_KEM_768: mlKem,
  ML_KEM_1024: mlKem,
  HMAC_224: hmac(224),
  HMAC_256: hmac(256),
  HMAC_384: hmac(384),
  HMAC_512: hmac(512),
} as const satisfies Record<string, SpecRow>

export type Spec = keyof typeof SPECS
export type Family = SpecRow['family']
export type SpecOf<F extends Family> = {
  [S in Spec]: (typeof SPECS)[S]['family'] extends F ? S : never
}[Spec]
export type SymmetricSpec = SpecOf<'aes' | 'hmac'>
export type PairSpec = SpecOf<PairFamily>
export const SPEC_NAMES = Object.keys(SPECS) as readonly Spec[]
/** Families whose keys have a public part; the others are symmetric. */
const PAIR_FAMILIES = { rsa: 1, ec: 1, okp: 1, mldsa: 1, mlkem: 1 } as const
type PairFamily = keyof typeof PAIR_FAMILIES
export const isPair = (spec: Spec): spec is PairSpec => SPECS[spec].family in PAIR_FAMILIES
export const PAIR_SPECS = SPEC_NAMES.filter(isPair)

export interface AlgorithmRow {
  readonly purpose: Purpose
  readonly kind:
    | 'aead'
    | 'gcm'
    | 'cbc'
    | 'kw'
    | 'oaep'
    | 'pkcs1'
    | 'pss'
    | 'ecdsa'
    | 'eddsa'
    | 'mldsa'
    | 'hmac'
    | 'ecdh'
    | 'mlkem'
  readonly families: readonly Family[]
  readonly hash?: Hash
  /** Bytes of the message representative, where the caller may compute it (external mu). */
  readonly muBytes?: number
  readonly padded?: boolean
  /** The only specs that take it, where the family alone does not decide. */
  readonly specs?: readonly Spec[]
}

const oaep = (hash: Hash) =>
  ({ purpose: 'encrypt', kind: 'oaep', families: ['rsa'], hash }) as const
const pkcs1 = (hash: Hash) => ({ purpose: 'sign', kind: 'pkcs1', families: ['rsa'], hash }) as const
const pss = (hash: Hash) => ({ purpose: 'sign', kind: 'pss', families: ['rsa'], hash }) as const
const ecdsa = (hash: Hash) => ({ purpose: 'sign', kind: 'ecdsa', families: ['ec'], hash }) as const
const mac = (hash: Hash) => ({ purpose: 'mac', kind: 'hmac', families: ['hmac'], hash }) as const

/**
 * XAES_GCM is our own self-describing form: XAES-256-GCM with key commitment
 * (docs/formats/ciphertext.md). AES_GCM, AES_CBC, AES_CBC_PAD, AES_KW and AES_KWP are the raw
 * standard forms with visible IV and tag.
 */
export const ALGORITHMS = {
  XAES_GCM: { purpose: 'encrypt', kind: 'aead', families: ['aes'] },
  AES_GCM: { purpose: 'encrypt', kind: 'gcm', families: ['aes'] },
  AES_CBC: { purpose: 'encrypt', kind: 'cbc', families: ['aes'], padded: false },
  AES_CBC_PAD: { purpose: 'encrypt', kind: 'cbc', families: ['aes'], padded: true },
  AES_KW: { purpose: 'wrap', kind: 'kw', families: ['aes'], padded: false },
  AES_KWP: { purpose: 'wrap', kind: 'kw', families: ['aes'], padded: true },
  RSA_OAEP_SHA_1: oaep('SHA_1'),
  RSA_OAEP_SHA_256: oaep('SHA_256'),
  RSA_PKCS1_SHA_224: pkcs1('SHA_224'),
  RSA_PKCS1_SHA_256: pkcs1('SHA_256'),
  RSA_PKCS1_SHA_384: pkcs1('SHA_384'),
  RSA_PKCS1_SHA_512: pkcs1('SHA_512'),
  RSA_PSS_SHA_224: pss('SHA_224'),
  RSA_PSS_SHA_256: pss('SHA_256'),
  RSA_PSS_SHA_384: pss('SHA_384'),
  RSA_PSS_SHA_512: pss('SHA_512'),
  ECDSA_SHA_256: ecdsa('SHA_256'),
  ECDSA_SHA_384: ecdsa('SHA_384'),
  ECDSA_SHA_512: ecdsa('SHA_512'),
  ED25519: { purpose: 'sign', kind: 'eddsa', families: ['okp'] },
  ED25519PH: { purpose: 'sign', kind: 'eddsa', families: ['okp'], hash: 'SHA_512' },
  // Pure ML-DSA with the empty context (FIPS 204 algorithm 2); mu is that of algorithm 7, line 6.
  ML_DSA: { purpose: 'sign', kind: 'mldsa', families: ['mldsa'], muBytes: 64 },
  HMAC_SHA_224: mac('SHA_224'),
  HMAC_SHA_256: mac('SHA_256'),
  HMAC_SHA_384: mac('SHA_384'),
  HMAC_SHA_512: mac('SHA_512'),
  ECDH: {
    purpose: 'agree',
    kind: 'ecdh',
    families: ['ec'],
    specs: ['EC_P256', 'EC_P384', 'EC_P521'],
  },
  ML_KEM: { purpose: 'encapsulate', kind: 'mlkem', families: ['mlkem'] },
} as const satisfies Record<string, AlgorithmRow>

export type Algorithm = keyof typeof ALGORITHMS
type AlgorithmOf<K extends AlgorithmRow['kind']> = {
  [A in Algorithm]: (typeof ALGORITHMS)[A]['kind'] extends K ? A : never
}[Algorithm]
export type EncryptionAlgorithm = AlgorithmOf<'aead' | 'gcm' | 'cbc' | 'oaep'>
export type WrapAlgorithm = AlgorithmOf<'kw' | 'oaep'>
export type SigningAlgorithm = AlgorithmOf<'pkcs1' | 'pss' | 'ecdsa' | 'eddsa' | 'mldsa'>
export type MacAlgorithm = AlgorithmOf<'hmac'>
export const ALGORITHM_NAMES = Object.keys(ALGORITHMS) as readonly Algorithm[]
const named = <K extends AlgorithmRow['kind']>(...kinds: readonly K[]) =>
  ALGORITHM_NAMES.filter((name): name is AlgorithmOf<K> =>
    (kinds as readonly string[]).includes(ALGORITHMS[name].kind),
  )
export const ENCRYPTION_ALGORITHMS = named('aead', 'gcm', 'cbc', 'oaep')
export const WRAP_ALGORITHMS = named('kw', 'oaep')
export const SIGNING_ALGORITHMS = named('pkcs1', 'pss', 'ecdsa', 'eddsa', 'mldsa')
export const MAC_ALGORITHMS = named('hmac')

/**
 * How material comes in and goes out under an RSA key (contracts: OCI wrapping key, AWS import
 * parameters).
 */
export const WRAPPINGS = {
  RSA_OAEP_SHA_1: { hash: 'SHA_1', hybrid: false },
  RSA_OAEP_SHA_256: { hash: 'SHA_256', hybrid: false },
  RSA_OAEP_AES_SHA_1: { hash: 'SHA_1', hybrid: true },
  RSA_OAEP_AES_SHA_256: { hash: 'SHA_256', hybrid: true },
  RSA_OAEP_AES_SHA_384: { hash: 'SHA_384', hybrid: true },
} as const satisfies Record<string, { hash: Hash; hybrid: boolean }>
export type Wrapping = keyof typeof WRAPPINGS

/** The row of an algorithm, or a refusal that names spec and algorithm when they do not fit. */
export function algorithmFor(spec: Spec, algorithm: Algorithm): AlgorithmRow {
  const row: AlgorithmRow = ALGORITHMS[algorithm]
  const fits = row.specs ? row.specs.includes(spec) : row.families.includes(SPECS[spec].family)
  const exact = row.kind !== 'hmac' || SPECS[spec].bytes === HASH_BYTES[row.hash!]
  if (fits && exact) return row
  throw new StrongroomError(
    'UNSUPPORTED',
    `algorithm: expected one that ${spec} offers, got ${algorithm}.`,
  )
}

/** ECDSA hashes by curve as FIPS 186-5 pairs them; other hashes are allowed when named (OCI). */
const SIGN_DEFAULT: Readonly<Partial<Record<Spec, SigningAlgorithm>>> = {
  EC_P256: 'ECDSA_SHA_256',
  EC_P384: 'ECDSA_SHA_384',
  EC_P521: 'ECDSA_SHA_512',
  EC_SECP256K1: 'ECDSA_SHA_256',
  ED25519: 'ED25519',
  ML_DSA_44: 'ML_DSA',
  ML_DSA_65: 'ML_DSA',
  ML_DSA_87: 'ML_DSA',
}

/**
 * The algorithm that an operation uses when the caller names none. RSA has none for encryption and
 * wrapping.
 */
export function defaultAlgorithm(spec: Spec, purpose: Purpose): Algorithm | undefined {
  const { family, bits } = SPECS[spec]
  if (purpose === 'encrypt') return family === 'aes' ? 'XAES_GCM' : undefined
  if (purpose === 'wrap') return family === 'aes' ? 'AES_KWP' : undefined
  if (purpose === 'mac') return `HMAC_SHA_${bits as 224 | 256 | 384 | 512}`
  if (purpose === 'sign') return SIGN_DEFAULT[spec]
  if (purpose === 'agree') return 'ECDH'
  return family === 'mlkem' ? 'ML_KEM' : undefined
}

/** The longest plaintext of RSA-OAEP (RFC 8017 7.1.1): the modulus less two hashes and 2 bytes. */
export const oaepBytesMax = (spec: Spec, hash: Hash): number =>
  SPECS[spec].bytes - 2 * HASH_BYTES[hash] - 2
