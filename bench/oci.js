/**
 * The official clients of OCI before a room, real cryptography and all, beside the same clients and requests with a
 * stub in place of the room, which answers at once what the room answered before.
 */
import { built, CONTEXT, LONG_WARM_UP_MS } from './room.js'
import { repeatAwaited } from './raw.js'

const AES = { algorithm: 'AES', length: 32 }
const COMPARTMENT = 'ocid1.compartment.oc1..bench'
const plaintext = Buffer.alloc(32, 3).toString('base64')

/** A room with one key, and the clients of its vault by the transport that they are given. */
async function furnished() {
  const { KmsCryptoClient, KmsManagementClient, KmsVaultClient } = (
    await import('oci-keymanagement')
  ).default
  const { Strongroom } = await built('index.js')
  const { ociHttpClient } = await built('faces/oci/index.js')
  const room = await Strongroom.open()
  const httpClient = ociHttpClient(room)
  const vaults = new KmsVaultClient({ httpClient })
  vaults.endpoint = 'https://kms.local.oraclecloud.com'
  const details = { compartmentId: COMPARTMENT, displayName: 'bench' }
  const { vault } = await vaults.createVault({
    createVaultDetails: { ...details, vaultType: 'DEFAULT' },
  })
  const keys = new KmsManagementClient({ httpClient })
  keys.endpoint = vault.managementEndpoint
  const { key } = await keys.createKey({ createKeyDetails: { ...details, keyShape: AES } })
  const by = (transport) => {
    const crypto = new KmsCryptoClient({ httpClient: transport })
    crypto.endpoint = vault.cryptoEndpoint
    return crypto
  }
  return { room, httpClient, key, by }
}

/**
 * Answer what the last response of a transport said: as a response made anew, and as no more of one than the client
 * looks at.
 */
async function stubsOf(httpClient, call) {
  let text = ''
  let headers = {}
  const recorder = {
    send: async (request) => {
      const response = await httpClient.send(request)
      text = await response.clone().text()
      headers = Object.fromEntries(response.headers)
      return response
    },
  }
  await call(recorder)
  const known = new Headers(headers)
  const bare = () => ({ status: 200, headers: known, json: async () => JSON.parse(text) })
  return {
    stub: { send: async () => new Response(text, { status: 200, headers }) },
    bare: { send: async () => bare() },
  }
}

const sdk = (name, title, call) => ({
  name,
  title,
  budget: { 'SDK stub': 0.85 },
  warmUpMs: LONG_WARM_UP_MS,
  async setup() {
    const { room, httpClient, key, by } = await furnished()
    const prepared = await call(by(httpClient), key.id)
    const { stub, bare } = await stubsOf(httpClient, (transport) => prepared(by(transport)))
    const through = (transport) => {
      const client = by(transport)
      return repeatAwaited(() => prepared(client))
    }
    return {
      subject: through(httpClient),
      baselines: { 'SDK stub': through(stub), 'bare stub': through(bare) },
      close: () => room.close(),
    }
  },
})

const encryption = (keyId) => ({
  encryptDataDetails: { keyId, plaintext, associatedData: { ...CONTEXT } },
})

export const OCI = [
  sdk(
    'oci-encrypt',
    'OCI client: encrypt 32 B',
    async (_, keyId) => (client) => client.encrypt(encryption(keyId)),
  ),
  sdk('oci-decrypt', 'OCI client: decrypt 32 B', async (client, keyId) => {
    const { encryptedData } = await client.encrypt(encryption(keyId))
    const { ciphertext } = encryptedData
    return (asked) =>
      asked.decrypt({ decryptDataDetails: { keyId, ciphertext, associatedData: { ...CONTEXT } } })
  }),
  sdk(
    'oci-data-key',
    'OCI client: generateDataEncryptionKey',
    async (_, keyId) => (client) =>
      client.generateDataEncryptionKey({
        generateKeyDetails: {
          keyId,
          includePlaintextKey: true,
          keyShape: AES,
          associatedData: { ...CONTEXT },
        },
      }),
  ),
]
