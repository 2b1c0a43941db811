/** Rotation, on demand and by the clock of the room, over each transport (contracts: Azure 4.7). */
import { describe, expect, it } from 'vitest'
import {
  collect,
  DAY_MS,
  HSM_HOST,
  openWorld,
  refusal,
  START,
  told,
  TRANSPORT_NAMES,
  type World,
} from './world.ts'

const versions = async ({ client }: World): Promise<number> =>
  (await collect(client.listPropertiesOfKeyVersions('orders'))).length

describe.each(TRANSPORT_NAMES)('rotation, %s', (transport) => {
  it('makes another version with what the one before was for', async () => {
    const { client } = await openWorld({ transport })
    const made = await client.createRsaKey('orders', {
      keyOps: ['sign', 'verify'],
      tags: { a: 'b' },
      expiresOn: new Date('2027-01-01'),
      enabled: false,
    })
    const rotated = await client.rotateKey('orders')
    expect(rotated.id).not.toBe(made.id)
    expect(rotated.key!.n).not.toEqual(made.key!.n)
    expect(rotated.keyOperations).toEqual(['sign', 'verify'])
    expect(rotated.properties).toMatchObject({ tags: { a: 'b' }, enabled: true })
    expect(rotated.properties.expiresOn).toBeUndefined()
    expect(await refusal(client.rotateKey('none'))).toBe('404 KeyNotFound')
  })

  it('gives the expiry of the policy', async () => {
    const { client } = await openWorld({ transport })
    await client.createRsaKey('orders')
    await client.updateKeyRotationPolicy('orders', { lifetimeActions: [], expiresIn: 'P90D' })
    const { properties } = await client.rotateKey('orders')
    expect(properties.expiresOn!.getTime()).toBe(START.getTime() + 90 * DAY_MS)
  })

  it('comes by itself so long after a version was made', async () => {
    const world = await openWorld({ transport })
    const { client, clock } = world
    const made = await client.createEcKey('orders', { tags: { a: 'b' }, keyOps: ['sign'] })
    await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P2M' }],
      expiresIn: 'P6M',
    })
    clock.advance({ days: 59 })
    expect(await versions(world)).toBe(1)
    clock.advance({ days: 1 })
    const rotated = await client.getKey('orders')
    expect(rotated.id).not.toBe(made.id)
    expect(rotated.keyOperations).toEqual(['sign'])
    expect(rotated.properties).toMatchObject({
      tags: { a: 'b' },
      createdOn: new Date(START.getTime() + 60 * DAY_MS),
      expiresOn: new Date(START.getTime() + 240 * DAY_MS),
    })
    clock.advance({ days: 120 })
    expect(await versions(world)).toBe(4)
  })

  it('comes by itself so long before a version expires, once it does', async () => {
    const world = await openWorld({ transport })
    const { client, clock } = world
    await client.createEcKey('orders')
    await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [{ action: 'Rotate', timeBeforeExpiry: 'P30D' }],
      expiresIn: 'P90D',
    })
    clock.advance({ days: 100 })
    expect(await versions(world)).toBe(1)
    const expiresOn = new Date(START.getTime() + 150 * DAY_MS)
    await client.updateKeyProperties('orders', { expiresOn })
    clock.advance({ days: 20 })
    expect(await versions(world)).toBe(2)
    clock.advance({ days: 60 })
    expect(await versions(world)).toBe(3)
  })

  it('policies are shown as they were set, and replaced as a whole', async () => {
    const { client, clock } = await openWorld({ transport })
    await client.createRsaKey('orders')
    const untouched = await client.getKeyRotationPolicy('orders')
    expect(untouched).toMatchObject({
      lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'P30D' }],
    })
    expect(untouched.id).toBeUndefined()
    const set = await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [
        { action: 'Rotate', timeAfterCreate: 'P2M' },
        { action: 'Notify', timeBeforeExpiry: 'P30D' },
      ],
      expiresIn: 'P1Y10D',
    })
    expect(set).toMatchObject({ expiresIn: 'P1Y10D', createdOn: START, updatedOn: START })
    expect(set.id).toMatch(/\/keys\/orders\/rotationpolicy$/)
    clock.advance({ hours: 1 })
    await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [{ action: 'Notify', timeBeforeExpiry: 'P30D' }],
    })
    const replaced = await client.getKeyRotationPolicy('orders')
    expect(replaced.lifetimeActions).toEqual([{ action: 'Notify', timeBeforeExpiry: 'P30D' }])
    expect(replaced.expiresIn).toBeUndefined()
    expect(replaced.createdOn).toEqual(START)
    expect(replaced.updatedOn!.getTime()).toBe(START.getTime() + 3_600_000)
    expect(await refusal(client.getKeyRotationPolicy('none'))).toBe('404 KeyNotFound')
    expect(await refusal(client.updateKeyRotationPolicy('none', {}))).toBe('404 KeyNotFound')
  })

  it('policies that contradict themselves are refused', async () => {
    const { client, raw } = await openWorld({ transport })
    await client.createRsaKey('orders')
    const Rotate = 'Rotate' as const
    for (const policy of [
      { lifetimeActions: [{ action: Rotate, timeAfterCreate: 'P6D' }] },
      { lifetimeActions: [{ action: Rotate, timeAfterCreate: 'P60D', timeBeforeExpiry: 'P30D' }] },
      { lifetimeActions: [{ action: Rotate }] },
      { lifetimeActions: [{ action: Rotate, timeBeforeExpiry: 'P30D' }] },
      { lifetimeActions: [{ action: Rotate, timeBeforeExpiry: 'P30D' }], expiresIn: 'P30D' },
      { lifetimeActions: [{ action: Rotate, timeAfterCreate: 'PT1H' }] },
      { lifetimeActions: [{ action: 'Notify' as const, timeAfterCreate: 'P30D' }] },
      { lifetimeActions: [], expiresIn: 'P27D' },
      { lifetimeActions: [], expiresIn: 'P11Y' },
      {
        lifetimeActions: [
          { action: Rotate, timeAfterCreate: 'P30D' },
          { action: Rotate, timeAfterCreate: 'P60D' },
        ],
      },
    ])
      expect([policy, await refusal(client.updateKeyRotationPolicy('orders', policy))]).toEqual([
        policy,
        '400 BadParameter',
      ])
    for (const body of [{}, { attributes: {} }, { lifetimeActions: [], attributes: {} }])
      expect((await raw('PUT', '/keys/orders/rotationpolicy', body)).status).toBe(200)
    const empty = { timeAfterCreate: 'P30D', timeBeforeExpiry: '' }
    const body = { lifetimeActions: [{ trigger: empty, action: { type: 'rotate' } }] }
    const { json } = await raw('PUT', '/keys/orders/rotationpolicy', body)
    expect(json['lifetimeActions']).toEqual([
      { trigger: { timeAfterCreate: 'P30D' }, action: { type: 'Rotate' } },
    ])
  })

  it('of a managed HSM wants a policy first, and has no notices', async () => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    await client.createRsaKey('orders')
    expect(await told(client.rotateKey('orders'))).toMatch(/policy has to be set/)
    const notify = { lifetimeActions: [{ action: 'Notify' as const, timeBeforeExpiry: 'P30D' }] }
    expect(await refusal(client.updateKeyRotationPolicy('orders', notify))).toBe('400 BadParameter')
    await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P28D' }],
    })
    expect((await client.rotateKey('orders')).name).toBe('orders')
  })
})
