/** A position that was pinned elsewhere: the store must stand there or go on from there. */
import { equalBytes } from '../base/bytes.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import { realmChainInput, type RealmHead } from '../format/heads.ts'
import type { Store } from '../store/store.ts'
import { checkpointOf, ordersFrom } from './checkpoint.ts'
import { eachRow } from './lookup.ts'
import { rolledBack } from './realm.ts'
import type { RealmKeys } from './realm-keys.ts'

export interface Pinned {
  readonly sequence: bigint
  readonly hash: Uint8Array
}

/** @throws ROLLED_BACK for an older store and for one that went another way */
export async function checkExpected(
  store: Store,
  keys: RealmKeys,
  provider: CryptoProvider,
  head: RealmHead,
  { sequence, hash }: Pinned,
): Promise<void> {
  if (sequence > head.seq)
    throw rolledBack(`expectHead stands at ${sequence}, the store at ${head.seq}`)
  const base = await checkpointOf(store, keys, provider, head)
  if (base && sequence < base.frontier.size)
    throw rolledBack(
      `expectHead stands at ${sequence}, and the journal was let go up to ${base.frontier.size}: ` +
        'compare a checkpoint of then',
    )
  let chain = hash
  for await (const { value } of eachRow({ store }, ordersFrom(sequence + 1n, head.seq)))
    chain = provider.digest('SHA_256', realmChainInput(chain, value))
  if (!equalBytes(chain, head.chain))
    throw rolledBack(`the journal does not go on from commit ${sequence} as expected`)
}
