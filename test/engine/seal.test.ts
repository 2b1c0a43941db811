/** What opens a store and what does not: seals of every kind, and that a wrong one touches nothing. */
import { beforeAll, describe, expect, test } from 'vitest'
import { Strongroom, type OpenOptions, type Seal } from '../../src/index.ts'
import { utf8 } from '../../src/base/bytes.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import type { Store } from '../../src/store/store.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { existsSync } from 'node:fs'
import { codeOf, flipped, freshPath, imageOf, lasting, rowsOf, SEAL, stage } from './support.ts'

const PLAINTEXT = utf8('sealed')
const key = (n: number): Uint8Array => new Uint8Array(32).fill(n)
/** Another key manager, which asks to be shown again what it answered first. */
const callback = (n: number): Seal => ({
  unseal: (wrapped) => {
    if (wrapped && wrapped[0] !== n) throw new Error('not one of mine')
    return { key: key(n + 100), wrapped: new Uint8Array([n, 1, 2, 3]) }
  },
})
// The least work that there is; composed and decomposed letters are one passphrase.
const PASSPHRASE = { passphrase: 'caf\u00e9 and a horse', workFactor: 17 }
const SAME = { passphrase: 'cafe\u0301 and a horse' }

const RIGHT: Readonly<Record<string, readonly [Seal, Seal]>> = {
  passphrase: [PASSPHRASE, SAME],
  key: [{ key: key(1) }, { key: key(1) }],
  callback: [callback(1), callback(1)],
}
const WRONG: Readonly<Record<string, readonly Seal[]>> = {
  passphrase: [{ passphrase: 'cafe and a horse' }, { key: key(1) }, callback(1)],
  key: [{ key: key(2) }, { passphrase: 'x' }, callback(1)],
  callback: [
    callback(2),
    { unseal: () => ({ key: key(7) }) },
    { unseal: () => Promise.reject(new Error('offline')) },
    { key: key(101) },
    { passphrase: 'x' },
  ],
}
const NAMES = Object.keys(RIGHT)

interface Sealed {
  readonly store: Store
  readonly ciphertext: Uint8Array
}
async function sealedWith(seal: Seal): Promise<Sealed> {
  const store = lasting(createMemoryStore())
  const room = await Strongroom.open({ store, seal })
  const { id: vaultId } = await room.createVault({ displayName: 'v' })
  const { id: keyId } = await room.createKey({ vaultId, displayName: 'k', spec: 'AES_256' })
  const { ciphertext } = await room.encrypt({ keyId, plaintext: PLAINTEXT })
  await room.close()
  return { store, ciphertext }
}
const opens = async ({ store, ciphertext }: Sealed, seal: Seal): Promise<void> => {
  const room = await Strongroom.open({ store, seal, create: 'never' })
  expect((await room.decrypt({ ciphertext })).plaintext).toEqual(PLAINTEXT)
  await room.close()
}
const everything = async ({ store }: Sealed): Promise<unknown> => [
  await imageOf(store),
  await store.sidecar?.read('anchor'),
  await store.sidecar?.read('erase'),
]

describe.each(NAMES)('a %s', (name) => {
  const [seal, again] = RIGHT[name]!
  let made: Sealed
  beforeAll(async () => {
    made = await sealedWith(seal)
  })

  test('opens what it sealed', () => opens(made, again))

  test('is the only thing that does; anything else touches nothing', async () => {
    const before = await everything(made)
    for (const wrong of WRONG[name]!)
      expect(await codeOf(Strongroom.open({ store: made.store, seal: wrong }))).toBe('WRONG_SEAL')
    expect(await everything(made)).toEqual(before)
  })
})

/** The record of a passphrase is the same with a slow derivation in front. */
describe.each(['key', 'callback'])('the record of a %s', (name) => {
  const [seal] = RIGHT[name]!

  test('changed in any bit opens nothing', async () => {
    const made = await sealedWith(seal)
    const { store } = made
    const [row] = (await rowsOf(store)).filter((one) => one.key[0] === 'S'.charCodeAt(0))
    const token = new Uint8Array(16)
    const write = (value: Uint8Array) =>
      store.commit({ checks: [], puts: [{ key: row!.key, value }], dels: [], token })
    for (let at = 0; at < row!.value.length; at++) {
      await write(flipped(row!.value, at))
      const code = await codeOf(Strongroom.open({ store, seal }))
      expect(['WRONG_SEAL', 'INTEGRITY']).toContain(code)
    }
    await write(row!.value)
    await opens(made, seal)
  })

  test('that is gone makes no new store in the place of the old one', async () => {
    const { store } = await sealedWith(seal)
    const [row] = (await rowsOf(store)).filter((one) => one.key[0] === 'S'.charCodeAt(0))
    const token = new Uint8Array(16)
    await store.commit({ checks: [], puts: [], dels: [row!.key], token })
    const before = await imageOf(store)
    expect(await codeOf(Strongroom.open({ store, seal }))).toBe('INTEGRITY')
    expect(await imageOf(store)).toBe(before)
  })
})

describe('a change of the seal', () => {
  const CHANGES = NAMES.flatMap((from) => NAMES.map((to) => ({ from, to }))).filter(
    ({ from, to }) => from !== 'passphrase' || to === 'key',
  )
  const other: Readonly<Record<string, Seal>> = {
    passphrase: { passphrase: 'new', workFactor: 17 },
    key: { key: key(50) },
    callback: callback(50),
  }
  test.each(CHANGES)('from $from to $to: one record', async ({ from, to }) => {
    const made = await sealedWith(RIGHT[from]![0])
    const before = await rowsOf(made.store)
    const room = await Strongroom.open({ store: made.store, seal: RIGHT[from]![1] })
    await room.reseal(other[to]!)
    expect((await room.decrypt({ ciphertext: made.ciphertext })).plaintext).toEqual(PLAINTEXT)
    await room.close()
    const after = await rowsOf(made.store)
    const changed = after.filter((row, i) => Buffer.compare(row.value, before[i]!.value) !== 0)
    expect(changed.map((row) => Buffer.from(row.key).toString())).toEqual(['S'])
    await opens(made, other[to]!)
    const old = Strongroom.open({ store: made.store, seal: RIGHT[from]![1] })
    expect(await codeOf(old)).toBe('WRONG_SEAL')
  })
})

describe('a callback', () => {
  test('is shown nothing first, then what it answered', async () => {
    const shown: unknown[] = []
    const unseal = (wrapped: Uint8Array | undefined) => {
      shown.push(wrapped)
      return { key: key(3), wrapped: utf8('show me this') }
    }
    await opens(await sealedWith({ unseal }), { unseal })
    expect(shown).toEqual([undefined, utf8('show me this')])
  })

  const BAD = [{}, { key: key(1).subarray(1) }, { key: 'x' }, { key: key(1), wrapped: 'x' }, null]
  test.each(BAD)('that answers %j makes nothing', async (answer) => {
    const store = lasting(createMemoryStore())
    const seal = { unseal: () => answer } as unknown as Seal
    expect(await codeOf(Strongroom.open({ store, seal }))).toBe('INVALID_ARGUMENT')
    expect(await rowsOf(store)).toEqual([])
  })
})

describe('what is no seal', () => {
  const BAD: readonly unknown[] = [
    {},
    { passphrase: '' },
    { passphrase: '\ud800' },
    { passphrase: 5 },
    { key: key(1).subarray(1) },
    { key: 'a'.repeat(32) },
    { unseal: 'x' },
    { passphrase: 'x', key: key(1) },
    { passphrase: 'x', workFactor: 16 },
    { passphrase: 'x', workFactor: 21 },
    { passphrase: 'x', workFactor: 17.5 },
    null,
    'passphrase',
  ]
  test.each(BAD)('%j is refused before anything is touched', async (seal) => {
    const path = freshPath()
    const options = { path, seal } as OpenOptions
    expect(await codeOf(Strongroom.open(options))).toBe('INVALID_ARGUMENT')
    expect(existsSync(path)).toBe(false)
    const { room, store } = await stage()
    const before = await imageOf(store)
    expect(await codeOf(room.reseal(seal as Seal))).toBe('INVALID_ARGUMENT')
    expect(await imageOf(store)).toBe(before)
    await room.close()
  })

  test('a store that lasts asks for one', async () => {
    const path = freshPath()
    expect(await codeOf(Strongroom.open({ path }))).toBe('INVALID_ARGUMENT')
    expect(existsSync(path)).toBe(false)
    const room = await Strongroom.open()
    await room.close()
  })
})

describe('a source of random bytes that can be foretold', () => {
  const random = seededRandom('test')
  test('is refused for what lasts, unless it is asked for by name', async () => {
    const path = freshPath()
    const options = { path, seal: SEAL, random }
    expect(await codeOf(Strongroom.open(options))).toBe('INVALID_ARGUMENT')
    const room = await Strongroom.open({ ...options, unsafeAllowSeeded: true })
    await room.close()
  })

  test('is welcome where nothing lasts, and makes the same twice', async () => {
    const images = [1, 2].map(async () => {
      const store = lasting(createMemoryStore())
      const on = await stage(store, { random: seededRandom('same') })
      await on.room.close()
      return imageOf(store)
    })
    const [first, second] = await Promise.all(images)
    expect(second).toBe(first)
  })
})
