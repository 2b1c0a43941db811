/**
 * ML-DSA (FIPS 204) and ML-KEM (FIPS 203): published vectors, encodings (RFC 9881, RFC 9935), and
 * everything that must be refused, through both providers.
 */
import { createHash, randomInt } from 'node:crypto'
import { sha3_256, shake128 } from '@noble/hashes/sha3.js'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { concat, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import type { Random } from '../../src/base/ports.ts'
import * as der from '../../src/crypto/der.ts'
import { latticeSpki, parseLatticeSpki } from '../../src/crypto/keys.ts'
import { isLatticePair, pairOfSeed } from '../../src/crypto/lattice-pairs.ts'
import { mlDsa, mlKem, testMlDsa, testMlKem } from '../../src/crypto/lattices.ts'
import type { MlDsa, MlKem } from '../../src/crypto/lattices.ts'
import { isMlKem, PARAMETER_SETS } from '../../src/crypto/parameter-sets.ts'
import type { LatticeSpec, MlDsaSpec, MlKemSpec } from '../../src/crypto/parameter-sets.ts'
import type { CryptoProvider, KeyPairBytes, SignOptions } from '../../src/crypto/provider.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { CREATE, flipped, hex, loadVectors, PROVIDER_NAMES, PROVIDERS } from './support.ts'

interface KeyVector {
  readonly source: string
  readonly spec: LatticeSpec
  readonly seed: string
  readonly pkcs8: string
  readonly spkiSha256: string
}
interface SignatureVector {
  readonly spec: MlDsaSpec
  readonly pkcs8: string
  readonly message: string
  readonly mu: string
  readonly challenge: string
  readonly signatureSha3: string
}
interface EncapsulationVector {
  readonly spec: MlKemSpec
  readonly seed: string
  readonly randomness: string
  readonly ciphertextSha3: string
  readonly sharedSecret: string
  readonly flippedByte: number
  readonly rejected: string
}
interface Accumulated<S> {
  readonly source: string
  readonly spec: S
  readonly count: number
  readonly expected: string
}
const DSA = loadVectors('ml-dsa') as {
  readonly keys: readonly KeyVector[]
  readonly signatures: readonly SignatureVector[]
  readonly accumulated: readonly Accumulated<MlDsaSpec>[]
}
const KEM = loadVectors('ml-kem') as {
  readonly keys: readonly KeyVector[]
  readonly encapsulations: readonly EncapsulationVector[]
  readonly accumulated: readonly Accumulated<MlKemSpec>[]
}

const SPECS = Object.keys(PARAMETER_SETS) as readonly LatticeSpec[]
const DSA_SPECS = SPECS.filter((spec): spec is MlDsaSpec => !isMlKem(spec))
const KEM_SPECS = SPECS.filter(isMlKem)
const RAW: SignOptions = { messageType: 'raw' }
const MU: SignOptions = { messageType: 'externalMu' }
const MESSAGE = utf8('what lasts')
const SEED = randomInt(2 ** 31)

const shake256 = (length: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const state = createHash('shake256', { outputLength: length })
  for (const part of parts) state.update(part)
  return new Uint8Array(state.digest())
}
/** FIPS 204 algorithm 7, line 6, of the message representative of algorithm 2 without a context. */
function muOf(spec: MlDsaSpec, spki: Uint8Array, message: Uint8Array): Uint8Array {
  const tr = shake256(64, parseLatticeSpki(spec, spki)!)
  return shake256(64, tr, Uint8Array.of(0, 0), message)
}

/** A source that gives what is asked for in turn, then zeros. */
const scripted = (...script: readonly Uint8Array[]): Random => {
  const left = [...script]
  return {
    deterministic: true,
    fill(target) {
      target.set(left.shift() ?? new Uint8Array(target.length))
    },
  }
}
const parsed = async (provider: CryptoProvider, spec: LatticeSpec, pkcs8: Uint8Array) => {
  const pair = await provider.parsePkcs8(spec, pkcs8)
  if (!pair) throw new Error(`${provider.name} refused a good ${spec} key`)
  return pair
}

const pairs = new Map<LatticeSpec, KeyPairBytes>()
beforeAll(async () => {
  for (const spec of SPECS) pairs.set(spec, await PROVIDERS.node.generatePair(spec))
})
const pairOf = (spec: LatticeSpec): KeyPairBytes => pairs.get(spec)!

describe('100 accumulated vectors, of the code that both providers share', () => {
  test.each(DSA.accumulated)('$spec: $source', async ({ spec, count, expected }) => {
    const dsa = await mlDsa(spec)
    const [source, sum] = [shake128.create(), shake128.create()]
    for (let i = 0; i < count; i++) {
      const { publicKey, secretKey } = dsa.keygen(source.xof(32))
      const signature = dsa.sign(new Uint8Array(0), secretKey, { extraEntropy: false })
      sum.update(publicKey).update(signature)
    }
    expect(toHex(sum.xof(32))).toBe(expected)
  })

  test.each(KEM.accumulated)('$spec: $source', async ({ spec, count, expected }) => {
    const kem = await mlKem(spec)
    const [source, sum] = [shake128.create(), shake128.create()]
    for (let i = 0; i < count; i++) {
      const { publicKey, secretKey } = kem.keygen(source.xof(64))
      const { cipherText, sharedSecret } = kem.encapsulate(publicKey, source.xof(32))
      expect(kem.decapsulate(cipherText, secretKey)).toEqual(sharedSecret)
      const rejected = kem.decapsulate(source.xof(PARAMETER_SETS[spec].output), secretKey)
      sum.update(publicKey).update(cipherText).update(sharedSecret).update(rejected)
    }
    expect(toHex(sum.xof(32))).toBe(expected)
  })
})

describe.each(PROVIDER_NAMES)('%s', (name) => {
  const provider = PROVIDERS[name]

  test.each([...DSA.keys, ...KEM.keys])('$source', async ({ spec, seed, pkcs8, spkiSha256 }) => {
    const pair = await parsed(provider, spec, hex(pkcs8))
    expect(toHex(pair.privateKey)).toBe(seed)
    expect(createHash('sha256').update(pair.publicKey).digest('hex')).toBe(spkiSha256)
    expect(toHex(provider.toPkcs8(spec, pair.privateKey))).toBe(pkcs8)
  })

  test.each(DSA.signatures)('$source', async (vector) => {
    // FIPS 204 3.4: hedged with zeros is the deterministic variant.
    const own = CREATE[name]({ random: scripted() })
    const pair = await parsed(own, vector.spec, hex(vector.pkcs8))
    const message = hex(vector.message)
    const key = own.privateKey(vector.spec, pair)
    const signature = await key.sign('ML_DSA', message, RAW)
    expect(toHex(signature).startsWith(vector.challenge)).toBe(true)
    expect(toHex(sha3_256(signature))).toBe(vector.signatureSha3)
    expect(toHex(muOf(vector.spec, pair.publicKey, message))).toBe(vector.mu)
    expect(await key.sign('ML_DSA', hex(vector.mu), MU)).toEqual(signature)
    const verifier = own.publicKey(vector.spec, pair.publicKey)
    expect(await verifier.verify('ML_DSA', message, signature, RAW)).toBe(true)
    expect(await verifier.verify('ML_DSA', hex(vector.mu), signature, MU)).toBe(true)
  })

  test.each(KEM.encapsulations)('$source', async (vector) => {
    const own = CREATE[name]({ random: scripted(hex(vector.randomness)) })
    const pair = await parsed(own, vector.spec, own.toPkcs8(vector.spec, hex(vector.seed)))
    const made = (await own.publicKey(vector.spec, pair.publicKey).encapsulate())!
    expect(toHex(sha3_256(made.ciphertext))).toBe(vector.ciphertextSha3)
    expect(toHex(made.sharedSecret)).toBe(vector.sharedSecret)
    const key = own.privateKey(vector.spec, pair)
    expect(toHex((await key.decapsulate(made.ciphertext))!)).toBe(vector.sharedSecret)
    const changed = flipped(made.ciphertext, vector.flippedByte)
    expect(toHex((await key.decapsulate(changed))!)).toBe(vector.rejected)
  })

  test.each(SPECS)('%s: what it answers owns its memory, and outlives the pair', async (spec) => {
    const pair = await provider.generatePair(spec)
    const [key, verifier] = [
      provider.privateKey(spec, pair),
      provider.publicKey(spec, pair.publicKey),
    ]
    const answers = [pair.privateKey, pair.publicKey]
    const jwk = verifier.jwk()
    const lengths = PARAMETER_SETS[spec]
    expect(pair.privateKey).toHaveLength(lengths.seed)
    expect(jwk).toMatchObject({ kty: 'AKP', alg: spec.replaceAll('_', '-') })
    expect(Buffer.from(jwk['pub']!, 'base64url')).toHaveLength(lengths.publicKey)
    answers.push(provider.toPkcs8(spec, pair.privateKey))
    pair.privateKey.fill(0)
    pair.publicKey.fill(0)
    const sealed = await verifier.encapsulate()
    if (sealed) {
      const opened = (await key.decapsulate(sealed.ciphertext))!
      expect(opened).toEqual(sealed.sharedSecret)
      expect(sealed.ciphertext).toHaveLength(lengths.output)
      answers.push(sealed.ciphertext, sealed.sharedSecret, opened)
    } else {
      const signature = await key.sign('ML_DSA', MESSAGE, RAW)
      expect(await verifier.verify('ML_DSA', MESSAGE, signature, RAW)).toBe(true)
      expect(signature).toHaveLength(lengths.output)
      answers.push(signature)
    }
    for (const answer of answers) {
      expect(answer.constructor).toBe(Uint8Array)
      expect(answer.buffer.byteLength).toBe(answer.length)
    }
  })

  test.each(SPECS)('%s offers what its family offers, and nothing else', async (spec) => {
    const [key, publicKey] = [
      provider.privateKey(spec, pairOf(spec)),
      provider.publicKey(spec, pairOf(spec).publicKey),
    ]
    expect(provider.lacks(spec)).toBeUndefined()
    expect(await key.oaepDecrypt('SHA_256', new Uint8Array(256))).toBeUndefined()
    expect(await key.agree(pairOf(spec).publicKey)).toBeUndefined()
    expect(await publicKey.oaepEncrypt('SHA_256', new Uint8Array(16))).toBeUndefined()
    const signs = async () => key.sign('ECDSA_SHA_256', MESSAGE, RAW)
    await expect(signs()).rejects.toMatchObject({ code: 'INTERNAL' })
    const verifies = async () => publicKey.verify('ED25519', MESSAGE, MESSAGE, RAW)
    await expect(verifies()).rejects.toMatchObject({ code: 'INTERNAL' })
    if (isMlKem(spec)) return
    expect(await publicKey.encapsulate()).toBeUndefined()
    expect(await key.decapsulate(new Uint8Array(768))).toBeUndefined()
    const digest = async () => key.sign('ML_DSA', new Uint8Array(64), { messageType: 'digest' })
    await expect(digest()).rejects.toMatchObject({ code: 'UNSUPPORTED' })
  })
})

test.each(SPECS)('%s: one reproducible source, one result from both providers', async (spec) => {
  const results = PROVIDER_NAMES.map(async (name) => {
    const own = CREATE[name]({ random: seededRandom(spec) })
    const pair = await own.generatePair(spec)
    const key = own.privateKey(spec, pair)
    const publicKey = own.publicKey(spec, pair.publicKey)
    const work = isMlKem(spec)
      ? () => publicKey.encapsulate()
      : () => key.sign('ML_DSA', MESSAGE, RAW)
    // At once: each call has drawn its bytes before the next one begins.
    const [one, two] = await Promise.all([work(), work()])
    expect(one).not.toEqual(two)
    return [pair, one, two, await work()]
  })
  const [first, second] = await Promise.all(results)
  expect(first).toEqual(second)
})

describe(`properties (seed ${SEED})`, () => {
  const message = fc.uint8Array({ maxLength: 300 })

  test.each(DSA_SPECS)('%s: hedged; verifies; external mu and message are one', async (spec) => {
    const [key, verifier] = [
      PROVIDERS.portable.privateKey(spec, pairOf(spec)),
      PROVIDERS.node.publicKey(spec, pairOf(spec).publicKey),
    ]
    const holds = (text: Uint8Array, signature: Uint8Array, options: SignOptions) =>
      verifier.verify('ML_DSA', text, signature, options)
    const property = fc.asyncProperty(message, message, async (text, other) => {
      const mu = muOf(spec, pairOf(spec).publicKey, text)
      const signature = await key.sign('ML_DSA', text, RAW)
      const overMu = await key.sign('ML_DSA', mu, MU)
      expect(overMu).not.toEqual(signature)
      for (const made of [signature, overMu]) {
        expect(await holds(text, made, RAW)).toBe(true)
        expect(await holds(mu, made, MU)).toBe(true)
        expect(await holds(mu, made, RAW)).toBe(false)
        expect(await holds(flipped(mu, 0), made, MU)).toBe(false)
        expect(await holds(other, made, RAW)).toBe(toHex(other) === toHex(text))
      }
    })
    await fc.assert(property, { seed: SEED, numRuns: 8 })
  })

  test.each(KEM_SPECS)('%s: both sides agree; every change is rejected alike', async (spec) => {
    const other = await PROVIDERS.node.generatePair(spec)
    const keys = PROVIDER_NAMES.map((name) => PROVIDERS[name].privateKey(spec, pairOf(spec)))
    const property = fc.asyncProperty(
      fc.nat(PARAMETER_SETS[spec].output * 8 - 1),
      fc.constantFrom(...PROVIDER_NAMES),
      async (bit, name) => {
        const publicKey = PROVIDERS[name].publicKey(spec, pairOf(spec).publicKey)
        const { ciphertext, sharedSecret } = (await publicKey.encapsulate())!
        const changed = flipped(ciphertext, bit >>> 3, 1 << (bit & 7))
        const rejected = new Set<string>()
        for (const key of keys) {
          expect(await key.decapsulate(ciphertext)).toEqual(sharedSecret)
          rejected.add(toHex((await key.decapsulate(changed))!))
        }
        // Implicit rejection: one secret for one ciphertext, and none that the sender knows.
        expect(rejected.size).toBe(1)
        expect(rejected).not.toContain(toHex(sharedSecret))
        const wrong = await PROVIDERS[name].privateKey(spec, other).decapsulate(ciphertext)
        expect(wrong).toHaveLength(32)
        expect(wrong).not.toEqual(sharedSecret)
      },
    )
    await fc.assert(property, { seed: SEED, numRuns: 25 })
  })
})

describe.each(KEM_SPECS)('%s: ciphertexts', (spec) => {
  test('of another length are none', async () => {
    const { output } = PARAMETER_SETS[spec]
    for (const name of PROVIDER_NAMES) {
      const key = PROVIDERS[name].privateKey(spec, pairOf(spec))
      for (const length of [0, 1, 32, 767, 769, 1087, 1089, 1567, 1569, output - 1, output + 1])
        expect(await key.decapsulate(new Uint8Array(length))).toBeUndefined()
      expect(await key.decapsulate(new Uint8Array(output))).toHaveLength(32)
    }
  })
})

describe.each(DSA_SPECS)('%s: signatures that must be refused', (spec) => {
  // FIPS 204 table 1: omega and k; the hint is the end of a signature (algorithm 26).
  const [omega, k] = { ML_DSA_44: [80, 4], ML_DSA_65: [55, 6], ML_DSA_87: [75, 8] }[spec] as [
    number,
    number,
  ]
  const { output } = PARAMETER_SETS[spec]
  const hint = output - omega - k
  let good: Uint8Array
  beforeAll(async () => {
    good = await PROVIDERS.node.privateKey(spec, pairOf(spec)).sign('ML_DSA', MESSAGE, RAW)
  })
  const changed = (change: (signature: Uint8Array) => void): Uint8Array => {
    const copy = good.slice()
    change(copy)
    return copy
  }
  const count = (signature: Uint8Array, poly: number): number => signature[hint + omega + poly]!
  /** The first polynomial with two hints at least, and where they begin. */
  const pairOfHints = (signature: Uint8Array): number => {
    for (let poly = 0, from = 0; poly < k; poly++) {
      if (count(signature, poly) - from >= 2) return hint + from
      from = count(signature, poly)
    }
    throw new Error('a signature without two hints in one polynomial')
  }

  const CASES: readonly (readonly [string, () => readonly Uint8Array[]])[] = [
    ['of another length', () => [0, 1, 64, output - 1].map((length) => good.subarray(0, length))],
    ['longer by a byte', () => [concat(good, Uint8Array.of(0)), concat(Uint8Array.of(0), good)]],
    ['all zeros, all ones', () => [0, 255].map((byte) => new Uint8Array(output).fill(byte))],
    [
      'with one changed bit, in every part',
      () => Array.from({ length: 40 }, (_, i) => flipped(good, (i * 131) % output, 1 << (i % 8))),
    ],
    [
      // Algorithm 21, line 8: strictly increasing within a polynomial.
      'with hints in another order, or twice',
      () => [
        changed((it) => {
          const at = pairOfHints(it)
          ;[it[at], it[at + 1]] = [it[at + 1]!, it[at]!]
        }),
        changed((it) => (it[pairOfHints(it) + 1] = it[pairOfHints(it)]!)),
      ],
    ],
    [
      // Algorithm 21, line 4: counts never decrease and stay within omega.
      'with counts of hints that fall, or exceed the most',
      () => [
        changed((it) => (it[hint + omega + k - 1] = count(it, k - 2) - 1)),
        changed((it) => (it[hint + omega + k - 1] = omega + 1)),
        changed((it) => (it[hint + omega] = 255)),
      ],
    ],
    // Algorithm 21, line 17: what is left is zero, so that a signature has one form.
    [
      'with something behind the hints',
      () => [changed((it) => (it[hint + Math.min(count(it, k - 1), omega - 1)]! ^= 1))],
    ],
    // Algorithm 8, line 13: ||z|| < gamma1 - beta; bits of zero are the coefficient gamma1.
    ['with a response that is too long', () => [changed((it) => it.fill(0, hint - 576, hint))]],
  ]

  test.each(CASES)('%s', async (_, make) => {
    for (const name of PROVIDER_NAMES) {
      const key = PROVIDERS[name].publicKey(spec, pairOf(spec).publicKey)
      expect(await key.verify('ML_DSA', MESSAGE, good, RAW)).toBe(true)
      for (const bad of make()) expect(await key.verify('ML_DSA', MESSAGE, bad, RAW)).toBe(false)
    }
  })

  test('of another key', async () => {
    const other = await PROVIDERS.node.generatePair(spec)
    const key = PROVIDERS.node.publicKey(spec, other.publicKey)
    expect(await key.verify('ML_DSA', MESSAGE, good, RAW)).toBe(false)
  })
})

describe.each(SPECS)('%s: PKCS#8', (spec) => {
  const lengths = PARAMETER_SETS[spec]
  const oid = der.oid(lengths.oid)
  const zero = der.integer(Uint8Array.of(0))
  const seed = () => pairOf(spec).privateKey
  const seedForm = () => der.node(der.TAG.context0Primitive, seed())
  const pkcs8 = (inner: der.DerPart, ...more: readonly der.DerPart[]) =>
    der.encodeDer(der.sequence(zero, der.sequence(oid), der.octets(inner), ...more))
  const expanded = async (): Promise<Uint8Array> => {
    const functions = isMlKem(spec) ? await mlKem(spec) : await mlDsa(spec)
    return functions.keygen(seed()).secretKey
  }
  const both = (expandedKey: Uint8Array) =>
    pkcs8(der.sequence(der.octets(seed()), der.octets(expandedKey)))
  /** Seed and expanded key, the latter changed as asked. */
  const bothForms = async (change: (key: Uint8Array) => void = () => undefined) => {
    const key = await expanded()
    change(key)
    return both(key)
  }
  const withPublic = (publicKey: Uint8Array, version: number) =>
    der.encodeDer(
      der.sequence(
        der.integer(Uint8Array.of(version)),
        der.sequence(oid),
        der.octets(seedForm()),
        der.node(der.TAG.context1Primitive, Uint8Array.of(0), publicKey),
      ),
    )
  const publicBytes = () => parseLatticeSpki(spec, pairOf(spec).publicKey)!

  test('takes the seed, alone, with its expanded key, and with its public key', async () => {
    const good = [pkcs8(seedForm()), await bothForms(), withPublic(publicBytes(), 1)]
    for (const name of PROVIDER_NAMES)
      for (const form of good)
        expect(await parsed(PROVIDERS[name], spec, form)).toEqual(pairOf(spec))
  })

  test('refuses an expanded key that is not that of the seed, wherever they differ', async () => {
    const { expandedKey } = lengths
    // ML-KEM: dk || ek || H(ek) || z (FIPS 203 algorithm 16), so the hash and z are among them.
    const places = [0, expandedKey >> 1, expandedKey - 33, expandedKey - 64, expandedKey - 1]
    for (const at of places) {
      const form = await bothForms((key) => (key[at]! ^= 1))
      for (const name of PROVIDER_NAMES)
        expect(await PROVIDERS[name].parsePkcs8(spec, form)).toBeUndefined()
    }
  })

  test('refuses what holds no seed, or another structure', async () => {
    const key = await expanded()
    const bad: readonly Uint8Array[] = [
      pkcs8(der.octets(key)),
      pkcs8(der.octets(seed())),
      pkcs8(der.node(der.TAG.context0, seed())),
      pkcs8(der.node(der.TAG.context0Primitive, seed().subarray(1))),
      pkcs8(der.node(der.TAG.context0Primitive, seed(), Uint8Array.of(0))),
      pkcs8(seed()),
      pkcs8(der.sequence(der.octets(seed()))),
      pkcs8(der.sequence(der.octets(key), der.octets(seed()))),
      pkcs8(der.sequence(der.octets(seed()), der.octets(key), der.NULL)),
      both(key.subarray(1)),
      both(concat(key, Uint8Array.of(0))),
      withPublic(publicBytes(), 0),
      withPublic(flipped(publicBytes(), 5), 1),
      withPublic(publicBytes().subarray(1), 1),
      // RFC 9881 2, RFC 9935 3: parameters are absent, not NULL.
      der.encodeDer(der.sequence(zero, der.sequence(oid, der.NULL), der.octets(seedForm()))),
      pairOf(spec).publicKey,
    ]
    for (const name of PROVIDER_NAMES)
      for (const form of bad)
        expect(await PROVIDERS[name].parsePkcs8(spec, form), toHex(form)).toBeUndefined()
  })

  test('refuses each truncation, a byte more, and every change of its frame', async () => {
    const good = pkcs8(seedForm())
    const frame = good.length - lengths.seed
    const { node } = PROVIDERS
    for (let length = 0; length < good.length; length++)
      expect(await node.parsePkcs8(spec, good.subarray(0, length))).toBeUndefined()
    expect(await node.parsePkcs8(spec, concat(good, Uint8Array.of(0)))).toBeUndefined()
    for (let bit = 0; bit < frame * 8; bit++)
      expect(await node.parsePkcs8(spec, flipped(good, bit >>> 3, 1 << (bit & 7)))).toBeUndefined()
  })
})

describe.each(SPECS)('%s: public keys', (spec) => {
  const publicBytes = () => parseLatticeSpki(spec, pairOf(spec).publicKey)!

  test('are read back as they were written, and at no other length or spec', () => {
    const key = publicBytes()
    expect(latticeSpki(spec, key)).toEqual(pairOf(spec).publicKey)
    expect(parseLatticeSpki(spec, latticeSpki(spec, key.subarray(1)))).toBeUndefined()
    expect(parseLatticeSpki(spec, latticeSpki(spec, concat(key, key)))).toBeUndefined()
    for (const other of SPECS)
      if (other !== spec) expect(parseLatticeSpki(other, pairOf(spec).publicKey)).toBeUndefined()
  })

  test('of coefficients at or above q are none (FIPS 203 7.2)', () => {
    const key = publicBytes()
    const polys = key.length - 32
    // 3329 and 4095 as the first and as the second of two coefficients, at both ends.
    for (const at of [0, polys - 3])
      for (const triple of [
        [0x01, 0x0d, 0x00],
        [0x00, 0x10, 0xd0],
        [0xff, 0x0f, 0x00],
        [0x00, 0xf0, 0xff],
      ]) {
        const bad = key.slice()
        bad.set(triple, at)
        const taken = parseLatticeSpki(spec, latticeSpki(spec, bad))
        expect(taken === undefined).toBe(isMlKem(spec))
        if (taken) continue
        const refused = () => PROVIDERS.node.publicKey(spec, latticeSpki(spec, bad))
        expect(refused).toThrow(StrongroomError)
      }
    const most = key.slice()
    // 3328 twice.
    most.set([0x00, 0x0d, 0xd0], 0)
    expect(parseLatticeSpki(spec, latticeSpki(spec, most))).toBeDefined()
  })
})

describe('the pairwise consistency test (FIPS 140-3 IG 10.3.A)', () => {
  test.each(SPECS)('%s: passes a pair, and no two halves of different pairs', async (spec) => {
    const functions = isMlKem(spec) ? await mlKem(spec) : await mlDsa(spec)
    const [one, other] = [1, 2].map((byte) =>
      functions.keygen(new Uint8Array(PARAMETER_SETS[spec].seed).fill(byte)),
    )
    expect(isLatticePair(functions, one!)).toBe(true)
    expect(isLatticePair(functions, { ...one!, publicKey: other!.publicKey })).toBe(false)
  })
})

test('importing a seed takes no signature: for some ML-DSA makes dozens of attempts', async () => {
  const { keygen } = await mlDsa('ML_DSA_87')
  // For this one 58 ms of them.
  const seed = fromHex('e525b24b292a9636cfd96fcb929d6a426f17253b1fc44e616e1b37eb6209e152')!
  const given = { seed, expandedKey: undefined, publicKey: undefined }
  const publicKey = latticeSpki('ML_DSA_87', keygen(seed).publicKey)
  expect(pairOfSeed('ML_DSA_87', { keygen }, given)).toEqual({ privateKey: seed, publicKey })
})

describe('the known answers before first use', () => {
  const failing = async (run: () => Promise<unknown>): Promise<string> => {
    const error = await run().then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: 'SELF_TEST_FAILED' })
    return (error as StrongroomError).message
  }
  const bent = (bytes: Uint8Array): Uint8Array => flipped(bytes, -1)

  test.each(DSA_SPECS)('%s: any function that computes wrongly is found', async (spec) => {
    const sound = await mlDsa(spec)
    await expect(testMlDsa(spec, sound)).resolves.toBe(sound)
    const cases: Readonly<Record<string, Partial<MlDsa>>> = {
      publicKey: {
        keygen: (seed) => {
          const made = sound.keygen(seed)
          return { ...made, publicKey: bent(made.publicKey) as never }
        },
      },
      signature: { sign: (...given) => bent(sound.sign(...given)) as never },
      verdicts: { verify: () => true },
      computation: {
        keygen: () => {
          throw new Error('out of order')
        },
      },
    }
    for (const [what, broken] of Object.entries(cases))
      expect(await failing(() => testMlDsa(spec, { ...sound, ...broken }))).toContain(
        `${spec}, ${what}`,
      )
    const deaf = { ...sound, verify: () => false }
    expect(await failing(() => testMlDsa(spec, deaf))).toContain('verdicts')
  })

  test.each(KEM_SPECS)('%s: any function that computes wrongly is found', async (spec) => {
    const sound = await mlKem(spec)
    await expect(testMlKem(spec, sound)).resolves.toBe(sound)
    const encapsulate: MlKem['encapsulate'] = (...given) => sound.encapsulate(...given)
    const cases: Readonly<Record<string, Partial<MlKem>>> = {
      publicKey: {
        keygen: (seed) => {
          const made = sound.keygen(seed)
          return { ...made, publicKey: bent(made.publicKey) as never }
        },
      },
      ciphertext: {
        encapsulate: (...given) => {
          const made = encapsulate(...given)
          return { ...made, cipherText: bent(made.cipherText) as never }
        },
      },
      sharedSecret: {
        encapsulate: (...given) => {
          const made = encapsulate(...given)
          return { ...made, sharedSecret: bent(made.sharedSecret) as never }
        },
      },
      opened: { decapsulate: (...given) => bent(sound.decapsulate(...given)) as never },
      // As if the comparison were left out: what the sender knows, whatever came.
      rejected: {
        decapsulate: (_, secretKey) => {
          const m = Uint8Array.from({ length: 32 }, (__, i) => i)
          const { cipherText } = sound.encapsulate(sound.getPublicKey(secretKey), m)
          return sound.decapsulate(cipherText, secretKey)
        },
      },
    }
    for (const [what, broken] of Object.entries(cases))
      expect(await failing(() => testMlKem(spec, { ...sound, ...broken }))).toContain(
        `${spec}, ${what}`,
      )
  })
})
