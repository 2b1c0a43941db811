/** From what a request names to our ids; what does not exist and what lies elsewhere look the same. */
import type { Asked, Key } from '../../engine/api.ts'
import { hidden } from './errors.ts'
import type { Face } from './face.ts'
import { shapeOrHidden } from './models.ts'
import { parseOcid } from './ocid.ts'

export function vaultIdOf(ocid: string): string {
  const named = parseOcid('vault', ocid)
  if (named?.id !== named?.vaultId || !named) throw hidden()
  return named.id
}

/**
 * The key of an OCID, in this vault. The wrapping key is the one with the id of its vault: it is made
 * now, when nobody has asked for it before.
 */
export async function keyIdOf(
  face: Face,
  vaultId: string,
  ocid: string,
  asked: Asked,
): Promise<string> {
  const named = parseOcid('key', ocid)
  if (named?.vaultId !== vaultId) throw hidden()
  if (named.id !== vaultId) return named.id
  const vault = await face.room.getVault({ vaultId, ...asked })
  return vault.wrappingKeyId ?? (await face.room.getWrappingKey({ vaultId, ...asked })).id
}

/** The key that a path names. */
export async function keyOf(face: Face, vaultId: string, ocid: string, asked: Asked): Promise<Key> {
  const keyId = await keyIdOf(face, vaultId, ocid, asked)
  const key = await face.room.getKey({ keyId, vaultId, ...asked })
  shapeOrHidden(key)
  return key
}

export function versionIdOf(vaultId: string, ocid: string): string {
  const named = parseOcid('keyversion', ocid)
  if (named?.vaultId !== vaultId) throw hidden()
  return named.id
}
