/** The official OCI clients over HTTP: a port for each vault, named by the replies (contracts: OCI 15). */
import { generateKeyPairSync } from 'node:crypto'
import { get } from 'node:http'
import { SimpleAuthenticationDetailsProvider } from 'oci-common'
import { KmsCryptoClient, KmsManagementClient, KmsVaultClient, models } from 'oci-keymanagement'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Strongroom } from '../../src/index.ts'
import { ociService, serve, type OciService, type RunningServer } from '../../src/server/index.ts'
import type {
  Caller,
  OciHttpClient,
  OciHttpRequest,
  OciOptions,
} from '../../src/faces/oci/index.ts'
import { extensionOf, parseOcid } from '../../src/faces/oci/ocid.ts'
import { CALLER, detailsProvider, KEY_ID } from '../faces/oci/transports.ts'
import { refusal } from '../faces/oci/world.ts'

const COMPARTMENT = `ocid1.compartment.oc1..${'a'.repeat(60)}`

/** What the SDK would send over the network, without the retries and breakers of its own transport. */
const network: OciHttpClient = {
  send: ({ uri, method, headers, body }: OciHttpRequest) =>
    fetch(uri, { method, headers, ...(body !== undefined && { body: body as string }) }),
}

let room: Strongroom
let server: RunningServer
let oci: OciService
let vault: models.Vault

beforeAll(async () => {
  room = await Strongroom.open()
  await room.createVault({ displayName: 'was there before' })
  oci = ociService(room)
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
const cleanups: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const cleanup of cleanups.reverse()) await cleanup()
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

  test('also has its host name, where somebody resolves it', async () => {
    const { host } = new URL(server.url)
    const id = parseOcid('vault', vault.id)!.vaultId
    const named = (service: string) => `${extensionOf(id)}-${service}.kms.local.example`
    const statusAt = (name: string) =>
      new Promise((resolve, reject) => {
        const path = `/20180608/keys?compartmentId=${COMPARTMENT}`
        const request = get(`http://${host}${path}`, { headers: { host: name } })
        request.on('response', (answer) => resolve(answer.resume().statusCode))
        request.on('error', reject)
      })
    expect(await statusAt(named('management'))).toBe(200)
    expect(await statusAt(named('secrets'))).toBe(404)
  })

  test('that others made finds a port when it is first named', async () => {
    const before = Object.keys(oci.endpoints()).length
    await Promise.all(
      Array.from({ length: 8 }, (_, i) => room.createVault({ displayName: `made ${i}` })),
    )
    const answer = await fetch(`${server.url}/20180608/vaults?compartmentId=root`)
    const items = (await answer.json()) as models.VaultSummary[]
    const urls = new Set(items.map(({ managementEndpoint }) => managementEndpoint))
    expect(urls.size).toBe(items.length)
    expect(items.length).toBeGreaterThan(8)
    expect(Object.keys(oci.endpoints())).toHaveLength(before + 8)
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
  const keys = { [KEY_ID]: CALLER.publicKey }
  const guarded = async (options: OciOptions = {}) => {
    const service = ociService(room, { signatures: { keys }, ...options })
    const open = await serve(room, { faces: [service.face], port: 0, host: '0.0.0.0' })
    cleanups.push(() => open.close({ drainMs: 0 }))
    await service.start(open)
    return `http://127.0.0.1:${open.port}`
  }
  /** A client as its documents show it: transport, signer and circuit breaker of its own. */
  const client = (endpoint: string, authenticationDetailsProvider = detailsProvider()) => {
    const made = new KmsVaultClient({ authenticationDetailsProvider })
    made.endpoint = endpoint
    cleanups.push(async () => made.close())
    return made
  }
  const list = { compartmentId: 'root' }

  test('only a signature of theirs is let in, and the server may listen to the world', async () => {
    const url = await guarded()
    expect((await client(url).listVaults(list)).items.length).toBeGreaterThan(0)
    const { privateKey } = generateKeyPairSync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    })
    const { tenancy, user, fingerprint } = CALLER
    const forged = new SimpleAuthenticationDetailsProvider(
      tenancy,
      user,
      fingerprint,
      privateKey,
      null,
    )
    expect(await refusal(client(url, forged).listVaults(list))).toBe('401 NotAuthenticated')
    const unsigned = await fetch(`${url}/20180608/vaults?compartmentId=root`)
    expect(unsigned.status).toBe(401)
  })

  test('callers are judged by statements, each as the user of his signature', async () => {
    const permissions = {
      statements: ['Allow group Auditors to inspect vaults in tenancy'],
      groups: { Auditors: [CALLER.user] },
    }
    const url = await guarded({ permissions })
    expect(await refusal(client(url).listVaults(list))).toBe('ok')
    const looked = client(url).getVault({ vaultId: vault.id })
    expect(await refusal(looked)).toBe('404 NotAuthorizedOrNotFound')
    const open = await guarded({ permissions, signatures: { keys, required: false } })
    const unsigned = await fetch(`${open}/20180608/vaults?compartmentId=root`)
    expect(unsigned.status).toBe(404)
  })

  test('callers act as the owner, unless the options tell them apart', async () => {
    const seen: (Caller | undefined)[] = []
    const url = await guarded({ principalOf: (caller) => (seen.push(caller), caller?.user) })
    const { tenancy, user, fingerprint } = CALLER
    expect(await refusal(client(url).listVaults(list))).toBe('404 NotAuthorizedOrNotFound')
    expect(seen).toEqual([{ keyId: KEY_ID, tenancy, user, fingerprint }])
  })
})
