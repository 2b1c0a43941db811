/**
 * What only the portable provider promises: no platform, no leaks of work buffers, honest limits.
 */
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { PAIR_SPECS, SIGNING_ALGORITHMS } from '../../src/domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { parseRsaPkcs1, rsaPkcs1 } from '../../src/crypto/keys.ts'
import { createPortableProvider } from '../../src/crypto/portable/index.ts'
import type { KeyPairBytes } from '../../src/crypto/provider.ts'
import { hex, flipped } from './support.ts'

const provider = createPortableProvider()
const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const MESSAGE = utf8('message')
let rsa: KeyPairBytes

beforeAll(async () => {
  rsa = await provider.generatePair('RSA_2048')
})
afterEach(() => vi.unstubAllGlobals())

/** What a call throws, now or later. */
async function failure(work: () => unknown): Promise<StrongroomError> {
  try {
    await work()
  } catch (error) {
    if (error instanceof StrongroomError) return error
    throw error
  }
  return expect.unreachable('it should have been refused')
}

describe('independence from the platform', () => {
  it('passes its known-answer tests', async () => {
    await expect(provider.selfTest()).resolves.toBeUndefined()
  })

  it('lacks nothing where crypto.subtle is there', () => {
    for (const feature of [...PAIR_SPECS, ...SIGNING_ALGORITHMS, 'scrypt'] as const)
      expect(provider.lacks(feature)).toBeUndefined()
  })

  it('without crypto.subtle it lacks RSA alone, and says so instead of failing', async () => {
    vi.stubGlobal('crypto', {
      getRandomValues: globalThis.crypto.getRandomValues.bind(globalThis.crypto),
    })
    for (const feature of [...PAIR_SPECS, ...SIGNING_ALGORITHMS, 'scrypt'] as const)
      expect(provider.lacks(feature) !== undefined, feature).toBe(feature.startsWith('RSA_'))
    for (const work of [
      () => provider.generatePair('RSA_2048'),
      () => provider.privateKey('RSA_2048', rsa),
    ]) {
      const error = await failure(work)
      expect(error.code).toBe('UNSUPPORTED')
      expect(error.message).toMatch(/secure contexts/)
    }
    const pair = await provider.generatePair('EC_P256')
    const signature = await provider.privateKey('EC_P256', pair).sign('ECDSA_SHA_256', MESSAGE, RAW)
    const key = provider.publicKey('EC_P256', pair.publicKey)
    expect(await key.verify('ECDSA_SHA_256', MESSAGE, signature, RAW)).toBe(true)
  })
})

describe('random bytes', () => {
  it('fills any length, also beyond what the platform gives at once', () => {
    for (const length of [0, 1, 1023, 1024, 1025, 65_536, 65_537, 200_000]) {
      const bytes = new Uint8Array(length)
      provider.random.fill(bytes)
      // Each 64 bytes are zero with probability 2^-512.
      for (let at = 0; at + 64 <= length; at += 64)
        expect(bytes.subarray(at, at + 64).some((byte) => byte !== 0)).toBe(true)
    }
  })

  it('never gives the same bytes twice, before and after a reseed', () => {
    const seen = new Set<string>()
    for (let i = 0; i < 2000; i++) {
      if (i % 500 === 0) provider.reseed()
      const bytes = new Uint8Array(16)
      provider.random.fill(bytes)
      seen.add(toHex(bytes))
    }
    expect(seen.size).toBe(2000)
  })

  it('takes the source of the caller', () => {
    const own = createPortableProvider({ random: { fill: (target) => void target.fill(7) } })
    const bytes = new Uint8Array(3)
    own.random.fill(bytes)
    expect(toHex(bytes)).toBe('070707')
    const sealed = own.suite(new Uint8Array(32)).seal(bytes, bytes, bytes)
    expect(toHex(sealed.subarray(3, 27))).toBe('07'.repeat(24))
  })
})

describe('buffers', () => {
  const key = new Uint8Array(32).fill(3)
  const aes = provider.aes(key)
  const suite = provider.suite(key)
  const [iv, cbcIv, aad] = [new Uint8Array(12), new Uint8Array(16), utf8('aad')]
  const sealed = aes.gcmSeal(iv, aad, MESSAGE)
  const OPENINGS: readonly (readonly [string, Uint8Array, (input: Uint8Array) => unknown])[] = [
    ['gcmOpen', sealed.ciphertext, (input) => aes.gcmOpen(iv, aad, input, sealed.tag)],
    ['cbcDecrypt', aes.cbcEncrypt(cbcIv, MESSAGE, true)!, (it) => aes.cbcDecrypt(cbcIv, it, true)],
    ['unwrap KW', aes.wrap(key, false)!, (input) => aes.unwrap(input, false)],
    ['unwrap KWP', aes.wrap(MESSAGE, true)!, (input) => aes.unwrap(input, true)],
    ['suite.open', suite.seal(aad, aad, MESSAGE), (input) => suite.open(input, aad.length, aad)],
  ]

  it.each(OPENINGS)(
    '%s: leaves its input alone and answers memory of its own',
    (_, input, open) => {
      // Aligned and not: noble works in place where alignment allows.
      for (const offset of [0, 1, 4]) {
        const arena = concat(new Uint8Array(offset), input, new Uint8Array(5))
        const before = toHex(arena)
        const opened = open(arena.subarray(offset, offset + input.length)) as Uint8Array
        expect(toHex(arena)).toBe(before)
        expect(opened.buffer.byteLength).toBe(opened.length)
        expect(open(flipped(arena.subarray(offset, offset + input.length), -1))).not.toEqual(opened)
      }
    },
  )

  it('sealing leaves its inputs alone', () => {
    const inputs = [iv, cbcIv, aad, MESSAGE, key].map((bytes) => bytes.slice())
    const [i, c, a, m, k] = inputs as [Uint8Array, Uint8Array, Uint8Array, Uint8Array, Uint8Array]
    provider.aes(k).gcmSeal(i, a, m)
    provider.aes(k).cbcEncrypt(c, m, true)
    provider.aes(k).wrap(k, false)
    provider.aes(k).wrap(m, true)
    provider.suite(k).seal(a, a, m)
    provider.suite(k).sealWithNonce(new Uint8Array(24), a, m)
    provider.digest('SHA_256', m)
    provider.hmac('SHA_256', k).compute(m)
    expect(inputs).toEqual([iv, cbcIv, aad, MESSAGE, key])
  })

  it('keys may be wiped once the handle is made', () => {
    const own = key.slice()
    const [a, s] = [provider.aes(own), provider.suite(own)]
    own.fill(0)
    expect(a.gcmOpen(iv, aad, sealed.ciphertext, sealed.tag)).toEqual(MESSAGE)
    expect(s.open(suite.seal(aad, aad, MESSAGE), aad.length, aad)).toEqual(MESSAGE)
  })
})

describe('RSA outside WebCrypto', () => {
  const hashes: readonly Hash[] = ['SHA_224', 'SHA_256', 'SHA_384', 'SHA_512']

  it('signs a digest as WebCrypto signs the message', async () => {
    const key = provider.privateKey('RSA_2048', rsa)
    for (const hash of hashes) {
      const algorithm: SigningAlgorithm = `RSA_PKCS1_${hash as 'SHA_256'}`
      const signature = await key.sign(algorithm, MESSAGE, RAW)
      const again = await key.sign(algorithm, provider.digest(hash, MESSAGE), DIGEST)
      expect(toHex(again)).toBe(toHex(signature))
    }
  })

  it('gives WebCrypto one key per algorithm, and wipes what it handed over', async () => {
    const importKey = vi.spyOn(crypto.subtle, 'importKey')
    const key = provider.privateKey('RSA_2048', rsa)
    for (let i = 0; i < 2; i++) {
      await key.sign('RSA_PSS_SHA_256', MESSAGE, RAW)
      await key.oaepDecrypt('SHA_1', new Uint8Array(256))
    }
    const handed = importKey.mock.calls.map(([, bytes]) => bytes as Uint8Array)
    expect(importKey.mock.calls.map(([, , , extractable]) => extractable)).toEqual([false, false])
    importKey.mockRestore()
    expect(handed.map((bytes) => bytes.length > 1000)).toEqual([true, true])
    expect(handed.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true)
  })

  it('releases no signature that a fault went into', async () => {
    const numbers = parseRsaPkcs1(rsa.privateKey)!
    for (const member of ['dp', 'dq', 'qi', 'p', 'q'] as const) {
      const changed = { ...numbers, [member]: flipped(numbers[member], -1, 2) }
      const privateKey = rsaPkcs1(changed)
      const key = provider.privateKey('RSA_2048', { ...rsa, privateKey })
      const digest = provider.digest('SHA_256', MESSAGE)
      const error = await failure(() => key.sign('RSA_PSS_SHA_256', digest, DIGEST))
      expect(error.code).toBe('INTERNAL')
    }
  })

  it('opens OAEP with SHA-224, and refuses what is not below the modulus', async () => {
    const key = provider.privateKey('RSA_2048', rsa)
    const publicKey = provider.publicKey('RSA_2048', rsa.publicKey)
    const sealed = (await publicKey.oaepEncrypt('SHA_224', MESSAGE))!
    expect(await key.oaepDecrypt('SHA_224', sealed)).toEqual(MESSAGE)
    const { n } = parseRsaPkcs1(rsa.privateKey)!
    for (const bad of [n, flipped(sealed, 9), sealed.slice(1), new Uint8Array(256), hex('')])
      expect(await key.oaepDecrypt('SHA_224', bad)).toBeUndefined()
  })

  it('two encryptions and two PSS signatures of the same bytes differ', async () => {
    const key = provider.privateKey('RSA_2048', rsa)
    const publicKey = provider.publicKey('RSA_2048', rsa.publicKey)
    const digest = provider.digest('SHA_256', MESSAGE)
    const makers = [
      () => publicKey.oaepEncrypt('SHA_256', MESSAGE),
      () => key.sign('RSA_PSS_SHA_256', MESSAGE, RAW),
      () => key.sign('RSA_PSS_SHA_256', digest, DIGEST),
    ]
    for (const make of makers) expect(await make()).not.toEqual(await make())
  })

  it('signs what the message was at the call, in any number of calls at once', async () => {
    const key = provider.privateKey('RSA_2048', rsa)
    const publicKey = provider.publicKey('RSA_2048', rsa.publicKey)
    const messages = Array.from({ length: 20 }, (_, i) => new Uint8Array(64).fill(i))
    const pending = messages.map(async (message) => key.sign('RSA_PSS_SHA_512', message, RAW))
    messages.forEach((message) => message.fill(0xff))
    const signatures = await Promise.all(pending)
    for (const [i, signature] of signatures.entries()) {
      const message = new Uint8Array(64).fill(i)
      expect(await publicKey.verify('RSA_PSS_SHA_512', message, signature, RAW)).toBe(true)
    }
  })
})

describe('calls that do not fit the key', () => {
  it('answer nothing, or name the rule', async () => {
    const [p256, ed] = await Promise.all(
      (['EC_P256', 'ED25519'] as const).map((spec) => provider.generatePair(spec)),
    )
    const keys = [
      provider.privateKey('EC_P256', p256!),
      provider.privateKey('ED25519', ed!),
      provider.privateKey('RSA_2048', rsa),
    ]
    for (const key of keys.slice(0, 2))
      expect(await key.oaepDecrypt('SHA_256', new Uint8Array(256))).toBeUndefined()
    for (const key of keys.slice(1)) expect(await key.agree(p256!.publicKey)).toBeUndefined()
    for (const [spec, pair] of [['EC_P256', p256!] as const, ['ED25519', ed!] as const])
      expect(
        await provider.publicKey(spec, pair.publicKey).oaepEncrypt('SHA_256', MESSAGE),
      ).toBeUndefined()
    const refusal = await failure(() => keys[1]!.sign('ED25519', MESSAGE, DIGEST))
    expect(refusal.code).toBe('UNSUPPORTED')
    for (const key of keys) {
      const wrong: SigningAlgorithm = key === keys[0] ? 'ED25519' : 'ECDSA_SHA_256'
      expect((await failure(() => key.sign(wrong, MESSAGE, RAW))).code).toBe('INTERNAL')
    }
  })

  it('a public point off the curve is no key', async () => {
    const { publicKey } = await provider.generatePair('EC_P384')
    const error = await failure(() => provider.publicKey('EC_P384', flipped(publicKey, -1)))
    expect(error.code).toBe('INTERNAL')
  })

  it('nonces and IVs of the wrong length are our own mistakes', async () => {
    const [aes, suite] = [provider.aes(new Uint8Array(16)), provider.suite(new Uint8Array(16))]
    for (const length of [0, 8, 11, 13, 16])
      expect(
        (await failure(() => aes.gcmSeal(new Uint8Array(length), hex(''), hex('')))).code,
      ).toBe('INTERNAL')
    for (const length of [0, 12, 23, 25])
      expect(
        (await failure(() => suite.sealWithNonce(new Uint8Array(length), hex(''), hex('')))).code,
      ).toBe('INTERNAL')
  })
})
