/** RSA of both providers under one known key, with OpenSSL as the judge, at every hash. */
import * as crypto from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { HASH_BYTES } from '../../src/domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../src/domain/algorithms.ts'
import { fromBigInt, toBigInt } from '../../src/crypto/der.ts'
import { digestInfo } from '../../src/crypto/emsa.ts'
import { parseRsaSpki } from '../../src/crypto/keys.ts'
import type { KeyPairBytes } from '../../src/crypto/provider.ts'
import { CREATE, flipped, hex, imported, loadVectors, PROVIDER_NAMES } from './support.ts'
import { PROVIDERS, RSA_HASHES, signingAlgorithms } from './support.ts'

const RAW = { messageType: 'raw' } as const
const DIGEST = { messageType: 'digest' } as const
const MESSAGE = utf8('a message')
const ALGORITHMS = signingAlgorithms('RSA_2048')
const { RSA_PKCS1_PSS_PADDING, RSA_PKCS1_PADDING, RSA_PKCS1_OAEP_PADDING } = crypto.constants
const INTERNAL = expect.objectContaining({ code: 'INTERNAL' }) as Error

/** The key of C2SP/wycheproof testvectors_v1/rsa_oaep_2048_sha256_mgf1sha256_test.json. */
const { key: wycheproof } = loadVectors('rsa-oaep') as { key: { pkcs8: string; spki: string } }
const theirs = crypto.createPrivateKey({
  key: Buffer.from(wycheproof.pkcs8, 'hex'),
  format: 'der',
  type: 'pkcs8',
})
const theirPublic = crypto.createPublicKey(theirs)
const partsOf = (algorithm: SigningAlgorithm) => {
  const [, kind, hash] = /^RSA_(PKCS1|PSS)_(SHA_\d+)$/.exec(algorithm)!
  const name = hash as Hash
  const pss = kind === 'PSS'
  const padding = pss
    ? { padding: RSA_PKCS1_PSS_PADDING, saltLength: HASH_BYTES[name] }
    : { padding: RSA_PKCS1_PADDING }
  return { hash: name, pss, padding, nodeHash: name.replace('SHA_', 'sha') }
}
const failure = async (work: () => unknown): Promise<unknown> => {
  try {
    return await work()
  } catch (error) {
    return error
  }
}

describe.each(PROVIDER_NAMES)('%s', (name) => {
  const provider = PROVIDERS[name]
  let pair: KeyPairBytes
  beforeAll(() => {
    pair = imported(provider, 'RSA_2048', hex(wycheproof.pkcs8))
  })
  const keyOf = (random?: { deterministic: true; fill: (target: Uint8Array) => void }) => {
    const own = random ? CREATE[name]({ random }) : provider
    return {
      key: own.privateKey('RSA_2048', pair),
      publicKey: own.publicKey('RSA_2048', pair.publicKey),
    }
  }

  it.each(ALGORITHMS)('%s: OpenSSL verifies what it signs', async (algorithm) => {
    const { hash, padding, nodeHash } = partsOf(algorithm)
    const { key } = keyOf()
    const fixed = keyOf({ deterministic: true, fill: (target) => void target.fill(9) }).key
    const input = { key: theirPublic, ...padding }
    const digested = provider.digest(hash, MESSAGE)
    for (const signature of [
      await key.sign(algorithm, MESSAGE, RAW),
      await key.sign(algorithm, digested, DIGEST),
      await fixed.sign(algorithm, MESSAGE, RAW),
      await fixed.sign(algorithm, digested, DIGEST),
    ]) {
      expect(signature).toHaveLength(256)
      expect(crypto.verify(nodeHash, MESSAGE, input, signature)).toBe(true)
    }
  })

  it.each(ALGORITHMS)('%s: a given source decides every byte', async (algorithm) => {
    const { hash, pss } = partsOf(algorithm)
    const drawn: number[] = []
    const of = (value: number) =>
      keyOf({
        deterministic: true,
        fill: (target) => {
          drawn.push(target.length)
          target.fill(value)
        },
      }).key
    const [one, again, other] = [of(9), of(9), of(8)]
    const first = toHex(await one.sign(algorithm, MESSAGE, RAW))
    // A salt as long as the hash, and nothing else.
    expect(drawn.reduce((sum, length) => sum + length, 0)).toBe(pss ? HASH_BYTES[hash] : 0)
    expect(toHex(await again.sign(algorithm, MESSAGE, RAW))).toBe(first)
    const digested = provider.digest(hash, MESSAGE)
    expect(toHex(await again.sign(algorithm, digested, DIGEST))).toBe(first)
    expect(toHex(await other.sign(algorithm, MESSAGE, RAW)) === first).toBe(!pss)
  })

  it.each(ALGORITHMS)('%s: verifies what OpenSSL signs, and nothing else', async (algorithm) => {
    const { hash, pss, padding, nodeHash } = partsOf(algorithm)
    const { publicKey } = keyOf()
    const digested = provider.digest(hash, MESSAGE)
    const signature = new Uint8Array(crypto.sign(nodeHash, MESSAGE, { key: theirs, ...padding }))
    const otherPadding = pss
      ? { padding: RSA_PKCS1_PSS_PADDING, saltLength: 20 - (hash === 'SHA_1' ? 1 : 0) }
      : { padding: RSA_PKCS1_PSS_PADDING }
    const n = parseRsaSpki(pair.publicKey)!.n
    const bad = [
      flipped(signature, -1),
      flipped(signature, 1),
      signature.subarray(1),
      concat(Uint8Array.of(0), signature),
      concat(signature, Uint8Array.of(0)),
      new Uint8Array(crypto.sign(nodeHash, MESSAGE, { key: theirs, ...otherPadding })),
      new Uint8Array(0),
      new Uint8Array(256),
      new Uint8Array(256).fill(0xff),
      n,
    ]
    for (const [message, type] of [
      [MESSAGE, RAW],
      [digested, DIGEST],
    ] as const) {
      const verify = async (given: Uint8Array, text = message) =>
        publicKey.verify(algorithm, text, given, type)
      expect(await verify(signature)).toBe(true)
      expect(await verify(signature, flipped(message, 0))).toBe(false)
      for (const [i, other] of bad.entries()) expect(await verify(other), `${i}`).toBe(false)
    }
  })

  it('verifies no signature to which the modulus was added (RFC 8017 5.2.2 step 1)', async () => {
    const { publicKey } = keyOf()
    const n = toBigInt(parseRsaSpki(pair.publicKey)!.n)
    const longer = (signature: Uint8Array): bigint => toBigInt(signature) + n
    const signed = Array.from({ length: 64 }, (_, i) => {
      const message = utf8(`message ${i}`)
      return { message, signature: new Uint8Array(crypto.sign('sha256', message, theirs)) }
    })
    const fitting = signed.filter(({ signature }) => longer(signature) < 1n << 2048n)
    expect(fitting.length).toBeGreaterThan(0)
    for (const { message, signature } of fitting) {
      const verify = async (given: Uint8Array) =>
        publicKey.verify('RSA_PKCS1_SHA_256', message, given, RAW)
      expect(await verify(signature)).toBe(true)
      expect(await verify(fromBigInt(longer(signature), 256))).toBe(false)
    }
  })

  it('opens no OAEP ciphertext without the zero that it begins with (RFC 8017 7.1.2 step 1 b)', async () => {
    const { key } = keyOf()
    const oaep = { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    const seal = () => new Uint8Array(crypto.publicEncrypt({ key: theirPublic, ...oaep }, MESSAGE))
    let sealed = seal()
    while (sealed[0] !== 0) sealed = seal()
    expect(await key.oaepDecrypt('SHA_256', sealed)).toEqual(MESSAGE)
    expect(await key.oaepDecrypt('SHA_256', sealed.slice(1))).toBeUndefined()
    expect(await key.oaepDecrypt('SHA_256', concat(Uint8Array.of(0), sealed))).toBeUndefined()
  })

  it('opens what the ciphertext was at the call', async () => {
    const { key, publicKey } = keyOf()
    for (const hash of RSA_HASHES) {
      const sealed = (await publicKey.oaepEncrypt(hash, MESSAGE))!
      const opening = key.oaepDecrypt(hash, sealed)
      sealed.fill(0)
      expect(await opening, hash).toEqual(MESSAGE)
    }
  })

  it.each(RSA_HASHES)('OAEP with %s, both ways with OpenSSL', async (hash) => {
    const oaep = { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: hash.replace('SHA_', 'sha') }
    const { key, publicKey } = keyOf()
    const most = 256 - 2 * HASH_BYTES[hash] - 2
    for (const length of [0, 16, most]) {
      const plaintext = new Uint8Array(length).fill(length)
      const sealed = (await publicKey.oaepEncrypt(hash, plaintext))!
      expect(toHex(crypto.privateDecrypt({ key: theirs, ...oaep }, sealed))).toBe(toHex(plaintext))
      const made = new Uint8Array(crypto.publicEncrypt({ key: theirPublic, ...oaep }, plaintext))
      expect(toHex((await key.oaepDecrypt(hash, made))!)).toBe(toHex(plaintext))
      const n = parseRsaSpki(pair.publicKey)!.n
      for (const bad of [flipped(made, 9), made.subarray(1), concat(Uint8Array.of(0), made), n])
        expect(await key.oaepDecrypt(hash, bad)).toBeUndefined()
      for (const other of RSA_HASHES)
        if (other !== hash) expect(await key.oaepDecrypt(other, made)).toBeUndefined()
    }
    expect(await publicKey.oaepEncrypt(hash, new Uint8Array(most + 1))).toBeUndefined()
  })

  it('OAEP under a given source: its bytes are the seed', async () => {
    const sealed = PROVIDER_NAMES.map(async (each) => {
      const fill = (target: Uint8Array) => void target.fill(target.length)
      const own = CREATE[each]({ random: { deterministic: true, fill } })
      return own.publicKey('RSA_2048', pair.publicKey).oaepEncrypt('SHA_256', MESSAGE)
    })
    const [one, two] = (await Promise.all(sealed)) as [Uint8Array, Uint8Array]
    expect(toHex(one)).toBe(toHex(two))
    const oaep = { padding: RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha256' }
    expect(toHex(crypto.privateDecrypt({ key: theirs, ...oaep }, one))).toBe(toHex(MESSAGE))
  })

  it('describes itself as OpenSSL does, and does nothing that other families do', async () => {
    const { key, publicKey } = keyOf()
    expect(publicKey.jwk()).toEqual(theirPublic.export({ format: 'jwk' }))
    expect(publicKey.bits).toBe(2048)
    expect(await key.agree(pair.publicKey)).toBeUndefined()
    expect(await key.decapsulate(MESSAGE)).toBeUndefined()
    expect(await publicKey.encapsulate()).toBeUndefined()
    for (const other of ['ED25519', 'ECDSA_SHA_256'] as const)
      for (const type of [RAW, DIGEST]) {
        expect(await failure(() => key.sign(other, MESSAGE, type))).toEqual(INTERNAL)
        const verify = () => publicKey.verify(other, MESSAGE, new Uint8Array(256).fill(1), type)
        expect(await failure(verify)).toEqual(INTERNAL)
      }
    expect(() => provider.publicKey('RSA_3072', pair.publicKey)).toThrow(INTERNAL)
    expect(() => provider.publicKey('RSA_2048', pair.publicKey.subarray(1))).toThrow(INTERNAL)
    expect(provider.parseRsaPublicKey(pair.publicKey.subarray(1))).toBeUndefined()
    expect(provider.parseRsaPublicKey(pair.publicKey)?.bits).toBe(2048)
  })

  it('holds copies of what it was made of', async () => {
    const own = { privateKey: pair.privateKey.slice(), publicKey: pair.publicKey.slice() }
    const key = provider.privateKey('RSA_2048', own)
    const publicKey = provider.parseRsaPublicKey(own.publicKey)!
    own.privateKey.fill(0)
    own.publicKey.fill(0)
    for (const [message, type] of [
      [MESSAGE, RAW],
      [provider.digest('SHA_256', MESSAGE), DIGEST],
    ] as const) {
      const signature = await key.sign('RSA_PKCS1_SHA_256', message, type)
      expect(await publicKey.verify('RSA_PKCS1_SHA_256', message, signature, type)).toBe(true)
    }
    expect(publicKey.jwk()).toEqual(theirPublic.export({ format: 'jwk' }))
  })

  it('makes a pair of its own, of the exponent 65537', async () => {
    const made = await provider.generatePair('RSA_2048')
    const { e, bits } = parseRsaSpki(made.publicKey)!
    expect([toHex(e), bits]).toEqual(['010001', 2048])
    const pkcs8 = Buffer.from(provider.toPkcs8('RSA_2048', made.privateKey))
    const key = crypto.createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    const spki = crypto.createPublicKey(key).export({ type: 'spki', format: 'der' })
    expect(toHex(made.publicKey)).toBe(toHex(spki))
  })
})

it('both make one pair of a given source', async () => {
  // Two primes (found with OpenSSL) and the bases of their tests; then whatever is asked for.
  const p = (3n << 1022n) + (1n << 1000n) + 603_663n
  const q = p - (1n << 924n) - 302n
  for (const name of PROVIDER_NAMES) {
    const script = [p, 2n, 3n, 5n, 7n, 11n, q, 2n, 3n, 5n, 7n, 11n]
    const fill = (target: Uint8Array) => {
      const next = script.shift()
      if (next !== undefined) target.set(fromBigInt(next, target.length))
    }
    const own = CREATE[name]({ random: { deterministic: true, fill } })
    const { publicKey } = await own.generatePair('RSA_2048')
    expect(toBigInt(parseRsaSpki(publicKey)!.n)).toBe(p * q)
  }
})

it('node leaves salts, seeds and primes to the platform, unless the source is reproducible', async () => {
  const fill = (): never => expect.unreachable('no byte of this source')
  const own = CREATE.node({ random: { fill } })
  const pair = imported(own, 'RSA_2048', hex(wycheproof.pkcs8))
  for (const algorithm of ['RSA_PSS_SHA_256', 'RSA_PKCS1_SHA_256'] as const) {
    const made = own.privateKey('RSA_2048', pair).sign(algorithm, MESSAGE, RAW)
    expect(made).toBeInstanceOf(Promise)
    await made
  }
  await own.publicKey('RSA_2048', pair.publicKey).oaepEncrypt('SHA_256', MESSAGE)
  const [one, two] = [await own.generatePair('RSA_2048'), await own.generatePair('RSA_2048')]
  expect(toHex(one.publicKey)).not.toBe(toHex(two.publicKey))
})

it('PKCS #1 v1.5 refuses other encodings of the digest: RFC 8017 8.2.2 compares whole encodings', async () => {
  const digested = PROVIDERS.node.digest('SHA_256', MESSAGE)
  const info = digestInfo('SHA_256', digested)
  // DigestInfo without its NULL, signed as it stands.
  const bare = concat(hex('302f300b0609608648016503040201'), hex('0420'), digested)
  const spki = hex(wycheproof.spki)
  for (const [contents, expected] of [
    [info, true],
    [bare, false],
    [concat(info, Uint8Array.of(0)), false],
  ] as const) {
    const signature = crypto.privateEncrypt({ key: theirs, padding: RSA_PKCS1_PADDING }, contents)
    for (const name of PROVIDER_NAMES) {
      const key = PROVIDERS[name].publicKey('RSA_2048', spki)
      for (const [message, type] of [
        [MESSAGE, RAW],
        [digested, DIGEST],
      ] as const)
        expect(
          await key.verify('RSA_PKCS1_SHA_256', message, new Uint8Array(signature), type),
        ).toBe(expected)
    }
  }
})
