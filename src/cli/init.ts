/** `strongroom init`: makes the store. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { readSeal } from './passphrase.ts'
import { globalsOf, openRoom, show } from './runner.ts'
import { workFactor } from './options.ts'

interface InitOptions {
  readonly workFactor?: number
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('make a new store, sealed by a passphrase or a key file')
    .option('--work-factor <n>', 'cost of the passphrase: scrypt with N = 2^n', workFactor)
    .action(async (options: InitOptions, command: Command) =>
      show(command, async () => {
        const globals = globalsOf(command)
        const seal = await readSeal(globals, true)
        const path = resolve(globals.data)
        const room = await openRoom(seal, { path, create: 'always', ...options })
        await room.close()
        return { data: { path }, text: `Made the store ${path}.` }
      }),
    )
}
