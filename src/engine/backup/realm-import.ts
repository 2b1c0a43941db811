/**
 * `importRealm`: fills an empty store with an exported one. Its seal is written last: what is cut
 * short before is no store, and what was written of it is removed again.
 */
import * as c from '../../base/check.ts'
import { readInput } from '../../base/check.ts'
import { secretCopy, wipe } from '../../base/bytes.ts'
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { openBackup } from '../../backup/reader.ts'
import { backupKey } from '../../backup/stream.ts'
import type { CryptoProvider } from '../../crypto/provider.ts'
import { LIMITS } from '../../domain/limits.ts'
import { refuseBackup } from '../../format/armour.ts'
import type { BackupHeader, Frame } from '../../format/backup.ts'
import { Cursor } from '../../format/binary.ts'
import { decodeErase } from '../../format/erase.ts'
import { parsePath, path } from '../../format/paths.ts'
import { decodeSealHeader, type SealHeader } from '../../format/seal-header.ts'
import type { Store } from '../../store/store.ts'
import type { Put } from '../journal-entry.ts'
import { eachRow } from '../lookup.ts'
import type { OpenOptions } from '../options.ts'
import { loadPosition } from '../realm.ts'
import { RealmKeys } from '../realm-keys.ts'
import { readStore } from '../records.ts'
import { openRoot, SEAL_FIELD, sealRoot, type Seal } from '../seal.ts'
import { received, type Blob } from './source.ts'

export interface ImportRealmInput {
  /** What `exportRealm` gave. */
  readonly from: Blob
  /** The seal that was given for it there. */
  readonly seal: Seal
  /** The new store, which must be empty, and its own seal. */
  readonly open: OpenOptions
}

/** Kept as they are: `openCore` reads them. */
const anything: c.Field = { type: 'options of open', read: (value) => value }
const blob: c.Field = {
  type: 'bytes, or an async iterable of bytes',
  read: (value, at) =>
    value instanceof Uint8Array ||
    (typeof value === 'object' && value !== null && Symbol.asyncIterator in value)
      ? value
      : invalidArgument(at, 'bytes, or an async iterable of bytes', value),
}
const INPUT = c.object({ from: blob, seal: SEAL_FIELD, open: anything })

export const readImport = (raw: unknown): ImportRealmInput =>
  readInput(INPUT, raw) as ImportRealmInput

/** Puts everything into the store, the seal of the store last. */
export async function importInto(
  store: Store,
  provider: CryptoProvider,
  own: Seal,
  { from, seal }: ImportRealmInput,
): Promise<void> {
  if (!store.sidecar)
    throw new StrongroomError(
      'UNSUPPORTED',
      'open: expected a store with a place beside it for the erase key, found one without.',
    )
  for await (const _ of eachRow({ store }, EVERYTHING))
    throw new StrongroomError('STORE_EXISTS', 'open: expected an empty store, found rows in it.')
  const writer = new Rows(store, provider)
  let realm: Realm | undefined
  try {
    realm = await received(undefined, { blob: from }, (source) =>
      fill(provider, seal, source, writer),
    )
    await writer.flush()
    await finish(store, provider, own, realm)
  } catch (error) {
    await writer.undo().catch(() => undefined)
    throw error
  } finally {
    wipe(realm?.root, realm?.erase)
  }
}

const EVERYTHING = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) }

interface Realm {
  readonly realmId: string
  readonly root: Uint8Array
  readonly createdAt: number
  readonly erase: Uint8Array
}

async function fill(
  provider: CryptoProvider,
  seal: Seal,
  source: AsyncIterable<Uint8Array>,
  writer: Rows,
): Promise<Realm> {
  const { header, frames } = await openBackup(source, {
    provider,
    kind: 'realm',
    bytesMax: LIMITS.backupBytesMax,
    keyFor: async (told, salt) => {
      const secret = await openRoot(provider, seal, sealOf(told))
      try {
        return backupKey(provider, secret, salt)
      } finally {
        wipe(secret)
      }
    },
  })
  const [first, second] = [await next(frames), await next(frames)]
  if (first?.kind !== 'root' || second?.kind !== 'erase')
    return refuseBackup('the keys of a realm first')
  const keys = keysOf(header, first.body, second.body)
  try {
    for await (const { kind, body } of frames) {
      if (kind !== 'row') refuseBackup('rows alone after the keys')
      await writer.push(rowOf(body))
    }
    return keys
  } catch (error) {
    wipe(keys.root, keys.erase)
    throw error
  }
}

async function next(frames: AsyncGenerator<Frame>): Promise<Frame | undefined> {
  const result = await frames.next()
  return result.done === true ? undefined : result.value
}

function sealOf({ seal, realmId }: BackupHeader): SealHeader {
  try {
    const header = decodeSealHeader(seal ?? new Uint8Array(0))
    if (header.realmId === realmId) return header
  } catch {
    // Told below.
  }
  return refuseBackup('a header with the seal of the realm')
}

function keysOf({ realmId }: BackupHeader, body: Uint8Array, erase: Uint8Array): Realm {
  try {
    const cursor = new Cursor(body, 'Realm')
    const root = cursor.take(32)
    const createdAt = cursor.time()
    cursor.end()
    if (decodeErase(erase).realmId !== realmId) refuseBackup('the erase keys of its realm')
    return { realmId, root, createdAt, erase }
  } finally {
    wipe(body)
  }
}

function rowOf(body: Uint8Array): Put {
  const length = (body[0]! << 8) | body[1]!
  const key = body.subarray(2, 2 + length)
  const kind = parsePath(key)?.kind
  if (kind === undefined || kind === 'seal') refuseBackup('rows that lie where ours can lie')
  return { key, value: body.subarray(2 + length) }
}

/** The heads must be right before the seal makes a store of it. */
async function finish(
  store: Store,
  provider: CryptoProvider,
  own: Seal,
  { realmId, root, createdAt, erase }: Realm,
): Promise<void> {
  const sealed = await sealRoot(provider, own, realmId, createdAt, root)
  const keys = new RealmKeys(provider, realmId, secretCopy(root))
  try {
    await store.sidecar!.write('erase', erase)
    // Writes the anchor too: there is none that could disagree.
    await loadPosition(store, keys, true)
    await commit(store, provider, { puts: [{ key: path.seal(), value: sealed }], dels: [] })
  } finally {
    keys.destroy()
  }
}

async function commit(
  store: Store,
  provider: CryptoProvider,
  rows: { readonly puts: readonly Put[]; readonly dels: readonly Uint8Array[] },
): Promise<void> {
  const token = new Uint8Array(16)
  provider.random.fill(token)
  await store.commit({ checks: [], ...rows, token })
}

const COMMIT_BYTES_MAX = 1_048_576
const ROWS_PER_DELETION = 64

class Rows {
  readonly #store: Store
  readonly #provider: CryptoProvider
  #puts: Put[] = []
  #bytes = 0

  constructor(store: Store, provider: CryptoProvider) {
    this.#store = store
    this.#provider = provider
  }

  async push(row: Put): Promise<void> {
    const { maxOps, maxCommitBytes } = this.#store.limits
    const size = row.key.length + row.value.length
    const most = Math.min(COMMIT_BYTES_MAX, maxCommitBytes)
    if (this.#puts.length >= maxOps || this.#bytes + size > most) await this.flush()
    this.#puts.push(row)
    this.#bytes += size
  }

  async flush(): Promise<void> {
    const puts = this.#puts
    this.#puts = []
    this.#bytes = 0
    if (puts.length > 0) await commit(this.#store, this.#provider, { puts, dels: [] })
  }

  /** The store was empty before: whatever is there came from here. A sealed one is left alone. */
  async undo(): Promise<void> {
    if (await readStore(() => this.#store.get(path.seal()))) return
    let dels: Uint8Array[] = []
    for await (const { key } of eachRow({ store: this.#store }, EVERYTHING)) {
      dels.push(key)
      if (dels.length < ROWS_PER_DELETION) continue
      await commit(this.#store, this.#provider, { puts: [], dels })
      dels = []
    }
    if (dels.length > 0) await commit(this.#store, this.#provider, { puts: [], dels })
  }
}
