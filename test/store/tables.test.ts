/** Damage to tables that no read shows: each block is held against its check sum. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type StrongroomError } from '../../src/base/errors.ts'
import { crc32c } from '../../src/base/crc.ts'
import { openLevelStore } from '../../src/store/level.ts'
import { assertTables } from '../../src/store/level/tables.ts'
import { commitOf, failureOf, scanText, textAt } from '../../src/testing/store-suite/kit.ts'
import { freshDirectory } from './harness.ts'

/** Two blocks of them. */
const ROWS = 24
/** Two handles fill the begin of this much at the end of a table; behind them is its magic. */
const HANDLES_BYTES = 40
const MAGIC_BYTES = 8
/** Filter, index and what names them: every byte of these. */
const ENDING_BYTES = 300

let path: string
let location: string
let table: string
let written: Uint8Array

beforeAll(async () => {
  path = freshDirectory()
  const store = await openLevelStore({ path })
  const rows = Array.from({ length: ROWS }, (_, i) => [`row/${i}`, `${i} `.repeat(80)] as const)
  await store.commit(commitOf({ puts: Object.fromEntries(rows) }))
  await store.compact()
  await store.close()
  location = join(path, 'store')
  const [name, ...others] = readdirSync(location).filter((file) => file.endsWith('.ldb'))
  expect(others).toEqual([])
  table = join(location, name!)
  written = readFileSync(table)
})

beforeEach(() => writeFileSync(table, written))

/** Changes a copy of what was written, in place. */
function damage(change: (bytes: Buffer) => unknown): void {
  const bytes = Buffer.from(written)
  change(bytes)
  writeFileSync(table, bytes)
}

async function verdict(): Promise<string> {
  try {
    await assertTables(location)
    return 'whole'
  } catch (error) {
    const { code, message } = error as StrongroomError
    return `${code}: ${message}`
  }
}

describe('a table', () => {
  it('is whole as it was written, also under its older name', async () => {
    expect(await verdict()).toBe('whole')
    const older = table.replace(/ldb$/, 'sst')
    rmSync(table)
    writeFileSync(older, written)
    expect(await verdict()).toBe('whole')
    const [first] = written
    writeFileSync(older, Buffer.concat([Buffer.of(first! ^ 1), written.subarray(1)]))
    expect(await verdict()).toMatch(/^INTEGRITY: .* is damaged: the block at 0 of its file/)
    rmSync(older)
  })

  it('is damaged by a change of any byte of it', async () => {
    const missed: number[] = []
    const { length } = written
    for (let at = 0; at < length; at += at < length - ENDING_BYTES ? 5 : 1) {
      damage((bytes) => void (bytes[at]! ^= 1 << (at % 8)))
      const found = await verdict()
      if (found === 'whole') missed.push(at)
      else expect(found).toMatch(/^INTEGRITY: /)
    }
    // What the handles leave of their space means nothing to anybody.
    const numbers = written.subarray(-HANDLES_BYTES - MAGIC_BYTES, -MAGIC_BYTES)
    const unused = numbers.length - numbers.findLastIndex((byte) => byte !== 0) - 1
    expect(unused).toBeGreaterThan(20)
    const end = length - MAGIC_BYTES
    expect(missed).toEqual(Array.from({ length: unused }, (_, at) => end - unused + at))
  })

  it('is damaged by the loss of its end', async () => {
    for (let left = 0; left < written.length; left += 23) {
      writeFileSync(table, written.subarray(0, left))
      expect(await verdict()).toMatch(/^INTEGRITY: .* is damaged: the end of its file/)
    }
  })

  it('is damaged by an index of no bytes, however right its sum is', async () => {
    // A block of nothing, not compressed, and its sum, rotated and masked.
    const sum = crc32c(Uint8Array.of(0))
    const block = Buffer.alloc(5)
    block.writeUInt32LE((((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0, 1)
    const footer = Buffer.from(written.subarray(-HANDLES_BYTES - MAGIC_BYTES))
    footer.fill(0, 0, HANDLES_BYTES)
    writeFileSync(table, Buffer.concat([block, footer]))
    expect(await verdict()).toMatch(/^INTEGRITY: .* damaged: an index of its file/)
  })

  it('that cannot be read is no damage: the failure itself is told', async () => {
    rmSync(table)
    mkdirSync(table)
    expect(await verdict()).toMatch(/^EISDIR: /)
    rmSync(table, { recursive: true })
  })

  it('is damaged by an index that lists nothing, sums or not', async () => {
    const end = written.length - HANDLES_BYTES - MAGIC_BYTES
    damage((bytes) => bytes.fill(0, end, end + HANDLES_BYTES))
    expect(await verdict()).toMatch(/damaged: an index of its file/)
  })
})

describe('damage that hides rows from one read and not from another', () => {
  interface Seen {
    /** Rows of one scan over all. */
    readonly scanned: number
    /** Rows that were asked for one by one. */
    readonly got: number
    /** Rows that begin a scan of their own. */
    readonly begun: number
    readonly told: string
  }

  async function look(): Promise<Seen> {
    const store = await openLevelStore({ path, create: 'never' })
    try {
      const scanned = Object.keys((await scanText(store, 'row/')).rows)
      let got = 0
      let begun = 0
      for (const key of scanned) {
        if ((await textAt(store, key)) !== undefined) got++
        if (Object.keys((await scanText(store, key)).rows).includes(key)) begun++
      }
      return { scanned: scanned.length, got, begun, told: await failureOf(store.inspect!()) }
    } finally {
      await store.close()
    }
  }

  const whole = { scanned: ROWS, got: ROWS, begun: ROWS, told: 'none' }

  it('is not there at first', async () => {
    expect(await look()).toEqual(whole)
  })

  // Behind the rows lie the filter, the block that names it, and the index with a key of its own.
  it.each([
    ['zeros in the filter', (bytes: Buffer) => bytes.lastIndexOf('filter.leveldb') - 52, 0xff],
    ['a bit of a key in the index', (bytes: Buffer) => bytes.lastIndexOf('row/') + 5, 1],
  ])('is told: %s', async (_what, place, bits) => {
    damage((bytes) => (bytes[place(bytes)]! &= ~bits))
    const seen = await look()
    expect(seen).toMatchObject({ scanned: ROWS, told: 'INTEGRITY' })
    expect(Math.min(seen.got, seen.begun)).toBeLessThan(ROWS)
  })
})
