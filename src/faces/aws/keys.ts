/** TABLE of the operations on keys as a whole (contracts: AWS 7, 17). */
import { keyArn, shownKeyId } from './arn.ts'
import { isMultiRegion, row, type Call } from './call.ts'
import { validation } from './errors.ts'
import { DESCRIPTION, GRANT_TOKENS, KEY_ID, PAGE, POLICY, STORE_ID, TAGS } from './members.ts'
import { keyMetadata } from './metadata.ts'
import {
  ALGORITHMS_OF,
  KEY_SPECS,
  KEY_USAGES,
  namesOf,
  type KeySpec,
  type KeyUsage,
} from './specs.ts'
import { flag, may, need, text, words } from './shape.ts'

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

async function listKeys(
  call: Call<{ readonly Limit: number | undefined; readonly Marker: string | undefined }>,
) {
  const { Limit: limit = 100, Marker: pageToken } = call.input
  const page = await call.room.listKeys({
    ...call.asked,
    vaultId: await call.vault(),
    limit,
    sortOrder: 'ASC',
    ...(pageToken !== undefined && { pageToken }),
  })
  const Keys = page.items
    .filter(({ state, role }) => state !== 'deleted' && role === 'ordinary')
    .map((key) => {
      const id = shownKeyId(key.id, isMultiRegion(key))
      return { KeyId: id, KeyArn: keyArn(call.caller, id) }
    })
  const { nextPage } = page
  return { Keys, Truncated: nextPage !== undefined, ...(nextPage && { NextMarker: nextPage }) }
}

export const KEY_ROWS = {
  CreateKey: row({
    room: ['createKey'],
    input: {
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
    },
    answer: async (call) => {
      const { KeySpec, CustomerMasterKeySpec, Description: description = '', Origin } = call.input
      const spec = KeySpec ?? CustomerMasterKeySpec ?? 'SYMMETRIC_DEFAULT'
      const usage = usageOf(spec, call.input.KeyUsage)
      const vaultId = await call.vault()
      const tags = Object.fromEntries(
        (call.input.Tags ?? []).map(({ TagKey, TagValue }) => [TagKey, TagValue]),
      )
      const key = await call.room.createKey({
        ...call.asked,
        vaultId,
        displayName: spec,
        description,
        spec: KEY_SPECS[spec],
        purposes: [KEY_USAGES[usage]],
        tags,
        ...(Origin === 'EXTERNAL' && { origin: 'imported' }),
      })
      const arn = keyArn(call.caller, shownKeyId(key.id, isMultiRegion(key)))
      return { KeyMetadata: keyMetadata(call, { key, vaultId, arn }) }
    },
  }),

  DescribeKey: row({
    room: ['getKey'],
    input: { KeyId: need(KEY_ID), GrantTokens: may(GRANT_TOKENS) },
    answer: async (call) => ({
      KeyMetadata: keyMetadata(call, await call.key(call.input.KeyId, { aliases: true })),
    }),
  }),

  ListKeys: row({ room: ['listKeys'], input: PAGE, answer: listKeys }),
}
