/**
 * One failing disk: write, fail, mend, recover; what was answered is there, and the room goes on.
 */
import { Strongroom } from '../../src/index.ts'
import { nameOf, within } from './campaign.ts'
import { Truth, type Told } from './truth.ts'
import { write } from './writer.ts'

export interface Trial {
  readonly room: Strongroom
  readonly seed: number
  readonly lanes: number
  /** Makes the disk fail, at once or soon. */
  readonly fail: () => void | Promise<void>
  readonly mend: () => void
  /** Calls `recover` once while the disk still fails. */
  readonly tooEarly: boolean
  /** Opens the store anew, with a full verification. */
  readonly again: () => Promise<Strongroom>
}

export interface Tried {
  readonly problems: readonly string[]
  readonly answered: number
  /** What the writers were told, by code. */
  readonly failures: readonly string[]
}

const HANG_SECONDS = 60
const HEALTHY_STEPS = 4
const FAILING_STEPS = 25

/** What a failing disk may be called. */
const CODES = new Set(['UNAVAILABLE', 'OUTCOME_UNKNOWN', 'CONFLICT'])

export async function tried(trial: Trial): Promise<Tried> {
  const truth = new Truth()
  const problems: string[] = []
  const failures: string[] = []
  const hear = (told: Told): void => {
    truth.hear(told)
    if (!('failed' in told)) return
    failures.push(told.failed)
    if (!CODES.has(told.failed)) problems.push(`a write answers ${told.failed}: ${told.why}`)
  }
  const stage = async (what: string, work: Promise<unknown>): Promise<void> => {
    try {
      await within(HANG_SECONDS, what, work)
    } catch (error) {
      problems.push(`${what}: ${nameOf(error)}`)
    }
  }
  const checked = async (when: string, room: Strongroom): Promise<void> => {
    for (const what of await truth.check(room)) problems.push(`${when}: ${what}`)
  }
  const { room, seed, lanes } = trial
  const run = (name: string, steps: number): Promise<void> =>
    write(room, { lanes, seed, name, steps }, hear)

  await stage('writing on a healthy disk', run('before', HEALTHY_STEPS))
  await trial.fail()
  await stage('writing on a failing disk', codedOnly(run('failing', FAILING_STEPS)))
  if (trial.tooEarly) await stage('recovering too early', codedOnly(room.recover()))
  trial.mend()
  const healthy = failures.length
  await stage('recovering', room.recover())
  await stage('reading after it', checked('after recovering', room))
  await stage('finishing destructions', room.tick())
  await stage('writing after it', run('after', HEALTHY_STEPS))
  await stage('reading once more', checked('after writing again', room))
  if (failures.length > healthy) problems.push('a recovered room does not write')
  await stage('closing', room.close())
  await stage('opening it again', reopened(trial, checked))
  return { problems, answered: truth.answered, failures }
}

async function reopened(
  { again }: Trial,
  checked: (when: string, room: Strongroom) => Promise<void>,
): Promise<void> {
  const room = await again()
  try {
    await checked('opened again', room)
  } finally {
    await room.close()
  }
}

async function codedOnly(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    const code = nameOf(error)
    if (!CODES.has(code)) throw error
  }
}
