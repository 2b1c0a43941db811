/**
 * The official client of Azure Key Vault keys before a room, real cryptography and all, beside the same client and
 * requests with a stub in place of the room, which answers at once what the room answered before.
 */
import { built, LONG_WARM_UP_MS } from './room.js'
import { repeatAwaited } from './raw.js'

const URL_OF_HSM = 'https://bench.managedhsm.azure.net'
const plaintext = Buffer.alloc(32, 3)
const digest = Buffer.alloc(32, 4)

/** A room with a key for encryption and one for signatures, and clients by the transport that they are given. */
async function furnished() {
  const { KeyClient } = await import('@azure/keyvault-keys')
  const { Strongroom } = await built('index.js')
  const { azureCredential, azureHttpClient } = await built('faces/azure/index.js')
  const room = await Strongroom.open()
  const transport = azureHttpClient(room)
  const by = (httpClient) =>
    new KeyClient(URL_OF_HSM, azureCredential(), { httpClient, retryOptions: { maxRetries: 0 } })
  const client = by(transport)
  await client.createOctKey('data')
  await client.createEcKey('signer')
  return { room, transport, by }
}

/** Answers what the last reply of a transport said; the challenge as the room does. */
function stubOf(transport, last) {
  return {
    sendRequest: async (request) =>
      request.headers.has('authorization') && request.method === 'POST'
        ? { ...last.reply, request }
        : transport.sendRequest(request),
  }
}

const sdk = (name, title, keyName, call) => ({
  name,
  title,
  budget: {},
  warmUpMs: LONG_WARM_UP_MS,
  async setup() {
    const { room, transport, by } = await furnished()
    const last = { reply: undefined }
    const recorder = {
      sendRequest: async (request) => (last.reply = await transport.sendRequest(request)),
    }
    await call(by(recorder).getCryptographyClient(keyName))
    const through = (httpClient) => {
      const user = by(httpClient).getCryptographyClient(keyName)
      return repeatAwaited(() => call(user))
    }
    return {
      subject: through(transport),
      baselines: { 'SDK stub': through(stubOf(transport, last)) },
      close: () => room.close(),
    }
  },
})

export const AZURE = [
  sdk('azure-encrypt', 'Azure client: encrypt 32 B', 'data', (user) =>
    user.encrypt({ algorithm: 'A256GCM', plaintext }),
  ),
  sdk('azure-sign', 'Azure client: sign, P-256', 'signer', (user) => user.sign('ES256', digest)),
]
