/** An opening that a power cut ended where names do not become durable in order. */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import type { link } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { keep, letGo } from '../../src/store/level/kept.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { failureOf, textAt } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'

const token = new Uint8Array(16)
const row = { key: utf8('answered'), value: utf8('yes') }

/** A closed store with something in its log, and the names in its directory. */
async function closed(): Promise<{ path: string; location: string; names: string[] }> {
  const path = freshDirectory()
  const store = await openLevelStore({ path })
  await store.commit({ checks: [], puts: [row], dels: [], token })
  await store.close()
  const location = join(path, 'store')
  return { path, location, names: readdirSync(location) }
}

const needed = (names: readonly string[]): string[] =>
  names.filter((name) => /^(MANIFEST-\d+|\d+\.log)$/.test(name))

/** The opening comes as far as LevelDB's removals; of all that it did, only they survive. */
async function cutOff(again?: typeof link): Promise<string> {
  const { path, location, names } = await closed()
  await keep(location, again)
  for (const name of needed(names)) rmSync(join(location, name))
  return path
}

describe('an opening that is cut off', () => {
  it('loses nothing when only the removal of log and manifest survives', async () => {
    const path = await cutOff()
    const store = await openLevelStore({ path, create: 'never' })
    expect(await textAt(store, 'answered')).toBe('yes')
    await store.close()
  })

  const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']
  it.each(NO_LINKS)('nor on file systems in which a file has one name (%s)', async (code) => {
    const refused = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('no links here'), { code }))
    const path = await cutOff(refused)
    const store = await openLevelStore({ path, create: 'never' })
    expect(await textAt(store, 'answered')).toBe('yes')
    await store.close()
  })

  it('is damage when the second names are gone too', async () => {
    const path = await cutOff()
    const location = join(path, 'store')
    for (const name of readdirSync(location).filter((one) => one.endsWith('.kept')))
      rmSync(join(location, name))
    expect(await failureOf(openLevelStore({ path, create: 'never' }))).toBe('INTEGRITY')
  })

  it('passes any other failure of the second name on', async () => {
    const { location } = await closed()
    const full = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
    await expect(keep(location, full)).rejects.toThrow('no space')
  })
})

describe('second names', () => {
  it('are gone once the store is open', async () => {
    const { path, location } = await closed()
    const store = await openLevelStore({ path, create: 'never' })
    expect(readdirSync(location).filter((name) => name.endsWith('.kept'))).toEqual([])
    await store.close()
  })

  it('of files that were no more needed do no harm, however old', async () => {
    const { path, location, names } = await closed()
    await keep(location)
    const old = `${location}-old`
    cpSync(location, old, { recursive: true })
    for (let i = 0; i < 3; i++) {
      const store = await openLevelStore({ path, create: 'never' })
      const value = utf8(`later ${i}`)
      await store.commit({ checks: [], puts: [{ key: row.key, value }], dels: [], token })
      await store.close()
    }
    for (const name of needed(names)) {
      expect(existsSync(join(location, name))).toBe(false)
      cpSync(join(old, `${name}.kept`), join(location, `${name}.kept`))
    }
    const store = await openLevelStore({ path, create: 'never' })
    expect(await textAt(store, 'answered')).toBe('later 2')
    await store.close()
  })

  it('follow the file when both are there', async () => {
    const { location, names } = await closed()
    await keep(location)
    await keep(location)
    const log = names.find((name) => name.endsWith('.log'))!
    expect(readFileSync(join(location, `${log}.kept`))).toEqual(readFileSync(join(location, log)))
  })

  it('have only files that LevelDB may lose, and go with what a cut manifest left', async () => {
    const location = freshDirectory()
    mkdirSync(location, { recursive: true })
    const others = ['xMANIFEST-000001', 'x000003.log', 'a-MANIFEST-1.new', 'MANIFEST-1.newer']
    const odd = ['MANIFEST-x.new', 'MANIFEST-000001', '000003.log']
    for (const name of [...others, ...odd, 'MANIFEST-000012.new'])
      writeFileSync(join(location, name), name)
    await keep(location)
    const kept = readdirSync(location).filter((name) => name.endsWith('.kept'))
    expect(kept.sort()).toEqual(['000003.log.kept', 'MANIFEST-000001.kept'])
    await letGo(location)
    expect(readdirSync(location).sort()).toEqual([...others, ...odd].sort())
  })
})
