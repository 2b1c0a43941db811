/**
 * The side that asks: a round visits every linked room, takes what it offers to this region, and
 * brings each replica to where its primary is. A round may be cut off anywhere; the next goes on.
 */
import { invalidArgument, StrongroomError } from '../../base/errors.ts'
import type { ReplicationLink } from '../../replication/link.ts'
import type { EntriesAnswer, Offer } from '../../replication/messages.ts'
import type { Cell } from '../cell.ts'
import { asCoded } from '../coded.ts'
import type { Core } from '../core.ts'
import { finishDestructions, owe } from '../destroy.ts'
import { applyEntry } from './apply.ts'
import { askOver, type Ask } from './ask.ts'
import { wipeLeftovers } from './building.ts'
import { dropReplica } from './drop.ts'
import { wipeKeys } from './keys.ts'
import { takeSnapshot } from './snapshot.ts'

/** What a round did for one vault, or for one link that did not answer. */
export interface Followed {
  /** The region of the primary. */
  readonly region: string
  readonly vaultId?: string
  /** Entries that were applied. */
  readonly applied: number
  /** It was built from a snapshot. */
  readonly snapshot: boolean
  /** It was let go. */
  readonly dropped: boolean
  /** Where the replica stands now, and where the primary stood. */
  readonly sequence?: bigint
  readonly primarySequence?: bigint
  /** Why it is not further. */
  readonly failure?: StrongroomError
}

const NOTHING = { applied: 0, snapshot: false, dropped: false } as const

/** One round over all links; the signal cuts it short. */
export function followAll(core: Core, signal?: AbortSignal): Promise<readonly Followed[]> {
  return core.following.run(async () => {
    await wipeLeftovers(core)
    const followed: Followed[] = []
    for (const [region, link] of core.links) {
      try {
        const { ask, vaults } = await reach(core, region, link, signal)
        for (const offer of vaults) followed.push(await followOne(core, region, offer, ask))
      } catch (error) {
        followed.push({ region, ...NOTHING, failure: asCoded(error) })
      }
    }
    return Object.freeze(followed)
  })
}

/**
 * The room at the other end, when it is the one of that region.
 * @throws INVALID_ARGUMENT when the link leads to another one
 */
export async function reach(
  core: Core,
  region: string,
  link: ReplicationLink,
  signal?: AbortSignal,
) {
  const ask = askOver(core, link, signal)
  const { region: found, vaults } = await ask('offers', {})
  if (found !== region) invalidArgument('link', `the room of region ${region}`, found)
  return { ask, vaults }
}

async function followOne(core: Core, region: string, offer: Offer, ask: Ask): Promise<Followed> {
  const { vaultId } = offer
  const about = { region, vaultId, ...NOTHING }
  try {
    const cell = await core.findCell(vaultId)
    if (cell?.head.role === 'primary') throw bothLead(vaultId, region)
    if (offer.status === 'DELETING') {
      if (cell) await dropReplica(core, cell)
      await ask('dropped', { vaultId, seq: offer.seq })
      return Object.freeze({ ...about, dropped: true })
    }
    const caught = await catchUp(core, vaultId, cell, ask)
    return Object.freeze({ ...about, ...caught })
  } catch (error) {
    return Object.freeze({ ...about, failure: asCoded(error) })
  }
}

/** After a promotion by force: which one counts is for an operator to say. */
const bothLead = (vaultId: string, region: string): StrongroomError =>
  new StrongroomError(
    'DIVERGED',
    `Replication: expected a replica of vault ${vaultId} here, found a primary; ${region} leads ` +
      'it too, so one of the two was promoted by force.',
  )

/**
 * Brings a replica to where its primary was when first asked, from a snapshot when it has to. Of what
 * comes while it does so it takes what is there: a primary that never rests keeps no round for ever.
 */
export async function catchUp(core: Core, vaultId: string, known: Cell | undefined, ask: Ask) {
  let snapshot = known === undefined
  let cell = known ?? (await takeSnapshot(core, vaultId, ask))
  let applied = 0
  let goal: bigint | undefined
  for (;;) {
    const { seq, chain } = cell.head
    const answer = await ask('pull', { vaultId, have: Number(seq), chain })
    if (answer.pruned) {
      if (snapshot) throw outpaced()
      await dropReplica(core, cell)
      cell = await takeSnapshot(core, vaultId, ask)
      snapshot = true
      continue
    }
    await applyAll(core, cell, answer)
    applied += answer.entries.length
    goal ??= BigInt(answer.seq)
    // The last question tells the primary that we have what it had.
    if (answer.entries.length > 0 && seq < goal) continue
    return { applied, snapshot, sequence: cell.head.seq, primarySequence: BigInt(answer.seq) }
  }
}

const outpaced = (): StrongroomError =>
  new StrongroomError(
    'UNAVAILABLE',
    'Replication: expected the journal since the snapshot, the primary has let it go already: ' +
      'let it keep more.',
  )

/** Entries are planned one after another and share the commits of the store. */
async function applyAll(core: Core, cell: Cell, { entries, keys }: EntriesAnswer): Promise<void> {
  const applied = await Promise.allSettled(
    entries.map((entry) => applyEntry(core, cell, entry, keys)),
  )
  wipeKeys(keys)
  // The first one tells why; the others only that they do not go on from it.
  const failed = applied.find(({ status }) => status === 'rejected')
  if (failed) throw (failed as PromiseRejectedResult).reason
  if (cell.head.sweepOwed) owe(core, cell.id)
  if (core.unswept.has(cell.id)) await finishDestructions(core)
}
