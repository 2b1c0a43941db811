/**
 * The fast path of keys in use: a permit that was given stays good until its deadline, or until a
 * commit touches the key or its vault; while it is good, a call is one synchronous step over cached
 * handles. Whatever is unusual (another field, a context out of bounds, input that throws) answers
 * undefined or throws: the pipeline then says what is wrong.
 */
import { secretBytes } from '../base/bytes.ts'
import { invalidArgument } from '../base/errors.ts'
import type { Eventually, Mac, PrivateKey, PublicKey, Suite } from '../crypto/provider.ts'
import {
  algorithmFor,
  defaultAlgorithm,
  SPEC_NAMES,
  SPECS,
  type Algorithm,
  type MacAlgorithm,
  type Purpose,
  type SigningAlgorithm,
  type Spec,
  type SpecOf,
} from '../domain/algorithms.ts'
import { LIMITS } from '../domain/limits.ts'
import { OPERATIONS } from '../domain/operations.ts'
import {
  ciphertextAad,
  ciphertextHeader,
  CIPHERTEXT_HEADER_BYTES,
  parseCiphertext,
  versionIdKey,
} from '../format/ciphertext.ts'
import { canonicalContext, ContextCache, type Context } from '../format/context.ts'
import type {
  DataKey,
  Decrypted,
  Encrypted,
  Mac as Authenticated,
  Signed,
  Verified,
} from './api.ts'
import { alwaysAllowed } from './access.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import {
  isBytes,
  isPlain,
  isRequestId,
  outside,
  same,
  startsWith,
  usual,
  type Fields,
} from './hot-input.ts'
import { Lru } from './lru.ts'
import type { InUse } from './use-key.ts'

/** The operations that have a fast path; `Hot` has a method for each. */
export const HOT_OPERATIONS = [
  'encrypt',
  'decrypt',
  'generateDataKey',
  'sign',
  'verify',
  'generateMac',
  'verifyMac',
] as const
export type HotOperation = (typeof HOT_OPERATIONS)[number]

/** A permit that was given, and how long it holds. */
interface Standing {
  readonly cell: Cell
  readonly permitGeneration: number
  readonly until: number
  readonly keyId: string
  readonly versionId: string
}
interface HotAes extends Standing {
  readonly suite: Suite
  readonly header: Uint8Array
  /** The last context seen, names and values in turn, and what it authenticates. */
  pairs: readonly string[]
  aad: Uint8Array
}
/** Handles that need nothing beside themselves, by operation: each has a permit of its own. */
interface Handles {
  readonly sign: PrivateKey
  readonly verify: PublicKey
  readonly generateMac: Mac
  readonly verifyMac: Mac
}
interface HotUse<H> extends Standing {
  readonly handle: H
  readonly spec: Spec
  readonly purpose: Purpose
  /** The algorithm when none is named. */
  readonly implied: Algorithm | undefined
}
type HotUses = { [U in keyof Handles]: HotUse<Handles[U]> | undefined }

/** What one key id offers; several versions may be open for decryption. */
interface HotKey extends HotUses {
  seal: HotAes | undefined
  readonly opens: Set<string>
}
const nothingYet = (): HotKey => ({
  seal: undefined,
  sign: undefined,
  verify: undefined,
  generateMac: undefined,
  verifyMac: undefined,
  opens: new Set(),
})

export class Hot {
  readonly #core: Core
  readonly #keys: Lru<string, HotKey>
  readonly #opens: Lru<string, HotAes>
  readonly #contexts = new ContextCache()
  /** What opened the last ciphertext: to compare its header is cheaper than to look it up. */
  #last: HotAes | undefined

  constructor(core: Core, max: number) {
    this.#core = core
    this.#keys = new Lru(max, (key) => key.opens.forEach((version) => this.#opens.delete(version)))
    this.#opens = new Lru(max)
  }

  /** Forgets what it knows of a key: its next use asks again. */
  drop(keyId: string): void {
    this.#keys.delete(keyId)
    this.#last = undefined
  }

  clear(): void {
    this.#keys.clear()
    this.#opens.clear()
    this.#last = undefined
  }

  learnAes(inUse: InUse, suite: Suite): void {
    const { operation, permitted, versionNamed } = inUse
    const { record } = permitted.version
    const opening = operation === 'decrypt'
    const standing = opening || !versionNamed ? this.#standing(inUse) : undefined
    if (!standing) return
    const header = ciphertextHeader(record.spec as SpecOf<'aes'>, record.id)
    const aad = ciphertextAad(header, canonicalContext(undefined))
    const hot: HotAes = { ...standing, suite, header, pairs: [], aad }
    const key = this.#learned(record.keyId)
    if (opening) {
      const id = versionIdKey(record.id)
      key.opens.add(id)
      this.#opens.set(id, hot)
      this.#last = hot
    } else key.seal = hot
  }

  learn<U extends keyof Handles>(use: U, inUse: InUse<U>, handle: Handles[U]): void {
    const standing = inUse.versionNamed ? undefined : this.#standing(inUse)
    if (!standing) return
    const { spec } = inUse.permitted.version.record
    const { purpose } = OPERATIONS[use]
    const implied = defaultAlgorithm(spec, purpose)
    const learned: HotUse<Handles[U]> = { ...standing, handle, spec, purpose, implied }
    Object.assign(this.#learned(standing.keyId), { [use]: learned })
  }

  encrypt(input: unknown): Encrypted | undefined {
    const { keyId, plaintext, context } = input as Fields
    const hot = this.#key(keyId)?.seal
    if (!hot || !isBytes(plaintext) || plaintext.length > LIMITS.plaintextBytesMax) return undefined
    if (!usual(input, 'keyId', 'plaintext', 'context') || !this.#good(hot, input)) return undefined
    const ciphertext = hot.suite.seal(hot.header, this.#aad(hot, context), plaintext)
    this.#core.meter.fast.encrypt++
    if (this.#core.uses.enabled) this.#note('encrypt', hot, input)
    const { keyId: id, versionId } = hot
    return Object.freeze({ ciphertext, keyId: id, versionId, algorithm: 'XAES_GCM' })
  }

  decrypt(input: unknown): Decrypted | undefined {
    const { keyId, ciphertext, context } = input as Fields
    if (!isBytes(ciphertext) || ciphertext.length > LIMITS.ciphertextBytesMax) return undefined
    if (!usual(input, 'keyId', 'ciphertext', 'context')) return undefined
    const hot = this.#opener(ciphertext)
    if (!hot || !this.#good(hot, input) || (keyId !== undefined && keyId !== hot.keyId))
      return undefined
    const plaintext = hot.suite.open(ciphertext, CIPHERTEXT_HEADER_BYTES, this.#aad(hot, context))
    if (!plaintext) return undefined
    this.#core.meter.fast.decrypt++
    if (this.#core.uses.enabled) this.#note('decrypt', hot, input)
    const { keyId: id, versionId } = hot
    return Object.freeze({ plaintext, keyId: id, versionId, algorithm: 'XAES_GCM' })
  }

  generateDataKey(input: unknown): DataKey | undefined {
    const { keyId, spec, context } = input as Fields
    const hot = this.#key(keyId)?.seal
    const length = spec === undefined ? SPECS.AES_256.bytes : AES_BYTES.get(spec)
    if (!hot || length === undefined) return undefined
    if (!usual(input, 'keyId', 'spec', 'context') || !this.#good(hot, input)) return undefined
    const aad = this.#aad(hot, context)
    const plaintext = secretBytes(length)
    this.#core.provider.random.fill(plaintext)
    const ciphertext = hot.suite.seal(hot.header, aad, plaintext)
    this.#core.meter.fast.generateDataKey++
    if (this.#core.uses.enabled) this.#note('generateDataKey', hot, input)
    return Object.freeze({ ciphertext, plaintext, keyId: hot.keyId, versionId: hot.versionId })
  }

  sign(input: unknown): Eventually<Signed> | undefined {
    const { keyId, message, algorithm } = input as Fields
    const hot = this.#key(keyId)?.sign
    if (!hot || !isBytes(message) || message.length > LIMITS.messageBytesMax) return undefined
    if (!usual(input, 'keyId', 'message', 'algorithm') || !this.#good(hot, input)) return undefined
    const chosen = this.#algorithm(hot, algorithm) as SigningAlgorithm | undefined
    if (!chosen) return undefined
    const answer = (signature: Uint8Array) =>
      Object.freeze({ signature, keyId: hot.keyId, versionId: hot.versionId, algorithm: chosen })
    const signature = hot.handle.sign(chosen, message, RAW)
    this.#core.meter.fast.sign++
    if (this.#core.uses.enabled) this.#note('sign', hot, input)
    return signature instanceof Promise ? signature.then(answer) : answer(signature)
  }

  verify(input: unknown): Eventually<Verified> | undefined {
    const { keyId, message, signature, algorithm } = input as Fields
    const hot = this.#key(keyId)?.verify
    if (!hot || !isBytes(message) || message.length > LIMITS.messageBytesMax) return undefined
    if (!isBytes(signature) || outside(signature, LIMITS.signatureBytesMax)) return undefined
    if (!usual(input, 'keyId', 'message', 'algorithm', 'signature') || !this.#good(hot, input))
      return undefined
    const chosen = this.#algorithm(hot, algorithm) as SigningAlgorithm | undefined
    if (!chosen) return undefined
    const answer = (valid: boolean) =>
      Object.freeze({ valid, keyId: hot.keyId, versionId: hot.versionId, algorithm: chosen })
    const valid = hot.handle.verify(chosen, message, signature, RAW)
    this.#core.meter.fast.verify++
    if (this.#core.uses.enabled) this.#note('verify', hot, input)
    return valid instanceof Promise ? valid.then(answer) : answer(valid)
  }

  generateMac(input: unknown): Authenticated | undefined {
    const { keyId, message, algorithm } = input as Fields
    const hot = this.#key(keyId)?.generateMac
    if (!hot || !isBytes(message) || message.length > LIMITS.messageBytesMax) return undefined
    if (!usual(input, 'keyId', 'message', 'algorithm') || !this.#good(hot, input)) return undefined
    const chosen = this.#algorithm(hot, algorithm) as MacAlgorithm | undefined
    if (!chosen) return undefined
    const mac = hot.handle.compute(message)
    this.#core.meter.fast.generateMac++
    if (this.#core.uses.enabled) this.#note('generateMac', hot, input)
    return Object.freeze({ mac, keyId: hot.keyId, versionId: hot.versionId, algorithm: chosen })
  }

  verifyMac(input: unknown): Verified | undefined {
    const { keyId, message, mac, algorithm } = input as Fields
    const hot = this.#key(keyId)?.verifyMac
    if (!hot || !isBytes(message) || message.length > LIMITS.messageBytesMax) return undefined
    if (!isBytes(mac) || outside(mac, LIMITS.macBytesMax)) return undefined
    if (!usual(input, 'keyId', 'message', 'algorithm', 'mac') || !this.#good(hot, input))
      return undefined
    const chosen = this.#algorithm(hot, algorithm) as MacAlgorithm | undefined
    if (!chosen) return undefined
    const valid = hot.handle.verify(mac, message)
    this.#core.meter.fast.verifyMac++
    if (this.#core.uses.enabled) this.#note('verifyMac', hot, input)
    return Object.freeze({ valid, keyId: hot.keyId, versionId: hot.versionId, algorithm: chosen })
  }

  /** The algorithm that is asked for or implied, when it fits. */
  #algorithm(hot: HotUse<unknown>, asked: unknown): Algorithm | undefined {
    const { spec, purpose, implied } = hot
    if (asked === undefined) return implied
    if (typeof asked !== 'string') return undefined
    const algorithm = asked as Algorithm
    if (algorithmFor(spec, algorithm).purpose !== purpose) return undefined
    return this.#core.provider.lacks(algorithm as SigningAlgorithm) ? undefined : algorithm
  }

  /** The version that a ciphertext names, if it is open and its whole clear header is the one of that version. */
  #opener(ciphertext: Uint8Array): HotAes | undefined {
    if (this.#last && startsWith(ciphertext, this.#last.header)) return this.#last
    const parsed = parseCiphertext(ciphertext)
    const hot = parsed && this.#opens.peek(parsed.versionIdKey)
    if (!hot || !startsWith(ciphertext, hot.header)) return undefined
    this.#last = hot
    return hot
  }

  #key(keyId: unknown): HotKey | undefined {
    return typeof keyId === 'string' ? this.#keys.peek(keyId) : undefined
  }

  /** The key that opens a ciphertext, when it is open. */
  keyOf(ciphertext: unknown): string | undefined {
    return isBytes(ciphertext) ? this.#opener(ciphertext)?.keyId : undefined
  }

  /** The entry of a key, refreshed. */
  #learned(keyId: string): HotKey {
    const key = this.#keys.get(keyId) ?? nothingYet()
    if (this.#keys.peek(keyId) !== key) this.#keys.set(keyId, key)
    return key
  }

  /** Nothing for a key of a key store, and when the vault moved, or the room began another life, since the decision. */
  #standing({ permitted, reader, decidedAt }: InUse): Standing | undefined {
    const { cell } = reader
    const { keyStore, primacy } = permitted.key.record
    // Its key store takes part in every use; copies of a key have one id, and each its own permits.
    if (keyStore || primacy !== undefined) return undefined
    if (decidedAt !== cell.generation || cell.life !== this.#core.life) return undefined
    const { keyId, id: versionId } = permitted.version.record
    const { permitGeneration } = cell
    return { cell, permitGeneration, until: permitted.until, keyId, versionId }
  }

  #good(hot: Standing, input: unknown): boolean {
    const { vaultId, principal, access } = input as Fields
    return (
      (vaultId === undefined || vaultId === hot.cell.id) &&
      // Tokens of grants are looked at whoever brings them.
      (principal === undefined ? access === undefined : this.#may(principal, access, hot)) &&
      hot.permitGeneration === hot.cell.permitGeneration &&
      (hot.until === Infinity || this.#core.now() < hot.until) &&
      !this.#core.closed &&
      !this.#core.meter.observed &&
      !this.#core.uses.full
    )
  }

  /**
   * Whether somebody else than the owner needs no further decision. A use that is journaled tells its
   * principal: the pipeline does that.
   */
  #may(principal: unknown, access: unknown, { keyId }: Standing): boolean {
    if (typeof principal !== 'string' || this.#core.uses.enabled) return false
    return alwaysAllowed(this.#core, keyId, principal, access)
  }

  #note(operation: HotOperation, { cell, keyId, versionId }: Standing, input: unknown): void {
    const time = this.#core.now()
    const use = { operation, time, outcome: 'ok', keyId, versionId } as const
    // Read a second time: what it is now counts.
    const { requestId } = input as Fields
    this.#core.uses.note(cell.id, isRequestId(requestId) ? { ...use, requestId } : use)
  }

  #aad(hot: HotAes, given: unknown): Uint8Array {
    const context = given as Context | undefined
    if (!isPlain(context)) invalidArgument('context', 'a plain object', context)
    if (same(context, hot.pairs)) return hot.aad
    // Read once: what is authenticated is what the pairs say.
    const read = { ...context }
    hot.aad = ciphertextAad(hot.header, this.#contexts.get(read))
    hot.pairs = Object.entries(read).flat()
    return hot.aad
  }
}

/** Key lengths by AES spec. */
const AES_BYTES: ReadonlyMap<unknown, number> = new Map(
  SPEC_NAMES.flatMap((spec) => (SPECS[spec].family === 'aes' ? [[spec, SPECS[spec].bytes]] : [])),
)

const RAW = { messageType: 'raw' } as const
