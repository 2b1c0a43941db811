/** Lives of stores with every call to the file system traced. */
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync, realpathSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { drop, freshPath, type CampaignOptions } from './campaign.ts'
import type { Chance } from './chance.ts'
import { parseNotes, parseTrace, straceArguments, type Call } from './trace.ts'

export interface Life {
  /** Where everything happened. */
  readonly base: string
  readonly calls: readonly Call[]
  /** What the child said, with the moment at which it began to say it. */
  readonly said: readonly { readonly at: number; readonly line: unknown }[]
  readonly what: string
}

/** `preload` sees the calls of the store alone, and takes LevelDB's syncs for granted. */
export type Tracer = 'strace' | 'preload'

export function whyNoStrace(): string | undefined {
  if (process.platform !== 'linux') return 'it is of Linux'
  const { status } = spawnSync('strace', ['-f', '--seccomp-bpf', '-o', '/dev/null', 'true'])
  return status === 0 ? undefined : 'it is not installed, or may not trace here'
}

const SESSIONS = 3
const STEPS = { 1: 10, 8: 3 } as const

/** A store is made, written, closed and opened again a few times, all of it traced. */
export async function traced(
  { built }: CampaignOptions,
  tracer: Tracer,
  chance: Chance,
  i: number,
): Promise<Life> {
  const fresh = freshPath()
  const base = realpathSync(dirname(fresh))
  const path = join(base, basename(fresh))
  const lanes = chance.pick([1, 8] as const)
  const seed = chance.below(2 ** 24)
  const output = freshPath('trace')
  const child = `${built}/test/campaigns/children/writer.js`
  const steps = `${STEPS[lanes]}`
  const args = [child, path, `${lanes}`, `${seed}`, `r${i}`, steps, `${SESSIONS}`]
  const calls = await TRACERS[tracer]({ args, built, base, output })
  drop(fresh)
  drop(output)
  const said = calls.flatMap(({ name, args: [fd, bytes], start }) =>
    name === 'write' && fd === '1'
      ? [{ at: start, line: JSON.parse(Buffer.from(bytes as Uint8Array).toString()) as unknown }]
      : [],
  )
  if (said.at(-1)?.line !== 'end') throw new Error('the traced child did not come to its end')
  // A close takes effect while it runs, and its number may be given anew at once.
  const at = ({ name, start, end }: Call): number => (name === 'close' ? start : end)
  calls.sort((a, b) => at(a) - at(b))
  return { base, calls, said, what: `${lanes} lanes, seed ${seed}` }
}

interface Traced {
  readonly args: readonly string[]
  readonly built: string
  readonly base: string
  readonly output: string
}

const TRACERS: Readonly<Record<Tracer, (run: Traced) => Promise<Call[]>>> = {
  strace: async ({ args, output }) => {
    await ended('strace', [...straceArguments(output), process.execPath, ...args])
    return parseTrace(readFileSync(output, 'utf8'))
  },
  preload: async ({ args, built, base, output }) => {
    const preload = `${built}/test/campaigns/children/tracing.js`
    const env = { STRONGROOM_TRACE: output, STRONGROOM_TRACE_BASE: base }
    await ended(process.execPath, ['--import', preload, ...args], env)
    return parseNotes(readFileSync(output, 'utf8'))
  },
}

function ended(command: string, args: readonly string[], env = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    })
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve()
      else reject(new Error(`${command} ended by ${code}: ${errors}`))
    })
  })
}
