/**
 * How a store is unsealed: realm, the way from the caller's secret to the key that wraps the root
 * key, and the wrapped root key (docs/formats/seal.md). Costs have floors and caps: a hostile
 * header neither weakens the passphrase nor makes the reader spend memory.
 */
import { invalidArgument } from '../base/errors.ts'
import { Builder, Cursor, magic } from './binary.ts'
import { UUID_BYTES, bytesToUuid, uuidToBytes } from './uuid.ts'

/**
 * Bounds of scrypt (RFC 7914): at most 128 * N * r = 1 GiB; OWASP's minimum is N = 2^17, r = 8, p =
 * 1.
 */
export const SCRYPT_BOUNDS = {
  logNMin: 17,
  logNMax: 20,
  r: 8,
  pMin: 1,
  pMax: 4,
  saltBytesMin: 16,
  saltBytesMax: 64,
} as const

const WRAPPED_BYTES_MIN = 16
const WRAPPED_ROOT_BYTES_MAX = 1024
/** What a callback (another key manager) wants to be shown again: opaque to us, may be nothing. */
const CALLBACK_BYTES_MAX = 4096

export interface ScryptKdf {
  readonly type: 'scrypt'
  readonly salt: Uint8Array
  /** CPU and memory cost: a power of two from 2^17 to 2^20. */
  readonly N: number
  readonly r: number
  readonly p: number
}
export interface KeyKdf {
  readonly type: 'key'
}
export interface CallbackKdf {
  readonly type: 'callback'
  readonly wrapped: Uint8Array
}
export type SealKdf = ScryptKdf | KeyKdf | CallbackKdf

export interface SealHeader {
  readonly realmId: string
  /** Milliseconds since the epoch. */
  readonly createdAt: number
  readonly kdf: SealKdf
  readonly wrappedRoot: Uint8Array
}

const SEAL = magic('SRSL')
const within = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most

const costsFit = (logN: number, r: number, p: number): boolean =>
  Number.isInteger(logN) &&
  within(logN, SCRYPT_BOUNDS.logNMin, SCRYPT_BOUNDS.logNMax) &&
  r === SCRYPT_BOUNDS.r &&
  Number.isInteger(p) &&
  within(p, SCRYPT_BOUNDS.pMin, SCRYPT_BOUNDS.pMax)

interface KdfRow<K> {
  readonly tag: number
  readonly write: (out: Builder, kdf: K) => void
  readonly read: (cursor: Cursor) => K
}

function writeScrypt(out: Builder, { salt, N, r, p }: ScryptKdf): void {
  const logN = Math.log2(N)
  if (!costsFit(logN, r, p))
    invalidArgument('seal.scrypt', 'N a power of two from 2^17 to 2^20, r = 8, p from 1 to 4', N)
  if (!within(salt.length, SCRYPT_BOUNDS.saltBytesMin, SCRYPT_BOUNDS.saltBytesMax))
    invalidArgument('seal.scrypt.salt', '16 to 64 bytes', salt)
  out.u8(logN).u8(r).u8(p).short(salt)
}

function readScrypt(cursor: Cursor): ScryptKdf {
  const [logN, r, p] = [cursor.u8(), cursor.u8(), cursor.u8()]
  if (!costsFit(logN, r, p)) cursor.refuse('scrypt costs within their floors and caps')
  const salt = cursor.short(SCRYPT_BOUNDS.saltBytesMin, SCRYPT_BOUNDS.saltBytesMax)
  return { type: 'scrypt', salt, N: 2 ** logN, r, p }
}

function writeCallback(out: Builder, { wrapped }: CallbackKdf): void {
  if (!within(wrapped.length, 0, CALLBACK_BYTES_MAX))
    invalidArgument('seal.wrapped', `at most ${CALLBACK_BYTES_MAX} bytes`, wrapped)
  out.short(wrapped)
}

/** Tag and layout of each way. Append only. */
const KDFS: { readonly [T in SealKdf['type']]: KdfRow<Extract<SealKdf, { type: T }>> } = {
  scrypt: { tag: 1, write: writeScrypt, read: readScrypt },
  key: { tag: 2, write: () => undefined, read: () => ({ type: 'key' }) },
  callback: {
    tag: 3,
    write: writeCallback,
    read: (cursor) => ({ type: 'callback', wrapped: cursor.short(0, CALLBACK_BYTES_MAX) }),
  },
}

const ROWS: readonly KdfRow<SealKdf>[] = Object.values(KDFS) as unknown as KdfRow<SealKdf>[]

/** Everything but the wrapped root key: the associated data of wrapping it. */
export function sealHeaderAad(header: Omit<SealHeader, 'wrappedRoot'>): Uint8Array {
  const row = KDFS[header.kdf.type] as KdfRow<SealKdf>
  const out = new Builder()
    .raw(SEAL)
    .raw(uuidToBytes(header.realmId))
    .time(header.createdAt)
    .u8(row.tag)
  row.write(out, header.kdf)
  return out.finish()
}

/** @throws INVALID_ARGUMENT when costs, salt or wrapped keys are out of bounds. */
export function encodeSealHeader(header: SealHeader): Uint8Array {
  const { wrappedRoot } = header
  if (!within(wrappedRoot.length, WRAPPED_BYTES_MIN, WRAPPED_ROOT_BYTES_MAX))
    invalidArgument('seal.wrappedRoot', `16 to ${WRAPPED_ROOT_BYTES_MAX} bytes`, wrappedRoot)
  return new Builder().raw(sealHeaderAad(header)).short(wrappedRoot).finish()
}

/**
 * @throws INTEGRITY for anything that `encodeSealHeader` does not make, before any cost is paid.
 */
export function decodeSealHeader(bytes: Uint8Array): SealHeader {
  const cursor = new Cursor(bytes, 'Seal header')
  cursor.expect(SEAL)
  const realmId = bytesToUuid(cursor.take(UUID_BYTES))
  const createdAt = cursor.time()
  const tag = cursor.u8()
  const row = ROWS.find((candidate) => candidate.tag === tag)
  const kdf = row?.read(cursor) ?? cursor.refuse('a known way of unsealing')
  const wrappedRoot = cursor.short(WRAPPED_BYTES_MIN, WRAPPED_ROOT_BYTES_MAX)
  cursor.end()
  return Object.freeze({ realmId, createdAt, kdf: Object.freeze(kdf), wrappedRoot })
}
