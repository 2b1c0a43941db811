/**
 * Keys of the store (docs/formats/paths.md): byte order is vault order, then numeric order;
 * prefixes are ranges.
 */
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareBytes, toHex } from '../../src/base/bytes.ts'
import { StrongroomError } from '../../src/base/errors.ts'
import {
  PATHS,
  bytesToUuid,
  isUuid,
  parsePath,
  path,
  range,
  uuidToBytes,
} from '../../src/format/paths.ts'
import type { PathRange } from '../../src/format/paths.ts'
import { codePoint, count, u32, u64, uuid } from './arbitraries.ts'

const V = '0b9f1c1e-52d0-4f0c-9a55-0d9f4c1b7a11'
const FULL = 'ffffffff-ffff-ffff-ffff-ffffffffffff'
const within = ({ gte, lt }: PathRange, bytes: Uint8Array) =>
  compareBytes(gte, bytes) <= 0 && compareBytes(bytes, lt) < 0
const order = (a: Uint8Array, b: Uint8Array) => Math.sign(compareBytes(a, b))
const refused = (run: () => unknown) => {
  expect(run).toThrow(StrongroomError)
}

describe('order', () => {
  test('ordinals sort as numbers', () => {
    fc.assert(
      fc.property(uuid, count, count, (vaultId, a, b) => {
        expect(order(path.key(vaultId, a), path.key(vaultId, b))).toBe(Math.sign(a - b))
      }),
    )
  })

  test('versions sort by ordinal, then number', () => {
    fc.assert(
      fc.property(count, count, u32, u32, (a, b, m, n) => {
        const expected = Math.sign(a - b) || Math.sign(m - n)
        expect(order(path.version(V, a, m), path.version(V, b, n))).toBe(expected)
      }),
    )
  })

  test('entries sort by sequence, then part; commits of the realm by sequence', () => {
    fc.assert(
      fc.property(u64, u64, u32, u32, (a, b, m, n) => {
        const bySeq = a < b ? -1 : a > b ? 1 : 0
        expect(order(path.journal(V, a, m), path.journal(V, b, n))).toBe(bySeq || Math.sign(m - n))
        expect(order(path.order(a), path.order(b))).toBe(bySeq)
      }),
    )
    expect(path.journal(V, 7n)).toEqual(path.journal(V, 7n, 0))
  })

  test('vaults sort by the text of their ids, and keep their keys together', () => {
    fc.assert(
      fc.property(uuid, uuid, count, count, (a, b, m, n) => {
        fc.pre(a !== b)
        expect(order(path.key(a, m), path.key(b, n))).toBe(a < b ? -1 : 1)
        expect(order(path.vault(a), path.vault(b))).toBe(a < b ? -1 : 1)
      }),
    )
  })

  test('docs/formats/paths.md tells every letter with its length', () => {
    const page = readFileSync(new URL('../../docs/formats/paths.md', import.meta.url), 'utf8')
    const told = [...page.matchAll(/^\| `([A-Z])` +\| (\d+) +\|/gm)].map(([, letter, length]) => [
      letter,
      Number(length),
    ])
    const ids = {
      vaultId: 16,
      id: 16,
      ticketId: 16,
      spoolId: 16,
      keyStoreId: 16,
      mac: 16,
      grantId: 32,
    }
    const bytes = { ...ids, ordinal: 8, seq: 8, number: 4, epoch: 4 }
    const rows = Object.values(PATHS).map(([letter, ...parts]): [string, number] => [
      letter,
      (parts as (keyof typeof bytes)[]).reduce((sum, part) => sum + bytes[part], 1),
    ])
    expect(new Map(told as [string, number][])).toEqual(new Map(rows))
    expect(told).toHaveLength(rows.length)
  })

  test('letters are distinct and below 0xff', () => {
    const letters = Object.values(PATHS).map(([letter]) => letter)
    expect(new Set(letters).size).toBe(letters.length)
    for (const letter of letters) expect(letter).toMatch(/^[A-Z]$/)
  })
})

const grantId = (number: number): string => number.toString(16).padStart(64, '0')

describe('ranges', () => {
  /** Every range with a path inside for a vault and an ordinal. */
  const inside = (vaultId: string, ordinal: number, number: number): [PathRange, Uint8Array][] => [
    [range.vaults(), path.vault(vaultId)],
    [range.heads(), path.head(vaultId)],
    [range.vaultKeys(vaultId), path.vaultKey(vaultId, number)],
    [range.keys(vaultId), path.key(vaultId, ordinal)],
    [range.keyKeys(vaultId), path.keyKey(vaultId, ordinal)],
    [range.versions(vaultId, ordinal), path.version(vaultId, ordinal, number)],
    [range.materials(vaultId, ordinal), path.material(vaultId, ordinal, number)],
    [range.index(V), path.index(V, vaultId)],
    [range.aliases(vaultId), path.alias(vaultId, new Uint8Array(16).fill(number))],
    [range.retries(vaultId), path.retry(vaultId, new Uint8Array(16).fill(number))],
    [range.tickets(vaultId), path.ticket(vaultId, V)],
    [range.agenda(vaultId), path.agenda(vaultId, ordinal)],
    [range.counters(vaultId), path.counter(vaultId, ordinal, number)],
    [range.policies(vaultId), path.policy(vaultId, ordinal)],
    [range.grants(vaultId, ordinal), path.grant(vaultId, ordinal, grantId(number))],
    [range.grantCounts(vaultId), path.grantCount(vaultId, ordinal)],
    [range.journal(vaultId), path.journal(vaultId, BigInt(ordinal), number)],
    [range.order(), path.order(BigInt(ordinal))],
    [range.keyStores(vaultId), path.keyStore(vaultId, V)],
    [range.keyStoreSecrets(vaultId), path.keyStoreSecret(vaultId, V)],
  ]

  test('each holds its own paths and none of another kind, vault or key', () => {
    const ids = fc.oneof(
      uuid,
      fc.constantFrom(FULL, FULL.replace(/.$/, 'e'), FULL.replaceAll('f', '0')),
    )
    fc.assert(
      fc.property(ids, ids, count, count, u32, (vaultId, other, a, b, number) => {
        const rows = inside(vaultId, a, number)
        const strangers = inside(other, b, number)
        rows.forEach(([bounds, own], i) => {
          expect(within(bounds, own)).toBe(true)
          strangers.forEach(([, stranger], j) => {
            const prefix = toHex(stranger).startsWith(toHex(bounds.gte))
            expect(within(bounds, stranger)).toBe(prefix)
            if (i !== j) expect(prefix).toBe(false)
          })
        })
      }),
      { numRuns: 60 },
    )
  })

  test('a range within a range: materials and counters of one key, parts of one entry', () => {
    fc.assert(
      fc.property(count, count, u32, (a, b, number) => {
        const inner: [PathRange, (n: number) => Uint8Array][] = [
          [range.materials(V, a), (n) => path.material(V, n, number)],
          [range.countersOf(V, a), (n) => path.counter(V, n, number)],
          [range.journalEntry(V, BigInt(a)), (n) => path.journal(V, BigInt(n), number)],
        ]
        for (const [bounds, at] of inner) {
          expect(within(bounds, at(a))).toBe(true)
          expect(within(bounds, at(b))).toBe(a === b)
        }
      }),
    )
  })

  test('the last id of all has a range too', () => {
    expect(toHex(range.keys(FULL).lt)).toBe('4c')
    expect(within(range.versions(FULL, Number.MAX_SAFE_INTEGER), path.version(FULL, 0, 1))).toBe(
      false,
    )
  })
})

describe('parsing', () => {
  /** Kinds whose paths have one length. */
  const ALIKE: Readonly<Record<string, string>> = {
    N: 'version',
    M: 'material',
    G: 'counter',
    J: 'journal',
  }

  test('only whole paths of known kinds', () => {
    const known = path.version(V, 5, 6)
    expect(parsePath(known)).toEqual({ kind: 'version', vaultId: V, ordinal: 5, number: 6 })
    expect(parsePath(path.seal())).toEqual({ kind: 'seal' })
    for (const bytes of [known.subarray(0, 28), Uint8Array.of(...known, 0), Uint8Array.of(0x53, 0)])
      expect(parsePath(bytes)).toBeUndefined()
    for (let letter = 0; letter < 256; letter++) {
      const bytes = Uint8Array.of(letter, ...known.subarray(1))
      expect(parsePath(bytes)?.kind).toBe(ALIKE[String.fromCharCode(letter)])
    }
  })

  test('an ordinal beyond 2^53 is none', () => {
    const bytes = path.key(V, Number.MAX_SAFE_INTEGER)
    expect(parsePath(bytes)?.ordinal).toBe(Number.MAX_SAFE_INTEGER)
    bytes[17] = 1
    expect(parsePath(bytes)).toBeUndefined()
  })

  test('the parsed MAC is a copy', () => {
    const bytes = path.alias(V, new Uint8Array(16).fill(7))
    const { mac } = parsePath(bytes)!
    bytes.fill(0)
    expect(mac).toEqual(new Uint8Array(16).fill(7))
  })
})

describe('our mistakes', () => {
  test.each<[string, () => unknown]>([
    ['a vault id in upper case', () => path.vault(V.toUpperCase())],
    ['no vault id', () => path.vault('')],
    ['a negative ordinal', () => path.key(V, -1)],
    ['a fractional ordinal', () => path.key(V, 0.5)],
    ['an unsafe ordinal', () => path.key(V, 2 ** 53)],
    ['a version beyond 32 bits', () => path.version(V, 1, 2 ** 32)],
    ['a negative version', () => path.version(V, 1, -1)],
    ['a fractional epoch', () => path.vaultKey(V, 1.5)],
    ['a sequence beyond 64 bits', () => path.order(2n ** 64n)],
    ['a negative sequence', () => path.journal(V, -1n)],
    ['a MAC of 15 bytes', () => path.alias(V, new Uint8Array(15))],
  ])('%s is refused', (_, run) => {
    refused(run)
  })
})

describe('ids', () => {
  test('bytes and text lead to each other', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const text = bytesToUuid(bytes)
        expect(text.replaceAll('-', '')).toBe(toHex(bytes))
        expect(text).toMatch(/^.{8}-.{4}-.{4}-.{4}-.{12}$/)
        expect(uuidToBytes(text)).toEqual(bytes)
        expect(isUuid(text)).toBe(true)
      }),
    )
  })

  test('any changed character: still an id exactly when it is lower-case hex in the place of hex', () => {
    fc.assert(
      fc.property(uuid, fc.nat(35), codePoint, (id, at, c) => {
        const text = id.slice(0, at) + c + id.slice(at + 1)
        const expected =
          /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text) && text.length === 36
        expect(isUuid(text)).toBe(expected)
        if (!expected) refused(() => uuidToBytes(text))
      }),
      { numRuns: 1000 },
    )
  })

  test.each([undefined, null, 5, {}, '', V + '0', V.slice(1), `{${V}}`])('%o is no id', (value) => {
    expect(isUuid(value)).toBe(false)
  })

  test('other lengths of bytes are no id', () => {
    for (const length of [0, 15, 17]) refused(() => bytesToUuid(new Uint8Array(length)))
  })
})
