/**
 * How a new store joins a realm: the root key, sealed for the way. Whoever has the card and its seal
 * can read every store and backup of the realm.
 */
import { secretBytes, secretCopy, wipe } from '../base/bytes.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { decodeSealHeader } from '../format/seal-header.ts'
import type { Core } from './core.ts'
import type { RealmSource } from './options.ts'
import { openRoot, sealRoot, type Seal } from './seal.ts'

/** The root key of a realm; whoever gets it wipes it. */
export interface RealmRoot {
  readonly realmId: string
  readonly root: Uint8Array
}

export async function makeCard({ keys, provider, clock }: Core, seal: Seal): Promise<Uint8Array> {
  const root = keys.revealRoot(secretCopy)
  try {
    return await sealRoot(provider, seal, keys.realmId, clock.now(), root)
  } finally {
    wipe(root)
  }
}

/** The root key that a card or another room hands over. @throws WRONG_SEAL, INTEGRITY */
export async function rootOf(provider: CryptoProvider, source: RealmSource): Promise<RealmRoot> {
  if ('card' in source) return openCard(provider, source.card, source.seal)
  const key = secretBytes(32)
  provider.random.fill(key)
  try {
    return await openCard(provider, await source.realmCard({ seal: { key } }), { key })
  } finally {
    wipe(key)
  }
}

async function openCard(
  provider: CryptoProvider,
  card: Uint8Array,
  seal: Seal,
): Promise<RealmRoot> {
  const header = decodeSealHeader(card)
  return { realmId: header.realmId, root: await openRoot(provider, seal, header) }
}
