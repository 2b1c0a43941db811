/** The end of a run: everything works again, and all must come together. */
import { sha256 } from '@noble/hashes/sha2.js'
import { compareBytes, concat, toHex } from '../../base/bytes.ts'
import type { Site } from './site.ts'
import { round } from './steps-sites.ts'
import { violated } from './trace.ts'
import type { Truth } from './truth.ts'
import type { World } from './world.ts'

/** Opens what is down, ends what was begun. */
export async function heal(world: World): Promise<void> {
  for (const site of world.sites) {
    if (site.health === 'failed') await site.close()
    if (site.health === 'open') continue
    await site.open()
    world.link(site)
  }
  for (const truth of world.truths) await lead(world, truth)
  for (const site of world.sites) {
    await site.room.tick()
    world.swept.push({ site })
  }
}

/** A promotion that was cut off leaves nobody who leads; asking again goes on. */
async function lead(world: World, truth: Truth): Promise<void> {
  if (world.leader(truth)) return
  const heir = world.site(truth.heir)
  if (!heir) violated(`nobody leads vault ${truth.id}, and no promotion was begun`)
  await heir.room.promoteVaultReplica({ vaultId: truth.id })
}

/** Twice: what a primary learns in the first round, its replicas learn in the second. */
const ROUNDS = 2

export async function comeTogether(world: World): Promise<void> {
  for (let n = 0; n < ROUNDS; n++) for (const site of world.sites) await round(world, site)
  for (const truth of world.truths) {
    const leader = world.leader(truth)!
    const { items } = await leader.room.listVaultReplicas({ vaultId: truth.id })
    const { seq } = world.history.headOf(leader.region, truth.id)!
    for (const { region, status } of items)
      if (status !== 'CREATED' || world.history.headOf(region, truth.id)?.seq !== seq)
        violated(`the replica in ${region} does not come to where its primary is: ${status}`)
  }
}

/** Everything in a store, as a few letters. */
export function digestOf(site: Site): string {
  const rows = site.image().rows.toSorted((a, b) => compareBytes(a.key, b.key))
  return toHex(sha256(concat(...rows.flatMap(({ key, value }) => [key, value]))))
}
