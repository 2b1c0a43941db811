/** Unicode in layouts, at the places where UTF-16 and UTF-8 disagree. */
import { describe, expect, test } from 'vitest'
import { compareBytes, utf8 } from '../../src/base/bytes.ts'
import { compareUtf8, isWellFormed, utf8Length } from '../../src/format/text.ts'

/** The first and last code points of each width, and both sides of the surrogates, in order. */
const EDGES = [
  '',
  '\0',
  '\x7f',
  '\x80',
  '\u07ff',
  '\u0800',
  '\ud7ff',
  '\ue000',
  '\uffff',
  '\u{10000}',
  '\u{103ff}',
  '\u{10ffff}',
]
const TEXTS = EDGES.flatMap((a) => EDGES.map((b) => a + b))

test.each(TEXTS.map((text) => [text]))('%j has as many bytes as it says', (text) => {
  expect(utf8Length(text)).toBe(utf8(text).length)
})

test('order is that of the bytes', () => {
  for (const a of TEXTS)
    for (const b of TEXTS) {
      const expected = Math.sign(compareBytes(utf8(a), utf8(b)))
      expect([a, b, Math.sign(compareUtf8(a, b))]).toEqual([a, b, expected])
    }
})

describe('lone surrogates', () => {
  test.each(['\ud800', '\udfff', 'a\udbff', '\udc00b', '\udc00\ud800'])('%j', (text) => {
    expect(isWellFormed(text)).toBe(false)
  })

  test('are the only malformed text', () => {
    expect(TEXTS.every(isWellFormed)).toBe(true)
  })
})
