/**
 * A full look at a store from outside of the room: every head and sum recomputed from the rows. What a `verify()` of the
 * room has to find, said in another way.
 */
import { constantTimeEqual, equalBytes } from '../../src/base/bytes.ts'
import { createNodeProvider } from '../../src/crypto/node/index.ts'
import { RealmKeys } from '../../src/engine/realm-keys.ts'
import { Records } from '../../src/engine/records.ts'
import { openRoot, type Seal } from '../../src/engine/seal.ts'
import {
  decodeAnchor,
  decodeRealmHead,
  decodeVaultHead,
  splitMac,
  type RealmHead,
  type VaultHead,
} from '../../src/format/heads.ts'
import { addElement, ZERO_SUM } from '../../src/format/multiset.ts'
import { parsePath } from '../../src/format/paths.ts'
import { decodeSealHeader } from '../../src/format/seal-header.ts'
import type { Store } from '../../src/store/store.ts'
import { rowsOf, SEAL } from './support.ts'

interface Sum {
  count: bigint
  sum: Uint8Array
}
const nothing = (): Sum => ({ count: 0n, sum: ZERO_SUM })

function body(keys: RealmKeys, value: Uint8Array): Uint8Array | undefined {
  const parts = splitMac(value)
  const right = parts && constantTimeEqual(keys.heads.compute(parts.body), parts.mac)
  return right ? parts.body : undefined
}

async function keysOf(store: Store, seal: Seal): Promise<RealmKeys> {
  const provider = createNodeProvider()
  const row = (await rowsOf(store)).find(({ key }) => parsePath(key)?.kind === 'seal')
  if (!row) throw new Error('the store has no seal')
  const header = decodeSealHeader(row.value)
  return new RealmKeys(provider, header.realmId, await openRoot(provider, seal, header))
}

/** What does not add up; empty when all is whole. */
export async function complaints(store: Store, seal: Seal = SEAL): Promise<readonly string[]> {
  const keys = await keysOf(store, seal)
  const records = new Records(store, keys, 1)
  const found: string[] = []
  const sums = new Map<string, Sum>()
  const heads = new Map<string, VaultHead>()
  const all = nothing()
  let realm: RealmHead | undefined
  for (const { key, value } of await rowsOf(store)) {
    const parsed = parsePath(key)
    const element = records.element(key, value)
    if (!parsed) found.push('a row without a meaning')
    else if (parsed.kind === 'realmHead') {
      const authentic = body(keys, value)
      if (authentic) realm = decodeRealmHead(authentic)
      else found.push('the realm head is not authentic')
    } else if (parsed.kind === 'head') {
      const authentic = body(keys, value)
      if (authentic) heads.set(parsed.vaultId!, decodeVaultHead(authentic))
      else found.push('a vault head is not authentic')
      all.sum = addElement(all.sum, element)
      all.count++
    } else if (parsed.vaultId !== undefined && parsed.kind !== 'journal') {
      const sum = sums.get(parsed.vaultId) ?? nothing()
      sums.set(parsed.vaultId, { count: sum.count + 1n, sum: addElement(sum.sum, element) })
    }
  }
  for (const id of new Set([...sums.keys(), ...heads.keys()])) {
    const [head, sum] = [heads.get(id), sums.get(id) ?? nothing()]
    if (!head) found.push('a vault without a head')
    else if (head.count !== sum.count) found.push(`count ${sum.count} and not ${head.count}`)
    else if (!equalBytes(head.sum, sum.sum)) found.push('the sum of a vault')
  }
  const right = realm && BigInt(realm.vaults) === all.count && equalBytes(realm.sum, all.sum)
  if (!right) found.push('the sum of the heads')
  const anchor = await store.sidecar?.read('anchor')
  const pinned = anchor && body(keys, anchor)
  if (pinned && realm && decodeAnchor(pinned).seq !== realm.seq) found.push('the anchor')
  keys.destroy()
  return found
}
