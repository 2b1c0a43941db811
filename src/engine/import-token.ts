/**
 * The token of import parameters: ticket id, key id and expiry under a MAC, so that a token of
 * another key or room is refused before anything is looked up.
 */
import { concat, utf8 } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import type { TicketRecord } from '../domain/records.ts'
import type { KeyView } from '../domain/settle.ts'
import { bytesToUuid, path, uuidToBytes } from '../format/paths.ts'
import type { Core, Reader } from './core.ts'
import { openWrapped } from './make.ts'

const TOKEN_BYTES = 16 + 16 + 8

export function importToken(core: Core, id: string, keyId: string, expiresAt: number): Uint8Array {
  const time = new Uint8Array(8)
  new DataView(time.buffer).setBigUint64(0, BigInt(expiresAt))
  const body = concat(uuidToBytes(id), uuidToBytes(keyId), time)
  return concat(body, core.keys.tokens.compute(utf8('import'), body))
}

/** The ticket behind a token; the caller wipes its private key. */
export async function redeem(
  core: Core,
  reader: Reader,
  key: KeyView,
  given: Uint8Array,
  now: number,
): Promise<TicketRecord> {
  const body = given.subarray(0, TOKEN_BYTES)
  const authentic = core.keys.tokens.verify(given.subarray(TOKEN_BYTES), utf8('import'), body)
  const invalid = (found: string) =>
    new StrongroomError(
      'INVALID_IMPORT_TOKEN',
      `importToken: expected one made for this key and not used yet, got ${found}.`,
    )
  if (!authentic) throw invalid('one that was not made here')
  if (bytesToUuid(body.subarray(16, 32)) !== key.record.id) throw invalid('one of another key')
  const expiresAt = Number(new DataView(body.buffer, body.byteOffset).getBigUint64(32))
  if (now >= expiresAt)
    throw new StrongroomError(
      'EXPIRED_IMPORT_TOKEN',
      `importToken: expected one younger than ${LIMITS.importTokenHours} hours, got one ` +
        `that expired ${new Date(expiresAt).toISOString()}.`,
    )
  const at = path.ticket(reader.cell.id, bytesToUuid(body.subarray(0, 16)))
  const ticket = await openWrapped(core, reader, 'ticket', at)
  if (!ticket) throw invalid('one that was used or withdrawn')
  return ticket.record
}
