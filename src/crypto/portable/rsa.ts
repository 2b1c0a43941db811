/**
 * RSA (RFC 8017, FIPS 186-5 section 5). Private keys work in WebCrypto wherever it can do the whole
 * operation. What it cannot do (a digest made elsewhere, SHA-224, a reproducible salt) is done here
 * with BigInt: blinded and checked, but on the calling thread (about 20 ms at 2048 bits, 100 ms at
 * 4096), not constant in time below the blinding, and in numbers that cannot be wiped. A handle
 * keeps a copy of its key for both ways. Public operations hold no secret and use BigInt always.
 */
import { invert } from '@noble/curves/abstract/modular.js'
import { assert } from '../../base/assert.ts'
import { equalBytes, toBase64url, utf8, wipe } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import { ALGORITHMS, HASH_BYTES, SPECS } from '../../domain/algorithms.ts'
import type { Hash, SigningAlgorithm } from '../../domain/algorithms.ts'
import { isDeterministic } from '../context.ts'
import type { ProviderContext } from '../context.ts'
import { fromBigInt, toBigInt } from '../der.ts'
import * as emsa from '../emsa.ts'
import type { Gate } from '../gate.ts'
import { parsePkcs8Parts, parseRsaPkcs1, parseRsaSpki, pkcs8Of, rsaSpki } from '../keys.ts'
import type { RsaPublicNumbers, RsaSpec } from '../keys.ts'
import { rsaPairFrom } from '../prime.ts'
import type { KeyPairBytes, PrivateKey, PublicKey } from '../provider.ts'
import { digest } from './hash.ts'
import { fillRandomly } from './random.ts'

type CryptoKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>
type Kind = 'pkcs1' | 'pss'

/**
 * Per signature scheme: WebCrypto's name, and both directions over a digest that is made elsewhere.
 */
interface Scheme {
  readonly native: string
  /** True when signing draws a salt. */
  readonly salted: boolean
  encode(hash: Hash, message: Uint8Array, bits: number, salt: Uint8Array): Uint8Array
  matches(hash: Hash, message: Uint8Array, encoded: Uint8Array, bits: number): boolean
}

const SCHEMES: Readonly<Record<Kind, Scheme>> = {
  pkcs1: {
    native: 'RSASSA-PKCS1-v1_5',
    salted: false,
    encode: (hash, message, bits) => emsa.pkcs1Encode(hash, message, bits / 8),
    // RFC 8017 8.2.2: encode again and compare, instead of parsing what came.
    matches: (hash, message, encoded, bits) =>
      equalBytes(emsa.pkcs1Encode(hash, message, bits / 8), encoded),
  },
  pss: {
    native: 'RSA-PSS',
    salted: true,
    encode: (hash, message, bits, salt) => emsa.pssEncode(digest, hash, message, salt, bits),
    matches: (hash, message, encoded, bits) => emsa.pssVerify(digest, hash, message, encoded, bits),
  },
}
const OAEP = 'RSA-OAEP'

/** TABLE: what WebCrypto calls the hashes; it has no SHA-224. */
const NATIVE_HASHES: Readonly<Record<Hash, string | undefined>> = {
  SHA_1: 'SHA-1',
  SHA_224: undefined,
  SHA_256: 'SHA-256',
  SHA_384: 'SHA-384',
  SHA_512: 'SHA-512',
}

/** Why RSA is not offered: browsers give `subtle` to secure contexts only. */
export function rsaLacks(): string | undefined {
  const { subtle } = globalThis.crypto as Partial<typeof globalThis.crypto>
  return subtle === undefined
    ? 'RSA needs crypto.subtle, which browsers offer to secure contexts (https, localhost) only.'
    : undefined
}

function requireSubtle(): void {
  const lack = rsaLacks()
  if (lack !== undefined) throw new StrongroomError('UNSUPPORTED', lack)
}

function schemeOf(algorithm: SigningAlgorithm): { scheme: Scheme; hash: Hash } {
  const row = ALGORITHMS[algorithm]
  assert(row.kind === 'pkcs1' || row.kind === 'pss', `${algorithm} is an RSA signature`)
  return { scheme: SCHEMES[row.kind], hash: row.hash }
}

export function rsaPrivateKey(
  context: ProviderContext,
  spec: RsaSpec,
  pair: KeyPairBytes,
): PrivateKey {
  requireSubtle()
  const pkcs1 = pair.privateKey.slice()
  const { bits, bytes } = SPECS[spec]
  const nativeKey = keyCache(spec, pkcs1)

  const signDigest = (scheme: Scheme, hash: Hash, message: Uint8Array): Uint8Array => {
    const salt = new Uint8Array(scheme.salted ? HASH_BYTES[hash] : 0)
    context.sources.secret.fill(salt)
    const encoded = scheme.encode(hash, message, bits, salt)
    // RFC 8017 8.1.1 and 8.2.1 step 2
    return fromBigInt(mustSucceed(privateOperation(readPrivate(pkcs1), toBigInt(encoded))), bytes)
  }

  return {
    sign(algorithm, message, { messageType }) {
      const { scheme, hash } = schemeOf(algorithm)
      if (messageType === 'digest') return signDigest(scheme, hash, message)
      const name = NATIVE_HASHES[hash]
      if (name === undefined || (scheme.salted && isDeterministic(context)))
        return signDigest(scheme, hash, digest(hash, message))
      const parameters = { name: scheme.native, saltLength: HASH_BYTES[hash] }
      // Copied: the caller may change its buffer while the call waits for a key or a place.
      const own = message.slice()
      return inGate(context.operations, async () => {
        const key = await nativeKey(scheme.native, name, 'sign')
        return new Uint8Array(await crypto.subtle.sign(parameters, key, own))
      })
    },
    async oaepDecrypt(hash, ciphertext) {
      // RFC 8017 7.1.2 step 1 b
      if (ciphertext.length !== bytes) return undefined
      const name = NATIVE_HASHES[hash]
      if (name === undefined) return oaepOpen(pkcs1, hash, ciphertext)
      const own = ciphertext.slice()
      return inGate(context.operations, async () => {
        const key = await nativeKey(OAEP, name, 'decrypt')
        return decrypted(crypto.subtle.decrypt({ name: OAEP }, key, own))
      })
    },
    agree: () => undefined,
    decapsulate: () => undefined,
  }
}

/** All failures alike: WebCrypto tells nothing but OperationError, and we not even that. */
const decrypted = (work: Promise<ArrayBuffer>): Promise<Uint8Array | undefined> =>
  work.then(
    (bytes) => new Uint8Array(bytes),
    () => undefined,
  )

/** Runs asynchronous work in a place of the gate. */
const inGate = <T>(gate: Gate, work: () => Promise<T>): Promise<T> =>
  gate.run<T>((done) => {
    work().then(
      (value) => done(null, value),
      (error: unknown) => done(error as Error),
    )
  })

/**
 * One CryptoKey per scheme and hash (WebCrypto binds both), made when first needed; not
 * extractable.
 */
function keyCache(spec: RsaSpec, pkcs1: Uint8Array) {
  const keys = new Map<string, Promise<CryptoKey>>()
  return (name: string, hash: string, usage: 'sign' | 'decrypt'): Promise<CryptoKey> => {
    const id = `${name} ${hash}`
    const known = keys.get(id)
    if (known) return known
    const pkcs8 = pkcs8Of(spec, pkcs1)
    const key = crypto.subtle
      .importKey('pkcs8', pkcs8, { name, hash }, false, [usage])
      .finally(() => wipe(pkcs8))
    keys.set(id, key)
    return key
  }
}

interface PrivateNumbers {
  readonly n: bigint
  readonly e: bigint
  readonly p: bigint
  readonly q: bigint
  readonly dp: bigint
  readonly dq: bigint
  readonly qi: bigint
}

function readPrivate(pkcs1: Uint8Array): PrivateNumbers {
  const parts = parseRsaPkcs1(pkcs1)
  assert(parts !== undefined, 'an RSA key at rest is an RSAPrivateKey')
  const { n, e, p, q, dp, dq, qi } = parts
  return {
    n: toBigInt(n),
    e: toBigInt(e),
    p: toBigInt(p),
    q: toBigInt(q),
    dp: toBigInt(dp),
    dq: toBigInt(dq),
    qi: toBigInt(qi),
  }
}

/**
 * RSADP and RSASP1 by the Chinese remainder theorem (RFC 8017 5.1.2 and 5.2.1 step 2 b). The base
 * is blinded with a random r^e (Kocher 1996) and each exponent with a random multiple of the order,
 * so that timing says nothing about either; the result is checked before it is released, since one
 * wrong half would betray the factors (Boneh, DeMillo, Lipton 1997). Blinding bytes come from the
 * platform always: they leave no trace in the result. Undefined when the check fails.
 */
function privateOperation(key: PrivateNumbers, input: bigint): bigint | undefined {
  const { n, e, p, q, qi } = key
  const r = (randomBits(n.toString(2).length + 64) % (n - 1n)) + 1n
  const blinded = (input * power(r, e, n)) % n
  const mp = power(blinded, key.dp + randomBits(64) * (p - 1n), p)
  const mq = power(blinded, key.dq + randomBits(64) * (q - 1n), q)
  // Steps 2 b iii and iv, the difference kept positive
  const h = (qi * (mp + p - (mq % p))) % p
  const result = ((mq + q * h) * invert(r, n)) % n
  return power(result, e, n) === input ? result : undefined
}

function mustSucceed<T>(result: T | undefined): T {
  if (result !== undefined) return result
  throw new StrongroomError('INTERNAL', 'An RSA private operation failed its check.')
}

function randomBits(bits: number): bigint {
  const bytes = new Uint8Array(Math.ceil(bits / 8))
  fillRandomly(bytes)
  const value = toBigInt(bytes)
  wipe(bytes)
  return value
}

/**
 * base^exponent mod modulus, four bits at a time (HAC 14.82), every digit with one multiplication.
 */
function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  const table = [1n]
  for (let i = 1; i < 16; i++) table.push((table[i - 1]! * base) % modulus)
  let result = 1n
  for (let shift = (exponent.toString(16).length - 1) * 4; shift >= 0; shift -= 4) {
    for (let i = 0; i < 4; i++) result = (result * result) % modulus
    result = (result * table[Number((exponent >> BigInt(shift)) & 15n)]!) % modulus
  }
  return result
}

/** RFC 8017 7.1.2 for the one hash that WebCrypto does not know. */
function oaepOpen(pkcs1: Uint8Array, hash: Hash, ciphertext: Uint8Array): Uint8Array | undefined {
  const key = readPrivate(pkcs1)
  const c = toBigInt(ciphertext)
  // RFC 8017 5.1.2 step 1
  if (c >= key.n) return undefined
  const encoded = fromBigInt(mustSucceed(privateOperation(key, c)), ciphertext.length)
  try {
    return emsa.oaepDecode(digest, hash, encoded)
  } finally {
    wipe(encoded)
  }
}

/** A public key of a size we know; undefined for anything else. */
export function parseRsaPublicKey(
  context: ProviderContext,
  spki: Uint8Array,
): PublicKey | undefined {
  const numbers = parseRsaSpki(spki.slice())
  return numbers === undefined ? undefined : rsaPublic(context, numbers)
}

export function rsaPublicKey(context: ProviderContext, spec: RsaSpec, spki: Uint8Array): PublicKey {
  const key = parseRsaPublicKey(context, spki)
  assert(key?.bits === SPECS[spec].bits, `the public part is an ${spec} key`)
  return key
}

function rsaPublic(context: ProviderContext, numbers: RsaPublicNumbers): PublicKey {
  const { bits } = numbers
  const n = toBigInt(numbers.n)
  const e = toBigInt(numbers.e)
  const k = bits / 8
  return {
    bits,
    verify(algorithm, message, signature, { messageType }) {
      const { scheme, hash } = schemeOf(algorithm)
      // RFC 8017 8.1.2 and 8.2.2 step 1, 5.2.2 step 1
      const s = signature.length === k ? toBigInt(signature) : n
      if (s >= n) return false
      const hashed = messageType === 'digest' ? message : digest(hash, message)
      return scheme.matches(hash, hashed, fromBigInt(power(s, e, n), k), bits)
    },
    oaepEncrypt(hash, plaintext) {
      if (plaintext.length > emsa.oaepMaxBytes(hash, k)) return undefined
      const seed = new Uint8Array(HASH_BYTES[hash])
      context.sources.secret.fill(seed)
      const encoded = emsa.oaepEncode(digest, hash, plaintext, seed, k)
      try {
        // RFC 8017 5.1.1 RSAEP
        return fromBigInt(power(toBigInt(encoded), e, n), k)
      } finally {
        wipe(seed, encoded)
      }
    },
    encapsulate: () => undefined,
    jwk: () => ({ kty: 'RSA', n: toBase64url(numbers.n), e: toBase64url(numbers.e) }),
  }
}

/** FIPS 186-5 A.1 with e = 65537: by WebCrypto, or from the reproducible source. */
export async function generateRsa(context: ProviderContext, spec: RsaSpec): Promise<KeyPairBytes> {
  requireSubtle()
  if (isDeterministic(context)) return rsaPairFrom(context.sources.secret, spec)
  const pkcs8 = await inGate(context.generation, () => generatePkcs8(SPECS[spec].bits))
  try {
    const { inner } = parsePkcs8Parts(spec, pkcs8)!
    const { n, e } = parseRsaPkcs1(inner)!
    return { privateKey: inner.slice(), publicKey: rsaSpki(n, e) }
  } finally {
    wipe(pkcs8)
  }
}

async function generatePkcs8(modulusLength: number): Promise<Uint8Array> {
  const publicExponent = Uint8Array.of(1, 0, 1)
  const algorithm = { name: SCHEMES.pkcs1.native, hash: 'SHA-256', modulusLength, publicExponent }
  const { privateKey } = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  return new Uint8Array(await crypto.subtle.exportKey('pkcs8', privateKey))
}

/**
 * The pairwise consistency test of an imported pair: what the private part makes, the public part
 * undoes.
 */
export function isRsaPair(spec: RsaSpec, { privateKey }: KeyPairBytes): boolean {
  const hashed = digest('SHA_256', utf8('pairwise consistency test'))
  const encoded = emsa.pkcs1Encode('SHA_256', hashed, SPECS[spec].bytes)
  return privateOperation(readPrivate(privateKey), toBigInt(encoded)) !== undefined
}
