/** Key stores: places outside of a vault that hold its keys. */
import type { Json, KeyStoreType } from '../../domain/records.ts'
import type { Asked, Page, Paged, VaultRef, Write } from './asked.ts'
import type { KeyStore } from './shown.ts'

export interface KeyStoreRef extends VaultRef {
  readonly keyStoreId: string
}
export interface CreateKeyStoreInput extends VaultRef, Write {
  /** Unique in the vault. */
  readonly name: string
  readonly type: KeyStoreType
  /** What the link of the room understands; never a secret. */
  readonly settings: Json
  /** What opens it: sealed, handed to the link alone, in no answer. */
  readonly secret?: Uint8Array
}
export interface UpdateKeyStoreInput extends KeyStoreRef, Write {
  readonly name?: string
  readonly settings?: Json
  readonly secret?: Uint8Array
  /** The change may be made while it is connected; by default it has to be disconnected. */
  readonly whileConnected?: boolean
}
export interface ConnectKeyStoreInput extends KeyStoreRef, Write {
  /** How long it shows `connecting` or `disconnecting` first; default 0. */
  readonly settleMs?: number
}

export interface KeyStoreOperations {
  /** Linked, and disconnected at first. */
  createKeyStore: [CreateKeyStoreInput, KeyStore]
  getKeyStore: [KeyStoreRef & Asked, KeyStore]
  listKeyStores: [VaultRef & Paged, Page<KeyStore>]
  updateKeyStore: [UpdateKeyStoreInput, KeyStore]
  /** A link that refuses is no error: the key store is `failed` then, and says why. */
  connectKeyStore: [ConnectKeyStoreInput, KeyStore]
  /** Its keys are unavailable until it is connected again. */
  disconnectKeyStore: [ConnectKeyStoreInput, KeyStore]
  /** Disconnected, and without keys. */
  deleteKeyStore: [KeyStoreRef & Write, KeyStore]
}
