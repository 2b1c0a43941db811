/** A room on disk: made, opened, locked; and its side files missing, old or foreign. */
import { execFile } from 'node:child_process'
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { Strongroom, type OpenOptions } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { SLOT_BYTES } from '../../src/store/sidecar.ts'
import { builtModules } from '../helpers/transpile.ts'
import { complaints } from './audit.ts'
import { codeOf, freshPath, imageOf, lasting, rowsOf, SEAL, type Room } from './support.ts'

const PLAINTEXT = utf8('on disk')

const open = (path: string, more: OpenOptions = {}): Promise<Room> =>
  Strongroom.open({ path, seal: SEAL, ...more })

interface OnDisk {
  readonly path: string
  readonly keyId: string
  readonly vaultId: string
  readonly ciphertext: Uint8Array
}
/** A closed room on disk with a key in it. */
async function made(path = freshPath()): Promise<OnDisk> {
  const room = await open(path)
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  await room.close()
  return { path, keyId, vaultId, ciphertext }
}
const change = async ({ path, keyId }: OnDisk, times = 1): Promise<void> => {
  const room = await open(path)
  for (let i = 0; i < times; i++) await room.updateKey({ keyId, description: `${i}` })
  await room.close()
}
/** What opening comes to, and using the key. */
async function outcome({ path, ciphertext }: OnDisk): Promise<string> {
  let room: Room | undefined
  const opened = await codeOf(open(path).then((one) => (room = one)))
  if (!room) return opened
  const used = await codeOf(room.decrypt({ ciphertext }))
  await room.close()
  return used === 'ok' ? 'ok' : `opens, then ${used}`
}

describe('open and close', () => {
  test('what was answered is there the next time, and the time after', async () => {
    const on = await made()
    for (let i = 0; i < 3; i++) {
      expect(await outcome(on)).toBe('ok')
      await change(on)
    }
    const store = await openLevelStore({ path: on.path })
    expect(await complaints(store)).toEqual([])
    await store.close()
  })

  test('shows nobody what it holds: no name, no text, no plaintext', async () => {
    const on = await made()
    const room = await open(on.path)
    const secrets = ['very-secret-name', 'told-to-nobody', 'alias/hidden', 'hush-hush-token']
    const [displayName, description, name, retryToken] = secrets as [string, string, string, string]
    await room.updateKey({ keyId: on.keyId, displayName, description, retryToken })
    await room.createAlias({ keyId: on.keyId, name })
    await room.close()
    const files = await readdir(on.path, { recursive: true, withFileTypes: true })
    for (const file of files.filter((one) => one.isFile())) {
      const content = await readFile(join(file.parentPath, file.name), 'latin1')
      for (const secret of secrets) expect(content.includes(secret)).toBe(false)
    }
  })

  test('a wrong seal changes no row and no side file', async () => {
    const on = await made()
    const look = async (): Promise<unknown> => {
      const store = await openLevelStore({ path: on.path })
      const rows = await imageOf(store)
      await store.close()
      return [rows, await readFile(join(on.path, 'anchor')), await readFile(join(on.path, 'erase'))]
    }
    const before = await look()
    const wrong = open(on.path, { seal: { key: new Uint8Array(32) } })
    expect(await codeOf(wrong)).toBe('WRONG_SEAL')
    expect(await look()).toEqual(before)
    expect(await outcome(on)).toBe('ok')
  })
})

describe('one at a time', () => {
  test('in this process', async () => {
    const on = await made()
    const room = await open(on.path)
    expect(await codeOf(open(on.path))).toBe('STORE_LOCKED')
    expect(await codeOf(room.decrypt({ ciphertext: on.ciphertext }))).toBe('ok')
    await room.close()
    expect(await outcome(on)).toBe('ok')
  })

  test('on this machine', async () => {
    const on = await made()
    const room = await open(on.path)
    const module = JSON.stringify(join(await builtModules(), 'index.js'))
    const script = `
      const { Strongroom } = await import(${module})
      const options = { path: ${JSON.stringify(on.path)}, seal: { key: new Uint8Array(32).fill(9) } }
      console.log(await Strongroom.open(options).then((room) => room.close(), (error) => error.code))`
    const ask = async (): Promise<string> => {
      const asked = ['--input-type=module', '-e', script]
      return (await promisify(execFile)(process.execPath, asked)).stdout.trim()
    }
    expect(await ask()).toBe('STORE_LOCKED')
    await room.updateKey({ keyId: on.keyId, description: 'still mine' })
    await room.close()
    expect(await ask()).toBe('undefined')
  })
})

describe('create', () => {
  const MODES = ['ifMissing', 'always', 'never'] as const
  const EXPECTED = {
    nothing: { ifMissing: 'ok', always: 'ok', never: 'STORE_MISSING' },
    'an empty directory': { ifMissing: 'ok', always: 'ok', never: 'STORE_MISSING' },
    'a store': { ifMissing: 'ok', always: 'STORE_EXISTS', never: 'ok' },
    'other files': { ifMissing: 'STORE_MISSING', always: 'ok', never: 'STORE_MISSING' },
  } as const
  const PREPARE: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
    nothing: async () => undefined,
    'an empty directory': (path) => mkdir(path, { mode: 0o700 }),
    'a store': (path) => made(path),
    'other files': async (path) => {
      await mkdir(path, { mode: 0o700 })
      await writeFile(join(path, 'letter.txt'), 'dear')
    },
  }
  const CASES = Object.entries(EXPECTED).flatMap(([where, modes]) =>
    MODES.map((create) => ({ where, create, expected: modes[create] })),
  )
  test.each(CASES)('$create where there is $where: $expected', async (one) => {
    const path = freshPath()
    await PREPARE[one.where]!(path)
    let room: Room | undefined
    const opening = open(path, { create: one.create }).then((made) => (room = made))
    expect(await codeOf(opening)).toBe(one.expected)
    await room?.close()
  })

  test.each(MODES)('%s with a store of the caller', async (create) => {
    const store = lasting(createMemoryStore())
    const first = codeOf(Strongroom.open({ store, seal: SEAL, create }))
    expect(await first).toBe(create === 'never' ? 'STORE_MISSING' : 'ok')
    const rows = (await rowsOf(store)).length
    expect(rows).toBe(create === 'never' ? 0 : 2)
    const second = codeOf(Strongroom.open({ store, seal: SEAL, create }))
    const expected = { ifMissing: 'ok', always: 'STORE_EXISTS', never: 'STORE_MISSING' }
    expect(await second).toBe(expected[create])
  })
})

describe('side files', () => {
  const anchor = ({ path }: OnDisk): string => join(path, 'anchor')
  const erase = ({ path }: OnDisk): string => join(path, 'erase')
  const swap = async (file: string, act: () => Promise<unknown>): Promise<void> => {
    const before = await readFile(file)
    await act()
    await writeFile(file, before, { mode: 0o600 })
  }
  const foreign = async (file: (on: OnDisk) => string, on: OnDisk): Promise<void> =>
    cp(file(await made()), file(on))
  /** Destroys in both slots, or in the newest alone. */
  const spoil = async (file: string, slots: 'both' | 'newest'): Promise<void> => {
    const content = await readFile(file)
    const counters = [0, 1].map((slot) => content.readBigUInt64BE(slot * SLOT_BYTES + 8))
    const newest = counters[0]! > counters[1]! ? 0 : 1
    for (const slot of slots === 'both' ? [0, 1] : [newest]) content[slot * SLOT_BYTES + 60]! ^= 1
    await writeFile(file, content, { mode: 0o600 })
  }
  const destroyOne = async (on: OnDisk): Promise<void> => {
    const room = await open(on.path)
    const { vaultId } = on
    const { id: keyId } = await room.createKey({ vaultId, displayName: 'd', spec: 'AES_256' })
    await room.destroyKey({ keyId })
    await room.close()
  }

  const CASES: readonly (readonly [string, (on: OnDisk) => Promise<unknown>, string])[] = [
    ['no anchor', (on) => rm(anchor(on)), 'ROLLED_BACK'],
    ['an anchor of long ago', (on) => swap(anchor(on), () => change(on, 3)), 'ROLLED_BACK'],
    // As a crash between the commit and the anchor leaves it.
    ['an anchor of one change ago', (on) => swap(anchor(on), () => change(on)), 'ok'],
    ['an anchor of another store', (on) => foreign(anchor, on), 'ROLLED_BACK'],
    ['an anchor with its newest slot torn', (on) => spoil(anchor(on), 'newest'), 'ok'],
    ['an anchor with no whole slot', (on) => spoil(anchor(on), 'both'), 'INTEGRITY'],
    ['an anchor in the place of the erase file', (on) => cp(anchor(on), erase(on)), 'INTEGRITY'],
    ['no erase file', (on) => rm(erase(on)), 'INTEGRITY'],
    ['an erase file of another store', (on) => foreign(erase, on), 'INTEGRITY'],
    ['an erase file with no whole slot', (on) => spoil(erase(on), 'both'), 'INTEGRITY'],
    [
      'an erase file of before a destruction',
      (on) => swap(erase(on), () => destroyOne(on)),
      'opens, then INTEGRITY',
    ],
  ]
  test.each(CASES)('%s', async (_, act, expected) => {
    const on = await made()
    await act(on)
    expect(await outcome(on)).toBe(expected)
  })

  test('an older image of the store beside the anchor of now', async () => {
    const on = await made()
    const image = `${on.path}-image`
    await cp(join(on.path, 'store'), image, { recursive: true })
    await change(on, 2)
    await rm(join(on.path, 'store'), { recursive: true })
    await cp(image, join(on.path, 'store'), { recursive: true })
    expect(await outcome(on)).toBe('ROLLED_BACK')
    const room = await open(on.path, { acceptRollback: true })
    expect(await codeOf(room.decrypt({ ciphertext: on.ciphertext }))).toBe('ok')
    await room.close()
    expect(await outcome(on)).toBe('ok')
  })

  test('an anchor beside a store that is gone: nothing is made in its place', async () => {
    const on = await made()
    await rm(join(on.path, 'store'), { recursive: true })
    expect(await outcome(on)).toBe('STORE_MISSING')
    expect(await codeOf(open(on.path, { create: 'always' }))).toBe('STORE_EXISTS')
  })
})
