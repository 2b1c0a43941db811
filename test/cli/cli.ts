/** The real command in child processes, on a folder of its own. */
import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { builtModules } from '../helpers/transpile.ts'

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
  /** Options of node itself. */
  readonly node?: readonly string[]
}

/** Nothing of the environment of the tests decides what a command does. */
const cleanEnv = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('STRONGROOM_')),
  )

export async function start(args: readonly string[], options: RunOptions = {}) {
  const main = join(await builtModules(), 'cli', 'main.js')
  return spawn(process.execPath, [...(options.node ?? []), main, ...args], {
    cwd: options.cwd,
    env: { ...cleanEnv(), ...options.env },
  })
}

/** Runs a command to its end. */
export async function cli(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
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
  /** Runs with `--json`, which must succeed, and answers the document. */
  json(...args: string[]): Promise<Json>
  /** Runs with `--json`, which must fail with that exit code, and answers the error. */
  fails(exit: number, ...args: string[]): Promise<Failure>
}

export async function sandbox(): Promise<Sandbox> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-cli-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  const path = (name: string) => join(folder, name)
  await writeFile(path('key'), randomBytes(32))
  const seal = ['--data', path('store'), '--key-file', path('key')]
  const run: Sandbox['run'] = (args, options) =>
    cli([...args, ...seal], { cwd: folder, ...options })
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
  return { folder, path, run, json, fails }
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
