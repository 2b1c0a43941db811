/**
 * `strongroom demo`: the life of a key in nine steps, on a real store and a real file. Each step
 * says what it shows and checks it; a step that misbehaves ends the demo with an error.
 */
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import type { Strongroom } from '../index.ts'
import type { Key } from '../engine/api.ts'
import { VirtualClock } from '../base/clock.ts'
import { StrongroomError } from '../base/errors.ts'
import { printable } from './report.ts'
import type { Report } from './report.ts'
import { decryptFile, encryptFile } from './seal-file.ts'
import { globalsOf, openRoom, show } from './runner.ts'

export function addDemo(program: Command): void {
  program
    .command('demo [file]')
    .description('watch the life of a key, on a store in a temporary folder or in --data')
    .action(async (file: string | undefined, _options: unknown, command: Command) =>
      show(command, async () => {
        const { data, json } = globalsOf(command)
        const named = command.getOptionValueSourceWithGlobals('data') === 'cli'
        return inFolder(async (folder) =>
          demo(folder, named ? data : join(folder, 'store'), file ?? ownReadme(), json === true),
        )
      }),
    )
}

/** The README of this package lies two folders above the command. */
const ownReadme = (): string => {
  const readme = fileURLToPath(new URL('../../README.md', import.meta.url))
  return existsSync(readme) ? readme : fileURLToPath(import.meta.url)
}

async function inFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-demo-'))
  try {
    return await body(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/**
 * A step: what is about to happen, and the body that does it, checks it and answers what came of
 * it.
 */
type Step = readonly [title: string, body: () => Promise<string>]

interface Shown {
  readonly step: string
  readonly result: string
}

async function demo(folder: string, path: string, file: string, quiet: boolean): Promise<Report> {
  const clock = new VirtualClock(new Date())
  const shown: Shown[] = []
  const say = (line: string) => (quiet ? true : process.stdout.write(`${line}\n`))
  const follow = async ([step, body]: Step) => {
    say(`\n${shown.length + 1}. ${printable(step)}`)
    const result = await body()
    say(`   ${printable(result)}`)
    shown.push({ step, result })
  }
  let room: Strongroom | undefined
  try {
    const make = async () => {
      room = await openRoom({ passphrase: randomUUID() }, { path, create: 'always', clock })
      return `LevelDB in ${path}; names, tags and material are sealed.`
    }
    await follow(['Make a store on disk, sealed by a passphrase.', make])
    for (const step of new Life(room!, clock, file, folder).steps()) await follow(step)
  } finally {
    await room?.close()
  }
  return { data: { steps: shown }, text: '\nAll nine steps behaved. Next: strongroom --help' }
}

/** The life of one key, and of a file under it. */
class Life {
  readonly #room: Strongroom
  readonly #clock: VirtualClock
  readonly #file: string
  readonly #folder: string
  #key: Key | undefined

  constructor(room: Strongroom, clock: VirtualClock, file: string, folder: string) {
    this.#room = room
    this.#clock = clock
    this.#file = file
    this.#folder = folder
  }

  steps(): Step[] {
    const name = basename(this.#file)
    return [
      ['Make a vault and an AES-256 key in it.', () => this.#make()],
      [`Encrypt ${name} and decrypt it again.`, () => this.#encrypt()],
      ['Rotate the key: new data gets a new version, old data still opens.', () => this.#rotate()],
      [
        'Disable the key: the next use is refused, and the refusal says why.',
        () => this.#disable(),
      ],
      ['Enable it again.', () => this.#enable()],
      ['Schedule the deletion of the key: 30 days of waiting begin.', () => this.#schedule()],
      ['Jump 30 days ahead, by the clock that the caller brings.', () => this.#jump()],
      [`Try to open ${name} once more.`, () => this.#refused()],
    ]
  }

  get #ref() {
    const { id: keyId, vaultId } = this.#key!
    return { keyId, vaultId }
  }

  async #make(): Promise<string> {
    const vault = await this.#room.createVault({ displayName: 'demo' })
    const wanted = { vaultId: vault.id, displayName: 'files', spec: 'AES_256' } as const
    const key = await this.#room.createKey(wanted)
    this.#key = key
    return `Key ${key.id} is ${key.state}.`
  }

  async #encrypt(): Promise<string> {
    const sealed = this.#path('first')
    await encryptFile(this.#room, this.#key!.id, { file: this.#file, output: sealed })
    const bytes = await this.#opens('first')
    return `${bytes} bytes became ${(await stat(sealed)).size} and came back equal.`
  }

  async #rotate(): Promise<string> {
    const { number } = await this.#room.createKeyVersion(this.#ref)
    const output = this.#path('second')
    await encryptFile(this.#room, this.#key!.id, { file: this.#file, output })
    await this.#opens('first')
    await this.#opens('second')
    return `Version ${number} is current; a file of each version was opened.`
  }

  async #disable(): Promise<string> {
    await this.#room.disableKey(this.#ref)
    return this.#refused()
  }

  async #enable(): Promise<string> {
    const { state } = await this.#room.enableKey(this.#ref)
    await this.#opens('first')
    return `The key is ${state}, and the file opens.`
  }

  async #schedule(): Promise<string> {
    const { state, deletionAt } = await this.#room.scheduleKeyDeletion(this.#ref)
    expect(state === 'pendingDeletion', 'the key waits for its deletion')
    return `Due ${deletionAt!.toISOString()}. ${await this.#refused()}`
  }

  async #jump(): Promise<string> {
    const now = this.#clock.advance({ days: 30 })
    const { destroyedKeys } = await this.#room.tick()
    expect(destroyedKeys === 1, 'one key was destroyed')
    const { state } = await this.#room.getKey(this.#ref)
    expect(state === 'deleted', 'the key is deleted')
    return `It is ${now.toISOString()}: the key is ${state}, and its material is destroyed.`
  }

  #refused(): Promise<string> {
    return refused(() => this.#opens('first'), 'INVALID_STATE')
  }

  /** Decrypts a file, compares it with the original, and answers its size. */
  async #opens(name: string): Promise<number> {
    const output = this.#path('opened')
    await decryptFile(this.#room, { file: this.#path(name), output, force: true })
    const [opened, original] = await Promise.all([readFile(output), readFile(this.#file)])
    expect(opened.equals(original), 'the decrypted file equals the original')
    return opened.length
  }

  #path(name: string): string {
    return join(this.#folder, name)
  }
}

/** Runs what must be refused with this code; answers the reason. */
async function refused(body: () => Promise<unknown>, code: string): Promise<string> {
  try {
    await body()
  } catch (error) {
    if (!(error instanceof StrongroomError) || error.code !== code) throw error
    const { explain } = error
    if (!explain) return `Refused, ${error.code}: ${error.message}`
    return `Refused by ${explain.rule}: expected ${explain.expected}, found ${explain.found}.`
  }
  throw new StrongroomError('INTERNAL', 'Demo: expected a refusal, the operation succeeded.')
}

function expect(condition: boolean, what: string): void {
  if (!condition) throw new StrongroomError('INTERNAL', `Demo: expected that ${what}.`)
}
