/** Vaults: made, described, moved, scheduled for deletion and brought back. */
import { utf8 } from '../../base/bytes.ts'
import { StrongroomError, invalidArgument } from '../../base/errors.ts'
import type { VaultRecord } from '../../domain/records.ts'
import { settleKey, settleVault, type VaultView } from '../../domain/settle.ts'
import { path, range } from '../../format/paths.ts'
import type { CreateVaultInput, Vault, VaultUsage } from '../api.ts'
import type { Bodies, Context } from '../body.ts'
import type { Core } from '../core.ts'
import { deletionTime } from '../deletion.ts'
import { rememberAnswer, replayed } from '../retry.ts'
import { newId } from '../ids.ts'
import { createVaultKey } from '../keyring.ts'
import { eachRow, eachVersion } from '../lookup.ts'
import { pageOfVaults } from '../lists.ts'
import { rotated } from '../rotate.ts'
import { causeOf, type Tx } from '../tx.ts'
import { vaultAnswer } from '../views.ts'

type Names =
  | 'createVault'
  | 'getVault'
  | 'listVaults'
  | 'updateVault'
  | 'changeVaultCompartment'
  | 'scheduleVaultDeletion'
  | 'cancelVaultDeletion'
  | 'getVaultUsage'

export const VAULT_BODIES: Bodies<Names> = {
  createVault: ({ core, input, now }) => createVault(core, input, now),
  getVault: async ({ vault }) => vaultAnswer(vault),
  listVaults: ({ core, input, now }) => pageOfVaults(core, input, now),

  updateVault: {
    run: async ({ vault, input, tx }) => {
      const { displayName, tags, definedTags } = input
      return save(tx, vault, {
        ...(displayName !== undefined && { displayName }),
        ...(tags && { tags }),
        ...(definedTags && { definedTags }),
      })
    },
  },
  changeVaultCompartment: {
    run: async ({ vault, input, tx }) => save(tx, vault, { compartmentId: input.compartmentId }),
  },
  scheduleVaultDeletion: {
    run: async (context) => {
      const { vault, input, tx, now } = context
      const at = deletionTime(now, input.deletionAt)
      await refuseLaterKeys(context, at)
      return save(tx, vault, { deletion: { at, scheduledAt: now } })
    },
  },
  cancelVaultDeletion: {
    run: async ({ vault, tx, now }) => {
      const { deletion: _, ...record } = vault.record
      return save(tx, { ...vault, record }, { activeSince: now })
    },
  },
  getVaultUsage: ({ core, vault, now }) => usage(core, vault, now),
}

/** Writes the vault record; permits of hot keys in it have to be asked for again. */
async function save(tx: Tx, vault: VaultView, change: Partial<VaultRecord>): Promise<Vault> {
  const record = { ...vault.record, ...change, updatedAt: tx.now }
  const entry = await tx.put('vault', path.vault(record.id), record)
  tx.after(() => tx.cell.permitGeneration++)
  return vaultAnswer(settleVault(entry, tx.now))
}

/**
 * With a retry token the id of the vault follows from the token, so that the second request finds
 * the first one's vault; once the token has expired the next id in line is taken.
 */
async function createVault(core: Core, input: CreateVaultInput, now: number): Promise<Vault> {
  const type = input.type ?? 'DEFAULT'
  if ((type === 'EXTERNAL') !== (input.external !== undefined))
    invalidArgument(
      'external',
      'the external key manager of an EXTERNAL vault, and of no other',
      input.external,
    )
  for (let i = 0; ; i++) {
    const id = vaultId(core, input.retryToken, i)
    let taken = await core.findCell(id)
    while (!taken) {
      const made = core.newCell(id, (cell) =>
        core.transact(cell, causeOf('createVault', input), (tx) => make(core, tx, input, now)),
      )
      if (made) return made
      taken = await core.findCell(id)
    }
    const replay = await replayed(core, core.reader(taken), 'createVault', input)
    if (replay) return replay.answer as Vault
  }
}

function vaultId(core: Core, retryToken: string | undefined, attempt: number): string {
  if (retryToken === undefined) return newId(core.provider.random)
  const mac = core.keys.lookup.compute(utf8(`vault ${attempt}`), utf8(retryToken))
  return newId({ fill: (target) => target.set(mac.subarray(0, target.length)) })
}

async function make(core: Core, tx: Tx, input: CreateVaultInput, now: number): Promise<Vault> {
  const record: VaultRecord = {
    id: tx.cell.id,
    displayName: input.displayName,
    type: input.type ?? 'DEFAULT',
    compartmentId: input.compartmentId ?? 'root',
    createdAt: now,
    updatedAt: now,
    state: 'active',
    tags: input.tags ?? {},
    definedTags: input.definedTags ?? {},
    homeRegion: core.region,
    ...(input.external !== undefined && { external: input.external }),
  }
  createVaultKey(core, tx, 1)
  const entry = tx.create('vault', path.vault(record.id), record)
  const answer = vaultAnswer(settleVault(entry, now))
  await rememberAnswer(core, tx, 'createVault', input, answer)
  return answer
}

/**
 * A key scheduled later than its vault contradicts it (contracts: OCI 5.4). Keys with deadlines
 * stand on the agenda.
 */
async function refuseLaterKeys(
  { core, vault, tx, now }: Context<'scheduleVaultDeletion'> & { tx: Tx },
  at: number,
) {
  await tx.cell.tail.catch(() => undefined)
  const { id } = vault.record
  for await (const { key, value } of eachRow(core, range.agenda(id))) {
    core.records.open('agenda', id, key, value)
    const ordinal = Number(new DataView(key.buffer, key.byteOffset).getBigUint64(17))
    const entry = await tx.get('key', path.key(id, ordinal))
    const own = entry?.record.deletion
    if (!entry || !own || own.waits || own.at <= at) continue
    if (settleKey(entry, vault, now).state === 'deleted') continue
    throw new StrongroomError(
      'CONFLICT',
      'deletionAt: expected no key of the vault to be deleted later, found key ' +
        `${entry.record.id} at ${new Date(own.at).toISOString()}.`,
    )
  }
}

async function usage(core: Core, vault: VaultView, now: number): Promise<VaultUsage> {
  const counts = {
    keyCount: 0,
    keyVersionCount: 0,
    softwareKeyCount: 0,
    softwareKeyVersionCount: 0,
  }
  const { id } = vault.record
  for await (const row of eachRow(core, range.keys(id))) {
    const found = settleKey(core.records.open('key', id, row.key, row.value), vault, now)
    const key = await rotated(core, found, now)
    if (key.state === 'deleted' || key.record.role === 'wrapping') continue
    let versions = 0
    for await (const version of eachVersion(core, key, now))
      if (version.state !== 'deleted') versions++
    const software = key.record.protectionMode === 'SOFTWARE'
    counts[software ? 'softwareKeyCount' : 'keyCount']++
    counts[software ? 'softwareKeyVersionCount' : 'keyVersionCount'] += versions
  }
  return Object.freeze(counts)
}
