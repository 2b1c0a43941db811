import type { Row, Store } from '../store/store.ts'
import { readStore } from './records.ts'

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
