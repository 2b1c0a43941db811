/**
 * Vault keys, key keys and material: the chain below the root. Each is sealed in its own record
 * under the one above, so that a destruction needs to rewrap 32 bytes per key, never the material.
 */
import { secretBytes, wipe } from '../base/bytes.ts'
import type { CryptoProvider, Suite } from '../crypto/provider.ts'
import type { WrappedKeyRecord } from '../domain/records.ts'
import { path, range } from '../format/paths.ts'
import type { Store } from '../store/store.ts'
import type { Cell, Keyring } from './cell.ts'
import type { EraseKeys } from './erase.ts'
import { damaged, readStore, type Records } from './records.ts'
import type { RealmKeys } from './realm-keys.ts'
import type { Tx } from './tx.ts'

export interface KeyringParts {
  readonly store: Store
  readonly records: Records
  readonly keys: RealmKeys
  readonly provider: CryptoProvider
  readonly erase: EraseKeys
}

/** Two epochs while a sweep runs, a few more after crashes in the middle of one. */
const EPOCHS_MAX = 8

/** A fresh 32-byte key, given to `use` and wiped. */
export function withFreshKey<T>(provider: CryptoProvider, use: (key: Uint8Array) => T): T {
  const key = secretBytes(32)
  provider.random.fill(key)
  try {
    return use(key)
  } finally {
    wipe(key)
  }
}

/** Writes a new vault key of the given epoch and answers its suite. */
export function createVaultKey(parts: KeyringParts, tx: Tx, epoch: number): Suite {
  return withFreshKey(parts.provider, (key) => {
    const { epoch: eraseEpoch, key: eraseKey } = parts.erase.current
    const wrapping = parts.keys.vaultWrapping(tx.cell.id, eraseKey)
    tx.create('vaultKey', path.vaultKey(tx.cell.id, epoch), { epoch: eraseEpoch, key }, wrapping)
    return parts.provider.suite(key)
  })
}

/** Opens one stored vault key under whichever erase key it is wrapped with; the caller wipes it. */
export function openVaultKey(
  parts: KeyringParts,
  cell: Pick<Cell, 'id'>,
  at: Uint8Array,
  value: Uint8Array,
): WrappedKeyRecord {
  for (const { key } of parts.erase.all) {
    const wrapping = parts.keys.vaultWrapping(cell.id, key)
    try {
      return parts.records.open('vaultKey', cell.id, at, value, wrapping).record
    } catch {
      continue
    }
  }
  throw damaged('a vault key opens under no erase key of this store')
}

/** The vault keys of a vault, loaded once. */
export async function keyring(parts: KeyringParts, cell: Cell): Promise<Keyring> {
  if (cell.keyring) return cell.keyring
  const { generation } = cell
  const { epoch } = cell.head
  const { rows } = await readStore(() =>
    parts.store.scan({ ...range.vaultKeys(cell.id), limit: EPOCHS_MAX }),
  )
  const suites = new Map<number, Suite>()
  for (const { key: at, value } of rows) {
    const { key } = openVaultKey(parts, cell, at, value)
    suites.set(new DataView(at.buffer, at.byteOffset).getUint32(17), parts.provider.suite(key))
    wipe(key)
  }
  // A sweep went on meanwhile: what was read is a mixture of before and after.
  if (!suites.has(epoch) && cell.generation !== generation) return keyring(parts, cell)
  if (!suites.has(epoch)) throw damaged(`vault key of epoch ${epoch} is missing`)
  const ring = { epoch, suites }
  if (cell.generation === generation) cell.keyring = ring
  return ring
}
