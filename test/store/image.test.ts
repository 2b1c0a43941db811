/** Images of a LevelDB store: a copy of one moment that shares its tables, and harms nothing. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import type { Store, StoreImage } from '../../src/store/store.ts'
import { makeImage } from '../../src/store/level/image.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { commitOf, failureOf, scanText, textAt } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'

const imagesIn = (path: string): string[] =>
  readdirSync(path).filter((name) => name.startsWith('store.image-'))

interface Filled {
  readonly path: string
  readonly store: Store
}
/** Rows in tables, and one in the log. */
async function filled(): Promise<Filled> {
  const path = freshDirectory()
  const store = await openLevelStore({ path })
  for (let i = 0; i < 20; i++)
    await store.commit(commitOf({ puts: { [`row/${i}`]: 'x'.repeat(200) } }))
  await store.compact()
  await store.commit(commitOf({ puts: { newest: '1' } }))
  await store.sidecar!.write('anchor', utf8('where it stands'))
  return { path, store }
}
const open = (image: StoreImage): Promise<Store> =>
  openLevelStore({ path: image.path, create: 'never' })

describe('an image', () => {
  it('opens like the store, with the rows and the anchor of its moment', async () => {
    const { path, store } = await filled()
    const before = await scanText(store, '')
    const image = await store.image!()
    expect(imagesIn(path)).toHaveLength(1)
    expect(statSync(image.path).mode & 0o777).toBe(0o700)
    await store.commit(commitOf({ puts: { newest: '2' }, dels: ['row/3'] }))
    const copy = await open(image)
    expect(await scanText(copy, '')).toEqual(before)
    expect(await copy.head()).toBe(before.revision)
    expect(await copy.sidecar!.read('anchor')).toEqual(utf8('where it stands'))
    await copy.close()
    await image.remove()
    expect(imagesIn(path)).toEqual([])
    await store.close()
  })

  it('shares the tables, and copies what still grows', async () => {
    const { path, store } = await filled()
    const image = await store.image!()
    const names = readdirSync(join(image.path, 'store'))
    const inode = (folder: string, name: string): number => statSync(join(folder, name)).ino
    const shared = names.filter(
      (name) => inode(join(path, 'store'), name) === inode(join(image.path, 'store'), name),
    )
    expect(shared.length).toBeGreaterThan(0)
    expect(shared.every((name) => name.endsWith('.ldb'))).toBe(true)
    expect(names.filter((name) => name.endsWith('.ldb'))).toEqual(shared)
    expect(names.some((name) => name === 'LOCK' || name.startsWith('LOG'))).toBe(false)
    await image.remove()
    await store.close()
  })

  it('can be written and compacted without harm to the store', async () => {
    const { path, store } = await filled()
    const image = await store.image!()
    const copy = await open(image)
    await copy.commit(commitOf({ puts: { newest: 'of the image' }, dels: ['row/1', 'row/2'] }))
    await copy.compact!()
    await copy.close()
    await image.remove()
    expect(await textAt(store, 'newest')).toBe('1')
    await store.close()
    const again = await openLevelStore({ path })
    expect(Object.keys((await scanText(again, 'row/')).rows)).toHaveLength(20)
    await again.close()
  })

  it('stays whole when the store goes on and compacts', async () => {
    const { store } = await filled()
    const image = await store.image!()
    for (let i = 0; i < 20; i++) await store.commit(commitOf({ dels: [`row/${i}`] }))
    await store.compact!()
    await store.close()
    const copy = await open(image)
    expect(Object.keys((await scanText(copy, 'row/')).rows)).toHaveLength(20)
    await copy.close()
    await image.remove()
  })

  it('is of a moment between two commits, however many are on their way', async () => {
    const { store } = await filled()
    const commits = Array.from({ length: 50 }, (_, i) =>
      store.commit(commitOf({ puts: { [`a/${i}`]: '1', [`b/${i}`]: '1' } })),
    )
    const image = await store.image!()
    await Promise.all(commits)
    const copy = await open(image)
    const [a, b] = [await scanText(copy, 'a/'), await scanText(copy, 'b/')]
    expect(Object.keys(a.rows).length).toBe(Object.keys(b.rows).length)
    await copy.close()
    await image.remove()
    await store.close()
  })

  it('of a closed store is refused', async () => {
    const { path, store } = await filled()
    await store.close()
    expect(await failureOf(store.image!())).toBe('CLOSED')
    expect(imagesIn(path)).toEqual([])
  })
})

describe('what is left over', () => {
  it('goes with the next opening, drafts of a creation too', async () => {
    const { path, store } = await filled()
    await store.close()
    for (const name of ['store.image-abc123', 'store.new-abc123']) {
      mkdirSync(join(path, name, 'store'), { recursive: true })
      writeFileSync(join(path, name, 'store', 'CURRENT'), 'x')
    }
    const again = await openLevelStore({ path })
    expect(readdirSync(path).sort()).toEqual(['anchor', 'store'])
    await again.close()
  })

  it('but not with a recovery what somebody looks at', async () => {
    const { path, store } = await filled()
    const image = await store.image!()
    mkdirSync(join(path, 'store.image-stale1'))
    await store.recover!()
    expect(imagesIn(path)).toEqual([image.path.slice(path.length + 1)])
    const copy = await open(image)
    expect(await textAt(copy, 'newest')).toBe('1')
    await copy.close()
    await image.remove()
    await store.recover!()
    expect(imagesIn(path)).toEqual([])
    await store.close()
  })
})

describe('while the files change', () => {
  /** Files as LevelDB names them; a change of them is told in the manifest. */
  function files(): { readonly root: string; readonly location: string } {
    const root = freshDirectory()
    const location = join(root, 'store')
    mkdirSync(location)
    writeFileSync(join(location, 'CURRENT'), 'MANIFEST-000002\n')
    writeFileSync(join(location, 'MANIFEST-000002'), 'edits')
    for (const name of ['000003.log', '000005.ldb', '000007.sst', 'LOCK', 'LOG', 'LOG.old'])
      writeFileSync(join(location, name), name)
    return { root, location }
  }
  /** Runs at every turn of the event loop until it is stopped. */
  function meanwhile(change: () => void): () => void {
    let going = true
    const turn = (): void => {
      if (!going) return
      change()
      setImmediate(turn)
    }
    turn()
    return () => (going = false)
  }

  it('copies everything but the lock and the logs for people', async () => {
    const { root, location } = files()
    const image = await makeImage(root, location)
    const copied = join(image.path, 'store')
    expect(readdirSync(copied).sort()).toEqual(
      ['000003.log', '000005.ldb', '000007.sst', 'CURRENT', 'MANIFEST-000002'].sort(),
    )
    expect(readFileSync(join(copied, '000003.log'), 'utf8')).toBe('000003.log')
    expect(existsSync(join(image.path, 'anchor'))).toBe(false)
    await image.remove()
  })

  it('begins again, and gives up after some attempts without leaving anything', async () => {
    const { root, location } = files()
    const stop = meanwhile(() => appendFileSync(join(location, 'MANIFEST-000002'), 'edit'))
    const failed = makeImage(root, location)
    expect(await failureOf(failed)).toBe('unavailable')
    await expect(failed).rejects.toThrow('change all the time')
    stop()
    expect(imagesIn(root)).toEqual([])
    await (await makeImage(root, location)).remove()
  })

  it('a file that is gone when its turn comes counts as a change', async () => {
    const { root, location } = files()
    const listed = join(location, '000009.log')
    symlinkSync(join(root, 'nowhere'), listed)
    const failed = makeImage(root, location)
    await expect(failed).rejects.toThrow('change all the time')
    expect(imagesIn(root)).toEqual([])
    rmSync(listed)
    await (await makeImage(root, location)).remove()
  })

  it('a store whose files cannot be read is unavailable, and nothing is left', async () => {
    const { root, location } = files()
    rmSync(join(location, 'CURRENT'))
    expect(await failureOf(makeImage(root, location))).toBe('unavailable')
    expect(imagesIn(root)).toEqual([])
  })
})
