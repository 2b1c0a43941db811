/** How many grants a key has, kept beside them: to count them would take a look at each. */
import { path } from '../format/paths.ts'
import type { Reader } from './core.ts'
import type { Tx } from './tx.ts'

export const grantsOf = async (reader: Reader, ordinal: number): Promise<number> =>
  (await reader.get('grantCount', path.grantCount(reader.cell.id, ordinal)))?.record.count ?? 0

export async function countGrants(tx: Tx, ordinal: number, change: number): Promise<void> {
  const count = (await grantsOf(tx, ordinal)) + change
  await tx.put('grantCount', path.grantCount(tx.cell.id, ordinal), { count })
}
