/** Seal header and erase file (docs/formats/seal.md, erase.md). */
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import { decodeErase, encodeErase } from '../../src/format/erase.ts'
import { decodeSealHeader, encodeSealHeader, sealHeaderAad } from '../../src/format/seal-header.ts'
import type { ScryptKdf, SealHeader } from '../../src/format/seal-header.ts'

const ID = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'
const KDF: ScryptKdf = { type: 'scrypt', salt: new Uint8Array(32).fill(5), N: 2 ** 17, r: 8, p: 1 }
const HEADER: SealHeader = {
  realmId: ID,
  createdAt: 1767225600000,
  kdf: KDF,
  wrappedRoot: new Uint8Array(104).fill(6),
}
/** Magic and version, realm, time, tag. */
const COSTS_AT = 5 + 16 + 8 + 1

function code(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof StrongroomError) return error.code
    throw error
  }
  throw new Error('expected a refusal')
}

/** The encoded header with other costs. */
function withCosts(logN: number, r: number, p: number): Uint8Array {
  const bytes = encodeSealHeader(HEADER)
  bytes.set([logN, r, p], COSTS_AT)
  return bytes
}

describe('seal header', () => {
  test('scrypt costs within their bounds are read', () => {
    for (const logN of [17, 18, 19, 20])
      for (const p of [1, 2, 3, 4])
        expect(decodeSealHeader(withCosts(logN, 8, p)).kdf).toEqual({ ...KDF, N: 2 ** logN, p })
  })

  test.each([
    [0, 8, 1], [1, 8, 1], [16, 8, 1], [21, 8, 1], [31, 8, 1], [63, 8, 1], [255, 8, 1],
    [17, 0, 1], [17, 7, 1], [17, 9, 1], [17, 255, 1], [17, 8, 0], [17, 8, 5], [17, 8, 255],
  ])('N = 2^%d, r = %d, p = %d is refused before anything is derived', (logN, r, p) => {
    expect(code(() => decodeSealHeader(withCosts(logN, r, p)))).toBe('INTEGRITY')
  }) // prettier-ignore

  test.each<[string, Partial<ScryptKdf>]>([
    ['N below the floor', { N: 2 ** 16 }],
    ['N above the cap', { N: 2 ** 21 }],
    ['N that is no power of two', { N: 2 ** 17 + 1 }],
    ['N that is not a number', { N: Number.NaN }],
    ['another r', { r: 16 }],
    ['p of 0', { p: 0 }],
    ['p above the cap', { p: 5 }],
    ['p of one and a half', { p: 1.5 }],
    ['a short salt', { salt: new Uint8Array(15) }],
    ['a long salt', { salt: new Uint8Array(65) }],
  ])('%s is not written', (_, change) => {
    const header = { ...HEADER, kdf: { ...KDF, ...change } }
    expect(code(() => encodeSealHeader(header))).toBe('INVALID_ARGUMENT')
    expect(code(() => sealHeaderAad(header))).toBe('INVALID_ARGUMENT')
  })

  test('wrapped keys out of bounds are not written', () => {
    for (const length of [0, 15, 1025])
      expect(code(() => encodeSealHeader({ ...HEADER, wrappedRoot: new Uint8Array(length) }))).toBe(
        'INVALID_ARGUMENT',
      )
    const kdf = { type: 'callback', wrapped: new Uint8Array(4097) } as const
    expect(code(() => encodeSealHeader({ ...HEADER, kdf }))).toBe('INVALID_ARGUMENT')
  })

  test('an unknown way of unsealing is refused', () => {
    for (const tag of [0, 4, 255]) {
      const bytes = encodeSealHeader(HEADER)
      bytes[COSTS_AT - 1] = tag
      expect(code(() => decodeSealHeader(bytes))).toBe('INTEGRITY')
    }
  })

  test('the associated data is the header up to the wrapped root key', () => {
    const aad = toHex(sealHeaderAad(HEADER))
    expect(toHex(encodeSealHeader(HEADER))).toBe(`${aad}0068${'06'.repeat(104)}`)
    const unwrapped = { ...HEADER, wrappedRoot: new Uint8Array(0) }
    expect(toHex(sealHeaderAad(unwrapped))).toBe(aad)
  })

  test('every other part changes it', () => {
    const changes: Partial<SealHeader>[] = [
      { realmId: ID.replace('0b', '0c') },
      { createdAt: 0 },
      { kdf: { type: 'key' } },
      { kdf: { ...KDF, p: 2 } },
      { kdf: { ...KDF, N: 2 ** 18 } },
      { kdf: { ...KDF, salt: new Uint8Array(32) } },
      { kdf: { type: 'callback', wrapped: new Uint8Array(0) } },
      { kdf: { type: 'callback', wrapped: new Uint8Array(1) } },
    ]
    const all = [{}, ...changes].map((change) => toHex(sealHeaderAad({ ...HEADER, ...change })))
    expect(new Set(all).size).toBe(all.length)
  })
})

describe('erase file', () => {
  const entry = (epoch: number, fill: number) => ({ epoch, key: new Uint8Array(32).fill(fill) })

  test('keeps the order of its entries', () => {
    for (const entries of [
      [],
      [entry(7, 1)],
      [entry(7, 1), entry(8, 2)],
      [entry(8, 2), entry(7, 1)],
    ]) {
      const erase = { realmId: ID, entries }
      expect(decodeErase(encodeErase(erase))).toEqual(erase)
      expect(encodeErase(erase)).toHaveLength(22 + 36 * entries.length)
    }
  })

  test('two entries of one epoch, or three, are neither written nor read', () => {
    const twice = { realmId: ID, entries: [entry(7, 1), entry(7, 2)] }
    expect(code(() => encodeErase(twice))).toBe('INVALID_ARGUMENT')
    const three = { realmId: ID, entries: [entry(1, 1), entry(2, 2), entry(3, 3)] }
    expect(code(() => encodeErase(three))).toBe('INVALID_ARGUMENT')
    const bytes = encodeErase({ realmId: ID, entries: [entry(7, 1), entry(8, 2)] })
    bytes[22 + 36 + 3] = 7
    expect(code(() => decodeErase(bytes))).toBe('INTEGRITY')
    const more = Uint8Array.of(...bytes, ...bytes.subarray(22, 58))
    more[21] = 3
    expect(code(() => decodeErase(more))).toBe('INTEGRITY')
  })

  test('keys are copies', () => {
    const bytes = encodeErase({ realmId: ID, entries: [entry(7, 9)] })
    const { entries } = decodeErase(bytes)
    bytes.fill(0)
    expect(entries[0]!.key).toEqual(new Uint8Array(32).fill(9))
  })

  test('a key of another length is our mistake', () => {
    const entries = [{ epoch: 1, key: new Uint8Array(31) }]
    expect(code(() => encodeErase({ realmId: ID, entries }))).toBe('INTERNAL')
  })
})
