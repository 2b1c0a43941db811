/** Keys: made, shown, changed, listed, over each transport (contracts: Azure 1, 2, 3, 4.1, 4.2, 4.6). */
import { describe, expect, it } from 'vitest'
import { collect, HSM_HOST, openWorld, refusal, START, told, TRANSPORT_NAMES } from './world.ts'

const KID = /^https?:\/\/[^/]+\/keys\/([^/]+)\/([0-9a-f]{32})$/

describe.each(TRANSPORT_NAMES)('keys, %s', (transport) => {
  it('are made with the defaults of their type', async () => {
    const { client } = await openWorld({ transport })
    const rsa = await client.createRsaKey('orders')
    expect(rsa.id).toMatch(KID)
    expect(rsa).toMatchObject({ name: 'orders', keyType: 'RSA' })
    expect(rsa.keyOperations).toEqual([
      ...['encrypt', 'decrypt', 'sign', 'verify', 'wrapKey', 'unwrapKey'],
    ])
    expect(rsa.key!.n).toHaveLength(256)
    expect(Buffer.from(rsa.key!.e!).toString('hex')).toBe('010001')
    expect(rsa.properties).toMatchObject({
      enabled: true,
      recoverableDays: 90,
      recoveryLevel: 'Recoverable+Purgeable',
      exportable: false,
      hsmPlatform: '0',
      createdOn: START,
      updatedOn: START,
    })
    expect(rsa.properties.tags).toBeUndefined()
    const ec = await client.createEcKey('seal')
    expect(ec).toMatchObject({ keyType: 'EC', keyOperations: ['sign', 'verify'] })
    expect(ec.key!.crv).toBe('P-256')
    expect([ec.key!.x!.length, ec.key!.y!.length]).toEqual([32, 32])
  })

  it('have every size, curve and type of a vault', async () => {
    const { client } = await openWorld({ transport })
    for (const keySize of [2048, 3072, 4096]) {
      const { key } = await client.createRsaKey(`rsa-${keySize}`, { keySize })
      expect(key!.n).toHaveLength(keySize / 8)
    }
    for (const [curve, bytes] of [
      ...([['P-256', 32] as const, ['P-384', 48] as const] as const),
      ...([['P-521', 66] as const, ['P-256K', 32] as const] as const),
    ]) {
      const { key, keyType } = await client.createEcKey(`ec-${curve}`, { curve, hsm: true })
      expect([keyType, key!.crv, key!.x!.length]).toEqual(['EC-HSM', curve, bytes])
    }
    const hsm = await client.createRsaKey('rsa-hsm', { hsm: true })
    expect([hsm.keyType, hsm.properties.hsmPlatform]).toEqual(['RSA-HSM', '2'])
    const oct = await client.createOctKey('oct', { hsm: true, keySize: 192 })
    expect(oct.keyType).toBe('oct-HSM')
    expect(oct.key!.k).toBeUndefined()
    expect(await refusal(client.createOctKey('soft'))).toBe('400 BadParameter')
  })

  it('of a managed HSM are all in hardware', async () => {
    const { client } = await openWorld({ transport, host: HSM_HOST })
    const rsa = await client.createRsaKey('orders')
    const oct = await client.createOctKey('data')
    expect([rsa.keyType, oct.keyType]).toEqual(['RSA-HSM', 'oct-HSM'])
    expect(oct.keyOperations).toEqual(['encrypt', 'decrypt', 'wrapKey', 'unwrapKey'])
    expect(rsa.properties.hsmPlatform).toBeUndefined()
    const mac = await client.createOctKey('mac', { keySize: 512, keyOps: ['sign', 'verify'] })
    expect(mac.keyOperations).toEqual(['sign', 'verify'])
  })

  it('carry what they are made with', async () => {
    const { client } = await openWorld({ transport })
    const notBefore = new Date('2019-01-01T00:00:00Z')
    const expiresOn = new Date('2019-12-31T00:00:00Z')
    const made = await client.createRsaKey('orders', {
      enabled: false,
      notBefore,
      expiresOn,
      tags: { shop: 'fruit' },
      keyOps: ['sign', 'verify'],
    })
    const found = await client.getKey('orders')
    for (const { properties, keyOperations } of [made, found]) {
      expect(properties).toMatchObject({ enabled: false, notBefore, expiresOn })
      expect(properties.tags).toEqual({ shop: 'fruit' })
      expect(keyOperations).toEqual(['sign', 'verify'])
    }
  })

  it('take no date after 2038 of this client, which makes a negative number of it', async () => {
    const { client, raw } = await openWorld({ transport })
    const expiresOn = new Date('2050-01-01T00:00:00Z')
    const message = await told(client.createEcKey('late', { expiresOn }))
    expect(message).toMatch(/attributes\.exp .*an integer from 0/)
    const exp = expiresOn.getTime() / 1000
    const body = { kty: 'EC', attributes: { exp } }
    const { json } = await raw('POST', '/keys/later/create', body)
    expect(json).toMatchObject({ attributes: { exp } })
  })

  it('get another version by being made again, of another size too', async () => {
    const { client } = await openWorld({ transport })
    const first = await client.createRsaKey('orders')
    const second = await client.createRsaKey('ORDERS', { keySize: 3072 })
    const third = await client.createEcKey('orders')
    expect(second.name).toBe('orders')
    const versions = [first, second, third].map(({ properties }) => properties.version!)
    expect(new Set(versions).size).toBe(3)
    expect((await client.getKey('orders')).properties.version).toBe(versions[2])
    const old = await client.getKey('orders', { version: versions[0]! })
    expect(old.key!.n).toEqual(first.key!.n)
    const listed = await collect(client.listPropertiesOfKeyVersions('orders'))
    expect(listed.map(({ version }) => version)).toEqual([...versions].sort())
    expect((await client.getKey('orders')).keyType).toBe('EC')
  })

  it('are changed by version, or the latest one is', async () => {
    const { client, clock } = await openWorld({ transport })
    const first = await client.createRsaKey('orders', { tags: { a: '1' } })
    await client.createRsaKey('orders')
    clock.advance({ hours: 1 })
    const { version } = first.properties
    const old = await client.updateKeyProperties('orders', version!, { enabled: false })
    expect(old.properties).toMatchObject({ version, enabled: false, tags: { a: '1' } })
    expect(old.properties.updatedOn!.getTime() - START.getTime()).toBe(3_600_000)
    const latest = await client.updateKeyProperties('orders', {
      tags: { b: '2' },
      keyOps: ['encrypt'],
    })
    expect(latest.properties.version).not.toBe(version)
    expect(latest.properties).toMatchObject({ enabled: true, tags: { b: '2' } })
    expect(latest.keyOperations).toEqual(['encrypt'])
    const again = await client.updateKeyProperties('orders', version!, { enabled: true })
    expect(again.properties.enabled).toBe(true)
  })

  it('are listed in pages, in the order of their names', async () => {
    const { client } = await openWorld({ transport })
    for (const name of ['b', 'C', 'a', 'e', 'D', 'f', 'g']) await client.createEcKey(name)
    const names = (await collect(client.listPropertiesOfKeys())).map(({ name }) => name)
    expect(names).toEqual(['a', 'b', 'C', 'D', 'e', 'f', 'g'])
    const pages = await collect(client.listPropertiesOfKeys().byPage({ maxPageSize: 3 }))
    expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
    for (const _ of [1, 2, 3, 4]) await client.createEcKey('a')
    const versions = client.listPropertiesOfKeyVersions('a').byPage({ maxPageSize: 2 })
    expect((await collect(versions)).map((page) => page.length)).toEqual([2, 2, 1])
    expect(await collect(client.listPropertiesOfKeyVersions('none'))).toEqual([])
    const tooMany = client.listPropertiesOfKeys().byPage({ maxPageSize: 1000 })
    expect(await refusal(tooMany.next())).toBe('400 BadParameter')
  })

  it('are refused as the service refuses', async () => {
    const { client } = await openWorld({ transport })
    expect(await refusal(client.getKey('none'))).toBe('404 KeyNotFound')
    expect(await told(client.getKey('none'))).toMatch(/^A key with \(name\/id\) none was not found/)
    await client.createEcKey('a')
    expect(await refusal(client.getKey('a', { version: '0'.repeat(32) }))).toBe('404 KeyNotFound')
    expect(await refusal(client.getKey('a', { version: 'x' }))).toBe('400 BadParameter')
    expect(await refusal(client.createKey('', 'RSA'))).toBe('400 BadParameter')
    expect(await refusal(client.createKey('a_b', 'RSA'))).toBe('400 BadParameter')
    expect(await refusal(client.createKey('a', 'DSA'))).toBe('400 BadParameter')
    expect(await refusal(client.createRsaKey('a', { keySize: 1024 }))).toBe('400 BadParameter')
    expect(await refusal(client.createEcKey('a', { keyOps: ['encrypt'] }))).toBe('400 BadParameter')
    const tags = Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`t${i}`, '']))
    expect(await refusal(client.createEcKey('b', { tags }))).toBe('400 BadParameter')
    expect(await refusal(client.updateKeyProperties('none', {}))).toBe('404 KeyNotFound')
    const hsm = client.createEcKey('a', { hsm: true })
    expect(await told(hsm)).toMatch(/protected in another way/)
  })

  it('of one name are made once, however many ask at the same time', async () => {
    const { client } = await openWorld({ transport })
    const made = await Promise.all([1, 2, 3, 4].map(() => client.createEcKey('rush')))
    expect(new Set(made.map(({ id }) => id)).size).toBe(4)
    expect(await collect(client.listPropertiesOfKeyVersions('rush'))).toHaveLength(4)
    expect(await collect(client.listPropertiesOfKeys())).toHaveLength(1)
  })
})
