/**
 * An entry of the primary becomes a commit here: the same records, the same sequence, the same chain.
 * What hangs on the vault key of one store (keys of keys) is wrapped anew; what the entry destroyed is
 * owed a sweep of this store too.
 */
import { equalBytes } from '../../base/bytes.ts'
import { StrongroomError } from '../../base/errors.ts'
import type { JournalWrite } from '../../domain/records.ts'
import { RECORD_KINDS, type RecordKind } from '../../format/kinds.ts'
import { parsePath, path } from '../../format/paths.ts'
import type { CarriedEntry, CarriedKey } from '../../replication/messages.ts'
import type { Cell } from '../cell.ts'
import type { Core } from '../core.ts'
import { owe } from '../destroy.ts'
import { openEntry } from '../journal.ts'
import { chainOf } from '../journal-entry.ts'
import { keyring } from '../keyring.ts'
import { damaged } from '../records.ts'
import { placeOf } from '../scan.ts'
import type { Tx } from '../tx.ts'
import { keyFor } from './keys.ts'
import { recordKindOf } from './rows.ts'

/** The rows of an entry that came, with the paths where they belong. */
export const placed = (vaultId: string, { seq, rows }: CarriedEntry) =>
  rows.map((value, part) => ({ key: path.journal(vaultId, BigInt(seq), part), value }))

/**
 * Applies the next entry of a vault.
 * @throws INTEGRITY when it is not whole or not of this vault; DIVERGED when it goes on from elsewhere
 */
export async function applyEntry(
  core: Core,
  cell: Cell,
  carried: CarriedEntry,
  keys: readonly CarriedKey[],
): Promise<void> {
  const rows = placed(cell.id, carried)
  const { record, writes } = openEntry(core, cell.id, rows)
  await core.transact(
    cell,
    { operation: record.operation },
    async (tx) => {
      checkNext(tx, carried, record.previous)
      for (const write of writes) await applyWrite(core, tx, write, keys)
      // Whoever may use the key may have changed with it.
      if (record.keyId !== undefined) tx.touch(record.keyId)
      if (writes.some(destroys)) {
        tx.setSweepOwed(true)
        tx.after(() => {
          core.handles.clear()
          owe(core, cell.id)
        })
      }
      tx.follow({ rows, chain: chainOf(core.provider, record.previous, tx.seq, rows) })
    },
    'follow',
  )
}

function checkNext(tx: Tx, { seq }: CarriedEntry, previous: Uint8Array): void {
  const { chain, role } = tx.cell.planned
  if (role === 'replica' && tx.seq === BigInt(seq) && equalBytes(chain, previous)) return
  throw new StrongroomError(
    'DIVERGED',
    `Replication: expected commit ${tx.seq} of vault ${tx.cell.id}, got one that does not go on ` +
      'from what is here; nothing was applied.',
  )
}

/** Whether material went with it. */
export const destroys = ({ path: at, gone }: JournalWrite): boolean =>
  gone && ['material', 'keyKey'].includes(parsePath(at)?.kind ?? '')

async function applyWrite(
  core: Core,
  tx: Tx,
  { path: at, gone, value, name }: JournalWrite,
  keys: readonly CarriedKey[],
): Promise<void> {
  const kind = recordKindOf(at)
  if (!kind) throw damaged('an entry speaks of a record that none of ours can be')
  if (gone && kind !== 'vaultKey' && kind !== 'ticket') await tx.del(kind, at)
  else if (value) await adopt(core, tx, kind, at, value)
  else if (kind === 'keyKey' && !gone) await renew(core, tx, at, keyFor(keys, ordinalIn(at), name))
}

export const ordinalIn = (key: Uint8Array): number => placeOf({ key }).ordinal!

/** The key of a key that came, under the vault key of this store; a key that did not is gone. */
async function renew(core: Core, tx: Tx, at: Uint8Array, key: Uint8Array | undefined) {
  if (!key) return tx.del('keyKey', at)
  const { epoch, suites } = await keyring(core, tx.cell)
  await tx.put('keyKey', at, { epoch, key }, suites.get(epoch))
}

async function adopt(core: Core, tx: Tx, kind: RecordKind, at: Uint8Array, value: Uint8Array) {
  if (RECORD_KINDS[kind].scope !== 'shared') throw damaged('an entry shows what must not travel')
  await tx.adopt(kind, at, value)
  const effect = EFFECTS[kind]
  effect?.(core, tx, at, value)
}

/** What has to be forgotten in memory when a record of a kind changes. */
const EFFECTS: Partial<
  Record<RecordKind, (core: Core, tx: Tx, at: Uint8Array, value: Uint8Array) => void>
> = {
  vault: (_, tx) => tx.after(() => tx.cell.permitGeneration++),
  key: (core, tx, at, value) => tx.touch(core.records.open('key', tx.cell.id, at, value).record.id),
  version: (core, tx, at, value) => {
    const { id, keyId } = core.records.open('version', tx.cell.id, at, value).record
    tx.touch(keyId)
    tx.after(() => core.handles.drop(id))
  },
}
