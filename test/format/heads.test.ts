/** Heads, anchor, chain and multiset (docs/formats/heads.md). */
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fromUtf8, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  MAC_BYTES,
  ORDER_BYTES,
  chainInput,
  decodeAnchor,
  decodeOrder,
  decodeRealmHead,
  decodeVaultHead,
  encodeAnchor,
  encodeOrder,
  encodeRealmHead,
  encodeVaultHead,
  realmChainInput,
  realmStartInput,
  splitMac,
  withMac,
} from '../../src/format/heads.ts'
import { ZERO_SUM, addElement, removeElement } from '../../src/format/multiset.ts'
import { VALUES, bytes, u64 } from './arbitraries.ts'

const ID = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'

describe('heads', () => {
  test('lengths are fixed', () => {
    const lengths = { 'vault head': 106, 'realm head': 153, anchor: 61, order: 57 } as const
    const encoders = {
      'vault head': encodeVaultHead,
      'realm head': encodeRealmHead,
      anchor: encodeAnchor,
      order: encodeOrder,
    }
    expect(ORDER_BYTES).toBe(lengths.order)
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
    const long = new Uint8Array(153)
    long.set(anchor)
    const refusal = expect.objectContaining({ code: 'INTEGRITY' }) as Error
    for (const decode of [decodeVaultHead, decodeRealmHead])
      for (const body of [anchor, long.subarray(0, 106), long])
        expect(() => decode(body)).toThrow(refusal)
    expect(() => decodeAnchor(long.subarray(0, 62))).toThrow(refusal)
    expect(decodeAnchor(anchor).seq).toBe(1n)
  })

  test('flags of a vault head: four, and no others', () => {
    const head = { vaultId: ID, seq: 1n, chain: new Uint8Array(32), count: 0n, epoch: 1 }
    const flags = [0, 1, 2, 3].map((value) => {
      const role = value % 2 === 0 ? ('primary' as const) : ('replica' as const)
      const told = { role, sweepOwed: value >= 2 }
      const body = encodeVaultHead({ ...head, sum: ZERO_SUM, ...told })
      expect(decodeVaultHead(body)).toMatchObject(told)
      return body.at(-1)
    })
    expect(flags).toEqual([0, 1, 2, 3])
    for (let value = 4; value < 256; value++) {
      const body = encodeVaultHead({ ...head, sum: ZERO_SUM, role: 'primary', sweepOwed: false })
      body[body.length - 1] = value
      expect(() => decodeVaultHead(body)).toThrow('known flags')
    }
  })

  test('kinds of an order row: two, and no others', () => {
    const row = encodeOrder({ kind: 'entry', vaultId: ID, seq: 1n, hash: new Uint8Array(32) })
    const kinds = Array.from({ length: 256 }, (_, kind) => {
      row[0] = kind
      return kind < 2 ? decodeOrder(row).kind : expect(() => decodeOrder(row)).toThrow('known kind')
    })
    expect(kinds.slice(0, 2)).toEqual(['entry', 'local'])
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

describe('chains', () => {
  const ORDER = encodeOrder({ kind: 'entry', vaultId: ID, seq: 1n, hash: new Uint8Array(32) })
  const chained = fc.record({
    previous: bytes(32),
    seq: u64,
    rows: fc.array(bytes(0, 3), { maxLength: 3 }),
  })
  type Chained = typeof chained extends fc.Arbitrary<infer T> ? T : never
  const input = ({ previous, seq, rows }: Chained): string => toHex(chainInput(previous, seq, rows))
  const show = ({ previous, seq, rows }: Chained): string =>
    JSON.stringify([toHex(previous), String(seq), rows.map(toHex)])

  test('different entries are hashed from different bytes', () => {
    const fields = fc.subarray(['previous', 'seq', 'rows'] as const)
    fc.assert(
      fc.property(chained, chained, fields, (a, b, taken) => {
        const mixed = { ...a, ...Object.fromEntries(taken.map((name) => [name, b[name]])) }
        expect(input(a) === input(mixed)).toBe(show(a) === show(mixed))
      }),
      { numRuns: 500 },
    )
  })

  test('bytes cannot move between the rows of an entry', () => {
    const all = Uint8Array.of(1, 2, 3, 4)
    const entry = { previous: new Uint8Array(32), seq: 1n }
    const splits = [0, 1, 2, 3, 4].map((at) =>
      input({ ...entry, rows: [all.subarray(0, at), all.subarray(at)] }),
    )
    expect(new Set([...splits, input({ ...entry, rows: [all] })]).size).toBe(6)
  })

  test('different commits of a realm are hashed from different bytes', () => {
    const step = fc.tuple(bytes(32), VALUES['order']!)
    fc.assert(
      fc.property(step, step, fc.boolean(), fc.boolean(), (a, b, otherPrevious, otherOrder) => {
        const next = ([previous, order]: typeof a): string =>
          toHex(realmChainInput(previous, encodeOrder(order as never)))
        const mixed: typeof a = [otherPrevious ? b[0] : a[0], otherOrder ? b[1] : a[1]]
        const same = toHex(mixed[0]) === toHex(a[0]) && isDeepStrictEqual(mixed[1], a[1])
        expect(next(a) === next(mixed)).toBe(same)
      }),
    )
  })

  test('what starts a store, what chains a vault and what chains a realm never meet', () => {
    const zero = new Uint8Array(32)
    const labels = [chainInput(zero, 0n, []), realmChainInput(zero, ORDER), realmStartInput(ID, ID)]
    const opening = (bytes: Uint8Array): string => fromUtf8(bytes.slice(2, 2 + bytes[1]!))
    expect(labels.map(opening)).toEqual([
      'strongroom/journal/v1',
      'strongroom/realm/v1',
      'strongroom/start/v1',
    ])
  })

  test('the two ids of a start do not change places', () => {
    const other = ID.replace('0b', '0c')
    const starts = [realmStartInput(ID, other), realmStartInput(other, ID), realmStartInput(ID, ID)]
    expect(new Set(starts.map(toHex)).size).toBe(3)
  })

  test.each<[string, () => unknown]>([
    ['a previous value of 31 bytes', () => chainInput(new Uint8Array(31), 1n, [])],
    ['a sequence beyond 64 bits', () => chainInput(new Uint8Array(32), 2n ** 64n, [])],
    ['a realm chain of 33 bytes', () => realmChainInput(new Uint8Array(33), ORDER)],
    ['an order row cut short', () => realmChainInput(new Uint8Array(32), ORDER.subarray(1))],
    ['a store id that is none', () => realmStartInput(ID, 'here')],
  ])('%s is our mistake', (_, run) => {
    expect(run).toThrow(StrongroomError)
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
