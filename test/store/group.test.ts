/** One round of group commit, and the bytes that it makes: docs/formats/store.md. */
import { describe, expect, it } from 'vitest'
import type { EncodedCommit, Round } from '../../src/store/level/group.ts'
import type { StrongroomError } from '../../src/base/errors.ts'
import {
  END_KEY,
  HEAD_KEY,
  decodeHead,
  encodeHead,
  readRow,
  rowKey,
  rowValue,
  rowVersion,
  stamp,
  userKey,
} from '../../src/store/level/codec.ts'
import { encodeCommit, settleGroup } from '../../src/store/level/group.ts'
import { fromHex, toHex, utf8 } from '../../src/base/bytes.ts'

const bytes = (hex: string): Uint8Array => fromHex(hex)!

interface Parts {
  readonly checks?: Readonly<Record<string, bigint>>
  readonly puts?: Readonly<Record<string, string>>
  readonly dels?: readonly string[]
}
const commit = ({ checks = {}, puts = {}, dels = [] }: Parts): { commit: EncodedCommit } => ({
  commit: encodeCommit({
    checks: Object.entries(checks).map(([text, version]) => ({ text, key: utf8(text), version })),
    puts: Object.entries(puts).map(([text, value]) => ({
      text,
      key: utf8(text),
      value: utf8(value),
    })),
    dels: dels.map((text) => ({ text, key: utf8(text) })),
    bytes: 5,
  }),
})

const shown = ({ operations }: Round<unknown>): string[] =>
  operations.map((one) =>
    [one.type, toHex(one.key), ...(one.type === 'put' ? [toHex(one.value)] : [])].join(' '),
  )

const settle = (
  parts: readonly Parts[],
  stored: Readonly<Record<string, bigint>> = {},
): { versions: (bigint | undefined)[]; round: Round<{ commit: EncodedCommit }> } => {
  const group = parts.map(commit)
  const round = settleGroup(group, new Map(Object.entries(stored)), 10n)
  const versions = group.map(
    (entry) => round.accepted.find((accepted) => accepted.entry === entry)?.version,
  )
  expect(round.refused).toEqual(group.filter((_, i) => versions[i] === undefined))
  return { versions, round }
}

describe('a round', () => {
  it('gives each commit a version, dels before puts, and writes HEAD once at the end', () => {
    const { versions, round } = settle([
      { puts: { a: 'x' }, dels: ['b'] },
      { puts: { c: 'y', d: 'z' } },
    ])
    expect(versions).toEqual([11n, 12n])
    expect(round.version).toBe(12n)
    expect(shown(round)).toEqual([
      'del 0162',
      'put 0161 000000000000000b78',
      'put 0163 000000000000000c79',
      'put 0164 000000000000000c7a',
      'put 00 01000000000000000c',
    ])
  })

  it('checks against what is stored; what is not there is at 0n', () => {
    expect(settle([{ checks: { a: 5n } }], { a: 5n }).versions).toEqual([11n])
    expect(settle([{ checks: { a: 0n } }], {}).versions).toEqual([11n])
    expect(settle([{ checks: { a: 4n } }], { a: 5n }).versions).toEqual([undefined])
    expect(settle([{ checks: { a: 5n, b: 0n } }], { a: 5n, b: 1n }).versions).toEqual([undefined])
    expect(settle([{ checks: { a: 5n } }], {}).versions).toEqual([undefined])
  })

  it('checks against what the commits before it do', () => {
    const put = { checks: { a: 5n }, puts: { a: 'x' } }
    expect(settle([put, put], { a: 5n }).versions).toEqual([11n, undefined])
    expect(settle([put, { ...put, checks: { a: 11n } }], { a: 5n }).versions).toEqual([11n, 12n])
    const del = { checks: { a: 5n }, dels: ['a'] }
    expect(settle([del, { checks: { a: 0n } }], { a: 5n }).versions).toEqual([11n, 12n])
    expect(settle([del, { checks: { a: 5n } }], { a: 5n }).versions).toEqual([11n, undefined])
  })

  it('is not changed by a commit that it refuses', () => {
    const refused = { checks: { a: 1n }, puts: { b: 'x' }, dels: ['c'] }
    const next = { checks: { b: 0n, c: 7n }, puts: { d: 'y' } }
    const { versions, round } = settle([refused, next], { c: 7n })
    expect(versions).toEqual([undefined, 11n])
    expect(shown(round)).toEqual(['put 0164 000000000000000b79', 'put 00 01000000000000000b'])
  })

  it('keeps the size of a commit', () => {
    expect(commit({}).commit.bytes).toBe(5)
  })
})

describe('the layout', () => {
  it('puts one byte before every key, and HEAD and END around all of them', () => {
    expect([HEAD_KEY, rowKey(bytes('')), rowKey(bytes('00ff')), END_KEY].map(toHex)).toEqual([
      '00',
      '01',
      '0100ff',
      '02',
    ])
    expect(toHex(userKey(bytes('0100ff')))).toBe('00ff')
  })

  it('gives keys and values of their own memory, plain ones also from a Buffer', () => {
    const row = Buffer.from('010203040506070809', 'hex')
    for (const copy of [userKey(row), readRow(row).value]) {
      expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype)
      expect(copy.buffer).not.toBe(row.buffer)
    }
  })

  it('puts the version before the value', () => {
    const row = rowValue(utf8('value'))
    stamp(row, 258n)
    expect(toHex(row)).toBe('0000000000000102' + toHex(utf8('value')))
    expect(readRow(row)).toEqual({ value: utf8('value'), version: 258n })
  })

  it('reads and stamps rows anywhere in a larger piece of memory', () => {
    const memory = new Uint8Array(30).fill(0xee)
    const row = memory.subarray(3, 12)
    stamp(row, 5n)
    expect(rowVersion(row)).toBe(5n)
    expect(toHex(memory.subarray(0, 3))).toBe('eeeeee')
    memory.set(encodeHead(77n), 11)
    expect(decodeHead(memory.subarray(11, 20))).toBe(77n)
  })

  it('is damage where a row is shorter than its version', () => {
    expect(readRow(new Uint8Array(8))).toEqual({ value: new Uint8Array(0), version: 0n })
    expect(() => readRow(new Uint8Array(7))).toThrow(expect.objectContaining({ code: 'INTEGRITY' }))
  })

  it('has a HEAD of layout 1 and the version', () => {
    expect(toHex(encodeHead(258n))).toBe('010000000000000102')
    expect(decodeHead(encodeHead(2n ** 64n - 1n))).toBe(2n ** 64n - 1n)
  })

  const heads: [string | undefined, string][] = [
    [undefined, 'INTEGRITY'],
    ['', 'INTEGRITY'],
    ['00', 'INTEGRITY'],
    ['000000000000000001', 'INTEGRITY'],
    ['01', 'INTEGRITY'],
    ['0100000000000001', 'INTEGRITY'],
    ['01000000000000000100', 'INTEGRITY'],
    ['02', 'UNSUPPORTED'],
    ['020000000000000001', 'UNSUPPORTED'],
  ]
  it.each(heads)('refuses the HEAD %s as %s', (head, code) => {
    const refused = (): string => {
      try {
        return `${decodeHead(head === undefined ? undefined : bytes(head))}`
      } catch (error) {
        return (error as StrongroomError).code
      }
    }
    expect(refused()).toBe(code)
  })
})
