/**
 * The spool: a backup that comes in is put aside in the store, sealed, before anything of it is
 * visible. Its rows count in no head. Their key is wrapped like a vault key, so that it goes with
 * every renewal of the erase key: old images of the store do not keep what a backup held.
 */
import { secretCopy, wipe } from '../../base/bytes.ts'
import type { Suite } from '../../crypto/provider.ts'
import { encodeFrame, FrameReader, type Frame } from '../../format/backup.ts'
import { parsePath, path, range } from '../../format/paths.ts'
import type { Put } from '../journal-entry.ts'
import type { Core } from '../core.ts'
import type { EraseKey } from '../erase.ts'
import { openVaultKey, withFreshKey } from '../keyring.ts'
import { eachRow } from '../lookup.ts'
import { damaged, readStore } from '../records.ts'

const EMPTY = new Uint8Array(0)
/** Sealed, with path and room to spare, it fits the smallest row of any store. */
const PIECE_BYTES = 49_152
/** Of pieces in one commit, at most; half of what the store takes, when that is less. */
const COMMIT_BYTES_MAX = 1_048_576
const DELETIONS_PER_COMMIT = 64

export class SpoolWriter {
  readonly #core: Core
  readonly #id: string
  readonly #suite: Suite
  readonly #piece = secretCopy(new Uint8Array(PIECE_BYTES))
  #used = 0
  #pieces = 0
  #puts: Put[] = []
  #waiting = 0

  private constructor(core: Core, id: string, suite: Suite) {
    this.#core = core
    this.#id = id
    this.#suite = suite
  }

  /** Makes its key; no sweep is under way then, so that the sweep sees it. */
  static async create(core: Core, id: string): Promise<SpoolWriter> {
    await dropSpool(core, id)
    return core.sweeping.run(async () => {
      const { puts, suite } = withFreshKey(core.provider, (key) => ({
        puts: [sealedKey(core, id, core.erase.current, key)],
        suite: core.provider.suite(key),
      }))
      await core.committer.aside({ puts, dels: [] })
      return new SpoolWriter(core, id, suite)
    })
  }

  /** Keeps a frame; the caller still wipes it. */
  async push(frame: Frame): Promise<void> {
    const bytes = encodeFrame(frame)
    try {
      for (let at = 0; at < bytes.length;) {
        const taken = Math.min(bytes.length - at, PIECE_BYTES - this.#used)
        this.#piece.set(bytes.subarray(at, at + taken), this.#used)
        this.#used += taken
        at += taken
        if (this.#used === PIECE_BYTES) await this.#seal()
      }
    } finally {
      wipe(bytes)
    }
  }

  /** Answers how many pieces there are, all of them durable. */
  async finish(): Promise<number> {
    if (this.#used > 0) await this.#seal()
    await this.#flush()
    return this.#pieces
  }

  wipe(): void {
    wipe(this.#piece)
  }

  async #seal(): Promise<void> {
    const key = path.spool(this.#id, BigInt(++this.#pieces))
    const value = this.#suite.seal(EMPTY, key, this.#piece.subarray(0, this.#used))
    this.#used = 0
    this.#puts.push({ key, value })
    this.#waiting += key.length + value.length
    const most = Math.min(COMMIT_BYTES_MAX, this.#core.store.limits.maxCommitBytes / 2)
    if (this.#waiting + value.length > most) await this.#flush()
  }

  async #flush(): Promise<void> {
    const puts = this.#puts
    this.#puts = []
    this.#waiting = 0
    if (puts.length > 0) await this.#core.committer.aside({ puts, dels: [] })
  }
}

function sealedKey(core: Core, id: string, erase: EraseKey, key: Uint8Array): Put {
  const at = path.spool(id, 0n)
  const wrapping = core.keys.vaultWrapping(id, erase.key)
  const value = core.records.seal('vaultKey', id, at, 0n, { epoch: erase.epoch, key }, wrapping)
  return { key: at, value }
}

async function openKey(core: Core, id: string) {
  const at = path.spool(id, 0n)
  const row = await readStore(() => core.store.get(at))
  if (!row) throw damaged('the key of a spooled backup is missing')
  return openVaultKey(core, { id }, at, row.value)
}

/** The frames of a whole spool. */
export async function* spooled(core: Core, id: string, pieces: number): AsyncGenerator<Frame> {
  const { key } = await openKey(core, id)
  const suite = core.provider.suite(key)
  wipe(key)
  const reader = new FrameReader()
  try {
    for (let number = 1; number <= pieces; number++) {
      const at = path.spool(id, BigInt(number))
      const row = await readStore(() => core.store.get(at))
      const piece = row && suite.open(row.value, 0, at)
      if (!piece) throw damaged('a piece of a spooled backup is missing or changed')
      const frames = reader.push(piece)
      wipe(piece)
      try {
        for (let frame = frames.shift(); frame; frame = frames.shift()) yield frame
      } finally {
        wipe(...frames.map(({ body }) => body))
      }
    }
    reader.finish()
  } finally {
    reader.clear()
  }
}

/** Removes a spool, its key last: a crash in the middle leaves one that is found again. */
export async function dropSpool(core: Core, id: string): Promise<void> {
  const keyRow = path.spool(id, 0n)
  let dels: Uint8Array[] = []
  const flush = async () => {
    if (dels.length > 0) await core.committer.aside({ puts: [], dels })
    dels = []
  }
  for await (const { key } of eachRow(core, { ...range.spool(id), gte: path.spool(id, 1n) })) {
    dels.push(key)
    if (dels.length >= DELETIONS_PER_COMMIT) await flush()
  }
  if (await readStore(() => core.store.get(keyRow))) dels.push(keyRow)
  await flush()
}

/** The ids of all spools that the store holds. */
export async function spoolIds(core: Pick<Core, 'store'>): Promise<readonly string[]> {
  const ids: string[] = []
  let { gte } = range.spools()
  const { lt } = range.spools()
  for (;;) {
    const from = gte
    const { rows } = await readStore(() => core.store.scan({ gte: from, lt, limit: 1 }))
    const id = rows[0] && parsePath(rows[0].key)?.spoolId
    if (id === undefined) return ids
    ids.push(id)
    gte = range.spool(id).lt
  }
}

/** For a sweep: brings the keys of all spools under the newest erase key. */
export async function rewrapSpools(core: Core, erase: EraseKey): Promise<void> {
  for (const id of await spoolIds(core)) {
    if (!(await readStore(() => core.store.get(path.spool(id, 0n))))) continue
    const { epoch, key } = await openKey(core, id)
    try {
      if (epoch !== erase.epoch)
        await core.committer.aside({ puts: [sealedKey(core, id, erase, key)], dels: [] })
    } finally {
      wipe(key)
    }
  }
}
