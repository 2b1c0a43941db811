/** `strongroom reseal`: another passphrase or key file; everything else stays as it is. */
import type { Command } from 'commander'
import { workFactor } from './options.ts'
import { readNewSeal, wipeSeal } from './passphrase.ts'
import { asItIs } from './runner.ts'

interface ResealOptions {
  readonly newPassphraseFile?: string
  readonly newKeyFile?: string
  readonly workFactor?: number
}

export function addReseal(program: Command): void {
  program
    .command('reseal')
    .description('change the passphrase or key file of the store')
    .option('--new-passphrase-file <file>', 'the new passphrase: the first line of a file')
    .option('--new-key-file <file>', 'the new seal: 32 raw bytes')
    .option('--work-factor <n>', 'cost of the new passphrase: scrypt with N = 2^n', workFactor)
    .action(async (options: ResealOptions, command: Command) =>
      asItIs(command, async (room) => {
        const { newPassphraseFile: passphraseFile, newKeyFile: keyFile } = options
        const seal = await readNewSeal({
          ...(passphraseFile !== undefined && { passphraseFile }),
          ...(keyFile !== undefined && { keyFile }),
        })
        try {
          const cost = options.workFactor
          await room.reseal(
            'key' in seal || cost === undefined ? seal : { ...seal, workFactor: cost },
          )
        } finally {
          wipeSeal(seal)
        }
        const text = 'The store is sealed anew; the old passphrase or key opens only older copies.'
        return { data: { resealed: true }, text }
      }),
    )
}
