/** `strongroom key ...`: the life of a key, from creation or import to deletion. */
import type { Command } from 'commander'
import type { Strongroom } from '../index.ts'
import { StrongroomError } from '../base/errors.ts'
import type { Key, Version } from '../engine/api.ts'
import { SCHEMA_FIELDS } from '../engine/schemas.ts'
import type { Purpose, Spec } from '../domain/algorithms.ts'
import { PURPOSES, SPEC_NAMES } from '../domain/algorithms.ts'
import type { ProtectionMode } from '../domain/records.ts'
import { PROTECTION_MODES } from '../domain/records.ts'
import { importedMaterial } from './import.ts'
import { deletionDays, oneOf, someOf } from './options.ts'
import type { Report } from './report.ts'
import { fields, table } from './report.ts'
import { all, allKeys, findKey, findVault } from './resolve.ts'
import { withRoom } from './runner.ts'
import type { DeletionOptions } from './vault.ts'
import { deletionAt } from './vault.ts'

interface VaultOption {
  readonly vault?: string
}

interface NewKeyOptions extends VaultOption {
  readonly spec?: Spec
  readonly purpose?: readonly Purpose[]
  readonly protection?: ProtectionMode
  readonly description?: string
  readonly alias?: string
}

const described = (key: Key): string =>
  fields({
    id: key.id,
    name: key.displayName,
    description: key.description,
    vault: key.vaultId,
    spec: key.spec,
    purposes: key.purposes,
    protection: key.protectionMode,
    origin: key.origin,
    state: key.state,
    version: key.currentVersionId,
    created: key.createdAt,
    deletion: key.deletionAt,
    rotation: key.rotation?.nextRotationAt,
  })

const report = (key: Key): Report => ({ data: key, text: described(key) })

/** What `create` and `import` share. */
const newKey = (displayName: string, vaultId: string, options: NewKeyOptions) => ({
  displayName,
  vaultId,
  ...(options.purpose && { purposes: options.purpose }),
  ...(options.protection && { protectionMode: options.protection }),
  ...(options.description !== undefined && { description: options.description }),
})

/** Makes a key when its alias is free: one that is refused leaves no key behind. */
async function made(
  room: Strongroom,
  vaultId: string,
  alias: string | undefined,
  make: () => Promise<Key>,
): Promise<Report> {
  if (alias === undefined) return report(await make())
  const whole = alias.startsWith('alias/') ? alias : `alias/${alias}`
  const name = SCHEMA_FIELDS.createAlias['name']!.read(whole, '--alias') as string
  if (await isTaken(room, vaultId, name))
    throw new StrongroomError(
      'ALREADY_EXISTS',
      `--alias: expected one that is free in the vault, got ${name}.`,
    )
  const key = await make()
  await room.createAlias({ name, keyId: key.id, vaultId })
  return { data: { ...key, alias: name }, text: `${described(key)}\nalias  ${name}` }
}

async function isTaken(room: Strongroom, vaultId: string, keyId: string): Promise<boolean> {
  try {
    await room.getKey({ keyId, vaultId })
    return true
  } catch (error) {
    if (error instanceof StrongroomError && error.code === 'NOT_FOUND') return false
    throw error
  }
}

const newKeyCommand = (command: Command): Command =>
  command
    .option('--vault <vault>', 'vault id or name (default: the only one)')
    .option(
      '--purpose <purpose>',
      `${PURPOSES.join(', ')}; repeatable`,
      someOf('--purpose', PURPOSES),
    )
    .option('--protection <mode>', 'HSM or SOFTWARE', oneOf('--protection', PROTECTION_MODES))
    .option('--description <text>', 'a note about the key')
    .option('--alias <name>', 'also give it this alias')

export function addKey(program: Command): void {
  const group = program.command('key').description('make, rotate, disable, delete and import keys')
  addMakers(group)
  addReaders(group)
  addChanges(group)
}

function addMakers(group: Command): void {
  const spec = oneOf('--spec', SPEC_NAMES)
  newKeyCommand(group.command('create <name>').description('make a key'))
    .option('--spec <spec>', `${SPEC_NAMES.join(', ')} (default: AES_256)`, spec)
    .action(async (name: string, options: NewKeyOptions, command: Command) =>
      withRoom(command, async (room) => {
        const vault = await findVault(room, options.vault)
        const input = { ...newKey(name, vault.id, options), spec: options.spec ?? 'AES_256' }
        return made(room, vault.id, options.alias, () => room.createKey(input))
      }),
    )
  newKeyCommand(
    group.command('import <name> <file>').description('import raw AES bytes or a PKCS#8 key'),
  )
    .option('--spec <spec>', 'default: told by the material; HMAC must be named', spec)
    .action(async (name: string, file: string, options: NewKeyOptions, command: Command) =>
      withRoom(command, async (room) => {
        const vault = await findVault(room, options.vault)
        return made(room, vault.id, options.alias, async () => {
          const material = await importedMaterial(room, vault.id, file, options.spec)
          return room.importKey({ ...newKey(name, vault.id, options), ...material })
        })
      }),
    )
}

function addReaders(group: Command): void {
  group
    .command('list')
    .description('list the keys of a vault')
    .option('--vault <vault>', 'vault id or name (default: the only one)')
    .action(async (options: VaultOption, command: Command) =>
      withRoom(command, async (room) => {
        const vault = await findVault(room, options.vault)
        return listed(await allKeys(room, vault.id))
      }),
    )
  keyCommand(group, 'show', 'show a key and its versions', async (room, { id, vaultId }) => {
    const key = await room.getKey({ keyId: id, vaultId })
    const versions = await all((pageToken) =>
      room.listKeyVersions({ keyId: id, vaultId, ...(pageToken !== undefined && { pageToken }) }),
    )
    return { data: { ...key, versions }, text: `${described(key)}\n\n${versionTable(versions)}` }
  })
}

interface KeyOptions extends VaultOption, DeletionOptions {}

/** A command on one key that exists. */
function keyCommand(
  group: Command,
  name: string,
  description: string,
  body: (room: Strongroom, key: Key, options: KeyOptions) => Promise<Report>,
): Command {
  return group
    .command(`${name} <key>`)
    .description(description)
    .option('--vault <vault>', 'vault id or name (default: all)')
    .action(async (key: string, options: KeyOptions, command: Command) =>
      withRoom(command, async (room) =>
        body(room, await findKey(room, key, options.vault), options),
      ),
    )
}

const ref = ({ id, vaultId }: Key) => ({ keyId: id, vaultId })

function addChanges(group: Command): void {
  keyCommand(group, 'rotate', 'make a new current version', async (room, key) => {
    const version = await room.createKeyVersion(ref(key))
    const { number, id, createdAt } = version
    return { data: version, text: fields({ version: id, number, created: createdAt }) }
  })
  keyCommand(group, 'enable', 'let the key be used', async (room, key) =>
    report(await room.enableKey(ref(key))),
  )
  keyCommand(group, 'disable', 'refuse every use until enabled again', async (room, key) =>
    report(await room.disableKey(ref(key))),
  )
  keyCommand(
    group,
    'delete',
    'schedule the deletion of a key and its material',
    async (room, key, options) =>
      report(await room.scheduleKeyDeletion({ ...ref(key), ...deletionAt(options) })),
  ).option('--days <n>', 'waiting time, 7 to 30 days (default: 30)', deletionDays)
  keyCommand(group, 'undelete', 'cancel a scheduled deletion', async (room, key) =>
    report(await room.cancelKeyDeletion(ref(key))),
  )
}

function listed(keys: readonly Key[]): Report {
  const rows = keys.map(({ id, displayName, spec, state, deletionAt: at }) => [
    id,
    displayName,
    spec,
    state,
    at,
  ])
  return {
    data: { keys },
    text: table(['ID', 'NAME', 'SPEC', 'STATE', 'DELETION'], rows, 'No keys.'),
  }
}

const versionTable = (versions: readonly Version[]): string =>
  table(
    ['VERSION', 'NUMBER', 'STATE', 'CURRENT', 'CREATED'],
    versions.map(({ id, number, state, current, createdAt }) => [
      id,
      number,
      state,
      current ? 'yes' : '',
      createdAt,
    ]),
    'No versions yet.',
  )
