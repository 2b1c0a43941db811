/** The official OCI clients over HTTP: a port for each vault, named by the replies (contracts: OCI 15). */
import { generateKeyPairSync, sign } from 'node:crypto'
import { KmsCryptoClient, KmsManagementClient, KmsVaultClient, models } from 'oci-keymanagement'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { ociService, serve, type RunningServer } from '../../src/server/index.ts'
import type { OciHttpClient, OciHttpRequest } from '../../src/faces/oci/index.ts'

const COMPARTMENT = `ocid1.compartment.oc1..${'a'.repeat(60)}`

/** What the SDK would send over the network, without the retries and breakers of its own transport. */
const network: OciHttpClient = {
  send: ({ uri, method, headers, body }: OciHttpRequest) =>
    fetch(uri, { method, headers, ...(body !== undefined && { body: body as string }) }),
}

let room: Strongroom
let server: RunningServer
let vault: models.Vault

beforeAll(async () => {
  room = await Strongroom.open()
  await room.createVault({ displayName: 'was there before' })
  const oci = ociService(room)
  server = await serve(room, {
    faces: [oci.face],
    port: 0,
    directory: () => ({ vaults: oci.endpoints() }),
  })
  await oci.start(server)
  const vaults = new KmsVaultClient({ httpClient: network })
  vaults.endpoint = server.url
  const { VaultType } = models.CreateVaultDetails
  const details = { compartmentId: COMPARTMENT, displayName: 'shop', vaultType: VaultType.Default }
  ;({ vault } = await vaults.createVault({ createVaultDetails: details }))
})
afterAll(async () => {
  await server.close({ drainMs: 100 })
  await room.close()
})

describe('a vault', () => {
  test('names its own port, where its keys are made and used', async () => {
    expect(vault.managementEndpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(vault.managementEndpoint).not.toBe(server.url)
    const keys = new KmsManagementClient({ httpClient: network })
    keys.endpoint = vault.managementEndpoint
    const { key } = await keys.createKey({
      createKeyDetails: {
        compartmentId: COMPARTMENT,
        displayName: 'orders',
        keyShape: { algorithm: models.KeyShape.Algorithm.Aes, length: 32 },
      },
    })
    const use = new KmsCryptoClient({ httpClient: network })
    use.endpoint = vault.cryptoEndpoint
    const plaintext = Buffer.from('ten apples').toString('base64')
    const { encryptedData } = await use.encrypt({
      encryptDataDetails: { keyId: key.id, plaintext },
    })
    const { decryptedData } = await use.decrypt({
      decryptDataDetails: { keyId: key.id, ciphertext: encryptedData.ciphertext },
    })
    expect(decryptedData.plaintext).toBe(plaintext)
  })

  test('is not found at the port of another, nor its keys at the vault service', async () => {
    const { vaults } = (await (await fetch(server.url)).json()) as {
      vaults: Record<string, string>
    }
    expect(Object.keys(vaults)).toHaveLength(2)
    const list = (url: string) =>
      fetch(`${url}/20180608/keys?compartmentId=${COMPARTMENT}`).then(({ status }) => status)
    expect(await list(vault.managementEndpoint)).toBe(200)
    expect(await list(server.url)).toBe(404)
  })

  test('ten more find a port each', async () => {
    const urls = new Set<string>()
    for (let i = 0; i < 10; i++) {
      const body = { compartmentId: COMPARTMENT, displayName: `v${i}`, vaultType: 'DEFAULT' }
      const answer = await fetch(`${server.url}/20180608/vaults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      urls.add(((await answer.json()) as models.Vault).managementEndpoint)
    }
    expect(urls.size).toBe(10)
  })
})

describe('with public keys registered', () => {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const KEY_ID = 'ocid1.tenancy.oc1..t/ocid1.user.oc1..u/20:3b'

  /** draft-cavage-http-signatures-08, as the SDKs sign a GET. */
  function signed(url: URL, key = privateKey): Record<string, string> {
    const date = new Date().toUTCString()
    const lines = [
      `x-date: ${date}`,
      `(request-target): get ${url.pathname}${url.search}`,
      `host: ${url.host}`,
    ]
    const signature = sign('sha256', Buffer.from(lines.join('\n')), key).toString('base64')
    const parts = {
      version: '1',
      keyId: KEY_ID,
      algorithm: 'rsa-sha256',
      headers: 'x-date (request-target) host',
      signature,
    }
    const text = Object.entries(parts).map(([name, value]) => `${name}="${value}"`)
    return { 'x-date': date, authorization: `Signature ${text.join(',')}` }
  }

  test('only a signature of theirs is let in, and the server may listen to the world', async () => {
    const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString()
    const oci = ociService(room, { signatures: { keys: { [KEY_ID]: pem } } })
    const guarded = await serve(room, { faces: [oci.face], port: 0, host: '0.0.0.0' })
    await oci.start(guarded)
    const url = new URL(
      `http://127.0.0.1:${guarded.port}/20180608/vaults?compartmentId=${COMPARTMENT}`,
    )
    const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey
    expect((await fetch(url)).status).toBe(401)
    expect((await fetch(url, { headers: signed(url, other) })).status).toBe(401)
    const admitted = await fetch(url, { headers: signed(url) })
    expect([admitted.status, Array.isArray(await admitted.json())]).toEqual([200, true])
    await guarded.close({ drainMs: 100 })
  })
})
