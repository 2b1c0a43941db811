/** The official AWS client over a room, beside the same client over a transport that answers at once with words of before. */
import { randomBytes } from 'node:crypto'
import { idiomatic, repeatAwaited, sink } from './raw.js'
import { built, LONG_WARM_UP_MS, memoryRoom } from './room.js'

const REGION = 'eu-central-1'
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

/** The floor of the SDK: it makes, signs and reads messages, and nothing lies between. */
const canned = (response) => ({ handle: async () => ({ response: { ...response } }) })

/** The floor with real cryptography: what is asked for is done by bare node:crypto, and the same words are answered. */
const sealing = (response, work) => ({
  handle: async () => {
    sink.last = work()
    return { response: { ...response } }
  },
})

/** Keeps the last answer of a transport. */
function recording(handler) {
  const kept = {}
  const handle = async (request, options) => {
    const answer = await handler.handle(request, options)
    kept.response = answer.response
    return answer
  }
  return { kept, handler: { ...handler, handle } }
}

const PLAINTEXT = new Uint8Array(32).fill(3)
const BARE = idiomatic(
  randomBytes(32),
  Buffer.from('{"table":"orders","tenant":"north-7"}'),
  PLAINTEXT,
)
const WORK = { encrypt: BARE.seal, 'data-key': BARE.dataKey }
/** Given the SDK, which is loaded for these benchmarks alone. */
const COMMANDS = {
  encrypt:
    ({ EncryptCommand }, KeyId) =>
    () =>
      new EncryptCommand({
        KeyId,
        Plaintext: PLAINTEXT,
        EncryptionContext: { table: 'orders', tenant: 'north-7' },
      }),
  'data-key':
    ({ GenerateDataKeyCommand }, KeyId) =>
    () =>
      new GenerateDataKeyCommand({
        KeyId,
        KeySpec: 'AES_256',
        EncryptionContext: { table: 'orders', tenant: 'north-7' },
      }),
}

async function stage(operation) {
  const sdk = await import('@aws-sdk/client-kms')
  const client = (more) => new sdk.KMSClient({ region: REGION, maxAttempts: 1, ...more })
  const { awsPlugin, awsRequestHandler } = await built('faces/aws/index.js')
  const { awsFace, serve } = await built('server/index.js')
  const { room, vault, key } = await memoryRoom()
  const { id } = await key('AES_256')
  const face = { vaultId: vault.id }
  const command = COMMANDS[operation](sdk, id)
  const handler = awsRequestHandler(room, face)
  const { kept, handler: recorder } = recording(handler)
  await client({ credentials, requestHandler: recorder }).send(command())
  const plugged = client()
  plugged.middlewareStack.use(awsPlugin(room, { region: REGION, ...face }))
  const server = await serve(room, { faces: [awsFace(room, face)], port: 0 })
  const remote = client({ credentials, endpoint: server.url })
  const over = (kms) => repeatAwaited(() => kms.send(command()))
  return {
    stub: over(client({ credentials, requestHandler: canned(kept.response) })),
    'sealing stub': over(
      client({ credentials, requestHandler: sealing(kept.response, WORK[operation]) }),
    ),
    transport: over(client({ credentials, requestHandler: handler })),
    plugin: over(plugged),
    server: over(remote),
    close: async () => {
      remote.destroy()
      await server.close({ drainMs: 100 })
      await room.close()
    },
  }
}

/** @param yardsticks with the budget of each, or undefined */
const entry = (operation, title, subject, yardsticks) => ({
  name: `aws-${subject}-${operation}`,
  title: `AWS ${title}, ${subject}`,
  budget: Object.fromEntries(Object.entries(yardsticks).filter(([, bound]) => bound)),
  warmUpMs: LONG_WARM_UP_MS,
  async setup() {
    const { close, ...variants } = await stage(operation)
    return {
      subject: variants[subject],
      baselines: Object.fromEntries(Object.keys(yardsticks).map((name) => [name, variants[name]])),
      close,
    }
  },
})

const all = (operation, title) => [
  entry(operation, title, 'transport', { stub: 0.85, 'sealing stub': 0.85 }),
  entry(operation, title, 'plugin', { stub: 0.85, transport: 5 }),
  // Both ends in one process, and no budget: sockets are most of it.
  entry(operation, title, 'server', { stub: undefined }),
]

export const AWS = [...all('encrypt', 'Encrypt 32 B'), ...all('data-key', 'GenerateDataKey')]
