/** Heads, anchor, chain and multiset (docs/formats/heads.md). */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  MAC_BYTES,
  chainEntry,
  decodeAnchor,
  decodeRealmHead,
  decodeVaultHead,
  encodeAnchor,
  encodeRealmHead,
  encodeVaultHead,
  splitMac,
  withMac,
} from '../../src/format/heads.ts'
import type { ChainEntry } from '../../src/format/heads.ts'
import { ZERO_SUM, addElement, removeElement } from '../../src/format/multiset.ts'
import { VALUES, bytes, text, time, u64, uuid } from './arbitraries.ts'

const ID = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'

describe('heads', () => {
  test('lengths are fixed', () => {
    const lengths = { 'vault head': 105, 'realm head': 137, anchor: 61 } as const
    const encoders = {
      'vault head': encodeVaultHead,
      'realm head': encodeRealmHead,
      anchor: encodeAnchor,
    }
    for (const name of Object.keys(lengths) as (keyof typeof lengths)[])
      fc.assert(
        fc.property(VALUES[name]!, (head) => {
          expect(encoders[name](head as never)).toHaveLength(lengths[name])
        }),
        { numRuns: 20 },
      )
  })

  test('no head reads as another', () => {
    const anchor = encodeAnchor({ realmId: ID, seq: 1n, chain: new Uint8Array(32) })
    const long = new Uint8Array(137)
    long.set(anchor)
    const refusal = expect.objectContaining({ code: 'INTEGRITY' }) as Error
    for (const decode of [decodeVaultHead, decodeRealmHead])
      for (const body of [anchor, long.subarray(0, 105), long])
        expect(() => decode(body)).toThrow(refusal)
    expect(() => decodeAnchor(long.subarray(0, 62))).toThrow(refusal)
    expect(decodeAnchor(anchor).seq).toBe(1n)
  })

  test('values that do not fit their field are our mistake', () => {
    const head = { realmId: ID, seq: 1n, chain: new Uint8Array(32) }
    for (const change of [
      { seq: -1n },
      { seq: 2n ** 64n },
      { chain: new Uint8Array(31) },
      { realmId: 'x' },
    ])
      expect(() => encodeAnchor({ ...head, ...change })).toThrow(StrongroomError)
  })

  test('MAC: appended, split off again, refused when too short', () => {
    fc.assert(
      fc.property(bytes(0, 200), bytes(32), (body, mac) => {
        expect(splitMac(withMac(body, mac))).toEqual({ body, mac })
      }),
    )
    expect(splitMac(new Uint8Array(MAC_BYTES - 1))).toBeUndefined()
    expect(splitMac(new Uint8Array(MAC_BYTES))?.body).toHaveLength(0)
    expect(() => withMac(new Uint8Array(5), new Uint8Array(16))).toThrow(StrongroomError)
  })
})

describe('chain entries', () => {
  const small = bytes(0, 3)
  const entries: fc.Arbitrary<ChainEntry> = fc.record({
    previous: bytes(32),
    seq: u64,
    vaultId: uuid,
    operation: text,
    time,
    writes: fc.array(fc.record({ path: small, digest: small }), { maxLength: 3 }),
  })
  const show = (entry: ChainEntry): string =>
    JSON.stringify({
      ...entry,
      previous: toHex(entry.previous),
      seq: String(entry.seq),
      writes: entry.writes.map(({ path, digest }) => [toHex(path), toHex(digest)]),
    })

  test('different commits have different bytes', () => {
    fc.assert(
      fc.property(
        entries,
        entries,
        fc.subarray(
          Object.keys({ previous: 0, seq: 0, vaultId: 0, operation: 0, time: 0, writes: 0 }),
        ),
        (a, b, taken) => {
          const mixed = {
            ...a,
            ...Object.fromEntries(taken.map((name) => [name, b[name as 'seq']])),
          }
          expect(toHex(chainEntry(a)) === toHex(chainEntry(mixed))).toBe(show(a) === show(mixed))
        },
      ),
      { numRuns: 500 },
    )
  })

  test('bytes cannot move between paths and digests', () => {
    const entry = { previous: new Uint8Array(32), seq: 1n, vaultId: ID, operation: 'x', time: 0 }
    const splits = [0, 1, 2, 3, 4].map((at) => {
      const all = Uint8Array.of(1, 2, 3, 4)
      return toHex(
        chainEntry({ ...entry, writes: [{ path: all.subarray(0, at), digest: all.subarray(at) }] }),
      )
    })
    expect(new Set(splits).size).toBe(5)
  })

  test('a previous value of another length is our mistake', () => {
    const entry = { seq: 1n, vaultId: ID, operation: 'x', time: 0, writes: [] }
    expect(() => chainEntry({ ...entry, previous: new Uint8Array(31) })).toThrow(StrongroomError)
  })
})

describe('multiset', () => {
  const element = bytes(32)
  const number = (sum: Uint8Array): bigint => BigInt(`0x${toHex(sum.slice().reverse())}`)
  const MODULUS = 2n ** 256n

  test('adding and removing is arithmetic modulo 2^256, little-endian', () => {
    fc.assert(
      fc.property(element, element, (sum, value) => {
        expect(number(addElement(sum, value))).toBe((number(sum) + number(value)) % MODULUS)
        const difference = (number(sum) - number(value) + MODULUS) % MODULUS
        expect(number(removeElement(sum, value))).toBe(difference)
      }),
      { numRuns: 500 },
    )
  })

  test('carries and borrows run through', () => {
    const full = new Uint8Array(32).fill(255)
    const one = new Uint8Array(32)
    one[0] = 1
    expect(addElement(full, one)).toEqual(ZERO_SUM)
    expect(removeElement(ZERO_SUM, one)).toEqual(full)
  })

  test('order does not matter, inputs stay as they are', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 6 }), (elements) => {
        const before = elements.map(toHex)
        const forward = elements.reduce(addElement, ZERO_SUM)
        const backward = [...elements].reverse().reduce(addElement, ZERO_SUM)
        expect(forward).toEqual(backward)
        expect(elements.reduce(removeElement, forward)).toEqual(ZERO_SUM)
        expect(elements.map(toHex)).toEqual(before)
        expect(toHex(ZERO_SUM)).toBe('00'.repeat(32))
      }),
    )
  })

  test('other lengths are our mistake', () => {
    expect(() => addElement(ZERO_SUM, new Uint8Array(31))).toThrow(StrongroomError)
    expect(() => removeElement(new Uint8Array(33), ZERO_SUM)).toThrow(StrongroomError)
  })
})
