/**
 * GHASH by its definition (SP 800-38D 6.3 and 6.4), and what an attacker computes with it: one
 * ciphertext with one tag that AES-GCM opens under two keys ("invisible salamanders", Dodis,
 * Grubbs, Ristenpart, Woodage 2018).
 */
import { createCipheriv } from 'node:crypto'

const BLOCK = 16
/** x^128 + x^7 + x^2 + x + 1 with the bits in the order of GCM: 11100001 and 120 zeros. */
const R = 0xe1n << 120n

const toField = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
export const toBlock = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(2 * BLOCK, '0'), 'hex'))

/** SP 800-38D algorithm 1. */
export function multiply(x: bigint, y: bigint): bigint {
  let z = 0n
  let v = y
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) z ^= v
    v = v & 1n ? (v >> 1n) ^ R : v >> 1n
  }
  return z
}

/** The first bit is the coefficient of 1. */
const ONE = 1n << 127n

export function power(x: bigint, exponent: number): bigint {
  let result = ONE
  for (let i = 0; i < exponent; i++) result = multiply(result, x)
  return result
}

/** x^(2^128 - 2): the group has 2^128 - 1 elements (Fermat). */
export function inverse(x: bigint): bigint {
  let result = ONE
  let square = x
  for (let i = 1; i < 128; i++) {
    square = multiply(square, square)
    result = multiply(result, square)
  }
  return result
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false)
  return new Uint8Array(cipher.update(block))
}

const padded = (bytes: Uint8Array): Uint8Array => {
  const out = new Uint8Array(BLOCK * Math.ceil(bytes.length / BLOCK))
  out.set(bytes)
  return out
}

function* blocks(bytes: Uint8Array): Generator<bigint> {
  const whole = padded(bytes)
  for (let at = 0; at < whole.length; at += BLOCK) yield toField(whole.subarray(at, at + BLOCK))
}

/** Both lengths in bits, 64 bits each. */
function lengthBlock(aad: Uint8Array, ciphertext: Uint8Array): bigint {
  return (BigInt(aad.length * 8) << 64n) | BigInt(ciphertext.length * 8)
}

/** What one reader of the message knows. */
export interface Reader {
  /** The key of AES-GCM, 96-bit IV and associated data. */
  readonly key: Uint8Array
  readonly iv: Uint8Array
  readonly aad: Uint8Array
}

const hashKey = ({ key }: Reader): bigint => toField(encryptBlock(key, new Uint8Array(BLOCK)))
/** E(K, J0), which hides the hash in the tag (SP 800-38D 7.1 steps 2 and 6). */
const mask = ({ key, iv }: Reader): bigint =>
  toField(encryptBlock(key, Uint8Array.of(...iv, 0, 0, 0, 1)))

/** The tag of SP 800-38D 7.1. */
export function tagOf(reader: Reader, ciphertext: Uint8Array): Uint8Array {
  const h = hashKey(reader)
  let sum = 0n
  const all = [...blocks(reader.aad), ...blocks(ciphertext), lengthBlock(reader.aad, ciphertext)]
  for (const block of all) sum = multiply(sum ^ block, h)
  return toBlock(sum ^ mask(reader))
}

/**
 * A ciphertext of `length` whole blocks whose tag is the same for both readers. All blocks but the
 * last are the attacker's choice; in the last one both tags are linear: with T = S + C H^2, where S
 * is the tag of the same message with zeros there, C = (S1 + S2) / (H1^2 + H2^2).
 */
export function collide(
  [one, two]: readonly [Reader, Reader],
  chosen: Uint8Array,
): { readonly ciphertext: Uint8Array; readonly tag: Uint8Array } {
  const open = padded(chosen)
  const zero = Uint8Array.of(...open, ...new Uint8Array(BLOCK))
  const difference = toField(tagOf(one, zero)) ^ toField(tagOf(two, zero))
  const factor = power(hashKey(one), 2) ^ power(hashKey(two), 2)
  const block = multiply(difference, inverse(factor))
  const ciphertext = Uint8Array.of(...open, ...toBlock(block))
  return { ciphertext, tag: tagOf(one, ciphertext) }
}
