/**
 * kill -9 of a child at random moments, also while it opens: what it was answered is there, nothing
 * is half there, and the store opens at once, with every record as its head says.
 */
import { spawn } from 'node:child_process'
import { Strongroom } from '../../src/index.ts'
import {
  drop,
  freshPath,
  inspected,
  Ledger,
  nameOf,
  progress,
  type Campaign,
  type CampaignOptions,
} from './campaign.ts'
import { Chance } from './chance.ts'
import { SEAL } from './seal.ts'
import { Truth, type Told } from './truth.ts'

/** A store is killed so often before a new one begins: of all ages, and never large. */
const KILLS_PER_STORE = 15
/** Stores that are killed side by side: a child mostly waits. */
const TRACKS = 3
/** By lines and not by time alone: busy machines write little in any time. */
const LINES_MAX = 50
const OPENING_DELAY_MS = 120
const WRITING_DELAY_MS = 15

interface Round {
  readonly lanes: number
  readonly seed: number
  readonly name: string
  /** The number of lines that it tells before the clock runs; the first one says that it opens. */
  readonly lines: number
  readonly delayMs: number
}

interface Stored {
  readonly path: string
  readonly truth: Truth
}

export const run: Campaign = async (options) => {
  const ledger = new Ledger()
  let done = 0
  const track = async (number: number): Promise<void> => {
    for (let i = number; i < options.rounds;) {
      const store: Stored = { path: freshPath(), truth: new Truth() }
      for (let kills = 0; kills < KILLS_PER_STORE && i < options.rounds; kills++, i += TRACKS) {
        await kill(options, store, roundOf(options.seed, i), ledger)
        progress(options, ++done)
      }
      drop(store.path)
    }
  }
  await Promise.all(Array.from({ length: TRACKS }, (_, number) => track(number)))
  return ledger.report()
}

function roundOf(seed: number, i: number): Round {
  const chance = new Chance(seed + i)
  const opening = i % 6 === 5
  return {
    lanes: chance.pick([1, 8]),
    seed: chance.below(2 ** 24),
    name: `r${i}`,
    lines: opening ? 1 : 2 + chance.below(LINES_MAX),
    delayMs: chance.next() * (opening ? OPENING_DELAY_MS : WRITING_DELAY_MS),
  }
}

async function kill(
  options: CampaignOptions,
  { path, truth }: Stored,
  round: Round,
  ledger: Ledger,
): Promise<void> {
  try {
    for (const line of await killed(options.built, path, round))
      hear(truth, JSON.parse(line), ledger)
    const problems = [...(await reopened(path, truth)), ...(await inspected(options, path))]
    for (const what of problems) ledger.violation(`${what}; round ${JSON.stringify(round)}`)
  } catch (error) {
    ledger.violation(`round ${JSON.stringify(round)}: ${nameOf(error)}`)
  }
  ledger.add(`kills with ${round.lanes} writer${round.lanes > 1 ? 's' : ''}`)
  if (round.lines === 1) ledger.add('kills while opening')
}

/** Runs a child until it is killed; answers the whole lines that it told. */
function killed(built: string, path: string, round: Round): Promise<string[]> {
  const { lanes, seed, name, lines, delayMs } = round
  return new Promise((resolve, reject) => {
    const script = `${built}/test/campaigns/children/writer.js`
    const child = spawn(process.execPath, [script, path, `${lanes}`, `${seed}`, name, '0'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let errors = ''
    let told = 0
    let armed = false
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.stdout.on('data', (chunk: Buffer) => {
      const text = chunk.toString()
      output += text
      told += text.split('\n').length - 1
      if (armed || told < lines) return
      armed = true
      setTimeout(() => child.kill('SIGKILL'), delayMs)
    })
    child.on('error', reject)
    child.on('close', (code, signal) => {
      if (signal !== 'SIGKILL') reject(new Error(`the child ended by ${code ?? signal}: ${errors}`))
      else resolve(output.split('\n').slice(0, -1))
    })
  })
}

function hear(truth: Truth, line: unknown, ledger: Ledger): void {
  if (typeof line === 'string') return
  const told = line as Told
  truth.hear(told)
  if ('done' in told) ledger.add('answered')
  if ('failed' in told) ledger.violation(`a healthy store failed: ${told.failed} ${told.why}`)
}

/** What is wrong with the store after a kill, before and after its destructions were finished. */
async function reopened(path: string, truth: Truth): Promise<string[]> {
  const room = await Strongroom.open({ path, seal: SEAL, verify: true })
  try {
    const problems = await truth.check(room)
    await room.tick()
    return [...problems, ...(await truth.check(room))]
  } finally {
    await room.close()
  }
}
