/**
 * The MACed heads: one per vault, one per realm, and the anchor that lives outside of the store.
 * Layouts are fixed (docs/formats/heads.md); the engine computes each MAC over the whole body and
 * appends it.
 */
import { assert } from '../base/assert.ts'
import { concat, utf8 } from '../base/bytes.ts'
import { Builder, Cursor, magic } from './binary.ts'
import { UUID_BYTES, bytesToUuid, uuidToBytes } from './uuid.ts'

export const MAC_BYTES = 32
const HASH_BYTES = 32

/** The one conflict point of a vault. */
export interface VaultHead {
  readonly vaultId: string
  /** Number of the newest commit. */
  readonly seq: bigint
  /** Hash of the journal up to it. */
  readonly chain: Uint8Array
  /** How many sealed records the vault has. */
  readonly count: bigint
  /** Multiset sum over them. */
  readonly sum: Uint8Array
  /** The epoch of the vault key in use. */
  readonly epoch: number
}

/** The one order of all commits of a realm. */
export interface RealmHead {
  readonly realmId: string
  readonly seq: bigint
  readonly chain: Uint8Array
  /**
   * The head before, so that an anchor that is one commit behind can be recognised after a crash.
   */
  readonly previousSeq: bigint
  readonly previousChain: Uint8Array
  readonly vaults: number
  /** Multiset sum over the heads of the vaults. */
  readonly sum: Uint8Array
}

/** What is pinned outside of the store: an older store than this is refused. */
export interface Anchor {
  readonly realmId: string
  readonly seq: bigint
  readonly chain: Uint8Array
}

const VAULT_HEAD = magic('SRVH')
const REALM_HEAD = magic('SRRH')
const ANCHOR = magic('SRAN')

export const encodeVaultHead = (head: VaultHead): Uint8Array =>
  new Builder()
    .raw(VAULT_HEAD)
    .raw(uuidToBytes(head.vaultId))
    .u64(head.seq)
    .fixed(head.chain, HASH_BYTES)
    .u64(head.count)
    .fixed(head.sum, HASH_BYTES)
    .u32(head.epoch)
    .finish()

/** @throws INTEGRITY for anything that `encodeVaultHead` does not make. */
export function decodeVaultHead(body: Uint8Array): VaultHead {
  const cursor = new Cursor(body, 'Vault head')
  cursor.expect(VAULT_HEAD)
  const head = {
    vaultId: bytesToUuid(cursor.take(UUID_BYTES)),
    seq: cursor.u64(),
    chain: cursor.take(HASH_BYTES),
    count: cursor.u64(),
    sum: cursor.take(HASH_BYTES),
    epoch: cursor.u32(),
  }
  cursor.end()
  return Object.freeze(head)
}

export const encodeRealmHead = (head: RealmHead): Uint8Array =>
  new Builder()
    .raw(REALM_HEAD)
    .raw(uuidToBytes(head.realmId))
    .u64(head.seq)
    .fixed(head.chain, HASH_BYTES)
    .u64(head.previousSeq)
    .fixed(head.previousChain, HASH_BYTES)
    .u32(head.vaults)
    .fixed(head.sum, HASH_BYTES)
    .finish()

/** @throws INTEGRITY for anything that `encodeRealmHead` does not make. */
export function decodeRealmHead(body: Uint8Array): RealmHead {
  const cursor = new Cursor(body, 'Realm head')
  cursor.expect(REALM_HEAD)
  const head = {
    realmId: bytesToUuid(cursor.take(UUID_BYTES)),
    seq: cursor.u64(),
    chain: cursor.take(HASH_BYTES),
    previousSeq: cursor.u64(),
    previousChain: cursor.take(HASH_BYTES),
    vaults: cursor.u32(),
    sum: cursor.take(HASH_BYTES),
  }
  cursor.end()
  return Object.freeze(head)
}

export const encodeAnchor = (anchor: Anchor): Uint8Array =>
  new Builder()
    .raw(ANCHOR)
    .raw(uuidToBytes(anchor.realmId))
    .u64(anchor.seq)
    .fixed(anchor.chain, HASH_BYTES)
    .finish()

/** @throws INTEGRITY for anything that `encodeAnchor` does not make. */
export function decodeAnchor(body: Uint8Array): Anchor {
  const cursor = new Cursor(body, 'Anchor')
  cursor.expect(ANCHOR)
  const anchor = {
    realmId: bytesToUuid(cursor.take(UUID_BYTES)),
    seq: cursor.u64(),
    chain: cursor.take(HASH_BYTES),
  }
  cursor.end()
  return Object.freeze(anchor)
}

/** Body and MAC in one. */
export function withMac(body: Uint8Array, mac32: Uint8Array): Uint8Array {
  assert(mac32.length === MAC_BYTES, 'a MAC of 32 bytes')
  return concat(body, mac32)
}

/** The two parts (views), or undefined when the bytes are too short to hold a MAC. */
export function splitMac(bytes: Uint8Array): { body: Uint8Array; mac: Uint8Array } | undefined {
  const at = bytes.length - MAC_BYTES
  return at < 0 ? undefined : { body: bytes.subarray(0, at), mac: bytes.subarray(at) }
}

/** One commit as the journal remembers it. */
export interface ChainEntry {
  /** The chain value before. */
  readonly previous: Uint8Array
  readonly seq: bigint
  readonly vaultId: string
  readonly operation: string
  /** Milliseconds since the epoch. */
  readonly time: number
  /**
   * In the order of the commit; the digest is that of the sealed value, for a deletion that of no
   * bytes.
   */
  readonly writes: readonly { readonly path: Uint8Array; readonly digest: Uint8Array }[]
}

const CHAIN_LABEL = utf8('strongroom/chain/v1')

/** Injective bytes of one commit; their hash is the next chain value. */
export function chainEntry(entry: ChainEntry): Uint8Array {
  const out = new Builder()
    .short(CHAIN_LABEL)
    .fixed(entry.previous, HASH_BYTES)
    .u64(entry.seq)
    .raw(uuidToBytes(entry.vaultId))
    .short(utf8(entry.operation))
    .time(entry.time)
    .u32(entry.writes.length)
  for (const { path, digest } of entry.writes) out.short(path).short(digest)
  return out.finish()
}
