/**
 * How every command runs: open the room, run the body, close, show the report or the failure, set
 * the exit code.
 */
import type { Command } from 'commander'
import type { RealmSource, Strongroom } from '../index.ts'
import type { Clock } from '../base/ports.ts'
import { failureOf } from './failures.ts'
import type { Seal } from './passphrase.ts'
import { readSeal, wipeSeal } from './passphrase.ts'
import type { Report } from './report.ts'
import { regionOf } from './region.ts'
import { rendered, renderedFailure } from './report.ts'

export interface Globals {
  readonly data: string
  readonly json?: boolean
  readonly passphraseFile?: string
  readonly keyFile?: string
  readonly at?: string
}

export const globalsOf = (command: Command): Globals => command.optsWithGlobals<Globals>()

/** Runs a body that needs no room and shows what came of it. */
export async function show(command: Command, body: () => Promise<Report>): Promise<void> {
  const json = globalsOf(command).json === true
  try {
    const report = await body()
    if (report !== STREAMED) await write(process.stdout, rendered(report, json))
    process.exitCode = report.exit ?? 0
  } catch (error) {
    await fail(error, json)
  }
}

/** Shows a failure and sets its exit code. */
export async function fail(error: unknown, json: boolean): Promise<void> {
  const failure = failureOf(error)
  process.exitCode = failure.exit
  await write(process.stderr, renderedFailure(failure, json))
}

/** What was shown piece by piece already. */
export const STREAMED: Report = { data: undefined, text: '' }

/** Runs a body with the room of `--data`, which must exist. */
export const withRoom = (command: Command, body: (room: Strongroom) => Promise<Report>) =>
  asItIs(command, async (room) => {
    // Nothing runs between two commands: what fell due since (deletions, rotations) is done first.
    await room.tick()
    return body(room)
  })

/** The same, and what has fallen due stays as it is. */
export const asItIs = (command: Command, body: (room: Strongroom) => Promise<Report>) =>
  show(command, async () => {
    const globals = globalsOf(command)
    const seal = await readSeal(globals, false)
    const { data: path, at } = globals
    const region = await regionOf(path, at)
    const room = await openRoom(seal, { path, create: 'never', region })
    try {
      return await body(room)
    } finally {
      await room.close()
    }
  })

/** What a command says about opening, beside the seal. */
export interface Opening {
  readonly path: string
  readonly create: 'always' | 'never'
  readonly workFactor?: number | undefined
  readonly clock?: Clock
  readonly region?: string
  readonly realm?: RealmSource
}

/** Opens a room and wipes the seal, whatever comes of it. */
export async function openRoom(seal: Seal, opening: Opening): Promise<Strongroom> {
  const { workFactor, ...options } = opening
  try {
    // Loaded late: `--help` and usage errors need no engine.
    const { Strongroom } = await import('../index.ts')
    const cost = 'key' in seal || workFactor === undefined ? seal : { ...seal, workFactor }
    return await Strongroom.open({ ...options, seal: cost })
  } finally {
    wipeSeal(seal)
  }
}

/** Waits until the text has left; false: a pipe was closed early, which is not a crash. */
export function write(stream: NodeJS.WriteStream, text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const failed = (): void => resolve(false)
    stream.once('error', failed)
    stream.write(text, (error) => {
      // After a failure the event is still to come.
      if (!error) stream.removeListener('error', failed)
      resolve(!error)
    })
  })
}
