/** Manifests whose end speaks of tables that a power cut took. */
import { copyFileSync, cpSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { cutUnsynced } from '../../src/store/level/manifest.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { failureOf, textAt } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'

const token = new Uint8Array(16)
const manifestOf = (location: string): string =>
  join(location, readFileSync(join(location, 'CURRENT'), 'latin1').trimEnd())
const tablesOf = (location: string): string[] =>
  readdirSync(location).filter((name) => name.endsWith('.ldb'))

/** The files of a store around each of some compactions, and the store after all of them. */
async function compacted(times: number): Promise<{ path: string; images: string[] }> {
  const path = freshDirectory()
  const store = await openLevelStore({ path })
  const images: string[] = []
  const look = async (): Promise<void> => {
    const image = await store.image!()
    images.push(freshDirectory())
    cpSync(image.path, images.at(-1)!, { recursive: true })
    await image.remove()
  }
  for (let i = 0; i < times; i++) {
    const puts = [{ key: utf8(`row ${i}`), value: utf8(`value ${i}`) }]
    await store.commit({ checks: [], puts, dels: [], token })
    await look()
    await store.compact()
    await look()
  }
  await store.close()
  return { path, images }
}

async function rowsIn(path: string, count: number): Promise<void> {
  const store = await openLevelStore({ path, create: 'never' })
  for (let i = 0; i < count; i++) expect(await textAt(store, `row ${i}`)).toBe(`value ${i}`)
  await store.close()
}

describe('a change that names a table which is not there', () => {
  it.each([1, 2, 5])('is cut off when all before it is whole: after %i', async (times) => {
    const { images } = await compacted(times)
    const [before, after] = images.slice(-2) as [string, string]
    const manifest = manifestOf(join(before, 'store'))
    const { size } = statSync(manifest)
    copyFileSync(manifestOf(join(after, 'store')), manifest)
    expect(statSync(manifest).size).toBeGreaterThan(size)
    expect(await cutUnsynced(join(before, 'store'))).toBe(true)
    expect(statSync(manifest).size).toBe(size)
    await rowsIn(before, times)
  })

  it('is cut off by opening, also when a crash tore it', async () => {
    const { images } = await compacted(2)
    const [before, after] = images.slice(-2) as [string, string]
    copyFileSync(manifestOf(join(after, 'store')), manifestOf(join(before, 'store')))
    await rowsIn(before, 2)
  })

  it('is damage when what it replaced is gone too', async () => {
    const { path } = await compacted(3)
    const location = join(path, 'store')
    const tables = tablesOf(location)
    expect(tables.length).toBeGreaterThan(0)
    for (const table of tables) rmSync(join(location, table))
    const manifest = readFileSync(manifestOf(location))
    expect(await failureOf(openLevelStore({ path, create: 'never' }))).toBe('INTEGRITY')
    expect(readFileSync(manifestOf(location))).toEqual(manifest)
  })
})

it('a whole store has nothing to cut', async () => {
  const { path } = await compacted(2)
  expect(await cutUnsynced(join(path, 'store'))).toBe(false)
  await rowsIn(path, 2)
})
