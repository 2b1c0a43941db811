/**
 * XAES-256-GCM (C2SP) with key commitment, and the same construction for AES-128 and AES-192. The
 * block cipher of the KDF is one long-lived ECB handle, which keeps the key schedule; a suite in
 * steady use derives the keys of its coming messages in batches, so that the KDF costs one native
 * call per batch.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { Cipher, CipherGCMTypes } from 'node:crypto'
import { assert } from '../../base/assert.ts'
import { wipe } from '../../base/bytes.ts'
import type { RandomSources } from '../pool.ts'
import { SUITE_COMMITMENT_BYTES, SUITE_NONCE_BYTES, SUITE_TAG_BYTES } from '../provider.ts'
import { SUITE_OVERHEAD_BYTES } from '../provider.ts'
import type { Suite } from '../provider.ts'
import * as xaes from '../xaes.ts'
import { TAG_OPTIONS, modesFor } from './aes.ts'
import { plain } from './hash.ts'

/** A suite draws ahead after this many messages; batches double up to the maximum. */
const AHEAD_AFTER = 4
const BATCH_MAX = 64
/** Below this size a byte loop beats `set`. */
const LOOP_BYTES_MAX = 64

const WORD_BYTES = 4
const NONCE_WORDS = SUITE_NONCE_BYTES / WORD_BYTES
const CONTEXT_WORDS = xaes.CONTEXT_BYTES / WORD_BYTES
const BLOCK_WORDS = xaes.BLOCK_BYTES / WORD_BYTES
const KDF_WORDS = xaes.KDF_BYTES / WORD_BYTES

/** The same memory as bytes and as 32-bit words: moving by words takes a quarter of the steps. */
interface Words {
  readonly bytes: Uint8Array
  readonly words: Uint32Array
}

const wordsOf = (bytes: Uint8Array): Words => ({
  bytes,
  words: new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / WORD_BYTES),
})

/**
 * KDF inputs of a batch: 4 KiB for all suites, wiped after each use (everything here is
 * synchronous).
 */
let batchInput: Words | undefined

export const nodeSuite = (key: Uint8Array, sources: RandomSources): Suite =>
  new NodeSuite(key, sources)

class NodeSuite implements Suite {
  readonly #sources: RandomSources
  readonly #ecb: Cipher
  readonly #gcm: CipherGCMTypes
  /** The KDF input of a nonce of zeros: K1 and the constants of M_1 to M_4. */
  readonly #mask: Words
  // Scratch of one message, reused: the calls that read it copy at once.
  readonly #input = wordsOf(new Uint8Array(xaes.KDF_BYTES))
  readonly #nonce = wordsOf(new Uint8Array(SUITE_NONCE_BYTES))
  readonly #iv = wordsOf(new Uint8Array(xaes.IV_BYTES))
  readonly #tag = new Uint8Array(SUITE_TAG_BYTES)
  readonly #key: Words
  // Nonces drawn ahead, and the KDF blocks of each.
  #nonces = wordsOf(new Uint8Array(0))
  #blocks = wordsOf(new Uint8Array(0))
  #next = 0
  #drawn = 0
  #batch = AHEAD_AFTER
  #used = 0
  #epoch = 0

  constructor(key: Uint8Array, sources: RandomSources) {
    const names = modesFor(key)
    this.#sources = sources
    this.#gcm = names.gcm
    this.#key = wordsOf(new Uint8Array(key.length))
    this.#ecb = createCipheriv(names.ecb, key, null)
    // XAES steps 1 and 2
    const zero = this.#ecb.update(new Uint8Array(xaes.BLOCK_BYTES))
    const k1 = xaes.cmacSubkey(zero)
    this.#mask = wordsOf(new Uint8Array(xaes.KDF_BYTES))
    xaes.writeKdfInput(k1, new Uint8Array(SUITE_NONCE_BYTES), 0, this.#mask.bytes, 0)
    wipe(zero, k1)
  }

  seal(header: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const at = header.length
    // A buffer of its own, never a piece of the shared Buffer pool.
    const out = new Uint8Array(at + SUITE_OVERHEAD_BYTES + plaintext.length)
    copy(header, out, 0)
    if (!this.#takeAhead(out, at)) {
      const random = this.#sources.nonces ?? this.#sources.secret
      random.fill(this.#nonce.bytes)
      this.#deriveOne(out, at)
    }
    this.#encrypt(out, at, aad, plaintext)
    return out
  }

  sealWithNonce(nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Uint8Array {
    assert(nonce.length === SUITE_NONCE_BYTES, 'an XAES nonce has 24 bytes')
    const out = new Uint8Array(SUITE_OVERHEAD_BYTES + plaintext.length)
    copy(nonce, this.#nonce.bytes, 0)
    this.#deriveOne(out, 0)
    this.#encrypt(out, 0, aad, plaintext)
    return out
  }

  open(sealed: Uint8Array, headerBytes: number, aad: Uint8Array): Uint8Array | undefined {
    const bodyAt = headerBytes + xaes.SEALED_BODY_AT
    const tagAt = sealed.length - SUITE_TAG_BYTES
    if (tagAt < bodyAt) return undefined
    let body: Buffer | undefined
    try {
      const committed = this.#deriveAndCompare(sealed, headerBytes)
      const decipher = createDecipheriv(this.#gcm, this.#key.bytes, this.#iv.bytes, TAG_OPTIONS)
      for (let i = 0; i < SUITE_TAG_BYTES; i++) this.#tag[i] = sealed[tagAt + i]!
      // A wrong commitment spoils the tag, so that every refusal takes the same steps.
      this.#tag[0]! ^= Number(!committed)
      decipher.setAuthTag(this.#tag)
      if (aad.length > 0) decipher.setAAD(aad)
      body = decipher.update(view(sealed, bodyAt, tagAt - bodyAt))
      // SP 800-38D 7.2 step 8: nothing is released before the tag is verified here.
      decipher.final()
      if (committed) return plain(body)
      // Only someone who knows the key can have made the spoiled tag the right one.
      wipe(body)
      return undefined
    } catch {
      wipe(body)
      return undefined
    } finally {
      this.#key.words.fill(0)
    }
  }

  /**
   * XAES steps 3 to 6 for the nonce in the scratch: nonce and commitment into `out`, key and IV
   * into the scratch.
   */
  #deriveOne(out: Uint8Array, at: number): void {
    writeKdfInput(this.#mask.words, this.#nonce.words, 0, this.#input.words, 0)
    const blocks = wordsOf(plain(this.#ecb.update(this.#input.bytes)))
    this.#spend(this.#nonce, blocks, 0, out, at)
  }

  /**
   * Takes the next nonce drawn ahead; false while the suite is not in steady use or must keep to
   * order.
   */
  #takeAhead(out: Uint8Array, at: number): boolean {
    const { nonces } = this.#sources
    if (nonces === undefined || this.#used++ < AHEAD_AFTER) return false
    // A reseed means that another process may hold the same nonces: they must not be used.
    if (this.#next === this.#drawn || this.#epoch !== nonces.epoch) this.#drawAhead(nonces)
    this.#spend(this.#nonces, this.#blocks, this.#next++, out, at)
    return true
  }

  #drawAhead(random: NonNullable<RandomSources['nonces']>): void {
    wipe(this.#blocks.bytes)
    this.#batch = Math.min(2 * this.#batch, BATCH_MAX)
    const nonceBytes = this.#batch * SUITE_NONCE_BYTES
    if (this.#nonces.bytes.length !== nonceBytes) this.#nonces = wordsOf(new Uint8Array(nonceBytes))
    random.fill(this.#nonces.bytes)
    batchInput ??= wordsOf(new Uint8Array(BATCH_MAX * xaes.KDF_BYTES))
    for (let i = 0; i < this.#batch; i++)
      writeKdfInput(this.#mask.words, this.#nonces.words, i, batchInput.words, i)
    const input = view(batchInput.bytes, 0, this.#batch * xaes.KDF_BYTES)
    this.#blocks = wordsOf(plain(this.#ecb.update(input)))
    input.fill(0)
    this.#next = 0
    this.#drawn = this.#batch
    this.#epoch = random.epoch
  }

  /**
   * Moves the i-th nonce and commitment to their place, key and IV to the scratch, and wipes the
   * blocks.
   */
  #spend(nonces: Words, blocks: Words, i: number, out: Uint8Array, at: number): void {
    const nonceAt = i * SUITE_NONCE_BYTES
    for (let j = 0; j < SUITE_NONCE_BYTES; j++) out[at + j] = nonces.bytes[nonceAt + j]!
    const commitmentAt = at + xaes.SEALED_COMMITMENT_AT
    const from = i * xaes.KDF_BYTES + xaes.COMMITMENT_AT
    for (let j = 0; j < SUITE_COMMITMENT_BYTES; j++) out[commitmentAt + j] = blocks.bytes[from + j]!
    const [key, source, word] = [this.#key.words, blocks.words, i * KDF_WORDS]
    for (let j = 0; j < key.length; j++) key[j] = source[word + j]!
    for (let j = 0; j < KDF_WORDS; j++) source[word + j] = 0
    this.#setIv(nonces.words, i)
  }

  /**
   * Derives from the nonce in a sealed message; true when its commitment is ours (compared in
   * constant time).
   */
  #deriveAndCompare(sealed: Uint8Array, at: number): boolean {
    const nonce = this.#nonce.bytes
    for (let i = 0; i < nonce.length; i++) nonce[i] = sealed[at + i]!
    writeKdfInput(this.#mask.words, this.#nonce.words, 0, this.#input.words, 0)
    const blocks = this.#ecb.update(this.#input.bytes)
    const commitmentAt = at + xaes.SEALED_COMMITMENT_AT
    let difference = 0
    for (let i = 0; i < SUITE_COMMITMENT_BYTES; i++)
      difference |= blocks[xaes.COMMITMENT_AT + i]! ^ sealed[commitmentAt + i]!
    const key = this.#key.bytes
    for (let i = 0; i < key.length; i++) key[i] = blocks[i]!
    // A loop: a Buffer's own fill checks and converts before it writes 64 bytes.
    for (let i = 0; i < blocks.length; i++) blocks[i] = 0
    this.#setIv(this.#nonce.words, 0)
    return difference === 0
  }

  /** XAES step 6: the IV is N[12..24) of the i-th nonce. */
  #setIv(nonces: Uint32Array, i: number): void {
    const iv = this.#iv.words
    const at = i * NONCE_WORDS + CONTEXT_WORDS
    iv[0] = nonces[at]!
    iv[1] = nonces[at + 1]!
    iv[2] = nonces[at + 2]!
  }

  #encrypt(out: Uint8Array, at: number, aad: Uint8Array, plaintext: Uint8Array): void {
    const cipher = createCipheriv(this.#gcm, this.#key.bytes, this.#iv.bytes, TAG_OPTIONS)
    this.#key.words.fill(0)
    if (aad.length > 0) cipher.setAAD(aad)
    const bodyAt = at + xaes.SEALED_BODY_AT
    copy(cipher.update(plaintext), out, bodyAt)
    cipher.final()
    copy(cipher.getAuthTag(), out, bodyAt + plaintext.length)
  }
}

/**
 * XAES steps 3 to 5 by words (in the order of the machine: they are only moved and xored), for the
 * i-th nonce.
 */
function writeKdfInput(
  mask: Uint32Array,
  nonces: Uint32Array,
  i: number,
  out: Uint32Array,
  block: number,
): void {
  const [from, to] = [i * NONCE_WORDS, block * KDF_WORDS]
  for (let j = 0; j < KDF_WORDS; j += BLOCK_WORDS) {
    out[to + j] = mask[j]!
    out[to + j + 1] = mask[j + 1]! ^ nonces[from]!
    out[to + j + 2] = mask[j + 2]! ^ nonces[from + 1]!
    out[to + j + 3] = mask[j + 3]! ^ nonces[from + 2]!
  }
}

function copy(from: Uint8Array, to: Uint8Array, at: number): void {
  if (from.length > LOOP_BYTES_MAX) to.set(from, at)
  else for (let i = 0; i < from.length; i++) to[at + i] = from[i]!
}

const view = (bytes: Uint8Array, at: number, length: number): Uint8Array =>
  new Uint8Array(bytes.buffer, bytes.byteOffset + at, length)
