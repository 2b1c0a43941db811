/** Signatures, MACs, key agreement and public keys: every spec, every algorithm, judged by node:crypto. */
import { randomBytes } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import {
  MAC_ALGORITHMS,
  SIGNING_ALGORITHMS,
  SPECS,
  type Spec,
} from '../../src/domain/algorithms.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { CRYPTOS, Everything, hashOf, offered, specsOf } from './everything.ts'
import * as judge from './judge.ts'
import { codeOf, flipped } from './support.ts'

const MESSAGE = utf8('what is signed')
const EMPTY = new Uint8Array(0)
const LONG = new Uint8Array(randomBytes(65_536))

describe.each(CRYPTOS)('with the %s provider', (crypto) => {
  const all = new Everything()
  const specs = specsOf(crypto, 'hmac', 'rsa', 'ec', 'okp')
  const pairs = specsOf(crypto, 'rsa', 'ec', 'okp')
  beforeAll(async () => {
    await all.open(crypto, specs)
    return () => all.room.close()
  })
  const spkiOf = (spec: Spec): Uint8Array => judge.spkiOf(judge.privateOf(all.material(spec)))

  describe('signatures', () => {
    const CASES = offered(specs, SIGNING_ALGORITHMS)
    test.each(CASES)('$algorithm with $spec', async ({ spec, algorithm }) => {
      const asked = { ...all.key(spec), algorithm }
      const spki = spkiOf(spec)
      for (const message of [MESSAGE, EMPTY, LONG]) {
        const { signature } = await all.room.sign({ ...asked, message })
        expect(judge.holds(algorithm, spki, message, signature)).toBe(true)
        const verify = async (input: { message: Uint8Array; signature: Uint8Array }) =>
          (await all.room.verify({ ...asked, ...input })).valid
        expect(await verify({ message, signature })).toBe(true)
        const theirs = judge.signed(algorithm, all.material(spec), message)
        expect(await verify({ message, signature: theirs })).toBe(true)
        expect(await verify({ message, signature: flipped(theirs, -1) })).toBe(false)
        expect(await verify({ message, signature: theirs.subarray(1) })).toBe(false)
        expect(await verify({ message: utf8('another'), signature: theirs })).toBe(false)
      }
    })

    const DIGESTS = CASES.filter(({ algorithm }) => hashOf(algorithm) !== undefined)
    test.each(DIGESTS)('$algorithm with $spec, of a digest', async ({ spec, algorithm }) => {
      const message = judge.digestOf(hashOf(algorithm)!, MESSAGE)
      const asked = { ...all.key(spec), algorithm, message, messageType: 'digest' } as const
      // Ed25519ph hashes what it is given, a digest too (RFC 8032 5.1; as AWS does).
      const hashed = algorithm === 'ED25519PH' ? message : MESSAGE
      const { signature } = await all.room.sign(asked)
      expect(judge.holds(algorithm, spkiOf(spec), hashed, signature)).toBe(true)
      expect(await all.room.verify({ ...asked, signature })).toMatchObject({ valid: true })
      const theirs = judge.signed(algorithm, all.material(spec), hashed)
      expect(await all.room.verify({ ...asked, signature: theirs })).toMatchObject({ valid: true })
      for (const wrong of [message.subarray(1), new Uint8Array([...message, 0])])
        expect(await codeOf(all.room.sign({ ...asked, message: wrong }))).toBe('INVALID_ARGUMENT')
    })

    test.each(specsOf(crypto, 'ec'))('%s: r || s by the size of the field', async (spec) => {
      const asked = { ...all.key(spec), message: MESSAGE, format: 'raw' } as const
      const { signature, algorithm } = await all.room.sign(asked)
      expect(signature).toHaveLength(2 * SPECS[spec].bytes)
      expect(judge.holds(algorithm, spkiOf(spec), MESSAGE, signature, 'raw')).toBe(true)
      expect(await all.room.verify({ ...asked, signature })).toMatchObject({ valid: true })
      const der = { ...all.key(spec), message: MESSAGE, signature }
      expect(await all.room.verify(der)).toMatchObject({ valid: false })
    })

    const DEFAULTS = [
      ['EC_P256', 'ECDSA_SHA_256'],
      ['EC_P384', 'ECDSA_SHA_384'],
      ['EC_P521', 'ECDSA_SHA_512'],
      ['EC_SECP256K1', 'ECDSA_SHA_256'],
      ['ED25519', 'ED25519'],
    ] as const
    test.each(DEFAULTS)('%s signs with %s when nothing is named', async (spec, algorithm) => {
      const signed = await all.room.sign({ ...all.key(spec), message: MESSAGE })
      expect(signed.algorithm).toBe(algorithm)
    })

    test('what makes no sense is refused', async () => {
      const rsa = { ...all.key('RSA_2048'), message: MESSAGE }
      const ed = { ...all.key('ED25519'), message: MESSAGE }
      const calls = [
        [all.room.sign(rsa), 'INVALID_ARGUMENT'],
        [all.room.sign({ ...rsa, algorithm: 'ECDSA_SHA_256' }), 'UNSUPPORTED'],
        [
          all.room.sign({ ...rsa, algorithm: 'RSA_PSS_SHA_256', format: 'raw' }),
          'INVALID_ARGUMENT',
        ],
        [all.room.sign({ ...ed, messageType: 'digest' }), 'INVALID_ARGUMENT'],
        [all.room.sign({ ...all.key('HMAC_256'), message: MESSAGE }), 'NOT_PERMITTED_FOR_KEY'],
      ] as const
      for (const [call, code] of calls) expect(await codeOf(call)).toBe(code)
    })
  })

  describe('MACs', () => {
    const CASES = offered(specs, MAC_ALGORITHMS)
    test.each(CASES)('$algorithm with $spec', async ({ spec, algorithm }) => {
      for (const message of [MESSAGE, EMPTY, LONG]) {
        const asked = { ...all.key(spec), message }
        const made = await all.room.generateMac(asked)
        expect(made.algorithm).toBe(algorithm)
        expect(made.mac).toEqual(judge.hmacOf(hashOf(algorithm)!, all.material(spec), message))
        const verify = async (mac: Uint8Array) =>
          (await all.room.verifyMac({ ...asked, algorithm, mac })).valid
        expect(await verify(made.mac)).toBe(true)
        expect(await verify(flipped(made.mac, 0))).toBe(false)
        expect(await verify(made.mac.subarray(1))).toBe(false)
        expect(await verify(made.mac.subarray(0, 1))).toBe(false)
      }
    })

    test('a MAC of another length than the key is not offered', async () => {
      const asked = { ...all.key('HMAC_256'), message: MESSAGE, algorithm: 'HMAC_SHA_512' } as const
      expect(await codeOf(all.room.generateMac(asked))).toBe('UNSUPPORTED')
    })
  })

  describe('key agreement', () => {
    const AGREE = specsOf(crypto, 'ec').filter((spec) => spec !== 'EC_SECP256K1')
    test.each(AGREE)('%s: the secret of SP 800-56A with a peer', async (spec) => {
      const peer = judge.pairOf(spec as 'EC_P256')
      const asked = { ...all.key(spec), publicKey: peer.spki }
      const { sharedSecret } = await all.room.deriveSharedSecret(asked)
      expect(sharedSecret).toHaveLength(SPECS[spec].bytes)
      expect(sharedSecret).toEqual(judge.agreed(all.material(spec), judge.publicOf(peer.spki)))
    })

    test('a peer on another curve, off the curve or of another kind is refused', async () => {
      const { spki } = judge.pairOf('EC_P256')
      const off = flipped(spki, -1)
      const peers = [judge.pairOf('EC_P384').spki, judge.pairOf('ED25519').spki, off, EMPTY]
      for (const publicKey of [...peers, spki.subarray(0, -1), new Uint8Array([...spki, 0])])
        expect(
          await codeOf(all.room.deriveSharedSecret({ ...all.key('EC_P256'), publicKey })),
        ).toBe('INVALID_ARGUMENT')
    })
  })

  describe('public keys', () => {
    test.each(pairs)('%s: SPKI and JWK are the ones of the private key', async (spec) => {
      const { publicKey, jwk, ...answer } = await all.room.getPublicKey(all.key(spec))
      expect(answer).toMatchObject({ spec, ...all.key(spec) })
      expect(publicKey).toEqual(spkiOf(spec))
      expect(jwk).toEqual(judge.publicOf(publicKey).export({ format: 'jwk' }))
      const { versionId } = answer
      const version = await all.room.getKeyVersion({ ...all.key(spec), versionId })
      expect(version.publicKey).toEqual(publicKey)
    })

    test('a secret key has none', async () => {
      expect(await codeOf(all.room.getPublicKey(all.key('HMAC_256')))).toBe('UNSUPPORTED')
    })
  })
})
