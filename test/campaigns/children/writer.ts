/**
 * Opens a room and writes until it is killed or done, telling each step on stdout: before it is
 * asked, and once it is answered. Arguments: directory, lanes, seed, name, steps of each lane (0:
 * for ever), and how often all of that.
 */
import { writeSync } from 'node:fs'
import { Strongroom } from '../../../src/index.ts'
import { SEAL } from '../seal.ts'
import { write } from '../writer.ts'

const [path, lanes, seed, name, steps, sessions = '1'] = process.argv.slice(2)
const tell = (line: unknown): void => void writeSync(1, `${JSON.stringify(line)}\n`)

for (let session = 0; session < Number(sessions); session++) {
  tell('opening')
  const room = await Strongroom.open({ path: path!, seal: SEAL })
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
