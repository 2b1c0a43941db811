/** Fields of records by themselves: each type takes what is of it and nothing else, both ways. */
import { describe, expect, test } from 'vitest'
import { fromHex as parseHex, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { CborReader } from '../../src/format/cbor-read.ts'
import { encodeWith } from '../../src/format/cbor-write.ts'
import {
  bytes,
  count,
  field,
  flag,
  json,
  listOf,
  mapOf,
  objectOf,
  oneOf,
  optional,
  text,
  time,
  uuid,
  type Codec,
} from '../../src/format/fields.ts'

const fromHex = (hex: string): Uint8Array => parseHex(hex)!

const ID = '00112233-4455-6677-8899-aabbccddeeff'

function attempt(call: () => unknown): unknown {
  try {
    return call()
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
}
const write = (codec: Codec<unknown>, value: unknown): unknown =>
  attempt(() => toHex(encodeWith((writer) => codec.write(writer, value))))
function read(codec: Codec<unknown>, hex: string): unknown {
  return attempt(() => {
    const reader = new CborReader(fromHex(hex), 0, 'Thing')
    const value = codec.read(reader)
    reader.end()
    return value
  })
}

const pair = objectOf<{ a: number; b?: string }>('pair', {
  b: optional(7, text),
  a: field(2, count),
})
const loose = objectOf<{ a?: number; b?: number }>('loose', {
  a: optional(1, count),
  b: optional(2, count),
})

const TYPES: readonly [Codec<unknown>, type: string, fits: [unknown, string][], not: unknown[]][] =
  [
    [uuid, 'id', [[ID, '5000112233445566778899aabbccddeeff']], [5, ID.toUpperCase(), 'x', []]],
    [
      text,
      'text',
      [
        ['', '60'],
        ['é', '62c3a9'],
      ],
      [5, ['a'], new Date(0)],
    ],
    [
      count,
      'count',
      [
        [0, '00'],
        [24, '1818'],
      ],
      [-1, 0.5, 2 ** 53, '1', 1n],
    ],
    [
      time,
      'time',
      [
        [-1, '20'],
        [1000, '1903e8'],
      ],
      [0.5, -(2 ** 53), '1', new Date(0)],
    ],
    [
      flag,
      'boolean',
      [
        [true, 'f5'],
        [false, 'f4'],
      ],
      [0, 1, 'true'],
    ],
    [bytes(), 'bytes', [[fromHex(''), '40']], ['', [1], new ArrayBuffer(1)]],
    [bytes(2), '2 bytes', [[fromHex('0102'), '420102']], [fromHex('01'), fromHex('010203'), 'ab']],
    [oneOf(['on', 'off']), 'on / off', [['off', '636f6666']], ['other', '', 1]],
    [
      listOf(count),
      'list of count',
      [
        [[], '80'],
        [[1, 2], '820102'],
      ],
      [[-1], { 0: 1 }, 'a', [null]],
    ],
    [
      mapOf(text),
      'map of text',
      [
        [{}, 'a0'],
        [{ b: 'c', a: '' }, 'a26161606162' + '6163'],
      ],
      ['ab', ['a'], { a: 1 }, 1],
    ],
    [json, 'JSON', [[null, 'f6']], [fromHex('01'), new Date(0)]],
    [
      pair,
      'pair',
      [
        [{ a: 1 }, 'a10201'],
        [{ b: 'x', a: 1 }, 'a20201076178'],
      ],
      [{}, { b: 'x' }, { a: 1, c: 1 }, { a: 'x' }, 'ab', [1]],
    ],
    [
      loose,
      'loose',
      [
        [{}, 'a0'],
        [{ a: 1 }, 'a10101'],
        [{ b: 1 }, 'a10201'],
        [{ a: 1, b: 2 }, 'a201010202'],
      ],
      [{ c: 1 }, 'ab', 1],
    ],
  ]

describe.each(TYPES)('%o', (codec, type, fits, not) => {
  test('has a name on the page', () => {
    expect(codec.type).toBe(type)
  })

  test.each(fits)('%o is %s', (value, hex) => {
    expect(write(codec, value)).toBe(hex)
    expect(read(codec, hex)).toEqual(value)
  })

  test('anything else is our mistake when it is written', () => {
    const kinds = codec === json ? not : [...not, null]
    const code = codec === json ? 'INVALID_ARGUMENT' : 'INTERNAL'
    for (const value of kinds) expect([value, write(codec, value)]).toEqual([value, code])
  })
})

test.each<[string, Codec<unknown>, string]>([
  ['a negative count', count, '20'],
  ['a number as boolean', flag, '01'],
  ['bytes too short', bytes(2), '4101'],
  ['bytes too long', bytes(2), '43010203'],
  ['an unlisted word', oneOf(['on']), '636f6666'],
  ['an id of 15 bytes', uuid, '4f' + '00'.repeat(15)],
  ['a missing field', pair, 'a1076178'],
  ['an unknown field', pair, 'a202010301'],
  ['an unknown field before the known ones', pair, 'a20101' + '0201'],
  ['fields in another order', pair, 'a20761780201'],
  ['a field twice', pair, 'a202010201'],
  ['one field more than it says', loose, 'a101010202'],
  ['one field less than it says', loose, 'a20101'],
  ['a field that nobody knows, alone', loose, 'a10301'],
])('%s is refused when it is read', (_, codec, hex) => {
  expect(read(codec, hex)).toBe('INTEGRITY')
})

test('rows are in the order of their numbers, whatever the order of the table', () => {
  expect(pair.rows.map(([name, row]) => [name, row.number, row.optional])).toEqual([
    ['a', 2, false],
    ['b', 7, true],
  ])
})

test('two fields of one number are our mistake', () => {
  const table = { a: field(1, count), b: field(1, count) }
  expect(attempt(() => objectOf<{ a: number; b: number }>('twice', table))).toBe('INTERNAL')
})
