/**
 * A vault on its way in or out: rows that no head counts, and a note that says so. Nobody can see
 * them; a crash leaves them for the next round to take away.
 */
import { parsePath, path, range } from '../../format/paths.ts'
import type { Aside } from '../commit.ts'
import type { Core } from '../core.ts'
import { eachRow, placeOf } from '../lookup.ts'
import { allRows, idIn } from './rows.ts'

const NOTE = Uint8Array.of(1)
const ROWS_PER_COMMIT = 256

export const noted = (core: Core, vaultId: string): Promise<void> =>
  core.committer.aside({ puts: [{ key: path.building(vaultId), value: NOTE }], dels: [] })

export const unnoted = (core: Core, vaultId: string): Promise<void> =>
  core.committer.aside({ puts: [], dels: [path.building(vaultId)] })

/** Takes away every row of a vault without a head, the note last. */
export async function wipeBuilding(core: Core, vaultId: string): Promise<void> {
  let dels: Uint8Array[] = []
  const flush = async (): Promise<void> => {
    const some: Aside = { puts: [], dels }
    dels = []
    if (some.dels.length > 0) await core.committer.aside(some)
  }
  // Index rows lie behind ids: they go with the record that they lead to.
  for await (const row of allRows(core, vaultId)) {
    const id = idIn(core, vaultId, row)
    // Before it: nobody finds an index row whose record is gone.
    if (id !== undefined) dels.push(path.index(id, vaultId))
    if (parsePath(row.key)?.kind !== 'index') dels.push(row.key)
    if (dels.length >= ROWS_PER_COMMIT) await flush()
  }
  await flush()
  await unnoted(core, vaultId)
}

/** Finishes what a crash left: rows that never got a head, or lost it, go. */
export async function wipeLeftovers(core: Core): Promise<void> {
  for await (const row of eachRow(core, range.buildings())) {
    const vaultId = placeOf(row).vaultId!
    const whole = await core.store.get(path.head(vaultId))
    if (whole) await unnoted(core, vaultId)
    else await wipeBuilding(core, vaultId)
  }
}
