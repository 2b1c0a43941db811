/**
 * Runs benchmarks, each in several processes of its own, and prints how they compare. `npm run bench` builds first.
 *
 *   node bench/run.js [--quick] [--only NAME]... [--processes N] [--keys N] [--json] [--list]
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cpus, release } from 'node:os'
import { parseArgs, promisify } from 'node:util'
import { CATALOG } from './catalog.js'
import { shuffled } from './harness.js'
import { distPath } from './room.js'
import { seeded } from './seeded.js'
import { skipped } from './softhsm.js'
import { summarise, table } from './table.js'

const run = promisify(execFile)
const CHILD = new URL('./child.js', import.meta.url).pathname

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    processes: { type: 'string' },
    keys: { type: 'string', default: '100000' },
    json: { type: 'boolean', default: false },
    list: { type: 'boolean', default: false },
  },
})

function fail(message) {
  console.error(message)
  process.exit(2)
}

function positive(name, text) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) fail(`--${name}: expected a whole number from 1`)
  return value
}

/** The benchmarks of these names; a part of a name stands for all that contain it; all without `--only`. */
function chosen(parts) {
  const exact = new Set(CATALOG.map(({ name }) => name))
  const fits = (name) =>
    parts.some((part) => (exact.has(part) ? name === part : name.includes(part)))
  const found = CATALOG.filter(({ name }) => parts.length === 0 || fits(name))
  if (found.length === 0) fail(`--only: expected one of these or a part of one:\n${names()}`)
  return found
}

const names = () => CATALOG.map(({ name }) => name).join('\n')

async function measure({ name }, settings) {
  const { stdout } = await run(process.execPath, [CHILD, JSON.stringify({ name, ...settings })])
  return JSON.parse(stdout)
}

const machine = () =>
  `Node ${process.versions.node}, OpenSSL ${process.versions.openssl}, ` +
  `${cpus().length} x ${cpus()[0].model}, ${process.platform} ${release()}`

async function main() {
  if (options.list) return console.log(names())
  if (!existsSync(distPath('index.js'))) fail('Nothing is built: run `npm run build` first.')
  const { quick, json } = options
  const keys = positive('keys', options.keys)
  const processes = positive('processes', options.processes ?? (quick ? '3' : '7'))
  const benchmarks = chosen(options.only)
  const note = (text) => process.stderr.write(`${text}\n`)
  if (benchmarks.some(({ stores }) => stores))
    for (const count of [1000, keys]) {
      note(`store of ${count} keys ...`)
      await seeded(count)
    }
  const results = new Map(benchmarks.map(({ name }) => [name, []]))
  for (let turn = 1; turn <= processes; turn++)
    for (const benchmark of shuffled(benchmarks)) {
      note(`${turn}/${processes} ${benchmark.name}`)
      results.get(benchmark.name).push(await measure(benchmark, { quick, keys }))
    }
  const summaries = benchmarks.map((each) => summarise(each, results.get(each.name), keys))
  if (json) return console.log(JSON.stringify({ machine: machine(), processes, quick, summaries }))
  console.log(`${machine()}\n${processes} processes${quick ? ', quick' : ''}\n`)
  console.log(table(summaries))
  if (skipped) console.log(`\n${skipped}`)
}

await main()
