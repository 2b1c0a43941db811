/** What a multi-Region key shows of its copies (contracts: AWS 7, 13). */
import { keyArn, shownKeyId } from './arn.ts'
import type { Call, Found } from './call.ts'
import { keyMetadata } from './metadata.ts'
import { storeMembers } from './store-keys.ts'

interface Region {
  readonly Arn: string
  readonly Region: string
}

/** A copy, by the vault in which it is; undefined for one that is not of this service. */
async function regionOf(
  call: Call,
  { key }: Found,
  vaultId: string | undefined,
): Promise<Region | undefined> {
  const place = vaultId && (await call.face.placeOf(vaultId, call.caller))
  if (!place) return undefined
  return { Arn: keyArn(place, shownKeyId(key.id, true)), Region: place.region }
}

export async function regionMembers(call: Call, found: Found): Promise<object> {
  const { multiRegion, deletionWindowDays } = found.key
  if (!multiRegion) return {}
  const { role, primaryVaultId, replicaVaultIds } = multiRegion
  const regions = replicaVaultIds.map((vaultId) => regionOf(call, found, vaultId))
  const replicas = (await Promise.all(regions)).filter((region) => region !== undefined)
  return {
    MultiRegionConfiguration: {
      MultiRegionKeyType: role === 'primary' ? 'PRIMARY' : 'REPLICA',
      PrimaryKey: await regionOf(call, found, primaryVaultId),
      ReplicaKeys: replicas.sort((a, b) => (a.Region < b.Region ? -1 : 1)),
    },
    ...(deletionWindowDays !== undefined && { PendingDeletionWindowInDays: deletionWindowDays }),
  }
}

/** All of KeyMetadata. */
export const wholeMetadata = async (call: Call, found: Found): Promise<object> => ({
  ...keyMetadata(call, found),
  ...(await storeMembers(call, found)),
  ...(await regionMembers(call, found)),
})
