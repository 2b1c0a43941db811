/**
 * Random injuries to the files of a store, its anchor and its erase file. Each is opened in a child,
 * and every answer compared with the truth. With a full verification damage is either harmless or
 * told, never silent. Without, a record may be missing or of its own past until one is made.
 */
import { cpSync, writeFileSync } from 'node:fs'
import { Strongroom } from '../../src/index.ts'
import { toHex } from '../../src/base/bytes.ts'
import {
  drop,
  Ledger,
  memoryPath,
  progress,
  type Campaign,
  type CampaignOptions,
  type Report,
} from './campaign.ts'
import { Chance } from './chance.ts'
import { clockOfCampaign, furnish, interrogate, type Answers } from './everything.ts'
import { injure } from './injury.ts'
import { ReaderChild, type Outcome, type Template } from './reading.ts'
import { SEAL } from './seal.ts'

/** Young and small, reopened and compacted, and larger than one block of a table. */
export const STORES = [
  { keys: 8, sessions: 1 },
  { keys: 12, sessions: 3 },
  { keys: 40, sessions: 2 },
]
const READERS = 2
/** Every fifth store is opened as stores usually are: without a full verification. */
const QUICK_EVERY = 5

/** Codes that tell of damage. */
const FOUND = new Set([
  'INTEGRITY',
  'ROLLED_BACK',
  'UNAVAILABLE',
  'STORE_MISSING',
  'UNSUPPORTED',
  'WRONG_SEAL',
  'OUTCOME_UNKNOWN',
])

interface Stored extends Template {
  readonly path: string
}

export const run: Campaign = (options) => injureStores(options)

/** @param believe what to take for the truth: the test of the test gives something else */
export async function injureStores(
  options: CampaignOptions,
  believe: (answers: Answers) => Answers = (answers) => answers,
  sizes = STORES,
): Promise<Report> {
  const ledger = new Ledger()
  const stores: Stored[] = []
  for (const [at, size] of sizes.entries()) {
    const store = await prepared({ ...size, seed: options.seed + at })
    stores.push({ ...store, answers: believe(store.answers) })
  }
  const truth = memoryPath('truth')
  writeFileSync(truth, JSON.stringify(stores))
  let next = 0
  const read = async (): Promise<void> => {
    const child = new ReaderChild(options.built, truth)
    for (let i = next++; i < options.rounds; i = next++) {
      await injureAndRead(child, stores, options.seed, i, ledger)
      progress(options, i + 1)
    }
    child.end()
  }
  await Promise.all(Array.from({ length: READERS }, read))
  for (const { path } of [...stores, { path: truth }]) drop(path)
  return ledger.report()
}

async function prepared(size: { keys: number; sessions: number; seed: number }): Promise<Stored> {
  const path = memoryPath()
  const works = await furnish(path, size)
  const room = await Strongroom.open({ path, seal: SEAL, clock: clockOfCampaign() })
  const vaultIds = (await room.listVaults({ limit: 1000 })).items.map(({ id }) => id)
  const answers = await interrogate(room, works, vaultIds)
  await room.close()
  const plain = works.map(({ message, proof, ...work }) => ({
    ...work,
    message: toHex(message),
    proof: toHex(proof),
  }))
  return { path, works: plain, vaultIds, answers }
}

async function injureAndRead(
  child: ReaderChild,
  stores: readonly Stored[],
  seed: number,
  i: number,
  ledger: Ledger,
): Promise<void> {
  const chance = new Chance(seed * 1_000_003 + i)
  const template = chance.below(stores.length)
  const path = memoryPath()
  cpSync(stores[template]!.path, path, { recursive: true, mode: 0 })
  const { file, kind } = injure(path, chance)
  const verify = i % QUICK_EVERY !== 0
  const outcome = await child.ask({ path, template, verify, goOn: chance.next() < 0.2 })
  const wrong = judged(outcome, ledger)
  if (wrong) ledger.violation(`${wrong}; ${kind} in ${file}, store ${template}, round ${i}`)
  drop(path)
}

/** Counts what became of it; answers what is wrong about that. */
function judged(outcome: Outcome, ledger: Ledger): string | undefined {
  const { opened, different, verdict, signal } = outcome
  if (signal === 'SIGABRT') {
    ledger.add('LevelDB aborted the child')
    return undefined
  }
  if (signal) return `the child ended by ${signal}${signal === 'SIGKILL' ? ': it hung' : ''}`
  if (opened !== 'ok') {
    ledger.add(`refused: ${opened.split(' ')[0]}`)
    return FOUND.has(opened) ? undefined : `opening answers ${opened}`
  }
  const answers = Object.entries(different)
  const silent = answers.find(([, answer]) => !FOUND.has(answer.replace('fails: ', '')))
  if (silent && verdict !== undefined && verdict !== 'whole') {
    ledger.add('opened quickly and wrong, found by verify()')
    return undefined
  }
  if (silent) return `a silent wrong answer: ${silent.join(' -> ')}`
  ledger.add(answers.length > 0 ? `opened, then told: ${answers[0]![1]}` : 'harmless')
  return undefined
}
