/** What a tick does to a vault whose time is over. */
import { path, range } from '../format/paths.ts'
import type { Cell } from './cell.ts'
import type { Core } from './core.ts'
import { removeRange, renewEraseKey } from './destroy.ts'
import { vaultView } from './lookup.ts'

/** Everything of a vault but its descriptive records; its keys read as deleted from then on. */
export async function destroyVaults(core: Core, cells: readonly Cell[]): Promise<void> {
  const removed = [
    'keyKey',
    'material',
    'counter',
    'ticket',
    'alias',
    'retry',
    'agenda',
    'keyStore',
    'keyStoreSecret',
    'policy',
    'grant',
    'grantCount',
    'vaultKey',
  ] as const
  for (const cell of cells) {
    const ranges = {
      keyKey: range.keyKeys(cell.id),
      material: range.allMaterials(cell.id),
      counter: range.counters(cell.id),
      ticket: range.tickets(cell.id),
      alias: range.aliases(cell.id),
      retry: range.retries(cell.id),
      agenda: range.agenda(cell.id),
      keyStore: range.keyStores(cell.id),
      keyStoreSecret: range.keyStoreSecrets(cell.id),
      policy: range.policies(cell.id),
      grant: range.allGrants(cell.id),
      grantCount: range.grantCounts(cell.id),
      vaultKey: range.vaultKeys(cell.id),
    }
    for (const kind of removed) await removeRange(core, cell, kind, ranges[kind])
    cell.keyring = undefined
  }
  await renewEraseKey(core)
  for (const cell of cells)
    await core.transact(cell, 'destroyVault', async (tx) => {
      const { record } = await vaultView(tx, tx.now)
      await tx.put('vault', path.vault(cell.id), { ...record, state: 'deleted' })
      tx.after(() => cell.permitGeneration++)
    })
  core.handles.clear()
  core.hot.clear()
  core.books.clear()
}
