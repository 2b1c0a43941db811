/** How requests travel: the challenge, versions, paths, headers, ends (contracts: Azure 0, 1, 5, 6). */
import { CryptographyClient, KeyClient } from '@azure/keyvault-keys'
import { describe, expect, it } from 'vitest'
import { createNodeProvider } from '../../../src/crypto/node/index.ts'
import type { CryptoProvider } from '../../../src/crypto/provider.ts'
import {
  azureCredential,
  azureFetch,
  azureHandler,
  azureHttpClient,
} from '../../../src/faces/azure/index.ts'
import { awsFace, azureFace, serve } from '../../../src/server/index.ts'
import { API, HSM_HOST, openRoom, openWorld, refusal, told, VAULT_HOST } from './world.ts'

const ASK = { method: 'GET', headers: {}, url: `https://${VAULT_HOST}/keys?api-version=${API}` }

describe('the challenge', () => {
  it('is what a request without a token gets, whatever it asks for', async () => {
    const handle = azureHandler(await openRoom())
    const { status, headers, body } = await handle(ASK)
    expect(status).toBe(401)
    expect(headers['www-authenticate']).toBe(
      'Bearer authorization="https://login.microsoftonline.com/' +
        '00000000-0000-0000-0000-000000000000", resource="https://vault.azure.net"',
    )
    expect(JSON.parse(body)).toEqual({
      error: {
        code: 'Unauthorized',
        message: 'AKV10000: Request is missing a Bearer or PoP token.',
      },
    })
  })

  it.each([
    [HSM_HOST, 'https://managedhsm.azure.net'],
    ['shop.vault.azure.cn', 'https://vault.azure.cn'],
    ['v1.localhost:4599', 'https://localhost'],
    ['127.0.0.1:4599', 'https://vault.azure.net'],
    ['localhost:4599', 'https://vault.azure.net'],
  ])('of %s names %s', async (host, resource) => {
    const handle = azureHandler(await openRoom(), { tenantId: 'contoso' })
    const { headers } = await handle({ ...ASK, url: '/keys', headers: { Host: host } })
    expect(headers['www-authenticate']).toContain(`resource="${resource}"`)
    expect(headers['www-authenticate']).toContain('microsoftonline.com/contoso"')
  })

  it('is answered once, by requests at the same time too', async () => {
    const { client, clientOf } = await openWorld()
    const scopes: unknown[] = []
    const credential = {
      getToken: (asked?: unknown) => {
        scopes.push(asked)
        return azureCredential().getToken()
      },
    }
    const counted = clientOf(credential)
    await Promise.all(['a', 'b', 'c'].map((name) => counted.createEcKey(name)))
    await counted.getKey('a')
    expect(new Set(scopes.map(String))).toEqual(new Set(['https://vault.azure.net/.default']))
    expect(scopes.length).toBeLessThanOrEqual(3)
    expect((await client.getKey('c')).name).toBe('c')
  })

  it('comes back where a token is not known', async () => {
    const { raw, clientOf } = await openWorld({ options: { tokens: { 'token-of-a': 'alice' } } })
    const { status, headers } = await raw('GET', '/keys')
    expect([status, headers['www-authenticate']]).toEqual([
      401,
      expect.stringContaining('error="invalid_token"'),
    ])
    expect((await raw('GET', '/keys', undefined, 'constructor')).status).toBe(401)
    expect(await refusal(clientOf(azureCredential()).getKey('a'))).toBe('401 Unauthorized')
  })
})

describe('requests', () => {
  it('need a version of the API', async () => {
    const handle = azureHandler(await openRoom())
    const ask = async (query: string) => {
      const url = `https://${VAULT_HOST}/keys${query}`
      const { status, body } = await handle({ ...ASK, url, headers: { Authorization: 'Bearer x' } })
      return [status, (JSON.parse(body) as { error?: { code: string } }).error?.code]
    }
    for (const known of ['7.1', '7.6-preview.2', '2025-07-01', '2016-10-01', '2026-05-01-preview'])
      expect(await ask(`?api%2Dversion=${known}`)).toEqual([200, undefined])
    for (const query of ['', '?api-version=', '?api-version=8', '?api-version=7.5&&api-version'])
      expect(await ask(query)).toEqual(
        query.includes('7.5') ? [200, undefined] : [400, 'BadParameter'],
      )
  })

  it('find their operation in any case, with empty segments', async () => {
    const { raw, client } = await openWorld()
    await client.createEcKey('a')
    const digest = Buffer.alloc(32).toString('base64url')
    for (const path of ['/keys/A/', '/keys//a', '/KEYS/a'])
      expect([path, (await raw('GET', path)).status]).toEqual([path, 200])
    const signed = await raw('POST', '/keys/a//SIGN', { alg: 'ES256', value: digest })
    expect(signed.status).toBe(200)
    expect((await raw('POST', '/keys//restore', { value: '' })).status).toBe(400)
    expect((await raw('POST', '/keys//create', { kty: 'RSA' })).status).toBe(400)
    expect((await raw('POST', '/keys/a', {})).json.error?.code).toBe('MethodNotAllowed')
    expect((await raw('GET', '/secrets')).json.error?.code).toBe('NotFound')
    expect((await raw('GET', '/keys/%FF')).json.error?.code).toBe('BadParameter')
  })

  it('are told apart by the headers of their replies', async () => {
    const room = await openRoom({ region: 'westeurope' })
    const { headers } = await azureHandler(room)({
      ...ASK,
      headers: {
        authorization: 'Bearer x',
        'x-ms-client-request-id': 'mine',
        'x-ms-return-client-request-id': 'true',
      },
    })
    expect(headers).toMatchObject({
      'content-type': 'application/json; charset=utf-8',
      'x-ms-keyvault-region': 'westeurope',
      'x-ms-client-request-id': 'mine',
      'x-ms-request-id': expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    })
  })

  it('end when their client gives up', async () => {
    const provider = createNodeProvider()
    const generatePair: CryptoProvider['generatePair'] = async (spec) => {
      await new Promise((resolve) => setTimeout(resolve, 200))
      return provider.generatePair(spec)
    }
    const { client } = await openWorld({ open: { crypto: { ...provider, generatePair } } })
    const abortSignal = AbortSignal.abort()
    expect(await told(client.getKey('a', { abortSignal }))).toMatch(/abort/i)
    await client.getKey('a').catch(() => undefined)
    const slow = client.createEcKey('a', { requestOptions: { timeout: 20 } })
    expect(await told(slow)).toBe('The operation was aborted: timeout.')
  })

  it('may be answered by somebody else', async () => {
    const { client } = await openWorld({
      options: {
        intercept: ({ operation, principal }) =>
          operation === 'getKey' && principal === undefined
            ? { status: 429, code: 'Throttled', retryAfter: 1 }
            : undefined,
      },
    })
    await client.createEcKey('a')
    expect(await refusal(client.getKey('a'))).toBe('429 Throttled')
  })
})

describe('vaults', () => {
  it('are told apart by the names of their hosts', async () => {
    const room = await openRoom()
    const [shop, bank] = await Promise.all(
      ['shop', 'bank'].map((name) => openWorld({ room, host: `${name}.vault.azure.net` })),
    )
    await shop!.client.createEcKey('a')
    expect(await refusal(bank!.client.getKey('a'))).toBe('404 KeyNotFound')
    const hsm = await openWorld({ room, host: HSM_HOST })
    expect(await refusal(hsm.client.getKey('a'))).toBe('404 KeyNotFound')
    expect(await told(hsm.client.getKey('a'))).toMatch(/^Key not found: .*\/keys\/a \(Activity ID/)
    const { items } = await room.listVaults({})
    expect(items.map(({ displayName }) => displayName).sort()).toEqual(['bank', 'shop', 'shop'])
  })

  it('are found again by another face of the same store', async () => {
    const { client, room } = await openWorld()
    await client.createEcKey('a')
    const { items } = await room.listVaults({})
    const other = await openWorld({ room, options: { vaultId: items[0]!.id }, host: 'x.localhost' })
    expect((await other.client.getKey('a')).name).toBe('a')
  })

  it('exist only when they are listed, where they are', async () => {
    const { client, room } = await openWorld({ options: { vaults: ['bank'] } })
    expect(await refusal(client.getKey('a'))).toBe('404 VaultNotFound')
    expect((await room.listVaults({})).items).toEqual([])
  })
})

describe('other ways in', () => {
  it('are fetch, and a server beside other faces', async () => {
    const room = await openRoom()
    const response = await azureFetch(room)(new Request(ASK.url))
    expect(response.status).toBe(401)
    const server = await serve(room, { faces: [awsFace(room), azureFace(room)], port: 0 })
    const client = new KeyClient(server.url, azureCredential(), {
      allowInsecureConnection: true,
      disableChallengeResourceVerification: true,
    })
    const key = await client.createRsaKey('a')
    expect(key.id).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/keys\/a\/[0-9a-f]{32}$/)
    const { result } = await client.getCryptographyClient('a').sign('RS256', Buffer.alloc(32))
    expect(result).toHaveLength(256)
    await server.close({ drainMs: 0 })
  })

  it('serve a client whose key may not be read: it asks for everything then', async () => {
    const room = await openRoom()
    const httpClient = azureHttpClient(room, {
      accessPolicies: [{ principal: 'app', permissions: ['sign', 'verify'] }],
    }) as never
    const owner = new KeyClient(`https://${VAULT_HOST}`, azureCredential(), { httpClient })
    const key = await owner.createRsaKey('a', { expiresOn: new Date('2020-01-01') })
    const app = new CryptographyClient(key.id!, azureCredential('app'), { httpClient })
    const digest = Buffer.alloc(32)
    expect(await refusal(app.sign('RS256', digest))).toBe('403 Forbidden KeyExpired')
    expect((await app.verify('RS256', digest, new Uint8Array(256))).result).toBe(false)
    const sealing = app.wrapKey('RSA-OAEP-256', digest)
    expect(await refusal(sealing)).toBe('403 Forbidden AccessDenied')
  })
})
