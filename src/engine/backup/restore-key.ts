/** `restoreKey`: one key of a backup into a vault, in one transaction. */
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { check } from '../../domain/permit.ts'
import type { OperationRow } from '../../domain/operations.ts'
import type { AliasRecord, GrantRecord } from '../../domain/records.ts'
import { LIMITS } from '../../domain/limits.ts'
import { settleKey, type VaultView } from '../../domain/settle.ts'
import { refuseBackup } from '../../format/armour.ts'
import type { BackupHeader } from '../../format/backup.ts'
import { range } from '../../format/paths.ts'
import type { Key, RestoreKeyInput } from '../api.ts'
import { notFound, type Core } from '../core.ts'
import { newId } from '../ids.ts'
import { aliasPath, eachRow, settledKey, vaultView } from '../lookup.ts'
import { nameKey } from '../operations/aliases.ts'
import { replicationId } from '../replication/ids.ts'
import { rememberAnswer, replayed } from '../retry.ts'
import { causeOf, type Tx } from '../tx.ts'
import { keyAnswer } from '../views.ts'
import {
  isDestroyed,
  placeOf,
  restoreGrants,
  writeKey,
  writeVersions,
  type Restoring,
} from './merge.ts'
import { openOwn } from './opening.ts'
import { partsOf, wipePart, type KeyPart } from './payload.ts'
import { received } from './source.ts'

interface Loaded {
  readonly header: BackupHeader
  readonly id: Uint8Array
  readonly part: KeyPart
  readonly aliases: readonly AliasRecord[]
  readonly grants: readonly GrantRecord[]
}

export async function restoreKey(core: Core, input: RestoreKeyInput): Promise<Key> {
  let loaded: Loaded | undefined
  try {
    await received(core.objects, input, async (source) => {
      loaded = await load(core, source)
    })
    return await into(core, input, loaded!)
  } finally {
    if (loaded) wipePart(loaded.part)
  }
}

/** Everything is read and authentic before anything is looked at. */
async function load(core: Core, source: AsyncIterable<Uint8Array>): Promise<Loaded> {
  const { header, id, frames } = await openOwn(core, 'key', source)
  const aliases: AliasRecord[] = []
  const grants: GrantRecord[] = []
  let part: KeyPart | undefined
  try {
    for await (const each of partsOf(frames, header)) {
      if (each.kind === 'alias') aliases.push(each.alias)
      else if (each.kind === 'grant') keep(grants, each.grant)
      else if (each.kind === 'key') part = each.part
    }
  } catch (error) {
    if (part) wipePart(part)
    throw error
  }
  return { header, id, part: part!, aliases, grants }
}

function keep(grants: GrantRecord[], grant: GrantRecord): void {
  if (grants.push(grant) > LIMITS.grantsPerKeyBackupMax)
    refuseBackup(`at most ${LIMITS.grantsPerKeyBackupMax} grants`)
}

/** What the vault has to be; a deleted one counts as none (OCI 9). */
const ROW: OperationRow = { target: 'vault', writes: true, vault: ['active'] }

async function into(core: Core, input: RestoreKeyInput, loaded: Loaded): Promise<Key> {
  const source = loaded.header.vaultId!
  const vaultId = input.vaultId ?? source
  const cell = await core.cell(vaultId)
  // What the token was first used with: this blob, however it comes.
  const { blob: _, from: __, md5: ___, ...rest } = input
  const request = { ...rest, backup: loaded.id }
  const found = await replayed(core, core.reader(cell), 'restoreKey', request)
  if (found) return found.answer as Key
  return core.transact(cell, causeOf('restoreKey', input), async (tx) => {
    const again = await replayed(core, tx, 'restoreKey', request)
    if (again) return again.answer as Key
    const vault = await vaultView(tx, tx.now)
    if (vault.state === 'deleted') throw notFound('vault', vaultId)
    check('restoreKey', { vault, now: tx.now }, ROW)
    if (vault.record.type === 'EXTERNAL') refuseExternal()
    if (vault.record.replicas?.length) tx.replicationId = replicationId(core, tx)
    if (input.failIfNameInUse) await refuseName(core, tx, vault, loaded.part.key.displayName)
    const answer = await write(core, tx, vault, input, loaded)
    await rememberAnswer(core, tx, 'restoreKey', request, answer)
    return answer
  })
}

async function write(
  core: Core,
  tx: Tx,
  vault: VaultView,
  input: RestoreKeyInput,
  { header, part, aliases, grants }: Loaded,
): Promise<Key> {
  const fresh = input.newIds ?? moved(core, vault, header)
  const ids = new Map<string, string>()
  const idOf = (id: string): string => {
    if (!fresh) return id
    const known = ids.get(id) ?? newId(core.provider.random)
    ids.set(id, known)
    return known
  }
  const how: Restoring = { core, vault, idOf, over: false }
  const place = await placeOf(how, tx, part)
  const { existing } = place
  if (existing && isDestroyed(existing, tx.now)) refuseDestroyed()
  const versions = await writeVersions(how, tx, place, part.versions)
  const entry = await writeKey(how, tx, place, part, versions)
  // A copy has its own grants: those of the backup were made for the key that it came from.
  if (input.takeAliases) for (const { name } of aliases) await nameKey(core, tx, entry.record, name)
  if (!existing && !fresh) {
    await restoreAliases(core, tx, aliases, () => place.id)
    await restoreGrants(tx, place, grants)
  }
  return keyAnswer(await settledKey(core, tx, vault, entry, tx.now))
}

/**
 * Whether ids have to be new: the key goes elsewhere. In its own region it goes elsewhere only when
 * the caller says so.
 */
function moved(core: Core, vault: VaultView, { vaultId, region }: BackupHeader): boolean {
  if (vault.record.id === vaultId) return false
  if (region !== core.region) return true
  return invalidArgument('vaultId', 'the vault of the backup, or newIds', vault.record.id)
}

/** Aliases whose names are free; `keyIdOf` says where each leads, or nowhere. */
export async function restoreAliases(
  core: Core,
  tx: Tx,
  aliases: readonly AliasRecord[],
  keyIdOf: (keyId: string) => string | undefined,
): Promise<void> {
  for (const alias of aliases) {
    const keyId = keyIdOf(alias.keyId)
    const at = aliasPath(core, tx.cell.id, alias.name)
    if (keyId === undefined || (await tx.get('alias', at))) continue
    await tx.put('alias', at, { ...alias, keyId, vaultId: tx.cell.id })
  }
}

async function refuseName(core: Core, tx: Tx, vault: VaultView, name: string): Promise<void> {
  await tx.cell.tail.catch(() => undefined)
  const { id } = vault.record
  for await (const { key, value } of eachRow(core, range.keys(id))) {
    const settled = settleKey(core.records.open('key', id, key, value), vault, tx.now)
    if (settled.state === 'deleted' || settled.record.displayName !== name) continue
    throw new StrongroomError(
      'ALREADY_EXISTS',
      `restoreKey: expected no key of that name in the vault, found key ${settled.record.id}.`,
    )
  }
}

function refuseDestroyed(): never {
  const explain = {
    operation: 'restoreKey',
    rule: 'key.state',
    expected: 'a key that was not destroyed, or newIds',
    found: 'deleted',
  }
  throw new StrongroomError(
    'INVALID_STATE',
    'restoreKey refused by key.state: expected a key that was not destroyed, or newIds, found ' +
      'deleted.',
    { explain },
  )
}

function refuseExternal(): never {
  throw new StrongroomError(
    'UNSUPPORTED',
    'restoreKey: expected a vault whose keys are here, found an EXTERNAL vault.',
  )
}
