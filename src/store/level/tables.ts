/**
 * The tables of a LevelDB as their writer left them. LevelDB reads their blocks without looking at
 * the check sums, and classic-level cannot ask it to: a bit in a filter or an index hides rows from
 * one read and not from another. Layout: doc/table_format.md and table/format.cc of LevelDB.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { crc32c } from '../../base/crc.ts'
import { StrongroomError } from '../../base/errors.ts'
import { tablesInForce } from './manifest.ts'
import { Varints } from './varints.ts'

/** Two handles and padding 40, magic 8. */
const FOOTER_BYTES = 48
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb)
const SUM_BYTES = 4
/** A block that lists others tells at least how many restarts it has. */
const LIST_BYTES_MIN = 4
/** What the sums of blocks are stored with: a sum of sums would be a poor one. */
const MASK_DELTA = 0xa282ead8
/** Others get their turn in between. */
const BYTES_PER_TURN = 2 ** 20

/**
 * @throws {StrongroomError} INTEGRITY when a table is not as it was written.
 */
export async function assertTables(location: string): Promise<void> {
  const seen = new Set<string>()
  // Compactions put other tables in their place meanwhile.
  for (;;) {
    const names = (await tablesInForce(location)).filter((name) => !seen.has(name))
    if (names.length === 0) return
    for (const name of names) {
      seen.add(name)
      const bytes = await contentOf(location, name)
      const what = bytes && (await wrongWith(bytes))
      if (what === undefined) continue
      throw new StrongroomError(
        'INTEGRITY',
        `The store ${location} is damaged: ${what} of its file ${name}. ` +
          'Keep a copy of it and restore it from a backup.',
      )
    }
  }
}

/** Undefined when it is gone: LevelDB itself misses the ones that it still needs. */
async function contentOf(location: string, name: string): Promise<Uint8Array | undefined> {
  for (const file of [name, name.replace(/ldb$/, 'sst')])
    try {
      return await readFile(join(location, file))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  return undefined
}

interface Handle {
  readonly offset: number
  readonly size: number
}

async function wrongWith(bytes: Uint8Array): Promise<string | undefined> {
  const roots = rootsOf(bytes)
  if (!roots) return 'the end'
  const handles: Handle[] = []
  for (const root of roots) {
    if (root.size < LIST_BYTES_MIN || !isWhole(bytes, root)) return 'an index'
    handles.push(...listed(bytes, root))
  }
  let looked = 0
  for (const handle of handles) {
    if (!isWhole(bytes, handle)) return `the block at ${handle.offset}`
    looked += handle.size
    if (looked < BYTES_PER_TURN) continue
    looked = 0
    await setImmediate()
  }
  return undefined
}

/** The index of what is not rows (filters), and that of the blocks of rows. */
function rootsOf(bytes: Uint8Array): readonly Handle[] | undefined {
  const footer = bytes.subarray(-FOOTER_BYTES)
  const magic = footer.subarray(-MAGIC.length)
  if (footer.length < FOOTER_BYTES || !MAGIC.every((byte, at) => magic[at] === byte))
    return undefined
  const numbers = new Varints(footer)
  return [handleIn(numbers), handleIn(numbers)]
}

const handleIn = (numbers: Varints): Handle => ({ offset: numbers.next(), size: numbers.next() })

function isWhole(bytes: Uint8Array, { offset, size }: Handle): boolean {
  // The block, how it was compressed, and the sum of both.
  const end = offset + size + 1
  // Also false for handles that are no numbers.
  if (!(end + SUM_BYTES <= bytes.length)) return false
  const stored = new DataView(bytes.buffer, bytes.byteOffset).getUint32(end, true)
  const rotated = (stored - MASK_DELTA) >>> 0
  return crc32c(bytes.subarray(offset, end)) === ((rotated >>> 17) | (rotated << 15)) >>> 0
}

/**
 * The handles in a block that lists others. Its entries: length shared with the key before, rest of
 * the key, value; at the end where restarts lie, 4 bytes each, and their number.
 */
function* listed(bytes: Uint8Array, { offset, size }: Handle): Generator<Handle> {
  const block = bytes.subarray(offset, offset + size)
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  const end = size - 4 * (1 + view.getUint32(size - 4, true))
  const numbers = new Varints(block)
  while (numbers.at < end) {
    numbers.next()
    const [rest, length] = [numbers.next(), numbers.next()]
    numbers.at += rest
    const after = numbers.at + length
    yield handleIn(numbers)
    numbers.at = after
  }
}
