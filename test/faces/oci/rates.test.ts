/** How often may be asked (contracts: OCI 12). */
import { expect, test } from 'vitest'
import { OPERATIONS } from '../../../src/faces/oci/operations.ts'
import { COMPARTMENT, onEachWay, refusal } from './world.ts'

test('every operation is in the group that the documents say', () => {
  const in_ = (group: string) =>
    Object.keys(OPERATIONS)
      .filter((name) => OPERATIONS[name]!.group === group)
      .sort()
  expect(in_('provisioning read')).toEqual(['getVault', 'listVaults'])
  expect(in_('management read')).toEqual(['getKey', 'getKeyVersion', 'listKeyVersions', 'listKeys'])
  expect(in_('management write')).toEqual(
    ['createKey', 'createKeyVersion', 'disableKey', 'enableKey', 'updateKey'].sort(),
  )
  expect(in_('provisioning write')).toHaveLength(13)
})

onEachWay(({ world }) => {
  test('ten a second in each group, told apart, with the time to wait', async () => {
    const t = await world({ throttle: true })
    const { vault, keys, key } = await t.furnished()
    const { id: keyId } = await key()
    t.clock.advance({ seconds: 1 })
    const groups = {
      'provisioning read': () => t.vaults.getVault({ vaultId: vault.id }),
      'provisioning write': () => t.vaults.listVaultReplicas({ vaultId: vault.id }),
      'management read': () => keys.getKey({ keyId }),
      'management write': () => key(),
    }
    for (const [group, call] of Object.entries(groups)) {
      const replies = []
      for (let i = 0; i < 11; i++) replies.push(await refusal(call()))
      expect(replies.slice(0, 10), group).toEqual(Array(10).fill('ok'))
      expect(replies[10]).toBe('429 TooManyRequests')
    }
    for (let i = 0; i < 11; i++) await t.vaults.getVaultUsage({ vaultId: vault.id })
    t.clock.advance({ milliseconds: 999 })
    expect(await refusal(keys.getKey({ keyId }))).toBe('429 TooManyRequests')
    t.clock.advance({ milliseconds: 1 })
    expect(await refusal(keys.getKey({ keyId }))).toBe('ok')
  })

  test('the reply says how long to wait', async () => {
    const t = await world({ throttle: { perSecond: 1 } })
    await t.vaults.listVaults({ compartmentId: COMPARTMENT })
    const uri = `${t.service}/20180608/vaults?compartmentId=c`
    const response = await t.httpClient.send({ method: 'GET', uri, headers: new Headers() })
    expect(response.status).toBe(429)
    expect(response.headers.get('retry-after')).toBe('1')
  })
})
