/** `strongroom log`, `checkpoint`, `prune`: the journal, read aloud, signed, and let go. */
import type { Command } from 'commander'
import type { JournalEntry, JournalledUse, Strongroom } from '../index.ts'
import { sequence } from './options.ts'
import { fields, jsonText, printable, type Report } from './report.ts'
import { findVault } from './resolve.ts'
import { globalsOf, STREAMED, withRoom, write } from './runner.ts'

interface LogOptions {
  readonly follow?: boolean
  readonly vault?: string
  readonly from?: bigint
  readonly uses?: boolean
}

export function addLog(program: Command): void {
  program
    .command('log')
    .description('every change, oldest first; with --json one document per line')
    .option('--follow', 'go on with what comes, until interrupted')
    .option('--vault <vault>', 'of this vault alone (id or name)')
    .option('--from <n>', 'the first commit (default: the oldest that is kept)', sequence('--from'))
    .option('--uses', 'a line for each use of a key too')
    .action(async (options: LogOptions, command: Command) =>
      withRoom(command, (room) => log(room, options, globalsOf(command).json === true)),
    )
  program
    .command('checkpoint')
    .description('a signed statement about the journal so far, to pin or witness elsewhere')
    .option('--since <n>', 'with the proof that it goes on from this commit', sequence('--since'))
    .action(async (options: { readonly since?: bigint }, command: Command) =>
      withRoom(command, async (room) => {
        const checkpoint = await room.checkpoint(options)
        const { note, verifierKey, proof = [] } = checkpoint
        const lines = proof.map((hash) => `proof ${Buffer.from(hash).toString('base64')}`)
        return { data: checkpoint, text: [note, verifierKey, ...lines].join('\n') }
      }),
    )
  program
    .command('prune')
    .description('let the journal up to a commit go; a signed checkpoint takes its place')
    .requiredOption('--until <n>', 'the last commit that goes', sequence('--until'))
    .action(async (options: { readonly until: bigint }, command: Command) =>
      withRoom(command, async (room) => {
        const checkpoint = await room.pruneJournal(options)
        const kept = { pruned: checkpoint.sequence, head: room.head().sequence }
        return { data: checkpoint, text: fields(kept) }
      }),
    )
}

async function log(room: Strongroom, options: LogOptions, json: boolean): Promise<Report> {
  const { follow = false, vault, from, uses = false } = options
  const vaultId = vault === undefined ? undefined : (await findVault(room, vault)).id
  const input = { follow, ...(vaultId && { vaultId }), ...(from !== undefined && { from }) }
  for await (const entry of room.journal(input)) {
    const text = json ? jsonText(entry) : described(entry, uses)
    // Nobody reads any more.
    if (!(await write(process.stdout, `${text}\n`))) break
  }
  return STREAMED
}

/** One line: number, time, what, by whom, on what. */
function described(entry: JournalEntry, withUses: boolean): string {
  const { sequence: number, time, operation, principal, vaultId, keyId, uses } = entry
  const parts = [
    `${number}`.padStart(6),
    time.toISOString(),
    operation,
    ...(principal === undefined ? [] : [`by ${principal}`]),
    keyId === undefined ? `vault ${vaultId}` : `key ${keyId}`,
    ...(uses.length === 0 ? [] : [`${uses.length} uses`]),
  ]
  const lines = [parts.join('  '), ...(withUses ? uses.map(describedUse) : [])]
  return lines.map(printable).join('\n')
}

/** What was done with which key, what came of it, and what was said of it. */
function describedUse({ time, operation, outcome, principal, keyId, note }: JournalledUse): string {
  const parts = [
    time.toISOString(),
    operation,
    outcome,
    ...(principal === undefined ? [] : [`by ${principal}`]),
    ...(keyId === undefined ? [] : [`key ${keyId}`]),
    ...(note ? [JSON.stringify(note)] : []),
  ]
  return ' '.repeat(8) + parts.join('  ')
}
