/** Options of `open`, and the seal of `reseal`: refused by name, whatever they are. */
import { beforeAll, describe, expect, test } from 'vitest'
import { Strongroom, type OpenOptions } from '../../src/index.ts'
import { concat } from '../../src/base/bytes.ts'
import { seededRandom } from '../../src/testing/seeded-random.ts'
import { HOSTILE } from '../adversary/values.ts'
import { codeOf, SEAL, type Room } from './support.ts'

/** What an option may be of the hostile values. The compiler asks for a new option. */
const HARMLESS: Readonly<Record<keyof OpenOptions, readonly string[]>> = {
  path: [],
  store: [],
  create: [],
  seal: [],
  clock: [],
  random: [],
  crypto: [],
  region: ['one letter', 'not an id', 'unknown id', 'constructor text'],
  cachedKeys: [],
  sweepEveryMs: [],
  verify: ['true'],
  acceptRollback: ['true'],
  expectHead: [],
  audit: [],
  journalMax: [],
  replicasMax: [],
  realm: [],
  objects: [],
  unsafeAllowSeeded: ['true'],
}
const NAMES = Object.keys(HARMLESS) as (keyof OpenOptions)[]
/** As a path they would make a store of that name. */
const isPath = (name: string, value: unknown): boolean =>
  name === 'path' && typeof value === 'string' && value !== '' && !value.includes('\0')

async function opened(options: unknown): Promise<string> {
  return codeOf(Strongroom.open(options as OpenOptions).then((room) => room.close()))
}

describe('open', () => {
  test.each(NAMES)('%s', async (option) => {
    for (const [name, make] of Object.entries(HOSTILE)) {
      const value = make()
      if (value === undefined || isPath(option, value)) continue
      const expected = HARMLESS[option].includes(name) ? 'ok' : 'INVALID_ARGUMENT'
      expect(await opened({ [option]: value }), name).toBe(expected)
    }
  })

  test('hostile options as a whole', async () => {
    const wholes = Object.entries(HOSTILE).filter(
      ([name]) => !['undefined', 'empty object', 'polluted prototype'].includes(name),
    )
    for (const [name, make] of wholes) {
      const outcome = await opened(make())
      if (outcome !== 'ok') expect(outcome, name).toBe('INVALID_ARGUMENT')
    }
    expect(await opened({ acceptRollBack: true })).toBe('INVALID_ARGUMENT')
  })

  test('an option that answers differently when it is asked again is asked once', async () => {
    let asked = 0
    const room = await Strongroom.open(
      Object.defineProperty({ seal: SEAL }, 'region', {
        get: () => (asked++ === 0 ? 'one' : 'Two!'),
        enumerable: true,
      }),
    )
    expect(room.region).toBe('one')
    await room.close()
  })

  test('a word is no flag: a rolled-back store is not accepted by mistake', async () => {
    for (const flag of ['acceptRollback', 'verify', 'unsafeAllowSeeded'])
      for (const word of ['false', 'no', 0, 1, null])
        expect(await opened({ [flag]: word })).toBe('INVALID_ARGUMENT')
  })

  test('an array is no random source: it would fill with zeros', async () => {
    for (const random of [[], new Uint8Array(32), new Float64Array(4)])
      expect(await opened({ random })).toBe('INVALID_ARGUMENT')
    expect(await opened({ random: seededRandom('x') })).toBe('ok')
  })
})

describe('a seal', () => {
  let room: Room
  beforeAll(async () => {
    room = await Strongroom.open()
    return () => room.close()
  })
  const both = async (seal: unknown): Promise<readonly string[]> => [
    await opened({ seal }),
    await codeOf(room.reseal(seal as never)),
  ]

  test('hostile ones, as a whole and in each part', async () => {
    for (const [name, make] of Object.entries(HOSTILE)) {
      if (make() !== undefined) expect((await both(make()))[1], name).toBe('INVALID_ARGUMENT')
      for (const part of ['key', 'unseal', 'workFactor'])
        for (const outcome of await both({ [part]: make() }))
          if (!part.startsWith('un') || typeof make() !== 'function')
            expect(outcome, `${part} = ${name}`).toBe('INVALID_ARGUMENT')
      const passphrase = make()
      if (typeof passphrase !== 'string')
        expect(await both({ passphrase }), name).toEqual(['INVALID_ARGUMENT', 'INVALID_ARGUMENT'])
    }
  })

  test('parts that are there and undefined are not there', async () => {
    expect(await both({ passphrase: undefined, ...SEAL })).toEqual(['ok', 'ok'])
    expect(await both({ ...SEAL, unseal: undefined, workFactor: undefined })).toEqual(['ok', 'ok'])
  })

  test('answers of a callback', async () => {
    for (const [name, make] of Object.entries(HOSTILE)) {
      const answers = [make, () => ({ key: make() }), () => ({ ...SEAL, wrapped: make() })]
      for (const unseal of answers)
        for (const outcome of await both({ unseal }))
          expect(['ok', 'INVALID_ARGUMENT', 'WRONG_SEAL'], name).toContain(outcome)
    }
  })
})

describe('importRealm', () => {
  test('hostile input, as a whole and in each part', async () => {
    const room = await Strongroom.open()
    const pieces: Uint8Array[] = []
    for await (const piece of room.exportRealm({ seal: SEAL })) pieces.push(piece)
    await room.close()
    const valid = { from: concat(...pieces), seal: SEAL, open: {} }
    const imported = async (input: unknown): Promise<string> =>
      codeOf(Strongroom.importRealm(input as never).then((made) => made.close()))
    expect(await imported(valid)).toBe('ok')
    // What is no backup is told as that, and so is a stream that cannot be read.
    const codes = [
      'ok',
      'INVALID_ARGUMENT',
      'INVALID_BACKUP',
      'TRUNCATED_BACKUP',
      'WRONG_SEAL',
      'UNAVAILABLE',
    ]
    for (const [name, make] of Object.entries(HOSTILE)) {
      expect(codes, name).toContain(await imported(make()))
      for (const part of ['from', 'seal', 'open'])
        expect(codes, `${part} = ${name}`).toContain(await imported({ ...valid, [part]: make() }))
    }
  })
})
