/**
 * The table of operations against the generated code of the official clients: every method has a row
 * with the same method, path, headers and query parameters.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { KmsCryptoClient, KmsManagementClient, KmsVaultClient } from 'oci-keymanagement'
import { describe, expect, test } from 'vitest'
import { API_VERSION, OPERATIONS, routeOf } from '../../../src/faces/oci/operations.ts'

const CLIENTS = { vault: KmsVaultClient, management: KmsManagementClient, crypto: KmsCryptoClient }
/** Methods of a client that are no operations of the service. */
const APART =
  /^(constructor|createWaiters|getWaiters|close|closeProvider|shutdownCircuitBreaker|listAll.*|.*RecordIterator|.*ResponseIterator)$/

interface Wire {
  readonly client: string
  readonly method: string
  readonly path: string
  readonly headers: readonly string[]
  readonly query: readonly string[]
}

/** What the generated code of an operation says. */
function wireOf(name: string, client: string, code: string): Wire {
  const names = (block: string) => {
    const [, body = ''] = new RegExp(`(?:const|let) ${block} = \\{([^}]*)\\}`).exec(code) ?? []
    return [...body.matchAll(/"([^"]+)":/g)].map(([, found]) => found!.toLowerCase())
  }
  const [, path = ''] = /path: "([^"]+)"/.exec(code) ?? []
  const [, method = ''] = /method: "([^"]+)"/.exec(code) ?? []
  const [, query = ''] = /queryParams = \{([^}]*)\}/.exec(code) ?? []
  const known = ['if-match', 'opc-retry-token', 'content-md5']
  return {
    client,
    method,
    path,
    headers: names('headerParams').filter((header) => known.includes(header)),
    query: [...query.matchAll(/"([^"]+)":/g)].map(([, found]) => found!),
  }
}

/** The code of every operation of the three clients, by name. */
function operationsOfSdk(): Map<string, Wire> {
  const file = createRequire(import.meta.url).resolve('oci-keymanagement/lib/client.js')
  const source = readFileSync(file, 'utf8')
  const found = new Map<string, Wire>()
  for (const [client, Client] of Object.entries(CLIENTS)) {
    const start = source.indexOf(`\nclass ${Client.name} {`)
    const part = source.slice(start, source.indexOf('\nclass ', start + 1) >>> 0)
    for (const name of Object.getOwnPropertyNames(Client.prototype)) {
      const at = part.indexOf(`const operationName = "${name}"`)
      if (at >= 0) found.set(name, wireOf(name, client, part.slice(at, at + 3000)))
    }
  }
  return found
}
const SDK = operationsOfSdk()

describe('the table', () => {
  test('has a row for every method of the clients, and no other', () => {
    const methods = Object.values(CLIENTS).flatMap((Client) => {
      const all = Object.getOwnPropertyDescriptors(Client.prototype)
      return Object.entries(all)
        .filter(([name, { value }]) => typeof value === 'function' && !APART.test(name))
        .map(([name]) => name)
    })
    expect(methods.length).toBeGreaterThan(40)
    expect(Object.keys(OPERATIONS).sort()).toEqual(methods.sort())
    expect([...SDK.keys()].sort()).toEqual(methods.sort())
  })

  test.each([...SDK])('%s is as the client sends it', (name, wire) => {
    const { client, method, path, headers, query } = OPERATIONS[name]!
    expect({ client, method, path: `/${API_VERSION}${path}` }).toEqual({
      client: wire.client,
      method: wire.method,
      path: wire.path,
    })
    expect([...headers].sort()).toEqual([...wire.headers].sort())
    expect(Object.keys(query).sort()).toEqual([...wire.query].sort())
  })
})

describe('routes', () => {
  const to = (method: string, path: string) => {
    const route = routeOf(method, path.split('/').slice(1))
    return typeof route === 'object' ? route.name : route
  }
  test.each([
    ['POST', '/vaults/actions/restoreFromFile', 'restoreVaultFromFile'],
    ['POST', '/keys/actions/restoreFromFile', 'restoreKeyFromFile'],
    ['POST', '/keys/import', 'importKey'],
    ['GET', '/keys/import', 'getKey'],
    ['GET', '/vaults/v', 'getVault'],
    ['PUT', '/vaults/v', 'updateVault'],
    ['DELETE', '/vaults/v', 'other method'],
    ['GET', '/encrypt', 'other method'],
    ['GET', '/vaults/v/w', undefined],
    ['GET', '/__proto__', undefined],
  ])('%s %s leads to %s', (method, path, name) => {
    expect(to(method, path)).toBe(name)
  })
})
