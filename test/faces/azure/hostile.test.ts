/**
 * Requests that nobody's client would send: whatever comes, the answer is the service's own, with a
 * status of the client's fault. Nothing is a defect of ours (500), nothing takes the room down.
 */
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { azureHandler, type AzureResponse } from '../../../src/faces/azure/index.ts'
import { OPERATIONS } from '../../../src/faces/azure/operations.ts'
import { API, HSM_HOST, openRoom, openWorld, VAULT_HOST } from './world.ts'

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 20)
const STATUSES = [200, 204, 400, 401, 403, 404, 405, 409]

let handle: (method: string, url: string, body: string | Uint8Array) => Promise<AzureResponse>

beforeAll(async () => {
  const room = await openRoom()
  for (const host of [VAULT_HOST, HSM_HOST]) {
    const { client, deleted } = await openWorld({ room, host })
    await client.createEcKey('ec')
    await client.createOctKey('oct', { hsm: true })
    await client.createEcKey('off', { enabled: false })
    await client.createEcKey('gone')
    await deleted('gone')
  }
  const ask = azureHandler(room)
  handle = (method, url, body) =>
    ask({ method, url, headers: { Authorization: 'Bearer x' }, ...(body !== '' && { body }) })
})

/** What JSON can hold, and what few expect. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  fc.constantFrom('', '__proto__', 'null', '\u0000', '💥'.repeat(40), -1, 1e308, 2 ** 53, true),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const base64url = fc
  .uint8Array({ maxLength: 80 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'))

/** Values that some member of some request likes. */
const LIKELY: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  alg: fc.constantFrom('ES256', 'A256GCM', 'A256CBC', 'A256KW', 'RSA-OAEP', 'HS256', 'constructor'),
  kty: fc.constantFrom('EC', 'EC-HSM', 'oct', 'oct-HSM', 'ec'),
  crv: fc.constantFrom('P-256', 'P-384', 'P-521', 'P-256K'),
  key_size: fc.constantFrom(128, 256, 512, 7),
  key_ops: fc.subarray(['sign', 'verify', 'encrypt', 'wrapKey', 'import', 'export']),
  attributes: fc.record(
    {
      enabled: fc.boolean(),
      nbf: fc.integer(),
      exp: fc.option(fc.integer()),
      exportable: fc.boolean(),
      expiryTime: fc.constantFrom('P30D', 'P1Y', '', 'P0D', 'PT1S', 'P99999D'),
    },
    { requiredKeys: [] },
  ),
  tags: fc.dictionary(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 }), { maxKeys: 3 }),
  key: fc.record(
    { kty: fc.constantFrom('EC', 'RSA', 'oct-HSM'), k: base64url, crv: fc.constant('P-256') },
    { requiredKeys: ['kty'] },
  ),
  lifetimeActions: fc.array(
    fc.record({
      trigger: fc.record(
        {
          timeAfterCreate: fc.constantFrom('P30D', 'P1M', ''),
          timeBeforeExpiry: fc.constantFrom('P30D', 'x'),
        },
        { requiredKeys: [] },
      ),
      action: fc.record({ type: fc.constantFrom('Rotate', 'notify', 'x') }),
    }),
    { maxLength: 3 },
  ),
  count: fc.integer({ min: -1, max: 130 }),
  target: fc.constantFrom('a.b.c', 'e30.e30.AA', '..'),
  release_policy: fc.record({ data: base64url, immutable: fc.boolean() }),
}

const bodiesOf = (name: string): fc.Arbitrary<string> => {
  const members = Object.keys(OPERATIONS[name]!.body).map((member) => [
    member,
    fc.option(
      fc.oneof(
        { weight: 12, arbitrary: LIKELY[member] ?? base64url },
        { weight: 1, arbitrary: anything },
      ),
      { nil: undefined },
    ),
  ])
  return fc.record(Object.fromEntries(members) as never).map((body) => JSON.stringify(body))
}

const names = fc.constantFrom('ec', 'oct', 'off', 'gone', 'none', 'EC', '', '%00', '..', 'a_b')
const versions = fc.constantFrom('', '0'.repeat(32), 'x', '__proto__')

const sound = ({ status, body }: AzureResponse, of: string): void => {
  expect(STATUSES, `${of}: ${body}`).toContain(status)
  if (status < 400) return
  const { error } = JSON.parse(body) as { error: { code: string; message: string } }
  expect(typeof error.code, of).toBe('string')
  expect(typeof error.message, of).toBe('string')
}

describe('whatever a request holds', () => {
  it.each(Object.entries(OPERATIONS))('%s answers as the service does', async (name, row) => {
    const hosts = fc.constantFrom(VAULT_HOST, HSM_HOST)
    await fc.assert(
      fc.asyncProperty(hosts, names, versions, bodiesOf(name), async (host, key, version, body) => {
        const path = row.path.replace('{name}', key).replace('{version?}', version)
        const url = `https://${host}${path}?api-version=${API}`
        sound(await handle(row.method, url, body), `${name} ${url} ${body}`)
      }),
      { numRuns: RUNS },
    )
  })

  it('is refused when it is no JSON object, at no path, in no version', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'constructor'),
        fc.webPath(),
        fc.oneof(fc.constant(`?api-version=${API}&maxresults=2&$skiptoken=x`), fc.string()),
        fc.oneof(fc.string(), fc.json(), fc.uint8Array({ maxLength: 20 })),
        async (method, path, query, body) => {
          const url = `https://${VAULT_HOST}/keys${path}${query}`
          sound(await handle(method, url, body), `${method} ${url}`)
        },
      ),
      { numRuns: RUNS * 5 },
    )
  })
})

it.each(['a b', 'shop.vault.azure.net /keys', ' ', 'a\tb', 'a\nb'])(
  'a host of more than one word is no host: %j',
  async (host) => {
    const ask = azureHandler(await openRoom())
    const headers = { Authorization: 'Bearer x', Host: host }
    const { status } = await ask({ method: 'GET', url: `/keys?api-version=${API}`, headers })
    expect(status).toBe(400)
  },
)
