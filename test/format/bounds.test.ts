/** Bounds of the layouts, met exactly and passed by one, and the forms on both sides of a limit. */
import { describe, expect, test } from 'vitest'
import { equalBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { CborReader } from '../../src/format/cbor-read.ts'
import { ContextCache, canonicalContext } from '../../src/format/context.ts'
import { recordAad, type RecordPlace } from '../../src/format/envelope.ts'
import { ERASE_KEY_BYTES, decodeErase, encodeErase } from '../../src/format/erase.ts'
import {
  STREAM_KEY_BYTES_MAX,
  decodeStreamHeader,
  encodeStreamHeader,
} from '../../src/format/stream.ts'
import { decodeValue, encodeValue } from '../../src/format/value.ts'

const ID = '00112233-4455-6677-8899-aabbccddeeff'

function codeOf(call: () => unknown): string {
  try {
    call()
    return 'done'
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
}

describe('the place of a record', () => {
  const place = (change: Partial<RecordPlace>): RecordPlace => ({
    realmId: ID,
    vaultId: ID,
    path: utf8('p'),
    kind: 'key',
    seq: 1n,
    ...change,
  })

  test('paths are counted in two bytes', () => {
    for (const length of [0, 1, 255, 256, 0x1234, 0xffff]) {
      const path = new Uint8Array(length).fill(0x70)
      const aad = recordAad(place({ path }))
      const at = aad.length - length - 2
      expect([aad[at], aad[at + 1]]).toEqual([length >>> 8, length & 0xff])
      expect(equalBytes(aad.subarray(at + 2), path)).toBe(true)
    }
  })

  test.each<[string, Partial<RecordPlace>]>([
    ['a longer path', { path: new Uint8Array(0x1_0000) }],
    ['a realm that is no id', { realmId: 'realm' }],
    ['a vault that is no id', { vaultId: ID.toUpperCase() }],
  ])('%s is our mistake', (_, change) => {
    expect(codeOf(() => recordAad(place(change)))).toBe('INTERNAL')
  })
})

describe('contexts', () => {
  test('a refusal counts pairs', () => {
    const names = Array.from({ length: 1025 }, (_, i) => [`n${i}`, ''])
    expect(() => canonicalContext(Object.fromEntries(names) as Record<string, string>)).toThrow(
      'at most 1024 pairs, got 1025',
    )
  })

  test('1024 canonical bytes are still held, and one more is not', () => {
    const sizes = [1024, 1025].map((length) => {
      const cache = new ContextCache()
      // Count of pairs, and the length before name and value: twelve bytes beside the texts.
      const bytes = cache.get({ n: 'v'.repeat(length - 13) })
      return [bytes.length, cache.size]
    })
    expect(sizes).toEqual([
      [1024, 1],
      [1025, 0],
    ])
  })
})

describe('erase file', () => {
  const entry = (epoch: number) => ({ epoch, key: new Uint8Array(ERASE_KEY_BYTES).fill(epoch) })

  test('a third entry is not read, though all are whole and distinct', () => {
    const two = encodeErase({ realmId: ID, entries: [entry(1), entry(2)] })
    const entryBytes = 4 + ERASE_KEY_BYTES
    const three = new Uint8Array(two.length + entryBytes)
    three.set(two)
    three.set(two.subarray(-entryBytes), two.length)
    three[two.length + 3] = 3
    three[two.length - 2 * entryBytes - 1] = 3
    expect(codeOf(() => decodeErase(two))).toBe('done')
    expect(codeOf(() => decodeErase(three))).toBe('INTEGRITY')
  })
})

describe('encrypted files', () => {
  const salt = new Uint8Array(32)

  test('the longest encrypted key is written and read', () => {
    const encryptedKey = new Uint8Array(STREAM_KEY_BYTES_MAX)
    const header = encodeStreamHeader({ encryptedKey, salt })
    expect(decodeStreamHeader(header)).toMatchObject({ headerBytes: header.length })
    const longer = new Uint8Array(STREAM_KEY_BYTES_MAX + 1)
    expect(codeOf(() => encodeStreamHeader({ encryptedKey: longer, salt }))).toBe(
      'INVALID_ARGUMENT',
    )
  })

  test('asks for what is missing, and for no more', () => {
    const header = encodeStreamHeader({ encryptedKey: Uint8Array.of(1, 2, 3), salt })
    const asked = [0, 1, 11, 12, 13, header.length - 1].map((length) =>
      decodeStreamHeader(header.subarray(0, length)),
    )
    expect(asked).toEqual([12, 11, 1, 35, 34, 1].map((need) => ({ need })))
  })
})

describe('floats', () => {
  test.each([
    [2 ** -14, 'f90400'],
    [2 ** -24, 'f90001'],
    [65_504.5, 'fa477fe080'],
    [0.1, 'fb3fb999999999999a'],
    // A single that is close to a half, and a double that is close to a single.
    [1 + 2 ** -20, 'fa3f800008'],
    [1 + 2 ** -30, 'fb3ff0000000400000'],
    [2 ** -25, 'fa33000000'],
    [1.5 * 2 ** 1000, 'fb7e78000000000000'],
  ])('%f is %s', (value, hex) => {
    expect(toHex(encodeValue(value))).toBe(`01${hex}`)
    expect(decodeValue(fromHex(`01${hex}`)!)).toBe(value)
  })

  test.each(['fc3ff199999999999a', 'ff3ff199999999999a', 'f83ff199999999999a', 'fd3ff1', 'fe3ff1'])(
    '%s is no float',
    (hex) => {
      expect(codeOf(() => decodeValue(fromHex(`01${hex}`)!))).toBe('INTEGRITY')
    },
  )
})

test.each(['6180', '62c380ff', '6261ff', '6162e282'])('%s is no text', (hex) => {
  expect(codeOf(() => decodeValue(fromHex(`01${hex}`)!))).toBe('INTEGRITY')
})

test('keys ascend from the very first byte on', () => {
  const next = (hex: string) => {
    const reader = new CborReader(fromHex(hex)!, 0, 'Thing')
    reader.keyAfter(-1)
    return codeOf(() => reader.keyAfter(0))
  }
  expect([next('61616162'), next('61626161'), next('61616161')]).toEqual([
    'done',
    'INTEGRITY',
    'INTEGRITY',
  ])
})
