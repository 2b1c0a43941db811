/** Letting go of a replica: its head first, in one commit; then its rows, and every older image of them. */
import { StrongroomError } from '../../base/errors.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { renewEraseKey } from '../destroy.ts'
import { localOrder } from '../tx.ts'
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
    await core.committer.submit(
      {
        cell,
        head,
        leaves: true,
        order: localOrder(core.provider, head),
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
