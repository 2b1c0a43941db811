/**
 * The erase key: 32 bytes outside the store that take part in wrapping every vault key. A
 * destruction sweep renews it, and with that every earlier image of the store stops opening,
 * whoever holds the seal.
 */
import type { CryptoProvider } from '../crypto/provider.ts'
import { decodeErase, encodeErase } from '../format/erase.ts'
import type { Store } from '../store/store.ts'
import { secretBytes, wipe } from '../base/bytes.ts'
import { assert } from '../base/assert.ts'
import { damaged } from './records.ts'

export interface EraseKey {
  readonly epoch: number
  readonly key: Uint8Array
}

export class EraseKeys {
  readonly #store: Store
  readonly #realmId: string
  #keys: readonly EraseKey[]
  #destroyed = false

  private constructor(store: Store, realmId: string, keys: readonly EraseKey[]) {
    this.#store = store
    this.#realmId = realmId
    this.#keys = keys
  }

  /** Makes the first one, durable before anything is wrapped with it. */
  static async create(store: Store, provider: CryptoProvider, realmId: string): Promise<EraseKeys> {
    const erase = new EraseKeys(store, realmId, [])
    await erase.renew(provider)
    return erase
  }

  static async load(store: Store, realmId: string): Promise<EraseKeys> {
    const content = await store.sidecar?.read('erase')
    if (!content)
      throw damaged('the erase file beside the store is missing; without it no key opens')
    const { realmId: found, entries } = decodeErase(content)
    if (found !== realmId) throw damaged('the erase file belongs to another store')
    return new EraseKeys(store, realmId, entries)
  }

  /** The newest; new vault keys are wrapped with it. */
  get current(): EraseKey {
    return this.#keys.at(-1)!
  }

  /** Newest first; two while a sweep is under way. */
  get all(): readonly EraseKey[] {
    return [...this.#keys].reverse()
  }

  /** Adds a new current key beside the last one. */
  async renew(provider: CryptoProvider): Promise<void> {
    const key = secretBytes(32)
    provider.random.fill(key)
    const last = this.#keys.at(-1)
    await this.#write([...(last ? [last] : []), { epoch: (last?.epoch ?? 0) + 1, key }])
  }

  /** Forgets every older key, in the file too. */
  async forgetOlder(): Promise<void> {
    const older = this.#keys.slice(0, -1)
    if (older.length === 0) return
    await this.#write([this.current])
    await this.#store.sidecar?.scrub('erase')
    wipe(...older.map(({ key }) => key))
  }

  destroy(): void {
    this.#destroyed = true
    wipe(...this.#keys.map(({ key }) => key))
  }

  async #write(keys: readonly EraseKey[]): Promise<void> {
    // Wiped keys must never reach the file: nothing would open again.
    assert(!this.#destroyed, 'erase keys are written before they are destroyed')
    const content = encodeErase({ realmId: this.#realmId, entries: keys })
    try {
      await this.#store.sidecar?.write('erase', content)
    } finally {
      wipe(content)
    }
    this.#keys = keys
  }
}
