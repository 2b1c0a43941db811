/**
 * Messages of the XKS proxy API, version 1: what is asked for, and what may be answered. Whatever
 * differs from the specification is no answer: `undefined`.
 */
import { sha256 } from '@noble/hashes/sha2.js'
import { concat, equalBytes, fromBase64 } from '../../../base/bytes.ts'

/** On whose behalf AWS KMS asks. Health is asked for without principal and key. */
export interface RequestMetadata {
  readonly kmsRequestId: string
  readonly kmsOperation: string
  readonly awsPrincipalArn?: string
  readonly kmsKeyArn?: string
}

export interface XksCiphertext {
  readonly ciphertext: Uint8Array
  readonly initializationVector: Uint8Array
  readonly authenticationTag: Uint8Array
  /** Of the proxy's own; may be empty. */
  readonly ciphertextMetadata: Uint8Array
}

export interface KeyMetadata {
  readonly keySpec: string
  readonly keyUsage: readonly string[]
  readonly keyStatus: string
}

export const TAG_BYTES = 16
export const IV_BYTES: readonly number[] = [12, 16]
export const METADATA_BYTES_MAX = 20
const USAGES_MAX = 10
const HSMS_MAX = 10
const HEALTH: readonly unknown[] = ['ACTIVE', 'DEGRADED', 'UNAVAILABLE']

type Members = Readonly<Record<string, unknown>>

/** A JSON object, or undefined. */
export function objectOf(text: string): Members | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

export const bytesOf = (value: unknown): Uint8Array | undefined =>
  typeof value === 'string' ? fromBase64(value) : undefined

/** SHA-256 over everything that a decryption needs (specification, appendix C). */
export const integrityValue = (aad: Uint8Array, sealed: XksCiphertext): Uint8Array =>
  sha256(
    concat(
      aad,
      sealed.ciphertextMetadata,
      sealed.initializationVector,
      sealed.ciphertext,
      sealed.authenticationTag,
    ),
  )

/** What Encrypt answered, if it is whole and of this plaintext's length. */
export function ciphertextIn(
  answer: Members,
  { aad, lengthBytes }: { readonly aad: Uint8Array; readonly lengthBytes: number },
): XksCiphertext | undefined {
  const { ciphertextMetadata: metadata, ciphertextDataIntegrityValue: integrity } = answer
  const ciphertext = bytesOf(answer['ciphertext'])
  const initializationVector = bytesOf(answer['initializationVector'])
  const authenticationTag = bytesOf(answer['authenticationTag'])
  const ciphertextMetadata = metadata === undefined ? new Uint8Array(0) : bytesOf(metadata)
  if (!ciphertext || !initializationVector || !authenticationTag || !ciphertextMetadata)
    return undefined
  if (ciphertext.length !== lengthBytes || authenticationTag.length !== TAG_BYTES) return undefined
  if (!IV_BYTES.includes(initializationVector.length)) return undefined
  if (ciphertextMetadata.length > METADATA_BYTES_MAX) return undefined
  const sealed = { ciphertext, initializationVector, authenticationTag, ciphertextMetadata }
  const value = bytesOf(integrity)
  return value && equalBytes(value, integrityValue(aad, sealed)) ? sealed : undefined
}

export function plaintextIn(answer: Members, lengthBytes: number): Uint8Array | undefined {
  const plaintext = bytesOf(answer['plaintext'])
  return plaintext?.length === lengthBytes ? plaintext : undefined
}

const areTexts = (value: unknown, max: number): value is readonly string[] =>
  Array.isArray(value) && value.length <= max && value.every((item) => typeof item === 'string')

export function metadataIn({ keySpec, keyUsage, keyStatus }: Members): KeyMetadata | undefined {
  if (typeof keySpec !== 'string' || !areTexts(keyUsage, USAGES_MAX)) return undefined
  if (keyStatus !== 'ENABLED' && keyStatus !== 'DISABLED') return undefined
  return { keySpec, keyUsage, keyStatus }
}

/** Whether GetHealthStatus answered as it must. */
export function isHealth(answer: Members): boolean {
  const { xksProxyFleetSize: size, ekmFleetDetails: fleet } = answer
  const names = [answer['xksProxyVendor'], answer['xksProxyModel'], answer['ekmVendor']]
  return (
    Number.isInteger(size) &&
    names.every((name) => typeof name === 'string') &&
    Array.isArray(fleet) &&
    fleet.length > 0 &&
    fleet.length <= HSMS_MAX &&
    fleet.every(isHsm)
  )
}

const isHsm = (value: unknown): boolean =>
  isObject(value) &&
  typeof value['id'] === 'string' &&
  typeof value['model'] === 'string' &&
  HEALTH.includes(value['healthStatus'])
