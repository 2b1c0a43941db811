/** TABLE of the operations on multi-Region keys as a family (contracts: AWS 13, 17). */
import { keyArn, partitionOf, shownKeyId } from './arn.ts'
import { row, type Call, type Found } from './call.ts'
import { withinQuota } from './create-key.ts'
import { defaultPolicy } from './access.ts'
import { notFound, notPrimary, validation } from './errors.ts'
import { customerKey } from './managed.ts'
import { DESCRIPTION, KEY_ID, POLICY, REGION, TAGS } from './members.ts'
import { wholeMetadata } from './regions.ts'
import { flag, may, need, type Values } from './shape.ts'
import { settling } from './stores.ts'
import { tagsOf } from './tags.ts'
import { permitted, usedOf } from './use.ts'

/** A primary that may be replicated, or give its place away, now. */
async function primaryKey(
  call: Call,
  given: string,
  operation: 'replicateKey' | 'changePrimaryKey',
) {
  const found = await customerKey(call, given)
  await permitted(call, operation, usedOf(found))
  if (found.key.multiRegion?.role !== 'primary') throw notPrimary(found.arn)
  return found
}

/** Where a copy is or will be: in another region of the same partition. */
function elsewhere({ caller }: Call, region: string) {
  const partition = partitionOf(caller.region)
  if (partitionOf(region) !== partition)
    validation(`Region ${region} is not in the partition ${partition} of the primary key.`)
  if (region === caller.region)
    validation(`Region ${region} is the Region of the primary key: choose another one.`)
  return { account: caller.account, region }
}

const REPLICATE = {
  KeyId: need(KEY_ID),
  ReplicaRegion: need(REGION),
  Policy: may(POLICY),
  BypassPolicyLockoutSafetyCheck: may(flag),
  Description: may(DESCRIPTION),
  Tags: may(TAGS),
} as const

/** A new replica is shown on its way. */
const CREATING = { KeyState: 'Creating', Enabled: false, CurrentKeyMaterialId: undefined }

async function replicate(call: Call<Values<typeof REPLICATE>>): Promise<object> {
  const { KeyId, ReplicaRegion, Description: description = '', Policy: policy } = call.input
  const primary = await primaryKey(call, KeyId, 'replicateKey')
  const place = elsewhere(call, ReplicaRegion)
  const tags = tagsOf(call, call.input.Tags)
  const toVaultId = await call.face.vault(place)
  const key = await withinQuota(call, toVaultId, () =>
    call.room.replicateKey({
      ...call.asked,
      keyId: primary.key.id,
      vaultId: primary.vaultId,
      toVaultId,
      description,
      tags,
      ...(policy !== undefined && { policy }),
      ...(call.input.BypassPolicyLockoutSafetyCheck && { bypassLockoutCheck: true }),
      ...settling(call),
    }),
  )
  const arn = keyArn(place, shownKeyId(key.id, true))
  const found: Found = { key, vaultId: toVaultId, arn }
  return {
    ReplicaKeyMetadata: { ...(await wholeMetadata(call, found)), ...CREATING },
    ReplicaPolicy: policy ?? defaultPolicy(place),
    ReplicaTags: call.input.Tags ?? [],
  }
}

export const REPLICA_ROWS = {
  ReplicateKey: row({ room: ['replicateKey'], input: REPLICATE, answer: replicate }),

  UpdatePrimaryRegion: row({
    room: ['changePrimaryKey'],
    input: { KeyId: need(KEY_ID), PrimaryRegion: need(REGION) },
    answer: async (call) => {
      const { KeyId, PrimaryRegion } = call.input
      const { key, vaultId } = await primaryKey(call, KeyId, 'changePrimaryKey')
      const place = elsewhere(call, PrimaryRegion)
      const toVaultId = await call.face.vaultOf(place)
      // Refusals from here on are about the replica.
      call.subject = keyArn(place, shownKeyId(key.id, true))
      if (toVaultId === undefined || !key.multiRegion?.replicaVaultIds.includes(toVaultId))
        throw notFound(`Key '${call.subject}' does not exist`)
      const change = { keyId: key.id, vaultId, toVaultId, ...settling(call) }
      await call.room.changePrimaryKey({ ...call.asked, ...change })
      return undefined
    },
  }),
}
