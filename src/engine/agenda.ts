/**
 * When a key next needs `tick`: kept beside the keys, so that a tick never scans them all. A lower
 * bound, never late.
 */
import type { KeyRecord } from '../domain/records.ts'
import { path } from '../format/paths.ts'
import type { Tx } from './tx.ts'

/**
 * The deadline of a key whose material was destroyed while the sweep that makes it unrecoverable is
 * still owed.
 */
export const SWEEP_OWED = 0

/** One that waits for replicas is looked at every time until the last of them is gone. */
const deletionDue = ({ deletion }: KeyRecord): number | undefined =>
  deletion?.waits ? deletion.scheduledAt : deletion?.at

/** Notes the deadlines of a key, and further ones (of its versions). */
export async function note(
  tx: Tx,
  key: KeyRecord,
  ...further: readonly (number | undefined)[]
): Promise<void> {
  const deadlines = [
    deletionDue(key),
    key.materialExpiresAt,
    key.rotation?.nextAt,
    // What other copies of a multi-Region key have to take over: `tick` looks whether they did.
    key.primacy === undefined ? undefined : tx.now,
    ...further,
  ].filter((deadline) => deadline !== undefined)
  // No new deadline leaves the note as it is: no need to look, which every new key would wait for.
  if (deadlines.length === 0) return
  const at = path.agenda(key.vaultId, key.ordinal)
  const known = (await tx.get('agenda', at))?.record.dueAt ?? Infinity
  const dueAt = Math.min(known, ...deadlines)
  if (dueAt !== known) await tx.put('agenda', at, { keyId: key.id, dueAt })
}

/** Replaces the note by exactly these deadlines. */
export async function renote(tx: Tx, key: KeyRecord, deadlines: readonly number[]): Promise<void> {
  const at = path.agenda(key.vaultId, key.ordinal)
  if (deadlines.length === 0) await tx.del('agenda', at)
  else await tx.put('agenda', at, { keyId: key.id, dueAt: Math.min(...deadlines) })
}
