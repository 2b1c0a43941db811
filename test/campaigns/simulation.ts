/** Seeds of the simulation, one a round; a violation is the seed that shows it. */
import { simulate, SimulationFailure } from '../../src/testing/index.ts'
import { Ledger, progress, type Campaign } from './campaign.ts'

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  for (let round = 0; round < options.rounds; round++) {
    try {
      const { counts } = await simulate(options.seed + round)
      for (const [name, count] of Object.entries(counts)) ledger.add(name, count)
    } catch (error) {
      if (!(error instanceof SimulationFailure)) throw error
      ledger.violation(error.message)
    }
    progress(options, round + 1)
  }
  return ledger.report()
}
