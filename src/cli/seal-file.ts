/** `strongroom encrypt` and `decrypt`: files of any size, whole or not at all. */
import type { Command } from 'commander'
import { StrongroomError } from '../base/errors.ts'
import type { Context } from '../engine/api.ts'
import type { Strongroom } from '../index.ts'
import { openInput } from './input.ts'
import { addPair } from './options.ts'
import { withOutput } from './output.ts'
import { STANDARD } from './paths.ts'
import { progressOf } from './progress.ts'
import type { Report } from './report.ts'
import { fields } from './report.ts'
import { findKey } from './resolve.ts'
import { globalsOf, withRoom } from './runner.ts'
import type { Flow, Sealed } from './stream.ts'
import { decryptStream, encryptStream } from './stream.ts'

interface FileOptions {
  readonly key: string
  readonly vault?: string
  readonly output?: string
  readonly force?: boolean
  readonly context?: Context
}

/** What encrypted files are called when no name is given. */
export const SUFFIX = '.strongroom'

const common = (command: Command): Command =>
  command
    .option('--force', 'replace the output when it exists')
    .option('--context <name=value>', 'authenticated, not secret; repeatable', addPair)

export function addFiles(program: Command): void {
  common(program.command('encrypt <file>').description('encrypt a file of any size'))
    .requiredOption('--key <key>', 'key id, alias/NAME or name')
    .option('--vault <vault>', 'vault id or name (default: all)')
    .option('-o, --output <file>', `default: FILE${SUFFIX}; - for standard output`)
    .action(async (file: string, options: FileOptions, command: Command) => {
      await withRoom(command, async (room) => {
        const output = outputOf(options, file, `${file}${SUFFIX}`)
        refuseBinaryWithJson(output, globalsOf(command).json)
        const key = await findKey(room, options.key, options.vault)
        return encryptFile(room, key.id, { ...options, file, output })
      })
    })
  common(program.command('decrypt <file>').description('decrypt what `encrypt` made'))
    .option('-o, --output <file>', `default: FILE without ${SUFFIX}; - for standard output`)
    .action(async (file: string, options: FileOptions, command: Command) => {
      await withRoom(command, async (room) => {
        const output = outputOf(options, file, withoutSuffix(file))
        refuseBinaryWithJson(output, globalsOf(command).json)
        return decryptFile(room, { ...options, file, output })
      })
    })
}

const outputOf = ({ output }: FileOptions, file: string, named: string | undefined): string => {
  if (output !== undefined) return output
  if (file === STANDARD) return STANDARD
  if (named !== undefined) return named
  throw new StrongroomError(
    'INVALID_ARGUMENT',
    `output: expected -o FILE, because the name of the input does not end in ${SUFFIX}.`,
  )
}

const withoutSuffix = (file: string): string | undefined =>
  file.endsWith(SUFFIX) && file.length > SUFFIX.length ? file.slice(0, -SUFFIX.length) : undefined

/** Standard output carries either the bytes or the document. */
export function refuseBinaryWithJson(output: string, json: boolean | undefined): void {
  if (output === STANDARD && json === true)
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'output: expected a file with --json, because standard output carries the JSON document.',
    )
}

/** One file to another. */
export interface Job {
  readonly file: string
  readonly output: string
  readonly force?: boolean
  readonly context?: Context
}

export const encryptFile = (room: Strongroom, keyId: string, job: Job): Promise<Report> =>
  through(job, 'encrypting', 0o666, (flow) => encryptStream(room, keyId, flow))

/** What was secret stays readable by its owner alone. */
export const decryptFile = (room: Strongroom, job: Job): Promise<Report> =>
  through(job, 'decrypting', 0o600, (flow) => decryptStream(room, flow))

/** From the input to the output; the output gets its name only when the body succeeds. */
async function through(
  { file, output: path, force = false, context = {} }: Job,
  label: string,
  mode: number,
  body: (flow: Flow) => Promise<Sealed>,
): Promise<Report> {
  const input = await openInput(file)
  const progress = await progressOf(input.sizeBytes, label)
  try {
    const sealed = await withOutput(path, { force, mode }, (output) =>
      body({ input, output, progress, context }),
    )
    return reportOf(file, path, sealed)
  } finally {
    progress.stop()
    await input.close()
  }
}

function reportOf(input: string, output: string, sealed: Sealed): Report {
  const { keyId: key, versionId: version, bytes } = sealed
  const text = output === STANDARD ? '' : fields({ input, output, bytes, key, version })
  return { data: { input, output, ...sealed }, text }
}
