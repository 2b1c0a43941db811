/** `strongroom verify-log`: reads the whole store and says whether it is what was written. */
import type { Command } from 'commander'
import type { VerifyProgress } from '../engine/verify.ts'
import { EXIT } from './failures.ts'
import { fields, type Report } from './report.ts'
import { asItIs } from './runner.ts'

export function addVerifyLog(program: Command): void {
  program
    .command('verify-log')
    .description('read the whole store: journal, heads, records; exit code 6 when one is wrong')
    .action(async (_options: unknown, command: Command) =>
      // Nothing that fell due is done first: what is looked at stays as it was.
      asItIs(command, async (room): Promise<Report> => {
        const { onProgress, done } = counter(process.stderr)
        try {
          const report = await room.verify({ onProgress })
          const { finding, ok, ...counts } = report
          const exit = ok ? EXIT.ok : EXIT.store
          const verdict = ok ? 'whole' : 'WRONG'
          return { data: report, text: fields({ journal: verdict, ...counts, ...finding }), exit }
        } finally {
          done()
        }
      }),
    )
}

/** How much was read so far, on one line of a terminal. */
export function counter(stream: NodeJS.WriteStream) {
  let shown = false
  return {
    onProgress: ({ commits, records }: VerifyProgress): void => {
      if (!stream.isTTY) return
      shown = true
      stream.write(`\r${commits} commits, ${records} records`)
    },
    done: (): void => {
      if (shown) stream.write('\r\u001b[2K')
    },
  }
}
