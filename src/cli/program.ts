/**
 * The whole command line: global options and every group. Usage errors look like all other errors.
 */
import { Command, CommanderError, Option } from 'commander'
import { StrongroomError } from '../base/errors.ts'
import { addBackup } from './backup.ts'
import { addDemo } from './demo.ts'
import { EXIT } from './failures.ts'
import { addInit } from './init.ts'
import { addKey } from './key.ts'
import { addLog } from './log.ts'
import { addReplica } from './replica.ts'
import { addReseal } from './reseal.ts'
import { addFiles } from './seal-file.ts'
import { fail } from './runner.ts'
import { addServe } from './serve.ts'
import { addSign } from './sign.ts'
import { addVault } from './vault.ts'
import { addVerifyLog } from './verify-log.ts'
import { VERSION } from './version.ts'

const EPILOGUE = `
The seal comes from --key-file, --passphrase-file, STRONGROOM_PASSPHRASE or a prompt, in this order.
First steps: strongroom demo`

const LATER = [addReplica, addLog, addVerifyLog, addReseal, addServe, addDemo]

export function program(): Command {
  const root = new Command('strongroom')
    .description('a software HSM: vaults, keys and files sealed under them')
    .version(VERSION)
    .addOption(
      new Option('--data <dir>', 'the folder of the store')
        .default('./strongroom-data')
        .env('STRONGROOM_DATA'),
    )
    .option('--json', 'one JSON document on standard output; errors as JSON on standard error')
    .option('--passphrase-file <file>', 'read the passphrase from the first line of a file')
    .option('--key-file <file>', 'a seal of 32 raw bytes instead of a passphrase')
    .addOption(
      new Option('--at <region>', 'the region of the store; init keeps it').env(
        'STRONGROOM_REGION',
      ),
    )
    .addHelpText('after', EPILOGUE)
    .exitOverride()
    .configureOutput({ outputError: () => undefined })
  for (const add of [addInit, addVault, addKey, addFiles, addSign, addBackup, ...LATER]) add(root)
  return root
}

/** Runs one command line; sets `process.exitCode` and never throws. */
export async function run(argv: readonly string[]): Promise<void> {
  try {
    await program().parseAsync(argv)
  } catch (error) {
    await failEarly(error, argv.includes('--json'))
  }
}

/** Commander has printed help and version itself; what it refuses becomes an error of ours. */
async function failEarly(error: unknown, json: boolean): Promise<void> {
  if (!(error instanceof CommanderError)) return fail(error, json)
  if (error.exitCode === 0) return
  if (error.code === 'commander.help') {
    process.exitCode = EXIT.usage
    return
  }
  const message = error.message.replace(/^error: /, '').replaceAll('\n', ' ')
  return fail(new StrongroomError('INVALID_ARGUMENT', `Command line: ${message}.`), json)
}
