/** `verify()` of a room on disk: an image, looked at in a process of its own. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Strongroom, type VerifyReport } from '../../src/index.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { builtModules } from '../helpers/transpile.ts'
import { collected } from './backup-support.ts'
import { codeOf, freshPath, SEAL } from './support.ts'

interface Told {
  readonly report: VerifyReport
  readonly left: readonly string[]
}

/** Runs verify-main.ts to its end, or until it says that it looks; answers the last line. */
async function run<T>(what: string, path: string, killAtFirst = false): Promise<T> {
  const program = join(await builtModules(), '..', 'test', 'engine', 'verify-main.js')
  const child = spawn(process.execPath, [program, what, path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
    if (killAtFirst) child.kill('SIGKILL')
  })
  const how = await new Promise((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  )
  expect([how, errors]).toEqual([killAtFirst ? 'SIGKILL' : 0, ''])
  return JSON.parse(output.trimEnd().split('\n').at(-1)!) as T
}
const imagesIn = (path: string): string[] =>
  readdirSync(path).filter((name) => name.startsWith('store.image-'))

test('while others write: progress, a report of one moment, and no image left', async () => {
  interface Busy extends Told {
    readonly after: VerifyReport
    readonly progress: readonly number[]
    readonly images: number
    readonly written: number
  }
  const told = await run<Busy>('busy', freshPath())
  expect(told.report).toMatchObject({ ok: true, vaults: 1 })
  expect(told.written).toBeGreaterThan(1)
  expect(told.after.commits).toBeGreaterThan(told.report.commits)
  expect(told.progress.length).toBeGreaterThan(0)
  expect(told.progress).toEqual([...told.progress].sort((a, b) => a - b))
  expect([told.images, told.left]).toEqual([1, []])
})

test('a damaged table is found, and the room goes on', async () => {
  const told = await run<Told & { readonly plaintext: readonly number[] }>('damaged', freshPath())
  expect(told.report.ok).toBe(false)
  expect(told.report.finding?.what).toMatch(/damaged|INTEGRITY|missing|does not|should hold/)
  expect([told.plaintext, told.left]).toEqual([[1, 2, 3], []])
})

test('a table that is gone is found', async () => {
  const told = await run<Told>('bereft', freshPath())
  expect(told.report.ok).toBe(false)
  expect(told.left).toEqual([])
})

test('a process that is killed leaves an image, which the next opening removes', async () => {
  const path = freshPath()
  expect(await run<object>('killed', path, true)).toEqual({ looking: true })
  expect(imagesIn(path)).toHaveLength(1)
  const room = await Strongroom.open({ path, seal: SEAL })
  expect(imagesIn(path)).toEqual([])
  expect((await room.verify()).ok).toBe(true)
  await room.close()
})

test('an abort and a listener that throws end it, and nothing is left', async () => {
  const told = await run<Told & Record<'aborted' | 'before' | 'thrown', string>>(
    'stopped',
    freshPath(),
  )
  expect([told.aborted, told.before, told.thrown]).toEqual([
    'UNAVAILABLE',
    'UNAVAILABLE',
    'INTERNAL',
  ])
  expect([told.report.ok, told.left]).toEqual([true, []])
})

test('a recovery meanwhile takes no image away', async () => {
  const told = await run<Told & { readonly recovered: boolean }>('recovering', freshPath())
  expect(told).toMatchObject({ recovered: true, report: { ok: true }, left: [] })
})

test('a filter that denies a row hides it from reads, is found, and ends up in no backup', async () => {
  const path = freshPath()
  const room = await Strongroom.open({ path, seal: SEAL })
  const { id: vaultId } = await room.createVault({ displayName: 'hidden' })
  const keyIds: string[] = []
  for (let i = 0; i < 8; i++)
    keyIds.push((await room.createKey({ vaultId, displayName: `${i}`, spec: 'AES_256' })).id)
  await room.close()
  const store = await openLevelStore({ path })
  await store.compact()
  await store.close()
  const [name] = readdirSync(join(path, 'store')).filter((file) => file.endsWith('.ldb'))
  const table = join(path, 'store', name!)
  const written = readFileSync(table)

  /** Opens with a byte of the filter cleared; undefined when that does not hide keys alone. */
  const opened = async (at: number): Promise<Strongroom | undefined> => {
    const bytes = Buffer.from(written)
    bytes[at] = 0
    writeFileSync(table, bytes)
    const damaged = await Strongroom.open({ path, seal: SEAL }).catch(() => undefined)
    if (!damaged) return undefined
    const gets = await Promise.allSettled(keyIds.map((keyId) => damaged.getKey({ keyId })))
    const vault = await damaged.getVault({ vaultId }).catch(() => undefined)
    if (vault && gets.some(({ status }) => status === 'rejected')) return damaged
    await damaged.close()
    return undefined
  }
  let damaged: Strongroom | undefined
  for (let at = written.lastIndexOf('filter.leveldb') - 60; !damaged; at--)
    damaged = await opened(at)
  const { ok, finding } = await damaged.verify()
  expect(ok).toBe(false)
  expect(finding?.what).toMatch(/damaged: the block at \d+ of its file \d+\.ldb/)
  const { blob } = await damaged.backupVault({ vaultId, includeKeys: true })
  for (const backup of [blob!, damaged.exportRealm({ seal: SEAL })])
    expect(await codeOf(collected(backup))).toBe('INTEGRITY')
  await damaged.close()
  expect(imagesIn(path)).toEqual([])
  await expect(Strongroom.open({ path, seal: SEAL, verify: true })).rejects.toThrow(
    /damaged: the block at \d+ of its file \d+\.ldb/,
  )
})
