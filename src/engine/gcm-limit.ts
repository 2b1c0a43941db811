/**
 * Raw AES-GCM takes random 96-bit IVs, so a key may be used 2^32 times at most (SP 800-38D 8.3); we
 * stop at nine tenths. The count survives crashes because it is reserved in blocks: at worst a
 * block is lost, never a use forgotten.
 */
import { StrongroomError } from '../base/errors.ts'
import { LIMITS } from '../domain/limits.ts'
import { path } from '../format/paths.ts'
import type { Core } from './core.ts'
import type { InUse } from './use-key.ts'

/** Counts one use of a version; reserves the next block when the last is spent. */
export async function countGcm(core: Core, inUse: InUse): Promise<void> {
  const { id } = inUse.permitted.version.record
  for (;;) {
    const left = core.gcmLeft.get(id) ?? 0
    if (left > 0) {
      core.gcmLeft.set(id, left - 1)
      return
    }
    await reserve(core, inUse)
  }
}

async function reserve(core: Core, { permitted, reader }: InUse): Promise<void> {
  const { id, vaultId, number } = permitted.version.record
  const at = path.counter(vaultId, permitted.key.record.ordinal, number)
  const { replicas = [] } = permitted.key.vault.record
  // Every store of a replicated vault counts for itself, so each has its share; and every copy.
  const copies = permitted.key.record.primacy === undefined ? 1 : LIMITS.keyCopiesMax
  const most = Math.floor(LIMITS.gcmInvocationsMax / (1 + replicas.length) / copies)
  await core.transact(reader.cell, 'reserveGcm', async (tx) => {
    const entry = await tx.get('counter', at)
    if ((core.gcmLeft.get(id) ?? 0) > 0) return
    const reserved = (entry?.record.reserved ?? 0) + LIMITS.gcmReservationBlock
    if (reserved > most)
      throw new StrongroomError(
        'LIMIT_EXCEEDED',
        `AES_GCM: expected at most ${most} uses of one version, found them spent: rotate the key.`,
      )
    tx.concern(permitted.key.record.id)
    await tx.put('counter', at, { reserved })
    tx.after(() => core.gcmLeft.set(id, (core.gcmLeft.get(id) ?? 0) + LIMITS.gcmReservationBlock))
  })
}
