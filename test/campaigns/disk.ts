/**
 * Full and failing disks: small file systems that are filled (Linux, where mounting is allowed),
 * and, everywhere, planned faults of every call of the store. What was answered is there, every
 * failure has a code, nothing hangs, and `recover` brings the room back.
 */
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Strongroom } from '../../src/index.ts'
import { createMemoryStore } from '../../src/store/memory.ts'
import { faultyStore, type FaultKind, type FaultyMethod } from '../../src/testing/faulty-store.ts'
import { drop, freshPath, Ledger, nameOf, type Campaign, type CampaignOptions } from './campaign.ts'
import { Chance } from './chance.ts'
import { tried, type Tried } from './disk-trial.ts'
import { staying } from './places.ts'
import { SEAL } from './seal.ts'

/** Faults are cheap: so many for each disk that is filled. */
const FAULTS_PER_ROUND = 3
const SMALL = '12m'
const LARGE = '120m'

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  const without = whyNot()
  if (without) options.log(`no disk is filled: ${without}`)
  else await fullDisks(options, ledger)
  await faults(options, ledger)
  return ledger.report()
}

/** Why no file system can be mounted here. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'small file systems are made on Linux only'
  const { status } = spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'])
  return status === 0 ? undefined : 'mounting is not allowed here'
}

/** The mounts belong to the namespace of the child and end with it. */
async function fullDisks({ built, rounds, seed, log }: CampaignOptions, ledger: Ledger) {
  const base = freshPath('mounts')
  const [small, large] = [join(base, 'small'), join(base, 'large')]
  mkdirSync(small, { recursive: true })
  mkdirSync(large)
  const script = [
    `mount -t tmpfs -o mode=0700,size=${SMALL} tmpfs "$1"`,
    `mount -t tmpfs -o mode=0700,size=${LARGE} tmpfs "$2"`,
    'shift 2; exec "$@"',
  ].join(' && ')
  const child = spawn('unshare', [
    ...['-rm', 'sh', '-c', script, 'sh', small, large],
    ...[process.execPath, `${built}/test/campaigns/children/full-disk.js`],
    ...[small, large, `${rounds}`, `${seed}`],
  ])
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve))
  let trials = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const { trial, kind, ...result } = JSON.parse(line) as Tried & { trial: number; kind: string }
    count(ledger, kind, `trial ${trial}, seed ${seed}`, result)
    if (++trials % Math.max(1, Math.floor(rounds / 10)) === 0) log(`disks: ${trials} of ${rounds}`)
  }
  const code = await ended
  if (code !== 0 || trials !== rounds)
    ledger.violation(`the child ended by ${code} after ${trials} trials: ${errors.slice(0, 2000)}`)
  drop(base)
}

function count(
  ledger: Ledger,
  kind: string,
  where: string,
  { problems, answered, failures }: Tried,
): void {
  ledger.add(`${kind}: trials`)
  ledger.add(`${kind}: answered`, answered)
  for (const code of failures) ledger.add(`${kind}: ${code}`)
  if (failures.length === 0) ledger.add(`${kind}: trials in which nothing failed`)
  for (const what of problems) ledger.violation(`${what}; ${kind}, ${where}`)
}

const METHODS: readonly (FaultyMethod | 'any')[] = [
  ...(['any', 'get', 'scan', 'commit', 'commit', 'commit'] as const),
  ...(['sidecar.write', 'sidecar.scrub'] as const),
]
const KINDS: readonly FaultKind[] = ['before', 'after', 'unknown', 'conflict']

async function faults({ rounds, seed, log }: CampaignOptions, ledger: Ledger): Promise<void> {
  const trials = rounds * FAULTS_PER_ROUND
  for (let i = 0; i < trials; i++) {
    const chance = new Chance(seed + i)
    const fault = {
      method: chance.pick(METHODS),
      kind: chance.pick(KINDS),
      lasting: chance.next() < 0.3,
      after: 1 + chance.below(i % 2 === 0 ? 8 : 40),
    }
    const where = `${JSON.stringify(fault)}, fault ${i}, seed ${seed}`
    try {
      count(ledger, 'faults', where, await faulted(chance, fault))
    } catch (error) {
      ledger.violation(`a trial ends by ${nameOf(error)}; ${where}`)
    }
    if ((i + 1) % Math.max(1, Math.floor(trials / 5)) === 0) log(`faults: ${i + 1} of ${trials}`)
  }
}

interface PlannedFault {
  readonly method: FaultyMethod | 'any'
  readonly kind: FaultKind
  readonly lasting: boolean
  /** Calls of the method from now on. */
  readonly after: number
}

async function faulted(chance: Chance, planned: PlannedFault): Promise<Tried> {
  const inner = staying(createMemoryStore())
  const store = faultyStore(inner, { poison: true })
  const { method, after, kind, lasting } = planned
  const fail = (): void => {
    const calls = store.calls.filter((call) => method === 'any' || call.method === method).length
    store.plan({ method, kind, nth: calls + after, lasting })
  }
  return tried({
    room: await Strongroom.open({ store, seal: SEAL }),
    seed: chance.below(2 ** 24),
    lanes: chance.pick([1, 4]),
    fail,
    mend: () => store.heal(),
    tooEarly: chance.next() < 0.3,
    again: () => Strongroom.open({ store: inner, seal: SEAL, verify: true }),
  })
}
