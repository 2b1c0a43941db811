/** Lists: order, filters, pages (contracts: OCI 11). */
import { beforeAll, describe, expect, test } from 'vitest'
import type { models, requests } from 'oci-keymanagement'
import { AES, compartment, ECDSA, refusal, RSA, word, onEachWay } from './world.ts'
import type { Furnished, World } from './world.ts'

onEachWay(({ world }) => {
  let w: World
  let v: Furnished
  const compartmentId = compartment('l')
  const NAMES = ['delta', 'alpha', 'echo', 'bravo', 'charlie']
  const SHAPES = [AES, { ...AES, length: 16 }, RSA, ECDSA, { ...ECDSA, length: 48 }]

  beforeAll(async () => {
    w = await world()
    v = await w.furnished()
    for (const [i, displayName] of NAMES.entries()) {
      const protectionMode = word(i % 2 === 0 ? 'SOFTWARE' : 'HSM')
      await v.key(SHAPES[i], { compartmentId, displayName, protectionMode })
      await w.vault({ compartmentId, displayName })
      w.clock.advance({ seconds: 1 })
    }
  })

  const namesOf = (items: readonly { displayName: string }[]) =>
    items.map(({ displayName }) => displayName)
  const BY_TIME = NAMES
  const BY_NAME = [...NAMES].sort()

  const ORDERS: [object, readonly string[]][] = [
    [{}, BY_TIME.toReversed()],
    [{ sortBy: word('TIMECREATED') }, BY_TIME.toReversed()],
    [{ sortBy: word('TIMECREATED'), sortOrder: word('ASC') }, BY_TIME],
    [{ sortBy: word('DISPLAYNAME') }, BY_NAME],
    [{ sortBy: word('DISPLAYNAME'), sortOrder: word('DESC') }, BY_NAME.toReversed()],
  ]

  describe('order and pages', () => {
    test.each(ORDERS)('of keys and vaults with %j', async (query, names) => {
      expect(namesOf((await v.keys.listKeys({ compartmentId, ...query })).items)).toEqual(names)
      expect(namesOf((await w.vaults.listVaults({ compartmentId, ...query })).items)).toEqual(names)
      const paged: models.KeySummary[] = []
      // The client writes the page into the request that it was given.
      const request = () => ({ compartmentId, limit: 2, ...query })
      for await (const key of v.keys.listAllKeys(request())) paged.push(key)
      expect(namesOf(paged)).toEqual(names)
      const pages: number[] = []
      for await (const { items } of w.vaults.listAllVaultsResponses(request()))
        pages.push(items.length)
      expect(pages).toEqual([2, 2, 1])
    })

    test('a page token can stand in a URL as it is', async () => {
      const { opcNextPage } = await v.keys.listKeys({ compartmentId, limit: 1 })
      expect(opcNextPage).toMatch(/^[A-Za-z0-9_-]+$/)
      expect((await v.keys.listKeys({ compartmentId, limit: 5 })).opcNextPage).toBeFalsy()
    })

    test('of versions, by number', async () => {
      const { id: keyId, currentKeyVersion: first } = await v.key()
      for (let i = 0; i < 3; i++) await v.keys.createKeyVersion({ keyId })
      const ids: string[] = []
      for await (const { id } of v.keys.listAllKeyVersions({ keyId, limit: 3 })) ids.push(id)
      expect(ids).toHaveLength(4)
      expect(ids.at(-1)).toBe(first)
      const up = await v.keys.listKeyVersions({ keyId, sortOrder: word('ASC') })
      expect(up.items.map(({ id }) => id)).toEqual(ids.toReversed())
      const named = await v.keys.listKeyVersions({ keyId, sortBy: word('DISPLAYNAME') })
      expect(named.items).toEqual(up.items)
    })
  })

  describe('filters', () => {
    type Query = Partial<requests.ListKeysRequest>
    test.each<[object, readonly string[]]>([
      [{ algorithm: 'AES' }, ['alpha', 'delta']],
      [{ algorithm: 'AES', length: 16 }, ['alpha']],
      [{ length: 32 }, ['bravo', 'delta']],
      [{ algorithm: 'ECDSA', curveId: 'NIST_P384' }, ['charlie']],
      [{ curveId: 'NIST_P521' }, []],
      [{ protectionMode: 'HSM' }, ['alpha', 'bravo']],
      [{ protectionMode: 'SOFTWARE', algorithm: 'RSA' }, ['echo']],
      [{ protectionMode: 'EXTERNAL' }, []],
    ])('%j', async (query, names) => {
      const request = { compartmentId, sortBy: word('DISPLAYNAME'), ...(query as Query) }
      expect(namesOf((await v.keys.listKeys(request)).items)).toEqual(names)
    })

    test('another compartment has none of them, and a moved key goes at once', async () => {
      const there = compartment('t')
      expect((await v.keys.listKeys({ compartmentId: there })).items).toEqual([])
      const { id: keyId } = await v.key(AES, { compartmentId: there })
      const details = { compartmentId: compartment('u') }
      await v.keys.changeKeyCompartment({ keyId, changeKeyCompartmentDetails: details })
      expect((await v.keys.listKeys({ compartmentId: there })).items).toEqual([])
      expect((await v.keys.listKeys(details)).items.map(({ id }) => id)).toEqual([keyId])
    })

    test('every state is listed', async () => {
      const there = compartment('s')
      const { id: keyId } = await v.key(AES, { compartmentId: there })
      await v.keys.scheduleKeyDeletion({ keyId, scheduleKeyDeletionDetails: {} })
      const state = async () =>
        (await v.keys.listKeys({ compartmentId: there })).items.map((item) => item.lifecycleState)
      expect(await state()).toEqual(['PENDING_DELETION'])
      w.clock.advance({ days: 30 })
      expect(await state()).toEqual(['DELETED'])
    })
  })

  describe('refused', () => {
    test.each<[string, object, string]>([
      ['no compartment', { compartmentId: undefined }, '400 MissingParameter'],
      ['a limit of 0', { limit: 0 }, '400 InvalidParameter'],
      ['a limit of 1001', { limit: 1001 }, '400 InvalidParameter'],
      ['a limit that is no number', { limit: 'ten' }, '400 InvalidParameter'],
      ['an order that is none', { sortOrder: 'UP' }, '400 InvalidParameter'],
      ['a field to sort by that is none', { sortBy: 'COLOUR' }, '400 InvalidParameter'],
      ['a page of nobody', { page: 'a+b/=' }, '400 InvalidParameter'],
      ['an algorithm that is none', { algorithm: 'DES' }, '400 InvalidParameter'],
      ['a curve that is none', { curveId: 'P-256' }, '400 InvalidParameter'],
    ])('%s', async (_, query, gives) => {
      // Whatever is undefined is not sent; the client itself asks for a compartment.
      const uri = `${v.keys.endpoint}/20180608/keys`
      const asked: Record<string, unknown> = { compartmentId, ...query }
      const pairs = Object.entries(asked).filter(([, value]) => value !== undefined)
      const search = pairs.map(([name, value]) => `${name}=${String(value)}`).join('&')
      const request = { method: 'GET', uri: `${uri}?${search}`, headers: new Headers() }
      const response = await w.httpClient.send(request)
      const { code } = (await response.json()) as { code: string }
      expect(`${response.status} ${code}`).toBe(gives)
    })

    test('the page of another list', async () => {
      const { opcNextPage } = await v.keys.listKeys({ compartmentId, limit: 1 })
      const page = opcNextPage
      const call = v.keys.listKeys({ compartmentId, page, sortBy: word('DISPLAYNAME') })
      expect(await refusal(call)).toBe('400 InvalidParameter')
    })
  })
})
