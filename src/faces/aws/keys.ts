/** TABLE of the operations on keys as a whole (contracts: AWS 7, 17). */
import type { Key } from '../../engine/api.ts'
import { keyArn, shownKeyId } from './arn.ts'
import { isMultiRegion, row } from './call.ts'
import { CREATE_KEY } from './create-key.ts'
import { customerKey } from './managed.ts'
import { DESCRIPTION, GRANT_TOKENS, KEY_ID, PAGE } from './members.ts'
import { algorithmsOf } from './metadata.ts'
import { following, paged } from './paging.ts'
import { wholeMetadata } from './regions.ts'
import { need, may } from './shape.ts'
import { keySpecOf, keyUsageOf } from './specs.ts'

const shownId = (key: Key): string => shownKeyId(key.id, isMultiRegion(key))

export const KEY_ROWS = {
  CreateKey: CREATE_KEY,

  DescribeKey: row({
    room: ['getKey'],
    input: { KeyId: need(KEY_ID), GrantTokens: may(GRANT_TOKENS) },
    answer: async (call) => {
      const found = await call.key(call.input.KeyId, { aliases: true })
      return { KeyMetadata: await wholeMetadata(call, found) }
    },
  }),

  ListKeys: row({
    room: ['listKeys'],
    input: PAGE,
    answer: async (call) => {
      const { items, nextPage } = await call.room.listKeys({
        ...call.asked,
        ...paged(call.input, 100),
        vaultId: await call.vault(),
        sortOrder: 'ASC',
        withDeleted: false,
      })
      const Keys = items.map((key) => {
        const KeyId = shownId(key)
        return { KeyId, KeyArn: keyArn(call.caller, KeyId) }
      })
      return { Keys, ...following(nextPage) }
    },
  }),

  UpdateKeyDescription: row({
    room: ['updateKey'],
    input: { KeyId: need(KEY_ID), Description: need(DESCRIPTION) },
    answer: async (call) => {
      const { KeyId, Description: description } = call.input
      const { key, vaultId } = await customerKey(call, KeyId)
      const change = { description, whileDisabled: true }
      await call.room.updateKey({ ...call.asked, keyId: key.id, vaultId, ...change })
      return undefined
    },
  }),

  GetPublicKey: row({
    room: ['getPublicKey'],
    input: { KeyId: need(KEY_ID), GrantTokens: may(GRANT_TOKENS) },
    answer: async (call) => {
      const { key, vaultId, arn } = await call.key(call.input.KeyId, { aliases: true })
      const { publicKey } = await call.room.getPublicKey({ ...call.asked, keyId: key.id, vaultId })
      const KeySpec = keySpecOf(key.spec) ?? key.spec
      return {
        KeyId: arn,
        PublicKey: publicKey,
        CustomerMasterKeySpec: KeySpec,
        KeySpec,
        KeyUsage: keyUsageOf(key.purposes),
        ...algorithmsOf(key),
      }
    },
  }),

  GetKeyLastUsage: row({
    room: ['getKey'],
    input: { KeyId: need(KEY_ID) },
    answer: async (call) => {
      const { key, arn } = await call.key(call.input.KeyId)
      const { usage } = call.face
      return {
        KeyId: shownId(key),
        KeyLastUsage: usage.last(arn) ?? {},
        TrackingStartDate: key.createdAt > usage.since ? key.createdAt : usage.since,
        KeyCreationDate: key.createdAt,
      }
    },
  }),
}
