/**
 * Power cuts: a child writes while its file system calls are traced; then its directory is rebuilt
 * as a power cut may leave it, at each answer and between, in two models of a file system; and a
 * room opens on what is left. The idea is that of ALICE (OSDI 2014).
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Strongroom } from '../../src/index.ts'
import {
  drop,
  Ledger,
  memoryPath,
  nameOf,
  progress,
  type Campaign,
  type CampaignOptions,
  type Report,
} from './campaign.ts'
import { Chance } from './chance.ts'
import { DiskModel, type Deafness, type Model } from './disk-model.ts'
import { SEAL } from './seal.ts'
import { traced, whyNoStrace, type Life, type Tracer } from './lives.ts'
import { Truth, type Told } from './truth.ts'

/** States that are taken from one traced life of a store. */
const STATES_PER_LIFE = 25

export const run: Campaign = (options) => cutPower(options)

export interface PowerOptions {
  /** As if the store forgot syncs of this kind: the test of the test. */
  readonly deafTo?: Deafness
  readonly tracer?: Tracer
}

export async function cutPower(
  options: CampaignOptions,
  { deafTo, tracer: asked }: PowerOptions = {},
): Promise<Report> {
  const ledger = new Ledger()
  if (process.platform === 'win32')
    return { ...ledger.report(), skipped: 'the models of disks are of POSIX' }
  const without = asked ? undefined : whyNoStrace()
  if (without)
    options.log(`no strace (${without}): the calls of the store are traced, not those of LevelDB`)
  const tracer = asked ?? (without ? 'preload' : 'strace')
  const chance = new Chance(options.seed)
  let life: Life | undefined
  for (let i = 0; i < options.rounds; i++) {
    if (i % STATES_PER_LIFE === 0) {
      life = await traced(options, tracer, chance, i)
      ledger.add(`lives traced by ${tracer}`)
    }
    await cut(life!, chance, ledger, deafTo)
    progress(options, i + 1)
  }
  return ledger.report()
}

/** One power cut: what was answered before it must be there. */
async function cut(
  life: Life,
  chance: Chance,
  ledger: Ledger,
  deafTo: Deafness | undefined,
): Promise<void> {
  const model: Model = chance.pick(['ext4', 'strict'] as const)
  const least = chance.next() < 0.5
  const moment = momentIn(life, chance)
  const disk = new DiskModel(life.base, model, deafTo)
  for (const call of life.calls) if (call.end < moment) disk.apply(call)
  const heard = life.said.filter(({ at }) => at <= moment).map(({ line }) => line)
  const truth = new Truth()
  for (const line of heard) if (typeof line !== 'string') truth.hear(line as Told)
  const target = memoryPath('disk')
  mkdirSync(target)
  disk.rebuild(target, least ? undefined : chance)
  const where = `${model}, ${least ? 'the least' : 'by chance'}, line ${moment}, ${life.what}`
  try {
    for (const what of await opened(join(target, 'keys'), truth))
      ledger.violation(`${what}; ${where}`)
  } catch (error) {
    ledger.violation(`does not open: ${nameOf(error)}; ${where}`)
  }
  drop(target)
  ledger.add(`states ${model}`)
  ledger.add('answered before the cut', truth.answered)
  if (!heard.includes('open')) ledger.add('states while the store is made')
}

/** Mostly the moment of an answer, else any other. */
function momentIn({ calls, said }: Life, chance: Chance): number {
  const dice = chance.next()
  if (dice < 0.7) return chance.pick(said).at
  const first = said.find(({ line }) => line === 'opening')!.at
  return first + chance.below(calls.at(-1)!.end - first)
}

async function opened(path: string, truth: Truth): Promise<string[]> {
  const room = await Strongroom.open({ path, seal: SEAL, verify: true })
  try {
    return await truth.check(room)
  } finally {
    await room.close()
  }
}
