/** What one provider makes, the other takes: every spec, every algorithm, every encoding. */
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, toHex, utf8, wipe } from '../../src/base/bytes.ts'
import { ALGORITHMS, PAIR_SPECS, SPECS } from '../../src/domain/algorithms.ts'
import type { Hash, PairSpec, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import type { ClassicSpec } from '../../src/crypto/parameter-sets.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'
import type { SignatureFormat } from '../../src/crypto/provider.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import { fromBigInt } from '../../src/crypto/der.ts'
import { importPkcs8 } from '../../src/crypto/import-key.ts'
import { parseRsaPkcs1, rsaPkcs1 } from '../../src/crypto/keys.ts'
import * as der from '../../src/crypto/der.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import * as support from './support.ts'

const { PROVIDERS, CROSSINGS, PROVIDER_NAMES, CLASSIC_SPECS, EC_SPECS } = support
const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const FORMATS: readonly SignatureFormat[] = ['der', 'raw']
const MESSAGE = utf8('what one makes, the other takes')

/** One pair per provider and spec, made once. */
const made = new Map<string, KeyPairBytes>()
const pairOf = (provider: CryptoProvider, spec: PairSpec) => made.get(`${provider.name} ${spec}`)!

beforeAll(async () => {
  for (const name of PROVIDER_NAMES)
    for (const spec of PAIR_SPECS)
      made.set(`${name} ${spec}`, await PROVIDERS[name].generatePair(spec))
})

/** The message as the algorithm takes it with `digest`. */
function digestFor(provider: CryptoProvider, algorithm: SigningAlgorithm): Uint8Array {
  const row = ALGORITHMS[algorithm]
  return 'hash' in row ? provider.digest(row.hash, MESSAGE) : MESSAGE
}

describe.each(CROSSINGS)('$from to $to', ({ from, to }) => {
  const [maker, taker] = [PROVIDERS[from], PROVIDERS[to]]

  it.each(CLASSIC_SPECS)('%s: PKCS#8 and SPKI', (spec) => {
    const pair = pairOf(maker, spec)
    const parsed = support.imported(taker, spec, maker.toPkcs8(spec, pair.privateKey))
    expect(toHex(parsed.privateKey)).toBe(toHex(pair.privateKey))
    expect(toHex(parsed.publicKey)).toBe(toHex(pair.publicKey))
    const [jwk, other] = [maker, taker].map((it) => it.publicKey(spec, pair.publicKey).jwk())
    expect(other).toEqual(jwk)
    expect(taker.publicKey(spec, pair.publicKey).bits).toBe(SPECS[spec].bits)
    const isRsa = SPECS[spec].family === 'rsa'
    expect(taker.parseRsaPublicKey(pair.publicKey)?.bits).toBe(isRsa ? SPECS[spec].bits : undefined)
  })

  it.each(CLASSIC_SPECS)('%s: signatures', async (spec) => {
    const pair = pairOf(maker, spec)
    const [key, other] = [maker.privateKey(spec, pair), taker.publicKey(spec, pair.publicKey)]
    for (const algorithm of support.signingAlgorithms(spec))
      for (const format of FORMATS) {
        const [raw, digest] = [
          { ...RAW, format },
          { ...DIGEST, format },
        ]
        const digested = digestFor(maker, algorithm)
        const signature = await key.sign(algorithm, MESSAGE, raw)
        expect(await other.verify(algorithm, MESSAGE, signature, raw)).toBe(true)
        expect(await other.verify(algorithm, utf8('other'), signature, raw)).toBe(false)
        const broken = support.flipped(signature, -1)
        expect(await other.verify(algorithm, MESSAGE, broken, raw)).toBe(false)
        if (algorithm === 'ED25519') continue
        const overDigest = await key.sign(algorithm, digested, digest)
        expect(await other.verify(algorithm, digested, overDigest, digest)).toBe(true)
        // Ed25519ph hashes whatever it is given; the other algorithms see the same digest either
        // way.
        const same = algorithm !== 'ED25519PH'
        expect(await other.verify(algorithm, MESSAGE, overDigest, raw)).toBe(same)
        expect(await other.verify(algorithm, digested, signature, digest)).toBe(same)
      }
  })

  it.each(CLASSIC_SPECS)('%s: the public part of one is not the other’s', async (spec) => {
    const [algorithm] = support.signingAlgorithms(spec)
    const [own, foreign] = [pairOf(PROVIDERS.node, spec), pairOf(PROVIDERS.portable, spec)]
    const signature = await maker.privateKey(spec, own).sign(algorithm!, MESSAGE, RAW)
    const key = taker.publicKey(spec, foreign.publicKey)
    expect(await key.verify(algorithm!, MESSAGE, signature, RAW)).toBe(false)
  })

  it.each(['RSA_2048', 'RSA_3072', 'RSA_4096'] as const)('%s: OAEP', async (spec) => {
    const pair = pairOf(taker, spec)
    const [sealer, opener] = [maker.publicKey(spec, pair.publicKey), taker.privateKey(spec, pair)]
    for (const hash of support.RSA_HASHES) {
      const most = SPECS[spec].bytes - 2 * maker.digest(hash).length - 2
      for (const length of [0, 1, most]) {
        const plaintext = new Uint8Array(length).fill(length)
        const sealed = (await sealer.oaepEncrypt(hash, plaintext))!
        expect(sealed.length).toBe(SPECS[spec].bytes)
        expect(toHex((await opener.oaepDecrypt(hash, sealed))!)).toBe(toHex(plaintext))
        const wrongHash: Hash = hash === 'SHA_256' ? 'SHA_1' : 'SHA_256'
        expect(await opener.oaepDecrypt(wrongHash, sealed)).toBeUndefined()
      }
      expect(await sealer.oaepEncrypt(hash, new Uint8Array(most + 1))).toBeUndefined()
    }
  })

  it.each(EC_SPECS)('%s: key agreement', async (spec) => {
    const [a, b] = [pairOf(maker, spec), pairOf(taker, spec)]
    const shared = (await maker.privateKey(spec, a).agree(b.publicKey))!
    expect(shared.length).toBe(CURVES[spec].bytes)
    const [x, y] = [taker.privateKey(spec, b), maker.privateKey(spec, b)]
    expect(toHex((await x.agree(a.publicKey))!)).toBe(toHex(shared))
    expect(toHex((await y.agree(a.publicKey))!)).toBe(toHex(shared))
    const elsewhere = EC_SPECS.filter((other) => other !== spec)
    for (const other of elsewhere)
      expect(await x.agree(pairOf(maker, other).publicKey)).toBeUndefined()
  })

  it.each([16, 24, 32])('AES keys of %i bytes: every mode', (keyBytes) => {
    const key = Uint8Array.from({ length: keyBytes }, (_, i) => i)
    const [a, b] = [maker.aes(key), taker.aes(key)]
    const [suiteA, suiteB] = [maker.suite(key), taker.suite(key)]
    const [iv, aad] = [new Uint8Array(12).fill(1), utf8('aad')]
    const cbcIv = new Uint8Array(16).fill(2)
    // Odd offsets: a view that is not aligned to words.
    for (let length = 0; length <= 65; length++) {
      const plaintext = new Uint8Array(length + 3).map((_, i) => i * 5).subarray(3)
      const same = (bytes: Uint8Array | undefined) => expect(toHex(bytes!)).toBe(toHex(plaintext))
      const { ciphertext, tag } = a.gcmSeal(iv, aad, plaintext)
      same(b.gcmOpen(iv, aad, ciphertext, tag))
      same(b.cbcDecrypt(cbcIv, a.cbcEncrypt(cbcIv, plaintext, true)!, true))
      same(suiteB.open(suiteA.seal(aad, aad, plaintext), aad.length, aad))
      const whole = a.cbcEncrypt(cbcIv, plaintext, false)
      expect(whole === undefined).toBe(length % 16 !== 0)
      if (whole) same(b.cbcDecrypt(cbcIv, whole, false))
      const kw = a.wrap(plaintext, false)
      expect(kw === undefined).toBe(length % 8 !== 0 || length < 16)
      if (kw) same(b.unwrap(kw, false))
      const kwp = a.wrap(plaintext, true)
      expect(kwp === undefined).toBe(length === 0)
      if (kwp) same(b.unwrap(kwp, true))
    }
  })

  it('HMAC, HKDF and scrypt agree', async () => {
    const key = utf8('a key')
    for (const hash of support.RSA_HASHES) {
      const tag = maker.hmac(hash, key).compute(MESSAGE)
      expect(taker.hmac(hash, key).verify(tag, MESSAGE)).toBe(true)
      expect(toHex(taker.digest(hash, key, tag))).toBe(toHex(maker.digest(hash, concat(key, tag))))
    }
    const empty = new Uint8Array(0)
    for (const length of [1, 32, 33, 255 * 32]) {
      const [one, two] = [maker, taker].map((it) => toHex(it.hkdf(key, empty, MESSAGE, length)))
      expect(one).toBe(two)
    }
    const cost = { N: 32, r: 8, p: 3 }
    const [one, two] = await Promise.all(
      [maker, taker].map(async (it) => toHex(await it.scrypt(key, MESSAGE, cost, 40))),
    )
    expect(one).toBe(two)
  })
})

describe('one reproducible source gives one result', () => {
  const both = (seed: string) =>
    PROVIDER_NAMES.map((name) => support.CREATE[name]({ random: seededRandom(seed) }))

  /** Everything that draws bytes, in one fixed order. */
  async function transcript(provider: CryptoProvider, spec: PairSpec): Promise<readonly string[]> {
    const pair = await provider.generatePair(spec)
    const key = provider.privateKey(spec, pair)
    const lines = [toHex(pair.privateKey), toHex(pair.publicKey)]
    for (const algorithm of support.signingAlgorithms(spec)) {
      lines.push(toHex(await key.sign(algorithm, MESSAGE, RAW)))
      if (algorithm === 'ED25519') continue
      lines.push(toHex(await key.sign(algorithm, digestFor(provider, algorithm), DIGEST)))
      lines.push(toHex(await key.sign(algorithm, MESSAGE, { ...RAW, format: 'raw' })))
    }
    const publicKey = provider.publicKey(spec, pair.publicKey)
    for (const hash of support.RSA_HASHES) {
      const sealed = await publicKey.oaepEncrypt(hash, utf8('secret'))
      if (sealed) lines.push(toHex(sealed))
    }
    return lines
  }

  it.each(CLASSIC_SPECS.filter((spec) => spec === 'RSA_2048' || SPECS[spec].family !== 'rsa'))(
    '%s: the same key, signatures and ciphertexts',
    async (spec) => {
      const [node, portable] = both(spec)
      const lines = await transcript(node!, spec)
      expect(await transcript(portable!, spec)).toEqual(lines)
      expect(new Set(lines.slice(0, 2)).size).toBe(2)
      const rest = [node!, portable!].map((provider) => {
        const bytes = new Uint8Array(16)
        provider.random.fill(bytes)
        return toHex(bytes)
      })
      expect(rest[0]).toBe(rest[1])
    },
    120_000,
  )

  it('the suite: nonces in the order of the source, past the point where others draw ahead', () => {
    const [one, two] = both('suite').map((provider) => {
      const suite = provider.suite(new Uint8Array(32))
      return Array.from({ length: 20 }, (_, i) =>
        toHex(suite.seal(Uint8Array.of(i), utf8('aad'), new Uint8Array(i))),
      )
    })
    expect(one).toEqual(two)
    expect(new Set(one).size).toBe(20)
  })

  it('another seed gives another key', async () => {
    const pairs = await Promise.all(
      ['x', 'y'].map((seed) => both(seed)[1]!.generatePair('EC_P256')),
    )
    expect(toHex(pairs[0]!.privateKey)).not.toBe(toHex(pairs[1]!.privateKey))
  })
})

describe.each(PROVIDER_NAMES)('%s: foreign PKCS#8 that must be refused', (name) => {
  const provider = PROVIDERS[name]
  const refused = (spec: ClassicSpec, pkcs8: Uint8Array) =>
    expect(provider.parsePkcs8(spec, pkcs8)).toBeUndefined()

  it.each(['EC_P256', 'ED25519'] as const)('%s: each truncation, and a byte more', (spec) => {
    const pkcs8 = provider.toPkcs8(spec, pairOf(provider, spec).privateKey)
    for (let length = 0; length < pkcs8.length; length++) refused(spec, pkcs8.slice(0, length))
    refused(spec, concat(pkcs8, Uint8Array.of(0)))
  })

  it('EC_P256: each changed bit', () => {
    const pkcs8 = provider.toPkcs8('EC_P256', pairOf(provider, 'EC_P256').privateKey)
    for (let at = 0; at < pkcs8.length; at++)
      refused('EC_P256', support.flipped(pkcs8, at, 1 << (at % 8)))
  })

  it('a key of one spec as any other', async () => {
    for (const spec of PAIR_SPECS) {
      const pkcs8 = provider.toPkcs8(spec, pairOf(provider, spec).privateKey)
      for (const other of PAIR_SPECS)
        if (other !== spec) expect(await provider.parsePkcs8(other, pkcs8)).toBeUndefined()
    }
  })

  it.each(EC_SPECS)('%s: scalars outside [1, n - 1] and of the wrong length', (spec) => {
    const { order, bytes } = CURVES[spec]
    const scalars = [0n, order, order + 1n].map((value) => fromBigInt(value, bytes))
    for (const scalar of scalars) refused(spec, support.ecPkcs8(spec, scalar))
    const last = fromBigInt(order - 1n, bytes)
    expect(provider.parsePkcs8(spec, support.ecPkcs8(spec, last))).toBeDefined()
    refused(spec, support.ecPkcs8(spec, last.slice(1)))
    refused(spec, support.ecPkcs8(spec, concat(Uint8Array.of(0), last)))
  })

  it('Ed25519 seeds of 31 and 33 bytes', () => {
    for (const length of [0, 31, 33]) refused('ED25519', support.okpPkcs8(new Uint8Array(length)))
    expect(provider.parsePkcs8('ED25519', support.okpPkcs8(new Uint8Array(32)))).toBeDefined()
  })

  it('RSA: numbers that do not belong together', () => {
    const numbers = parseRsaPkcs1(pairOf(provider, 'RSA_2048').privateKey)!
    const pkcs8 = (changed: Partial<typeof numbers>) =>
      provider.toPkcs8('RSA_2048', rsaPkcs1({ ...numbers, ...changed }))
    expect(provider.parsePkcs8('RSA_2048', pkcs8({}))).toBeDefined()
    for (const member of Object.keys(numbers) as (keyof typeof numbers)[])
      refused('RSA_2048', pkcs8({ [member]: support.flipped(numbers[member], -1, 2) }))
    refused('RSA_2048', pkcs8({ p: numbers.q, q: numbers.p }))
    refused('RSA_2048', pkcs8({ e: Uint8Array.of(3) }))
    refused('RSA_2048', pkcs8({ e: Uint8Array.of(1) }))
  })

  it('RSA: consistent numbers whose factor is not prime', () => {
    const pkcs8 = provider.toPkcs8('RSA_2048', compositeKey())
    const never = (): never => expect.unreachable()
    expect(importPkcs8('RSA_2048', pkcs8, { ec: never, okp: never })).toBeDefined()
    refused('RSA_2048', pkcs8)
  })
})

/**
 * RSA numbers that satisfy every relation of RFC 8017 3.2 with p composite: only the pairwise test
 * can tell.
 */
function compositeKey(): Uint8Array {
  const [p, q] = [2n ** 1023n + 2n ** 1022n + 1155n, 2n ** 1023n + 2n ** 1022n + 2n ** 900n + 3n]
  const e = 65537n
  const lcm = ((p - 1n) / gcd(p - 1n, q - 1n)) * (q - 1n)
  const d = inverse(e, lcm)
  const number = (value: bigint, bytes: number) => fromBigInt(value, bytes)
  const key = rsaPkcs1({
    n: number(p * q, 256),
    e: number(e, 3),
    d: number(d, 256),
    p: number(p, 128),
    q: number(q, 128),
    dp: number(d % (p - 1n), 128),
    dq: number(d % (q - 1n), 128),
    qi: number(inverse(q, p), 128),
  })
  expect(der.bitLength(parseRsaPkcs1(key)!.n)).toBe(2048)
  return key
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b)
}

function inverse(value: bigint, modulus: bigint): bigint {
  let [r0, r1, t0, t1] = [modulus, value % modulus, 0n, 1n]
  while (r1 !== 0n) {
    const quotient = r0 / r1
    ;[r0, r1] = [r1, r0 - quotient * r1]
    ;[t0, t1] = [t1, t0 - quotient * t1]
  }
  if (r0 !== 1n) throw new Error('no inverse: choose other numbers')
  return t0 < 0n ? t0 + modulus : t0
}

it('wiping a pair after its handle was made does not change the handle', async () => {
  for (const name of PROVIDER_NAMES)
    for (const spec of ['RSA_2048', 'EC_P256', 'ED25519'] as const) {
      const { privateKey, publicKey } = pairOf(PROVIDERS[name], spec)
      const copy = { privateKey: privateKey.slice(), publicKey: publicKey.slice() }
      const key = PROVIDERS[name].privateKey(spec, copy)
      const verifier = PROVIDERS[name].publicKey(spec, copy.publicKey)
      wipe(copy.privateKey, copy.publicKey)
      const [algorithm] = support.signingAlgorithms(spec)
      const signature = await key.sign(algorithm!, MESSAGE, RAW)
      expect(await verifier.verify(algorithm!, MESSAGE, signature, RAW)).toBe(true)
    }
})
