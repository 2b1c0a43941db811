/**
 * Our own ciphertexts: an 18-byte clear header that names suite and key version, then the suite's
 * output (docs/formats/ciphertext.md). Header and canonical context are authenticated.
 */
import { assert } from '../base/assert.ts'
import type { SpecOf } from '../domain/algorithms.ts'
import { UUID_BYTES, putUuid, uuidAt } from './uuid.ts'

export const CIPHERTEXT_VERSION = 1
/** Version, suite, version id. */
export const CIPHERTEXT_HEADER_BYTES = 18
const ID_AT = 2

/**
 * The suite byte of each AES size: XAES-256-GCM with key commitment, or the same construction at
 * its own size.
 */
export const CIPHERTEXT_SUITES = {
  AES_256: 1,
  AES_192: 2,
  AES_128: 3,
} as const satisfies Record<SpecOf<'aes'>, number>

export type CiphertextSpec = keyof typeof CIPHERTEXT_SUITES
export type CiphertextSuite = (typeof CIPHERTEXT_SUITES)[CiphertextSpec]

/** The suite byte of a ciphertext with a second layer, made by the key store of its key. */
export const LINKED_SUITE = 4

/** By suite byte; 0 is no suite. */
const SPECS: readonly (CiphertextSpec | undefined)[] = [
  undefined,
  'AES_256',
  'AES_192',
  'AES_128',
  'AES_256',
]

/** The header of every ciphertext of one key version: made once per version. */
export const ciphertextHeader = (spec: CiphertextSpec, versionId: string): Uint8Array =>
  headerOf(CIPHERTEXT_SUITES[spec], versionId)

/** The header of what a key store makes of the ciphertexts of one key version. */
export const linkedHeader = (versionId: string): Uint8Array => headerOf(LINKED_SUITE, versionId)

function headerOf(suite: number, versionId: string): Uint8Array {
  const header = new Uint8Array(CIPHERTEXT_HEADER_BYTES)
  header[0] = CIPHERTEXT_VERSION
  header[1] = suite
  assert(putUuid(header, ID_AT, versionId), 'a version id is a lower-case UUID')
  return header
}

/** What a ciphertext claims about itself; true only once it has opened. */
export interface ParsedCiphertext {
  readonly suite: CiphertextSuite
  readonly spec: CiphertextSpec
  /** What follows the header is the second layer, in the form of the link. */
  readonly linked: boolean
  readonly versionId: string
  /** The 16 bytes of the id as latin1 characters: a cheap key for maps. */
  readonly versionIdKey: string
}

// prettier-ignore
const keyAt = (b: Uint8Array, at: number): string =>
  String.fromCharCode(
    b[at]!, b[at + 1]!, b[at + 2]!, b[at + 3]!, b[at + 4]!, b[at + 5]!, b[at + 6]!, b[at + 7]!,
    b[at + 8]!, b[at + 9]!, b[at + 10]!, b[at + 11]!, b[at + 12]!, b[at + 13]!, b[at + 14]!,
    b[at + 15]!,
  )

/** `versionId` is written out only when asked for: the hot path looks up by `versionIdKey`. */
class Parsed implements ParsedCiphertext {
  readonly suite: CiphertextSuite
  readonly spec: CiphertextSpec
  readonly linked: boolean
  readonly versionIdKey: string

  constructor(bytes: Uint8Array, spec: CiphertextSpec) {
    this.suite = CIPHERTEXT_SUITES[spec]
    this.spec = spec
    this.linked = bytes[1] === LINKED_SUITE
    this.versionIdKey = keyAt(bytes, ID_AT)
  }

  get versionId(): string {
    const bytes = new Uint8Array(UUID_BYTES)
    for (let i = 0; i < UUID_BYTES; i++) bytes[i] = this.versionIdKey.charCodeAt(i)
    return uuidAt(bytes, 0)
  }
}

/** Undefined when it is not a ciphertext of format 1: too short, unknown version or suite. */
export function parseCiphertext(bytes: Uint8Array): ParsedCiphertext | undefined {
  if (bytes.length < CIPHERTEXT_HEADER_BYTES || bytes[0] !== CIPHERTEXT_VERSION) return undefined
  const spec = SPECS[bytes[1]!]
  return spec === undefined ? undefined : new Parsed(bytes, spec)
}

/** The map key of a version id, equal to `versionIdKey` of its ciphertexts. */
export function versionIdKey(versionId: string): string {
  const bytes = new Uint8Array(UUID_BYTES)
  assert(putUuid(bytes, 0, versionId), 'a version id is a lower-case UUID')
  return keyAt(bytes, 0)
}

/**
 * The associated data: the 18 header bytes, then the canonical context. Fixed length first makes it
 * injective.
 */
export function ciphertextAad(header: Uint8Array, canonicalContext: Uint8Array): Uint8Array {
  assert(header.length >= CIPHERTEXT_HEADER_BYTES, 'a whole ciphertext header')
  const aad = new Uint8Array(CIPHERTEXT_HEADER_BYTES + canonicalContext.length)
  for (let i = 0; i < CIPHERTEXT_HEADER_BYTES; i++) aad[i] = header[i]!
  aad.set(canonicalContext, CIPHERTEXT_HEADER_BYTES)
  return aad
}
