/**
 * Fixed keys: the same ids, material and aliases at every start, so that tests can name keys and
 * compare bytes. What is there already stays as it is.
 */
import { fromBase64 } from '../../base/bytes.ts'
import type { Strongroom } from '../../engine/room.ts'
import { answer } from './answer.ts'
import { coreKeyId, type Place } from './arn.ts'
import type { Given } from './call.ts'
import { validation } from './errors.ts'
import { Face } from './face.ts'
import type { AwsOptions } from './options.ts'
import { newRequestId } from './request-id.ts'
import type { Codec } from './shape.ts'
import { identityOf } from './principals.ts'

/** A key as CreateKey takes it, and what a caller cannot ask the service for. */
export interface SeedKey {
  /** A lower-case UUID; `mrk-` and 32 digits for one of several regions. Default: a new one. */
  readonly KeyId?: string
  /**
   * The raw key of a symmetric or HMAC key, the PKCS#8 DER of others; text is base64. Default: fresh
   * from the room's source of randomness.
   */
  readonly Material?: Uint8Array | string
  /** `alias/NAME` */
  readonly Aliases?: readonly string[]
  /** Default: those of the options. */
  readonly Account?: string
  readonly Region?: string
  /** Default true. */
  readonly Enabled?: boolean
  /** Every other member of CreateKey. */
  readonly [member: string]: unknown
}

export interface SeededKey {
  readonly KeyId: string
  readonly Arn: string
  readonly Aliases: readonly string[]
}

const GIVEN = new Set(['KeyId', 'Material', 'Aliases', 'Account', 'Region', 'Enabled'])

const PLAIN: Codec = {
  owns: false,
  blob: (value) => (value instanceof Uint8Array ? value : undefined),
  time: (value) => (value instanceof Date ? value : undefined),
}

/**
 * Makes keys with ids, material and aliases of the caller's choice, in this order.
 * @throws an Error with the name of an exception of the service, for instance ValidationException
 *
 * @example
 * await awsSeed(room, [
 *   { KeyId: '01234567-89ab-cdef-0123-456789abcdef', Aliases: ['alias/orders'] },
 * ])
 */
export async function awsSeed(
  room: Strongroom,
  keys: readonly SeedKey[],
  options: AwsOptions = {},
): Promise<readonly SeededKey[]> {
  const face = new Face(room, options)
  const made: SeededKey[] = []
  for (const key of keys) made.push(await seedKey(face, key))
  return made
}

async function seedKey(face: Face, seed: SeedKey): Promise<SeededKey> {
  const place = { account: seed.Account ?? face.account, region: seed.Region ?? face.region }
  const KeyId = (await existing(face, place, seed.KeyId)) ?? (await created(face, place, seed))
  const { KeyMetadata } = (await ask(face, place, 'DescribeKey', { KeyId })) as {
    readonly KeyMetadata: { readonly Arn: string }
  }
  const Aliases = seed.Aliases ?? []
  const there = await aliasesOf(face, place, KeyId)
  for (const AliasName of Aliases)
    if (!there.has(AliasName))
      await ask(face, place, 'CreateAlias', { AliasName, TargetKeyId: KeyId })
  return { KeyId, Arn: KeyMetadata.Arn, Aliases }
}

async function existing(face: Face, place: Place, id: string | undefined) {
  if (id === undefined) return undefined
  try {
    await ask(face, place, 'DescribeKey', { KeyId: id })
    return id
  } catch (error) {
    if ((error as Error).name === 'NotFoundException') return undefined
    throw error
  }
}

async function created(face: Face, place: Place, seed: SeedKey): Promise<string> {
  const members = Object.fromEntries(Object.entries(seed).filter(([name]) => !GIVEN.has(name)))
  const output = await ask(face, place, 'CreateKey', members, givenOf(seed))
  const { KeyId } = (output as { readonly KeyMetadata: { readonly KeyId: string } }).KeyMetadata
  if (seed.Enabled === false) await ask(face, place, 'DisableKey', { KeyId })
  return KeyId
}

function givenOf({ KeyId, Material }: SeedKey): Given {
  const id = KeyId === undefined ? undefined : coreKeyId(KeyId)
  if (KeyId !== undefined && id === undefined) validation(`Invalid keyId '${KeyId}'`)
  const material = typeof Material === 'string' ? fromBase64(Material) : Material
  if (Material !== undefined && material === undefined) validation('Material is not base64.')
  return { ...(id !== undefined && { id }), ...(material && { material }) }
}

async function aliasesOf(face: Face, place: Place, KeyId: string): Promise<ReadonlySet<string>> {
  const output = await ask(face, place, 'ListAliases', { KeyId, Limit: 100 })
  const { Aliases } = output as { readonly Aliases: readonly { readonly AliasName: string }[] }
  return new Set(Aliases.map(({ AliasName }) => AliasName))
}

/** As the owner of the room. */
function ask(face: Face, place: Place, name: string, source: object, given?: Given) {
  const caller = {
    accessKeyId: undefined,
    region: place.region,
    ...identityOf({}, undefined, place),
  }
  return answer(face, {
    name,
    caller,
    requestId: newRequestId(),
    source,
    codec: PLAIN,
    ...(given && { given }),
  })
}
