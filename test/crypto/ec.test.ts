/**
 * EC and Ed25519 keys of both providers, with OpenSSL as the judge of each signature, secret and
 * description, and what such keys do not do.
 */
import * as crypto from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { HASH_BYTES, SPECS } from '../../src/domain/algorithms.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import * as der from '../../src/crypto/der.ts'
import { ecSpki, parseEcSec1, parseEcSpki } from '../../src/crypto/keys.ts'
import type { CryptoProvider, KeyPairBytes, SignatureFormat } from '../../src/crypto/provider.ts'
import { holds, recorded, recordedUntil } from './recorded.ts'
import { CREATE, EC_SPECS, flipped, hex, PROVIDER_NAMES, PROVIDERS } from './support.ts'
import { imported, okpPkcs8, signingAlgorithms } from './support.ts'

const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const MESSAGE = utf8('a message')
const FORMATS: readonly (readonly [SignatureFormat | undefined, 'der' | 'ieee-p1363'])[] = [
  ['der', 'der'],
  ['raw', 'ieee-p1363'],
  [undefined, 'der'],
]
const publicOf = ({ publicKey }: KeyPairBytes) =>
  crypto.createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' })
const privateOf = (provider: CryptoProvider, spec: 'ED25519' | (typeof EC_SPECS)[number]) =>
  provider.generatePair(spec).then((pair) => {
    const pkcs8 = Buffer.from(provider.toPkcs8(spec, pair.privateKey))
    return { pair, key: crypto.createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }) }
  })
const INTERNAL = expect.objectContaining({ code: 'INTERNAL' }) as Error
const failure = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

describe.each(PROVIDER_NAMES)('%s', (name) => {
  const provider = PROVIDERS[name]

  describe.each(EC_SPECS)('%s', (spec) => {
    const { bytes: size, order } = CURVES[spec]
    const [algorithm] = signingAlgorithms(spec) as ['ECDSA_SHA_256']
    const hash = { EC_P256: 'SHA_256', EC_P384: 'SHA_384', EC_P521: 'SHA_512' } as const
    const hashName = spec === 'EC_SECP256K1' ? 'SHA_256' : hash[spec]
    const digested = provider.digest(hashName, MESSAGE)
    const nodeHash = hashName.replace('SHA_', 'sha')
    const own = signingAlgorithms(spec).find((it) => it.endsWith(hashName)) ?? algorithm

    it('signs what OpenSSL verifies, and verifies what OpenSSL signs', async () => {
      const { pair, key } = await privateOf(provider, spec)
      const [signer, verifier] = [
        provider.privateKey(spec, pair),
        provider.publicKey(spec, pair.publicKey),
      ]
      for (const [format, dsaEncoding] of FORMATS)
        for (const [type, message] of [
          [RAW, MESSAGE],
          [DIGEST, digested],
        ] as const) {
          const options = { ...type, ...(format && { format }) }
          const made = await signer.sign(own, message, options)
          const input = { key: publicOf(pair), dsaEncoding }
          expect(crypto.verify(nodeHash, MESSAGE, input, made)).toBe(true)
          const theirs = new Uint8Array(crypto.sign(nodeHash, MESSAGE, { key, dsaEncoding }))
          const verify = async (signature: Uint8Array, text = message) =>
            verifier.verify(own, text, signature, options)
          expect(await verify(theirs)).toBe(true)
          expect(await verify(theirs, flipped(message, 0))).toBe(false)
          expect(await verify(flipped(theirs, -1))).toBe(false)
          expect(await verify(theirs.subarray(1))).toBe(false)
          expect(await verify(concat(theirs, Uint8Array.of(0)))).toBe(false)
          expect(await verify(new Uint8Array(0))).toBe(false)
          expect(await verify(new Uint8Array(2 * size))).toBe(false)
        }
    })

    it('describes itself as OpenSSL does, and does nothing that other families do', async () => {
      const { pair } = await privateOf(provider, spec)
      const [key, publicKey] = [
        provider.privateKey(spec, pair),
        provider.publicKey(spec, pair.publicKey),
      ]
      expect(publicKey.jwk()).toEqual(publicOf(pair).export({ format: 'jwk' }))
      expect(publicKey.bits).toBe(SPECS[spec].bits)
      expect(await key.oaepDecrypt('SHA_256', MESSAGE)).toBeUndefined()
      expect(await key.decapsulate(MESSAGE)).toBeUndefined()
      expect(await publicKey.oaepEncrypt('SHA_256', MESSAGE)).toBeUndefined()
      expect(await publicKey.encapsulate()).toBeUndefined()
      for (const type of [RAW, DIGEST])
        for (const other of ['ED25519', 'RSA_PKCS1_SHA_256'] as const) {
          expect(await failure(() => key.sign(other, MESSAGE, type))).toEqual(INTERNAL)
          const verify = () => publicKey.verify(other, MESSAGE, new Uint8Array(2 * size), type)
          expect(await failure(verify)).toEqual(INTERNAL)
        }
    })

    it('agrees on what OpenSSL computes, and on nothing with a point off the curve', async () => {
      const { pair, key } = await privateOf(provider, spec)
      const peer = crypto.generateKeyPairSync('ec', { namedCurve: CURVES[spec].openssl })
      const spki = new Uint8Array(peer.publicKey.export({ type: 'spki', format: 'der' }))
      const shared = crypto.diffieHellman({ privateKey: key, publicKey: peer.publicKey })
      const own = provider.privateKey(spec, pair)
      expect(toHex((await own.agree(spki))!)).toBe(toHex(shared))
      for (const bad of [flipped(spki, -1), spki.subarray(1), new Uint8Array(0)])
        expect(await own.agree(bad)).toBeUndefined()
    })

    it('holds copies, and refuses parts that are of no key of this curve', async () => {
      const { pair } = await privateOf(provider, spec)
      const [given, spki] = [pair.privateKey.slice(), pair.publicKey.slice()]
      const key = provider.privateKey(spec, { ...pair, privateKey: given })
      const publicKey = provider.publicKey(spec, spki)
      const jwk = publicKey.jwk()
      given.fill(0)
      spki.fill(0)
      const signature = await key.sign(own, digested, DIGEST)
      expect(await publicKey.verify(own, digested, signature, DIGEST)).toBe(true)
      expect(publicKey.jwk()).toEqual(jwk)
      expect(() => provider.publicKey(spec, pair.publicKey.subarray(1))).toThrow(INTERNAL)
      const broken = { ...pair, privateKey: pair.privateKey.subarray(1) }
      // OpenSSL has words of its own for it.
      expect(() => provider.privateKey(spec, broken)).toThrow(name === 'portable' ? INTERNAL : /./)
    })

    it('comes out of a given source: the number drawn and one (FIPS 186-5 A.2.2)', async () => {
      const top = 0xff >>> (8 * size - order.toString(2).length)
      const encoded = (value: bigint) => der.fromBigInt(value, size)
      // n - 1 is one too many; n - 2 gives the greatest scalar. Bits above those of n are cleared.
      const high = encoded(5n)
      high[0]! |= ~top & 0xff
      for (const [script, scalar] of [
        [[encoded(order - 1n), encoded(order - 2n)], order - 1n],
        [
          [
            encoded(256n ** BigInt(size) / 2n ** BigInt(8 * size - order.toString(2).length) - 1n),
            encoded(0n),
          ],
          1n,
        ],
        [[high], 6n],
      ] as const) {
        const left: Uint8Array[] = [...script]
        const fill = (target: Uint8Array) => {
          // What the pairwise test would draw is zeros.
          target.set(left.shift() ?? new Uint8Array(target.length))
        }
        const own = CREATE[name]({ random: { deterministic: true, fill } })
        const { privateKey, publicKey } = await own.generatePair(spec)
        const parsed = parseEcSec1(spec, privateKey)!
        expect(der.toBigInt(parsed.scalar)).toBe(scalar)
        expect(toHex(parseEcSpki(spec, publicKey)!)).toBe(toHex(parsed.point!))
        const ecdh = crypto.createECDH(CURVES[spec].openssl)
        ecdh.setPrivateKey(encoded(scalar))
        expect(toHex(parsed.point!)).toBe(toHex(ecdh.getPublicKey()))
      }
    })
  })

  it('a hedged signature draws as many bytes as the hash has, and differs each time', async () => {
    const drawn: number[] = []
    const fill = (target: Uint8Array) => {
      drawn.push(target.length)
      crypto.randomFillSync(target)
    }
    const own = CREATE[name]({ random: { fill } })
    const pair = await own.generatePair('EC_P384')
    drawn.length = 0
    const hashed = own.digest('SHA_384', MESSAGE)
    const key = own.privateKey('EC_P384', pair)
    const [one, two] = [
      await key.sign('ECDSA_SHA_384', hashed, DIGEST),
      await key.sign('ECDSA_SHA_384', hashed, DIGEST),
    ]
    expect(toHex(one)).not.toBe(toHex(two))
    // Out of a pool of 4096 bytes.
    expect(drawn.every((length) => length === 4096)).toBe(true)
    expect(HASH_BYTES.SHA_384).toBe(48)
  })

  it('RFC 6979 A.2.5 under a reproducible source, of the message and of its digest', async () => {
    const own = CREATE[name]({ random: { deterministic: true, fill: () => undefined } })
    const scalar = hex('c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721')
    const pkcs8 = concat(
      hex('3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420'),
      scalar,
    )
    const key = own.privateKey('EC_P256', own.parsePkcs8('EC_P256', pkcs8)!)
    const expected =
      'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716' +
      'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8'
    const sample = utf8('sample')
    for (const [message, type] of [
      [sample, RAW],
      [own.digest('SHA_256', sample), DIGEST],
    ] as const) {
      const signature = await key.sign('ECDSA_SHA_256', message, { ...type, format: 'raw' })
      expect(toHex(signature)).toBe(expected)
    }
  })

  it('no scalar is left behind by a key that came out of a given source', async () => {
    // The scalar is one more than what was drawn.
    const start = new Uint8Array(31).fill(0x5a)
    const fill = (target: Uint8Array) => void target.fill(0x5a)
    const own = CREATE[name]({ random: { deterministic: true, fill } })
    const { made, result } = recorded(() => own.generatePair('EC_P256'))
    const { privateKey } = await result
    const others = made.filter(({ buffer }) => buffer !== privateKey.buffer)
    expect(holds(others, start)).toBe(false)
  })

  describe('Ed25519', () => {
    it('signs and verifies as OpenSSL does', async () => {
      const { pair, key } = await privateOf(provider, 'ED25519')
      const [signer, verifier] = [
        provider.privateKey('ED25519', pair),
        provider.publicKey('ED25519', pair.publicKey),
      ]
      const theirs = new Uint8Array(crypto.sign(null, MESSAGE, key))
      expect(toHex(await signer.sign('ED25519', MESSAGE, RAW))).toBe(toHex(theirs))
      const verify = async (signature: Uint8Array, message = MESSAGE) =>
        verifier.verify('ED25519', message, signature, RAW)
      expect(await verify(theirs)).toBe(true)
      expect(await verify(theirs, utf8('other'))).toBe(false)
      for (const bad of [flipped(theirs, 0), flipped(theirs, 40), theirs.subarray(1)])
        expect(await verify(bad)).toBe(false)
      expect(await verify(concat(theirs, Uint8Array.of(0)))).toBe(false)
    })

    it('the vector of RFC 8032 7.3 for Ed25519ph, of any kind of message', async () => {
      const seed = hex('833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42')
      const pair = imported(provider, 'ED25519', okpPkcs8(seed))
      const expected =
        '98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41' +
        '31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406'
      const [key, verifier] = [
        provider.privateKey('ED25519', pair),
        provider.publicKey('ED25519', pair.publicKey),
      ]
      for (const type of [RAW, DIGEST]) {
        expect(toHex(await key.sign('ED25519PH', utf8('abc'), type))).toBe(expected)
        const verify = async (signature: Uint8Array, algorithm = 'ED25519PH') =>
          verifier.verify(algorithm as 'ED25519PH', utf8('abc'), signature, type)
        expect(await verify(hex(expected))).toBe(true)
        for (const bad of [flipped(hex(expected), -1), hex(expected).subarray(1), hex('')])
          expect(await verify(bad)).toBe(false)
      }
      // One is not the other.
      expect(await verifier.verify('ED25519', utf8('abc'), hex(expected), RAW)).toBe(false)
    })

    it('describes itself as OpenSSL does, and does nothing that other families do', async () => {
      const { pair } = await privateOf(provider, 'ED25519')
      const [key, publicKey] = [
        provider.privateKey('ED25519', pair),
        provider.publicKey('ED25519', pair.publicKey),
      ]
      expect(publicKey.jwk()).toEqual(publicOf(pair).export({ format: 'jwk' }))
      expect(publicKey.bits).toBe(SPECS.ED25519.bits)
      expect(await key.oaepDecrypt('SHA_256', MESSAGE)).toBeUndefined()
      expect(await key.agree(pair.publicKey)).toBeUndefined()
      expect(await key.decapsulate(MESSAGE)).toBeUndefined()
      expect(await publicKey.oaepEncrypt('SHA_256', MESSAGE)).toBeUndefined()
      expect(await publicKey.encapsulate()).toBeUndefined()
      const signature = new Uint8Array(64)
      const unsupported = expect.objectContaining({ code: 'UNSUPPORTED' }) as Error
      expect(await failure(() => key.sign('ED25519', signature, DIGEST))).toEqual(unsupported)
      const verify = () => publicKey.verify('ED25519', signature, signature, DIGEST)
      expect(await failure(verify)).toEqual(unsupported)
      for (const other of ['ECDSA_SHA_256', 'RSA_PKCS1_SHA_256'] as const) {
        expect(await failure(() => key.sign(other, MESSAGE, RAW))).toEqual(INTERNAL)
        expect(await failure(() => publicKey.verify(other, MESSAGE, signature, RAW))).toEqual(
          INTERNAL,
        )
      }
      expect(() => provider.publicKey('ED25519', pair.publicKey.subarray(1))).toThrow(INTERNAL)
    })

    it('is the seed that the source gives, and keeps a copy of it', async () => {
      const fill = (target: Uint8Array) => void target.fill(7)
      const own = CREATE[name]({ random: { deterministic: true, fill } })
      const pair = await own.generatePair('ED25519')
      expect(toHex(pair.privateKey)).toBe('07'.repeat(32))
      const key = own.privateKey('ED25519', pair)
      const before = toHex(await key.sign('ED25519', MESSAGE, RAW))
      pair.privateKey.fill(0)
      expect(toHex(await key.sign('ED25519', MESSAGE, RAW))).toBe(before)
      const verifier = own.publicKey('ED25519', pair.publicKey)
      expect(await verifier.verify('ED25519', MESSAGE, hex(before), RAW)).toBe(true)
    })
  })
})

describe('node', () => {
  it.each(['EC_P256', 'ED25519'] as const)('%s: no private part is left behind', async (spec) => {
    const own = CREATE.node()
    const { made, result } = await recordedUntil(() => own.generatePair(spec))
    const secret =
      spec === 'ED25519' ? result.privateKey : parseEcSec1(spec, result.privateKey)!.scalar
    const others = made.filter(({ buffer }) => buffer !== result.privateKey.buffer)
    expect(holds(others, secret)).toBe(false)
    const loaded = recorded(() => own.privateKey(spec, result))
    expect(holds(loaded.made, secret)).toBe(false)
  })

  it('makes pairs by the generator of the platform, unless the source is reproducible', async () => {
    const fill = (): never => expect.unreachable('no byte of this source')
    const own = CREATE.node({ random: { fill } })
    for (const spec of ['EC_P256', 'ED25519'] as const) {
      const [one, two] = [await own.generatePair(spec), await own.generatePair(spec)]
      expect(toHex(one.privateKey)).not.toBe(toHex(two.privateKey))
    }
  })
})

it.each(PROVIDER_NAMES)('%s: holds a copy of an Ed25519 public key', async (name) => {
  const pair = await PROVIDERS[name].generatePair('ED25519')
  const spki = pair.publicKey.slice()
  const key = PROVIDERS[name].publicKey('ED25519', spki)
  const jwk = key.jwk()
  spki.fill(0)
  expect(key.jwk()).toEqual(jwk)
})

it('node signs with P-256 at once, and with slower curves on the thread pool', async () => {
  for (const spec of EC_SPECS) {
    const pair = await PROVIDERS.node.generatePair(spec)
    const [algorithm] = signingAlgorithms(spec)
    const made = PROVIDERS.node.privateKey(spec, pair).sign(algorithm!, MESSAGE, RAW)
    expect(made instanceof Promise).toBe(spec !== 'EC_P256')
    const key = PROVIDERS.node.publicKey(spec, pair.publicKey)
    const verified = key.verify(algorithm!, MESSAGE, await made, RAW)
    expect(verified instanceof Promise).toBe(spec !== 'EC_P256')
    expect(await verified).toBe(true)
  }
})

it.each(EC_SPECS)('%s: n is the order: (n - 1) G is -G, and n is no scalar', (spec) => {
  const { openssl, order, bytes: size } = CURVES[spec]
  const ecdh = crypto.createECDH(openssl)
  const pointOf = (scalar: bigint) => {
    ecdh.setPrivateKey(der.fromBigInt(scalar, size))
    return ecdh.getPublicKey()
  }
  const [one, last] = [pointOf(1n), pointOf(order - 1n)]
  expect(toHex(last.subarray(1, 1 + size))).toBe(toHex(one.subarray(1, 1 + size)))
  expect(toHex(last)).not.toBe(toHex(one))
  expect(() => pointOf(order)).toThrow()
})

it('a point off the curve is no public key', () => {
  const point = concat(Uint8Array.of(4), new Uint8Array(64).fill(1))
  expect(() => PROVIDERS.portable.publicKey('EC_P256', ecSpki('EC_P256', point))).toThrow(INTERNAL)
})
