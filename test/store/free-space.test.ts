/** Room for recovery: how much, and how often it is looked for. */
import { symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FreeSpace } from '../../src/store/level/free-space.ts'
import { RESERVE_BYTES_MIN, createFreeSpace } from '../../src/store/level/free-space.ts'
import { defaultPlatform } from '../../src/store/level/platform.ts'
import { failureOf } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'

const MIB = 1024 * 1024
const BLOCK = 4096

function disk(location = freshDirectory()) {
  const state = { free: 1e6 * BLOCK, time: 5000, asked: [] as string[], fails: false }
  const space: FreeSpace = createFreeSpace(location, {
    ...defaultPlatform,
    statfs: async (path) => {
      state.asked.push(path)
      if (state.fails) throw new Error('no statfs')
      return { bavail: state.free / BLOCK, bsize: BLOCK }
    },
    now: () => state.time,
  })
  const reserve = (bytes: number): Promise<string> => failureOf(space.reserve(bytes))
  return { state, space, reserve, location }
}

describe('the reserve', () => {
  it('is 64 MiB after the commit', async () => {
    const { state, reserve } = disk()
    state.free = RESERVE_BYTES_MIN
    expect(RESERVE_BYTES_MIN).toBe(64 * MIB)
    expect(await reserve(0)).toBe('none')
    expect(await reserve(9 * MIB)).toBe('unavailable')
    state.free += 9 * MIB
    expect(await reserve(9 * MIB)).toBe('none')
  })

  it('is four times the logs when that is more; what vanishes and tables do not count', async () => {
    const { state, reserve, location } = disk()
    const sizes = { '000005.log': 12, '000007.log': 8, '000004.ldb': 500 }
    for (const [name, size] of Object.entries(sizes)) {
      writeFileSync(join(location, name), '')
      truncateSync(join(location, name), size * MIB)
    }
    symlinkSync(join(location, 'nowhere'), join(location, '000009.log'))
    state.free = 80 * MIB
    expect(await reserve(BLOCK)).toBe('unavailable')
    state.free += BLOCK
    expect(await reserve(BLOCK)).toBe('none')
  })

  it('and what is left of it are told', async () => {
    const { state, space } = disk()
    state.free = 63 * MIB - BLOCK
    await expect(space.reserve(0)).rejects.toThrow('has 62 MiB left and 64 MiB must stay')
    await expect(space.reserve(1e9)).rejects.toThrow('has 0 MiB left')
  })

  it('that cannot be looked for counts as missing', async () => {
    const { state, space } = disk()
    state.fails = true
    await expect(space.reserve(1)).rejects.toMatchObject({
      kind: 'unavailable',
      cause: new Error('no statfs'),
    })
  })
})

describe('the disk is asked', () => {
  it('first, and after a second', async () => {
    const { state, reserve, location } = disk()
    await reserve(1)
    await reserve(1)
    state.time += 999
    await reserve(1)
    expect(state.asked).toEqual([location])
    state.time++
    await reserve(1)
    await reserve(1)
    expect(state.asked).toHaveLength(2)
  })

  it('after eight MiB', async () => {
    const { state, reserve } = disk()
    await reserve(100 * MIB)
    await reserve(7 * MIB)
    await reserve(MIB)
    expect(state.asked).toHaveLength(1)
    await reserve(1)
    expect(state.asked).toHaveLength(2)
    await reserve(8 * MIB)
    expect(state.asked).toHaveLength(2)
  })

  it('every time while space is short', async () => {
    const { state, reserve } = disk()
    await reserve(1)
    state.time += 1000
    state.free = 0
    for (let i = 0; i < 3; i++) expect(await reserve(1)).toBe('unavailable')
    expect(state.asked).toHaveLength(4)
  })
})
