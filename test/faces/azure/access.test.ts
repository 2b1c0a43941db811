/** Who may do what: every operation needs its permission, and no other (contracts: Azure 1.2, 4). */
import { describe, expect, it } from 'vitest'
import { azureCredential, PERMISSIONS, type Permission } from '../../../src/faces/azure/index.ts'
import { OPERATIONS } from '../../../src/faces/azure/operations.ts'
import { HSM_HOST, openWorld, refusal, told, type World } from './world.ts'

const tokenOf = async (principal: string): Promise<string> =>
  (await azureCredential(principal).getToken()).token
const ALL_BUT = (lacking: Permission): readonly Permission[] =>
  PERMISSIONS.filter((permission) => permission !== lacking)

/** Refused for want of a permission, or answered in whichever other way. */
async function asks(world: World, name: string, principal: string): Promise<boolean> {
  const { method, path } = OPERATIONS[name]!
  const at = path.replace('{name}', 'a').replace('/{version?}', '')
  const body = method === 'GET' || method === 'DELETE' ? undefined : {}
  const { status, json } = await world.raw(method, at, body, await tokenOf(principal))
  return status !== 403 || json.error?.innererror?.code !== 'AccessDenied'
}

describe('access policies', () => {
  it.each(Object.entries(OPERATIONS))('%s asks for its permission alone', async (name, row) => {
    const { permission } = row
    const world = await openWorld({
      host: HSM_HOST,
      options: {
        accessPolicies: [
          { principal: 'has', permissions: [permission] },
          { principal: 'lacks', permissions: ALL_BUT(permission) },
          { principal: 'elsewhere', permissions: 'all', vault: 'bank' },
          { principal: 'here', permissions: 'all', vault: 'SHOP' },
        ],
      },
    })
    const answered = async (principal: string) => asks(world, name, principal)
    expect(await answered('has')).toBe(true)
    expect(await answered('here')).toBe(true)
    for (const principal of ['lacks', 'elsewhere', 'nobody', 'constructor'])
      expect([principal, await answered(principal)]).toEqual([principal, false])
  })

  it('let those do all that they allow, and the owner everything', async () => {
    const world = await openWorld({
      options: {
        accessPolicies: [
          { principal: 'maker', permissions: ['create', 'get'] },
          { principal: 'user', permissions: ['get', 'sign'] },
          { principal: 'user', permissions: ['verify'] },
        ],
      },
    })
    const maker = world.clientOf(azureCredential('maker'))
    const user = world.clientOf(azureCredential('user'))
    await maker.createEcKey('a')
    await maker.createEcKey('a')
    const signer = user.getCryptographyClient('a')
    const { result } = await signer.sign('ES256', Buffer.alloc(32))
    expect((await signer.verify('ES256', Buffer.alloc(32), result)).result).toBe(true)
    expect(await refusal(user.createEcKey('b'))).toBe('403 Forbidden AccessDenied')
    expect(await told(user.createEcKey('b'))).toMatch(
      /^The user, group or application 'user' does not have keys create permission on key vault 'shop'/,
    )
    // Nothing is told of what exists.
    expect(await refusal(maker.backupKey('none'))).toBe('403 Forbidden AccessDenied')
    expect(await refusal(maker.beginDeleteKey('a'))).toBe('403 Forbidden AccessDenied')
    await world.deleted('a')
  })

  it('are not asked where there are none: the policies of the room decide', async () => {
    const world = await openWorld()
    await world.client.createEcKey('a')
    const alice = world.clientOf(azureCredential('alice'))
    expect(await refusal(alice.getKey('a'))).toBe('403 Forbidden AccessDenied')
    const { items } = await world.room.listVaults({})
    await world.room.putKeyPolicy({
      keyId: 'alias/azure/A',
      vaultId: items[0]!.id,
      policy: JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: '*', Action: 'kms:DescribeKey', Resource: '*' }],
      }),
      bypassLockoutCheck: true,
    })
    expect((await alice.getKey('a')).name).toBe('a')
  })

  it('read the principal of a token in the ways that the options say', async () => {
    const jwt = (claims: object): string =>
      ['{"alg":"RS256"}', JSON.stringify(claims), 'x']
        .map((part) => Buffer.from(part).toString('base64url'))
        .join('.')
    const accessPolicies = [{ principal: 'oid-1', permissions: ['list'] as const }]
    const status = async (options: object, token: string) =>
      (await (await openWorld({ options })).raw('GET', '/keys', undefined, token)).status
    expect(await status({ accessPolicies }, jwt({ oid: 'oid-1' }))).toBe(200)
    expect(await status({ accessPolicies }, jwt({ oid: 'oid-2' }))).toBe(403)
    expect(await status({ accessPolicies }, jwt({}))).toBe(403)
    expect(await status({ accessPolicies }, 'opaque')).toBe(403)
    expect(await status({}, jwt({ oid: 'oid-2' }))).toBe(200)
    const principalOf = (token: string) => (token === 'admin' ? undefined : `oid-${token}`)
    expect(await status({ accessPolicies, principalOf }, '1')).toBe(200)
    expect(await status({ accessPolicies, principalOf }, '2')).toBe(403)
    expect(await status({ accessPolicies, principalOf }, 'admin')).toBe(200)
    const tokens = { secret: 'oid-1' }
    expect(await status({ accessPolicies, tokens }, 'secret')).toBe(200)
    expect(await status({ accessPolicies, tokens }, 'other')).toBe(401)
  })
})
