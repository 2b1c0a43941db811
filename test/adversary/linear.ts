/**
 * Many callers of one room at once: whatever they see is what some order of one call after the
 * other gives (linearizability), also when the store fails in each of its ways and the room
 * recovers under them. A round is one seed.
 */
import { Ledger, progress, type Campaign } from '../campaigns/campaign.ts'
import { judged, record, told, type Plan } from './clients.ts'

/** Few enough that every order can be tried. */
const SMALL = { callers: 5, calls: 6 }
/** Hundreds at once: the search begins with the order in which the room answered. */
const LARGE = { callers: 240, calls: 2 }
const LARGE_EVERY = 100
/** No fault, one, two: the first thirds of the seeds of a plan. */
const FAULTS_MAX = 2

export const planOf = (seed: number, i: number): Plan =>
  i % LARGE_EVERY === 0
    ? { seed: seed + i, ...LARGE, faults: 0 }
    : { seed: seed + i, ...SMALL, faults: i % (FAULTS_MAX + 1) }

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  // Thousands of refusals: nobody reads their stacks.
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    for (let i = 0; i < options.rounds; i++) {
      await round(planOf(options.seed, i), ledger)
      progress(options, i + 1)
    }
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
  return ledger.report()
}

async function round(plan: Plan, ledger: Ledger): Promise<void> {
  const { seed, callers, calls, faults } = plan
  const what = `seed ${seed}: ${callers} x ${calls} calls, ${faults} faults`
  try {
    const history = await record(plan)
    const verdict = judged(history)
    if (!verdict.ok) ledger.violation(`no order explains ${what}\n${told(history)}`)
    ledger.add('calls', history.calls.length)
    ledger.add(
      'calls that nobody knows of',
      history.calls.filter(({ optional }) => optional).length,
    )
    ledger.add('states looked at', verdict.states)
  } catch (error) {
    ledger.violation(`${what}: ${String(error)}`)
  }
  ledger.add(`histories with ${faults} faults`)
}
