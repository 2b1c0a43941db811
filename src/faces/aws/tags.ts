/** TABLE of the operations on tags (contracts: AWS 10.3, 17). */
import { LIMITS } from '../../domain/limits.ts'
import { row, type Call } from './call.ts'
import { KmsFault } from './errors.ts'
import { customerKey } from './managed.ts'
import { KEY_ID, page, TAGS } from './members.ts'
import { following, pageByName } from './paging.ts'
import { quotaOf } from './quotas.ts'
import { list, need, text } from './shape.ts'

interface Tag {
  readonly TagKey: string
  readonly TagValue: string
}

const RESERVED = /^aws:/i

const tagsMax = ({ options }: Call): number =>
  Math.min(quotaOf(options, 'tagsPerKey'), LIMITS.tagsMax)

const refuse = (message: string): never => {
  throw new KmsFault('TagException', message)
}

/**
 * Tags as the room has them.
 * @throws TagException
 */
export function tagsOf(call: Call, given: readonly Tag[] = []): Readonly<Record<string, string>> {
  const tags = Object.fromEntries(given.map(({ TagKey, TagValue }) => [TagKey, TagValue]))
  const names = Object.keys(tags)
  if (names.some((name) => RESERVED.test(name))) refuse('Tags beginning with aws: are reserved')
  if (names.length < given.length) refuse('Duplicate tag keys')
  if (names.length > tagsMax(call)) refuse('Too many tags')
  return tags
}

export const TAG_ROWS = {
  TagResource: row({
    room: ['tagKey'],
    input: { KeyId: need(KEY_ID), Tags: need(TAGS) },
    answer: async (call) => {
      const { key, vaultId } = await customerKey(call, call.input.KeyId)
      const tags = tagsOf(call, call.input.Tags)
      const max = { tagsMax: tagsMax(call) }
      await call.room.tagKey({ ...call.asked, keyId: key.id, vaultId, tags, ...max })
      return undefined
    },
  }),

  UntagResource: row({
    room: ['untagKey'],
    input: { KeyId: need(KEY_ID), TagKeys: need(list(text(1, 128))) },
    answer: async (call) => {
      const { key, vaultId } = await customerKey(call, call.input.KeyId)
      // Names that the key does not have are ignored, however many there are.
      const tagNames = Object.keys(key.tags).filter((name) => call.input.TagKeys.includes(name))
      await call.room.untagKey({ ...call.asked, keyId: key.id, vaultId, tagNames })
      return undefined
    },
  }),

  ListResourceTags: row({
    room: ['getKey'],
    input: { KeyId: need(KEY_ID), ...page(50) },
    answer: async (call) => {
      const { key } = await call.key(call.input.KeyId)
      const tags = Object.entries(key.tags).map(([name, value]) => ({ name, value }))
      const { items, nextPage } = pageByName(tags, `tags of ${key.id}`, call.input, 50)
      const Tags = items.map(({ name, value }) => ({ TagKey: name, TagValue: value }))
      return { Tags, ...following(nextPage) }
    },
  }),
}
