/** The process that looks at an image of a store; it is told the root key through its input. */
import { spawn, type ChildProcess } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { StrongroomError } from '../base/errors.ts'
import { secretCopy, wipe } from '../base/bytes.ts'
import type { RealmKeys } from './realm-keys.ts'
import { aborted, type Finding, type VerifyProgress, type VerifyReport } from './verify.ts'
import type { VerifyRoomInput } from './verify-room.ts'

const PROGRAM = fileURLToPath(new URL('./verify-child.js', import.meta.url))

/** A bundler may have left the program out. */
export const available = (): boolean => existsSync(PROGRAM)

/** What the child tells, one line of JSON each; sequences as text. */
export type Line =
  | { readonly progress: VerifyProgress }
  | { readonly report: Omit<VerifyReport, 'finding'> & { readonly finding?: ToldFinding } }
  | { readonly failure: string }
export type ToldFinding = Omit<Finding, 'sequence'> & { readonly sequence?: string }

/** What ends a process that reads a damaged table; whatever else ends it says nothing of the store. */
const CRASHES: ReadonlySet<string> = new Set([
  'SIGABRT',
  'SIGBUS',
  'SIGFPE',
  'SIGILL',
  'SIGSEGV',
  'SIGTRAP',
  // Windows: abort, and an access violation.
  'exit code 3',
  'exit code 3221225477',
])

export async function verifyImage(
  keys: RealmKeys,
  path: string,
  { onProgress, signal }: VerifyRoomInput,
): Promise<VerifyReport> {
  const child = spawn(process.execPath, [PROGRAM, path, keys.realmId], {
    stdio: ['pipe', 'pipe', 'ignore'],
    ...(signal && { signal }),
  })
  const ended = endOf(child)
  try {
    give(child, keys)
    let told: VerifyReport | undefined
    for await (const text of createInterface({ input: child.stdout })) {
      const line = JSON.parse(text) as Line
      if ('progress' in line) onProgress?.(line.progress)
      else if ('report' in line) told = heard(line.report)
      else throw unavailable(line.failure)
    }
    const how = await ended
    // Also when the report came together with the progress at which it was ended.
    if (signal?.aborted) throw aborted()
    if (told) return told
    if (!CRASHES.has(how)) throw unavailable(`the process that looks at the store: ${how}`)
    const what = `the files of the store are damaged: reading them ended the process (${how})`
    return Object.freeze({ ok: false, commits: 0, records: 0, vaults: 0, finding: { what } })
  } finally {
    // Nobody listens any more, and the image goes.
    child.kill('SIGKILL')
    await ended
  }
}

const unavailable = (what: string): StrongroomError =>
  new StrongroomError('UNAVAILABLE', `verify: expected to reach the end, got: ${what}`)

/** The root key: 32 bytes on standard input, nowhere else. */
function give(child: ChildProcess, keys: RealmKeys): void {
  const root = keys.revealRoot(secretCopy)
  child.stdin!.on('error', () => undefined)
  child.stdin!.end(root, () => wipe(root))
}

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.on('error', (error) => {
      // Without a process there is nothing to be closed.
      if (child.pid === undefined) resolve(error.message)
    })
    child.on('close', (code, by) => resolve(by ?? `exit code ${code}`))
  })

function heard({ finding, ...report }: Extract<Line, { report: object }>['report']): VerifyReport {
  if (!finding) return Object.freeze(report)
  const { sequence, ...rest } = finding
  return Object.freeze({
    ...report,
    finding: { ...rest, ...(sequence !== undefined && { sequence: BigInt(sequence) }) },
  })
}
