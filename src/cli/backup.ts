/** `strongroom backup`, `restore`, `export-realm`, `import-realm`: files that appear whole or not. */
import { resolve } from 'node:path'
import type { Command } from 'commander'
import { StrongroomError } from '../base/errors.ts'
import type { Key, Vault } from '../engine/api.ts'
import type { Strongroom } from '../index.ts'
import { openInput, type Input } from './input.ts'
import { withOutput } from './output.ts'
import { readSeal, wipeSeal, type Seal } from './passphrase.ts'
import { STANDARD } from './paths.ts'
import { progressOf, type Progress } from './progress.ts'
import type { Report } from './report.ts'
import { fields } from './report.ts'
import { findKey, findVault } from './resolve.ts'
import { globalsOf, show, withRoom } from './runner.ts'
import { refuseBinaryWithJson } from './seal-file.ts'

interface Target {
  readonly out?: string
  readonly force?: boolean
}

/** Other people may not even see which keys there are. */
const MODE = 0o600
const BLOCK_BYTES = 262_144

export function addBackup(program: Command): void {
  addMakers(program.command('backup').description('make a sealed backup of a key or vault'))
  addRestores(program.command('restore').description('put a backup back'))
  addRealm(program)
}

const written = (command: Command): Command =>
  command
    .option('-o, --out <file>', 'default: ID.backup; - for standard output')
    .option('--force', 'replace the file when it exists')

function addMakers(group: Command): void {
  written(group.command('key <key>').description('a key with all its usable versions'))
    .option('--vault <vault>', 'vault id or name (default: all)')
    .action(async (name: string, options: Target & { vault?: string }, command: Command) =>
      withRoom(command, async (room) => {
        const { id: keyId } = await findKey(room, name, options.vault)
        const { key, blob } = await room.backupKey({ keyId })
        return save(command, options, `${keyId}.backup`, once(blob!), { key: key.id })
      }),
    )
  written(group.command('vault [vault]').description('a vault (id or name)'))
    .option('--include-keys', 'its usable keys too')
    .action(
      async (
        name: string | undefined,
        options: Target & { includeKeys?: boolean },
        command: Command,
      ) =>
        withRoom(command, async (room) => {
          const { id: vaultId } = await findVault(room, name)
          const includeKeys = options.includeKeys ?? false
          const { keyVersionCount } = await room.getVaultUsage({ vaultId })
          const { blob } = await room.backupVault({ vaultId, includeKeys })
          const stream = shown(blob!, includeKeys ? keyVersionCount * VERSION_BYTES : 0)
          return save(command, options, `${vaultId}.backup`, stream, {
            vault: vaultId,
            includeKeys,
          })
        }),
    )
}

/** About what a version and a commit take in a file: for the bar alone. */
const VERSION_BYTES = 1000
const COMMIT_BYTES = 5000

/** The same stream, with a bar while it is long. */
async function* shown(
  stream: AsyncIterable<Uint8Array>,
  estimate: number,
): AsyncGenerator<Uint8Array> {
  const progress = await progressOf(estimate, 'writing')
  try {
    for await (const piece of stream) {
      yield piece
      progress.add(piece.length)
    }
  } finally {
    progress.stop()
  }
}

async function* once(blob: Uint8Array): AsyncGenerator<Uint8Array> {
  yield blob
}

/** Writes a stream under its name, and tells how long it is. */
async function save(
  command: Command,
  { out, force = false }: Target,
  named: string,
  stream: AsyncIterable<Uint8Array>,
  told: Readonly<Record<string, unknown>>,
): Promise<Report> {
  const output = out ?? named
  refuseBinaryWithJson(output, globalsOf(command).json)
  let bytes = 0
  await withOutput(output, { force, mode: MODE }, async (file) => {
    for await (const piece of stream) {
      await file.write(piece)
      bytes += piece.length
    }
  })
  const data = { output, bytes, ...told }
  return { data, text: output === STANDARD ? '' : fields(data) }
}

interface KeyOptions {
  readonly vault?: string
  readonly newIds?: boolean
  readonly md5?: string
}

function addRestores(group: Command): void {
  group
    .command('key <file>')
    .description('add what is missing of a key; what was destroyed stays so')
    .option('--vault <vault>', 'the vault, by id or name (default: that of the backup)')
    .option('--new-ids', 'make a new key of it, whatever became of the old one')
    .option('--md5 <base64>', 'refuse a file with another MD5')
    .action(async (file: string, { vault, newIds, md5 }: KeyOptions, command: Command) =>
      withRoom(command, (room) =>
        restored(file, async (blob) => {
          const into = vault === undefined ? {} : { vaultId: (await findVault(room, vault)).id }
          const more = { ...into, ...(newIds && { newIds }), ...(md5 !== undefined && { md5 }) }
          return described('key', await room.restoreKey({ blob, ...more }))
        }),
      ),
    )
  group
    .command('vault <file>')
    .description('a vault that is not there, or was deleted')
    .option('--compartment <name>', 'default: that of the backup')
    .option('--md5 <base64>', 'refuse a file with another MD5')
    .action(
      async (file: string, options: { compartment?: string; md5?: string }, command: Command) =>
        withRoom(command, (room) =>
          restored(file, async (blob) => {
            const { compartment, md5 } = options
            const more = {
              ...(compartment !== undefined && { compartmentId: compartment }),
              ...(md5 !== undefined && { md5 }),
            }
            return described('vault', await room.restoreVault({ blob, ...more }))
          }),
        ),
    )
}

function described(kind: 'key' | 'vault', { id, displayName, state, restoredFrom }: Key | Vault) {
  const data = { [kind]: id, name: displayName, state, restoredFrom }
  return { data, text: fields(data) }
}

/** Hands a file over, block by block. */
async function restored(
  file: string,
  body: (blob: AsyncIterable<Uint8Array>) => Promise<Report>,
): Promise<Report> {
  const input = await openInput(file)
  const progress = await progressOf(input.sizeBytes, 'restoring')
  try {
    return await body(blocksOf(input, progress))
  } finally {
    progress.stop()
    await input.close()
  }
}

async function* blocksOf(input: Input, progress: Progress): AsyncGenerator<Uint8Array> {
  for await (const { bytes } of input.blocks(BLOCK_BYTES)) {
    yield Uint8Array.from(bytes)
    progress.add(bytes.length)
  }
}

interface SealOptions {
  readonly exportPassphraseFile?: string
  readonly exportKeyFile?: string
}

const sealed = (command: Command): Command =>
  command
    .option('--export-passphrase-file <file>', 'the passphrase of the export')
    .option('--export-key-file <file>', '32 raw bytes as the seal of the export')

/** Never the seal of the store by accident: the export has a seal of its own, named on its own. */
async function sealOf({ exportPassphraseFile, exportKeyFile }: SealOptions): Promise<Seal> {
  if ((exportPassphraseFile === undefined) === (exportKeyFile === undefined))
    throw new StrongroomError(
      'INVALID_ARGUMENT',
      'export: expected exactly one of --export-passphrase-file and --export-key-file.',
    )
  return readSeal(
    {
      ...(exportKeyFile !== undefined && { keyFile: exportKeyFile }),
      ...(exportPassphraseFile !== undefined && { passphraseFile: exportPassphraseFile }),
    },
    false,
  )
}

function addRealm(program: Command): void {
  sealed(program.command('export-realm <file>').description('the whole store, root key and all'))
    .option('--force', 'replace the file when it exists')
    .action(async (file: string, options: SealOptions & Target, command: Command) =>
      withRoom(command, async (room) => {
        const seal = await sealOf(options)
        try {
          const { sequence } = room.head()
          const stream = shown(room.exportRealm({ seal }), Number(sequence) * COMMIT_BYTES)
          return await save(command, { ...options, out: file }, file, stream, {
            commits: `${sequence}`,
          })
        } finally {
          wipeSeal(seal)
        }
      }),
    )
  sealed(
    program.command('import-realm <file>').description('make a new store of an export'),
  ).action(async (file: string, options: SealOptions, command: Command) =>
    show(command, async () => {
      const globals = globalsOf(command)
      const path = resolve(globals.data)
      const seal = await sealOf(options)
      try {
        const own = await readSeal(globals, true)
        return await restored(file, (from) =>
          imported(from, seal, path, own).finally(() => wipeSeal(own)),
        )
      } finally {
        wipeSeal(seal)
      }
    }),
  )
}

async function imported(
  from: AsyncIterable<Uint8Array>,
  seal: Seal,
  path: string,
  own: Seal,
): Promise<Report> {
  const { Strongroom: Rooms } = await import('../index.ts')
  const room: Strongroom = await Rooms.importRealm({ from, seal, open: { path, seal: own } })
  try {
    const { ok } = await room.verify()
    const data = { path, commits: `${room.head().sequence}`, verified: ok }
    return { data, text: fields(data) }
  } finally {
    await room.close()
  }
}
