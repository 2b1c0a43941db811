/**
 * Copies of a multi-Region key in other vaults (contracts: AWS 13): made of the primary, and which of
 * them leads. Each operation is one commit, in the vault of the copy that it makes or promotes.
 */
import { StrongroomError } from '../../base/errors.ts'
import { familyOf, leaderOf, nextClaim, relatives, sharedOf } from '../../domain/family.ts'
import { LIMITS } from '../../domain/limits.ts'
import { OPERATIONS } from '../../domain/operations.ts'
import { check, needPrimary } from '../../domain/permit.ts'
import type { KeyRecord } from '../../domain/records.ts'
import { settleKey, type KeyView, type VaultView } from '../../domain/settle.ts'
import { path } from '../../format/paths.ts'
import { authorizeKey } from '../access.ts'
import { note } from '../agenda.ts'
import type { Key, ReplicateKeyInput } from '../api.ts'
import { writing, type Bodies, type Context } from '../body.ts'
import {
  copyAt,
  placeOfCopy,
  putTravelling,
  spread,
  travelling,
  wipeTravelling,
  type Travelling,
} from '../copies.ts'
import { notFound, type Core } from '../core.ts'
import { finishOwed, sweepAfter } from '../destroy.ts'
import { keyView, vaultView } from '../lookup.ts'
import { renewKeyKey } from '../make.ts'
import { replicationId } from '../replication/ids.ts'
import { rememberAnswer, replayed } from '../retry.ts'
import { saveKey } from '../save.ts'
import { stable } from '../stable.ts'
import { causeOf, type Tx } from '../tx.ts'
import { keyAnswer } from '../views.ts'
import { checkPolicy, putPolicy } from './policies.ts'

type Names = 'replicateKey' | 'changePrimaryKey'

export const MULTI_REGION_BODIES: Bodies<Names> = {
  replicateKey: writing<'replicateKey', undefined>({
    prepare: async ({ core, key, input }) => {
      refuseUnlessShared(key)
      if (input.toVaultId === key.record.vaultId) throw alreadyThere(input.toVaultId)
      if (input.policy !== undefined) core.books.document(input.policy, 'key')
      await scrapped(core, key.record.id, input.toVaultId)
    },
    run: async (context) => {
      const { core, tx, key, input } = context
      refuseUnlessShared(key)
      await tx.cell.tail.catch(() => undefined)
      const target = await core.cell(input.toVaultId)
      const versions = await stable(tx.cell, () => travelling(core, key, 0))
      try {
        return await core.transact(target, causeOf('replicateKey', input), (there) =>
          copied(context, there, versions),
        )
      } finally {
        wipeTravelling(versions)
      }
    },
  }),

  changePrimaryKey: {
    run: async ({ core, tx, key, input }) => {
      refuseUnlessShared(key)
      if (leaderOf(key)) needPrimary('changePrimaryKey', key)
      await tx.cell.tail.catch(() => undefined)
      const { toVaultId } = input
      if (toVaultId === key.record.vaultId) return led(tx, key, { primacy: nextClaim(key) })
      const other = relatives(key).find(({ record }) => record.vaultId === toVaultId)
      if (!other) throw notFound('replica', toVaultId)
      await spread(core, { cell: tx.cell, ordinal: key.record.ordinal })
      const { cell, ordinal } = await placeOfCopy(core, other)
      // Both keys change, so both have a say.
      await authorizeKey(core, cell, 'changePrimaryKey', input, other)
      return core.transact(cell, causeOf('changePrimaryKey', input), async (there) => {
        const vault = await vaultView(there, there.now)
        const copy = await keyView(core, there, vault, ordinal, there.now)
        check('changePrimaryKey', { vault, key: copy, now: there.now })
        if (vault.record.replicas?.length) there.replicationId = replicationId(core, there)
        const { settleMs = 0 } = input
        const updating = settleMs > 0 ? { updatingUntil: there.now + settleMs } : {}
        return led(there, copy, { primacy: nextClaim(copy), ...updating })
      })
    },
  },
}

/** @throws NOT_PERMITTED_FOR_KEY for a key that is in one vault for ever */
function refuseUnlessShared(key: KeyView): void {
  if (key.family) return
  const [expected, found] = ['the primary', 'a key of one vault']
  throw new StrongroomError(
    'NOT_PERMITTED_FOR_KEY',
    `Key: expected ${expected} of a multi-Region key, found ${found}.`,
    { explain: { operation: 'replicateKey', rule: 'key.primary', expected, found } },
  )
}

/** The copy claims to lead; the one that led finds out by that. */
async function led(
  tx: Tx,
  copy: KeyView,
  claim: Pick<KeyRecord, 'primacy' | 'updatingUntil'>,
): Promise<Key> {
  const { updatingUntil: _, ...before } = copy.record
  const record = { ...before, ...claim }
  await note(tx, record, record.updatingUntil)
  const entry = await saveKey(tx, record)
  const others = copy.family?.others ?? []
  return keyAnswer(settleKey(entry, copy.vault, tx.now, { family: familyOf(entry.record, others) }))
}

/** A copy that was there before and whose time is over leaves nothing that the next one would find. */
async function scrapped(core: Core, keyId: string, vaultId: string): Promise<void> {
  const cell = await core.cell(vaultId)
  const index = await core.reader(cell).get('index', path.index(keyId, vaultId))
  if (!index) return
  const place = { cell, ordinal: index.record.ordinal }
  const old = await copyAt(core, place)
  if (old.state !== 'deleted') return
  if (old.record.state !== 'deleted')
    await core.transact(cell, 'tick', async (tx) => {
      const now = await keyView(core, tx, await vaultView(tx, tx.now), place.ordinal, tx.now)
      if (now.state !== 'deleted') return
      const deletedAt = now.deletionAt ?? tx.now
      const record: KeyRecord = { ...now.record, state: 'deleted', deletedAt }
      await saveKey(tx, record)
      await sweepAfter(core, tx, record)
    })
  await finishOwed(core, cell.id, place.ordinal)
}

async function copied(
  { core, key, input }: Context<'replicateKey'>,
  there: Tx,
  versions: readonly Travelling[],
): Promise<Key> {
  // A crash may have cut off a request that was repeated now.
  const found = await replayed(core, there, 'replicateKey', input)
  if (found) return found.answer as Key
  const vault = await vaultView(there, there.now)
  refuseElsewhere(vault, key, there.now)
  if (vault.record.replicas?.length) there.replicationId = replicationId(core, there)
  const known = await there.get('index', path.index(key.record.id, there.cell.id))
  const old = known && (await keyView(core, there, vault, known.record.ordinal, there.now))
  if (old && old.state !== 'deleted') throw alreadyThere(there.cell.id)
  if (relatives(key).length + 2 > LIMITS.keyCopiesMax)
    throw new StrongroomError(
      'LIMIT_EXCEEDED',
      `replicateKey: expected at most ${LIMITS.keyCopiesMax} copies of a key, found as many.`,
    )
  const ordinal = known?.record.ordinal ?? Number(there.seq)
  const record = replicaOf(key, input, { vaultId: there.cell.id, ordinal, now: there.now })
  await there.put('index', path.index(record.id, record.vaultId), { ordinal, version: 0 })
  await renewKeyKey(core, there, ordinal)
  await putTravelling(core, there, ordinal, versions)
  await note(there, record, ...versions.map((version) => version.record.materialExpiresAt))
  there.concern(record.id)
  const entry = await saveKey(there, record)
  const others = [key, ...relatives(key)]
  const view = settleKey(entry, vault, there.now, { family: familyOf(record, others) })
  if (input.policy !== undefined) {
    checkPolicy(core, input, view, input.policy, input.bypassLockoutCheck)
    await putPolicy(there, view, input.policy)
  }
  const answer = keyAnswer(view)
  await rememberAnswer(core, there, 'replicateKey', input, answer)
  return answer
}

const alreadyThere = (vaultId: string): StrongroomError =>
  new StrongroomError(
    'ALREADY_EXISTS',
    `toVaultId: expected a vault without a copy of the key, found one in ${vaultId}.`,
  )

/** The vault takes a new key of this spec. */
function refuseElsewhere(vault: VaultView, { record }: KeyView, now: number): void {
  check('createKey', { vault, now }, OPERATIONS.createKey)
  if (vault.record.type === 'EXTERNAL')
    throw new StrongroomError(
      'UNSUPPORTED',
      `toVaultId: expected a vault that holds material of ${record.spec}, got an EXTERNAL one.`,
    )
}

/** Its own in name, state and time; the rest is that of the primary. */
function replicaOf(
  { record }: KeyView,
  { description = '', tags = {}, displayName, settleMs = 0 }: ReplicateKeyInput,
  { vaultId, ordinal, now }: { vaultId: string; ordinal: number; now: number },
): KeyRecord {
  const { id, spec, purposes, origin, protectionMode, olderVersions } = record
  const { currentVersionId, lastVersion, pendingVersion, currentMaterial } = record
  return {
    ...{ id, vaultId, ordinal, role: 'ordinary', spec, purposes, origin, protectionMode },
    ...sharedOf(record),
    compartmentId: record.compartmentId,
    displayName: displayName ?? record.displayName,
    description,
    createdAt: now,
    updatedAt: now,
    state: origin === 'imported' ? 'pendingImport' : 'enabled',
    lastVersion,
    olderVersions,
    tags,
    definedTags: {},
    primacy: 0,
    ...(currentVersionId !== undefined && { currentVersionId }),
    ...(pendingVersion !== undefined && { pendingVersion }),
    ...(currentMaterial && { currentMaterial }),
    ...(settleMs > 0 && { creatingUntil: now + settleMs }),
  }
}
