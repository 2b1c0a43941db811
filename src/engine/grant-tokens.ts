/**
 * Tokens of grants: authenticated statements that a grant was made, another one for every call and
 * all of the same worth. Nothing is kept of them.
 */
import {
  concat,
  constantTimeEqual,
  fromBase64url,
  fromHex,
  toBase64url,
  toHex,
  utf8,
} from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { GrantRecord } from '../domain/records.ts'
import { bytesToUuid, GRANT_ID_BYTES, uuidToBytes } from '../format/paths.ts'
import type { Core } from './core.ts'

const MAC_BYTES = 16
const NONCE_BYTES = 16
const TIME_BYTES = 8
const UUID_BYTES = 16
const BODY_BYTES = UUID_BYTES + GRANT_ID_BYTES + TIME_BYTES + NONCE_BYTES

/** The grant that a token stands for: an id that was given again later is another grant. */
export interface Tokened {
  readonly keyId: string
  readonly grantId: string
  readonly createdAt: number
}

const macOf = (core: Core, body: Uint8Array): Uint8Array =>
  core.keys.tokens.compute(utf8('grant'), body).subarray(0, MAC_BYTES)

export function writeGrantToken(core: Core, { keyId, id, createdAt }: GrantRecord): string {
  const nonce = new Uint8Array(NONCE_BYTES)
  core.provider.random.fill(nonce)
  const time = new Uint8Array(TIME_BYTES)
  new DataView(time.buffer).setBigUint64(0, BigInt(createdAt))
  const body = concat(uuidToBytes(keyId), fromHex(id)!, time, nonce)
  return toBase64url(concat(macOf(core, body), body))
}

/** @throws INVALID_GRANT_TOKEN for whatever `writeGrantToken` did not make in this realm. */
export function readGrantToken(core: Core, token: string): Tokened {
  const bytes = fromBase64url(token)
  const body = bytes?.subarray(MAC_BYTES)
  if (
    !bytes ||
    body?.length !== BODY_BYTES ||
    !constantTimeEqual(bytes.subarray(0, MAC_BYTES), macOf(core, body))
  )
    throw new StrongroomError(
      'INVALID_GRANT_TOKEN',
      'Grant token: expected one that createGrant answered, got another string.',
    )
  const at = UUID_BYTES + GRANT_ID_BYTES
  return {
    keyId: bytesToUuid(body.subarray(0, UUID_BYTES)),
    grantId: toHex(body.subarray(UUID_BYTES, at)),
    createdAt: Number(new DataView(body.buffer, body.byteOffset + at).getBigUint64(0)),
  }
}
