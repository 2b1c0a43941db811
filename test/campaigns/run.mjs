/**
 * The long form: npm run campaign -- NAME [--rounds N] [--seed S]. Prints progress and one final
 * line; exits with 1 when a promise was broken.
 */
import { parseArgs } from 'node:util'
import { builtTree } from '../helpers/build.mjs'

/** Modules that export `run`, a Campaign (campaign.ts). */
const CAMPAIGNS = {
  kill: 'test/campaigns/kill',
  power: 'test/campaigns/power',
  disk: 'test/campaigns/disk',
  injuries: 'test/campaigns/injuries',
  rollback: 'test/campaigns/rollback',
  destruction: 'test/campaigns/destruction',
  memory: 'test/campaigns/memory',
  simulation: 'test/campaigns/simulation',
  hostile: 'test/adversary/hostile',
  flips: 'test/adversary/flips',
  timing: 'test/adversary/timing',
  linear: 'test/adversary/linear',
}
const NAMES = Object.keys(CAMPAIGNS)
/** What --seed takes. */
const SEEDS = 2 ** 31

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100' },
    seed: { type: 'string', default: `${Date.now() % SEEDS}` },
  },
})
const [name] = positionals
const rounds = Number(values.rounds)
const seed = Number(values.seed)
const isCount = (n) => Number.isSafeInteger(n) && n >= 0
if (!Object.hasOwn(CAMPAIGNS, name ?? '') || !isCount(rounds - 1) || !isCount(seed)) {
  console.error(`usage: npm run campaign -- ${NAMES.join('|')} [--rounds N] [--seed S]`)
  process.exit(2)
}

const built = await builtTree()
const { run } = await import(`${built}/${CAMPAIGNS[name]}.js`)
const start = performance.now()
const log = (line) => console.log(`${name}: ${line}`)
log(`${rounds} rounds, seed ${seed}`)
const { counts, violations, skipped } = await run({ rounds, seed, log, built })
if (skipped) log(`skipped: ${skipped}`)
for (const [what, count] of Object.entries(counts)) log(`  ${what}: ${count}`)
for (const violation of violations) log(`VIOLATION ${violation}`)
const seconds = ((performance.now() - start) / 1000).toFixed(0)
const verdict = skipped ? 'skipped' : `${violations.length} violations`
log(`${verdict} in ${rounds} rounds, ${seconds} s, seed ${seed}`)
process.exit(violations.length > 0 ? 1 : 0)
