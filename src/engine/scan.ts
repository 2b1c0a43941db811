/** Rows of the store in order, and what their keys say. A damaged table may show keys that none of ours can be. */
import { parsePath, range, type ParsedPath } from '../format/paths.ts'
import type { Row, Store } from '../store/store.ts'
import { damaged, readStore } from './records.ts'

const ROWS_PER_SCAN = 128

/** Rows of a range of any size, one bounded scan after another. */
export async function* eachRow(
  core: { readonly store: Store },
  bounds: { readonly gte: Uint8Array; readonly lt: Uint8Array },
  reverse = false,
): AsyncGenerator<Row> {
  let { gte, lt } = bounds
  for (;;) {
    const scan = { gte, lt, limit: ROWS_PER_SCAN, reverse }
    const { rows } = await readStore(() => core.store.scan(scan))
    yield* rows
    const last = rows.at(-1)
    if (!last || rows.length < ROWS_PER_SCAN) return
    if (reverse) lt = last.key
    else gte = new Uint8Array([...last.key, 0])
  }
}

/**
 * What the key of a row says.
 * @throws {StrongroomError} INTEGRITY when no row of ours can lie there.
 */
export function placeOf({ key }: Pick<Row, 'key'>): ParsedPath {
  const parsed = parsePath(key)
  if (!parsed) throw damaged('a row lies where none of ours can lie')
  return parsed
}

export async function* eachVaultId(core: { readonly store: Store }): AsyncGenerator<string> {
  for await (const row of eachRow(core, range.vaults())) yield placeOf(row).vaultId!
}
