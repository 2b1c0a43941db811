/** Lists in pages (contracts: AWS 10.5): each item once, whatever comes and goes between the pages. */
import {
  CreateAliasCommand,
  CreateKeyCommand,
  DeleteAliasCommand,
  ListAliasesCommand,
  ListKeysCommand,
  ListResourceTagsCommand,
  paginateListAliases,
  paginateListKeys,
  paginateListResourceTags,
  ScheduleKeyDeletionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  type CreateKeyCommandInput,
  type KMSClient,
} from '@aws-sdk/client-kms'
import { describe, expect, it } from 'vitest'
import { ask, outcome } from './ask.ts'
import { openWorld, TRANSPORTS } from './world.ts'

async function make(kms: KMSClient, input: CreateKeyCommandInput = {}): Promise<string> {
  return (await kms.send(new CreateKeyCommand(input))).KeyMetadata!.KeyId!
}
async function several(kms: KMSClient, count: number): Promise<readonly string[]> {
  const made: string[] = []
  for (let i = 0; i < count; i++) made.push(await make(kms))
  return made
}
async function collect<T>(pages: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = []
  for await (const page of pages) found.push(page)
  return found
}

/** Contracts: AWS 10.5, the most that a page of each list may have. */
const MAXIMA: readonly (readonly [string, number])[] = [
  ['ListKeys', 1000],
  ['ListAliases', 100],
  ['ListResourceTags', 50],
]

describe.each(Object.entries(TRANSPORTS))('lists through the %s', (_, connect) => {
  it('of keys have all but those that are gone, in full pages', async () => {
    const { kms, clock, room } = await openWorld(connect)
    const made = await several(kms, 9)
    const schedule = (KeyId: string) =>
      kms.send(new ScheduleKeyDeletionCommand({ KeyId, PendingWindowInDays: 7 }))
    for (const i of [0, 1, 5]) await schedule(made[i]!)
    clock.advance({ days: 7 })
    await room.destroyKey({ keyId: made[2]! })
    await schedule(made[8]!)
    const pages = await collect(paginateListKeys({ client: kms, pageSize: 2 }, {}))
    const kept = [3, 4, 6, 7, 8].map((i) => made[i])
    expect(pages.map(({ Keys, Truncated }) => [Keys!.length, Truncated])).toEqual([
      [2, true],
      [2, true],
      [1, false],
    ])
    expect(pages.flatMap(({ Keys }) => Keys!.map(({ KeyId }) => KeyId))).toEqual(kept)
    expect(pages.at(-1)).not.toHaveProperty('NextMarker')
  })

  it('of keys keep their place while keys come and go', async () => {
    const { kms, room } = await openWorld(connect)
    const made = await several(kms, 5)
    const first = await kms.send(new ListKeysCommand({ Limit: 2 }))
    await room.destroyKey({ keyId: made[0]! })
    await room.destroyKey({ keyId: made[3]! })
    const late = await make(kms)
    const { Keys } = await kms.send(new ListKeysCommand({ Marker: first.NextMarker }))
    expect(Keys!.map(({ KeyId }) => KeyId)).toEqual([made[2], made[4], late])
  })

  it('of aliases are ordered by name and keep their place', async () => {
    const { kms } = await openWorld(connect)
    const [TargetKeyId, other] = [await make(kms), await make(kms)]
    const alias = (name: string) => `alias/${name}`
    for (const name of ['d', 'b', 'a', 'c'])
      await kms.send(new CreateAliasCommand({ AliasName: alias(name), TargetKeyId }))
    const first = await kms.send(new ListAliasesCommand({ Limit: 2 }))
    const names = (page: typeof first) => page.Aliases!.map(({ AliasName }) => AliasName)
    expect(names(first)).toEqual(['a', 'b'].map(alias))
    await kms.send(new DeleteAliasCommand({ AliasName: alias('b') }))
    await kms.send(new CreateAliasCommand({ AliasName: alias('bb'), TargetKeyId: other }))
    await kms.send(new CreateAliasCommand({ AliasName: alias('aa'), TargetKeyId }))
    const rest = await kms.send(new ListAliasesCommand({ Marker: first.NextMarker }))
    expect(names(rest)).toEqual(['bb', 'c', 'd'].map(alias))
    const input = { KeyId: TargetKeyId }
    const pages = await collect(paginateListAliases({ client: kms, pageSize: 1 }, input))
    expect(pages.flatMap(names)).toEqual(['a', 'aa', 'c', 'd'].map(alias))
  })

  it('of tags are ordered by key and keep their place', async () => {
    const { kms } = await openWorld(connect)
    const tag = (TagKey: string) => ({ TagKey, TagValue: TagKey.toUpperCase() })
    const KeyId = await make(kms, { Tags: ['d', 'é', 'b', 'a', 'c'].map(tag) })
    const first = await kms.send(new ListResourceTagsCommand({ KeyId, Limit: 2 }))
    expect(first).toMatchObject({ Tags: [tag('a'), tag('b')], Truncated: true })
    await kms.send(new UntagResourceCommand({ KeyId, TagKeys: ['a', 'b', 'd'] }))
    await kms.send(new TagResourceCommand({ KeyId, Tags: [tag('aa'), tag('bb')] }))
    const Marker = first.NextMarker
    const rest = await kms.send(new ListResourceTagsCommand({ KeyId, Marker }))
    expect(rest).toMatchObject({ Tags: [tag('bb'), tag('c'), tag('é')], Truncated: false })
    const pages = await collect(paginateListResourceTags({ client: kms, pageSize: 2 }, { KeyId }))
    expect(pages.flatMap(({ Tags }) => Tags!)).toEqual(['aa', 'bb', 'c', 'é'].map(tag))
  })

  it.each(MAXIMA)('%s has at most %i in a page', async (name, most) => {
    const { kms } = await openWorld(connect)
    const KeyId = await make(kms)
    const input = name === 'ListResourceTags' ? { KeyId } : {}
    expect(await outcome(kms, name, { ...input, Limit: most })).toBe('ok')
    expect(await outcome(kms, name, { ...input, Limit: most + 1 })).toBe(
      `ValidationException: 1 validation error detected: Value '${most + 1}' at 'limit' failed to ` +
        `satisfy constraint: Member must have value less than or equal to ${most}`,
    )
  })

  it('have markers that are good for their own list alone', async () => {
    const { kms, client } = await openWorld(connect)
    const Tags = [0, 1].map((i) => ({ TagKey: `${i}`, TagValue: '' }))
    const [KeyId, other] = [await make(kms, { Tags }), await make(kms, { Tags })]
    const keys = await ask(kms, 'ListKeys', { Limit: 1 })
    const tags = await ask(kms, 'ListResourceTags', { KeyId, Limit: 1 })
    const elsewhere = client({ region: 'us-east-1' })
    const invalid = /^InvalidMarkerException: /
    const refused = async (kms: KMSClient, name: string, input: object) => {
      expect(await outcome(kms, name, input)).toMatch(invalid)
    }
    await refused(elsewhere, 'ListKeys', { Marker: keys['NextMarker'] })
    await refused(kms, 'ListAliases', { Marker: keys['NextMarker'] })
    await refused(kms, 'ListResourceTags', { KeyId, Marker: keys['NextMarker'] })
    await refused(kms, 'ListResourceTags', { KeyId: other, Marker: tags['NextMarker'] })
    for (const Marker of ['x', ' ', 'ÿ', 'WyJhIl0', `${String(tags['NextMarker'])}=`])
      for (const name of ['ListKeys', 'ListAliases', 'ListResourceTags'])
        await refused(kms, name, { ...(name === 'ListResourceTags' && { KeyId }), Marker })
  })
})
