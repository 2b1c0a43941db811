/** Making and finding a store: what is told, what is left behind, and who wins. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { LevelPathOptions } from '../../src/store/level.ts'
import type { LevelPlatform } from '../../src/store/level/platform.ts'
import type { StrongroomError } from '../../src/base/errors.ts'
import { assertWhole, isLevelFile } from '../../src/store/level/inspection.ts'
import { defaultPlatform } from '../../src/store/level/platform.ts'
import { ensureStore, removeDrafts } from '../../src/store/level/creation.ts'
import { freshDirectory } from './harness.ts'

const ensure = (
  options: LevelPathOptions,
  platform: Partial<LevelPlatform> = {},
): Promise<{ root: string; location: string }> =>
  ensureStore(options, { ...defaultPlatform, ...platform })

const refusal = (
  options: LevelPathOptions,
  platform: Partial<LevelPlatform> = {},
): Promise<StrongroomError> =>
  ensure(options, platform).then(
    () => expect.fail('made'),
    (error: unknown) => error as StrongroomError,
  )

/** A directory with empty files in it. */
function holding(...names: string[]): string {
  const path = freshDirectory()
  for (const name of names) writeFileSync(join(path, name), '')
  return path
}

describe('a path', () => {
  it('is text, and leads to where no link is left', async () => {
    const made = await ensure({ path: join(freshDirectory(), 'a', 'b') })
    expect(made.location).toBe(join(made.root, 'store'))
    const link = join(freshDirectory(), 'link')
    symlinkSync(made.root, link)
    expect(await ensure({ path: link })).toEqual(made)
    for (const path of [5, undefined, '', {}])
      expect((await refusal({ path: path as string })).code).toBe('INVALID_ARGUMENT')
  })

  it('that cannot be followed is told as it is', async () => {
    const path = join(freshDirectory(), 'loop')
    symlinkSync(path, path)
    expect(await refusal({ path })).toMatchObject({ code: 'ELOOP' })
  })
})

describe('there is no store', () => {
  const cases: [string, () => LevelPathOptions, string][] = [
    [
      'in a directory that is none',
      () => ({ path: join(freshDirectory(), 'none'), create: 'never' }),
      'The directory does not exist',
    ],
    ['in an empty one', () => ({ path: holding(), create: 'never' }), 'It holds other files'],
    ['among other files', () => ({ path: holding('README') }), 'It holds other files'],
    ['beside an anchor', () => ({ path: holding('anchor') }), "its directory 'store' is gone"],
    [
      'beside an erase key',
      () => ({ path: holding('erase', 'x') }),
      "its directory 'store' is gone",
    ],
  ]
  it.each(cases)('%s, and it says why', async (_what, options, why) => {
    const error = await refusal(options())
    expect(error.code).toBe('STORE_MISSING')
    expect(error.message).toContain(why)
  })
})

describe('a directory of others', () => {
  it('is told with its mode and its user', async () => {
    const { root } = await ensure({ path: freshDirectory() })
    chmodSync(root, 0o750)
    expect((await refusal({ path: root })).message).toContain(`${root} has mode 750: others`)
    chmodSync(root, 0o700)
    const error = await refusal({ path: root }, { user: () => 4711 })
    expect(error.message).toContain(`belongs to user ${statSync(root).uid}, not to 4711`)
  })

  it('is what it is where users have no numbers', async () => {
    const { root } = await ensure({ path: freshDirectory() }, { user: () => undefined })
    expect(existsSync(join(root, 'store'))).toBe(true)
  })
})

describe('a creation', () => {
  /** Somebody else makes the store while ours is a draft. */
  const overtaken: LevelPlatform['connect'] = async (draft, options) => {
    const theirs = join(draft, '..', 'store')
    mkdirSync(theirs)
    writeFileSync(join(theirs, 'theirs'), '')
    return defaultPlatform.connect(draft, options)
  }

  it('that fails leaves nothing, whether in the engine or in the write', async () => {
    const path = freshDirectory()
    const connects: LevelPlatform['connect'][] = [
      () => Promise.reject(new Error('no engine')),
      async (location, options) => {
        const db = await defaultPlatform.connect(location, options)
        return Object.assign(db, {
          batch: () => {
            throw new Error('no engine')
          },
        })
      },
    ]
    for (const connect of connects) {
      expect(await refusal({ path }, { connect })).toMatchObject({ message: 'no engine' })
      expect(readdirSync(path)).toEqual([])
    }
  })

  it('closes what it wrote, and asks for a new database', async () => {
    const told: unknown[] = []
    const connect: LevelPlatform['connect'] = async (location, options) => {
      told.push(options)
      const db = await defaultPlatform.connect(location, options)
      const close = db.close.bind(db)
      return Object.assign(db, {
        close: () => {
          told.push('close')
          return close()
        },
      })
    }
    await ensure({ path: freshDirectory() }, { connect })
    expect(told).toEqual([{ createIfMissing: true }, 'close'])
  })

  it('that is overtaken finds the store of the other', async () => {
    const path = freshDirectory()
    const { location } = await ensure({ path }, { connect: overtaken })
    expect(readdirSync(location)).toEqual(['theirs'])
    expect(readdirSync(path)).toEqual(['store'])
  })

  it('that has to be new is refused then', async () => {
    const path = freshDirectory()
    const error = await refusal({ path, create: 'always' }, { connect: overtaken })
    expect(error.code).toBe('STORE_EXISTS')
    expect(error.message).toContain("found 'store'")
    expect(readdirSync(path)).toEqual(['store'])
  })

  it('begins anew beside drafts alone', async () => {
    const path = holding('store.new-x')
    await ensure({ path })
    expect(readdirSync(path).sort()).toEqual(['store', 'store.new-x'])
    mkdirSync(join(path, 'store.image-x'))
    writeFileSync(join(path, 'my store.new-x'), '')
    await removeDrafts(path)
    expect(readdirSync(path).sort()).toEqual(['my store.new-x', 'store'])
  })
})

describe('a directory of LevelDB', () => {
  it.each([
    ['CURRENT', true],
    ['LOCK', true],
    ['MANIFEST-000012', true],
    ['000012.log', true],
    ['000012.ldb', true],
    ['000012.sst', true],
    ['CURRENTLY', false],
    ['my LOCK', false],
    ['MANIFEST-x', false],
    ['MANIFEST-', false],
    ['a.log', false],
    ['.log', false],
    ['000012.logs', false],
  ])('holds %s: %s', (name, expected) => {
    expect(isLevelFile(name)).toBe(expected)
  })

  /** Its files, whole or with one of them as given. */
  function files(parts: Readonly<Record<string, string | undefined>> = {}): string {
    const location = freshDirectory()
    const whole = { CURRENT: 'MANIFEST-000012\n', 'MANIFEST-000012': '', '000013.log': '' }
    for (const [name, content] of Object.entries<string | undefined>({ ...whole, ...parts }))
      if (content !== undefined) writeFileSync(join(location, name), content)
    return location
  }
  const damages: [string, Readonly<Record<string, string | undefined>>][] = [
    ['the file CURRENT is missing', { CURRENT: undefined }],
    ['the file CURRENT names no manifest', { CURRENT: 'MANIFEST-000012' }],
    ['the file CURRENT names no manifest', { CURRENT: 'MANIFEST-000012\n\n' }],
    ['the file CURRENT names no manifest', { CURRENT: '../MANIFEST-000012\n' }],
    ['the file CURRENT names no manifest', { CURRENT: 'MANIFEST-\n' }],
    ['the file MANIFEST-000014 is missing', { CURRENT: 'MANIFEST-000014\n' }],
    ['the log is missing', { '000013.log': undefined, '000013.logs': '' }],
  ]
  it.each(damages)('is damaged when %s', async (what, parts) => {
    const error: unknown = await assertWhole(files(parts)).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INTEGRITY' })
    expect((error as Error).message).toContain(`is damaged: ${what}.`)
  })

  it('is whole with all of them, or soon: another process may be opening it', async () => {
    const location = files()
    await assertWhole(location)
    const [current, away] = [join(location, 'CURRENT'), join(location, 'away')]
    renameSync(current, away)
    const looked = assertWhole(location)
    await new Promise((resolve) => setTimeout(resolve, 20))
    renameSync(away, current)
    await looked
  })

  it('is damaged when CURRENT cannot be read', async () => {
    const location = files({ CURRENT: undefined })
    mkdirSync(join(location, 'CURRENT'))
    await expect(assertWhole(location)).rejects.toThrow('CURRENT names no manifest')
  })
})
