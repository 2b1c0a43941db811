/** When the names in a directory are synced: after every batch that may have made a file. */
import { fstatSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Names } from '../../src/store/level/names.ts'
import { freshDirectory } from './harness.ts'
import { openNames } from '../../src/store/level/names.ts'

const NOW = new Date('2030-01-01')
const before = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1000)
beforeEach(() => void vi.useFakeTimers({ now: NOW, toFake: ['Date'] }))
afterEach(() => void vi.useRealTimers())

interface Scene {
  readonly names: Names
  /** What was synced since the last look: `directory` or `CURRENT`. */
  readonly synced: () => string[]
  /** Gives the directory a time. */
  readonly changedAt: (time: Date) => void
  readonly handles: Set<number>
  fails: boolean
}

function scene(system: NodeJS.Platform = 'linux'): Scene {
  const location = freshDirectory()
  writeFileSync(join(location, 'CURRENT'), '')
  utimesSync(location, before(100), before(100))
  const log: string[] = []
  const handles = new Set<number>()
  const fsync = async (handle: number): Promise<void> => {
    if (made.fails) throw new Error('i/o error')
    handles.add(handle)
    log.push(fstatSync(handle).isDirectory() ? 'directory' : 'CURRENT')
    expect(fstatSync(handle).ino).toBe(
      statSync(log.at(-1) === 'CURRENT' ? join(location, 'CURRENT') : location).ino,
    )
  }
  const made: Scene = {
    names: openNames(location, { system, fsync }),
    synced: () => log.splice(0),
    changedAt: (time) => utimesSync(location, time, time),
    handles,
    fails: false,
  }
  return made
}

describe('names', () => {
  it('are synced by opening, whether or not the directory looks changed', async () => {
    const { names, synced, changedAt } = scene()
    await names.opened()
    expect(synced()).toEqual(['directory'])
    changedAt(before(50))
    await names.settle()
    await names.settle()
    expect(synced()).toEqual(['directory'])
    await names.opened()
    expect(synced()).toEqual(['directory'])
    names.close()
  })

  it('are synced every time where the time of a directory never moves', async () => {
    const { names, synced } = scene()
    await names.opened()
    for (let i = 0; i < 3; i++) await names.settle()
    expect(synced()).toHaveLength(4)
    names.close()
  })

  it('are synced once for each time that lies far enough back', async () => {
    const { names, synced, changedAt } = scene()
    for (const seconds of [50, 40, 30]) {
      changedAt(before(seconds))
      for (let i = 0; i < 3; i++) await names.settle()
      expect(synced()).toEqual(['directory'])
    }
    changedAt(before(100))
    for (let i = 0; i < 3; i++) await names.settle()
    expect(synced()).toEqual(['directory'])
    names.close()
  })

  it.each([
    [3, 3],
    [3.001, 1],
    [0, 3],
    [-5, 3],
  ])('that changed %f s ago: of three batches %i sync', async (seconds, syncs) => {
    const { names, synced, changedAt } = scene()
    changedAt(before(seconds))
    for (let i = 0; i < 3; i++) await names.settle()
    expect(synced()).toHaveLength(syncs)
    names.close()
  })

  it('are synced again after a sync that failed', async () => {
    const made = scene()
    made.changedAt(before(50))
    made.fails = true
    await expect(made.names.settle()).rejects.toThrow('i/o error')
    made.fails = false
    await made.names.settle()
    expect(made.synced()).toEqual(['directory'])
    made.names.close()
  })

  it('let go of their handles', async () => {
    const { names, handles } = scene('darwin')
    await names.opened()
    expect(handles.size).toBe(2)
    names.close()
    for (const handle of handles) expect(() => fstatSync(handle)).toThrow('EBADF')
    names.close()
  })
})

describe('on macOS', () => {
  it('the file CURRENT is flushed with every batch, and opened once', async () => {
    const { names, synced, changedAt, handles } = scene('darwin')
    changedAt(before(50))
    await names.opened()
    expect(synced()).toEqual(['CURRENT', 'directory'])
    await names.settle()
    expect(synced()).toEqual(['CURRENT'])
    await names.opened()
    expect(synced()).toEqual(['CURRENT', 'directory'])
    expect(handles.size).toBe(2)
    names.close()
  })
})

it('on Windows nothing is opened or synced', async () => {
  const fsync = (): Promise<void> => Promise.reject(new Error('asked'))
  const names = openNames(join(freshDirectory(), 'none'), { system: 'win32', fsync })
  await names.opened()
  await names.settle()
  names.close()
})
