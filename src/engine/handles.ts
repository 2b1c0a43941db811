/** Keys ready for use, in a bounded cache: native handles, never bytes. */
import type { Mac, PrivateKey, PublicKey, RawAes, Suite } from '../crypto/provider.ts'
import { Lru } from './lru.ts'

/** What a version offers, by family. */
export type Handle =
  | { readonly family: 'aes'; readonly suite: Suite; readonly raw: RawAes }
  | { readonly family: 'hmac'; readonly mac: Mac }
  | { readonly family: 'pair'; readonly privateKey: PrivateKey }

export class Handles {
  /** By version id. */
  readonly secret: Lru<string, Handle>
  readonly public: Lru<string, PublicKey>

  constructor(max: number) {
    this.secret = new Lru(max)
    this.public = new Lru(max)
  }

  drop(versionId: string): void {
    this.secret.delete(versionId)
    this.public.delete(versionId)
  }

  clear(): void {
    this.secret.clear()
    this.public.clear()
  }
}
