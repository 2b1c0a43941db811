/**
 * Hostile command lines and files, in this process: each ends with one of our exit codes and an
 * error of ours, what it prints moves no cursor and turns no text around, and a line that is
 * refused leaves the store as it was.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Strongroom } from '../../src/index.ts'
import { ERROR_CODES } from '../../src/base/errors.ts'
import { EXIT } from '../../src/cli/failures.ts'
import { run } from '../../src/cli/program.ts'
import type { Ledger } from '../campaigns/campaign.ts'
import type { Chance } from '../campaigns/chance.ts'
import type { Costs } from './kit.ts'
import { mutatedBytes, mutatedText } from './mutate.ts'

/** Lines that work one after the other; every command and option is in one of them. */
export const LINES: readonly (readonly string[])[] = [
  'init',
  'vault create shop',
  'key create files --alias files',
  'key create spare --description d --protection SOFTWARE',
  'key create signer --spec EC_P256 --purpose sign --purpose agree',
  'vault create other',
  'vault list --json',
  'vault show shop',
  'vault delete other --days 7',
  'vault undelete other',
  'key import outside raw --vault shop --spec AES_256 --purpose encrypt --purpose wrap',
  'key import mac raw --vault shop --spec HMAC_256 --description m --alias m --protection SOFTWARE',
  'key create e --vault shop --spec ED25519',
  'key list --vault shop',
  'key show alias/files --vault shop',
  'key rotate files --vault shop',
  'key disable spare --vault shop',
  'key enable spare --vault shop',
  'key delete spare --days 7 --vault shop',
  'key undelete spare --vault shop',
  'encrypt plain --key files --vault shop -o sealed --force --context table=orders --context row=7',
  'decrypt sealed -o opened --force --context table=orders --context row=7',
  'sign plain --key signer --vault shop -o signature --force --format raw --algorithm ECDSA_SHA_256',
  'verify plain --key signer --vault shop --signature signature --format raw --algorithm ECDSA_SHA_256',
  'backup key files --vault shop --out key.backup --force',
  'restore key key.backup --vault shop --new-ids',
  'export-realm realm.export --export-key-file raw --force',
  'vault create late',
  'backup vault late --out late.backup --force --include-keys',
  'import-realm realm.export --export-key-file raw --data third',
  'restore vault late.backup --compartment c --data third',
  'vault create mirrored',
  'replica add mirrored --region eu',
  'replica list mirrored',
  'realm-card --out card --force --card-key-file raw',
  'init --data fifth --at eu --join card --card-key-file raw',
  'replica pull --data fifth --from store --from-at local --from-key-file seal',
  'replica promote mirrored --data fifth --from store --from-at local --from-key-file seal --force',
  'vault create abandoned',
  'replica add abandoned --region eu',
  'replica remove abandoned --region eu --force',
  'log --vault shop --from 1 --uses',
  'checkpoint --since 1',
  'verify-log',
  'prune --until 1',
  'init --data second --work-factor 17 --passphrase-file plain',
  'demo plain --data fourth',
  '--version',
  'key create --help',
].map((line) => line.split(' '))

/** What later lines stand on. */
const FOUNDATION = 5
const WORDS = [
  ...new Set(LINES.flat()),
  '--',
  '-x',
  '--no-json',
  '--context=a=b',
  '--data=store',
  '--md5=1B2M2Y8AsgTpgAmY7PhCfg==',
]
const SEAL = { key: new Uint8Array(32).fill(7) }
/** What commands read. */
const FILES = ['plain', 'sealed', 'signature', 'raw', 'seal', 'key.backup', 'late.backup']
/** Most lines are refused before the store is opened; of those one in so many is looked into. */
const LOOK_EVERY = 8

interface Ran {
  readonly exit: number
  readonly out: string
  readonly err: string
}

export async function hostileCli(
  rounds: number,
  chance: Chance,
  costs: Costs,
  ledger: Ledger,
): Promise<void> {
  const home = process.cwd()
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-hostile-'))
  const { STRONGROOM_PASSPHRASE, STRONGROOM_DATA } = process.env
  delete process.env['STRONGROOM_PASSPHRASE']
  delete process.env['STRONGROOM_DATA']
  process.chdir(folder)
  try {
    const stage = new Stage(chance, costs, ledger)
    await stage.prepare()
    for (let i = 0; i < rounds; i++) await stage.attempt(i)
    await stage.check()
  } finally {
    process.chdir(home)
    Object.assign(process.env, defined({ STRONGROOM_PASSPHRASE, STRONGROOM_DATA }))
    await rm(folder, { recursive: true, force: true })
  }
}

const defined = (record: Readonly<Record<string, string | undefined>>): object =>
  Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined))

class Stage {
  readonly #chance: Chance
  readonly #costs: Costs
  readonly #ledger: Ledger
  #keyId = ''

  constructor(chance: Chance, costs: Costs, ledger: Ledger) {
    this.#chance = chance
    this.#costs = costs
    this.#ledger = ledger
  }

  async prepare(): Promise<void> {
    await writeFile('seal', SEAL.key)
    await writeFile('raw', new Uint8Array(32).fill(8))
    await writeFile('plain', 'a text')
    for (const line of LINES) await this.#works(line)
    const room = await Strongroom.open({ path: 'store', seal: SEAL })
    const { id: vaultId } = await room.createVault({ displayName: 'no line names it' })
    const key = { vaultId, displayName: 'nor this', spec: 'AES_256' } as const
    this.#keyId = (await room.createKey(key)).id
    await room.close()
  }

  /** An injured line, or a whole one with an injured file. */
  async attempt(i: number): Promise<void> {
    if (this.#chance.next() < 0.3) await this.#withFile(i)
    else await this.#tried(mutatedLine(this.#chance), i)
  }

  async #withFile(i: number): Promise<void> {
    const line = this.#chance.pick(LINES.slice(FOUNDATION))
    const name = this.#chance.pick(FILES.filter((file) => file === 'seal' || line.includes(file)))
    const content = await readFile(name)
    try {
      await writeFile(name, mutatedBytes(this.#chance, content))
      await this.#tried(line, i)
    } finally {
      await writeFile(name, content)
    }
  }

  async #tried(line: readonly string[], i: number): Promise<void> {
    const before = await head()
    const [ran, complaint] = await this.#costs.measured(line[0] ?? 'nothing', () => attempt(line))
    this.#ledger.add('command lines')
    this.#ledger.add(`exit ${ran.exit}`)
    const objection = objectionTo(ran)
    const shown = JSON.stringify(line)
    if (objection !== undefined) this.#ledger.violation(`${shown}: ${objection}\n${ran.err}`)
    if (ran.exit === EXIT.ok) return
    if (complaint !== undefined) this.#ledger.violation(`${complaint}: ${shown}`)
    if (ran.exit === EXIT.usage && i % LOOK_EVERY !== 0) return
    if ((await head()) !== before)
      this.#ledger.violation(`${shown}: exit ${ran.exit}, yet something changed\n${ran.err}`)
  }

  /** Every record is as the heads say, and what was there serves. */
  async check(): Promise<void> {
    const room = await Strongroom.open({ path: 'store', seal: SEAL, verify: true })
    try {
      const input = { keyId: this.#keyId, plaintext: new Uint8Array(9).fill(4) }
      await room.decrypt(await room.encrypt(input))
    } catch (error) {
      this.#ledger.violation(`the store does not serve any more: ${String(error)}`)
    } finally {
      await room.close()
    }
  }

  async #works(line: readonly string[]): Promise<void> {
    const { exit, err } = await attempt(line)
    if (exit !== EXIT.ok) this.#ledger.violation(`${line.join(' ')}: exit ${exit}\n${err}`)
  }
}

/** How many commits the store has seen. */
async function head(): Promise<bigint> {
  const room = await Strongroom.open({ path: 'store', seal: SEAL, create: 'never' })
  try {
    return room.head().sequence
  } finally {
    await room.close()
  }
}

/** The stream as text until undone; a callback is answered, as the real one does. */
function captured(stream: NodeJS.WriteStream): { readonly text: () => string; undo: () => void } {
  const parts: string[] = []
  const write = stream.write.bind(stream)
  const listeners = stream.listeners('error')
  stream.write = (chunk: Uint8Array | string, ...rest: readonly unknown[]): boolean => {
    parts.push(typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('latin1'))
    const done = rest.findLast((each) => typeof each === 'function') as (() => void) | undefined
    done?.()
    return true
  }
  const undo = (): void => {
    stream.write = write
    // A command listens until its process ends.
    for (const listener of stream.listeners('error'))
      if (!listeners.includes(listener)) stream.off('error', listener as () => void)
  }
  return { text: () => parts.join(''), undo }
}

async function attempt(line: readonly string[]): Promise<Ran> {
  const before = process.exitCode
  process.exitCode = undefined
  const [out, err] = [captured(process.stdout), captured(process.stderr)]
  try {
    await run(['node', 'strongroom', '--data', 'store', '--key-file', 'seal', ...line])
    const exit = Number((process as { exitCode?: unknown }).exitCode ?? EXIT.ok)
    return { exit, out: out.text(), err: err.text() }
  } finally {
    out.undo()
    err.undo()
    process.exitCode = before
  }
}

/** Keeps to the folder: no other path, no standard input, which would never end here. */
const harmless = (word: string): boolean =>
  word !== '-' && !word.includes('..') && !/(^|=|^-[a-z])[/~-]+[^a-z-]|^\/|=\/|^-[a-z]\//.test(word)

function mutatedLine(chance: Chance): readonly string[] {
  let line = [...chance.pick(LINES)]
  for (let left = 1 + chance.below(3); left > 0; left--) {
    const at = chance.below(line.length)
    line = chance.pick([
      () => line.toSpliced(at, 1),
      () => line.toSpliced(at, 0, chance.pick(WORDS)),
      () => line.with(at, mutatedText(chance, line[at]!)),
      () => line.with(at, mutatedText(chance, line[at]!)),
      () => line.toSpliced(at, 0, mutatedText(chance, chance.pick(WORDS))),
      () => line.toSpliced(at, 2, line.slice(at, at + 2).join('=')),
      () => [...line, ...line.slice(at)],
    ])()
    if (line.length === 0) line = ['--help']
  }
  // No operating system lets a zero byte into an argument.
  return line.filter(harmless).map((word) => word.replaceAll('\0', ''))
}

/** Control characters but line feeds, and what turns the direction of text. */
const UNPRINTABLE = /[\0-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/u
const CODED = new RegExp(`^error (${Object.keys(ERROR_CODES).join('|')}): `)

function objectionTo({ exit, out, err }: Ran): string | undefined {
  if (!(Object.values(EXIT) as number[]).includes(exit)) return `exit ${exit}`
  if (exit === EXIT.internal) return 'a defect of ours'
  if (UNPRINTABLE.test(err)) return 'what it says moves the cursor'
  if (exit === EXIT.ok) return undefined
  if (err.startsWith('{')) return Object.hasOwn(jsonError(err), 'code') ? undefined : 'bad JSON'
  // Help without a command goes to the error stream; a signature that is wrong is an answer.
  return CODED.test(err) || err.startsWith('Usage: ') || out !== '' ? undefined : 'no code'
}

const jsonError = (text: string): object => (JSON.parse(text) as { readonly error: object }).error
