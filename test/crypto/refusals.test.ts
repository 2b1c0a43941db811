/**
 * What no provider may take, primitive by primitive: made here from valid input and the clause that
 * forbids it. Vectors from elsewhere are in fixtures/vectors.
 */
import { createCipheriv } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, utf8 } from '../../src/base/bytes.ts'
import { HASH_BYTES } from '../../src/domain/algorithms.ts'
import { CURVES, type EcSpec } from '../../src/crypto/curves.ts'
import * as der from '../../src/crypto/der.ts'
import {
  ecSpki,
  parseEcSpki,
  parsePkcs8Parts,
  parseRsaSpki,
  rsaSpki,
} from '../../src/crypto/keys.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'
import { injured } from './ber.ts'
import { CREATE, EC_SPECS, flipped, PROVIDER_NAMES, PROVIDERS, RSA_HASHES } from './support.ts'

const bytes = (length: number, value = 7): Uint8Array => new Uint8Array(length).fill(value)
const RAW = { messageType: 'raw' } as const
const MESSAGE = utf8('a message')
const AGREEING = EC_SPECS.filter((spec) => spec !== 'EC_SECP256K1')

const pairs = new Map<string, KeyPairBytes>()
const pairOf = (spec: string): KeyPairBytes => pairs.get(spec)!
beforeAll(async () => {
  for (const spec of [...EC_SPECS, 'RSA_2048', 'ED25519'] as const)
    pairs.set(spec, await PROVIDERS.node.generatePair(spec))
})

describe.each(PROVIDER_NAMES)('%s: AES', (name) => {
  const provider = PROVIDERS[name]
  const key = bytes(32)
  const aes = provider.aes(key)

  it('GCM: tags and IVs of every other length (SP 800-38D 5.2.1.2)', () => {
    const { ciphertext, tag } = aes.gcmSeal(bytes(12), bytes(3), bytes(20))
    for (let length = 0; length <= 40; length++) {
      const [other, iv] = [bytes(length, 0), bytes(length)]
      other.set(tag.subarray(0, length))
      if (length !== 16) expect(aes.gcmOpen(bytes(12), bytes(3), ciphertext, other)).toBeUndefined()
      if (length !== 12) expect(aes.gcmOpen(iv, bytes(3), ciphertext, tag)).toBeUndefined()
    }
    expect(aes.gcmOpen(bytes(12), bytes(3), ciphertext, tag)).toEqual(bytes(20))
  })

  it('GCM: what was sealed with an IV of another length (8.2)', () => {
    for (const length of [1, 8, 11, 12, 13, 16, 32]) {
      const cipher = createCipheriv('aes-256-gcm', key, bytes(length))
      const ciphertext = concat(cipher.update(bytes(20)), cipher.final())
      const opened = aes.gcmOpen(bytes(length), bytes(0), ciphertext, cipher.getAuthTag())
      expect(opened !== undefined).toBe(length === 12)
    }
  })

  it('KW and KWP: inputs of every length that nobody wrapped', () => {
    for (const padded of [true, false])
      for (let length = 0; length <= 80; length++)
        for (const value of [0, 0xa6, 0xff])
          expect(aes.unwrap(bytes(length, value), padded)).toBeUndefined()
  })

  /** W of SP 800-38F 6.1 over any first semiblock: the platform's KW takes it as its IV. */
  function wrapped(first: Uint8Array, rest: Uint8Array): Uint8Array {
    if (rest.length > 8) {
      const cipher = createCipheriv('id-aes256-wrap', key, first)
      return concat(cipher.update(rest), cipher.final())
    }
    return new Uint8Array(
      createCipheriv('aes-256-ecb', key, null).setAutoPadding(false).update(concat(first, rest)),
    )
  }
  const icv2 = (length: number): Uint8Array =>
    Uint8Array.of(0xa6, 0x59, 0x59, 0xa6, 0, 0, 0, length)

  it('KWP: lengths and padding that do not fit (SP 800-38F 6.3 steps 6 to 9)', () => {
    for (const size of [8, 16, 32]) {
      const rest = bytes(size, 0).fill(9, 0, size - 3)
      expect(aes.unwrap(wrapped(icv2(size - 3), rest), true)).toEqual(bytes(size - 3, 9))
      const wrong = [0, 1, size - 8, size - 4, size + 1, size + 8, 255].map(icv2)
      const signs = [0, 1, 2, 3].map((at) => flipped(icv2(size - 3), at))
      for (const first of [...wrong, ...signs, bytes(8, 0xa6), bytes(8, 0)])
        expect(aes.unwrap(wrapped(first, rest), true)).toBeUndefined()
      for (const at of [1, 2, 3])
        expect(aes.unwrap(wrapped(icv2(size - 3), flipped(rest, -at)), true)).toBeUndefined()
    }
  })

  it('KW: another integrity value, and the one of KWP (SP 800-38F 6.2 step 3)', () => {
    expect(aes.unwrap(wrapped(bytes(8, 0xa6), bytes(16)), false)).toEqual(bytes(16))
    for (const first of [icv2(16), bytes(8, 0), flipped(bytes(8, 0xa6), 7)])
      expect(aes.unwrap(wrapped(first, bytes(16)), false)).toBeUndefined()
  })

  it('CBC: padding that is none (SP 800-38A appendix A), and other IVs', () => {
    const iv = bytes(16)
    const plain = (end: readonly number[]): Uint8Array =>
      Uint8Array.of(...bytes(16 - end.length, 5), ...end)
    for (const end of [[0], [17], [255], [1, 2], [2, 3, 3], [0, 0], [16]]) {
      const ciphertext = aes.cbcEncrypt(iv, plain(end), false)!
      expect(aes.cbcDecrypt(iv, ciphertext, true)).toBeUndefined()
    }
    const sealed = aes.cbcEncrypt(iv, bytes(5), true)!
    for (let length = 0; length <= 33; length++)
      if (length !== 16) expect(aes.cbcDecrypt(bytes(length), sealed, true)).toBeUndefined()
  })

  it('HMAC: tags of every other length, and none', () => {
    for (const hash of RSA_HASHES) {
      const mac = provider.hmac(hash, key)
      const tag = mac.compute(MESSAGE)
      for (let length = 0; length <= 70; length++) {
        const other = bytes(length, 0)
        other.set(tag.subarray(0, length))
        expect(mac.verify(other, MESSAGE)).toBe(length === HASH_BYTES[hash])
      }
    }
  })
})

describe.each(PROVIDER_NAMES)('%s: ECDSA', (name) => {
  const provider = PROVIDERS[name]

  describe.each(EC_SPECS)('%s', (spec) => {
    const { order, bytes: half } = CURVES[spec]
    const raw = (r: bigint, s: bigint): Uint8Array =>
      concat(der.fromBigInt(r, half), der.fromBigInt(s, half))
    const asDer = (r: bigint, s: bigint): Uint8Array =>
      der.encodeDer(
        der.sequence(...[r, s].map((value) => der.integer(der.fromBigInt(value, half + 1)))),
      )
    const verify = (signature: Uint8Array, format: 'raw' | 'der') =>
      provider
        .publicKey(spec, pairOf(spec).publicKey)
        .verify('ECDSA_SHA_256', MESSAGE, signature, { ...RAW, format })
    const sign = (format: 'raw' | 'der') =>
      provider.privateKey(spec, pairOf(spec)).sign('ECDSA_SHA_256', MESSAGE, { ...RAW, format })

    it('r and s outside of 1 to n - 1 (FIPS 186-5 6.4.2 step 1)', async () => {
      const signature = await sign('raw')
      const r = der.toBigInt(signature.subarray(0, half))
      const s = der.toBigInt(signature.subarray(half))
      expect(await verify(raw(r, s), 'raw')).toBe(true)
      expect(await verify(asDer(r, s), 'der')).toBe(true)
      const outside = [0n, order, order + 1n, 256n ** BigInt(half) - 1n]
      const wrong = outside.flatMap((value) => [
        [value, s],
        [r, value],
        [value, value],
      ])
      for (const [one, other] of [...wrong, [s, r], [r, r]] as [bigint, bigint][]) {
        expect(await verify(raw(one, other), 'raw')).toBe(false)
        expect(await verify(asDer(one, other), 'der')).toBe(false)
      }
      // Congruent, and one byte longer: only DER can say it.
      for (const [one, other] of [
        [r + order, s],
        [r, s + order],
      ] as [bigint, bigint][])
        expect(await verify(asDer(one, other), 'der')).toBe(false)
    })

    it('every other encoding of a right signature', async () => {
      const signature = await sign('der')
      expect(await verify(signature, 'der')).toBe(true)
      for (const { name: what, bytes: other } of injured(signature))
        expect(await verify(other, 'der'), what).toBe(false)
      const fixed = await sign('raw')
      for (let length = 0; length <= 2 * half + 4; length++) {
        const other = bytes(length, 0)
        other.set(fixed.subarray(0, length))
        expect(await verify(other, 'raw')).toBe(length === 2 * half)
      }
      expect(await verify(fixed, 'der')).toBe(false)
      expect(await verify(signature, 'raw')).toBe(false)
    })
  })
})

describe.each(PROVIDER_NAMES)('%s: points of others', (name) => {
  const provider = PROVIDERS[name]

  describe.each(AGREEING)('%s', (spec) => {
    const agree = (spki: Uint8Array) => provider.privateKey(spec, pairOf(spec)).agree(spki)
    const pointOf = (): Uint8Array => parseEcSpki(spec, pairOf(spec).publicKey)!

    it('that are not on the curve, or not in the field (SP 800-56A 5.6.2.3.3)', async () => {
      const point = pointOf()
      const { bytes: size } = CURVES[spec]
      const withParts = (x: Uint8Array, y: Uint8Array) =>
        ecSpki(spec, concat(Uint8Array.of(4), x, y))
      const [x, y] = [point.slice(1, 1 + size), point.slice(1 + size)]
      const top = bytes(size, 0xff)
      expect(await agree(withParts(x, y))).toBeDefined()
      for (const [one, other] of [
        [y, x],
        [x, x],
        [flipped(x, -1), y],
        [x, flipped(y, -1)],
        [bytes(size, 0), bytes(size, 0)],
        [x, bytes(size, 0)],
        [bytes(size, 0), y],
        [top, y],
        [x, top],
        [top, top],
      ] as [Uint8Array, Uint8Array][])
        expect(await agree(withParts(one, other))).toBeUndefined()
    })

    it('in another form: compressed, hybrid, infinity (SEC 1 2.3.4)', async () => {
      const point = pointOf()
      const { bytes: size } = CURVES[spec]
      const odd = point.at(-1)! & 1
      const forms = [
        concat(Uint8Array.of(2 + odd), point.subarray(1, 1 + size)),
        concat(Uint8Array.of(3 - odd), point.subarray(1, 1 + size)),
        concat(Uint8Array.of(6 + odd), point.subarray(1)),
        concat(Uint8Array.of(7 - odd), point.subarray(1)),
        concat(Uint8Array.of(0), point.subarray(1)),
        Uint8Array.of(0),
        point.subarray(1),
      ]
      for (const form of forms) expect(await agree(ecSpki(spec, form))).toBeUndefined()
    })

    it('in a key that is not DER, or names another curve', async () => {
      const spki = pairOf(spec).publicKey
      for (const { name: what, bytes: other } of injured(spki))
        expect(await agree(other), what).toBeUndefined()
      const point = pointOf()
      for (const other of EC_SPECS)
        if (other !== spec) expect(await agree(ecSpki(other, point))).toBeUndefined()
      for (const [oid, parameters] of explicitly(spec))
        expect(await agree(spkiOf(oid, parameters, point))).toBeUndefined()
    })
  })
})

const EC_PUBLIC_KEY = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01)
/** SPKI of any algorithm with any parameters. */
const spkiOf = (oid: Uint8Array, parameters: readonly der.DerPart[], key: Uint8Array): Uint8Array =>
  der.encodeDer(der.sequence(der.sequence(der.oid(oid), ...parameters), der.bits(key)))

/** Algorithms and parameters that RFC 5480 2.1.1 forbids here: none, implicit, written out, id-ecDH. */
function explicitly(spec: EcSpec): readonly (readonly [Uint8Array, readonly der.DerPart[]])[] {
  const { oid, order, bytes: size } = CURVES[spec]
  const written = der.sequence(
    der.integer(Uint8Array.of(1)),
    der.octets(der.fromBigInt(order, size)),
  )
  const ecdh = Uint8Array.of(0x2b, 0x81, 0x04, 0x01, 0x0c)
  return [
    [EC_PUBLIC_KEY, []],
    [EC_PUBLIC_KEY, [der.NULL]],
    [EC_PUBLIC_KEY, [written]],
    [EC_PUBLIC_KEY, [der.oid(oid), der.NULL]],
    [ecdh, [der.oid(oid)]],
  ]
}

describe.each(PROVIDER_NAMES)('%s: RSA keys of others', (name) => {
  const provider = PROVIDERS[name]

  it('that are not DER', () => {
    const spki = pairOf('RSA_2048').publicKey
    expect(provider.parseRsaPublicKey(spki)?.bits).toBe(2048)
    for (const { name: what, bytes: other } of injured(spki))
      expect(provider.parseRsaPublicKey(other), what).toBeUndefined()
    // The numbers are a structure of their own inside.
    const { n, e } = parseRsaSpki(spki)!
    const numbers = der.encodeDer(der.sequence(der.integer(n), der.integer(e)))
    const oid = Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01)
    expect(provider.parseRsaPublicKey(spkiOf(oid, [der.NULL], numbers))?.bits).toBe(2048)
    for (const { name: what, bytes: other } of injured(numbers))
      expect(provider.parseRsaPublicKey(spkiOf(oid, [der.NULL], other)), what).toBeUndefined()
    // id-RSASSA-PSS and id-RSAES-OAEP (RFC 8017 A.2) restrict a key to what it is not used for.
    for (const last of [0x0a, 0x07])
      expect(
        provider.parseRsaPublicKey(spkiOf(flipped(oid, -1, last ^ 1), [der.NULL], numbers)),
      ).toBeUndefined()
  })

  it('whose numbers are none of FIPS 186-5 A.1.1', () => {
    const { n, e } = parseRsaSpki(pairOf('RSA_2048').publicKey)!
    const number = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))
    for (const exponent of [
      '00',
      '01',
      '03',
      '11',
      'ffff',
      '010000',
      '010002',
      `01${'00'.repeat(7)}01`,
    ])
      expect(provider.parseRsaPublicKey(rsaSpki(n, number(exponent)))).toBeUndefined()
    expect(provider.parseRsaPublicKey(rsaSpki(n, number('ffffffffffffffff')))).toBeDefined()
    for (const modulus of [
      n.slice(1),
      concat(Uint8Array.of(1), n),
      flipped(n, -1),
      bytes(256, 0),
      flipped(n, 0, 0x80),
    ])
      expect(provider.parseRsaPublicKey(rsaSpki(modulus, e))).toBeUndefined()
  })
})

/** What may be missing in a private key: RFC 5915 3 makes both optional. */
const OPTIONAL = /^0\.[23] left out$/

describe.each(PROVIDER_NAMES)('%s: private keys that are not DER', (name) => {
  // The portable provider takes seconds over RSA numbers; the readers are the same.
  const specs = [...EC_SPECS, 'ED25519' as const, ...(name === 'node' ? ['RSA_2048' as const] : [])]

  it.each(specs)('%s', (spec) => {
    const provider: CryptoProvider = CREATE[name]()
    const pkcs8 = provider.toPkcs8(spec, pairOf(spec).privateKey)
    expect(provider.parsePkcs8(spec, pkcs8)).toBeDefined()
    for (const { name: what, bytes: other } of injured(pkcs8))
      expect(provider.parsePkcs8(spec, other), what).toBeUndefined()
    const { inner } = parsePkcs8Parts(spec, pkcs8)!
    expect(provider.parsePkcs8(spec, withInner(pkcs8, inner))).toBeDefined()
    for (const { name: what, bytes: other } of injured(inner)) {
      if (OPTIONAL.test(what)) continue
      expect(provider.parsePkcs8(spec, withInner(pkcs8, other)), what).toBeUndefined()
    }
  })
})

/** The same PKCS#8 around another contents. */
function withInner(pkcs8: Uint8Array, inner: Uint8Array): Uint8Array {
  const algorithm = der.decodeDer(pkcs8, (reader) => {
    const body = reader.sequence()
    body.unsigned()
    const contents = body.read(der.TAG.sequence)
    body.read(der.TAG.octets)
    return contents
  })!
  return der.encodeDer(
    der.sequence(
      der.integer(Uint8Array.of(0)),
      der.node(der.TAG.sequence, algorithm),
      der.octets(inner),
    ),
  )
}
