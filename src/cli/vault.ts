/** `strongroom vault ...`: a vault is a set of keys with one wrapping key. */
import type { Command } from 'commander'
import type { Vault } from '../engine/api.ts'
import { daysAhead, deletionDays } from './options.ts'
import type { Report } from './report.ts'
import { fields, table } from './report.ts'
import { allVaults, findVault } from './resolve.ts'
import { withRoom } from './runner.ts'

export interface DeletionOptions {
  readonly days?: number
}

/** The `deletionAt` that `--days` asks for; without it the engine's default holds. */
export const deletionAt = ({ days }: DeletionOptions) =>
  days === undefined ? {} : { deletionAt: daysAhead(days, Date.now()) }

const described = (vault: Vault, usage: Readonly<Record<string, unknown>> = {}): string =>
  fields({
    id: vault.id,
    name: vault.displayName,
    state: vault.state,
    type: vault.type,
    created: vault.createdAt,
    deletion: vault.deletionAt,
    ...usage,
  })

const report = (vault: Vault): Report => ({ data: vault, text: described(vault) })

export function addVault(program: Command): void {
  const group = program.command('vault').description('make, list and delete vaults')
  group
    .command('create <name>')
    .description('make a vault')
    .action(async (displayName: string, _options: unknown, command: Command) =>
      withRoom(command, async (room) => report(await room.createVault({ displayName }))),
    )
  group
    .command('list')
    .description('list all vaults')
    .action(async (_options: unknown, command: Command) =>
      withRoom(command, async (room) => listed(await allVaults(room))),
    )
  group
    .command('show [vault]')
    .description('show one vault (id or name) and how many keys it holds')
    .action(async (name: string | undefined, _options: unknown, command: Command) =>
      withRoom(command, async (room) => {
        const vault = await findVault(room, name)
        const usage = await room.getVaultUsage({ vaultId: vault.id })
        const counts = { keys: usage.keyCount, versions: usage.keyVersionCount }
        return { data: { ...vault, usage }, text: described(vault, counts) }
      }),
    )
  addDeletion(group)
}

function addDeletion(group: Command): void {
  group
    .command('delete <vault>')
    .description('schedule the deletion of a vault and all its keys')
    .option('--days <n>', 'waiting time, 7 to 30 days (default: 30)', deletionDays)
    .action(async (name: string, options: DeletionOptions, command: Command) =>
      withRoom(command, async (room) => {
        const { id: vaultId } = await findVault(room, name)
        return report(await room.scheduleVaultDeletion({ vaultId, ...deletionAt(options) }))
      }),
    )
  group
    .command('undelete <vault>')
    .description('cancel a scheduled deletion')
    .action(async (name: string, _options: unknown, command: Command) =>
      withRoom(command, async (room) => {
        const { id: vaultId } = await findVault(room, name)
        return report(await room.cancelVaultDeletion({ vaultId }))
      }),
    )
}

function listed(vaults: readonly Vault[]): Report {
  const rows = vaults.map(({ id, displayName, state, deletionAt: at }) => [
    id,
    displayName,
    state,
    at,
  ])
  const text = table(['ID', 'NAME', 'STATE', 'DELETION'], rows, 'No vaults.')
  return { data: { vaults }, text }
}
