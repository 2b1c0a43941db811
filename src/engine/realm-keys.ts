/**
 * The keys of a realm, all derived from its root (docs/architecture.md, "Key hierarchy").
 * HKDF-SHA-256 (RFC 5869) with one label per use and the realm or vault id as salt, so that no two
 * uses and no two vaults ever share a key.
 */
import { secretBytes, utf8, wipe } from '../base/bytes.ts'
import { parseOkpSpki } from '../crypto/keys.ts'
import type { CryptoProvider, Mac, Suite } from '../crypto/provider.ts'
import { uuidToBytes } from '../format/paths.ts'
import { Lru } from './lru.ts'

const VAULT_SUITES_MAX = 1024
const RAW = { messageType: 'raw' } as const

export interface CheckpointKey {
  /** The 32 bytes of RFC 8032. */
  readonly publicKey: Uint8Array
  sign(text: string): Promise<Uint8Array>
  verify(text: string, signature: Uint8Array): Promise<boolean>
}

export class RealmKeys {
  readonly realmId: string
  /** MACs of heads and anchor. */
  readonly heads: Mac
  /** Elements of the multiset sums. */
  readonly elements: Mac
  /** Names of aliases and retry tokens become store keys through this. */
  readonly lookup: Mac
  /** Recognises imported material without keeping it. */
  readonly fingerprints: Mac
  /** Page tokens and import tokens. */
  readonly tokens: Mac
  readonly #provider: CryptoProvider
  readonly #root: Uint8Array
  readonly #metadata = new Lru<string, Suite>(VAULT_SUITES_MAX)
  #transport: Suite | undefined

  /** Takes ownership of `root` and wipes it on `destroy`. */
  constructor(provider: CryptoProvider, realmId: string, root: Uint8Array) {
    this.#provider = provider
    this.realmId = realmId
    this.#root = root
    const mac = (label: string) =>
      this.#with(label, realmId, (key) => provider.hmac('SHA_256', key))
    this.heads = mac('heads')
    this.elements = mac('elements')
    this.lookup = mac('lookup')
    this.fingerprints = mac('fingerprints')
    this.tokens = mac('tokens')
  }

  /** Seals the metadata records of a vault; the same in every replica of the realm. */
  metadata(vaultId: string): Suite {
    const cached = this.#metadata.get(vaultId)
    if (cached) return cached
    const suite = this.#with('metadata', vaultId, (key) => this.#provider.suite(key))
    this.#metadata.set(vaultId, suite)
    return suite
  }

  /**
   * Wraps the vault key: root and erase key together, so that renewing the erase key makes older
   * images useless.
   */
  vaultWrapping(vaultId: string, eraseKey: Uint8Array): Suite {
    const input = secretBytes(this.#root.length + eraseKey.length)
    input.set(this.#root)
    input.set(eraseKey, this.#root.length)
    const key = this.#derive(input, 'vault-key', vaultId)
    try {
      return this.#provider.suite(key)
    } finally {
      wipe(input, key)
    }
  }

  /** Tells one key of a key from another, and nothing else of it. */
  nameOf(key: Uint8Array): Uint8Array {
    return this.fingerprints.compute(utf8('key key'), key).slice(0, 16)
  }

  /** Signs and verifies checkpoints of the journal (Ed25519); the same in every store of the realm. */
  checkpointKey(provider: CryptoProvider): CheckpointKey {
    const pair = this.#with('checkpoint', this.realmId, (seed) => {
      const pkcs8 = provider.toPkcs8('ED25519', seed)
      try {
        return provider.parsePkcs8('ED25519', pkcs8)!
      } finally {
        wipe(pkcs8)
      }
    })
    try {
      const key = provider.privateKey('ED25519', pair)
      const verifier = provider.publicKey('ED25519', pair.publicKey)
      return {
        publicKey: parseOkpSpki(pair.publicKey)!.slice(),
        sign: async (text) => key.sign('ED25519', utf8(text), RAW),
        verify: async (text, signature) => verifier.verify('ED25519', utf8(text), signature, RAW),
      }
    } finally {
      wipe(pair.privateKey)
    }
  }

  /** Seals what travels between stores of the realm, and between a store and its backups. */
  travel(purpose: 'transport' | 'backup'): Suite {
    const derived = () => this.#with(purpose, this.realmId, (key) => this.#provider.suite(key))
    // Every question and every answer asks for it.
    return purpose === 'transport' ? (this.#transport ??= derived()) : derived()
  }

  /** What the key of each backup is derived from; wiped when the callback is done. */
  forBackup<T>(use: (secret: Uint8Array) => T): T {
    return this.#with('backup', this.realmId, use)
  }

  /** For `reseal`: the root itself, which the callback must not keep. */
  revealRoot<T>(use: (root: Uint8Array) => T): T {
    return use(this.#root)
  }

  destroy(): void {
    wipe(this.#root)
    this.#metadata.clear()
    this.#transport = undefined
  }

  #with<T>(label: string, id: string, use: (key: Uint8Array) => T): T {
    const key = this.#derive(this.#root, label, id)
    try {
      return use(key)
    } finally {
      wipe(key)
    }
  }

  #derive(input: Uint8Array, label: string, id: string): Uint8Array {
    return this.#provider.hkdf(input, uuidToBytes(id), utf8(`strongroom/${label}/v1`), 32)
  }
}
