/**
 * Somebody who holds the seal, rows that the store held at any time, and side files; opens whatever
 * opens: vault keys with every erase key, with them key keys, with them material.
 */
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import type { Suite } from '../../src/crypto/provider.ts'
import { RealmKeys } from '../../src/engine/realm-keys.ts'
import { Records } from '../../src/engine/records.ts'
import { openRoot } from '../../src/engine/seal.ts'
import { decodeErase } from '../../src/format/erase.ts'
import { parsePath, type ParsedPath, type PathKind } from '../../src/format/paths.ts'
import type { RecordKind, RecordOf } from '../../src/format/records.ts'
import { decodeSealHeader } from '../../src/format/seal-header.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { rowsOf, type Image } from './history.ts'
import { SEAL } from './seal.ts'

const provider = createNodeProvider()

/** The place of a version: its vault, its key, its number. */
const placeOf = ({ vaultId, ordinal, number }: ParsedPath): string =>
  `${vaultId}/${ordinal}/${number}`

/** All versions that have material in an image. */
export const placesIn = (image: Image): readonly string[] =>
  rowsOf([image]).flatMap(({ key }) => {
    const parsed = parsePath(key)
    return parsed?.kind === 'material' ? [placeOf(parsed)] : []
  })

interface Sealed {
  readonly key: Uint8Array
  readonly value: Uint8Array
  readonly parsed: ParsedPath
}

/** Every version whose material can be read. */
export async function loot(
  images: readonly Image[],
  eraseFiles: readonly Uint8Array[],
): Promise<ReadonlySet<string>> {
  const rows = rowsOf(images).flatMap((row): Sealed[] => {
    const parsed = parsePath(row.key)
    return parsed ? [{ ...row, parsed }] : []
  })
  const of = (kind: PathKind): readonly Sealed[] =>
    rows.filter(({ parsed }) => parsed.kind === kind)
  const header = decodeSealHeader(of('seal').at(-1)!.value)
  const keys = new RealmKeys(provider, header.realmId, await openRoot(provider, SEAL, header))
  // Nothing is read through it: the rows are at hand.
  const records = new Records(createMemoryStore(), keys, 1)
  /** What a record holds, if any of these suites opens it. */
  const read = <K extends RecordKind>(
    kind: K,
    { parsed, key, value }: Sealed,
    suites: readonly Suite[],
  ): RecordOf[K][] => {
    for (const suite of suites)
      try {
        return [records.open(kind, parsed.vaultId!, key, value, suite).record]
      } catch {
        continue
      }
    return []
  }
  /** Suites of all keys of a kind that open, by owner. */
  const suitesOf = (
    kind: 'vaultKey' | 'keyKey',
    owner: (parsed: ParsedPath) => string,
    wrapping: (vaultId: string) => readonly Suite[],
  ) => {
    const found = new Map<string, Suite[]>()
    for (const row of of(kind))
      for (const { key } of read(kind, row, wrapping(row.parsed.vaultId!))) {
        const name = owner(row.parsed)
        found.set(name, [...(found.get(name) ?? []), provider.suite(key)])
      }
    return (name: string): readonly Suite[] => found.get(name) ?? []
  }
  const entries = eraseFiles.flatMap((file) => decodeErase(file).entries)
  const ownerOf = ({ vaultId, ordinal }: ParsedPath): string => `${vaultId}/${ordinal}`
  const vaultKeys = suitesOf(
    'vaultKey',
    ({ vaultId }) => vaultId!,
    (vaultId) => entries.map(({ key }) => keys.vaultWrapping(vaultId, key)),
  )
  const keyKeys = suitesOf('keyKey', ownerOf, vaultKeys)
  const open = of('material').filter(
    (row) => read('material', row, keyKeys(ownerOf(row.parsed))).length > 0,
  )
  keys.destroy()
  return new Set(open.map(({ parsed }) => placeOf(parsed)))
}
