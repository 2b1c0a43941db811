/**
 * The manifest of a LevelDB: a log of changes to the set of its tables and to the number of its
 * log. LevelDB appends a change, then syncs the directory, then the manifest: where names do not
 * become durable in order, a power cut may leave the change without the table that it names, and
 * LevelDB opens no more. Such an end was never synced and nothing depends on it: what it takes the
 * place of is removed later. Layout: doc/log_format.md and db/version_edit.cc of LevelDB.
 */
import { open, readFile, readdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { syncDirectory } from '../sidecar.ts'
import { Varints } from './varints.ts'

const BLOCK_BYTES = 32_768
const HEADER_BYTES = 7
/** What a piece of a record is: the whole, the first, one in the middle, the last. */
const FULL = 1
const FIRST = 2
const LAST = 4

/** A store that another process is changing looks wrong for a moment: one look again. */
const SECOND_LOOK_MS = 50

/** Cuts off changes at the end that speak of tables which are not there; false when there are none. */
export async function cutUnsynced(location: string): Promise<boolean> {
  const first = await look(location)
  if (!first) return false
  await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS))
  const second = await look(location)
  // Whole by now, or another one: somebody else is at work.
  if (!second || second.name !== first.name || second.end !== first.end) return false
  const { name, bytes, end } = second
  if (bytes.length !== first.bytes.length) return false
  const draft = join(location, `${name}.new`)
  const handle = await open(draft, 'w', 0o600)
  try {
    await handle.writeFile(bytes.subarray(0, end))
    await handle.sync()
  } finally {
    await handle.close()
  }
  await rename(draft, join(location, name))
  await syncDirectory(location)
  return true
}

interface Cut {
  readonly name: string
  readonly bytes: Buffer
  /** So many bytes stay. */
  readonly end: number
}

/** Undefined when nothing is missing, or when no earlier state is whole either: that is damage. */
async function look(location: string): Promise<Cut | undefined> {
  const name = (await readFile(join(location, 'CURRENT'), 'latin1')).trimEnd()
  const bytes = await readFile(join(location, name))
  const there = new Set((await readdir(location)).map((file) => file.replace(/\.sst$/, '.ldb')))
  const states = [...statesOf(bytes)]
  const whole = states.findLastIndex(
    ({ files }) => files.length > 0 && files.every((file) => there.has(file)),
  )
  const end = states[whole + 1]?.start
  return whole < 0 || end === undefined ? undefined : { name, bytes, end }
}

interface State {
  /** Where the change that led to it begins. */
  readonly start: number
  /** What must be there, its tables and its log; nothing while no log is named. */
  readonly files: readonly string[]
}

/** Names of the tables that the manifest in force counts. */
export async function tablesInForce(location: string): Promise<readonly string[]> {
  const manifest = (await readFile(join(location, 'CURRENT'), 'latin1')).trimEnd()
  let files: readonly string[] = []
  for (const state of statesOf(await readFile(join(location, manifest)))) files = state.files
  return files.filter((name) => name.endsWith('.ldb'))
}

/** The state after each change. */
function* statesOf(bytes: Buffer): Generator<State> {
  const tables = new Set<number>()
  let log = 0
  for (const { start, content } of records(bytes)) {
    const change = changeOf(content)
    if (!change) return
    for (const table of change.gone) tables.delete(table)
    for (const table of change.made) tables.add(table)
    log = change.log ?? log
    yield { start, files: log > 0 ? [...[...tables].map(fileOf('ldb')), fileOf('log')(log)] : [] }
  }
}

const fileOf =
  (kind: 'ldb' | 'log') =>
  (number: number): string =>
    `${String(number).padStart(6, '0')}.${kind}`

/** Whole records in order; an end in the middle of one is what a crash leaves. */
function* records(bytes: Buffer): Generator<{ readonly start: number; readonly content: Buffer }> {
  let pieces: Buffer[] = []
  let start = 0
  for (let at = 0; at + HEADER_BYTES <= bytes.length;) {
    const left = BLOCK_BYTES - (at % BLOCK_BYTES)
    if (left < HEADER_BYTES) {
      at += left
      continue
    }
    const [length, kind] = [bytes.readUInt16LE(at + 4), bytes[at + 6]!]
    const end = at + HEADER_BYTES + length
    if (kind < FULL || kind > LAST || end > bytes.length) return
    if (kind === FULL || kind === FIRST) {
      start = at
      pieces = []
    }
    pieces.push(bytes.subarray(at + HEADER_BYTES, end))
    if (kind === FULL || kind === LAST) yield { start, content: Buffer.concat(pieces) }
    at = end
  }
}

interface Change {
  log?: number
  readonly gone: number[]
  readonly made: number[]
}

/** Fields by tag: what follows the tag, `n` a number and `s` a string with its length. */
const FIELDS: Readonly<Record<number, string>> = {
  1: 's', // comparator
  2: 'n', // log
  3: 'n', // next file
  4: 'n', // last sequence
  5: 'ns', // compaction pointer: level, key
  6: 'nn', // deleted file: level, number
  7: 'nnnss', // new file: level, number, size, smallest, largest
  9: 'n', // previous log
}

/** Undefined for what is no change. */
function changeOf(content: Buffer): Change | undefined {
  const change: Change = { gone: [], made: [] }
  const numbers = new Varints(content)
  while (numbers.at < content.length) {
    const tag = numbers.next()
    const values: number[] = []
    for (const kind of FIELDS[tag] ?? '') {
      values.push(numbers.next())
      if (kind === 's') numbers.at += values.at(-1)!
    }
    if (!Object.hasOwn(FIELDS, tag) || values.some(Number.isNaN) || numbers.at > content.length)
      return undefined
    if (tag === 2) change.log = values[0]!
    if (tag === 6) change.gone.push(values[1]!)
    if (tag === 7) change.made.push(values[1]!)
  }
  return change
}
