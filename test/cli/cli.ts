/**
 * The command, on a folder of its own: as a process of its own, where that is what a test is about,
 * or run by a process that runs them all.
 */
import { fork, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { atEnd } from '../helpers/at-end.ts'
import { builtTree } from '../helpers/build.mjs'
import type { Line, Outcome } from './resident.ts'

export interface Ran {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
  /** Standard output as bytes. */
  readonly bytes: Buffer
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly input?: Uint8Array
}

export interface StartOptions extends RunOptions {
  /** Options of node itself. */
  readonly node?: readonly string[]
}

/** Nothing of the environment of the tests decides what a command does. */
const environment = (env: RunOptions['env']): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('STRONGROOM_')),
  ),
  ...env,
})

export async function start(args: readonly string[], { node, cwd, env }: StartOptions = {}) {
  const main = join(await builtTree(), 'src', 'cli', 'main.js')
  return spawn(process.execPath, [...(node ?? []), main, ...args], { cwd, env: environment(env) })
}

/** Runs a command to its end, as a process of its own. */
export async function alone(args: readonly string[], options: StartOptions = {}): Promise<Ran> {
  const child = await start(args, options)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin.on('error', () => undefined)
  child.stdin.end(options.input)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      const bytes = Buffer.concat(out)
      const stderr = Buffer.concat(err).toString()
      resolve({ code, signal, stdout: bytes.toString(), stderr, bytes })
    })
  })
}

let resident: Promise<ChildProcess> | undefined
/** One command at a time: the next one waits for it. */
let last: Promise<unknown> = Promise.resolve()

async function started(): Promise<ChildProcess> {
  const main = join(await builtTree(), 'test', 'cli', 'resident.js')
  const child = fork(main, {
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  // It ends with whoever started it.
  child.unref()
  child.channel?.unref()
  return child
}

/** Runs a command to its end, in a process that stays for the next one. */
export function cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const { cwd = process.cwd(), env, input } = options
  const ran = last.then(async () => {
    const child = await (resident ??= started())
    const { code, out, err } = await answer(child, { args, cwd, env: environment(env), input })
    const bytes = Buffer.from(out)
    const stderr = Buffer.from(err).toString()
    return { code, signal: null, stdout: bytes.toString(), stderr, bytes }
  })
  last = ran.catch(() => undefined)
  return ran
}

function answer(child: ChildProcess, line: Line): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null, signal: NodeJS.Signals | null): void => {
      resident = undefined
      reject(new Error(`${line.args.join(' ')}: ended its process, ${code ?? signal}`))
    }
    child.once('exit', ended)
    child.once('message', (outcome: Outcome) => {
      child.off('exit', ended)
      resolve(outcome)
    })
    child.send(line)
  })
}

export type Json = Readonly<Record<string, unknown>>

export interface Failure {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly exit: number
  readonly explain?: Readonly<Record<string, string>>
}

/** A folder with a store that opens with a key file, which costs no scrypt. */
export interface Sandbox {
  readonly folder: string
  path(name: string): string
  /** Runs with `--data` and `--key-file`. */
  run(args: readonly string[], options?: RunOptions): Promise<Ran>
  /** The same as a process of its own. */
  alone(args: readonly string[], options?: StartOptions): Promise<Ran>
  /** Runs with `--json`, which must succeed, and answers the document. */
  json(...args: string[]): Promise<Json>
  /** Runs with `--json`, which must fail with that exit code, and answers the error. */
  fails(exit: number, ...args: string[]): Promise<Failure>
}

export async function sandbox(): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-cli-'))
  atEnd(() => rm(folder, { recursive: true, force: true }))
  const path = (name: string) => join(folder, name)
  await writeFile(path('key'), randomBytes(32))
  const seal = ['--data', path('store'), '--key-file', path('key')]
  const run: Sandbox['run'] = (args, options) =>
    cli([...args, ...seal], { cwd: folder, ...options })
  const apart: Sandbox['alone'] = (args, options) =>
    alone([...args, ...seal], { cwd: folder, ...options })
  const json: Sandbox['json'] = async (...args) => {
    const ran = await run([...args, '--json'])
    if (ran.code !== 0) throw new Error(`${args.join(' ')}: exit ${ran.code}\n${ran.stderr}`)
    if (ran.stderr !== '') throw new Error(`unexpected on stderr: ${ran.stderr}`)
    return JSON.parse(ran.stdout) as Json
  }
  const fails: Sandbox['fails'] = async (exit, ...args) => {
    const ran = await run([...args, '--json'])
    return failureOf(ran, exit)
  }
  return { folder, path, run, alone: apart, json, fails }
}

/** The error document of a run that failed as expected. */
export function failureOf(ran: Ran, exit: number): Failure {
  if (ran.code !== exit || ran.stdout !== '')
    throw new Error(`expected exit ${exit}, got ${ran.code}\n${ran.stdout}${ran.stderr}`)
  const { error } = JSON.parse(ran.stderr) as { error: Failure }
  if (error.exit !== exit) throw new Error(`the document says exit ${error.exit}, not ${exit}`)
  return error
}

/** The same with an `init`ialised store, a vault `shop` and an AES key `files`. */
export async function stocked(): Promise<Sandbox> {
  const box = await sandbox()
  await box.json('init')
  await box.json('vault', 'create', 'shop')
  await box.json('key', 'create', 'files', '--alias', 'files')
  return box
}
