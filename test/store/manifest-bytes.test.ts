/** Manifests made byte by byte: doc/log_format.md and db/version_edit.cc of LevelDB. */
import { appendFileSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cutUnsynced } from '../../src/store/level/manifest.ts'
import { freshDirectory } from './harness.ts'

const number = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...number(Math.floor(value / 128))]
const text = (value: string): number[] => [...number(value.length), ...Buffer.from(value)]

/** Changes as LevelDB writes them. */
const log = (file: number): number[] => [2, ...number(file)]
const made = (table: number, key = 'k'): number[] => [
  7,
  0,
  ...number(table),
  ...number(1000),
  ...text(key),
  ...text(key),
]
const gone = (table: number): number[] => [6, 1, ...number(table)]
/** What says nothing of files. */
const other = [
  ...[1, ...text('leveldb.BytewiseComparator')],
  ...[3, ...number(77), 4, ...number(2 ** 40)],
  ...[5, 2, ...text('a key'), 9, ...number(300)],
]

const BLOCK = 32_768
const piece = (kind: number, content: readonly number[]): number[] => [
  0,
  0,
  0,
  0,
  content.length & 255,
  content.length >> 8,
  kind,
  ...content,
]

/** Records one after the other, each cut where a block ends. */
function manifest(...records: readonly (readonly number[])[]): { bytes: Buffer; starts: number[] } {
  const bytes: number[] = []
  const starts: number[] = []
  for (const record of records) {
    let rest = [...record]
    for (let first = true; first || rest.length > 0; first = false) {
      if (BLOCK - (bytes.length % BLOCK) < 7) while (bytes.length % BLOCK > 0) bytes.push(0)
      if (first) starts.push(bytes.length)
      const content = rest.slice(0, BLOCK - (bytes.length % BLOCK) - 7)
      rest = rest.slice(content.length)
      const kind = first ? (rest.length > 0 ? 2 : 1) : rest.length > 0 ? 3 : 4
      bytes.push(...piece(kind, content))
    }
  }
  return { bytes: Buffer.from(bytes), starts }
}

/** A directory with these files, empty but for the manifest. */
function directory(bytes: Uint8Array, ...files: string[]): string {
  const location = freshDirectory()
  for (const file of files) writeFileSync(join(location, file), '')
  writeFileSync(join(location, 'CURRENT'), 'MANIFEST-000002\n')
  writeFileSync(join(location, 'MANIFEST-000002'), bytes, { mode: 0o644 })
  return location
}
const bytesIn = (location: string): Buffer => readFileSync(join(location, 'MANIFEST-000002'))

/** How many of its bytes a manifest keeps; undefined when nothing is cut. */
async function kept(bytes: Buffer, ...files: string[]): Promise<number | undefined> {
  const location = directory(bytes, ...files)
  const cut = await cutUnsynced(location)
  const after = bytesIn(location)
  expect(after).toEqual(bytes.subarray(0, after.length))
  expect(readdirSync(location).sort()).toEqual([...files, 'CURRENT', 'MANIFEST-000002'].sort())
  if (!cut) expect(after.length).toBe(bytes.length)
  return cut ? after.length : undefined
}

describe('a manifest', () => {
  it('is left alone when all that it names is there', async () => {
    const { bytes } = manifest([...other, ...log(3)], [...made(5), ...log(6)])
    expect(await kept(bytes, '000005.ldb', '000006.log')).toBe(undefined)
  })

  it('keeps what comes before the first change whose table is missing', async () => {
    const { bytes, starts } = manifest(log(3), made(5), made(7), made(8))
    expect(await kept(bytes, '000003.log', '000005.ldb')).toBe(starts[2])
    expect(await kept(bytes, '000003.log', '000005.ldb', '000008.ldb')).toBe(starts[2])
    expect(await kept(bytes, '000003.log')).toBe(starts[1])
  })

  it('keeps what comes before a log that is missing', async () => {
    const { bytes, starts } = manifest(log(3), [...made(5), ...log(6)])
    expect(await kept(bytes, '000003.log', '000005.ldb')).toBe(starts[1])
  })

  it('does not ask for tables that a change removed, nor for logs of before', async () => {
    const { bytes, starts } = manifest(
      [...log(3), ...made(4)],
      [...gone(4), ...made(5), ...log(6)],
      made(7),
    )
    expect(await kept(bytes, '000006.log', '000005.ldb')).toBe(starts[2])
    expect(await kept(bytes, '000003.log', '000004.ldb')).toBe(starts[1])
  })

  it('is whole at the latest state that is, also after one that is not', async () => {
    const { bytes, starts } = manifest([...log(3), ...made(5)], gone(5), made(7))
    expect(await kept(bytes, '000003.log')).toBe(starts[2])
  })

  it('of which no state is whole is damage and left alone', async () => {
    const { bytes } = manifest([...log(3), ...made(5)], made(7))
    expect(await kept(bytes, '000003.log')).toBe(undefined)
    expect(await kept(bytes, '000005.ldb', '000007.ldb')).toBe(undefined)
  })

  it('is not whole while it names no log', async () => {
    const { bytes } = manifest(other, [...log(3), ...made(5)])
    expect(await kept(bytes)).toBe(undefined)
  })

  it('may name tables in the old way, and numbers of any length', async () => {
    const { bytes, starts } = manifest([...log(3), ...made(300)], made(1_234_567), made(9))
    expect(await kept(bytes, '000003.log', '000300.sst', '1234567.ldb')).toBe(starts[2])
  })

  it('may say other things, and names with them', async () => {
    const { bytes, starts } = manifest([...other, ...log(3), ...other, ...made(5)], made(7))
    expect(await kept(bytes, '000003.log', '000005.ldb')).toBe(starts[1])
  })
})

describe('records', () => {
  it('may be cut where blocks end, in several pieces', async () => {
    const long = made(5, 'k'.repeat(40_000))
    const { bytes, starts } = manifest(log(3), long, log(4), made(7))
    expect(bytes.length).toBeGreaterThan(2 * BLOCK)
    expect(await kept(bytes, '000004.log', '000005.ldb')).toBe(starts[3])
    expect(await kept(bytes, '000003.log')).toBe(starts[1])
  })

  it.each([0, 1, 2, 6, 7, 8])('may end %i bytes before a block does', async (left) => {
    const key = 'k'.repeat(16_000)
    const [first, second] = [log(3), made(5, key)]
    const filler = BLOCK - left - (7 + first.length) - (7 + second.length) - 7
    // A comparator's name takes any number of bytes; three of them are its tag and length.
    const third = [1, ...text('c'.repeat(filler - 3))]
    const { bytes, starts } = manifest(first, second, third, made(7), made(9))
    expect((starts[3]! - 1) >> 15).toBe(left < 7 ? 0 : (starts[3]! - 1) >> 15)
    expect(await kept(bytes, '000003.log', '000005.ldb', '000007.ldb')).toBe(starts[4])
  })

  it('torn at the end are not there: nothing before them is cut', async () => {
    const { bytes, starts } = manifest(log(3), made(5), made(7))
    for (let end = starts[2]! + 1; end < bytes.length; end++) {
      const torn = bytes.subarray(0, end)
      if ((end - starts[2]!) % 5 === 1)
        expect(await kept(torn, '000003.log', '000005.ldb')).toBe(undefined)
    }
    const between = manifest(log(3), [...made(7), ...made(8)]).bytes.subarray(0, -made(8).length)
    expect(await kept(between, '000003.log')).toBe(undefined)
    const torn = bytes.subarray(0, -1)
    expect(await kept(torn, '000003.log')).toBe(starts[1])
  })

  const ends: [string, number[]][] = [
    ['zeros', [0, 0, 0, 0, 0, 0, 0]],
    ['a kind that there is not', piece(5, made(7))],
    ['a field that there is not', piece(1, [...made(7), 8, 0])],
    ['the name of a member of objects', piece(1, [...made(7), 10])],
    ['a number without an end', piece(1, [...made(7), 2, 128])],
    ['a text that is longer than all', piece(1, [...made(7), 1, 9, 65])],
  ]
  it.each(ends)('end at %s', async (_what, end) => {
    const { bytes } = manifest(log(3), made(5))
    const after = manifest(made(9)).bytes
    const all = Buffer.concat([bytes, Buffer.from(end), after])
    expect(await kept(all, '000003.log', '000005.ldb')).toBe(undefined)
  })

  it('begin anew with a first piece, whatever pieces came before', async () => {
    const { bytes } = manifest(log(3), made(5))
    const half = Buffer.from(piece(2, made(8).slice(0, 3)))
    const next = manifest(made(7)).bytes
    const all = Buffer.concat([bytes, half, next])
    expect(await kept(all, '000003.log', '000005.ldb')).toBe(bytes.length + half.length)
  })
})

describe('cutting', () => {
  const { bytes, starts } = manifest(log(3), made(5))

  it('makes a new file for its owner alone', async () => {
    const location = directory(bytes, '000003.log')
    expect(await cutUnsynced(location)).toBe(true)
    expect(bytesIn(location)).toEqual(bytes.subarray(0, starts[1]))
    expect(statSync(join(location, 'MANIFEST-000002')).mode & 0o777).toBe(0o600)
  })

  const changes: [string, (location: string) => void][] = [
    [
      'becomes whole: its table was only late',
      (location) => writeFileSync(join(location, '000005.ldb'), ''),
    ],
    ['grows', (location) => appendFileSync(join(location, 'MANIFEST-000002'), 'x')],
    [
      'is replaced',
      (location) => {
        writeFileSync(join(location, 'MANIFEST-000009'), bytes)
        writeFileSync(join(location, 'CURRENT'), 'MANIFEST-000009\n')
      },
    ],
    [
      'is cut by somebody else',
      (location) =>
        writeFileSync(
          join(location, 'MANIFEST-000002'),
          manifest([...log(3), ...log(3)], made(5)).bytes.subarray(0, bytes.length),
        ),
    ],
  ]
  it.each(changes)('is left to whoever is at work when it %s', async (_what, change) => {
    const location = directory(bytes, '000003.log')
    const cut = cutUnsynced(location)
    await new Promise((resolve) => setTimeout(resolve, 25))
    change(location)
    const before = bytesIn(location)
    expect(await cut).toBe(false)
    expect(bytesIn(location)).toEqual(before)
  })
})
