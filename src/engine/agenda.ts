/** When a key next needs `tick`: kept beside the keys, so that a tick never scans them all. A lower bound, never late. */
import type { KeyRecord } from '../domain/records.ts'
import { path } from '../format/paths.ts'
import type { Tx } from './tx.ts'

/** Notes the deadlines of a key, and further ones (of its versions). */
export async function note(
  tx: Tx,
  key: KeyRecord,
  ...further: readonly (number | undefined)[]
): Promise<void> {
  const at = path.agenda(key.vaultId, key.ordinal)
  const known = await tx.get('agenda', at)
  const deadlines = [
    known?.record.dueAt,
    key.deletion?.at,
    key.materialExpiresAt,
    key.rotation?.nextAt,
    ...further,
  ].filter((deadline) => deadline !== undefined)
  if (deadlines.length === 0) return
  const dueAt = Math.min(...deadlines)
  if (dueAt !== known?.record.dueAt) await tx.put('agenda', at, { keyId: key.id, dueAt })
}

/** Replaces the note by exactly these deadlines. */
export async function renote(tx: Tx, key: KeyRecord, deadlines: readonly number[]): Promise<void> {
  const at = path.agenda(key.vaultId, key.ordinal)
  if (deadlines.length === 0) await tx.del('agenda', at)
  else await tx.put('agenda', at, { keyId: key.id, dueAt: Math.min(...deadlines) })
}
