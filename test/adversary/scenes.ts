/** What is refused under a key, for several reasons each: `timing.ts` looks at how long it takes. */
import { Strongroom, VirtualClock } from '../../src/index.ts'
import { concat, constantTimeEqual, utf8 } from '../../src/base/bytes.ts'
import { pkcs1Encode } from '../../src/crypto/emsa.ts'
import type { CryptoProvider } from '../../src/crypto/provider.ts'
import { ciphertextAad, CIPHERTEXT_HEADER_BYTES } from '../../src/format/ciphertext.ts'
import { canonicalContext, type Context } from '../../src/format/context.ts'
import type { Chance } from '../campaigns/chance.ts'
import { PROVIDERS } from '../crypto/support.ts'
import { turned } from './kit.ts'

/** One input: bytes of one length, and which of two circumstances they meet. */
export interface Input {
  readonly bytes: Uint8Array
  readonly circumstance: 0 | 1
}

export interface Scene {
  readonly name: string
  /** Reasons of refusal. Each is met in both circumstances. */
  readonly kinds: readonly string[]
  /** So many times fewer measurements: it is slow. */
  readonly slowness: number
  readonly input: (kind: string, circumstance: 0 | 1) => Input | Promise<Input>
  /** What opens is a defect; anything else is fine here. */
  readonly opens: (bytes: Uint8Array, circumstance: 0 | 1) => unknown
  readonly close?: () => Promise<void>
}

const NONCE_AT = 0
const COMMITMENT_AT = 24
const BODY_AT = 56
const PLAINTEXT_BYTES = 32
const TAG_AT = BODY_AT + PLAINTEXT_BYTES
const SEALED_BYTES = TAG_AT + 16

/** Where one bit is turned, by kind: behind nonce, commitment, body and tag of a suite. */
const PLACES: Readonly<Record<string, number>> = {
  nonce: NONCE_AT,
  'commitment, first byte': COMMITMENT_AT,
  'commitment, last byte': BODY_AT - 1,
  body: BODY_AT,
  'tag, first byte': TAG_AT,
  'tag, last byte': SEALED_BYTES - 1,
}
const CONTEXTS: readonly [Context, Context] = [{ table: 'orders' }, { table: 'buyers' }]
const other = (circumstance: 0 | 1): 0 | 1 => (circumstance === 0 ? 1 : 0)

/** A turned bit, the context of the other circumstance, or another key: all of one length. */
function sealedKinds(
  chance: Chance,
  seal: (circumstance: 0 | 1) => Promise<Uint8Array> | Uint8Array,
  sealElsewhere: (circumstance: 0 | 1) => Promise<Uint8Array> | Uint8Array,
  headerBytes: number,
): Pick<Scene, 'kinds' | 'input'> {
  return {
    kinds: [...Object.keys(PLACES), 'context', 'key'],
    async input(kind, circumstance) {
      const place = PLACES[kind]
      if (place !== undefined) {
        const bit = (headerBytes + place) * 8 + chance.below(8)
        return { bytes: turned(await seal(circumstance), bit), circumstance }
      }
      if (kind === 'key') return { bytes: await sealElsewhere(circumstance), circumstance }
      return { bytes: await seal(other(circumstance)), circumstance }
    },
  }
}

function suiteScene(chance: Chance, provider: CryptoProvider, slowness: number): Scene {
  const [suite, stranger] = [provider.suite(chance.bytes(32)), provider.suite(chance.bytes(32))]
  const aads = CONTEXTS.map((context) => canonicalContext(context))
  const sealed =
    (under: typeof suite) =>
    (circumstance: 0 | 1): Uint8Array =>
      under.seal(new Uint8Array(0), aads[circumstance]!, chance.bytes(PLAINTEXT_BYTES))
  return {
    name: `suite (${provider.name})`,
    slowness,
    ...sealedKinds(chance, sealed(suite), sealed(stranger), 0),
    opens: (bytes, circumstance) => suite.open(bytes, 0, aads[circumstance]!),
  }
}

/** Our own ciphertexts through a room: the fast path looks first, then the pipeline. */
async function roomScene(chance: Chance): Promise<Scene> {
  const room = await Strongroom.open({ clock: new VirtualClock() })
  const { id: vaultId } = await room.createVault({ displayName: 'timing' })
  const spec = 'AES_256'
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec })
  const stranger = PROVIDERS.node.suite(chance.bytes(32))
  const seal = async (circumstance: 0 | 1): Promise<Uint8Array> => {
    const plaintext = chance.bytes(PLAINTEXT_BYTES)
    const context = CONTEXTS[circumstance]
    return (await room.encrypt({ keyId, plaintext, context })).ciphertext
  }
  const header = (await seal(0)).subarray(0, CIPHERTEXT_HEADER_BYTES)
  /** What says that it is of this version, and was made by somebody else. */
  const forge = (circumstance: 0 | 1): Uint8Array => {
    const aad = ciphertextAad(header, canonicalContext(CONTEXTS[circumstance]))
    return stranger.seal(header, aad, chance.bytes(PLAINTEXT_BYTES))
  }
  return {
    name: 'decrypt of a room',
    slowness: 1,
    ...sealedKinds(chance, seal, forge, CIPHERTEXT_HEADER_BYTES),
    opens: async (ciphertext, circumstance) =>
      room.decrypt({ ciphertext, context: CONTEXTS[circumstance] }).catch(() => undefined),
    close: () => room.close(),
  }
}

/** AES-GCM with everything visible, tag behind the ciphertext. */
function gcmScene(chance: Chance, provider: CryptoProvider, slowness: number): Scene {
  const aes = provider.aes(chance.bytes(32))
  const iv = chance.bytes(12)
  const aads = [chance.bytes(8), chance.bytes(8)]
  const places: Readonly<Record<string, number>> = {
    body: 0,
    'tag, first byte': PLAINTEXT_BYTES,
    'tag, last byte': PLAINTEXT_BYTES + 15,
  }
  return {
    name: `AES-GCM (${provider.name})`,
    slowness,
    kinds: [...Object.keys(places), 'additional data'],
    input(kind, circumstance) {
      const place = places[kind]
      const under = place === undefined ? other(circumstance) : circumstance
      const { ciphertext, tag } = aes.gcmSeal(iv, aads[under]!, chance.bytes(PLAINTEXT_BYTES))
      const bytes = concat(ciphertext, tag)
      return { bytes: place === undefined ? bytes : turned(bytes, place * 8), circumstance }
    },
    opens: (bytes, circumstance) =>
      aes.gcmOpen(
        iv,
        aads[circumstance]!,
        bytes.subarray(0, PLAINTEXT_BYTES),
        bytes.subarray(PLAINTEXT_BYTES),
      ),
  }
}

function wrapScene(
  chance: Chance,
  provider: CryptoProvider,
  padded: boolean,
  slowness: number,
): Scene {
  const keys = [provider.aes(chance.bytes(32)), provider.aes(chance.bytes(32))]
  const places: Readonly<Record<string, number>> = { 'first byte': 0, 'last byte': 39 }
  return {
    name: `${padded ? 'AES-KWP' : 'AES-KW'} (${provider.name})`,
    slowness,
    kinds: [...Object.keys(places), 'key'],
    input(kind, circumstance) {
      const place = places[kind]
      const under = keys[place === undefined ? other(circumstance) : circumstance]!
      const bytes = under.wrap(chance.bytes(32), padded)!
      return { bytes: place === undefined ? bytes : turned(bytes, place * 8), circumstance }
    },
    opens: (bytes, circumstance) => keys[circumstance]!.unwrap(bytes, padded),
  }
}

/** A MAC that is wrong early or late; what is compared must not tell. */
function macScene(chance: Chance, provider: CryptoProvider, slowness: number): Scene {
  const mac = provider.hmac('SHA_256', chance.bytes(32))
  const messages = [utf8('one message'), utf8('two letters')]
  const places: Readonly<Record<string, number>> = { 'first byte': 0, middle: 15, 'last byte': 31 }
  return {
    name: `HMAC (${provider.name})`,
    slowness,
    kinds: [...Object.keys(places), 'message'],
    input(kind, circumstance) {
      const place = places[kind]
      const of = place === undefined ? other(circumstance) : circumstance
      const bytes = mac.compute(messages[of]!)
      return { bytes: place === undefined ? bytes : turned(bytes, place * 8), circumstance }
    },
    opens: (bytes, circumstance) => mac.verify(bytes, messages[circumstance]!) || undefined,
  }
}

/** The comparison that tokens, heads and commitments of the portable provider go through. */
function equalScene(chance: Chance): Scene {
  const secrets = [chance.bytes(32), chance.bytes(32)]
  const places: Readonly<Record<string, number>> = { 'first byte': 0, middle: 15, 'last byte': 31 }
  return {
    name: 'constant-time comparison',
    slowness: 1,
    kinds: [...Object.keys(places), 'all'],
    input(kind, circumstance) {
      const place = places[kind]
      const secret = secrets[place === undefined ? other(circumstance) : circumstance]!
      return { bytes: place === undefined ? secret : turned(secret, place * 8), circumstance }
    },
    opens(bytes, circumstance) {
      // One comparison is faster than the clock.
      let equal = 0
      for (let i = 0; i < 32; i++) equal += Number(constantTimeEqual(bytes, secrets[circumstance]!))
      return equal > 0 || undefined
    },
  }
}

/**
 * EME-OAEP blocks that are wrong in each of the ways that RFC 8017 7.1.2 step 3 (g) names, and one
 * that is none (Manger 2001). Raw encryption is the public operation.
 */
async function oaepScene(chance: Chance, provider: CryptoProvider): Promise<Scene> {
  const pair = await provider.generatePair('RSA_2048')
  const key = provider.privateKey('RSA_2048', pair)
  const { oaepBlock, rawEncrypt } = await import('./oaep.ts')
  const raw = rawEncrypt(pair.publicKey)
  const injuries: Readonly<Record<string, (db: Uint8Array, block: Uint8Array) => void>> = {
    'first byte': (_, block) => (block[0] = 1),
    'label, first byte': (db) => (db[0]! ^= 1),
    'label, last byte': (db) => (db[31]! ^= 1),
    'no separator': (db) => db.fill(0, 32),
    'another separator': (db) => (db[db.length - 17] = 2),
  }
  return {
    name: `RSA-OAEP (${provider.name})`,
    slowness: 20,
    kinds: [...Object.keys(injuries), 'PKCS #1 v1.5'],
    input(kind, circumstance) {
      const injure = injuries[kind]
      const block = injure
        ? oaepBlock(chance, 'SHA_256', chance.bytes(16), injure)
        : pkcs1Encode('SHA_256', chance.bytes(32), 256)
      return { bytes: raw(block), circumstance }
    },
    opens: (bytes) => key.oaepDecrypt('SHA_256', bytes),
  }
}

export async function scenes(chance: Chance): Promise<readonly Scene[]> {
  const { node, portable } = PROVIDERS
  return [
    suiteScene(chance, node, 1),
    await roomScene(chance),
    gcmScene(chance, node, 1),
    wrapScene(chance, node, false, 1),
    wrapScene(chance, node, true, 1),
    macScene(chance, node, 1),
    equalScene(chance),
    suiteScene(chance, portable, 20),
    gcmScene(chance, portable, 20),
    macScene(chance, portable, 5),
    await oaepScene(chance, node),
  ]
}
