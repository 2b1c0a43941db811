/**
 * Encryption, data keys, key wrapping and export: every spec, every algorithm, judged by
 * node:crypto.
 */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  ENCRYPTION_ALGORITHMS,
  PAIR_SPECS,
  WRAPPINGS,
  WRAP_ALGORITHMS,
  type EncryptionAlgorithm,
  type PairSpec,
  type Spec,
  type WrapAlgorithm,
  type Wrapping,
} from '../../src/domain/algorithms.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import type { DecryptInput, Encrypted } from '../../src/engine/api.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { CRYPTOS, Everything, hashOf, offered, specsOf, type Crypto } from './everything.ts'
import * as judge from './judge.ts'
import { codeOf, flipped } from './support.ts'

const MESSAGE = utf8('some text of forty-eight bytes, three AES blocks.')
const BLOCKS = MESSAGE.subarray(0, 48)
const CONTEXT = { table: 'orders', row: '7' }
const AAD = utf8('bound to it')
const bytes = (length: number): Uint8Array => new Uint8Array(randomBytes(length))

interface RawForm {
  readonly plaintext: Uint8Array
  readonly extra: { readonly aad?: Uint8Array }
  /** What the judge reads in what the room made. */
  readonly open: (material: Uint8Array, made: Encrypted) => Uint8Array
  /** What the judge makes for the room to read. */
  readonly seal: (material: Uint8Array) => Pick<DecryptInput, 'ciphertext' | 'iv' | 'tag'>
}

const cbc = (padded: boolean, plaintext: Uint8Array): RawForm => ({
  plaintext,
  extra: {},
  open: (key, { iv, ciphertext }) => judge.cbcOpen(key, iv!, ciphertext, padded),
  seal: (key) => {
    const iv = bytes(16)
    return { iv, ciphertext: judge.cbc(key, iv, plaintext, padded) }
  },
})
const oaep = (algorithm: 'RSA_OAEP_SHA_1' | 'RSA_OAEP_SHA_256'): RawForm => ({
  plaintext: MESSAGE,
  extra: {},
  open: (pkcs8, { ciphertext }) =>
    judge.oaepOpen(judge.privateOf(pkcs8), hashOf(algorithm)!, ciphertext),
  seal: (pkcs8) => {
    const recipient = judge.publicOf(judge.spkiOf(judge.privateOf(pkcs8)))
    return { ciphertext: judge.oaep(recipient, hashOf(algorithm)!, MESSAGE) }
  },
})
/** The forms that others speak too. */
const RAW: Readonly<Record<Exclude<EncryptionAlgorithm, 'XAES_GCM'>, RawForm>> = {
  AES_GCM: {
    plaintext: MESSAGE,
    extra: { aad: AAD },
    open: (key, { iv, ciphertext, tag }) =>
      judge.gcmOpen(key, AAD, { iv: iv!, ciphertext, tag: tag! }),
    seal: (key) => judge.gcm(key, AAD, MESSAGE),
  },
  AES_CBC: cbc(false, BLOCKS),
  AES_CBC_PAD: cbc(true, MESSAGE),
  RSA_OAEP_SHA_1: oaep('RSA_OAEP_SHA_1'),
  RSA_OAEP_SHA_256: oaep('RSA_OAEP_SHA_256'),
}
const RAW_NAMES = ENCRYPTION_ALGORITHMS.filter((name) => name !== 'XAES_GCM')

/** An RSA-4096 pair takes seconds to find: with one provider is enough. */
const pairSpecsOf = (crypto: Crypto): readonly PairSpec[] =>
  PAIR_SPECS.filter((spec) => specsOf(crypto, 'rsa', 'ec', 'okp').includes(spec))

describe.each(CRYPTOS)('with the %s provider', (crypto) => {
  const all = new Everything()
  const specs = specsOf(crypto, 'aes', 'hmac', 'rsa', 'ec', 'okp')
  beforeAll(async () => {
    await all.open(crypto, specs)
    return () => all.room.close()
  })

  describe('our own form', () => {
    test.each(specsOf(crypto, 'aes'))('%s: any length, under its context alone', async (spec) => {
      for (const length of [0, 1, 15, 16, 17, 4096, 65_536]) {
        const plaintext = bytes(length)
        const made = await all.room.encrypt({ ...all.key(spec), plaintext, context: CONTEXT })
        const { ciphertext, versionId } = made
        const reordered = { row: '7', table: 'orders' }
        const opened = await all.room.decrypt({ ciphertext, context: reordered })
        expect(opened).toEqual({ ...all.key(spec), plaintext, versionId, algorithm: 'XAES_GCM' })
        for (const context of [{}, { table: 'orders' }, { ...CONTEXT, row: '8' }])
          expect(await codeOf(all.room.decrypt({ ciphertext, context }))).toBe('INVALID_CIPHERTEXT')
      }
    })

    test('a key that is named must be the one that encrypted', async () => {
      const { ciphertext } = await all.room.encrypt({ ...all.key('AES_256'), plaintext: MESSAGE })
      const named = (spec: Spec) => codeOf(all.room.decrypt({ ciphertext, ...all.key(spec) }))
      expect([await named('AES_256'), await named('AES_128')]).toEqual(['ok', 'INVALID_CIPHERTEXT'])
    })

    test('moves between keys, contexts and algorithms', async () => {
      const { room } = all
      const first = { ...all.key('AES_128'), plaintext: MESSAGE, context: CONTEXT }
      const { ciphertext } = await room.encrypt(first)
      const to = { ...all.key('AES_256'), context: { for: 'another' } }
      const moved = await room.reEncrypt({ ciphertext, sourceContext: CONTEXT, ...to })
      const source = { sourceKeyId: all.key('AES_128').keyId, sourceAlgorithm: 'XAES_GCM' }
      expect(moved).toMatchObject({ ...source, ...all.key('AES_256') })
      const opened = await room.decrypt({ ciphertext: moved.ciphertext, context: to.context })
      expect(opened.plaintext).toEqual(MESSAGE)
      const algorithm = 'RSA_OAEP_SHA_256' as const
      const toRsa = { sourceContext: CONTEXT, ...all.key('RSA_2048'), algorithm }
      const outside = await room.reEncrypt({ ciphertext, ...toRsa })
      const back = await room.reEncrypt({
        ciphertext: outside.ciphertext,
        sourceKeyId: outside.keyId,
        sourceAlgorithm: algorithm,
        ...all.key('AES_192'),
      })
      expect((await room.decrypt({ ciphertext: back.ciphertext })).plaintext).toEqual(MESSAGE)
      expect(await codeOf(room.reEncrypt({ ciphertext, ...to }))).toBe('INVALID_CIPHERTEXT')
    })
  })

  describe('the forms of others', () => {
    test.each(offered(specs, RAW_NAMES))('$algorithm with $spec', async ({ spec, algorithm }) => {
      const { plaintext, extra, open, seal } = RAW[algorithm]
      const asked = { ...all.key(spec), algorithm, ...extra }
      const made = await all.room.encrypt({ ...asked, plaintext })
      expect(made.algorithm).toBe(algorithm)
      expect(open(all.material(spec), made)).toEqual(plaintext)
      const theirs = seal(all.material(spec))
      expect((await all.room.decrypt({ ...asked, ...theirs })).plaintext).toEqual(plaintext)
      // CBC protects nothing: a changed block opens to something, or fails at its padding.
      const changed = { ...asked, ...theirs, ciphertext: flipped(theirs.ciphertext, -1) }
      const outcome = await codeOf(all.room.decrypt(changed))
      const possible = algorithm.startsWith('AES_CBC')
        ? ['ok', 'INVALID_CIPHERTEXT']
        : ['INVALID_CIPHERTEXT']
      expect(possible).toContain(outcome)
    })

    test('what an algorithm cannot bind is refused, not ignored', async () => {
      const asked = { ...all.key('AES_256'), plaintext: BLOCKS }
      const rsa = {
        ...all.key('RSA_2048'),
        plaintext: BLOCKS,
        algorithm: 'RSA_OAEP_SHA_1',
      } as const
      const calls = [
        all.room.encrypt({ ...asked, aad: AAD }),
        all.room.encrypt({ ...asked, algorithm: 'AES_GCM', context: CONTEXT }),
        all.room.encrypt({ ...asked, algorithm: 'AES_GCM', iv: bytes(12) }),
        all.room.encrypt({ ...asked, algorithm: 'AES_CBC', aad: AAD }),
        all.room.encrypt({ ...asked, algorithm: 'AES_CBC', plaintext: MESSAGE }),
        all.room.encrypt({ ...rsa, context: CONTEXT }),
        all.room.encrypt({ ...all.key('RSA_2048'), plaintext: BLOCKS }),
      ]
      for (const call of calls) expect(await codeOf(call)).toBe('INVALID_ARGUMENT')
      expect(await codeOf(all.room.encrypt({ ...rsa, plaintext: bytes(215) }))).toBe(
        'LIMIT_EXCEEDED',
      )
      expect(await codeOf(all.room.encrypt({ ...rsa, plaintext: bytes(214) }))).toBe('ok')
    })
  })

  describe('data keys', () => {
    const SIZES = [
      [{}, 32],
      [{ spec: 'AES_128' }, 16],
      [{ spec: 'AES_192' }, 24],
      [{ spec: 'AES_256' }, 32],
      [{ lengthBytes: 1 }, 1],
      [{ lengthBytes: 1024 }, 1024],
    ] as const
    test.each(SIZES)('%j has %i bytes', async (size, length) => {
      const asked = { ...all.key('AES_256'), ...size, context: CONTEXT }
      const { ciphertext, plaintext } = await all.room.generateDataKey(asked)
      expect(plaintext).toHaveLength(length)
      const opened = await all.room.decrypt({ ciphertext, context: CONTEXT })
      expect(opened.plaintext).toEqual(plaintext)
      const hidden = await all.room.generateDataKey({ ...asked, withoutPlaintext: true })
      expect(hidden).not.toHaveProperty('plaintext')
      const revealed = await all.room.decrypt({ ciphertext: hidden.ciphertext, context: CONTEXT })
      expect(revealed.plaintext).toHaveLength(length)
    })

    test.each(pairSpecsOf(crypto))('a pair of %s', async (pairSpec) => {
      const asked = { ...all.key('AES_256'), pairSpec, context: CONTEXT }
      const made = await all.room.generateDataKeyPair(asked)
      const privateKey = judge.privateOf(made.privateKey!)
      expect(judge.spkiOf(privateKey)).toEqual(made.publicKey)
      const { ciphertext } = made
      const opened = await all.room.decrypt({ ciphertext, context: CONTEXT })
      expect(opened.plaintext).toEqual(made.privateKey)
    })

    test('a pair without its private half', async () => {
      const asked = { ...all.key('AES_256'), pairSpec: 'EC_P256', withoutPlaintext: true } as const
      const made = await all.room.generateDataKeyPair(asked)
      expect(made).not.toHaveProperty('privateKey')
      const { plaintext } = await all.room.decrypt({ ciphertext: made.ciphertext })
      expect(judge.spkiOf(judge.privateOf(plaintext))).toEqual(made.publicKey)
    })

    test('come from AES keys alone', async () => {
      const asked = { ...all.key('RSA_2048'), pairSpec: 'EC_P256' } as const
      expect(await codeOf(all.room.generateDataKeyPair(asked))).toBe('UNSUPPORTED')
      expect(await codeOf(all.room.generateDataKey(all.key('RSA_2048')))).toBe('UNSUPPORTED')
    })
  })

  describe('key wrapping', () => {
    const wrapOf = (spec: Spec, algorithm: WrapAlgorithm, secret: Uint8Array): Uint8Array => {
      const hash = hashOf(algorithm)
      const material = all.material(spec)
      if (!hash) return judge.keyWrap(material, secret, algorithm === 'AES_KWP')
      return judge.oaep(judge.publicOf(judge.spkiOf(judge.privateOf(material))), hash, secret)
    }
    const CASES = offered(specs, WRAP_ALGORITHMS)
    test.each(CASES)('$algorithm with $spec', async ({ spec, algorithm }) => {
      const asked = { ...all.key(spec), algorithm }
      for (const length of algorithm === 'AES_KWP' ? [1, 7, 8, 32, 100] : [16, 32]) {
        const plaintext = bytes(length)
        const { wrapped } = await all.room.wrapKey({ ...asked, plaintext })
        expect((await all.room.unwrapKey({ ...asked, wrapped })).plaintext).toEqual(plaintext)
        const theirs = wrapOf(spec, algorithm, plaintext)
        if (!hashOf(algorithm)) expect(wrapped).toEqual(theirs) // Key wrap is deterministic.
        const opened = await all.room.unwrapKey({ ...asked, wrapped: theirs })
        expect(opened.plaintext).toEqual(plaintext)
        const broken = { ...asked, wrapped: flipped(wrapped, -1) }
        expect(await codeOf(all.room.unwrapKey(broken))).toBe('INVALID_CIPHERTEXT')
      }
    })

    test('lengths that RFC 3394 cannot carry are refused', async () => {
      const asked = { ...all.key('AES_256'), algorithm: 'AES_KW' } as const
      for (const length of [1, 8, 17])
        expect(await codeOf(all.room.wrapKey({ ...asked, plaintext: bytes(length) }))).toBe(
          'INVALID_ARGUMENT',
        )
    })

    test('the longest that is wrapped opens again; what is longer than any key is refused', async () => {
      for (const algorithm of ['AES_KW', 'AES_KWP'] as const) {
        const asked = { ...all.key('AES_256'), algorithm }
        const plaintext = bytes(LIMITS.keyToWrapBytesMax)
        const { wrapped } = await all.room.wrapKey({ ...asked, plaintext })
        expect(wrapped.length).toBe(LIMITS.wrappedMaterialBytesMax)
        expect((await all.room.unwrapKey({ ...asked, wrapped })).plaintext).toEqual(plaintext)
        const longer = bytes(plaintext.length + 1)
        expect(await codeOf(all.room.wrapKey({ ...asked, plaintext: longer }))).toBe(
          'INVALID_ARGUMENT',
        )
        const long = new Uint8Array(wrapped.length + 8)
        expect(await codeOf(all.room.unwrapKey({ ...asked, wrapped: long }))).toBe(
          'INVALID_ARGUMENT',
        )
      }
    })
  })

  describe('export', () => {
    const CASES = specs.map((spec) => ({ spec }))
    test.each(CASES)('$spec, as its form allows', async ({ spec }) => {
      const expected = all.material(spec)
      for (const wrapping of Object.keys(WRAPPINGS) as Wrapping[]) {
        const { hybrid } = WRAPPINGS[wrapping]
        const fits = hybrid || expected.length <= 190
        if (fits) expect(await all.exported(spec, wrapping)).toEqual(expected)
        else expect(await codeOf(all.exported(spec, wrapping))).toBe('UNSUPPORTED')
      }
    })
  })
})
