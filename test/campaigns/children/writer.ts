/**
 * Opens a room and writes until it is killed or done, telling each step on stdout: before it is
 * asked, and once it is answered. In some rooms sweeps run beside it and let go of the journal, in
 * some every use is written. Arguments: directory, lanes, seed, name, steps of each lane (0: for
 * ever), and how often all of that.
 */
import { writeSync } from 'node:fs'
import { Strongroom } from '../../../src/index.ts'
import { Chance } from '../chance.ts'
import { SEAL } from '../seal.ts'
import { write } from '../writer.ts'

const [path, lanes, seed, name, steps, sessions = '1'] = process.argv.slice(2)
const tell = (line: unknown): void => void writeSync(1, `${JSON.stringify(line)}\n`)

const chance = new Chance(Number(seed))
const habits = {
  ...(chance.next() < 0.5 && { journalMax: 20, sweepEveryMs: 400 }),
  ...(chance.next() < 0.3 && { audit: 'all' as const }),
}

for (let session = 0; session < Number(sessions); session++) {
  tell('opening')
  const room = await Strongroom.open({ path: path!, seal: SEAL, ...habits })
  tell('open')
  const options = {
    lanes: Number(lanes),
    seed: Number(seed) + session,
    name: `${name}-${session}`,
    ...(steps !== '0' && { steps: Number(steps) }),
  }
  await write(room, options, tell)
  await room.close()
}
tell('end')
