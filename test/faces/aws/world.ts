/** A room behind the unmodified client of AWS KMS, by each way that leads into it. */
import { KMSClient, type KMSClientConfig } from '@aws-sdk/client-kms'
import { Strongroom, type OpenOptions } from '../../../src/index.ts'
import { awsPlugin, awsRequestHandler, type AwsOptions } from '../../../src/faces/aws/index.ts'
import { awsFace, serve, type RunningServer } from '../../../src/server/index.ts'
import { VirtualClock } from '../../../src/testing/index.ts'
import { atEnd } from '../../helpers/at-end.ts'
import { sharedProvider } from '../../helpers/provider.ts'

export const ACCOUNT = '111122223333'
export const REGION = 'eu-central-1'
export const START = new Date('2026-01-01T00:00:00.000Z')

export interface World {
  readonly room: Strongroom
  readonly clock: VirtualClock
  readonly kms: KMSClient
  /** Another client of the same room. */
  readonly client: (config?: Partial<KMSClientConfig>) => KMSClient
}

type Connect = (
  room: Strongroom,
  options: AwsOptions,
  config: Partial<KMSClientConfig>,
) => KMSClient

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret' }

/** What a suite runs over: the same requests, the same answers. */
export const TRANSPORTS: Readonly<Record<string, Connect>> = {
  handler: (room, options, config) =>
    new KMSClient({
      region: REGION,
      credentials,
      maxAttempts: 1,
      requestHandler: awsRequestHandler(room, options),
      ...config,
    }),
  plugin: (room, options, config) => {
    const client = new KMSClient({ region: REGION, maxAttempts: 1, ...config })
    const region = typeof config.region === 'string' ? config.region : REGION
    client.middlewareStack.use(awsPlugin(room, { region, ...options }))
    return client
  },
  server: (room, options, config) => {
    const endpoint = async () => {
      const { protocol, hostname, port } = new URL((await serverOf(room, options)).url)
      return { protocol, hostname, port: Number(port), path: '/' }
    }
    const client = new KMSClient({
      region: REGION,
      credentials,
      maxAttempts: 1,
      endpoint,
      ...config,
    })
    atEnd(() => client.destroy())
    return client
  },
}

const servers = new WeakMap<Strongroom, Promise<RunningServer>>()

/** One server for each room, until the end of the file. */
function serverOf(room: Strongroom, options: AwsOptions): Promise<RunningServer> {
  const known = servers.get(room)
  if (known) return known
  const started = serve(room, { faces: [awsFace(room, options)], port: 0 })
  servers.set(room, started)
  atEnd(async () => (await started).close({ drainMs: 100 }))
  return started
}

export async function openWorld(
  connect: Connect = TRANSPORTS['handler']!,
  options: AwsOptions = {},
  open: OpenOptions = {},
): Promise<World> {
  const clock = new VirtualClock(START)
  const crypto = open.random ? {} : { crypto: await sharedProvider() }
  const room = await Strongroom.open({ clock, ...crypto, region: REGION, ...open })
  const client = (config: Partial<KMSClientConfig> = {}) => connect(room, options, config)
  return { room, clock, kms: client(), client }
}

/** Name and text of the exception that a call ends with. */
export async function refusal(call: Promise<unknown>): Promise<readonly [string, string]> {
  try {
    await call
  } catch (error) {
    const { name, message } = error as Error
    return [name, message]
  }
  throw new Error('expected an exception, got an answer')
}
