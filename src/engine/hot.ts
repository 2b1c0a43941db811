/**
 * The fast path of keys in use: a permit that was given stays good until its deadline, or until a commit touches the
 * key or its vault; while it is good, a call is one synchronous step over cached handles. Whatever is unusual (another
 * field, a getter, a context out of bounds) answers undefined and takes the pipeline, which says what is wrong.
 */
import type { PrivateKey, Suite } from '../crypto/provider.ts'
import {
  algorithmFor,
  defaultAlgorithm,
  type SigningAlgorithm,
  type SpecOf,
} from '../domain/algorithms.ts'
import { LIMITS } from '../domain/limits.ts'
import {
  ciphertextAad,
  ciphertextHeader,
  CIPHERTEXT_HEADER_BYTES,
  parseCiphertext,
  versionIdKey,
} from '../format/ciphertext.ts'
import { ContextCache } from '../format/context.ts'
import type { DataKey, Decrypted, Encrypted, Signed } from './api.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { Lru } from './lru.ts'
import type { InUse } from './use-key.ts'

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
  /** The last context seen and what it authenticates: most callers repeat one. */
  context: Uint8Array | undefined
  aad: Uint8Array
}
interface HotPair extends Standing {
  readonly privateKey: PrivateKey
  readonly spec: Parameters<typeof defaultAlgorithm>[0]
}
/** What one key id offers; several versions may be open for decryption. */
interface HotKey {
  readonly seal: HotAes | undefined
  readonly sign: HotPair | undefined
  readonly opens: Set<string>
}

const ENCRYPT_FIELDS = { keyId: 1, plaintext: 1, context: 1 } as const
const DECRYPT_FIELDS = { keyId: 1, ciphertext: 1, context: 1 } as const
const DATA_KEY_FIELDS = { keyId: 1, spec: 1, context: 1 } as const
const SIGN_FIELDS = { keyId: 1, message: 1, algorithm: 1 } as const
const DATA_KEY_BYTES: Readonly<Record<string, number>> = Object.assign(Object.create(null), {
  AES_128: 16,
  AES_192: 24,
  AES_256: 32,
}) as Record<string, number>

export class Hot {
  readonly #core: Core
  readonly #keys: Lru<string, HotKey>
  readonly #opens: Lru<string, HotAes>
  readonly #contexts = new ContextCache()

  constructor(core: Core, max: number) {
    this.#core = core
    this.#keys = new Lru(max, (key) => key.opens.forEach((version) => this.#opens.delete(version)))
    this.#opens = new Lru(max)
  }

  /** Forgets what it knows of a key: its next use asks again. */
  drop(keyId: string): void {
    this.#keys.delete(keyId)
  }

  clear(): void {
    this.#keys.clear()
    this.#opens.clear()
  }

  learnAes(inUse: InUse, suite: Suite): void {
    const standing = this.#standing(inUse)
    if (!standing) return
    const { operation, permitted, versionNamed } = inUse
    const { record } = permitted.version
    if (operation !== 'decrypt' && versionNamed) return
    const header = ciphertextHeader(record.spec as SpecOf<'aes'>, record.id)
    const hot: HotAes = { ...standing, suite, header, context: undefined, aad: header }
    const known = this.#keys.peek(record.keyId)
    const opens = known?.opens ?? new Set()
    if (operation === 'decrypt') {
      const key = versionIdKey(record.id)
      opens.add(key)
      this.#opens.set(key, hot)
    }
    const seal = operation === 'decrypt' ? known?.seal : hot
    this.#keys.set(record.keyId, { seal, sign: known?.sign, opens })
  }

  learnPair(inUse: InUse, privateKey: PrivateKey): void {
    const standing = this.#standing(inUse)
    const { record } = inUse.permitted.version
    if (!standing || inUse.versionNamed) return
    const known = this.#keys.peek(record.keyId)
    const sign = { ...standing, privateKey, spec: record.spec }
    this.#keys.set(record.keyId, { seal: known?.seal, sign, opens: known?.opens ?? new Set() })
  }

  encrypt(input: unknown): Encrypted | undefined {
    const { keyId, plaintext, context } = plain(input, ENCRYPT_FIELDS)
    const hot = typeof keyId === 'string' ? this.#keys.peek(keyId)?.seal : undefined
    if (
      !hot ||
      !isBytes(plaintext) ||
      plaintext.length > LIMITS.plaintextBytesMax ||
      !this.#good(hot)
    )
      return undefined
    const ciphertext = hot.suite.seal(hot.header, this.#aad(hot, context), plaintext)
    this.#core.meter.fast.encrypt++
    return Object.freeze({
      ciphertext,
      keyId: hot.keyId,
      versionId: hot.versionId,
      algorithm: 'XAES_GCM',
    })
  }

  decrypt(input: unknown): Decrypted | undefined {
    const { keyId, ciphertext, context } = plain(input, DECRYPT_FIELDS)
    if (!isBytes(ciphertext) || ciphertext.length > LIMITS.ciphertextBytesMax) return undefined
    const parsed = parseCiphertext(ciphertext)
    const hot = parsed && this.#opens.peek(parsed.versionIdKey)
    if (!hot || !this.#good(hot) || (keyId !== undefined && keyId !== hot.keyId)) return undefined
    if (ciphertext[1] !== hot.header[1]) return undefined
    const plaintext = hot.suite.open(ciphertext, CIPHERTEXT_HEADER_BYTES, this.#aad(hot, context))
    if (!plaintext) return undefined
    this.#core.meter.fast.decrypt++
    return Object.freeze({
      plaintext,
      keyId: hot.keyId,
      versionId: hot.versionId,
      algorithm: 'XAES_GCM',
    })
  }

  generateDataKey(input: unknown): DataKey | undefined {
    const { keyId, spec = 'AES_256', context } = plain(input, DATA_KEY_FIELDS)
    const hot = typeof keyId === 'string' ? this.#keys.peek(keyId)?.seal : undefined
    const length = typeof spec === 'string' ? DATA_KEY_BYTES[spec] : undefined
    if (!hot || length === undefined || !this.#good(hot)) return undefined
    const aad = this.#aad(hot, context)
    const plaintext = new Uint8Array(length)
    this.#core.provider.random.fill(plaintext)
    const ciphertext = hot.suite.seal(hot.header, aad, plaintext)
    this.#core.meter.fast.generateDataKey++
    return Object.freeze({ ciphertext, plaintext, keyId: hot.keyId, versionId: hot.versionId })
  }

  sign(input: unknown): Signed | Promise<Signed> | undefined {
    const { keyId, message, algorithm } = plain(input, SIGN_FIELDS)
    const hot = typeof keyId === 'string' ? this.#keys.peek(keyId)?.sign : undefined
    if (!hot || !isBytes(message) || message.length > LIMITS.messageBytesMax || !this.#good(hot))
      return undefined
    const chosen = (algorithm ?? defaultAlgorithm(hot.spec, 'sign')) as SigningAlgorithm
    if (algorithmFor(hot.spec, chosen).purpose !== 'sign') return undefined
    const signature = hot.privateKey.sign(chosen, message, RAW)
    this.#core.meter.fast.sign++
    return signature instanceof Uint8Array
      ? signed(hot, chosen, signature)
      : signature.then((bytes) => signed(hot, chosen, bytes))
  }

  #standing({ permitted, reader, decidedAt }: InUse): Standing | undefined {
    const { cell } = reader
    if (decidedAt !== cell.generation) return undefined
    const { keyId, id: versionId } = permitted.version.record
    return {
      cell,
      permitGeneration: cell.permitGeneration,
      until: permitted.until,
      keyId,
      versionId,
    }
  }

  #good(hot: Standing): boolean {
    return (
      hot.permitGeneration === hot.cell.permitGeneration &&
      this.#core.now() < hot.until &&
      !this.#core.closed &&
      !this.#core.meter.observed
    )
  }

  #aad(hot: HotAes, context: unknown): Uint8Array {
    const canonical = this.#contexts.get(context as Readonly<Record<string, string>> | undefined)
    if (canonical === hot.context) return hot.aad
    hot.aad = ciphertextAad(hot.header, canonical)
    hot.context = canonical
    return hot.aad
  }
}

const RAW = { messageType: 'raw' } as const
const NOTHING: Readonly<Record<string, unknown>> = Object.freeze({})

const isBytes = (value: unknown): value is Uint8Array =>
  value instanceof Uint8Array && ArrayBuffer.isView(value)

const signed = (hot: HotPair, algorithm: SigningAlgorithm, signature: Uint8Array): Signed =>
  Object.freeze({ signature, keyId: hot.keyId, versionId: hot.versionId, algorithm })

/** The input itself when it has no other fields than these; else nothing, and the pipeline looks at it. */
function plain<F extends object>(
  input: unknown,
  fields: F,
): Readonly<{ [N in keyof F]?: unknown }> {
  if (typeof input !== 'object' || input === null) return NOTHING
  for (const name in input) if (!(name in fields)) return NOTHING
  return input as { [N in keyof F]?: unknown }
}
