/** Opening and creating: what is refused, with which words, and that nothing is touched then. */
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { Level } from 'level'
import type { LevelPlatform } from '../../src/store/level/platform.ts'
import type { StrongroomError } from '../../src/base/errors.ts'
import { commitOf, failureOf, textAt } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'
import { fromLevel } from '../../src/store/level/errors.ts'
import { openDirectory } from '../../src/store/level/directory.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { utf8 } from '../../src/base/bytes.ts'

const mode = (path: string): number => statSync(path).mode & 0o777

/** A closed store with one row in its log. */
async function storeWithRow(): Promise<string> {
  const path = freshDirectory()
  const store = await openLevelStore({ path })
  await store.commit(commitOf({ puts: { a: '1' } }))
  await store.close()
  return path
}

const refusal = async (
  path: string,
  platform: Partial<LevelPlatform> = {},
): Promise<StrongroomError> =>
  openDirectory({ path }, platform).then(
    () => expect.fail('opened'),
    (error: unknown) => error as StrongroomError,
  )

describe('creating', () => {
  it('makes directories and files for their owner alone, whatever the umask', async () => {
    const path = join(freshDirectory(), 'a', 'b')
    // A thread cannot set it; the usual one lets others read.
    const umask = isMainThread ? process.umask(0) : 0
    const store = await openLevelStore({ path }).finally(() => isMainThread && process.umask(umask))
    await store.sidecar!.write('anchor', utf8('x'))
    expect([mode(path), mode(join(path, 'store')), mode(join(path, 'anchor'))]).toEqual([
      0o700, 0o700, 0o600,
    ])
    expect(readdirSync(path).sort()).toEqual(['anchor', 'store'])
    await store.close()
  })

  it.each([
    ['a store', (path: string) => mkdirSync(join(path, 'store'))],
    ['a database of LevelDB itself', (path: string) => writeFileSync(join(path, 'CURRENT'), '')],
    ['tables', (path: string) => writeFileSync(join(path, '000005.ldb'), '')],
    ['a side file', (path: string) => writeFileSync(join(path, 'anchor'), '')],
  ])('always: refuses a directory that holds %s', async (_what, prepare) => {
    const path = freshDirectory()
    prepare(path)
    const before = readdirSync(path)
    expect(await failureOf(openLevelStore({ path, create: 'always' }))).toBe('STORE_EXISTS')
    expect(readdirSync(path)).toEqual(before)
  })

  it('always: creates beside files that are not of a store', async () => {
    const path = freshDirectory()
    writeFileSync(join(path, 'README'), 'mine')
    await (await openLevelStore({ path, create: 'always' })).close()
    expect(readdirSync(path).sort()).toEqual(['README', 'store'])
  })

  it('ifMissing: does not create among other files, nor where only the side files are left', async () => {
    const foreign = freshDirectory()
    writeFileSync(join(foreign, 'README'), 'mine')
    expect((await refusal(foreign)).code).toBe('STORE_MISSING')
    const lost = await storeWithRow()
    writeFileSync(join(lost, 'anchor'), '')
    rmSync(join(lost, 'store'), { recursive: true })
    const error = await refusal(lost)
    expect(error.code).toBe('STORE_MISSING')
    expect(error.message).toContain('side files')
    expect(readdirSync(lost)).toEqual(['anchor'])
  })

  it('never: creates nothing', async () => {
    const path = join(freshDirectory(), 'none')
    expect(await failureOf(openLevelStore({ path, create: 'never' }))).toBe('STORE_MISSING')
    expect(statSync(path, { throwIfNoEntry: false })).toBe(undefined)
    const empty = freshDirectory()
    expect(await failureOf(openLevelStore({ path: empty, create: 'never' }))).toBe('STORE_MISSING')
    expect(readdirSync(empty)).toEqual([])
  })

  it('starts anew where a creation was cut short, and removes its draft', async () => {
    const path = freshDirectory()
    mkdirSync(join(path, 'store.new-abc123'), { mode: 0o700 })
    writeFileSync(join(path, 'store.new-abc123', '000003.log'), 'half')
    const store = await openLevelStore({ path })
    await store.commit(commitOf({ puts: { a: '1' } }))
    await store.close()
    expect(readdirSync(path)).toEqual(['store'])
  })

  it('lets one of several that create at once win', async () => {
    const path = freshDirectory()
    const stores = await Promise.allSettled(
      Array.from({ length: 6 }, () => openLevelStore({ path })),
    )
    const opened = stores.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
    const codes = stores.flatMap((one) =>
      one.status === 'rejected' ? [(one.reason as StrongroomError).code] : [],
    )
    expect(opened.length).toBe(1)
    expect(codes).toEqual(Array.from({ length: 5 }, () => 'STORE_LOCKED'))
    await opened[0]!.close()
    expect(readdirSync(path)).toEqual(['store'])
  })

  it('refuses a path that is none', async () => {
    const file = join(freshDirectory(), 'file')
    writeFileSync(file, '')
    expect(await failureOf(openLevelStore({ path: file }))).toBe('INVALID_ARGUMENT')
    expect(await failureOf(openLevelStore({ path: '' }))).toBe('INVALID_ARGUMENT')
    const create = 'sometimes' as unknown as 'always'
    expect(await failureOf(openLevelStore({ path: file, create }))).toBe('INVALID_ARGUMENT')
  })
})

describe('an unsafe directory', () => {
  it('is refused with the command that repairs it', async () => {
    for (const bits of [0o755, 0o710, 0o704, 0o770]) {
      const path = await storeWithRow()
      chmodSync(path, bits)
      const error = await refusal(path)
      expect(error.code).toBe('STORE_UNSAFE')
      expect(error.message).toContain(`chmod 700 '${path}'`)
      chmodSync(path, 0o700)
      await (await openLevelStore({ path })).close()
    }
  })

  it('is refused when another user owns it', async () => {
    const path = await storeWithRow()
    const error = await refusal(path, { user: () => 4711 })
    expect(error.code).toBe('STORE_UNSAFE')
    expect(error.message).toContain(`chown 4711 '${path}'`)
  })

  it('is not looked at where modes mean nothing', async () => {
    const path = await storeWithRow()
    chmodSync(path, 0o755)
    await (await openDirectory({ path }, { system: 'win32', user: () => 4711 })).close()
  })
})

describe('damaged files', () => {
  const inStore = (pattern: RegExp, change: (file: string) => void) => (path: string) => {
    const store = join(path, 'store')
    const names = readdirSync(store).filter((name) => pattern.test(name))
    expect(names.length).toBeGreaterThan(0)
    for (const name of names) change(join(store, name))
  }
  const damages: [string, (path: string) => void][] = [
    ['CURRENT is missing', inStore(/^CURRENT$/, rmSync)],
    ['CURRENT is garbage', inStore(/^CURRENT$/, (file) => writeFileSync(file, 'MANIFEST-x'))],
    ['CURRENT is empty', inStore(/^CURRENT$/, (file) => truncateSync(file))],
    ['the manifest is missing', inStore(/^MANIFEST/, rmSync)],
    ['the log is missing', inStore(/\.log$/, rmSync)],
    ['a table is missing', inStore(/\.ldb$/, rmSync)],
    ['the manifest names no file', inStore(/^MANIFEST/, (file) => truncateSync(file))],
  ]
  it.each(damages)('%s: told, and nothing is made anew', async (_what, damage) => {
    const path = await storeWithRow()
    // The second opening writes the log into a table.
    await (await openLevelStore({ path })).close()
    damage(path)
    const before = readdirSync(join(path, 'store')).filter((name) => /ldb|CURRENT/.test(name))
    expect((await refusal(path)).code).toBe('INTEGRITY')
    const after = readdirSync(join(path, 'store')).filter((name) => /ldb|CURRENT/.test(name))
    expect(after).toEqual(before)
  })

  it('a store whose rows have gone but for LevelDB is whole has no HEAD', async () => {
    const path = await storeWithRow()
    const db = new Level<string, string>(join(path, 'store'))
    await db.clear()
    await db.close()
    const error = await refusal(path)
    expect(error.code).toBe('INTEGRITY')
    expect(error.message).toContain('HEAD')
  })

  it('a layout of the future is left alone', async () => {
    const path = await storeWithRow()
    const db = new Level<Uint8Array, Uint8Array>(join(path, 'store'), {
      keyEncoding: 'view',
      valueEncoding: 'view',
    })
    await db.put(Uint8Array.of(0), Uint8Array.of(2, 0, 0, 0, 0, 0, 0, 0, 1, 7))
    await db.close()
    expect((await refusal(path)).code).toBe('UNSUPPORTED')
  })
})

describe('a store that is open', () => {
  it('does not open twice in a process, by no name', async () => {
    const path = freshDirectory()
    const link = join(freshDirectory(), 'link')
    symlinkSync(path, link)
    const store = await openLevelStore({ path })
    for (const name of [path, `${path}/`, link, join(path, '..', path.split('/').at(-1)!)]) {
      const error = await refusal(name)
      expect([name, error.code]).toEqual([name, 'STORE_LOCKED'])
    }
    await store.commit(commitOf({ puts: { a: '1' } }))
    await store.close()
    const again = await openLevelStore({ path: link })
    expect(await textAt(again, 'a')).toBe('1')
    await again.close()
  })

  it('does not open twice through links to its inner directory', async () => {
    const path = freshDirectory()
    const store = await openLevelStore({ path })
    const other = freshDirectory()
    symlinkSync(join(path, 'store'), join(other, 'store'))
    expect((await refusal(other)).code).toBe('STORE_LOCKED')
    await store.close()
  })

  it('does not take a given database twice', async () => {
    const db = new Level(freshDirectory())
    const store = await openLevelStore({ db })
    expect(await failureOf(openLevelStore({ db }))).toBe('STORE_LOCKED')
    await store.close()
    await (await openLevelStore({ db })).close()
  })

  it('is free again after an opening that failed', async () => {
    const path = await storeWithRow()
    const fails: Partial<LevelPlatform> = {
      connect: async () => Promise.reject(new Error('no such engine')),
    }
    expect((await refusal(path, fails)).code).toBe('UNAVAILABLE')
    await (await openLevelStore({ path })).close()
  })
})

describe('what LevelDB reports', () => {
  const told = (code: string): unknown =>
    Object.assign(
      new Error('Database failed to open', { cause: Object.assign(new Error('x'), { code }) }),
      {
        code: 'LEVEL_DATABASE_NOT_OPEN',
      },
    )
  it.each([
    ['LEVEL_LOCKED', 'STORE_LOCKED'],
    ['LEVEL_CORRUPTION', 'INTEGRITY'],
    ['LEVEL_IO_ERROR', 'UNAVAILABLE'],
    ['LEVEL_SOMETHING', 'UNAVAILABLE'],
    ['constructor', 'UNAVAILABLE'],
  ])('%s in the cause becomes %s', (code, expected) => {
    const cause = told(code)
    const error = fromLevel(cause, 'Opening') as StrongroomError
    expect([error.code, error.cause]).toEqual([expected, cause])
  })

  it.each([
    ['IO error: /data/store/000005.ldb: Invalid argument', 'INTEGRITY'],
    ['IO error: /data/store/000005.ldb: Input/output error', 'UNAVAILABLE'],
    ['IO error: /data/store/000007.log: Invalid argument', 'UNAVAILABLE'],
    ['IO error: /data/x.ldb: Invalid arguments/LOG', 'UNAVAILABLE'],
  ])('%s becomes %s: a damaged index points beyond its table', (message, expected) => {
    const cause = Object.assign(new Error(message), { code: 'LEVEL_IO_ERROR' })
    expect((fromLevel(cause, 'Reading') as StrongroomError).code).toBe(expected)
  })
})
