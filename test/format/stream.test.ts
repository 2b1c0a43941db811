/** Encrypted files (docs/formats/stream.md). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { concat, toHex, utf8 } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  CHUNK_BYTES,
  STREAM_KEY_BYTES_MAX,
  chunkNonce,
  decodeStreamHeader,
  encodeStreamHeader,
} from '../../src/format/stream.ts'
import { bytes } from './arbitraries.ts'

const SALT = new Uint8Array(32).fill(7)

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
  throw new Error('expected a refusal')
}

describe('header', () => {
  test('magic, format, chunk size, key, salt', () => {
    const header = encodeStreamHeader({ encryptedKey: Uint8Array.of(1, 2, 3), salt: SALT })
    expect(toHex(header)).toBe(`${toHex(utf8('STRONGRM'))}01100003010203${'07'.repeat(32)}`)
    expect(2 ** header[9]!).toBe(CHUNK_BYTES)
  })

  test('is read as it comes: reading exactly what it asks for ends at its end', () => {
    fc.assert(
      fc.property(bytes(1, 300), bytes(32), bytes(0, 50), (encryptedKey, salt, rest) => {
        const file = concat(encodeStreamHeader({ encryptedKey, salt }), rest)
        let read = 0
        for (let round = 0; round < 4; round++) {
          const progress = decodeStreamHeader(file.subarray(0, read))
          if ('header' in progress) {
            expect(progress).toEqual({ header: { encryptedKey, salt }, headerBytes: read })
            expect(file.length - read).toBe(rest.length)
            return
          }
          expect(progress.need).toBeGreaterThan(0)
          read += progress.need
        }
        expect.fail('more than three rounds')
      }),
    )
  })

  test('any way of cutting it gives the same header, and never asks beyond its end', () => {
    const encoded = encodeStreamHeader({ encryptedKey: new Uint8Array(122).fill(3), salt: SALT })
    for (let length = 0; length < encoded.length; length++) {
      const progress = decodeStreamHeader(encoded.subarray(0, length))
      expect(
        'need' in progress && progress.need > 0 && length + progress.need <= encoded.length,
      ).toBe(true)
    }
    const longer = concat(encoded, new Uint8Array(9))
    expect(decodeStreamHeader(longer)).toMatchObject({ headerBytes: encoded.length })
  })

  test('a wrong opening is refused at the first byte that shows it', () => {
    const encoded = encodeStreamHeader({ encryptedKey: new Uint8Array(122), salt: SALT })
    for (let at = 0; at < 10; at++) {
      const wrong = encoded.slice(0, at + 1)
      wrong[at]! ^= 1
      expect(code(() => decodeStreamHeader(wrong))).toBe('INVALID_CIPHERTEXT')
    }
  })

  test('a key of no bytes or too many is refused at its length', () => {
    const opening = encodeStreamHeader({ encryptedKey: new Uint8Array(1), salt: SALT }).slice(0, 12)
    for (const length of [0, STREAM_KEY_BYTES_MAX + 1, 0xffff]) {
      opening.set([length >> 8, length & 255], 10)
      expect(code(() => decodeStreamHeader(opening))).toBe('INVALID_CIPHERTEXT')
      const encryptedKey = new Uint8Array(length)
      expect(code(() => encodeStreamHeader({ encryptedKey, salt: SALT }))).toBe('INVALID_ARGUMENT')
    }
    opening.set([STREAM_KEY_BYTES_MAX >> 8, STREAM_KEY_BYTES_MAX & 255], 10)
    expect(decodeStreamHeader(opening)).toEqual({ need: STREAM_KEY_BYTES_MAX + 32 })
  })

  test('a salt of another length is our mistake', () => {
    const header = { encryptedKey: SALT, salt: new Uint8Array(31) }
    expect(code(() => encodeStreamHeader(header))).toBe('INTERNAL')
  })
})

describe('chunk nonces', () => {
  test('counter, big-endian, then the last flag', () => {
    expect(toHex(chunkNonce(0, false))).toBe('00'.repeat(12))
    expect(toHex(chunkNonce(0, true))).toBe('00'.repeat(11) + '01')
    expect(toHex(chunkNonce(0x010203, false))).toBe('00'.repeat(8) + '01020300')
    expect(toHex(chunkNonce(Number.MAX_SAFE_INTEGER, true))).toBe('000000001fffffffffffff01')
  })

  test('no two chunks share one', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.maxSafeNat(), fc.boolean(), fc.boolean(), (a, b, x, y) => {
        expect(toHex(chunkNonce(a, x)) === toHex(chunkNonce(b, y))).toBe(a === b && x === y)
      }),
    )
  })

  test.each([-1, 0.5, 2 ** 53, Number.NaN])('%d is no counter', (counter) => {
    expect(code(() => chunkNonce(counter, false))).toBe('INTERNAL')
  })
})
