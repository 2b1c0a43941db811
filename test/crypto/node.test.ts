/**
 * The node:crypto provider: behaviour, refusals, and the traps of the platform that it must not
 * fall into.
 */
import * as crypto from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { ALGORITHMS, HASH_BYTES, PAIR_SPECS, SPECS } from '../../src/domain/algorithms.ts'
import { SIGNING_ALGORITHMS } from '../../src/domain/algorithms.ts'
import type { PairSpec, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import type { KeyPairBytes, SignOptions } from '../../src/crypto/provider.ts'
import { CLASSIC_SPECS, counted, ownsMemory } from './support.ts'

const provider = createNodeProvider()
const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const MESSAGE = utf8('a message of some length')
const pairs = new Map<PairSpec, KeyPairBytes>()
beforeAll(async () => {
  for (const spec of PAIR_SPECS) pairs.set(spec, await provider.generatePair(spec))
})
const pairOf = (spec: PairSpec): KeyPairBytes => pairs.get(spec)!
const privateOf = (spec: PairSpec) => provider.privateKey(spec, pairOf(spec))
const publicOf = (spec: PairSpec) => provider.publicKey(spec, pairOf(spec).publicKey)
const fits = (spec: PairSpec, algorithm: SigningAlgorithm): boolean =>
  (ALGORITHMS[algorithm].families as readonly string[]).includes(SPECS[spec].family)

describe.each(CLASSIC_SPECS)('%s', (spec) => {
  const { family, bits } = SPECS[spec]
  const algorithms = SIGNING_ALGORITHMS.filter((algorithm) => fits(spec, algorithm))

  it('keeps pairs in the at-rest form and turns them into PKCS#8 and back', () => {
    const { privateKey, publicKey } = pairOf(spec)
    expect(ownsMemory(privateKey) && ownsMemory(publicKey)).toBe(true)
    const pkcs8 = provider.toPkcs8(spec, privateKey)
    const key = crypto.createPrivateKey({ key: Buffer.from(pkcs8), format: 'der', type: 'pkcs8' })
    expect(provider.parsePkcs8(spec, pkcs8)).toEqual({ privateKey, publicKey })
    expect(pkcs8).toEqual(new Uint8Array(key.export({ type: 'pkcs8', format: 'der' })))
    const type = { rsa: 'pkcs1', ec: 'sec1', okp: undefined }[family]
    if (type === undefined) expect(privateKey).toHaveLength(32)
    else
      expect(privateKey).toEqual(
        new Uint8Array(key.export({ type: type as 'sec1', format: 'der' })),
      )
    const spki = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })
    expect(publicKey).toEqual(new Uint8Array(spki))
  })

  it('describes its public part', () => {
    const key = publicOf(spec)
    expect(key.bits).toBe(bits)
    const jwk = crypto
      .createPublicKey({ key: Buffer.from(pairOf(spec).publicKey), format: 'der', type: 'spki' })
      .export({ format: 'jwk' })
    expect(key.jwk()).toEqual(jwk)
  })

  it('does not need the pair any more once it is loaded', async () => {
    const own = {
      privateKey: pairOf(spec).privateKey.slice(),
      publicKey: pairOf(spec).publicKey.slice(),
    }
    const [key, verifier] = [
      provider.privateKey(spec, own),
      provider.publicKey(spec, own.publicKey),
    ]
    own.privateKey.fill(0)
    own.publicKey.fill(0)
    for (const algorithm of algorithms) {
      const signature = await key.sign(algorithm, MESSAGE, RAW)
      expect(await verifier.verify(algorithm, MESSAGE, signature, RAW)).toBe(true)
    }
    expect(verifier.jwk()).toEqual(publicOf(spec).jwk())
  })

  it.each(algorithms)(
    '%s: signs raw and digest alike, in each format, and refuses changes',
    async (algorithm) => {
      const [key, verifier] = [privateOf(spec), publicOf(spec)]
      const row = ALGORITHMS[algorithm]
      for (const format of ['der', 'raw'] as const)
        for (const messageType of ['raw', 'digest'] as const) {
          if (algorithm === 'ED25519' && messageType === 'digest') continue
          const prehashed = messageType === 'digest' && algorithm !== 'ED25519PH'
          const message = prehashed && 'hash' in row ? provider.digest(row.hash, MESSAGE) : MESSAGE
          const options: SignOptions = { messageType, format }
          const other = message.slice()
          other[0]! ^= 1
          const signature = await key.sign(algorithm, message, options)
          expect(ownsMemory(signature)).toBe(true)
          // What was signed as a digest verifies as a message, and the other way round.
          expect(await verifier.verify(algorithm, MESSAGE, signature, { ...RAW, format })).toBe(
            true,
          )
          expect(await verifier.verify(algorithm, message, signature, options)).toBe(true)
          for (const bad of [
            signature.subarray(1),
            concat(signature, bytes(1)),
            new Uint8Array(0),
            bytes(signature.length, 0),
            bytes(signature.length, 0xff),
            flipped(signature),
          ])
            expect(await verifier.verify(algorithm, message, bad, options)).toBe(false)
          // The first byte: of a digest longer than the order, ECDSA reads the front (FIPS 186-5
          // 6.4.1).
          expect(await verifier.verify(algorithm, other, signature, options)).toBe(false)
        }
    },
  )

  it('answers undefined where its family has no such operation', async () => {
    const [key, verifier] = [privateOf(spec), publicOf(spec)]
    if (family !== 'rsa') {
      expect(await key.oaepDecrypt('SHA_256', bytes(256))).toBeUndefined()
      expect(await verifier.oaepEncrypt('SHA_256', bytes(16))).toBeUndefined()
      expect(provider.parseRsaPublicKey(pairOf(spec).publicKey)).toBeUndefined()
    }
    if (family !== 'ec') expect(await key.agree(pairOf(spec).publicKey)).toBeUndefined()
  })

  it('imports no changed, truncated or extended PKCS#8, and none of another spec', async () => {
    const pkcs8 = provider.toPkcs8(spec, pairOf(spec).privateKey)
    const structure = family === 'rsa' ? 40 : pkcs8.length
    for (let i = 0; i < structure; i++) {
      const copy = pkcs8.slice()
      copy[i]! ^= 0x01
      const parsed = provider.parsePkcs8(spec, copy)
      // Ed25519: every 32 bytes are a key of their own.
      if (spec === 'ED25519' && i >= 16) expect(parsed).not.toEqual(pairOf(spec))
      else expect(parsed).toBeUndefined()
    }
    for (let i = 0; i < Math.min(pkcs8.length, 120); i++)
      expect(provider.parsePkcs8(spec, pkcs8.subarray(0, i))).toBeUndefined()
    expect(provider.parsePkcs8(spec, concat(pkcs8, bytes(1)))).toBeUndefined()
    for (const other of PAIR_SPECS)
      if (other !== spec) expect(await provider.parsePkcs8(other, pkcs8)).toBeUndefined()
  })
})

function flipped(original: Uint8Array): Uint8Array {
  const copy = original.slice()
  copy[copy.length - 1]! ^= 1
  return copy
}

describe('RSA', () => {
  const OAEP_HASHES = ['SHA_1', 'SHA_256'] as const

  it.each(OAEP_HASHES)('OAEP with %s: up to k - 2 hLen - 2 bytes, no more', async (hash) => {
    const [key, verifier] = [privateOf('RSA_2048'), publicOf('RSA_2048')]
    const longest = 256 - 2 * HASH_BYTES[hash] - 2
    for (const length of [0, 1, 32, longest]) {
      const ciphertext = (await verifier.oaepEncrypt(hash, bytes(length)))!
      expect(await key.oaepDecrypt(hash, ciphertext)).toEqual(bytes(length))
      for (const bad of [
        flipped(ciphertext),
        ciphertext.subarray(1),
        bytes(256, 0xff),
        bytes(256, 0),
      ])
        expect(await key.oaepDecrypt(hash, bad)).toBeUndefined()
      const other = hash === 'SHA_1' ? 'SHA_256' : 'SHA_1'
      expect(await key.oaepDecrypt(other, ciphertext)).toBeUndefined()
    }
    expect(await verifier.oaepEncrypt(hash, bytes(longest + 1))).toBeUndefined()
  })

  it('takes callers’ public keys of the three sizes and nothing else', () => {
    for (const spec of ['RSA_2048', 'RSA_3072', 'RSA_4096'] as const)
      expect(provider.parseRsaPublicKey(pairOf(spec).publicKey)?.bits).toBe(SPECS[spec].bits)
    const der = { publicKeyEncoding: { type: 'spki', format: 'der' } } as const
    const make = (modulusLength: number, publicExponent = 65537) =>
      crypto.generateKeyPairSync('rsa', {
        modulusLength,
        publicExponent,
        ...der,
        privateKeyEncoding: { type: 'pkcs8', format: 'der' },
      })
    const [small, weak] = [make(1024), make(2048, 3)]
    expect(provider.parseRsaPublicKey(small.publicKey)).toBeUndefined()
    expect(provider.parseRsaPublicKey(weak.publicKey)).toBeUndefined()
    expect(provider.parsePkcs8('RSA_2048', small.privateKey)).toBeUndefined()
    expect(provider.parsePkcs8('RSA_2048', weak.privateKey)).toBeUndefined()
    expect(provider.parseRsaPublicKey(bytes(294))).toBeUndefined()
  })

  it('refuses another RSA type in PKCS#8 (id-RSASSA-PSS)', () => {
    const { privateKey } = crypto.generateKeyPairSync('rsa-pss', { modulusLength: 2048 })
    const pkcs8 = privateKey.export({ type: 'pkcs8', format: 'der' })
    expect(provider.parsePkcs8('RSA_2048', pkcs8)).toBeUndefined()
  })

  it('PSS demands a salt as long as the hash', async () => {
    const key = crypto.createPrivateKey({
      key: Buffer.from(pairOf('RSA_2048').privateKey),
      format: 'der',
      type: 'pkcs1',
    })
    const padding = crypto.constants.RSA_PKCS1_PSS_PADDING
    const hash = provider.digest('SHA_256', MESSAGE)
    for (const saltLength of [0, 20, 31, 32, 33, 64]) {
      const signature = crypto.sign('sha256', MESSAGE, { key, padding, saltLength })
      const verifier = publicOf('RSA_2048')
      const expected = saltLength === 32
      expect(await verifier.verify('RSA_PSS_SHA_256', MESSAGE, signature, RAW)).toBe(expected)
      expect(await verifier.verify('RSA_PSS_SHA_256', hash, signature, DIGEST)).toBe(expected)
    }
  })

  it('signs many at once and keeps each answer with its question', async () => {
    const [key, verifier] = [privateOf('RSA_2048'), publicOf('RSA_2048')]
    const messages = Array.from({ length: 20 }, (_, i) => utf8(`message ${i}`))
    const signatures = await Promise.all(
      messages.map(async (message) => key.sign('RSA_PKCS1_SHA_256', message, RAW)),
    )
    for (const [i, message] of messages.entries())
      expect(await verifier.verify('RSA_PKCS1_SHA_256', message, signatures[i]!, RAW)).toBe(true)
  })
})

describe('ECDSA and ECDH', () => {
  const CURVES = ['EC_P256', 'EC_P384', 'EC_P521'] as const

  it('accepts a high s, as FIPS 186-5 does', async () => {
    // RFC 6979 A.2.5: this s is above n / 2.
    const point =
      '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
      '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'
    const spki = Buffer.from(`3059301306072a8648ce3d020106082a8648ce3d030107034200${point}`, 'hex')
    const signature = Buffer.from(
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
        'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
      'hex',
    )
    const key = provider.publicKey('EC_P256', spki)
    const hash = provider.digest('SHA_256', utf8('sample'))
    const format = 'raw'
    for (const [message, type] of [
      [utf8('sample'), RAW],
      [hash, DIGEST],
    ] as const)
      expect(await key.verify('ECDSA_SHA_256', message, signature, { ...type, format })).toBe(true)
  })

  it('hedges: two signatures of one digest differ', async () => {
    const hash = provider.digest('SHA_256', MESSAGE)
    const key = privateOf('EC_P256')
    const [one, two] = [
      await key.sign('ECDSA_SHA_256', hash, DIGEST),
      await key.sign('ECDSA_SHA_256', hash, DIGEST),
    ]
    expect(one).not.toEqual(two)
  })

  it.each(CURVES)('%s: both sides agree; foreign and bad points are refused', async (spec) => {
    const peer = await provider.generatePair(spec)
    const [mine, theirs] = [privateOf(spec), provider.privateKey(spec, peer)]
    const shared = (await mine.agree(peer.publicKey))!
    expect(shared).toHaveLength(SPECS[spec].bytes)
    expect(await theirs.agree(pairOf(spec).publicKey)).toEqual(shared)
    for (const other of PAIR_SPECS)
      if (other !== spec) expect(await mine.agree(pairOf(other).publicKey)).toBeUndefined()
    // Off the curve: one bit of y.
    expect(await mine.agree(flipped(peer.publicKey))).toBeUndefined()
    expect(await mine.agree(peer.publicKey.subarray(1))).toBeUndefined()
    expect(await mine.agree(concat(peer.publicKey, bytes(1)))).toBeUndefined()
    expect(await mine.agree(new Uint8Array(0))).toBeUndefined()
  })

  it('imports PKCS#8 without the public key inside, and computes it', () => {
    const { privateKey, publicKey } = pairOf('EC_P256')
    const scalar = privateKey.subarray(7, 39)
    const bare = concat(
      Buffer.from('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420', 'hex'),
      scalar,
    )
    expect(provider.parsePkcs8('EC_P256', bare)).toEqual({ privateKey, publicKey })
    // Zero and n are no scalars.
    const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
    for (const bad of [new Uint8Array(32), Buffer.from(order, 'hex')])
      expect(provider.parsePkcs8('EC_P256', concat(bare.subarray(0, 35), bad))).toBeUndefined()
  })
})

describe('Ed25519', () => {
  it('signs digests only as Ed25519ph', () => {
    const refusal = expect.objectContaining({ code: 'UNSUPPORTED' }) as Error
    expect(() => privateOf('ED25519').sign('ED25519', bytes(64), DIGEST)).toThrow(refusal)
    expect(() => publicOf('ED25519').verify('ED25519', bytes(64), bytes(64), DIGEST)).toThrow(
      refusal,
    )
  })

  it('gives the Ed25519ph vector of RFC 8032 7.3', async () => {
    const seed = Buffer.from(
      '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
      'hex',
    )
    const spki = Buffer.from(
      '302a300506032b6570032100ec172b93ad5e563f4932c70e1245034c35467ef2efd4d64ebf819683467e2bf2',
      'hex',
    )
    const key = provider.privateKey('ED25519', { privateKey: seed, publicKey: spki })
    const expected =
      '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
      '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406'
    for (const options of [RAW, DIGEST])
      expect(toHex(await key.sign('ED25519PH', utf8('abc'), options))).toBe(expected)
  })
})

describe('a reproducible source', () => {
  const build = async (seed: string) => {
    const own = createNodeProvider({ random: counted(seed) })
    const parts: Uint8Array[] = []
    for (const spec of ['EC_P256', 'EC_P521', 'EC_SECP256K1', 'ED25519', 'RSA_2048'] as const) {
      const pair = await own.generatePair(spec)
      parts.push(pair.privateKey, pair.publicKey)
      const [key, verifier] = [own.privateKey(spec, pair), own.publicKey(spec, pair.publicKey)]
      for (const algorithm of SIGNING_ALGORITHMS.filter((name) => fits(spec, name))) {
        const signature = await key.sign(algorithm, MESSAGE, RAW)
        expect(await publicVerify(spec, pair, algorithm, signature)).toBe(true)
        parts.push(signature)
      }
      const sealed = await verifier.oaepEncrypt('SHA_256', MESSAGE)
      if (sealed) {
        expect(await key.oaepDecrypt('SHA_256', sealed)).toEqual(MESSAGE)
        parts.push(sealed)
      }
    }
    return toHex(concat(...parts))
  }
  /** By a provider that is not reproducible: the signatures are ordinary ones. */
  const publicVerify = async (
    spec: PairSpec,
    pair: KeyPairBytes,
    algorithm: SigningAlgorithm,
    signature: Uint8Array,
  ) => provider.publicKey(spec, pair.publicKey).verify(algorithm, MESSAGE, signature, RAW)

  it('decides every byte of keys, signatures and ciphertexts', async () => {
    const [one, again, other] = [await build('a'), await build('a'), await build('b')]
    expect(again).toBe(one)
    expect(other).not.toBe(one)
  })

  it('gives the signatures of RFC 6979 A.2.5, with the nonce generator of the named hash', async () => {
    const own = createNodeProvider({ random: counted('rfc6979') })
    const scalar = 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721'
    const pkcs8 = `3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420${scalar}`
    const key = own.privateKey('EC_P256', own.parsePkcs8('EC_P256', Buffer.from(pkcs8, 'hex'))!)
    const starts = {
      ECDSA_SHA_256: 'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
      ECDSA_SHA_384: '0eafea039b20e9b42309fb1d89e213057cbf973dc0cfc8f129edddc800ef7719',
      ECDSA_SHA_512: '8496a60b5e9b47c825488827e0495b0e3fa109ec4568fd3f8d1097678eb97f00',
    } as const
    for (const [algorithm, r] of Object.entries(starts)) {
      const name = algorithm as keyof typeof starts
      const signature = await key.sign(name, utf8('sample'), { ...RAW, format: 'raw' })
      expect(toHex(signature.subarray(0, 32))).toBe(r)
    }
  })
})

it('lacks nothing', () => {
  for (const feature of [...PAIR_SPECS, ...SIGNING_ALGORITHMS, 'scrypt'] as const)
    expect(provider.lacks(feature)).toBeUndefined()
})
