/**
 * A process with a room on disk, started by verify-disk.test.ts from built modules: there the program
 * that looks at an image exists. Arguments: what to do, and the directory.
 */
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Strongroom, type VerifyReport } from '../../src/index.ts'

export const SEAL = { key: new Uint8Array(32).fill(9) }

type Room = Awaited<ReturnType<typeof Strongroom.open>>

/** Enough rows for progress to be told. */
async function furnish(room: Room, keys = 130): Promise<string> {
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const make = () => room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  await Promise.all(Array.from({ length: keys }, make))
  return vaultId
}

const tell = (what: object): void =>
  void process.stdout.write(
    `${JSON.stringify(what, (_, value: unknown) => (typeof value === 'bigint' ? `${value}` : value))}\n`,
  )
const imagesIn = (path: string): string[] =>
  readdirSync(path).filter((name) => name.startsWith('store.image-'))
const tablesIn = (path: string): string[] =>
  readdirSync(join(path, 'store'))
    .filter((name) => name.endsWith('.ldb'))
    .map((name) => join(path, 'store', name))

/** Destroying a key compacts: what was written is in tables from then on. */
async function compacted(room: Room, vaultId: string): Promise<void> {
  const { items } = await room.listKeys({ vaultId, limit: 1 })
  await room.destroyKey({ keyId: items[0]!.id })
}

/** Writes until the report is there. */
async function busy(room: Room, path: string): Promise<void> {
  const vaultId = await furnish(room)
  await compacted(room, vaultId)
  const progress: number[] = []
  let images = 0
  let report: VerifyReport | undefined
  const looking = room.verify({
    onProgress: ({ commits, records }) => {
      progress.push(commits + records)
      images = Math.max(images, imagesIn(path).length)
    },
  })
  void looking.then((told) => (report = told))
  let written = 0
  while (!report) {
    await room.updateVault({ vaultId, displayName: `while it looks ${written}` })
    written++
  }
  const after = await room.verify()
  tell({ report, after, progress, images, written, left: imagesIn(path) })
}

/** Flips bits all over the tables, under the open room. */
async function damaged(room: Room, path: string): Promise<void> {
  const vaultId = await furnish(room)
  await compacted(room, vaultId)
  const asked = { vaultId, displayName: 'k', spec: 'AES_256' } as const
  const { id: keyId } = await room.createKey(asked)
  const { ciphertext } = await room.encrypt({ keyId, plaintext: new Uint8Array([1, 2, 3]) })
  await room.decrypt({ ciphertext })
  for (const table of tablesIn(path)) {
    const bytes = readFileSync(table)
    for (let at = 20; at < bytes.length; at += 97) bytes[at]! ^= 0x55
    writeFileSync(table, bytes)
  }
  const report = await room.verify()
  // What is in memory is served, and what is written now is written.
  const { plaintext } = await room.decrypt({ ciphertext })
  await room.createKey(asked)
  tell({ report, plaintext: [...plaintext], left: imagesIn(path) })
}

/** Takes a table away: what the manifest speaks of is not there. */
async function bereft(room: Room, path: string): Promise<void> {
  const vaultId = await furnish(room)
  await compacted(room, vaultId)
  for (const table of tablesIn(path)) rmSync(table)
  tell({ report: await room.verify(), left: imagesIn(path) })
}

/** Looks until it is killed. */
async function killed(room: Room): Promise<void> {
  const vaultId = await furnish(room)
  await compacted(room, vaultId)
  for (;;) await room.verify({ onProgress: () => tell({ looking: true }) })
}

/** An abort, and a listener that throws: both end it, and nothing stays behind. */
async function stopped(room: Room, path: string): Promise<void> {
  await furnish(room)
  const codeOf = (looking: Promise<unknown>): Promise<string> =>
    looking.then(
      () => 'ok',
      (error: unknown) => (error as { code?: string }).code ?? 'none',
    )
  const stop = new AbortController()
  const aborting = room.verify({ signal: stop.signal, onProgress: () => stop.abort() })
  const aborted = await codeOf(aborting)
  const before = await codeOf(room.verify({ signal: AbortSignal.abort() }))
  const thrown = await codeOf(
    room.verify({
      onProgress: () => {
        throw new Error('a listener of ours')
      },
    }),
  )
  tell({ aborted, before, thrown, left: imagesIn(path), report: await room.verify() })
}

/** A recovery while somebody looks at an image. */
async function recovering(room: Room, path: string): Promise<void> {
  await furnish(room)
  let recovered: Promise<void> | undefined
  const report = await room.verify({ onProgress: () => void (recovered ??= room.recover()) })
  await recovered
  tell({ report, recovered: recovered !== undefined, left: imagesIn(path) })
}

const WHAT: Readonly<Record<string, (room: Room, path: string) => Promise<void>>> = {
  busy,
  damaged,
  bereft,
  killed,
  stopped,
  recovering,
}

const [what, path] = process.argv.slice(2)
if (what !== undefined && path !== undefined) {
  const room = await Strongroom.open({ path, seal: SEAL })
  await WHAT[what]!(room, path)
  await room.close()
}
