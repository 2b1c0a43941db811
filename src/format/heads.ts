/**
 * The MACed heads: one per vault, one per realm, and the anchor that lives outside of the store.
 * Layouts are fixed (docs/formats/heads.md); the engine computes each MAC over the whole body and
 * appends it.
 */
import { assert } from '../base/assert.ts'
import { concat, utf8 } from '../base/bytes.ts'
import { Builder, Cursor, magic, refuse } from './binary.ts'
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
  /** A replica follows the journal of another store and takes no changes of its own. */
  readonly role: 'primary' | 'replica'
  /** What the journal destroyed is still to be swept out of this store (replicas only). */
  readonly sweepOwed: boolean
}

const ROLES = ['primary', 'replica'] as const
const SWEEP_OWED = 2

/** The one order of all commits of a realm. */
export interface RealmHead {
  readonly realmId: string
  /** This store among those of the realm: each has an order of its own. */
  readonly storeId: string
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
    .u8(ROLES.indexOf(head.role) + (head.sweepOwed ? SWEEP_OWED : 0))
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
    ...flags(cursor.u8()),
  }
  cursor.end()
  return Object.freeze(head)
}

function flags(value: number): Pick<VaultHead, 'role' | 'sweepOwed'> {
  if (value > 3) refuse('Vault head', 'known flags')
  return { role: ROLES[value & 1]!, sweepOwed: (value & SWEEP_OWED) !== 0 }
}

export const encodeRealmHead = (head: RealmHead): Uint8Array =>
  new Builder()
    .raw(REALM_HEAD)
    .raw(uuidToBytes(head.realmId))
    .raw(uuidToBytes(head.storeId))
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
    storeId: bytesToUuid(cursor.take(UUID_BYTES)),
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

/** One commit in the order of the realm. */
export interface Order {
  /** `entry`: the journal of the vault has it. `local`: it concerns this store alone. */
  readonly kind: 'entry' | 'local'
  readonly vaultId: string
  /** The sequence of the vault after it. */
  readonly seq: bigint
  /** The chain of the vault after it; of a local commit the hash of the vault head. */
  readonly hash: Uint8Array
}

const ORDER_KINDS = ['entry', 'local'] as const
export const ORDER_BYTES = 1 + UUID_BYTES + 8 + HASH_BYTES

export const encodeOrder = ({ kind, vaultId, seq, hash }: Order): Uint8Array =>
  new Builder()
    .u8(ORDER_KINDS.indexOf(kind))
    .raw(uuidToBytes(vaultId))
    .u64(seq)
    .fixed(hash, HASH_BYTES)
    .finish()

/** @throws INTEGRITY for anything that `encodeOrder` does not make. */
export function decodeOrder(bytes: Uint8Array): Order {
  const cursor = new Cursor(bytes, 'Order')
  const kind = ORDER_KINDS[cursor.u8()] ?? refuse('Order', 'a known kind of commit')
  const order = {
    kind,
    vaultId: bytesToUuid(cursor.take(UUID_BYTES)),
    seq: cursor.u64(),
    hash: cursor.take(HASH_BYTES),
  }
  cursor.end()
  return Object.freeze(order)
}

const ENTRY_LABEL = utf8('strongroom/journal/v1')

/** What is hashed to the next chain value of a vault: the chain before, the sequence, and the rows of the entry. */
export function chainInput(
  previous: Uint8Array,
  seq: bigint,
  rows: readonly Uint8Array[],
): Uint8Array {
  const out = new Builder().short(ENTRY_LABEL).fixed(previous, HASH_BYTES).u64(seq).u32(rows.length)
  for (const row of rows) out.long(row)
  return out.finish()
}

const REALM_LABEL = utf8('strongroom/realm/v1')

/** What is hashed to the next chain value of the realm. */
export const realmChainInput = (previous: Uint8Array, order: Uint8Array): Uint8Array =>
  new Builder().short(REALM_LABEL).fixed(previous, HASH_BYTES).fixed(order, ORDER_BYTES).finish()

const START_LABEL = utf8('strongroom/start/v1')

/** What is hashed to the chain value before the first commit of a store. */
export const realmStartInput = (realmId: string, storeId: string): Uint8Array =>
  new Builder().short(START_LABEL).raw(uuidToBytes(realmId)).raw(uuidToBytes(storeId)).finish()
