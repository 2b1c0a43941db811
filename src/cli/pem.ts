/**
 * Private keys in PEM (RFC 7468), byte by byte: the text never becomes a string, which could not be
 * wiped.
 */
import { secretBytes, utf8, wipe } from '../base/bytes.ts'

const BEGIN = '-----BEGIN PRIVATE KEY-----'
const END = '-----END PRIVATE KEY-----'
const ALPHABET = utf8('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/')
const WHITESPACE = utf8(' \t\r\n')
const PAD = 0x3d

/** The bytes of the first unencrypted private key; undefined when there is none. */
export function privateKeyOfPem(content: Uint8Array): Uint8Array | undefined {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length)
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin) return undefined
  return decodeBase64(content.subarray(begin + BEGIN.length, end))
}

/** RFC 4648 section 4, with whitespace between the digits. */
function decodeBase64(digits: Uint8Array): Uint8Array | undefined {
  const out = secretBytes(Math.ceil((digits.length * 3) / 4))
  let [length, word, bits, padding] = [0, 0, 0, 0]
  for (const digit of digits) {
    if (WHITESPACE.includes(digit)) continue
    const value = ALPHABET.indexOf(digit)
    if (digit === PAD) padding++
    else if (value < 0 || padding > 0) return undefined
    else {
      word = ((word << 6) | value) & 0xffff
      bits += 6
      if (bits < 8) continue
      bits -= 8
      out[length++] = word >>> bits
    }
  }
  try {
    return padding === (bits === 0 ? 0 : bits / 2) ? out.slice(0, length) : undefined
  } finally {
    wipe(out)
  }
}
