/** What every store refuses before it touches anything. */
import { describe, expect, it } from 'vitest'
import type { Commit, Range } from '../../src/store/store.ts'
import type { StrongroomError } from '../../src/base/errors.ts'
import {
  EMBEDDED_LIMITS,
  PORTABLE_LIMITS,
  checkCommit,
  checkRange,
  checkedKey,
  conflict,
  keyText,
  ownCopy,
  storeClosed,
  textKey,
} from '../../src/store/limits.ts'
import { compareBytes } from '../../src/base/bytes.ts'

const limits = { maxOps: 3, maxCommitBytes: 20, maxValueBytes: 8, maxKeyBytes: 4 }
const bytes = (length: number, fill = 1): Uint8Array => new Uint8Array(length).fill(fill)
const token = bytes(16)
const wrong = (value: unknown): never => value as never

const codeOf = (call: () => unknown): string => {
  try {
    call()
    return 'none'
  } catch (error) {
    return (error as StrongroomError).code
  }
}

describe('a commit', () => {
  const whole: Commit = { checks: [], puts: [], dels: [], token }
  const put = (fill: number, key = 1, value = 1) => ({ key: bytes(key, fill), value: bytes(value) })
  const check = (fill: number, key = 1) => ({ key: bytes(key, fill), version: 0n })

  const fine: [string, Partial<Commit>][] = [
    ['nothing at all', {}],
    ['as many operations as allowed', { checks: [check(1)], puts: [put(2)], dels: [bytes(1, 3)] }],
    ['the longest key everywhere', { checks: [check(1, 4)], puts: [put(2, 4)], dels: [bytes(4)] }],
    ['the longest value', { puts: [put(1, 1, 8)] }],
    ['as many bytes as allowed', { checks: [check(1, 4)], puts: [put(2, 4, 8)], dels: [bytes(4)] }],
    ['an empty value', { puts: [put(1, 1, 0)] }],
    ['a key that is checked and written', { checks: [check(1)], puts: [put(1)] }],
    ['a key that is checked twice', { checks: [check(1), check(1)] }],
  ]
  it.each(fine)('may be %s', (_what, parts) => {
    expect(codeOf(() => checkCommit({ ...whole, ...parts }, limits))).toBe('none')
  })

  const beyond: [string, Partial<Commit>][] = [
    ['checks', { checks: [1, 2, 3, 4].map((i) => check(i)) }],
    ['puts', { puts: [1, 2, 3, 4].map((i) => put(i)) }],
    ['dels', { dels: [1, 2, 3, 4].map((i) => bytes(1, i)) }],
    [
      'checks, puts and dels together',
      { checks: [check(1), check(2)], puts: [put(3)], dels: [bytes(1, 4)] },
    ],
    ['a checked key', { checks: [check(1, 5)] }],
    ['a put key', { puts: [put(1, 5)] }],
    ['a deleted key', { dels: [bytes(5)] }],
    ['a value', { puts: [put(1, 1, 9)] }],
    ['bytes of puts', { puts: [put(1, 4, 8), put(2, 1, 8)] }],
    ['bytes of puts and a check', { checks: [check(1)], puts: [put(2, 4, 8), put(3, 2, 6)] }],
    ['bytes of puts and a del', { dels: [bytes(1)], puts: [put(2, 4, 8), put(3, 2, 6)] }],
  ]
  it.each(beyond)('is refused beyond the bound of %s', (_what, parts) => {
    expect(codeOf(() => checkCommit({ ...whole, ...parts }, limits))).toBe('LIMIT_EXCEEDED')
  })

  const malformed: [string, Partial<Commit>][] = [
    ['a token that is too short', { token: bytes(15) }],
    ['a token that is too long', { token: bytes(17) }],
    ['a token that is no bytes', { token: wrong(Array.from(token)) }],
    ['a version below zero', { checks: [{ key: bytes(1), version: -1n }] }],
    ['a version that is a number', { checks: [{ key: bytes(1), version: wrong(0) }] }],
    ['an empty key to check', { checks: [check(1, 0)] }],
    ['an empty key to put', { puts: [put(1, 0)] }],
    ['an empty key to delete', { dels: [bytes(0)] }],
    ['a key that is text', { dels: [wrong('a')] }],
    ['a value that is text', { puts: [{ key: bytes(1), value: wrong('a') }] }],
    ['a key that is put twice', { puts: [put(1), put(1)] }],
    ['a key that is deleted twice', { dels: [bytes(1), bytes(1)] }],
    ['a key that is put and deleted', { puts: [put(2), put(1)], dels: [bytes(1)] }],
  ]
  it.each(malformed)('is refused with %s', (_what, parts) => {
    expect(codeOf(() => checkCommit({ ...whole, ...parts }, limits))).toBe('INVALID_ARGUMENT')
  })

  it('comes back with the text of its keys and its size', () => {
    const parts = { checks: [check(0xff, 2)], puts: [put(2, 3, 4)], dels: [bytes(1, 3)] }
    const checked = checkCommit({ ...whole, ...parts }, limits)
    expect(checked).toEqual({
      checks: [{ ...parts.checks[0], text: '\xff\xff' }],
      puts: [{ ...parts.puts[0], text: '\x02\x02\x02' }],
      dels: [{ key: parts.dels[0], text: '\x03' }],
      bytes: 2 + 7 + 1,
    })
    expect(checked.puts[0]!.value).toBe(parts.puts[0]!.value)
  })
})

describe('a range', () => {
  const range: Range = { gte: bytes(0), lt: bytes(0), limit: 0 }
  const cases: [string, Partial<Range>, string][] = [
    ['without anything in it', {}, 'none'],
    ['with the successor of the longest key', { gte: bytes(5), lt: bytes(5), limit: 9 }, 'none'],
    ['with a lower bound too long', { gte: bytes(6) }, 'LIMIT_EXCEEDED'],
    ['with an upper bound too long', { lt: bytes(6) }, 'LIMIT_EXCEEDED'],
    ['with a lower bound of text', { gte: wrong('a') }, 'INVALID_ARGUMENT'],
    ['with an upper bound of text', { lt: wrong('a') }, 'INVALID_ARGUMENT'],
    ['with a limit below zero', { limit: -1 }, 'INVALID_ARGUMENT'],
    ['with a limit in between', { limit: 1.5 }, 'INVALID_ARGUMENT'],
    ['without a limit', { limit: wrong(undefined) }, 'INVALID_ARGUMENT'],
  ]
  it.each(cases)('%s', (_what, parts, code) => {
    expect(codeOf(() => checkRange({ ...range, ...parts }, limits))).toBe(code)
  })
})

describe('the text of a key', () => {
  it('has the order of the bytes and leads back to them', () => {
    const keys = [[0], [0, 0], [0x7f], [0x80], [0xfe, 0xff], [0xff]].map((key) =>
      Uint8Array.from(key),
    )
    const texts = keys.map(keyText)
    expect(texts.toSorted()).toEqual(texts)
    expect(keys.toSorted(compareBytes)).toEqual(keys)
    expect(texts.map(textKey)).toEqual(keys)
    expect(checkedKey('key', keys[1]!, limits)).toEqual({ key: keys[1], text: '\0\0' })
  })
})

it('a copy is plain and of its own memory, also of a Buffer', () => {
  const given = Buffer.from('abc')
  const copy = ownCopy(given)
  given.fill(0)
  expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype)
  expect(copy).toEqual(Uint8Array.from([97, 98, 99]))
})

it('what is always safe is no more than what our own stores take', () => {
  expect(PORTABLE_LIMITS).toEqual({
    maxOps: 100,
    maxCommitBytes: 1_000_000,
    maxValueBytes: 64_000,
    maxKeyBytes: 512,
  })
  for (const name of ['maxOps', 'maxCommitBytes', 'maxValueBytes', 'maxKeyBytes'] as const)
    expect(EMBEDDED_LIMITS[name]).toBeGreaterThanOrEqual(PORTABLE_LIMITS[name])
})

it('has one error for calls after close, and one for refused checks', () => {
  expect(storeClosed().code).toBe('CLOSED')
  expect(conflict().kind).toBe('conflict')
})
