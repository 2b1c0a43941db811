/** The bricks of the fixed layouts: every value has its one form, and what does not fit is refused. */
import { describe, expect, test } from 'vitest'
import { fromHex as parseHex, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  Builder,
  Cursor,
  getBig64,
  getU32,
  getU64,
  isU32,
  isU64,
  magic,
  putBig64,
  putU32,
  putU64,
  refuse,
} from '../../src/format/binary.ts'

const fromHex = (hex: string): Uint8Array => parseHex(hex)!

function codeOf(call: () => unknown): string {
  try {
    call()
    return 'done'
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
}

const SAFE = Number.MAX_SAFE_INTEGER

describe('numbers', () => {
  test.each([
    [0, '00000000'],
    [1, '00000001'],
    [0x0102_0304, '01020304'],
    [0x8000_0000, '80000000'],
    [0xffff_ffff, 'ffffffff'],
  ])('%i in 32 bits', (value, hex) => {
    const bytes = new Uint8Array(6)
    putU32(bytes, 1, value)
    expect(toHex(bytes)).toBe(`00${hex}00`)
    expect(getU32(bytes, 1)).toBe(value)
  })

  test.each([
    [0, '0000000000000000'],
    [0x0102_0304_0506, '0000010203040506'],
    [0x1_0000_0000, '0000000100000000'],
    [SAFE, '001fffffffffffff'],
  ])('%i in 64 bits', (value, hex) => {
    const bytes = new Uint8Array(10)
    putU64(bytes, 1, value)
    expect(toHex(bytes)).toBe(`00${hex}00`)
    expect(getU64(bytes, 1)).toBe(value)
    putBig64(bytes, 0, BigInt(value))
    expect(getBig64(bytes, 0)).toBe(BigInt(value))
  })

  test('64 bits beyond 2^53 - 1 are a bigint or nothing', () => {
    expect(getU64(fromHex('0020000000000000'), 0)).toBeUndefined()
    expect(getU64(fromHex('ffffffffffffffff'), 0)).toBeUndefined()
    expect(getBig64(fromHex('ffeeddccbbaa9988'), 0)).toBe(0xffee_ddcc_bbaa_9988n)
    const bytes = new Uint8Array(8)
    putBig64(bytes, 0, 0xffee_ddcc_bbaa_9988n)
    expect(toHex(bytes)).toBe('ffeeddccbbaa9988')
  })

  test('which fit', () => {
    const fit = [0, 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, -1, 0.5, Number.NaN].filter(isU32)
    expect(fit).toEqual([0, 1, 2 ** 31, 2 ** 32 - 1])
    expect([0n, 2n ** 64n - 1n, 2n ** 64n, -1n].filter(isU64)).toEqual([0n, 2n ** 64n - 1n])
  })
})

describe('building', () => {
  test.each<[string, (out: Builder) => Builder, hex: string]>([
    ['raw', (out) => out.raw(fromHex('0102')), '0102'],
    ['fixed', (out) => out.fixed(fromHex('0102'), 2), '0102'],
    ['u8', (out) => out.u8(0).u8(255), '00ff'],
    ['u16', (out) => out.u16(0x0102).u16(0xffff), '0102ffff'],
    ['u32', (out) => out.u32(0x0102_0304).u32(2 ** 32 - 1), '01020304ffffffff'],
    ['u64', (out) => out.u64(1n).u64(2n ** 64n - 1n), '0000000000000001ffffffffffffffff'],
    ['time', (out) => out.time(-1).time(SAFE), 'ffffffffffffffff001fffffffffffff'],
    ['short', (out) => out.short(fromHex('aabb')).short(fromHex('')), '0002aabb0000'],
    ['long', (out) => out.long(fromHex('aabb')).long(fromHex('')), '00000002aabb00000000'],
    ['nothing', (out) => out, ''],
  ])('%s', (_, build, hex) => {
    expect(toHex(build(new Builder()).finish())).toBe(hex)
  })

  test.each<[string, (out: Builder) => Builder]>([
    ['fixed, too short', (out) => out.fixed(fromHex('01'), 2)],
    ['fixed, too long', (out) => out.fixed(fromHex('010203'), 2)],
    ['u8 of 256', (out) => out.u8(256)],
    ['u8 of -1', (out) => out.u8(-1)],
    ['u8 of a half', (out) => out.u8(0.5)],
    ['u16 of 65536', (out) => out.u16(0x1_0000)],
    ['u16 of -1', (out) => out.u16(-1)],
    ['u32 of 2^32', (out) => out.u32(2 ** 32)],
    ['u64 of 2^64', (out) => out.u64(2n ** 64n)],
    ['u64 of -1', (out) => out.u64(-1n)],
    ['time of a half', (out) => out.time(0.5)],
    ['time of 2^53', (out) => out.time(2 ** 53)],
    ['short of 65536 bytes', (out) => out.short(new Uint8Array(0x1_0000))],
  ])('%s is our mistake', (_, build) => {
    expect(codeOf(() => build(new Builder()))).toBe('INTERNAL')
  })
})

describe('reading', () => {
  const cursor = (hex: string) => new Cursor(fromHex(hex), 'Thing')

  test('front to back, what was built', () => {
    const built = new Builder()
      .raw(magic('ABCD'))
      .u8(7)
      .u16(0x0102)
      .u32(0xffff_fffe)
      .u64(2n ** 64n - 2n)
      .time(-5)
      .short(fromHex('aabb'))
      .finish()
    const reader = new Cursor(built, 'Thing')
    reader.expect(magic('ABCD'))
    expect(reader.at).toBe(5)
    expect([reader.u8(), reader.u16(), reader.u32()]).toEqual([7, 0x0102, 0xffff_fffe])
    expect([reader.u64(), reader.time()]).toEqual([2n ** 64n - 2n, -5])
    expect(toHex(reader.short(2, 2))).toBe('aabb')
    expect(reader.at).toBe(built.length)
    expect(codeOf(() => reader.end())).toBe('done')
  })

  test.each<[string, (reader: Cursor) => unknown, hex: string]>([
    ['a byte', (reader) => reader.u8(), ''],
    ['a u16', (reader) => reader.u16(), '01'],
    ['a u32', (reader) => reader.u32(), '010203'],
    ['a u64', (reader) => reader.u64(), '01020304050607'],
    ['a time', (reader) => reader.time(), '01020304050607'],
    ['three bytes', (reader) => reader.take(3), '0102'],
    ['a field', (reader) => reader.short(0, 9), '0002aa'],
    ['a magic', (reader) => reader.expect(magic('ABCD')), '41424344'],
    ['another magic', (reader) => reader.expect(magic('ABCD')), '4142434501'],
    ['another version', (reader) => reader.expect(magic('ABCD')), '4142434402'],
    ['a field below its bound', (reader) => reader.short(3, 4), '0002aabb'],
    ['a field above its bound', (reader) => reader.short(0, 1), '0002aabb'],
    ['a time beyond 2^53', (reader) => reader.time(), '0020000000000000'],
    ['a time before -2^53', (reader) => reader.time(), 'ffe0000000000000'],
    ['an end', (reader) => reader.end(), '00'],
  ])('%s that is not there', (_, read, hex) => {
    const reader = cursor(hex)
    expect(codeOf(() => read(reader))).toBe('INTEGRITY')
    expect(() => read(cursor(hex))).toThrow(/^Thing: expected /)
  })

  test('bounds of a field and of a time belong to it', () => {
    expect(cursor('0002aabb').short(2, 9)).toHaveLength(2)
    expect(cursor('0002aabb').short(0, 2)).toHaveLength(2)
    expect(cursor('001fffffffffffff').time()).toBe(SAFE)
    expect(cursor('ffe0000000000001').time()).toBe(-SAFE)
  })

  test('a refused read consumes nothing', () => {
    const reader = cursor('0102')
    expect(codeOf(() => reader.take(3))).toBe('INTEGRITY')
    expect([reader.at, reader.u16()]).toEqual([0, 0x0102])
  })

  test('takes copies', () => {
    const bytes = fromHex('010203')
    const taken = new Cursor(bytes, 'Thing').take(2)
    taken.fill(0)
    expect(toHex(bytes)).toBe('010203')
  })
})

test('a magic is four letters and version 1', () => {
  expect(toHex(magic('SRSL'))).toBe('5352534c01')
})

test('a refusal names the format', () => {
  expect(() => refuse('Thing', 'another')).toThrow('Thing: expected another;')
})
