/**
 * Fills small file systems of its own and tells what became of the rooms on them, one line for each
 * trial. Arguments: the small one, the large one, trials, seed.
 */
import { rmSync, statfsSync, writeFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { Strongroom } from '../../../src/index.ts'
import { openDirectory } from '../../../src/store/level/directory.ts'
import { Chance } from '../chance.ts'
import { tried } from '../disk-trial.ts'
import { SEAL } from '../seal.ts'

const [small, large, trials, seed] = process.argv.slice(2)
const MIB = 1024 * 1024
/** So much is left to a store that does not look before it writes. */
const LEFT_BYTES_MAX = 40_000
/** A store looks again after so long. */
const NEXT_LOOK_MS = 1100

const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory)
  return bavail * bsize
}
const fill = (directory: string, left: number): void => {
  const bytes = Math.max(0, freeBytes(directory) - left)
  writeFileSync(join(directory, 'ballast'), Buffer.alloc(bytes))
}

/** A store that believes in a large disk: writes fail in LevelDB itself. */
async function blind(chance: Chance, number: number) {
  const path = join(small!, `keys-${number}`)
  const platform = { statfs: async () => ({ bavail: 1e6, bsize: 4096 }) }
  const open = async (verify: boolean): Promise<Strongroom> =>
    Strongroom.open({ store: await openDirectory({ path }, platform), seal: SEAL, verify })
  const result = await tried({
    room: await open(false),
    seed: chance.below(2 ** 24),
    lanes: chance.pick([1, 4]),
    fail: () => fill(small!, chance.below(LEFT_BYTES_MAX)),
    mend: () => rmSync(join(small!, 'ballast')),
    tooEarly: chance.next() < 0.3,
    again: () => open(true),
  })
  rmSync(path, { recursive: true })
  return { kind: 'full', ...result }
}

/** A store that keeps its reserve: it stops in time. */
async function careful(chance: Chance, number: number) {
  const path = join(large!, `keys-${number}`)
  const options = { path, seal: SEAL }
  const result = await tried({
    room: await Strongroom.open(options),
    seed: chance.below(2 ** 24),
    lanes: chance.pick([1, 4]),
    fail: async () => {
      fill(large!, 40 * MIB)
      await new Promise((resolve) => setTimeout(resolve, NEXT_LOOK_MS))
    },
    mend: () => rmSync(join(large!, 'ballast')),
    tooEarly: false,
    again: () => Strongroom.open({ ...options, verify: true }),
  })
  rmSync(path, { recursive: true })
  return { kind: 'reserve', ...result }
}

for (const directory of [small!, large!])
  if ((await statfs(directory)).type !== 0x01021994) throw new Error(`${directory} is no tmpfs`)
for (let i = 0; i < Number(trials); i++) {
  const chance = new Chance(Number(seed) + i)
  const result = i % 5 === 4 ? await careful(chance, i) : await blind(chance, i)
  process.stdout.write(`${JSON.stringify({ trial: i, ...result })}\n`)
}
