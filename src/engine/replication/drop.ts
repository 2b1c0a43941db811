/** Letting go of a replica: its head first, in one commit; then its rows, and every older image of them. */
import { StrongroomError } from '../../base/errors.ts'
import { path } from '../../format/paths.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { renewEraseKey } from '../destroy.ts'
import { noted, wipeBuilding } from './building.ts'

export async function dropReplica(core: Core, cell: Cell): Promise<void> {
  await noted(core, cell.id)
  await cell.lock.run(async () => {
    await cell.tail.catch(() => undefined)
    if (cell.planned.role !== 'replica')
      throw new StrongroomError(
        'INVALID_STATE',
        'Replica: expected a replica to let go of, found a primary.',
      )
    const { head } = cell
    const hash = core.provider.digest('SHA_256', path.head(cell.id))
    await core.committer.submit(
      {
        cell,
        head,
        headValue: undefined,
        order: { kind: 'local', vaultId: cell.id, seq: head.seq, hash },
        rows: [],
        writes: new Map(),
        effects: [() => core.forgetVault(cell)],
        touched: new Set(),
      },
      core.committer.epoch,
    )
  })
  await wipeBuilding(core, cell.id)
  await core.sweeping.run(() => renewEraseKey(core))
}
