/**
 * The side that asks: a round visits every linked room, takes what it offers to this region, and
 * brings each replica to where its primary is. A round may be cut off anywhere; the next goes on.
 */
import type { StrongroomError } from '../../base/errors.ts'
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

/** One round over all links. */
export function followAll(core: Core): Promise<readonly Followed[]> {
  return core.following.run(async () => {
    await wipeLeftovers(core)
    const followed: Followed[] = []
    for (const [region, link] of core.links) {
      const ask = askOver(core, link)
      try {
        const { vaults } = await ask('offers', {})
        for (const offer of vaults) followed.push(await followOne(core, region, offer, ask))
      } catch (error) {
        followed.push({ region, ...NOTHING, failure: asCoded(error) })
      }
    }
    return Object.freeze(followed)
  })
}

async function followOne(core: Core, region: string, offer: Offer, ask: Ask): Promise<Followed> {
  const { vaultId } = offer
  const about = { region, vaultId, ...NOTHING }
  try {
    const cell = await core.findCell(vaultId)
    // Both believe to lead: an operator has to say which.
    if (cell?.head.role === 'primary') return Object.freeze({ ...about, sequence: cell.head.seq })
    if (offer.status === 'DELETING') {
      if (cell) await dropReplica(core, cell)
      await ask('dropped', { vaultId })
      return Object.freeze({ ...about, dropped: true })
    }
    const caught = await catchUp(core, vaultId, cell, ask)
    return Object.freeze({ ...about, ...caught })
  } catch (error) {
    return Object.freeze({ ...about, failure: asCoded(error) })
  }
}

/** Brings a replica to where its primary is, from a snapshot when it has to. */
export async function catchUp(core: Core, vaultId: string, known: Cell | undefined, ask: Ask) {
  let snapshot = known === undefined
  let cell = known ?? (await takeSnapshot(core, vaultId, ask))
  let applied = 0
  for (;;) {
    const { seq, chain } = cell.head
    const answer = await ask('pull', { vaultId, have: Number(seq), chain })
    if (answer.pruned) {
      await dropReplica(core, cell)
      cell = await takeSnapshot(core, vaultId, ask)
      snapshot = true
      continue
    }
    await applyAll(core, cell, answer)
    applied += answer.entries.length
    // The last, empty answer tells the primary how far we are.
    if (answer.entries.length > 0) continue
    const sequence = cell.head.seq
    return { applied, snapshot, sequence, primarySequence: BigInt(answer.seq) }
  }
}

async function applyAll(core: Core, cell: Cell, { entries, keys }: EntriesAnswer): Promise<void> {
  try {
    for (const entry of entries) await applyEntry(core, cell, entry, keys)
  } finally {
    wipeKeys(keys)
  }
  if (!cell.head.sweepOwed) return
  owe(core, cell.id)
  await finishDestructions(core)
}
