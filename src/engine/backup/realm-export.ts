/**
 * `exportRealm`: a whole store as one stream, sealed under a passphrase or key given for it. It has
 * the root key and the erase keys, so whoever opens it holds everything.
 */
import { readInput } from '../../base/check.ts'
import { concat, secretBytes, secretCopy, wipe } from '../../base/bytes.ts'
import * as c from '../../base/check.ts'
import { backupKey } from '../../backup/stream.ts'
import { sealBackup } from '../../backup/writer.ts'
import type { Frame } from '../../format/backup.ts'
import { Builder } from '../../format/binary.ts'
import { encodeErase } from '../../format/erase.ts'
import { parsePath, path } from '../../format/paths.ts'
import { decodeSealHeader } from '../../format/seal-header.ts'
import type { Store } from '../../store/store.ts'
import { asCoded } from '../coded.ts'
import type { Core } from '../core.ts'
import type { Put } from '../journal-entry.ts'
import { eachRow } from '../lookup.ts'
import { damaged, readStore } from '../records.ts'
import { SEAL_FIELD, sealRoot, type Seal } from '../seal.ts'
import { assertVerified } from '../verify.ts'

export interface ExportRealmInput {
  /** What opens the export; nothing of the seal of the store. */
  readonly seal: Seal
}

const INPUT = c.object({ seal: SEAL_FIELD })

export async function* exportRealm(core: Core, raw: ExportRealmInput): AsyncGenerator<Uint8Array> {
  const secret = secretBytes(32)
  let taken: Taken | undefined
  try {
    core.assertOpen()
    const { seal } = readInput(INPUT, raw) as ExportRealmInput
    core.provider.random.fill(secret)
    const { realmId } = core.keys
    const sealed = await sealRoot(core.provider, seal, realmId, core.now(), secret)
    taken = await core.during(() => take(core))
    const { image } = taken
    const { keys, provider } = core
    // Nobody would see before the import that something is missing.
    if (image) await core.during(() => assertVerified({ store: image, keys, provider }))
    const header = {
      kind: 'realm',
      realmId,
      region: core.region,
      createdAt: core.now(),
      position: taken.position,
      seal: sealed,
    } as const
    const keyFor = (salt: Uint8Array) => backupKey(core.provider, secret, salt)
    yield* sealBackup({ provider: core.provider, header, keyFor }, framesOf(taken))
  } catch (error) {
    throw asCoded(error)
  } finally {
    wipe(secret, taken?.root, taken?.erase)
    await taken?.release()
  }
}

/** Everything of one moment. */
interface Taken {
  readonly root: Uint8Array
  readonly erase: Uint8Array
  readonly position: number
  /** Where the rows come from, when that is not what others write to. */
  readonly image: Store | undefined
  readonly rows: AsyncIterable<Put> | Iterable<Put>
  readonly release: () => Promise<void>
}

/** While no sweep is half done; writers wait for the image, or for the copy in memory. */
async function take(core: Core): Promise<Taken> {
  await core.uses.flush()
  return core.sweeping.run(() => core.committer.alone(() => takeNow(core)))
}

async function takeNow(core: Core): Promise<Taken> {
  core.assertOpen()
  const { store, keys, erase, committer, provider } = core
  const position = Number(committer.head.seq)
  // Before there is an image to let go of.
  const sealRow = await readStore(() => store.get(path.seal()))
  if (!sealRow) throw damaged('the seal record is missing')
  const { createdAt } = decodeSealHeader(sealRow.value)
  if (!store.image) await assertVerified({ store, keys, provider })
  const image = await imageOf(store)
  const rows = image ? eachRow({ store: image.store }, EVERYTHING) : await copied(store)
  const root = keys.revealRoot(secretCopy)
  try {
    return {
      root: new Builder().raw(root).time(createdAt).finish(),
      erase: encodeErase({ realmId: keys.realmId, entries: [...erase.all].reverse() }),
      position,
      image: image?.store,
      rows,
      release: async () => image?.release(),
    }
  } finally {
    wipe(root)
  }
}

async function imageOf(store: Store) {
  if (!store.image) return undefined
  const image = await store.image()
  try {
    const { openLevelStore } = await import('../../store/level.ts')
    const opened = await openLevelStore({ path: image.path, create: 'never' })
    const release = async () => {
      await opened.close()
      await image.remove()
    }
    return { store: opened, release }
  } catch (error) {
    await image.remove()
    throw error
  }
}

/** A store without images: its rows are copied, sealed as they are. */
async function copied(store: Store): Promise<readonly Put[]> {
  const rows: Put[] = []
  for await (const { key, value } of eachRow({ store }, EVERYTHING)) rows.push({ key, value })
  return rows
}

const EVERYTHING = { gte: new Uint8Array([0]), lt: new Uint8Array([0xff]) }

async function* framesOf({ root, erase, rows }: Taken): AsyncGenerator<Frame> {
  yield { kind: 'root', body: root }
  yield { kind: 'erase', body: erase }
  for await (const { key, value } of rows) {
    // The new store gets a seal of its own.
    if (parsePath(key)?.kind === 'seal') continue
    const length = Uint8Array.of(key.length >>> 8, key.length)
    yield { kind: 'row', body: concat(length, key, value) }
  }
}
