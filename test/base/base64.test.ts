/** Base64 and base64url (RFC 4648), held against Node's: canonical forms alone are read. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromBase64, fromBase64url, toBase64, toBase64url } from '../../src/base/bytes.ts'

const FORMS = {
  base64: { to: toBase64, from: fromBase64 },
  base64url: { to: toBase64url, from: fromBase64url },
} as const
type Name = keyof typeof FORMS

describe.each(Object.entries(FORMS))('%s', (name, { to, from }) => {
  const node = (bytes: Uint8Array) => Buffer.from(bytes).toString(name as Name)

  test('the vectors of RFC 4648 section 10', () => {
    for (const length of [0, 1, 2, 3, 4, 5, 6]) {
      const bytes = new TextEncoder().encode('foobar'.slice(0, length))
      expect(to(bytes)).toBe(node(bytes))
      expect(from(node(bytes))).toEqual(bytes)
    }
    expect(toBase64(new TextEncoder().encode('fooba'))).toBe('Zm9vYmE=')
  })

  test('is what Node writes, and comes back, also from a part of a larger array', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(3), (bytes, offset) => {
        const part = bytes.subarray(Math.min(offset, bytes.length))
        expect(to(part)).toBe(node(part))
        expect(from(to(part))).toEqual(new Uint8Array(part))
      }),
    )
  })

  test('texts are read only when they are what would be written', () => {
    const letters = fc.constantFrom(
      'A',
      'a',
      '0',
      '+',
      '/',
      '-',
      '_',
      '=',
      '.',
      ' ',
      'é',
      '\u0100',
      '\u0141',
    )
    fc.assert(
      fc.property(fc.string({ unit: letters, maxLength: 9 }), (text) => {
        const bytes = from(text)
        const canonical = node(Buffer.from(text, name as Name)) === text
        expect(bytes !== undefined).toBe(canonical)
        if (bytes) expect(to(bytes)).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })
})

test.each([
  ['bits that belong to no byte', 'QR=='],
  ['no padding', 'QQ'],
  ['padding alone', '===='],
  ['padding in the middle', 'QQ==QQ=='],
  ['letters of the other alphabet', '-_-_'],
  ['a letter that is one modulo 128', '\u00c1\u00c1\u00c1\u00c1'],
  ['a line feed', 'QUFB\n'],
])('fromBase64 refuses %s', (_, text) => {
  expect(fromBase64(text)).toBeUndefined()
})
