/**
 * The erase file: the keys that take part in wrapping vault keys and live outside of the store, so
 * that renewing them makes older images of the store useless (docs/formats/erase.md).
 */
import { invalidArgument } from '../base/errors.ts'
import { Builder, Cursor, magic } from './binary.ts'
import { UUID_BYTES, bytesToUuid, uuidToBytes } from './uuid.ts'

export const ERASE_KEY_BYTES = 32
/** The key in use and, while a sweep is under way, the one that follows it. */
export const ERASE_ENTRIES_MAX = 2

export interface EraseEntry {
  readonly epoch: number
  readonly key: Uint8Array
}

export interface Erase {
  readonly realmId: string
  readonly entries: readonly EraseEntry[]
}

const ERASE = magic('SRER')

const distinct = (entries: readonly EraseEntry[]): boolean =>
  new Set(entries.map((entry) => entry.epoch)).size === entries.length

export function encodeErase(erase: Erase): Uint8Array {
  const { entries, realmId } = erase
  if (entries.length > ERASE_ENTRIES_MAX || !distinct(entries))
    invalidArgument('erase.entries', 'at most two, of different epochs', entries.length)
  const out = new Builder().raw(ERASE).raw(uuidToBytes(realmId)).u8(entries.length)
  for (const { epoch, key } of entries) out.u32(epoch).fixed(key, ERASE_KEY_BYTES)
  return out.finish()
}

/**
 * The keys are copies that the caller wipes. @throws INTEGRITY for anything that `encodeErase` does
 * not make.
 */
export function decodeErase(bytes: Uint8Array): Erase {
  const cursor = new Cursor(bytes, 'Erase file')
  cursor.expect(ERASE)
  const realmId = bytesToUuid(cursor.take(UUID_BYTES))
  const count = cursor.u8()
  if (count > ERASE_ENTRIES_MAX) cursor.refuse('at most two entries')
  const entries: EraseEntry[] = []
  for (let i = 0; i < count; i++)
    entries.push(Object.freeze({ epoch: cursor.u32(), key: cursor.take(ERASE_KEY_BYTES) }))
  if (!distinct(entries)) cursor.refuse('different epochs')
  cursor.end()
  return Object.freeze({ realmId, entries: Object.freeze(entries) })
}
