/** `strongroom replica ...` and `realm-card`: vaults of one store followed from another. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { roomLink, type Followed, type Strongroom } from '../index.ts'
import { failureOf } from './failures.ts'
import { withOutput } from './output.ts'
import { readSeal, wipeSeal, type SealSource } from './passphrase.ts'
import { regionOf } from './region.ts'
import { fields, table, type Report } from './report.ts'
import { findVault } from './resolve.ts'
import { globalsOf, openRoom, withRoom } from './runner.ts'

interface From {
  readonly from?: string
  readonly fromAt?: string
  readonly fromPassphraseFile?: string
  readonly fromKeyFile?: string
}

export function addReplica(program: Command): void {
  const group = program.command('replica').description('follow vaults from another store')
  addAsked(group)
  addFollowing(group)
  addCard(program)
}

/** At the primary. */
function addAsked(group: Command): void {
  group
    .command('add <vault>')
    .description('let the store of another region follow a vault')
    .requiredOption('--region <region>', 'where the replica will be')
    .action(async (name: string, { region }: { readonly region: string }, command: Command) =>
      withRoom(command, async (room) => {
        const { id: vaultId } = await findVault(room, name)
        const replica = await room.createVaultReplica({ vaultId, region })
        return { data: replica, text: fields({ ...replica }) }
      }),
    )
  group
    .command('list [vault]')
    .description('the replicas of a vault')
    .action(async (name: string | undefined, _options: unknown, command: Command) =>
      withRoom(command, async (room) => {
        const { id: vaultId } = await findVault(room, name)
        const { items } = await room.listVaultReplicas({ vaultId })
        const rows = items.map(({ region, status, since }) => [region, status, since])
        return {
          data: { vaultId, replicas: items },
          text: table(['REGION', 'STATUS', 'SINCE'], rows, 'No replicas.'),
        }
      }),
    )
  group
    .command('status <vault> <replication-id>')
    .description('whether a change has arrived, by the id that it answered')
    .action(async (name: string, replicationId: string, _options: unknown, command: Command) =>
      withRoom(command, async (room) => {
        const { id: vaultId } = await findVault(room, name)
        const status = await room.getReplicationStatus({ vaultId, replicationId })
        const rows = status.replicas.map((one) => [one.region, one.status])
        return { data: status, text: table(['REGION', 'STATUS'], rows, 'No replicas.') }
      }),
    )
  group
    .command('remove <vault>')
    .description('have a replica let go of a vault')
    .requiredOption('--region <region>', 'where the replica is')
    .option('--force', 'forget it without waiting for it')
    .action(
      async (
        name: string,
        options: { readonly region: string; readonly force?: boolean },
        command: Command,
      ) =>
        withRoom(command, async (room) => {
          const { id: vaultId } = await findVault(room, name)
          const replica = await room.deleteVaultReplica({ vaultId, ...options })
          return { data: replica, text: fields({ ...replica }) }
        }),
    )
}

const fromStore = (command: Command): Command =>
  command
    .option('--from-at <region>', 'the region of that store (default: the one that it keeps)')
    .option('--from-passphrase-file <file>', 'its passphrase (default: the seal of this store)')
    .option('--from-key-file <file>', 'its key file (default: the seal of this store)')

/** At the replica. */
function addFollowing(group: Command): void {
  fromStore(
    group
      .command('pull')
      .description('bring the replicas here to where the vaults of another store are')
      .requiredOption('--from <dir>', 'the folder of the other store'),
  ).action(async (options: From, command: Command) =>
    withRoom(command, (room) =>
      linked(room, options, command, async () => pulled(await room.replicate())),
    ),
  )
  fromStore(
    group
      .command('promote <vault>')
      .description('make the replica here the primary')
      .option('--from <dir>', 'the folder of the present primary, which steps down')
      .option('--force', 'without the present primary: what has not arrived is lost'),
  ).action(async (name: string, options: From & { readonly force?: boolean }, command: Command) =>
    withRoom(command, (room) =>
      linked(room, options, command, async () => {
        const { id: vaultId } = await findVault(room, name)
        const force = options.force ?? false
        const vault = await room.promoteVaultReplica({ vaultId, force })
        return {
          data: vault,
          text: fields({ id: vault.id, name: vault.displayName, role: vault.role }),
        }
      }),
    ),
  )
}

/** Opens the other store in this process and links the two while the body runs. */
async function linked(
  room: Strongroom,
  options: From,
  command: Command,
  body: () => Promise<Report>,
): Promise<Report> {
  const { from, fromAt, fromPassphraseFile, fromKeyFile } = options
  if (from === undefined) return body()
  const given = fromKeyFile ?? fromPassphraseFile
  const source: SealSource =
    given === undefined
      ? globalsOf(command)
      : {
          ...(fromKeyFile !== undefined && { keyFile: fromKeyFile }),
          ...(fromPassphraseFile !== undefined && { passphraseFile: fromPassphraseFile }),
        }
  const seal = await readSeal(source, false)
  const path = resolve(from)
  const region = await regionOf(path, fromAt)
  const other = await openRoom(seal, { path, create: 'never', region })
  try {
    room.linkRegion(other.region, roomLink(other))
    return await body()
  } finally {
    await other.close()
  }
}

function pulled(followed: readonly Followed[]): Report {
  const failures = followed.flatMap(({ failure }) => (failure ? [failureOf(failure)] : []))
  const rows = followed.map((one) => [
    one.vaultId,
    did(one),
    one.applied,
    one.sequence,
    one.failure && `${one.failure.code}: ${one.failure.message}`,
  ])
  const shown = followed.map(({ failure, ...one }) => ({
    ...one,
    ...(failure && { failure: failureOf(failure) }),
  }))
  return {
    data: { followed: shown },
    text: table(['VAULT', 'DONE', 'ENTRIES', 'AT', 'FAILURE'], rows, 'Nothing to follow there.'),
    exit: failures[0]?.exit ?? 0,
  }
}

const did = ({ failure, dropped, snapshot }: Followed): string => {
  if (failure) return 'failed'
  if (dropped) return 'let go'
  return snapshot ? 'snapshot' : 'followed'
}

interface CardOptions {
  readonly out: string
  readonly force?: boolean
  readonly cardPassphraseFile?: string
  readonly cardKeyFile?: string
}

/** The seal of a card: its own, or that of the store. */
export const cardSeal = (
  { cardPassphraseFile, cardKeyFile }: Pick<CardOptions, 'cardPassphraseFile' | 'cardKeyFile'>,
  command: Command,
) =>
  readSeal(
    cardKeyFile === undefined && cardPassphraseFile === undefined
      ? globalsOf(command)
      : {
          ...(cardKeyFile !== undefined && { keyFile: cardKeyFile }),
          ...(cardPassphraseFile !== undefined && { passphraseFile: cardPassphraseFile }),
        },
    false,
  )

/** Whoever holds it and its seal can read every store of the realm. */
const CARD_MODE = 0o600

function addCard(program: Command): void {
  program
    .command('realm-card')
    .description('a sealed card with which a new store joins the realm: init --join CARD')
    .requiredOption('-o, --out <file>', 'where to write it; - for standard output')
    .option('--force', 'replace the file when it exists')
    .option('--card-passphrase-file <file>', 'seal of the card (default: the seal of the store)')
    .option('--card-key-file <file>', 'seal of the card (default: the seal of the store)')
    .action(async (options: CardOptions, command: Command) =>
      withRoom(command, async (room) => {
        const seal = await cardSeal(options, command)
        const card = await room.realmCard({ seal }).finally(() => wipeSeal(seal))
        const target = { force: options.force ?? false, mode: CARD_MODE }
        await withOutput(options.out, target, (output) => output.write(card))
        return { data: { card: options.out }, text: `Wrote the card ${options.out}.` }
      }),
    )
}
