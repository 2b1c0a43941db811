/** The table of algorithms, seen from outside: which spec takes which, and what is meant unasked. */
import { describe, expect, test } from 'vitest'
import {
  ALGORITHMS,
  ALGORITHM_NAMES,
  ENCRYPTION_ALGORITHMS,
  HASH_BYTES,
  MAC_ALGORITHMS,
  PAIR_SPECS,
  PURPOSES,
  SIGNING_ALGORITHMS,
  SPECS,
  SPEC_NAMES,
  WRAPPINGS,
  WRAP_ALGORITHMS,
  algorithmFor,
  defaultAlgorithm,
  type Algorithm,
  type Hash,
  type Spec,
} from '../../src/domain/algorithms.ts'
import { codeOf } from './views.ts'

const AES = ['XAES_GCM', 'AES_GCM', 'AES_CBC', 'AES_CBC_PAD', 'AES_KW', 'AES_KWP'] as const
const RSA = [
  'RSA_OAEP_SHA_1',
  'RSA_OAEP_SHA_256',
  'RSA_PKCS1_SHA_224',
  'RSA_PKCS1_SHA_256',
  'RSA_PKCS1_SHA_384',
  'RSA_PKCS1_SHA_512',
  'RSA_PSS_SHA_224',
  'RSA_PSS_SHA_256',
  'RSA_PSS_SHA_384',
  'RSA_PSS_SHA_512',
] as const
const ECDSA = ['ECDSA_SHA_256', 'ECDSA_SHA_384', 'ECDSA_SHA_512'] as const

const TAKES: Readonly<Record<Spec, readonly Algorithm[]>> = {
  AES_128: AES,
  AES_192: AES,
  AES_256: AES,
  RSA_2048: RSA,
  RSA_3072: RSA,
  RSA_4096: RSA,
  EC_P256: [...ECDSA, 'ECDH'],
  EC_P384: [...ECDSA, 'ECDH'],
  EC_P521: [...ECDSA, 'ECDH'],
  // FIPS 186-5 and SP 800-56A do not know the curve: ours only signs with it (RFC 8812).
  EC_SECP256K1: ECDSA,
  ED25519: ['ED25519', 'ED25519PH'],
  ML_DSA_44: ['ML_DSA'],
  ML_DSA_65: ['ML_DSA'],
  ML_DSA_87: ['ML_DSA'],
  ML_KEM_512: ['ML_KEM'],
  ML_KEM_768: ['ML_KEM'],
  ML_KEM_1024: ['ML_KEM'],
  HMAC_224: ['HMAC_SHA_224'],
  HMAC_256: ['HMAC_SHA_256'],
  HMAC_384: ['HMAC_SHA_384'],
  HMAC_512: ['HMAC_SHA_512'],
}

describe.each(SPEC_NAMES)('%s', (spec) => {
  test('takes these algorithms, and no other', () => {
    const taken = ALGORITHM_NAMES.filter((name) => {
      const code = codeOf(() => expect(algorithmFor(spec, name)).toBe(ALGORITHMS[name]))
      expect(['done', 'UNSUPPORTED']).toContain(code)
      return code === 'done'
    })
    expect(taken).toEqual(TAKES[spec])
  })

  test('serves the purposes of its algorithms', () => {
    const served = new Set(TAKES[spec].map((name) => ALGORITHMS[name].purpose as string))
    // OAEP wraps as well as it encrypts.
    if (SPECS[spec].family === 'rsa') served.add('wrap')
    expect([...SPECS[spec].purposes].sort()).toEqual([...served].sort())
  })
})

test.each<[Spec, family: string, bits: number, bytes: number, curve?: string]>([
  ['AES_128', 'aes', 128, 16],
  ['AES_192', 'aes', 192, 24],
  ['AES_256', 'aes', 256, 32],
  ['RSA_2048', 'rsa', 2048, 256],
  ['RSA_3072', 'rsa', 3072, 384],
  ['RSA_4096', 'rsa', 4096, 512],
  ['EC_P256', 'ec', 256, 32, 'P-256'],
  ['EC_P384', 'ec', 384, 48, 'P-384'],
  ['EC_P521', 'ec', 521, 66, 'P-521'],
  ['EC_SECP256K1', 'ec', 256, 32, 'secp256k1'],
  ['ED25519', 'okp', 256, 32, 'Ed25519'],
  ['HMAC_224', 'hmac', 224, 28],
  ['HMAC_256', 'hmac', 256, 32],
  // The seeds of FIPS 204 algorithm 1 and FIPS 203 algorithm 19.
  ['ML_DSA_44', 'mldsa', 256, 32],
  ['ML_DSA_65', 'mldsa', 256, 32],
  ['ML_DSA_87', 'mldsa', 256, 32],
  ['ML_KEM_512', 'mlkem', 512, 64],
  ['ML_KEM_768', 'mlkem', 512, 64],
  ['ML_KEM_1024', 'mlkem', 512, 64],
  ['HMAC_384', 'hmac', 384, 48],
  ['HMAC_512', 'hmac', 512, 64],
])('%s: family, length and curve', (spec, family, bits, bytes, curve) => {
  const row = SPECS[spec]
  expect([row.family, row.bits, row.bytes]).toEqual([family, bits, bytes])
  expect('curve' in row ? row.curve : undefined).toBe(curve)
})

test('algorithms by what they do', () => {
  expect(ENCRYPTION_ALGORITHMS).toEqual([...AES.slice(0, 4), 'RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'])
  expect(WRAP_ALGORITHMS).toEqual(['AES_KW', 'AES_KWP', 'RSA_OAEP_SHA_1', 'RSA_OAEP_SHA_256'])
  expect(SIGNING_ALGORITHMS).toEqual([...RSA.slice(2), ...ECDSA, 'ED25519', 'ED25519PH', 'ML_DSA'])
  expect(MAC_ALGORITHMS).toEqual(ALGORITHM_NAMES.filter((name) => name.startsWith('HMAC_')))
  expect(PAIR_SPECS).toEqual(SPEC_NAMES.filter((name) => /^(RSA|EC|ED|ML)/.test(name)))
})

test('a hash is the one in the name, a padding the one in the name', () => {
  for (const name of ALGORITHM_NAMES) {
    const row = ALGORITHMS[name]
    const hash = name === 'ED25519PH' ? 'SHA_512' : /SHA_\d+$/.exec(name)?.[0]
    expect([name, 'hash' in row ? row.hash : undefined]).toEqual([name, hash])
    if ('padded' in row) expect([name, row.padded]).toEqual([name, /PAD$|KWP$/.test(name)])
  }
  for (const [name, { hash, hybrid }] of Object.entries(WRAPPINGS)) {
    expect([name, hash]).toEqual([name, /SHA_\d+$/.exec(name)?.[0]])
    expect([name, hybrid]).toEqual([name, name.includes('_AES_')])
  }
})

test('every purpose has a name, and digests have the lengths of FIPS 180-4', () => {
  expect(PURPOSES).toEqual(['encrypt', 'wrap', 'sign', 'mac', 'agree', 'encapsulate'])
  for (const [hash, bytes] of Object.entries(HASH_BYTES)) {
    const bits = Number(hash.slice('SHA_'.length))
    expect([hash, bytes]).toEqual([hash as Hash, bits === 1 ? 20 : bits / 8])
  }
})

describe('unasked', () => {
  test.each<[Spec, Readonly<Record<string, Algorithm>>]>([
    ['AES_128', { encrypt: 'XAES_GCM', wrap: 'AES_KWP' }],
    ['RSA_2048', {}],
    ['EC_P256', { sign: 'ECDSA_SHA_256', agree: 'ECDH' }],
    ['EC_P384', { sign: 'ECDSA_SHA_384', agree: 'ECDH' }],
    ['EC_P521', { sign: 'ECDSA_SHA_512', agree: 'ECDH' }],
    ['EC_SECP256K1', { sign: 'ECDSA_SHA_256' }],
    ['ED25519', { sign: 'ED25519' }],
    ['ML_DSA_44', { sign: 'ML_DSA' }],
    ['ML_DSA_65', { sign: 'ML_DSA' }],
    ['ML_DSA_87', { sign: 'ML_DSA' }],
    ['ML_KEM_512', { encapsulate: 'ML_KEM' }],
    ['ML_KEM_768', { encapsulate: 'ML_KEM' }],
    ['ML_KEM_1024', { encapsulate: 'ML_KEM' }],
    ['HMAC_224', { mac: 'HMAC_SHA_224' }],
    ['HMAC_512', { mac: 'HMAC_SHA_512' }],
  ])('%s', (spec, expected) => {
    const given = SPECS[spec].purposes.flatMap((purpose) => {
      const algorithm = defaultAlgorithm(spec, purpose)
      return algorithm ? [[purpose, algorithm]] : []
    })
    expect(Object.fromEntries(given)).toEqual(expected)
  })

  test('ML-KEM alone encapsulates', () => {
    for (const spec of SPEC_NAMES)
      expect(defaultAlgorithm(spec, 'encapsulate')).toBe(
        spec.startsWith('ML_KEM') ? 'ML_KEM' : undefined,
      )
  })
})
