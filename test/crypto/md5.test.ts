/** MD5 (RFC 1321 A.5), in one piece and in several. */
import { expect, it } from 'vitest'
import { toHex, utf8 } from '../../src/base/bytes.ts'
import { md5 } from '../../src/crypto/md5.ts'

it.each([
  ['', 'd41d8cd98f00b204e9800998ecf8427e'],
  ['abc', '900150983cd24fb0d6963f7d28e17f72'],
  ['abcdefghijklmnopqrstuvwxyz', 'c3fcd3d76192e4007dfb496cca67e13b'],
])('of %o', (text, digest) => {
  for (const cut of [0, 1]) {
    const hash = md5()
    hash.update(utf8(text.slice(0, cut)))
    hash.update(utf8(text.slice(cut)))
    expect(toHex(hash.digest())).toBe(digest)
  }
})
