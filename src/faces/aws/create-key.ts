/** CreateKey (contracts: AWS 7, 17): what may be asked together, and the defaults. */
import type { Key } from '../../engine/api.ts'
import { keyArn, shownKeyId } from './arn.ts'
import { isMultiRegion, row, type Call } from './call.ts'
import { validation } from './errors.ts'
import { isManaged } from './managed.ts'
import { DESCRIPTION, POLICY, STORE_ID, TAGS } from './members.ts'
import { limitExceeded, quotaOf } from './quotas.ts'
import { wholeMetadata } from './regions.ts'
import { flag, may, text, words, type Values } from './shape.ts'
import {
  ALGORITHMS_OF,
  KEY_SPECS,
  KEY_USAGES,
  namesOf,
  type KeySpec,
  type KeyUsage,
} from './specs.ts'
import { placeAsked } from './store-keys.ts'
import { tagsOf } from './tags.ts'

const INPUT = {
  Policy: may(POLICY),
  Description: may(DESCRIPTION),
  KeyUsage: may(words(...namesOf(KEY_USAGES))),
  CustomerMasterKeySpec: may(words(...namesOf(KEY_SPECS))),
  KeySpec: may(words(...namesOf(KEY_SPECS))),
  Origin: may(words('AWS_KMS', 'EXTERNAL', 'AWS_CLOUDHSM', 'EXTERNAL_KEY_STORE')),
  CustomKeyStoreId: may(STORE_ID),
  BypassPolicyLockoutSafetyCheck: may(flag),
  Tags: may(TAGS),
  MultiRegion: may(flag),
  XksKeyId: may(text(1, 128, /^[a-zA-Z0-9-_.]+$/)),
} as const
type CreateKey = Call<Values<typeof INPUT>>

/** The older name of the member still goes, beside the newer one too when both say the same. */
function specOf({ KeySpec, CustomerMasterKeySpec }: CreateKey['input']): KeySpec {
  if (KeySpec && CustomerMasterKeySpec && KeySpec !== CustomerMasterKeySpec)
    validation(
      'You cannot specify KeySpec and CustomerMasterKeySpec in the same request. ' +
        'CustomerMasterKeySpec is deprecated.',
    )
  return KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
}

/** A usage must be named, and must fit, unless the key is symmetric. */
function usageOf(spec: KeySpec, given: KeyUsage | undefined): KeyUsage {
  if (given === undefined && spec !== 'SYMMETRIC_DEFAULT')
    validation(
      'You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.',
    )
  const usage = given ?? 'ENCRYPT_DECRYPT'
  if (!ALGORITHMS_OF[spec][usage])
    validation(`KeyUsage ${usage} is not compatible with KeySpec ${spec}`)
  return usage
}

/** Where material of a key comes from that is in no custom key store. */
const ORIGINS: Readonly<Record<string, Key['origin']>> = {
  AWS_KMS: 'internal',
  EXTERNAL: 'imported',
}

/** Keys of services do not count. */
async function countKeys({ room, own }: Call, vaultId: string): Promise<number> {
  let count = 0
  let pageToken: string | undefined
  do {
    const page = await room.listKeys({
      ...own,
      vaultId,
      limit: 1000,
      withDeleted: false,
      ...(pageToken !== undefined && { pageToken }),
    })
    count += page.items.filter((key) => !isManaged(key)).length
    pageToken = page.nextPage
  } while (pageToken !== undefined)
  return count
}

/** Makes a key unless the account has all that it may have in the region. */
export function withinQuota<T>(call: Call, vaultId: string, make: () => Promise<T>) {
  const max = quotaOf(call.options, 'keys')
  return call.face.tally(vaultId).add(
    max,
    () => countKeys(call, vaultId),
    () => limitExceeded(`The quota of ${max} KMS keys in an account and Region is reached.`),
    make,
  )
}

export const CREATE_KEY = row({
  room: ['createKey'],
  input: INPUT,
  answer: async (call) => {
    const { Description: description = '', Origin = 'AWS_KMS' } = call.input
    const { Policy: policy, BypassPolicyLockoutSafetyCheck: bypassLockoutCheck = false } =
      call.input
    const spec = specOf(call.input)
    const usage = usageOf(spec, call.input.KeyUsage)
    const origin = ORIGINS[Origin] ?? 'internal'
    const keyStore = await placeAsked(call, { ...call.input, Origin }, spec)
    const tags = tagsOf(call, call.input.Tags)
    const vaultId = await call.vault()
    const key = await withinQuota(call, vaultId, () =>
      call.room.createKey({
        ...call.asked,
        ...call.given,
        vaultId,
        displayName: spec,
        description,
        spec: KEY_SPECS[spec],
        purposes: [KEY_USAGES[usage]],
        tags,
        origin,
        ...(keyStore && { keyStore }),
        ...(policy !== undefined && { policy, bypassLockoutCheck }),
        ...(call.input.MultiRegion && { multiRegion: true }),
      }),
    )
    const arn = keyArn(call.caller, shownKeyId(key.id, isMultiRegion(key)))
    const found = { key, vaultId, arn }
    return { KeyMetadata: await wholeMetadata(call, found) }
  },
})
