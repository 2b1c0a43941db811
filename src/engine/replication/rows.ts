/** What a vault consists of besides its head and its journal, in the order in which a snapshot walks. */
import { compareBytes } from '../../base/bytes.ts'
import { RECORD_KINDS, type RecordKind } from '../../format/kinds.ts'
import { parsePath, path, range, type PathRange } from '../../format/paths.ts'
import type { Core } from '../core.ts'
import { eachRow } from '../lookup.ts'

/** Shared kinds that lie behind their vault; index rows lie behind the id and follow what they lead to. */
const SHARED: readonly ((vaultId: string) => PathRange)[] = [
  (vaultId) => single(path.vault(vaultId)),
  range.keys,
  range.allVersions,
  range.allMaterials,
  range.aliases,
  range.agenda,
  range.retries,
  range.keyStores,
  range.keyStoreSecrets,
  range.policies,
  range.allGrants,
  range.grantCounts,
]
/** Kinds of one store alone. */
const LOCAL: readonly ((vaultId: string) => PathRange)[] = [
  range.vaultKeys,
  range.keyKeys,
  range.counters,
  range.tickets,
]

const single = (key: Uint8Array): PathRange => ({ gte: key, lt: new Uint8Array([...key, 0]) })

export interface LyingRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Shared rows after a path, with the index row of every key and version right behind it. */
export async function* sharedRows(
  core: Core,
  vaultId: string,
  after?: Uint8Array,
): AsyncGenerator<LyingRow> {
  const from = after === undefined ? 0 : SHARED.findIndex((of) => contains(of(vaultId), after))
  for (const [i, of] of SHARED.entries()) {
    if (i < from) continue
    const bounds = of(vaultId)
    const gte = i === from && after !== undefined ? new Uint8Array([...after, 0]) : bounds.gte
    for await (const row of eachRow(core, { gte, lt: bounds.lt })) {
      yield row
      const index = await indexOf(core, vaultId, row)
      if (index) yield index
    }
  }
}

const contains = ({ gte, lt }: PathRange, key: Uint8Array): boolean =>
  compareBytes(gte, key) <= 0 && compareBytes(key, lt) < 0

/** The row that leads from an id to this record. */
async function indexOf(core: Core, vaultId: string, row: LyingRow): Promise<LyingRow | undefined> {
  const id = idIn(core, vaultId, row)
  if (id === undefined) return undefined
  const key = path.index(id, vaultId)
  const found = await core.store.get(key)
  return found && { key, value: found.value }
}

/** The id of the key or version that a row describes. */
export function idIn(core: Core, vaultId: string, { key, value }: LyingRow): string | undefined {
  const kind = parsePath(key)?.kind
  if (kind !== 'key' && kind !== 'version') return undefined
  return core.records.open(kind, vaultId, key, value).record.id
}

/** Every row that the head of a vault counts. */
export async function* countedRows(core: Core, vaultId: string): AsyncGenerator<LyingRow> {
  yield* sharedRows(core, vaultId)
  for (const of of LOCAL) yield* eachRow(core, of(vaultId))
}

/** Every row of a vault but its head. */
export async function* allRows(core: Core, vaultId: string): AsyncGenerator<LyingRow> {
  // The journal goes last: what cannot be read any more must not keep the rest.
  yield* countedRows(core, vaultId)
  yield* eachRow(core, range.journal(vaultId))
}

/** The kind of a record by its path. */
export function recordKindOf(key: Uint8Array): RecordKind | undefined {
  const kind = parsePath(key)?.kind
  return kind !== undefined && Object.hasOwn(RECORD_KINDS, kind) ? (kind as RecordKind) : undefined
}
