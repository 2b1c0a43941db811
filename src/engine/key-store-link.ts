/**
 * The way to key stores of one type. A key of a key store has a version here like every other; what
 * its material seals, the key store seals once more, so that nothing opens without both. A link
 * refuses with a `StrongroomError` of code KEY_STORE_FAILED whose `explain.rule` is the reason in
 * its own words; whatever else it throws becomes one with the reason INTERNAL_ERROR.
 */
import type { Json, KeyStoreType } from '../domain/records.ts'

/** A key store as its link sees it. */
export interface LinkedKeyStore {
  readonly id: string
  readonly vaultId: string
  readonly name: string
  readonly type: KeyStoreType
  readonly settings: Json
}

/** A key store together with what opens it: wiped once the link has answered. */
export interface OpenKeyStore extends LinkedKeyStore {
  readonly secret: Uint8Array
}

/** What a key of a key store is asked for, and on whose behalf. */
export interface LinkedUse {
  /** What the key is called over there. */
  readonly storeKeyId: string
  readonly data: Uint8Array
  /** Authenticated with the data: it names the key version and holds the context. */
  readonly aad: Uint8Array
  readonly asked: {
    readonly operation: string
    readonly keyId: string
    readonly vaultId: string
    readonly principal?: string
    readonly requestId?: string
  }
}

export interface KeyStoreLink {
  /** Refuses what contradicts other key stores of the vault; decides at once, without looking. */
  conflict?(store: LinkedKeyStore, others: readonly LinkedKeyStore[]): void
  /** Refuses what could never be connected: before it is linked, and before a change. */
  check(store: OpenKeyStore, before?: LinkedKeyStore): Promise<void>
  /**
   * Answers why it cannot be connected, in a word that is kept: the key store is `failed` then. What
   * it throws refuses the attempt, and nothing is changed.
   */
  connect(store: OpenKeyStore): Promise<string | undefined>
  /**
   * What a new key is called over there: the name that was asked for, or a name of its own.
   * Refuses a key that is not fit.
   */
  createKey(store: OpenKeyStore, asked: { readonly keyId?: string }): Promise<string>
  seal(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array>
  /** Undefined for what does not open. */
  open(store: OpenKeyStore, use: LinkedUse): Promise<Uint8Array | undefined>
  /** Absent where a type has no randomness to give. */
  random?(store: OpenKeyStore, lengthBytes: number): Promise<Uint8Array>
}
