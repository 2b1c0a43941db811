/**
 * A full pass over the store: what lies in it must be exactly what the vault heads say, not one record more, fewer,
 * older or elsewhere. Only such a pass sees a record that vanished; reads see every other change by themselves.
 */
import { equalBytes } from '../base/bytes.ts'
import { readVaultHead } from './realm.ts'
import type { RealmKeys } from './realm-keys.ts'
import { damaged, Records } from './records.ts'
import { eachRow } from './lookup.ts'
import { addElement, ZERO_SUM } from '../format/multiset.ts'
import { parsePath } from '../format/paths.ts'
import type { VaultHead } from '../format/heads.ts'
import type { Store } from '../store/store.ts'

interface Tally {
  head?: VaultHead
  sum: Uint8Array
  count: bigint
}

/** Every key of a store: the letters of paths lie between these. */
const EVERYTHING = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) }

/** @throws INTEGRITY naming the first vault that is not what its head says */
export async function verifyRecords(store: Store, keys: RealmKeys): Promise<void> {
  const records = new Records(store, keys, 1)
  const vaults = new Map<string, Tally>()
  const tallyOf = (vaultId: string): Tally => {
    const known = vaults.get(vaultId) ?? { sum: ZERO_SUM, count: 0n }
    vaults.set(vaultId, known)
    return known
  }
  for await (const { key, value } of eachRow({ store }, EVERYTHING)) {
    const parsed = parsePath(key)
    if (!parsed) throw damaged('a record lies where none of ours can lie')
    if (parsed.kind === 'seal' || parsed.kind === 'realmHead') continue
    const tally = tallyOf(parsed.vaultId!)
    if (parsed.kind === 'head') tally.head = readVaultHead(keys, parsed.vaultId!, value)
    else {
      tally.sum = addElement(tally.sum, records.element(key, value))
      tally.count++
    }
  }
  for (const [vaultId, { head, sum, count }] of vaults)
    if (!head || head.count !== count || !equalBytes(head.sum, sum))
      throw damaged(
        `vault ${vaultId} should hold ${head?.count ?? 0} records as its head names them,` +
          ` it holds ${count}`,
      )
}
