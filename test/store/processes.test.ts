/** A store between processes: the lock, and what an import loads. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { builtModules } from '../helpers/transpile.ts'
import { freshDirectory } from './harness.ts'
import { openLevelStore } from '../../src/store/level.ts'

describe('other processes', () => {
  let modules: string
  beforeAll(async () => {
    modules = await builtModules()
  })

  const child = async (code: string, ...args: string[]): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      code,
      modules,
      ...args,
    ])
    return JSON.parse(stdout)
  }

  it('are locked out, and let in when it is closed', async () => {
    const open = `
      const { openLevelStore } = await import(process.argv[1] + '/store/level.js')
      const answer = await openLevelStore({ path: process.argv[2] }).then(
        (store) => store.close().then(() => ['opened']),
        (error) => [error.code, error.message.includes('Another process')])
      console.log(JSON.stringify(answer))`
    const path = freshDirectory()
    const store = await openLevelStore({ path })
    expect(await child(open, path)).toEqual(['STORE_LOCKED', true])
    // Neither the refused attempt nor an image has loosened the lock.
    await (await store.image!()).remove()
    expect(await child(open, path)).toEqual(['STORE_LOCKED', true])
    await store.close()
    expect(await child(open, path)).toEqual(['opened'])
  })

  it('load nothing native by importing the module', async () => {
    const load = `
      import { createRequire } from 'node:module'
      const cache = createRequire(process.argv[1] + '/').cache
      const native = () => Object.keys(cache).filter((name) => name.includes('level')).length > 0
      const { openLevelStore } = await import(process.argv[1] + '/store/level.js')
      const before = native()
      await (await openLevelStore({ path: process.argv[2] })).close()
      console.log(JSON.stringify([before, native()]))`
    expect(await child(load, freshDirectory())).toEqual([false, true])
  })
})
