/** Aliases: names for keys, unique within a vault. */
import { StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { KeyRecord } from '../../domain/records.ts'
import { range } from '../../format/paths.ts'
import { authorizeKey } from '../access.ts'
import type { Bodies } from '../body.ts'
import { notFound, type Core } from '../core.ts'
import { pageOfAliases } from '../lists.ts'
import { aliasPath, eachRow, keyView, locateKey, vaultView } from '../lookup.ts'
import { matchEtag } from '../retry.ts'
import type { Tx } from '../tx.ts'
import { aliasAnswer, etagOf } from '../views.ts'

type Names = 'createAlias' | 'updateAlias' | 'deleteAlias' | 'listAliases'

export const ALIAS_BODIES: Bodies<Names> = {
  createAlias: {
    run: async ({ core, tx, key, input }) => {
      await refuseTaken(core, tx, input.name)
      await refuseTooMany(core, tx, key.record.id, input.perKeyMax)
      tx.touch(key.record.id)
      return aliasAnswer(await put(core, tx, key.record, input.name))
    },
  },
  updateAlias: {
    run: async ({ core, tx, key, input, now }) => {
      const { record, etag, key: before } = await existing(core, tx, input.name)
      // The name is taken from one key and given to another: both have a say.
      await authorizeKey(core, tx.cell, 'updateAlias', input, before)
      tx.touch(key.record.id)
      tx.touch(before.record.id)
      if (input.ifMatch !== undefined) matchEtag(input.ifMatch, etag)
      if (record.keyId !== key.record.id)
        await refuseTooMany(core, tx, key.record.id, input.perKeyMax)
      const alias = { ...record, keyId: key.record.id, updatedAt: now }
      return aliasAnswer(await tx.put('alias', aliasPath(core, alias.vaultId, alias.name), alias))
    },
  },
  deleteAlias: {
    run: async ({ core, tx, vault, input }) => {
      const entry = await existing(core, tx, input.name)
      await authorizeKey(core, tx.cell, 'deleteAlias', input, entry.key)
      if (input.ifMatch !== undefined) matchEtag(input.ifMatch, entry.etag)
      tx.touch(entry.record.keyId)
      await tx.del('alias', aliasPath(core, vault.record.id, input.name))
      return entry.answer
    },
  },
  listAliases: ({ core, input, vault, reader, now }) =>
    pageOfAliases(core, input, vault, async (keyId) => {
      const { ordinal } = await locateKey(core, keyId, vault.record.id)
      return (await keyView(core, reader, vault, ordinal, now)).state !== 'deleted'
    }),
}

type Named = Pick<KeyRecord, 'id' | 'vaultId'>

/** Names a key that is just being made. @throws ALREADY_EXISTS */
export async function nameKey(core: Core, tx: Tx, key: Named, name: string): Promise<void> {
  await refuseTaken(core, tx, name)
  await put(core, tx, key, name)
}

function put(core: Core, tx: Tx, { id: keyId, vaultId }: Named, name: string) {
  const alias = { name, vaultId, keyId, createdAt: tx.now, updatedAt: tx.now }
  return tx.put('alias', aliasPath(core, vaultId, name), alias)
}

async function refuseTaken(core: Core, tx: Tx, name: string): Promise<void> {
  if (!(await living(core, tx, name))) return
  throw new StrongroomError(
    'ALREADY_EXISTS',
    `name: expected one that is free in the vault, got ${name}.`,
  )
}

/** The alias as this transaction sees it, unless its key is deleted. */
async function living(core: Core, tx: Tx, name: string) {
  const entry = await tx.get('alias', aliasPath(core, tx.cell.id, name))
  if (!entry) return undefined
  const { ordinal } = await locateKey(core, entry.record.keyId, tx.cell.id)
  const key = await keyView(core, tx, await vaultView(tx, tx.now), ordinal, tx.now)
  return key.state === 'deleted' ? undefined : { ...entry, key }
}

async function existing(core: Core, tx: Tx, name: string) {
  const entry = await living(core, tx, name)
  if (!entry) throw notFound('alias', name)
  const { record, key } = entry
  return { record, key, etag: etagOf({ seq: entry.seq }), answer: aliasAnswer(entry) }
}

async function refuseTooMany(
  core: Core,
  tx: Tx,
  keyId: string,
  perKeyMax: number = LIMITS.aliasesPerKeyMax,
): Promise<void> {
  await tx.cell.tail.catch(() => undefined)
  let count = 0
  for await (const { key, value } of eachRow(core, range.aliases(tx.cell.id)))
    if (core.records.open('alias', tx.cell.id, key, value).record.keyId === keyId) count++
  if (count >= perKeyMax)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `name: expected at most ${perKeyMax} aliases for one key, found ${count}.`,
    )
}
