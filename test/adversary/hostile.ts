/**
 * Hostile input to everything that takes any: parsers, operations, command lines. Only coded errors
 * come out, soon and in little memory, and nothing has changed after a refusal.
 */
import { Ledger, progress, type Campaign } from '../campaigns/campaign.ts'
import { Chance } from '../campaigns/chance.ts'
import { hostileCli } from './hostile-cli.ts'
import { hostileParsers, hostileReaders } from './hostile-parsers.ts'
import { hostileRoom } from './hostile-room.ts'
import { BOUNDS, Costs, type Bounds } from './kit.ts'

/** In this order at the start of each block; a command line costs as much as a hundred parses. */
const SHARES = [
  { name: 'parsers', share: 0.7, run: hostileParsers },
  { name: 'operations', share: 0.295, run: hostileRoom },
  { name: 'command lines', share: 0.005, run: hostileCli },
]
/** The rest of a block goes to what only reads: some fifty inputs for the price of one key. */
const READERS = { name: 'readers', run: hostileReaders }
const MIXED = 20_000
/** What a finding says of its seed holds for its block alone, so blocks are short. */
const BLOCK = 500_000

/** The campaign with bounds of the caller's for single inputs. */
export const hostile =
  (bounds: Bounds): Campaign =>
  async (options) => {
    const ledger = new Ledger()
    const costs = new Map([...SHARES, READERS].map(({ name }) => [name, new Costs(bounds)]))
    for (let done = 0; done < options.rounds; done += BLOCK) {
      const block = Math.min(BLOCK, options.rounds - done)
      const mixed = Math.min(MIXED, block)
      const parts = SHARES.map(({ share, ...part }) => ({ ...part, rounds: mixed * share }))
      for (const { name, rounds, run } of [...parts, { ...READERS, rounds: block - mixed }])
        await run(Math.ceil(rounds), new Chance(options.seed + done), costs.get(name)!, ledger)
      progress(options, done + block)
    }
    for (const [name, spent] of costs) options.log(`${name}: ${spent}`)
    return ledger.report()
  }

export const run: Campaign = hostile(BOUNDS)
