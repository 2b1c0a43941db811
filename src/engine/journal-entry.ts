/**
 * A commit as journal rows: the entry with its writes, and further parts when one row cannot hold them; all sealed, and
 * chained by their sealed bytes, so that whoever has no key can still follow the chain.
 */
import type { CryptoProvider } from '../crypto/provider.ts'
import type { JournalRecord, JournalWrite } from '../domain/records.ts'
import { chainInput } from '../format/heads.ts'
import { RECORD_KINDS } from '../format/kinds.ts'
import { path } from '../format/paths.ts'
import type { Store } from '../store/store.ts'
import type { Write } from './commit.ts'
import type { Records } from './records.ts'

/** What is written beside a plan and counts in no sum. */
export interface Put {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export interface SealedEntry {
  readonly rows: readonly Put[]
  /** The chain of the vault after it. */
  readonly chain: Uint8Array
}

interface Parts {
  readonly store: Store
  readonly records: Records
  readonly provider: CryptoProvider
}

/** Envelope, tag, fields of the entry and the names of who asked; never the writes. */
const ROW_RESERVE_BYTES = 8192
/** Field numbers and lengths around one write. */
const WRITE_RESERVE_BYTES = 32

export function sealEntry(
  parts: Parts,
  vaultId: string,
  seq: bigint,
  entry: Omit<JournalRecord, 'writes' | 'parts'>,
  writes: readonly Write[],
): SealedEntry {
  const chunks = inRows(writes.map(asJournaled), parts.store.limits.maxValueBytes)
  const rows = chunks.map((some, part) => {
    const key = path.journal(vaultId, seq, part)
    const value =
      part === 0
        ? parts.records.seal('journal', vaultId, key, seq, {
            ...entry,
            writes: some,
            parts: chunks.length,
          })
        : parts.records.seal('journalPart', vaultId, key, seq, { writes: some })
    return { key, value }
  })
  return { rows, chain: chainOf(parts.provider, entry.previous, seq, rows) }
}

/** The chain of a vault after an entry. */
export const chainOf = (
  provider: CryptoProvider,
  previous: Uint8Array,
  seq: bigint,
  rows: readonly Pick<Put, 'value'>[],
): Uint8Array =>
  provider.digest(
    'SHA_256',
    chainInput(
      previous,
      seq,
      rows.map(({ value }) => value),
    ),
  )

/**
 * In the order of the realm, the mark of a commit by which the store let go of a vault: the entries of
 * the vault before it went along.
 */
export const leavingHash = (provider: CryptoProvider, vaultId: string): Uint8Array =>
  provider.digest('SHA_256', path.head(vaultId))

/** Records of one store alone are told, not shown: their keys must not outlive a destruction. */
function asJournaled({ path: at, kind, value, name }: Write): JournalWrite {
  if (!value) return { path: at, gone: true }
  return RECORD_KINDS[kind].scope === 'shared'
    ? { path: at, gone: false, value }
    : { path: at, gone: false, ...(name && { name }) }
}

function inRows(writes: readonly JournalWrite[], maxValueBytes: number): JournalWrite[][] {
  const most = maxValueBytes - ROW_RESERVE_BYTES
  const rows: JournalWrite[][] = [[]]
  let bytes = 0
  for (const write of writes) {
    const size = WRITE_RESERVE_BYTES + write.path.length + (write.value?.length ?? 0)
    if (bytes > 0 && bytes + size > most) {
      rows.push([])
      bytes = 0
    }
    rows.at(-1)!.push(write)
    bytes += size
  }
  return rows
}
