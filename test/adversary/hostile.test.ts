/** Hostile input, briefly; and that nothing that takes input is forgotten. */
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { expect, test } from 'vitest'
import { program } from '../../src/cli/program.ts'
import { hostile } from './hostile.ts'
import { LINES } from './hostile-cli.ts'
import { BOUNDS, Costs, SEED } from './kit.ts'

const ROUNDS = 20_000
/** A machine that does other things too: the long form has the bounds of the promise. */
const BUSY = { ms: 10 * BOUNDS.ms, bytes: BOUNDS.bytes }

test(`${ROUNDS} injured inputs (seed ${SEED})`, { timeout: 600_000 }, async () => {
  const log = (line: string): void => console.info(line)
  const options = { rounds: ROUNDS, seed: SEED, log, built: '' }
  const { counts, violations } = await hostile(BUSY)(options)
  expect(violations).toEqual([])
  expect(counts['inputs to parsers']).toBeGreaterThan(ROUNDS * 0.7)
  expect(counts['inputs to operations']).toBeGreaterThan(ROUNDS * 0.28)
  expect(counts['command lines']).toBe(ROUNDS * 0.005)
  for (const outcome of [
    'taken by parsers',
    'answered done',
    'answered INVALID_ARGUMENT',
    'exit 2',
  ])
    expect(counts[outcome], outcome).toBeGreaterThan(0)
})

test('what costs too much is found, what was only interrupted is not', async () => {
  const costs = new Costs({ ms: 5, bytes: 2 ** 22 })
  const slow = (): void => {
    for (const used = process.cpuUsage(); process.cpuUsage(used).user < 10_000;);
  }
  expect((await costs.measured('slow', slow))[1]).toContain('slow takes')
  let first = true
  const interrupted = (): void => {
    if (first) slow()
    first = false
  }
  // Whatever else the process allocates meanwhile is not its cost.
  const patient = new Costs({ ms: 5, bytes: Infinity })
  expect((await patient.measured('interrupted', interrupted))[1]).toBeUndefined()
  const complaints: (string | undefined)[] = []
  const large = (): Uint8Array => new Uint8Array(2 ** 23)
  for (let i = 0; i < 10; i++) complaints.push((await costs.measured('large', large))[1])
  expect(complaints.filter((each) => each?.startsWith('large takes')).length).toBeGreaterThan(0)
})

const source = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8')
const sources = (folder: string): readonly string[] =>
  readdirSync(fileURLToPath(new URL(`../../${folder}`, import.meta.url)))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)

/** What reads no bytes from outside, or only as a part of what is tried. */
const INNER: Readonly<Record<string, string>> = {
  decodeDer: 'the frame of every structure of keys',
  fromBigInt: 'a number',
  fromLevel: 'an error',
  readInput: 'values: the operations',
  readMap: 'CBOR, in decodeValue',
  readArray: 'CBOR, in decodeValue',
  readValue: 'CBOR, in decodeValue',
  readJson: 'CBOR, in decodeValue',
}
const READERS = /^export (?:function|const) ((?:parse|decode|from|read|split)[A-Z]\w*)/gm

test('every reader of bytes is among the parsers', () => {
  const folders = ['audit', 'backup', 'base', 'crypto', 'format', 'replication', 'store']
  const tried = ['adversary/parsers', 'adversary/travelling', 'format/codecs']
    .map((name) => source(`test/${name}.ts`))
    .join()
  const paths = [...folders, 'store/level'].flatMap((name) => sources(`src/${name}`))
  const names = paths.flatMap((path) => [...source(path).matchAll(READERS)])
  expect(names.length).toBeGreaterThan(Object.keys(INNER).length)
  const forgotten = names
    .map(([, name]) => name!)
    .filter((name) => !Object.hasOwn(INNER, name) && !new RegExp(`\\b${name}\\b`).test(tried))
  expect(forgotten).toEqual([])
})

/** Leaves of the tree of commands with their path. */
function commands(command: Command, path: readonly string[] = []): [string, Command][] {
  if (command.commands.length === 0) return [[path.join(' '), command]]
  return command.commands.flatMap((each) => commands(each, [...path, each.name()]))
}

/**
 * Whose value is not known before; what takes half a second on purpose; what does not end; and what
 * changes how every later line opens the store.
 */
const LEFT_OUT = [
  '--md5',
  'replica status',
  '--export-passphrase-file',
  '--card-passphrase-file',
  '--from-passphrase-file',
  'serve',
  '--follow',
  'reseal',
]

test('every command with each of its options is among the lines that are injured', () => {
  const root = program()
  const lines = LINES.map((line) => line.join(' '))
  const missing = commands(root).flatMap(([path, { options }]) => {
    const own = lines.filter((line) => line.startsWith(path))
    const said = new Set(own.join(' ').split(' '))
    const absent = options.filter(
      ({ long, short }) => !said.has(long!) && !said.has(short ?? '') && !LEFT_OUT.includes(long!),
    )
    return own.length === 0
      ? [path].filter((name) => !LEFT_OUT.includes(name))
      : absent.map(({ flags }) => `${path}: ${flags}`)
  })
  const said = new Set(lines.join(' ').split(' '))
  // The seal of every line is a key file.
  const global = root.options.filter(({ long }) => !said.has(long!) && long !== '--key-file')
  expect([...missing, ...global.map(({ flags }) => flags)]).toEqual([])
})
