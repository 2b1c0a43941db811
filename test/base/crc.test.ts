/** Check sums, against those of zlib and of RFC 3720. */
import { randomBytes } from 'node:crypto'
import { crc32 as zlib } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/base/bytes.ts'
import { crc32, crc32c } from '../../src/base/crc.ts'

const rising = Uint8Array.from({ length: 32 }, (_, at) => at)

describe('CRC-32', () => {
  it('is that of zlib', () => {
    for (const length of [0, 1, 2, 255, 4096]) {
      const some = randomBytes(length)
      expect(crc32(some)).toBe(zlib(some))
    }
  })

  it('of the plaintext in an answer of OCI', () => {
    expect(crc32(utf8('Hello OCI Vault'))).toBe(1735056167)
  })
})

describe('CRC-32C', () => {
  // RFC 3720 appendix B.4, its bytes read as one little-endian number.
  it.each([
    ['zeros', new Uint8Array(32), 0x8a9136aa],
    ['ones', new Uint8Array(32).fill(0xff), 0x62a8ab43],
    ['rising bytes', rising, 0x46dd794e],
    ['falling bytes', rising.toReversed(), 0x113fdb5c],
    // The usual check value of catalogues of CRCs.
    ['nine digits', utf8('123456789'), 0xe3069283],
  ])('of %s', (_what, bytes, sum) => {
    expect(crc32c(bytes)).toBe(sum)
  })
})

describe.each([
  ['CRC-32', crc32],
  ['CRC-32C', crc32c],
])('%s', (_name, sum) => {
  it('goes on from the sum of what came before', () => {
    for (const cut of [0, 1, 16, 31, 32])
      expect(sum(rising.subarray(cut), sum(rising.subarray(0, cut)))).toBe(sum(rising))
  })
})
