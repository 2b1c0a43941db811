/**
 * Deterministic CBOR (RFC 8949 section 4.2.1): known answers, a second opinion by cborg, hostile
 * input.
 */
import { decode, encode, rfc8949EncodeOptions } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { equalBytes, fromHex, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { halfBits, halfValue } from '../../src/format/float.ts'
import {
  RECORD_KIND_NAMES,
  decodeRecord,
  decodeValue,
  encodeRecord,
  encodeValue,
} from '../../src/format/records.ts'
import type { RecordKind } from '../../src/format/records.ts'
import { VALUE_DEPTH_MAX } from '../../src/format/value.ts'
import { json, recordOf, rich } from './arbitraries.ts'

/** Values are a version byte and one item. */
const V1 = '01'
const item = (hex: string) => fromHex(V1 + hex)!

function refusal(run: () => unknown): StrongroomError {
  try {
    run()
  } catch (error) {
    if (error instanceof StrongroomError) return error
    throw error
  }
  throw new Error('expected a refusal')
}

const code = (run: () => unknown): string => refusal(run).code

describe('examples of RFC 8949 appendix A', () => {
  const rows: [unknown, string][] = [
    [0, '00'],
    [23, '17'],
    [24, '1818'],
    [100, '1864'],
    [1000, '1903e8'],
    [1000000, '1a000f4240'],
    [1000000000000, '1b000000e8d4a51000'],
    [-1, '20'],
    [-1000, '3903e7'],
    [-0, 'f98000'],
    [1.1, 'fb3ff199999999999a'],
    [1.5, 'f93e00'],
    [5.960464477539063e-8, 'f90001'],
    [0.00006103515625, 'f90400'],
    [3.4028234663852886e38, 'fa7f7fffff'],
    [1e300, 'fb7e37e43c8800759c'],
    [-4.1, 'fbc010666666666666'],
    [false, 'f4'],
    [true, 'f5'],
    [null, 'f6'],
    [new Uint8Array(0), '40'],
    [Uint8Array.of(1, 2, 3, 4), '4401020304'],
    ['', '60'],
    ['IETF', '6449455446'],
    ['"\\', '62225c'],
    ['\u00fc', '62c3bc'],
    ['\u6c34', '63e6b0b4'],
    ['\ud800\udd51', '64f0908591'],
    [[], '80'],
    [[1, [2, 3], [4, 5]], '8301820203820405'],
    [{}, 'a0'],
    [{ a: 1, b: [2, 3] }, 'a26161016162820203'],
    [['a', { b: 'c' }], '826161a161626163'],
  ]
  test.each(rows)('%o is %s', (value, hex) => {
    expect(toHex(encodeValue(value))).toBe(V1 + hex)
    expect(decodeValue(item(hex))).toEqual(value)
  })

  test('25 items need a longer head', () => {
    const items = Array.from({ length: 25 }, (_, i) => i + 1)
    expect(toHex(encodeValue(items))).toMatch(/^01981901.*18181819$/)
  })
})

describe('a second opinion', () => {
  /** cborg drops a leading byte order mark and writes -0 as 0. */
  const agreed = (bytes: Uint8Array) => !/efbbbf|f98000/.test(toHex(bytes))

  test('cborg writes JSON data the same', () => {
    fc.assert(
      fc.property(json, (value) => {
        const bytes = encodeValue(value)
        fc.pre(agreed(bytes))
        expect(toHex(encode(value, rfc8949EncodeOptions))).toBe(toHex(bytes).slice(2))
      }),
      { numRuns: 500 },
    )
  })

  const RAW: readonly RecordKind[] = ['material', 'keyStoreSecret']
  const kinds = RECORD_KIND_NAMES.filter((kind) => !RAW.includes(kind))
  test.each(kinds)('cborg reads and writes a record of kind %s the same', (kind: RecordKind) => {
    fc.assert(
      fc.property(recordOf(kind), (record) => {
        const bytes = encodeRecord(kind, record).subarray(1)
        fc.pre(agreed(bytes))
        const map: unknown = decode(bytes, {
          useMaps: true,
          strict: true,
          rejectDuplicateMapKeys: true,
        })
        expect(toHex(encode(map, rfc8949EncodeOptions))).toBe(toHex(bytes))
      }),
    )
  })
})

describe('halves', () => {
  test('all 65536 patterns: the value writes the same bits', () => {
    for (let bits = 0; bits < 0x1_0000; bits++) {
      const value = halfValue(bits)
      if (Number.isNaN(value)) expect(bits & 0x7c00).toBe(0x7c00)
      else if (halfBits(value) !== bits) expect.fail(`half ${bits}`)
    }
  })

  test('neighbours of halves are none', () => {
    for (const value of [65505, 65520, 2 ** -25, 1 + 2 ** -11, 2 ** -24 * 1.5, 1e-40, 0.1])
      expect(halfBits(value)).toBeUndefined()
  })
})

describe('values', () => {
  test('equal data gives equal bytes whatever the order of members; undefined members are absent', () => {
    const one = encodeValue({ b: 1, a: { d: undefined, c: 2 } })
    expect(one).toEqual(encodeValue({ a: { c: 2 }, e: undefined, b: 1 }))
    expect(decodeValue(one)).toStrictEqual({ a: { c: 2 }, b: 1 })
  })

  test('encode(decode(encode(value))) is stable and what reads as data of another type differs', () => {
    fc.assert(
      fc.property(rich, rich, (a, b) => {
        const [x, y] = [toHex(encodeValue(a)), toHex(encodeValue(b))]
        expect(toHex(encodeValue(decodeValue(fromHex(x)!)))).toBe(x)
        if (x === y) expect(a).toEqual(b)
      }),
    )
  })

  test('text and bytes, dates and numbers, [] and {} stay apart', () => {
    const values = [
      'a',
      Uint8Array.of(0x61),
      new Date(5),
      5,
      '5',
      [],
      {},
      null,
      false,
      '',
      [5],
      { 0: 5 },
    ]
    expect(new Set(values.map((value) => toHex(encodeValue(value)))).size).toBe(values.length)
  })

  test.each([0, -1, 999, 1000, -1000, -1001, 1767225600123, 8.64e15, -8.64e15])(
    'date %d',
    (time) => {
      expect(decodeValue(encodeValue(new Date(time)))).toEqual(new Date(time))
    },
  )

  test('__proto__ is data', () => {
    const hostile: unknown = JSON.parse('{"__proto__":{"polluted":1},"a":{"__proto__":"x"}}')
    const back = decodeValue(encodeValue(hostile)) as Record<string, object>
    expect(Object.keys(back)).toEqual(['a', '__proto__'])
    expect(Object.getOwnPropertyDescriptor(back, '__proto__')?.value).toEqual({ polluted: 1 })
    expect(Object.getOwnPropertyDescriptor(back['a'], '__proto__')?.value).toBe('x')
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('objects without a prototype are plain', () => {
    const bare = Object.assign(Object.create(null) as object, { a: 1 })
    expect(encodeValue(bare)).toEqual(encodeValue({ a: 1 }))
  })

  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['undefined in a list', [undefined]],
    ['a hole', new Array<unknown>(1)],
    ['a function', () => 1],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['NaN', Number.NaN],
    ['an infinity', [Number.NEGATIVE_INFINITY]],
    ['an invalid date', new Date(Number.NaN)],
    ['a map', new Map([['a', 1]])],
    [
      'a class instance',
      new (class Thing {
        a = 1
      })(),
    ],
    ['other views', new Uint16Array(2)],
    ['a lone surrogate', { a: 'x\ud800' }],
    ['a lone surrogate in a name', { '\udfff': 1 }],
    ['a cycle', cycle],
  ])('%s is refused', (_, value) => {
    expect(code(() => encodeValue(value))).toBe('INVALID_ARGUMENT')
  })

  test('nesting goes to its bound and no further, in both directions', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 1 : [nested(depth - 1)])
    const deepest = encodeValue(nested(VALUE_DEPTH_MAX))
    expect(decodeValue(deepest)).toEqual(nested(VALUE_DEPTH_MAX))
    expect(code(() => encodeValue(nested(VALUE_DEPTH_MAX + 1)))).toBe('INVALID_ARGUMENT')
    const deeper = item('81'.repeat(VALUE_DEPTH_MAX + 1) + '01')
    expect(code(() => decodeValue(deeper))).toBe('INTEGRITY')
  })

  test('a getter that encodes does not disturb the encoding around it', () => {
    const outer = {
      a: 'before',
      get b() {
        return toHex(encodeValue({ inner: 'x'.repeat(2000) })).slice(0, 8)
      },
      c: 'after',
    }
    const plain = { a: outer.a, b: outer.b, c: outer.c }
    expect(encodeValue(outer)).toEqual(encodeValue(plain))
  })

  test('a failed encoding leaves nothing behind', () => {
    expect(code(() => encodeValue(['x'.repeat(5000), Number.NaN]))).toBe('INVALID_ARGUMENT')
    expect(toHex(encodeValue(1))).toBe('0101')
  })

  test('long values grow the buffer', () => {
    const long = { text: 'ü'.repeat(70_000), bytes: new Uint8Array(200_000).fill(7) }
    const back = decodeValue(encodeValue(long)) as typeof long
    expect(back.text === long.text && equalBytes(back.bytes, long.bytes)).toBe(true)
  })
})

describe('hostile CBOR', () => {
  test.each([
    ['indefinite text', '7f6161ff'],
    ['indefinite bytes', '5f4101ff'],
    ['indefinite list', '9f01ff'],
    ['indefinite map', 'bf616101ff'],
    ['a lone break', 'ff'],
    ['0 in two bytes', '1800'],
    ['23 in two bytes', '1817'],
    ['255 in three bytes', '1900ff'],
    ['65535 in five bytes', '1a0000ffff'],
    ['2^32 - 1 in nine bytes', '1b00000000ffffffff'],
    ['-24 in two bytes', '3817'],
    ['2^53', '1b0020000000000000'],
    ['2^64 - 1', '1bffffffffffffffff'],
    ['-2^53', '3b001fffffffffffff'],
    ['a reserved length', '1c'],
    ['a text length in two bytes', '780161'],
    ['repeated names', 'a2616101616102'],
    ['unsorted names', 'a2616201616102'],
    ['a longer name first', 'a26261610161620 2'.replace(' ', '')],
    ['a number as name', 'a10101'],
    ['bytes as name', 'a1416101'],
    ['a name without a value', 'a16161'],
    ['undefined', 'f7'],
    ['simple value 16', 'f0'],
    ['simple value 255', 'f8ff'],
    ['NaN', 'f97e00'],
    ['an infinity', 'f97c00'],
    ['a double infinity', 'fb7ff0000000000000'],
    ['1.0 as a half', 'f93c00'],
    ['0.0 as a half', 'f90000'],
    ['1.5 as a single', 'fa3fc00000'],
    ['1.5 as a double', 'fb3ff8000000000000'],
    ['a single as a double', 'fb47efffffe0000000'],
    ['-0 as a double', 'fb8000000000000000'],
    ['2^52 as a double', 'fb4330000000000000'],
    ['a foreign tag', 'c001'],
    ['tag 1', 'c11a514b67b0'],
    ['tag 1001 around a number', 'd903e901'],
    ['a date without milliseconds', 'd903e9a10101'],
    ['a date of 1000 milliseconds', 'd903e9a20101221903e8'],
    ['a date of negative milliseconds', 'd903e9a201012220'],
    ['a date beyond all dates', 'd903e9a2011b00000 7dba8218001 2200'.replaceAll(' ', '')],
    ['an overlong byte in text', '62c080'],
    ['a surrogate in text', '63eda080'],
    ['a cut character', '61c3'],
    ['latin1', '64666ffc72'],
    ['text longer than the input', '7a7fffffff61'],
    ['bytes longer than the input', '5b001fffffffffffff'],
    ['a list longer than the input', '9b001fffffffffffff01'],
    ['a map longer than the input', 'bb001fffffffffffff616101'],
    ['a map with as many pairs as bytes', 'a4616101'],
    ['two items', '0101'],
    ['no item', ''],
  ])('%s', (_, hex) => {
    expect(code(() => decodeValue(item(hex)))).toBe('INTEGRITY')
  })

  test.each(['81', 'a16161', 'd903e9', '9b001fffffffffffff', '5f'])(
    'a megabyte of %s is refused without exhausting stack or memory',
    (hex) => {
      const bytes = item(hex.repeat(1_000_000 / (hex.length / 2)))
      expect(code(() => decodeValue(bytes))).toBe('INTEGRITY')
    },
  )

  test('other versions of the format are refused', () => {
    for (const version of [0, 2, 255])
      expect(code(() => decodeValue(Uint8Array.of(version, 1)))).toBe('INTEGRITY')
  })

  test('refusals name the format and show no content', () => {
    const secret = encodeValue('the secret text that nobody may see').subarray(0, 20)
    const { message } = refusal(() => decodeValue(secret))
    expect(message).toMatch(/^Value: expected /)
    expect(message).not.toMatch(/secret/)
    expect(refusal(() => decodeRecord('ticket', secret)).message).toMatch(
      /^Record of kind ticket: /,
    )
  })
})
