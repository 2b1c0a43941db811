/** Soft deletion, recovery, purging, backups, over each transport (contracts: Azure 4.4, 4.5). */
import { describe, expect, it } from 'vitest'
import { azureCredential } from '../../../src/faces/azure/index.ts'
import { collect, DAY_MS, openWorld, refusal, START, told, TRANSPORT_NAMES } from './world.ts'

const NO_WAIT = { intervalInMs: 0 }

describe.each(TRANSPORT_NAMES)('a deleted key, %s', (transport) => {
  it('shows as deleted, and nowhere else', async () => {
    const { client, clock } = await openWorld({ transport })
    await client.createRsaKey('orders', { enabled: false, tags: { a: 'b' } })
    clock.advance({ hours: 2 })
    const at = new Date(START.getTime() + 7_200_000)
    const poller = await client.beginDeleteKey('orders', NO_WAIT)
    const deleted = await poller.pollUntilDone()
    expect(deleted.properties).toMatchObject({
      recoveryId: expect.stringMatching(/\/deletedkeys\/orders$/) as string,
      deletedOn: at,
      scheduledPurgeDate: new Date(at.getTime() + 90 * DAY_MS),
      enabled: false,
      tags: { a: 'b' },
    })
    expect((await client.getDeletedKey('orders')).id).toBe(deleted.id)
    expect(await refusal(client.getKey('orders'))).toBe('404 KeyNotFound')
    expect(await refusal(client.beginDeleteKey('orders', NO_WAIT))).toBe('404 KeyNotFound')
    expect(await refusal(client.backupKey('orders'))).toBe('404 KeyNotFound')
    expect(await collect(client.listPropertiesOfKeys())).toEqual([])
    expect(await collect(client.listPropertiesOfKeyVersions('orders'))).toEqual([])
    const listed = await collect(client.listDeletedKeys())
    expect(listed.map(({ name }) => name)).toEqual(['orders'])
    const again = client.createRsaKey('orders')
    expect(await refusal(again)).toBe('409 Conflict ObjectIsDeletedButRecoverable')
    expect(await told(client.createRsaKey('orders'))).toMatch(/deleted but recoverable state/)
  })

  it('comes back as it was', async () => {
    const { client, deleted } = await openWorld({ transport })
    const first = await client.createRsaKey('orders', { enabled: false })
    const second = await client.createRsaKey('orders')
    await deleted('orders')
    const recovered = await (await client.beginRecoverDeletedKey('orders', NO_WAIT)).pollUntilDone()
    expect(recovered.id).toBe(second.id)
    const versions = await collect(client.listPropertiesOfKeyVersions('orders'))
    expect(new Map(versions.map(({ version, enabled }) => [version, enabled]))).toEqual(
      new Map([
        [first.properties.version, false],
        [second.properties.version, true],
      ]),
    )
    expect(await refusal(client.getDeletedKey('orders'))).toBe('404 KeyNotFound')
    expect(await refusal(client.beginRecoverDeletedKey('none', NO_WAIT))).toBe('404 KeyNotFound')
  })

  it('is purged, and its name is free', async () => {
    const { client, deleted } = await openWorld({ transport })
    const first = await client.createEcKey('orders')
    expect(await refusal(client.purgeDeletedKey('orders'))).toBe('404 KeyNotFound')
    await deleted('orders')
    await client.purgeDeletedKey('orders')
    expect(await refusal(client.getDeletedKey('orders'))).toBe('404 KeyNotFound')
    expect(await collect(client.listDeletedKeys())).toEqual([])
    const second = await client.createEcKey('orders')
    expect(second.id).not.toBe(first.id)
    expect(await collect(client.listPropertiesOfKeyVersions('orders'))).toHaveLength(1)
  })

  it('is gone by itself when its retention is over', async () => {
    const options = { retentionDays: 7 }
    const { client, clock, deleted } = await openWorld({ transport, options })
    const { properties } = await client.createEcKey('orders')
    expect(properties).toMatchObject({
      recoverableDays: 7,
      recoveryLevel: 'CustomizedRecoverable+Purgeable',
    })
    await deleted('orders')
    clock.advance({ days: 6, hours: 23 })
    expect(await collect(client.listDeletedKeys())).toHaveLength(1)
    clock.advance({ hours: 1 })
    expect(await refusal(client.getDeletedKey('orders'))).toBe('404 KeyNotFound')
    await client.createEcKey('orders')
  })

  it('is not purged before its time where that is forbidden', async () => {
    const options = { purgeProtection: true }
    const { client, deleted } = await openWorld({ transport, options })
    const { properties } = await client.createEcKey('orders')
    expect(properties.recoveryLevel).toBe('Recoverable')
    await deleted('orders')
    expect(await refusal(client.purgeDeletedKey('orders'))).toBe('403 Forbidden')
    expect(await told(client.purgeDeletedKey('orders'))).toMatch(/purge protection is enabled/)
  })

  it('is on its way for a while, where the options say so', async () => {
    const options = { deletionMs: 5000 }
    const { client, clock } = await openWorld({ transport, options })
    await client.createEcKey('orders')
    const poller = await client.beginDeleteKey('orders', NO_WAIT)
    expect(poller.isDone()).toBe(false)
    const making = client.createEcKey('orders')
    expect(await refusal(making)).toBe('409 Conflict ObjectIsBeingDeleted')
    const purging = client.purgeDeletedKey('orders')
    expect(await refusal(purging)).toBe('409 Conflict ObjectIsBeingDeleted')
    expect(await collect(client.listDeletedKeys())).toEqual([])
    clock.advance({ seconds: 5 })
    expect((await poller.pollUntilDone()).name).toBe('orders')
  })
})

describe.each(TRANSPORT_NAMES)('a backup, %s', (transport) => {
  it('restores a purged key with its versions, attributes and policy, as often as one likes', async () => {
    const { client, clock, deleted } = await openWorld({ transport })
    const first = await client.createRsaKey('Orders', { tags: { a: 'b' } })
    const made = await client.createRsaKey('orders', { expiresOn: new Date('2030-01-01') })
    await client.updateKeyRotationPolicy('orders', {
      lifetimeActions: [{ action: 'Rotate', timeAfterCreate: 'P60D' }],
    })
    for (const _ of [1, 2]) {
      const backup = (await client.backupKey('orders'))!
      await deleted('orders')
      expect(await refusal(client.restoreKeyBackup(backup))).toBe('409 Conflict')
      await client.purgeDeletedKey('orders')
      clock.advance({ days: 1 })
      const restored = await client.restoreKeyBackup(backup)
      expect(restored).toEqual(made)
      expect(await refusal(client.restoreKeyBackup(backup))).toBe('409 Conflict')
    }
    const { version } = first.properties
    expect(await client.getKey('orders', { version: version! })).toEqual(first)
    const { lifetimeActions } = await client.getKeyRotationPolicy('orders')
    expect(lifetimeActions).toEqual([{ action: 'Rotate', timeAfterCreate: 'P60D' }])
    expect(await collect(client.listPropertiesOfKeyVersions('orders'))).toHaveLength(2)
  })

  it('that is none is refused', async () => {
    const { client } = await openWorld({ transport })
    const restoring = client.restoreKeyBackup(new Uint8Array(8693))
    expect(await refusal(restoring)).toBe('400 BadParameter')
    const message = await told(client.restoreKeyBackup(new Uint8Array(8693)))
    expect(message).toBe('Backup blob contains invalid or corrupt version.')
    expect(await refusal(client.backupKey('none'))).toBe('404 KeyNotFound')
  })
})

it('a vault that protects its keys goes on to do so, whoever asks', async () => {
  const first = await openWorld()
  await first.client.createEcKey('orders')
  await first.deleted('orders')
  const { room } = first
  await openWorld({ room, options: { purgeProtection: true } }).then(({ raw }) =>
    raw('GET', '/keys'),
  )
  expect(await refusal(first.client.purgeDeletedKey('orders'))).toBe('403 Forbidden')
})

it('a backup goes into another vault of the room', async () => {
  const { client, room } = await openWorld()
  const { key } = await client.createEcKey('orders')
  const backup = (await client.backupKey('orders'))!
  const other = await openWorld({ room, host: 'other.vault.azure.net' })
  const restored = await other.client.restoreKeyBackup(backup)
  expect(restored.id).toMatch(/^https:\/\/other\.vault\.azure\.net\/keys\/orders\//)
  expect(restored.key!.x).toEqual(key!.x)
  await other.deleted('orders')
  expect((await client.getKey('orders')).name).toBe('orders')
  expect(other.clientOf(azureCredential())).toBeDefined()
})
