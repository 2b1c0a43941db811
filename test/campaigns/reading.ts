/** A child that reads stores, and is started anew when one of them kills it. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import type { CampaignSpec } from './uses.ts'
import type { Answers } from './everything.ts'

export interface Asked {
  readonly path: string
  /** Which truth it is compared with. */
  readonly template: number
  /** Whether everything is verified when it is opened. */
  readonly verify: boolean
  /** Write on it too, and open it again. */
  readonly goOn: boolean
}

export interface Outcome {
  /** `ok`, or the code of the refusal. */
  readonly opened: string
  /** Answers that are not the truth, by question. */
  readonly different: Answers
  /** Opened without: what `verify()` says afterwards, `whole` or what is wrong. */
  readonly verdict?: string
  /** The signal that ended the child. */
  readonly signal?: string
}

/** A store as it was, in a form that fits into a file. */
export interface Template {
  readonly works: readonly {
    readonly keyId: string
    readonly spec: CampaignSpec
    readonly message: string
    readonly proof: string
  }[]
  readonly vaultIds: readonly string[]
  readonly answers: Answers
}

const HANG_SECONDS = 30

export class ReaderChild {
  readonly #script: string
  readonly #truth: string
  #child: ChildProcessWithoutNullStreams | undefined

  constructor(built: string, truth: string) {
    this.#script = `${built}/test/campaigns/children/reader.js`
    this.#truth = truth
  }

  /** Signal SIGKILL means that it hung. */
  ask(asked: Asked): Promise<Outcome> {
    const child = (this.#child ??= spawn(process.execPath, [this.#script, this.#truth]))
    return new Promise((resolve, reject) => {
      let output = ''
      let errors = ''
      const timer = setTimeout(() => child.kill('SIGKILL'), HANG_SECONDS * 1000)
      const onData = (chunk: Buffer): void => {
        output += chunk.toString()
        if (output.endsWith('\n')) done(() => resolve(JSON.parse(output) as Outcome))
      }
      const onErrors = (chunk: Buffer): void => void (errors += chunk.toString())
      const onClose = (code: number | null, signal: string | null): void => {
        this.#child = undefined
        done(() => {
          if (signal) resolve({ opened: 'killed', different: {}, signal })
          else reject(new Error(`the reader ended by ${code}: ${errors}`))
        })
      }
      const done = (end: () => void): void => {
        clearTimeout(timer)
        child.stdout.off('data', onData)
        child.stderr.off('data', onErrors)
        child.off('close', onClose)
        end()
      }
      child.stdout.on('data', onData)
      child.stderr.on('data', onErrors)
      child.on('close', onClose)
      child.stdin.write(`${JSON.stringify(asked)}\n`)
    })
  }

  end(): void {
    this.#child?.stdin.end()
  }
}
