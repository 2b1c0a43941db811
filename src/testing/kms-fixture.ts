/** A KMS for one test: made in a few milliseconds, the same every time, gone when it is closed. */
import { VirtualClock } from '../base/clock.ts'
import { Strongroom } from '../engine/room.ts'
import {
  awsRequestHandler,
  awsSeed,
  type AwsOptions,
  type AwsRequestHandler,
  type SeededKey,
  type SeedKey,
} from '../faces/aws/index.ts'
import { seededRandom } from './seeded-random.ts'

export interface KmsFixtureOptions extends AwsOptions {
  /** Default `us-east-1`. */
  readonly region?: string
  /** When time begins; default 2026-01-01T00:00:00Z. */
  readonly start?: Date
  /** Ids, material, nonces and so ciphertexts follow from it; default `kms`. */
  readonly seed?: string | number
  /** Keys that are there from the beginning. */
  readonly keys?: readonly SeedKey[]
}

/** What `new KMSClient(...)` takes: nothing of it leaves the process. */
export interface KmsClientOptions {
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly maxAttempts: number
  readonly requestHandler: AwsRequestHandler
}

export interface KmsFixture extends AsyncDisposable {
  readonly room: Strongroom
  /** `clock.advance({ days: 30 })` deletes, expires and rotates what is due. */
  readonly clock: VirtualClock
  readonly client: KmsClientOptions
  /** The keys of the options, in their order. */
  readonly keys: readonly SeededKey[]
  close(): Promise<void>
}

const CREDENTIALS = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'strongroom' }
const START = new Date('2026-01-01T00:00:00.000Z')

/**
 * A room with virtual time and reproducible randomness behind the options of an official client.
 *
 * @example
 * const kms = await kmsFixture({ keys: [{ Aliases: ['alias/orders'] }] })
 * const client = new KMSClient(kms.client)
 * await client.send(new EncryptCommand({ KeyId: 'alias/orders', Plaintext: bytes }))
 * kms.clock.advance({ days: 365 })
 * await kms.close()
 */
export async function kmsFixture(options: KmsFixtureOptions = {}): Promise<KmsFixture> {
  const { region = 'us-east-1', start = START, seed = 'kms', keys = [], ...rest } = options
  const clock = new VirtualClock(start)
  const room = await Strongroom.open({ clock, random: seededRandom(seed), region })
  const face = { ...rest, region }
  const client = {
    region,
    credentials: CREDENTIALS,
    maxAttempts: 1,
    requestHandler: awsRequestHandler(room, face),
  }
  const close = () => room.close()
  const made = await awsSeed(room, keys, face)
  return { room, clock, client, keys: made, close, [Symbol.asyncDispose]: close }
}
