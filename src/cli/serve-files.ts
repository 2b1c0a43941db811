/** The files that `strongroom serve` reads at its start. What they hold may be secret: none of it is shown. */
import { readFile } from 'node:fs/promises'
import { invalidArgument, StrongroomError } from '../base/errors.ts'
import type { AwsCredential, SeedKey } from '../faces/aws/index.ts'
import type { Strongroom } from '../index.ts'

/**
 * Who may come in: by access key ids of AWS, by tokens of Azure with their principals, by key ids of
 * OCI with their public keys in PEM.
 */
export interface Credentials {
  readonly aws?: Readonly<Record<string, AwsCredential>>
  readonly azure?: Readonly<Record<string, string>>
  readonly oci?: Readonly<Record<string, string>>
}

type Fits = (value: unknown) => boolean

async function jsonOf(
  option: string,
  file: string,
  expected: string,
  fits: Fits,
): Promise<unknown> {
  const text = await readFile(file, 'utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (fits(value)) return value
  } catch {
    // Told below, without what the parser saw.
  }
  return invalidArgument(option, `a file with ${expected}`, 'another one')
}

const isObject: Fits = (value) =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const each = (value: unknown, fits: Fits): boolean =>
  value === undefined || (isObject(value) && Object.values(value as object).every(fits))
const textIn = (value: unknown, name: string, required = false): boolean => {
  const found = (value as Readonly<Record<string, unknown>>)[name]
  return typeof found === 'string' || (!required && found === undefined)
}

const isCredential: Fits = (value) =>
  isObject(value) &&
  textIn(value, 'arn', true) &&
  textIn(value, 'secretAccessKey') &&
  textIn(value, 'sessionToken')
const isCredentials: Fits = (value) =>
  isObject(value) &&
  Object.keys(value as object).every((name) => ['aws', 'azure', 'oci'].includes(name)) &&
  each((value as Credentials).aws, isCredential) &&
  each((value as Credentials).azure, (principal) => typeof principal === 'string') &&
  each((value as Credentials).oci, (pem) => typeof pem === 'string')

export const readCredentials = async (file: string): Promise<Credentials> =>
  (await jsonOf(
    '--credentials',
    file,
    'the JSON { aws: { ACCESS_KEY_ID: { arn, secretAccessKey } }, azure: { TOKEN: PRINCIPAL }, ' +
      'oci: { KEY_ID: PEM } }',
    isCredentials,
  )) as Credentials

/** The keys of a file, which stay as they are when they are there already. */
export async function seedFrom(room: Strongroom, file: string): Promise<void> {
  const keys = await jsonOf('--seed', file, 'a JSON list of keys', Array.isArray)
  const { awsSeed } = await import('../faces/aws/index.ts')
  try {
    await awsSeed(room, keys as readonly SeedKey[])
  } catch (error) {
    if (error instanceof StrongroomError) throw error
    const { name, message } = error as Error
    throw new StrongroomError('INVALID_ARGUMENT', `--seed: ${name}: ${message}`, { cause: error })
  }
}
