/** Letting go of a replica: its head first, in one commit; then its rows, and every older image of them. */
import { StrongroomError } from '../../base/errors.ts'
import { path } from '../../format/paths.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { renewEraseKey } from '../destroy.ts'
import { leavingHash } from '../journal-entry.ts'
import { pathKey } from '../records.ts'
import { noted, wipeBuilding } from './building.ts'

export function dropReplica(core: Core, cell: Cell): Promise<void> {
  // No sweep looks at the vault while it goes.
  return core.sweeping.run(async () => {
    await noted(core, cell.id)
    await cell.lock.run(() => leave(core, cell))
    await wipeBuilding(core, cell.id)
    await renewEraseKey(core)
  })
}

async function leave(core: Core, cell: Cell): Promise<void> {
  await cell.tail.catch(() => undefined)
  if (cell.planned.role !== 'replica')
    throw new StrongroomError(
      'INVALID_STATE',
      'Replica: expected a replica to let go of, found a primary.',
    )
  const { id: vaultId, head } = cell
  // With it goes the record by which the room knows its vaults.
  const at = path.vault(cell.id)
  await core.committer.submit(
    {
      cell,
      head,
      leaves: true,
      order: { kind: 'local', vaultId, seq: head.seq, hash: leavingHash(core.provider, vaultId) },
      rows: [],
      writes: new Map([[pathKey(at), { path: at, kind: 'vault' }]]),
      effects: [() => core.forgetVault(cell)],
      touched: new Set(),
    },
    core.committer.epoch,
  )
}
