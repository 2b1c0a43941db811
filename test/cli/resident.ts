/**
 * A process that runs one command line after another, each with streams, environment and folder of
 * its own: what a command does is seen without the start of Node and of the engine each time.
 */
import { Readable, Writable } from 'node:stream'
import { run } from '../../src/cli/program.ts'

export interface Line {
  readonly args: readonly string[]
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
  readonly input: Uint8Array | undefined
}

export interface Outcome {
  readonly code: number
  readonly out: Uint8Array
  readonly err: Uint8Array
}

class Collected extends Writable {
  readonly chunks: Buffer[] = []
  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.chunks.push(chunk)
    done()
  }
}

const exitCode = (): number => Number(process.exitCode ?? 0)

const home = process.cwd()

async function outcomeOf({ args, cwd, env, input }: Line): Promise<Outcome> {
  process.chdir(cwd)
  process.env = env
  process.exitCode = undefined
  const [out, err] = [new Collected(), new Collected()]
  for (const [name, value] of Object.entries({
    stdin: Readable.from(input ? [Buffer.from(input)] : [], { objectMode: false }),
    stdout: out,
    stderr: err,
  }))
    Object.defineProperty(process, name, { value, configurable: true })
  await run([process.execPath, 'strongroom', ...args])
  // The folder of a test may go; this process may not stand in it.
  process.chdir(home)
  return { code: exitCode(), out: Buffer.concat(out.chunks), err: Buffer.concat(err.chunks) }
}

process.on('message', (line: Line) => {
  void outcomeOf(line).then((outcome) => process.send!(outcome))
})
process.on('disconnect', () => process.exit())
