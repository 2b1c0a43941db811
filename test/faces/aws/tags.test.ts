/** Tags of keys (contracts: AWS 10.3, 17). */
import {
  CreateKeyCommand,
  ListResourceTagsCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type KMSClient,
  type Tag,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { outcome } from './ask.ts'
import { openWorld, TRANSPORTS } from './world.ts'

const tags = (count: number, from = 0): Tag[] =>
  Array.from({ length: count }, (_, i) => ({ TagKey: `tag ${from + i}`, TagValue: `${i}` }))
async function make(kms: KMSClient, Tags: Tag[] = []): Promise<string> {
  return (await kms.send(new CreateKeyCommand({ Tags }))).KeyMetadata!.KeyId!
}
const tagsOf = async (kms: KMSClient, KeyId: string) =>
  (await kms.send(new ListResourceTagsCommand({ KeyId }))).Tags!

/** What a list of tags may not be, for a new key and for one that is there. */
const REFUSED: readonly (readonly [string, Tag[], string])[] = [
  [
    'the same key twice',
    [
      { TagKey: 'a', TagValue: '1' },
      { TagKey: 'a', TagValue: '2' },
    ],
    'TagException: Duplicate tag keys',
  ],
  ['more than 50', tags(51), 'TagException: Too many tags'],
  [
    'a reserved key',
    [{ TagKey: 'aws:cloud', TagValue: '' }],
    'TagException: Tags beginning with aws: are reserved',
  ],
  [
    'a reserved key in another case',
    [{ TagKey: 'AwS:cloud', TagValue: '' }],
    'TagException: Tags beginning with aws: are reserved',
  ],
  [
    'a key that is too long',
    [{ TagKey: 'k'.repeat(129), TagValue: '' }],
    `ValidationException: 1 validation error detected: Value '${'k'.repeat(129)}' at ` +
      `'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or ` +
      'equal to 128',
  ],
  [
    'a value that is too long, in the second',
    [
      { TagKey: 'a', TagValue: '' },
      { TagKey: 'b', TagValue: 'v'.repeat(257) },
    ],
    `ValidationException: 1 validation error detected: Value '${'v'.repeat(257)}' at ` +
      `'tags.2.member.tagValue' failed to satisfy constraint: Member must have length less than ` +
      'or equal to 256',
  ],
  [
    'an empty key',
    [{ TagKey: '', TagValue: '' }],
    `ValidationException: 1 validation error detected: Value '' at 'tags.1.member.tagKey' failed ` +
      'to satisfy constraint: Member must have length greater than or equal to 1',
  ],
]

describe.each(Object.entries(TRANSPORTS))('tags through the %s', (_, connect) => {
  it('come with a new key, are added, replaced and taken away', async () => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms, [{ TagKey: 'team', TagValue: 'red' }])
    const Tags = [
      { TagKey: 'Team', TagValue: '' },
      { TagKey: 'team', TagValue: 'blue' },
    ]
    const answer = await kms.send(new TagResourceCommand({ KeyId, Tags }))
    expect(Object.keys(answer)).toEqual(['$metadata'])
    expect(await tagsOf(kms, KeyId)).toEqual(Tags)
    await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['Team', 'unknown'] }))
    expect(await tagsOf(kms, KeyId)).toEqual([{ TagKey: 'team', TagValue: 'blue' }])
    await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['team', ...tags(100).map(String)] }))
    expect(await tagsOf(kms, KeyId)).toEqual([])
  })

  it('may be called like members of objects', async () => {
    const { kms } = await openWorld(connect)
    const Tags = ['__proto__', 'constructor', 'hasOwnProperty'].map((TagKey) => ({
      TagKey,
      TagValue: 'data',
    }))
    const KeyId = await make(kms, Tags)
    expect(await tagsOf(kms, KeyId)).toEqual(Tags)
  })

  it.each(REFUSED)('are not %s', async (_, Tags, expected) => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms)
    expect(await outcome(kms, 'CreateKey', { Tags })).toBe(expected)
    expect(await outcome(kms, 'TagResource', { KeyId, Tags })).toBe(expected)
    expect(await tagsOf(kms, KeyId)).toEqual([])
  })

  it('are at most 50 on a key, however many come at once', async () => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms, tags(48))
    const answers = await Promise.all(
      tags(4, 48).map((tag) => outcome(kms, 'TagResource', { KeyId, Tags: [tag] })),
    )
    const refused = 'TagException: Too many tags'
    expect(answers.toSorted()).toEqual([refused, refused, 'ok', 'ok'].toSorted())
    const replaced = { KeyId, Tags: [{ TagKey: 'tag 3', TagValue: 'new' }] }
    expect(await outcome(kms, 'TagResource', replaced)).toBe('ok')
    expect(await tagsOf(kms, KeyId)).toHaveLength(50)
  })
})
