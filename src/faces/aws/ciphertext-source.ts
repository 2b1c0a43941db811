/**
 * The key of a ciphertext (contracts: AWS 17, Decrypt and ReEncrypt). One of a symmetric key says
 * in clear whose it is; the key that a caller names beside it must be that one, before anything
 * else is looked at.
 */
import type { Call } from './call.ts'
import { KmsFault, validation } from './errors.ts'
import type { EncryptionAlgorithm } from './specs.ts'
import { useKey, useKeyId, type Used } from './use.ts'

interface Modifiers {
  readonly DryRun: boolean | undefined
  readonly DryRunModifiers: readonly string[] | undefined
}

/** Whether only rights and states are asked for, with no ciphertext at hand. */
export function ignoresCiphertext({ DryRun, DryRunModifiers = [] }: Modifiers): boolean {
  if (DryRunModifiers.length === 0) return false
  return DryRun === true || validation('DryRunModifiers can only be specified when DryRun is true.')
}

export interface Asked {
  /** The member that names the key, for texts. */
  readonly member: string
  readonly keyId: string | undefined
  readonly ciphertext: Uint8Array | undefined
  /** The ciphertext need not be there, and is not looked at. */
  readonly ignored: boolean
  readonly algorithm: EncryptionAlgorithm
}

export interface Source {
  readonly used: Used
  readonly ciphertext: Uint8Array
}

const NOTHING = new Uint8Array(0)

export async function ciphertextSource(call: Call, asked: Asked): Promise<Source> {
  const { member, keyId, ciphertext, ignored, algorithm } = asked
  if (ignored) {
    if (keyId === undefined) validation(`${member} is required when the ciphertext is ignored.`)
    return { used: await useKey(call, keyId), ciphertext: NOTHING }
  }
  if (!ciphertext) validation('CiphertextBlob is required.')
  const symmetric = algorithm === 'SYMMETRIC_DEFAULT'
  if (keyId === undefined) {
    if (!symmetric) validation(`${member} is required with algorithm ${algorithm}.`)
    return { used: await keyOf(call, ciphertext), ciphertext }
  }
  const used = await useKey(call, keyId)
  const named = symmetric && (await call.room.identifyCiphertext({ ciphertext }))
  if (named && named.keyId !== used.keyId) throw incorrectKey()
  return { used, ciphertext }
}

/** The key that a ciphertext names: of the caller's account, or of another one in its region. */
async function keyOf(call: Call, ciphertext: Uint8Array): Promise<Used> {
  const vaultId = await call.vault()
  const { room } = call
  const here = await room.identifyCiphertext({ ciphertext, vaultId })
  if (!here) throw new KmsFault('InvalidCiphertextException')
  const named = here.keyId === undefined ? await room.identifyCiphertext({ ciphertext }) : here
  const { keyId, vaultId: home } = named!
  const used = keyId && home && (await useKeyId(call, { keyId, vaultId: home }))
  if (!used) throw unknownKey()
  return used
}

const incorrectKey = (): KmsFault =>
  new KmsFault(
    'IncorrectKeyException',
    'The key ID in the request does not identify a CMK that can perform this operation.',
  )

export const unknownKey = (): KmsFault =>
  new KmsFault(
    'AccessDeniedException',
    'The ciphertext refers to a customer master key that does not exist, does not exist in this ' +
      'region, or you are not allowed to access.',
  )
