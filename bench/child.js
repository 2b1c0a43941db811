/** Measures one benchmark in a process of its own and prints one line of JSON. */
import { CATALOG } from './catalog.js'
import { FULL, QUICK, compare, median, ratio, shuffled } from './harness.js'

/** Variants that are whole processes: a round is one start of each. */
async function compareProcesses(processes, rounds) {
  const names = Object.keys(processes)
  const times = Object.fromEntries(names.map((name) => [name, []]))
  for (let round = 0; round < rounds; round++)
    for (const name of shuffled(names)) times[name].push(await processes[name]())
  const ratios = names
    .filter((name) => name !== 'subject')
    .map((name) => [name, ratio(times[name], times.subject)])
  return { ratios: Object.fromEntries(ratios), microseconds: median(times.subject) }
}

const { name, quick, keys } = JSON.parse(process.argv[2])
const benchmark = CATALOG.find((item) => item.name === name)
const { metric, warmUpMs } = benchmark
const settings = { ...(quick ? QUICK : FULL), ...(warmUpMs && { warmUpMs }) }
const ready = await benchmark.setup({ keys, quick })
const result = ready.gauge
  ? { ratios: {}, gauges: await ready.gauge(), microseconds: 0 }
  : ready.processes
    ? await compareProcesses(ready.processes, settings.rounds)
    : await compare({ ...ready, ...(metric && { metric }) }, settings)
await ready.close()
console.log(JSON.stringify(result))
