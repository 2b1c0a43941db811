/** `strongroom init`: makes the store, in a realm of its own or in that of another store. */
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { wipeSeal, readSeal } from './passphrase.ts'
import { fileFailure } from './paths.ts'
import { cardSeal } from './replica.ts'
import { keepRegion } from './region.ts'
import { globalsOf, openRoom, show } from './runner.ts'
import { workFactor } from './options.ts'

interface InitOptions {
  readonly workFactor?: number
  readonly join?: string
  readonly cardPassphraseFile?: string
  readonly cardKeyFile?: string
}

export function addInit(program: Command): void {
  program
    .command('init')
    .description('make a new store, sealed by a passphrase or a key file')
    .option('--work-factor <n>', 'cost of the passphrase: scrypt with N = 2^n', workFactor)
    .option('--join <card>', 'in the realm of another store: the file that its realm-card wrote')
    .option('--card-passphrase-file <file>', 'seal of the card (default: the seal of the store)')
    .option('--card-key-file <file>', 'seal of the card (default: the seal of the store)')
    .action(async (options: InitOptions, command: Command) =>
      show(command, async () => {
        const { workFactor: cost, join } = options
        const globals = globalsOf(command)
        const card = join === undefined ? undefined : await readCard(join)
        const seal = await readSeal(globals, true)
        const path = resolve(globals.data)
        const { at: region } = globals
        const given = { ...(cost !== undefined && { workFactor: cost }), ...(region && { region }) }
        const opening = { path, create: 'always', ...given } as const
        if (!card) await (await openRoom(seal, opening)).close()
        else {
          const other = await cardSeal(options, command)
          const realm = { card, seal: other }
          const room = await openRoom(seal, { ...opening, realm }).finally(() => wipeSeal(other))
          await room.close()
        }
        await keepRegion(path, region)
        return { data: { path }, text: `Made the store ${path}.` }
      }),
    )
}

async function readCard(path: string): Promise<Uint8Array> {
  try {
    return new Uint8Array(await readFile(path))
  } catch (error) {
    throw fileFailure('card', path, error)
  }
}
