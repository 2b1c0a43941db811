import type { Suite } from '../crypto/provider.ts'
import type { VaultHead } from '../format/heads.ts'
import { Mutex } from './mutex.ts'

/**
 * What the process knows of one vault: its head as committed, as planned by writes in flight, and
 * its keys.
 */
export interface Cell {
  readonly id: string
  /**
   * The life of the room that it belongs to: `recover` begins a new one, and what was read before
   * is refused.
   */
  life: number
  /** Writers plan one after another; durability is awaited outside the lock. */
  readonly lock: Mutex
  head: VaultHead
  /** MAC element of the committed head within the realm head's sum. */
  headElement: Uint8Array | undefined
  /** The head after every write that is planned and not yet committed. */
  planned: VaultHead
  /**
   * Counts commits that were applied; a read that saw something impossible looks whether it moved.
   */
  generation: number
  /**
   * Counts changes of the vault record or its keys; permits of hot keys hold only while it stands
   * still.
   */
  permitGeneration: number
  keyring: Keyring | undefined
  /**
   * The newest write in flight; under the lock, once it is settled, the store shows everything
   * planned.
   */
  tail: Promise<void>
}

/** The vault keys by epoch; more than one only while a destruction sweep is under way. */
export interface Keyring {
  readonly epoch: number
  readonly suites: ReadonlyMap<number, Suite>
}

const ZERO = new Uint8Array(32)

/** The cell of a vault that does not exist yet. */
export function emptyHead(vaultId: string): VaultHead {
  const role = 'primary'
  return { vaultId, seq: 0n, chain: ZERO, count: 0n, sum: ZERO, epoch: 1, role, sweepOwed: false }
}

export function createCell(
  head: VaultHead,
  headElement: Uint8Array | undefined,
  life: number,
): Cell {
  return {
    id: head.vaultId,
    life,
    lock: new Mutex(),
    head,
    headElement,
    planned: head,
    generation: 0,
    permitGeneration: 0,
    keyring: undefined,
    tail: Promise.resolve(),
  }
}
