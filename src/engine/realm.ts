/**
 * Making a realm in an empty store, and opening one: seal, heads and anchor must agree before
 * anything is served.
 */
import { equalBytes, secretBytes, secretCopy, wipe } from '../base/bytes.ts'
import { StrongroomError } from '../base/errors.ts'
import type { CryptoProvider } from '../crypto/provider.ts'
import {
  decodeAnchor,
  decodeRealmHead,
  decodeVaultHead,
  encodeRealmHead,
  realmStartInput,
  splitMac,
  withMac,
  type Anchor,
  type RealmHead,
  type VaultHead,
} from '../format/heads.ts'
import { addElement, ZERO_SUM } from '../format/multiset.ts'
import { path, range } from '../format/paths.ts'
import { decodeSealHeader } from '../format/seal-header.ts'
import type { Store } from '../store/store.ts'
import { writeAnchor, type Position } from './commit.ts'
import { EraseKeys } from './erase.ts'
import { newId } from './ids.ts'
import { damaged, readStore, Records } from './records.ts'
import type { RealmRoot } from './realm-card.ts'
import { RealmKeys } from './realm-keys.ts'
import { openRoot, sealRoot, type Seal } from './seal.ts'

export interface OpenedRealm {
  readonly keys: RealmKeys
  readonly erase: EraseKeys
  readonly position: Position
}

const SCAN_PAGE = 1000
const EVERYTHING = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) }
const ZERO = new Uint8Array(32)

export async function isSealed(store: Store): Promise<boolean> {
  return (await readStore(() => store.get(path.seal()))) !== undefined
}

export async function createRealm(
  store: Store,
  provider: CryptoProvider,
  seal: Seal,
  now: number,
  joined?: RealmRoot,
): Promise<OpenedRealm> {
  // A seal that was removed or is not found, or an import that was cut short.
  const { rows } = await readStore(() => store.scan({ ...EVERYTHING, limit: 1 }))
  if (rows.length > 0) throw damaged('rows lie in a store without a seal')
  if ((await store.sidecar?.read('anchor')) !== undefined)
    throw rolledBack('an anchor stands beside a store that holds nothing')
  const { realmId, root } = joined ?? newRoot(provider)
  const sealed = await sealRoot(provider, seal, realmId, now, root)
  const keys = new RealmKeys(provider, realmId, root)
  const erase = await EraseKeys.create(store, provider, realmId)
  const storeId = newId(provider.random)
  const head: RealmHead = {
    realmId,
    storeId,
    seq: 0n,
    chain: provider.digest('SHA_256', realmStartInput(realmId, storeId)),
    previousSeq: 0n,
    previousChain: ZERO,
    vaults: 0,
    sum: ZERO_SUM,
  }
  const body = encodeRealmHead(head)
  const token = new Uint8Array(16)
  provider.random.fill(token)
  const { version } = await store.commit({
    checks: [{ key: path.seal(), version: 0n }],
    puts: [
      { key: path.seal(), value: sealed },
      { key: path.realmHead(), value: withMac(body, keys.heads.compute(body)) },
    ],
    dels: [],
    token,
  })
  await writeAnchor(store, keys, head)
  return { keys, erase, position: { head, version } }
}

function newRoot({ random }: CryptoProvider): RealmRoot {
  const root = secretBytes(32)
  random.fill(root)
  return { realmId: newId(random), root }
}

export async function openRealm(
  store: Store,
  provider: CryptoProvider,
  seal: Seal,
  acceptRollback: boolean,
): Promise<OpenedRealm> {
  const row = await readStore(() => store.get(path.seal()))
  if (!row) throw damaged('the seal record is missing')
  const header = decodeSealHeader(row.value)
  const root = await openRoot(provider, seal, header)
  const keys = new RealmKeys(provider, header.realmId, root)
  try {
    const erase = await EraseKeys.load(store, header.realmId)
    const position = await loadPosition(store, keys, acceptRollback)
    return { keys, erase, position }
  } catch (error) {
    keys.destroy()
    throw error
  }
}

/** The committed position, checked as `readPosition` does; an anchor that is behind follows. */
export async function loadPosition(
  store: Store,
  keys: RealmKeys,
  acceptRollback = false,
): Promise<Position> {
  const { position, behind } = await readPosition(store, keys, acceptRollback)
  if (behind) await writeAnchor(store, keys, position.head)
  return position
}

/** The committed position, checked against every vault head and against the anchor. */
export async function readPosition(
  store: Store,
  keys: RealmKeys,
  acceptRollback = false,
): Promise<{ readonly position: Position; readonly behind: boolean }> {
  const row = await readStore(() => store.get(path.realmHead()))
  const body = row && verified(keys, row.value)
  if (!body) throw damaged('the realm head is missing or not authentic')
  const head = decodeRealmHead(body)
  if (head.realmId !== keys.realmId) throw damaged('the realm head belongs to another store')
  const { sum, vaults } = await sumOfHeads(store, keys)
  if (vaults !== head.vaults || !equalBytes(sum, head.sum))
    throw damaged(
      `the vault heads are not those that the realm head names (${vaults} of ` +
        `${head.vaults} vaults)`,
    )
  const behind = await isAnchorBehind(store, keys, head, acceptRollback)
  return { position: { head, version: row.version }, behind }
}

async function sumOfHeads(
  store: Store,
  keys: RealmKeys,
): Promise<{ sum: Uint8Array; vaults: number }> {
  const records = new Records(store, keys, 1)
  const bounds = range.heads()
  let from = bounds.gte
  let sum: Uint8Array = ZERO_SUM
  let vaults = 0
  for (;;) {
    const start = from
    const { rows } = await readStore(() =>
      store.scan({ gte: start, lt: bounds.lt, limit: SCAN_PAGE }),
    )
    for (const { key, value } of rows) sum = addElement(sum, records.element(key, value))
    vaults += rows.length
    const last = rows.at(-1)
    if (!last || rows.length < SCAN_PAGE) return { sum, vaults }
    from = new Uint8Array([...last.key, 0])
  }
}

/**
 * The store may be exactly where the anchor is, or one group ahead (a crash between commit and
 * anchor).
 */
async function isAnchorBehind(
  store: Store,
  keys: RealmKeys,
  head: RealmHead,
  acceptRollback: boolean,
): Promise<boolean> {
  if (!store.sidecar) return false
  const content = await store.sidecar.read('anchor')
  const anchor = content && anchorOf(keys, content)
  const same = anchor && anchor.seq === head.seq && equalBytes(anchor.chain, head.chain)
  if (same) return false
  const ahead =
    anchor && anchor.seq === head.previousSeq && equalBytes(anchor.chain, head.previousChain)
  const fresh = !content && head.seq === 0n
  if (!ahead && !fresh && !acceptRollback)
    throw rolledBack(
      anchor
        ? `the anchor stands at ${anchor.seq}, the store at ${head.seq}`
        : 'the anchor is missing or not authentic',
    )
  return true
}

function anchorOf(keys: RealmKeys, content: Uint8Array): Anchor | undefined {
  const body = verified(keys, content)
  if (!body) return undefined
  const anchor = decodeAnchor(body)
  return anchor.realmId === keys.realmId ? anchor : undefined
}

/** A stored vault head, authentic and of the vault it stands for. */
export function readVaultHead(keys: RealmKeys, vaultId: string, value: Uint8Array): VaultHead {
  const body = verified(keys, value)
  const head = body && decodeVaultHead(body)
  if (head?.vaultId !== vaultId) throw damaged('a vault head is not authentic')
  return head
}

function verified(keys: RealmKeys, bytes: Uint8Array): Uint8Array | undefined {
  const parts = splitMac(bytes)
  return parts && keys.heads.verify(parts.mac, parts.body) ? parts.body : undefined
}

export function rolledBack(what: string): StrongroomError {
  return new StrongroomError(
    'ROLLED_BACK',
    `Store: expected the newest state, found an older or foreign one: ${what}.`,
  )
}

/** Rewraps the root under another seal. */
export async function reseal(
  store: Store,
  provider: CryptoProvider,
  keys: RealmKeys,
  seal: Seal,
): Promise<void> {
  const row = await readStore(() => store.get(path.seal()))
  if (!row) throw damaged('the seal record is missing')
  const { createdAt } = decodeSealHeader(row.value)
  const root = keys.revealRoot(secretCopy)
  try {
    const sealed = await sealRoot(provider, seal, keys.realmId, createdAt, root)
    const token = new Uint8Array(16)
    provider.random.fill(token)
    const checks = [{ key: path.seal(), version: row.version }]
    await store.commit({ checks, puts: [{ key: path.seal(), value: sealed }], dels: [], token })
  } finally {
    wipe(root)
  }
}
