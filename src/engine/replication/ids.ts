/**
 * Replication ids: they name one change of one vault, so that its way to the replicas can be asked
 * for. An id is the sequence of the change and half a MAC over it: nothing has to be kept, and none
 * can be made up.
 */
import { equalBytes, utf8 } from '../../base/bytes.ts'
import { getBig64, putBig64 } from '../../format/binary.ts'
import { bytesToUuid, isUuid, uuidToBytes } from '../../format/paths.ts'
import type { RealmKeys } from '../realm-keys.ts'
import type { Tx } from '../tx.ts'

const SEQ_BYTES = 8
const ID_BYTES = 16
const LABEL = utf8('replication id')

function idBytes(keys: RealmKeys, vaultId: string, seq: bigint): Uint8Array {
  const id = new Uint8Array(ID_BYTES)
  putBig64(id, 0, seq)
  const mac = keys.tokens.compute(LABEL, uuidToBytes(vaultId), id.subarray(0, SEQ_BYTES))
  id.set(mac.subarray(0, ID_BYTES - SEQ_BYTES), SEQ_BYTES)
  return id
}

/** The id of the change that a transaction makes. */
export const replicationId = ({ keys }: { readonly keys: RealmKeys }, tx: Tx): string =>
  bytesToUuid(idBytes(keys, tx.cell.id, tx.seq))

/** The sequence of the change that an id of this vault names; undefined for any other text. */
export function sequenceOf(keys: RealmKeys, vaultId: string, id: string): bigint | undefined {
  if (!isUuid(id)) return undefined
  const given = uuidToBytes(id)
  const seq = getBig64(given, 0)
  return equalBytes(given, idBytes(keys, vaultId, seq)) ? seq : undefined
}
