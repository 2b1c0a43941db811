/** Every parser of bytes with valid input for it, and what it may say of anything else. */
import fc from 'fast-check'
import { PAIR_SPECS, SPECS, type PairSpec, type SpecOf } from '../../src/domain/algorithms.ts'
import { LIMITS } from '../../src/domain/limits.ts'
import { CURVES } from '../../src/crypto/curves.ts'
import {
  encodeDer,
  node,
  octets,
  sequence,
  signatureFromDer,
  signatureToDer,
  TAG,
} from '../../src/crypto/der.ts'
import { isLattice, PARAMETER_SETS } from '../../src/crypto/parameter-sets.ts'
import * as keys from '../../src/crypto/keys.ts'
import type { CryptoProvider, KeyPairBytes } from '../../src/crypto/provider.ts'
import { ENVELOPE_HEADER_BYTES, parseEnvelope } from '../../src/format/envelope.ts'
import { MAC_BYTES, splitMac, withMac } from '../../src/format/heads.ts'
import { decodeHead, encodeHead, readRow, rowValue } from '../../src/store/level/codec.ts'
import { decodeSlot, encodeSlot } from '../../src/store/sidecar.ts'
import { fromBase64url, fromHex, fromUtf8, toBase64url, toHex, utf8 } from '../../src/base/bytes.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { VALUES } from '../format/arbitraries.ts'
import { CODECS } from '../format/codecs.ts'
import { refusing, same, wrong, type Parser } from './parsing.ts'
import { TRAVELLING } from './travelling.ts'

const SAMPLES = 12

/** The layouts of src/format: strict, so that what they take is the one form of what they read. */
const formats = (seed: number): Parser[] =>
  Object.entries(CODECS).map(([name, { encode, decode, refusal }]) => ({
    name,
    corpus: fc.sample(VALUES[name]!, { numRuns: SAMPLES, seed }).map(encode),
    parse: (bytes) => {
      const value = refusal === undefined ? decode(bytes) : refusing(() => decode(bytes), refusal)
      if (value !== undefined && !same(encode(value), bytes)) wrong(`${name}: a second form`)
      return value
    },
  }))

const stores: readonly Parser[] = [
  {
    name: 'head of a LevelDB store',
    corpus: [encodeHead(0n), encodeHead(77n)],
    parse: (bytes) => refusing(() => decodeHead(bytes), 'INTEGRITY', 'UNSUPPORTED'),
  },
  {
    name: 'row of a LevelDB store',
    corpus: [rowValue(new Uint8Array(0)), rowValue(new Uint8Array(90).fill(3))],
    parse: (bytes) => refusing(() => readRow(bytes), 'INTEGRITY'),
  },
  {
    name: 'slot of a side file',
    corpus: [0, 40, 300].map((length) =>
      encodeSlot('anchor', { counter: 5n, content: new Uint8Array(length).fill(9) }),
    ),
    parse: (bytes) => decodeSlot('anchor', bytes),
  },
  {
    name: 'base64url',
    corpus: [0, 1, 2, 33].map((length) => utf8(toBase64url(new Uint8Array(length).fill(251)))),
    parse: (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      const read = fromBase64url(text)
      if (read && toBase64url(read) !== text) wrong('base64url: a second form')
      return read
    },
  },
  {
    name: 'hex',
    corpus: [0, 1, 20].map((length) => utf8(toHex(new Uint8Array(length).fill(0xa5)))),
    parse: (bytes) => {
      const text = Buffer.from(bytes).toString('latin1')
      const read = fromHex(text)
      if (read && toHex(read) !== text.toLowerCase()) wrong('hex: a second form')
      return read
    },
  },
  {
    name: 'UTF-8',
    corpus: [utf8('plain'), utf8('\u{1f511} \u00e9 \uffff')],
    parse: (bytes) => {
      const read = utf8Or(bytes)
      if (read !== undefined && !same(utf8(read), bytes) && bytes[0] !== 0xef)
        wrong('UTF-8: a second form')
      return read
    },
  },
  {
    name: 'body and MAC',
    corpus: [withMac(new Uint8Array(50).fill(4), new Uint8Array(MAC_BYTES).fill(5))],
    parse: (bytes) => {
      const parts = splitMac(bytes)
      if (parts && !same(withMac(parts.body, parts.mac), bytes))
        wrong('body and MAC: a second form')
      return parts
    },
  },
  {
    name: 'envelope',
    corpus: [Uint8Array.of(1, 1, 3, 0, 0, 0, 0, 0, 0, 0, 9, ...new Uint8Array(90))],
    parse: (bytes) => {
      const parsed = refusing(() => parseEnvelope(bytes), 'INTEGRITY')
      if (parsed && bytes.length < ENVELOPE_HEADER_BYTES) wrong('envelope: too short')
      return parsed
    },
  },
]

function utf8Or(bytes: Uint8Array): string | undefined {
  try {
    return fromUtf8(bytes)
  } catch (error) {
    if (error instanceof TypeError) return undefined
    throw error
  }
}

interface Pair extends KeyPairBytes {
  readonly spec: PairSpec
  readonly pkcs8: Uint8Array
  /** A signature of ML-DSA, or a ciphertext of ML-KEM and what it stands for. */
  readonly made: { readonly output: Uint8Array; readonly sharedSecret: Uint8Array } | undefined
}

/** The specs whose keys are made fast; the larger RSA sizes take the same path. */
const MADE = PAIR_SPECS.filter((spec) => spec !== 'RSA_3072' && spec !== 'RSA_4096')

async function pairs(): Promise<Pair[]> {
  const { node } = PROVIDERS
  const made = await Promise.all(
    MADE.map(async (spec) => ({ spec, ...(await node.generatePair(spec)) })),
  )
  return Promise.all(
    made.map(async (pair) => ({
      ...pair,
      pkcs8: node.toPkcs8(pair.spec, pair.privateKey),
      made: await outputOf(node, pair.spec, pair),
    })),
  )
}

async function outputOf(provider: CryptoProvider, spec: PairSpec, pair: KeyPairBytes) {
  const sealed = await provider.publicKey(spec, pair.publicKey).encapsulate()
  if (sealed) return { output: sealed.ciphertext, sharedSecret: sealed.sharedSecret }
  if (!isLattice(spec)) return undefined
  const output = await provider.privateKey(spec, pair).sign('ML_DSA', SIGNED, RAW)
  return { output, sharedSecret: new Uint8Array(0) }
}

const SIGNED = utf8('what was signed')
const RAW = { messageType: 'raw' } as const

const isEc = (spec: PairSpec): spec is SpecOf<'ec'> => SPECS[spec].family === 'ec'

/** Public keys of ML-DSA and ML-KEM, and both forms in which a private key may come. */
function lattices(made: readonly Pair[]): Parser[] {
  const spkis = made.map(({ publicKey }) => publicKey)
  return made.flatMap(({ spec, publicKey, privateKey }) => {
    if (!isLattice(spec)) return []
    const { expandedKey } = PARAMETER_SETS[spec]
    const seed = node(TAG.context0Primitive, privateKey)
    const both = sequence(octets(privateKey), octets(new Uint8Array(expandedKey)))
    return [
      {
        name: `SPKI of ${spec}`,
        corpus: [publicKey, ...spkis],
        parse: (bytes) => keys.parseLatticeSpki(spec, bytes),
      },
      {
        name: `inner ${spec}`,
        corpus: [seed, both].map(encodeDer),
        parse: (bytes) => keys.parseLatticeInner(spec, bytes),
      },
    ] satisfies Parser[]
  })
}

/** Structures of keys: the readers alone, without a provider. */
function structures(made: readonly Pair[]): Parser[] {
  const spkis = made.map(({ publicKey }) => publicKey)
  const privates = made.map(({ privateKey }) => privateKey)
  type Read = (bytes: Uint8Array) => unknown
  const parser = (name: string, corpus: readonly Uint8Array[], parse: Read): Parser => ({
    name,
    corpus,
    parse,
  })
  const ec = made.filter(({ spec }) => isEc(spec))
  const okp = made.flatMap(({ spec, publicKey }) => (spec === 'ED25519' ? [publicKey] : []))
  return [
    parser('SPKI of RSA', spkis, keys.parseRsaSpki),
    parser('SPKI of Ed25519', [...okp, ...spkis], keys.parseOkpSpki),
    parser('PKCS#1', privates, keys.parseRsaPkcs1),
    parser('inner Ed25519', [Uint8Array.of(4, 32, ...new Uint8Array(32))], keys.parseOkpInner),
    ...ec.flatMap(({ spec, publicKey, privateKey }) => [
      parser(`SPKI of ${spec}`, [publicKey, ...spkis], (bytes) =>
        keys.parseEcSpki(spec as SpecOf<'ec'>, bytes),
      ),
      parser(`SEC1 of ${spec}`, [privateKey, ...privates], (bytes) =>
        keys.parseEcSec1(spec as SpecOf<'ec'>, bytes),
      ),
    ]),
    ...made.map(({ spec, pkcs8 }) =>
      parser(`PKCS#8 of ${spec}`, [pkcs8], (bytes) => keys.parsePkcs8Parts(spec, bytes)),
    ),
    ...ec.map(({ spec }) => signatures(spec as SpecOf<'ec'>)),
    ...lattices(made),
  ]
}

/** ECDSA-Sig-Value: what is read is written the same way. */
function signatures(spec: SpecOf<'ec'>): Parser {
  const { order, bytes: half } = CURVES[spec]
  const raw = [1, 127, 128, 200].map((byte) => new Uint8Array(2 * half).fill(byte, 1))
  return {
    name: `ECDSA signature of ${spec}`,
    corpus: raw.flatMap((each) => signatureToDer(each, order) ?? []),
    parse: (der) => {
      const read = signatureFromDer(der, order, half)
      if (read && !same(signatureToDer(read, order)!, der)) wrong(`${spec}: a second form`)
      return read
    },
  }
}

/** A provider's own readers and everything that takes foreign bytes. */
function foreign(provider: CryptoProvider, made: readonly Pair[]): Parser[] {
  const aes = provider.aes(new Uint8Array(32).fill(5))
  const suite = provider.suite(new Uint8Array(32).fill(6))
  const material = new Uint8Array(40).fill(7)
  const sealed = [0, 1, 60].map((length) =>
    suite.seal(new Uint8Array(3), new Uint8Array(2), new Uint8Array(length).fill(8)),
  )
  const opens = (bytes: Uint8Array): unknown => {
    const opened = suite.open(bytes, 3, new Uint8Array(2))
    // The header is the caller's to authenticate; the rest is the suite's.
    const known = sealed.some((each) => same(each.subarray(3), bytes.subarray(3)))
    return opened && !known ? wrong('a changed ciphertext opened') : opened
  }
  const wraps = [true, false].map((padded): Parser => {
    const wrapped = aes.wrap(material, padded)!
    return {
      name: padded ? 'AES-KWP' : 'AES-KW',
      corpus: [wrapped],
      parse: (bytes) => {
        // More than this the operations refuse by its length.
        if (bytes.length > LIMITS.wrappedMaterialBytesMax) return undefined
        const opened = aes.unwrap(bytes, padded)
        return opened && !same(bytes, wrapped) ? wrong('a changed key opened') : opened
      },
    }
  })
  const found: Parser[] = [
    { name: 'suite', corpus: sealed, parse: opens },
    ...wraps,
    {
      name: 'RSA public key of a caller',
      corpus: made.map(({ publicKey }) => publicKey),
      parse: (bytes) => provider.parseRsaPublicKey(bytes),
    },
    ...made.flatMap((pair) => ofPair(provider, pair)),
  ]
  return found.map((parser) => ({ ...parser, name: `${parser.name} (${provider.name})` }))
}

function ofPair(provider: CryptoProvider, { spec, pkcs8, ...pair }: Pair): Parser[] {
  const imports: Parser = {
    name: `import of ${spec}`,
    corpus: [pkcs8],
    parse: (bytes) => provider.parsePkcs8(spec, bytes),
  }
  if (pair.made) return [imports, made(provider, spec, pair, pair.made)]
  if (!isEc(spec)) return [imports]
  const privateKey = provider.privateKey(spec, pair)
  const agrees: Parser = {
    name: `peer of ${spec}`,
    corpus: [pair.publicKey],
    parse: (bytes) => privateKey.agree(bytes),
  }
  return [imports, agrees]
}

/** A signature, or a ciphertext: a changed one does not stand for the same, and nothing throws. */
function made(
  provider: CryptoProvider,
  spec: PairSpec,
  pair: KeyPairBytes,
  { output, sharedSecret }: NonNullable<Pair['made']>,
): Parser {
  const privateKey = provider.privateKey(spec, pair)
  const publicKey = provider.publicKey(spec, pair.publicKey)
  const stands = async (bytes: Uint8Array) => {
    if (sharedSecret.length === 0) return publicKey.verify('ML_DSA', SIGNED, bytes, RAW)
    const opened = await privateKey.decapsulate(bytes)
    return opened && same(opened, sharedSecret)
  }
  return {
    name: `output of ${spec}`,
    corpus: [output],
    parse: async (bytes) => {
      const held = await stands(bytes)
      if (held === true && !same(bytes, output)) wrong(`${spec}: a second form`)
      return held
    },
  }
}

/** Those that read alone. */
const reading = (seed: number, made: readonly Pair[]): readonly Parser[] =>
  [formats(seed), stores, TRAVELLING, structures(made)].flat()

export const readers = async (seed: number): Promise<readonly Parser[]> =>
  reading(seed, await pairs())

/** All: those, and what computes with what it read. */
export async function parsers(seed: number): Promise<readonly Parser[]> {
  const made = await pairs()
  const { node, portable } = PROVIDERS
  return [...reading(seed, made), ...foreign(node, made), ...foreign(portable, made)]
}
