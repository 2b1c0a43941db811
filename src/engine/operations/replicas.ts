/** Replicas of vaults: asked for, listed, given up; and the change of the primary. */
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import { LIMITS } from '../../domain/limits.ts'
import type { ReplicaRecord, VaultRecord } from '../../domain/records.ts'
import { settleVault, type VaultView } from '../../domain/settle.ts'
import type { PromoteVaultReplicaInput, Vault, VaultReplica } from '../api.ts'
import type { Bodies } from '../body.ts'
import type { Cell } from '../cell.ts'
import { notFound, type Core } from '../core.ts'
import { vaultView } from '../lookup.ts'
import type { Ask } from '../replication/ask.ts'
import { catchUp, reach } from '../replication/follow.ts'
import { replicationId, sequenceOf } from '../replication/ids.ts'
import { saveReplicas } from '../replication/serve.ts'
import { causeOf } from '../tx.ts'
import { vaultAnswer } from '../views.ts'

type Names =
  | 'createVaultReplica'
  | 'deleteVaultReplica'
  | 'listVaultReplicas'
  | 'promoteVaultReplica'
  | 'getReplicationStatus'

export const REPLICA_BODIES: Bodies<Names> = {
  createVaultReplica: {
    run: async ({ core, tx, vault, input: { region } }) => {
      const { replicas = [], type } = vault.record
      if (region === core.region)
        invalidArgument('region', `another region than ${core.region}, where the vault is`, region)
      if (type === 'EXTERNAL')
        throw new StrongroomError(
          'UNSUPPORTED',
          'Replica: expected a vault whose keys are here, found an EXTERNAL one.',
        )
      const known = replicas.find((one) => one.region === region)
      if (known && known.status !== 'DELETING') return described(known)
      refuseFurther(core, known, replicas)
      tx.replicationId ??= replicationId(core, tx)
      const asked = Number(tx.seq)
      const replica: ReplicaRecord = { region, status: 'CREATING', since: tx.now, asked }
      await saveReplicas(tx, vault.record, [...replicas, replica])
      return described(replica)
    },
  },
  deleteVaultReplica: {
    run: async ({ core, tx, vault, input: { region, force } }) => {
      const { replicas = [] } = vault.record
      const known = replicas.find((one) => one.region === region)
      if (!known) throw notFound('replica', region)
      const others = replicas.filter((one) => one !== known)
      const asked = Number(tx.seq)
      const leaving: ReplicaRecord = { ...known, status: 'DELETING', since: tx.now, asked }
      if (force) core.followers.forget(tx.cell.id, region)
      await saveReplicas(tx, vault.record, force ? others : [...others, leaving])
      return described(leaving)
    },
  },
  listVaultReplicas: async ({ core, reader, vault }) =>
    Object.freeze({
      items: Object.freeze(
        (vault.record.replicas ?? []).map((one) => replicaAnswer(core, reader.cell, one)),
      ),
    }),
  promoteVaultReplica: ({ core, input }) => core.following.run(() => promote(core, input)),
  getReplicationStatus: async ({ core, reader: { cell }, vault, input }) => {
    const seq = sequenceOf(core.keys, cell.id, input.replicationId)
    if (seq === undefined || seq > cell.head.seq) throw notFound('replication', input.replicationId)
    const replicas = (vault.record.replicas ?? []).map(({ region }) => {
      const position = positionOf(core, cell, region)
      const arrived = position !== undefined && position >= seq
      return Object.freeze({ region, status: arrived ? 'REPLICATED' : 'REPLICATING' } as const)
    })
    return Object.freeze({ replicationId: input.replicationId, replicas: Object.freeze(replicas) })
  },
}

/** What a replica has; of a replica here we know it ourselves. */
const positionOf = (core: Core, cell: Cell, region: string): bigint | undefined =>
  region === core.region ? cell.head.seq : core.followers.positionOf(cell.id, region)

/** A replica as a change leaves it: where it stands is for lists, which are not kept for retries. */
const described = ({ region, status, since }: ReplicaRecord): VaultReplica =>
  Object.freeze({ region, status, since: new Date(since) })

function replicaAnswer(core: Core, cell: Cell, replica: ReplicaRecord): VaultReplica {
  const sequence = positionOf(core, cell, replica.region)
  return sequence === undefined
    ? described(replica)
    : Object.freeze({ ...described(replica), sequence })
}

function refuseFurther(
  core: Core,
  known: ReplicaRecord | undefined,
  replicas: readonly ReplicaRecord[],
): void {
  if (known)
    throw new StrongroomError(
      'CONFLICT',
      `region: expected one without a replica, found one that is being let go in ${known.region}.`,
    )
  if (replicas.length < core.replicasMax) return
  throw new StrongroomError(
    'CONFLICT',
    `Replicas: expected fewer than ${core.replicasMax} of a vault, found ` +
      `${replicas.map(({ region }) => region).join(', ')}.`,
  )
}

/**
 * The replica here becomes the primary. In order: takes over everything, has the primary step down at
 * that very commit, and leads from the next one; so nothing that was acknowledged is lost. A crash in
 * between leaves two replicas, and asking again goes on. By force: leads from what is here.
 */
async function promote(core: Core, input: PromoteVaultReplicaInput): Promise<Vault> {
  const { vaultId, force = false } = input
  let cell = await core.cell(vaultId)
  refuseDeleted(await vaultView(core.reader(cell), core.now()))
  let former: string | undefined
  if (cell.head.role === 'replica' && !force) {
    former = await takeOver(core, vaultId)
    cell = await core.cell(vaultId)
  }
  return core.transact(
    cell,
    causeOf('promoteVaultReplica', input),
    async (tx) => {
      const vault = await vaultView(tx, tx.now)
      if (tx.role === 'primary') return vaultAnswer(vault)
      tx.setRole('primary')
      const { successor: _, ...record }: VaultRecord = { ...vault.record, updatedAt: tx.now }
      const others = (record.replicas ?? []).filter(
        ({ region }) => region !== core.region && region !== former,
      )
      const asked = Number(tx.seq)
      const old: ReplicaRecord[] =
        former === undefined ? [] : [{ region: former, status: 'CREATED', since: tx.now, asked }]
      if (others.length + old.length > 0) tx.replicationId = replicationId(core, tx)
      const entry = await saveReplicas(tx, record, [...others, ...old])
      return vaultAnswer(settleVault(entry, tx.now, 'primary'))
    },
    'entry',
  )
}

/**
 * What is left of it is only shown: there is nothing to lead. One that is due has a primary to the
 * end, which destroys it: a promotion that was cut off before goes on.
 */
function refuseDeleted({ record }: VaultView): void {
  if (record.state !== 'deleted') return
  throw new StrongroomError('INVALID_STATE', 'Promotion: expected a living vault, found deleted.')
}

/** Has the primary step down; answers its region. */
async function takeOver(core: Core, vaultId: string): Promise<string> {
  let failure: unknown
  for (const [region, link] of core.links)
    try {
      const { ask } = await reach(core, region, link)
      await stepDown(core, vaultId, ask)
      return region
    } catch (error) {
      failure = error
    }
  throw new StrongroomError(
    'UNAVAILABLE',
    'Promotion: expected the primary to step down, no linked room said that it did. Ask again ' +
      'when its region can be reached, or use force and lose what has not arrived.',
    { cause: failure },
  )
}

async function stepDown(core: Core, vaultId: string, ask: Ask): Promise<void> {
  for (let attempt = 1; attempt <= LIMITS.promotionAttemptsMax; attempt++) {
    await catchUp(core, vaultId, await core.cell(vaultId), ask)
    const { seq, chain } = (await core.cell(vaultId)).head
    const { done } = await ask('demote', { vaultId, have: Number(seq), chain })
    if (!done) continue
    await catchUp(core, vaultId, await core.cell(vaultId), ask)
    return
  }
  throw new StrongroomError('BUSY', 'Promotion: the primary is written to all the time; try again.')
}
