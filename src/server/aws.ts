/** AWS KMS over HTTP: one address for all regions, which the signature names (contracts: AWS 1). */
import { awsFetch, type AwsOptions } from '../faces/aws/index.ts'
import type { Strongroom } from '../index.ts'
import type { Face } from './face.ts'

/**
 * Answers the official clients of AWS KMS when their `endpoint` is this server.
 *
 * @example
 * const server = await serve(room, { faces: [awsFace(room)] })
 * const client = new KMSClient({ region: 'eu-central-1', endpoint: server.url, credentials })
 */
export function awsFace(room: Strongroom, options: AwsOptions = {}): Face {
  return {
    name: 'aws',
    claims: speaksAws,
    handle: awsFetch(room, options),
    authenticates: asksWho(options),
  }
}

/** Whether nobody is answered but those whose signatures are verified. */
const asksWho = ({ credentials, anyCredentials }: AwsOptions): boolean =>
  credentials !== undefined &&
  !anyCredentials &&
  Object.values(credentials).every(({ secretAccessKey }) => secretAccessKey !== undefined)

/** Signed, presigned, or at least aimed at an operation of such a service. */
const speaksAws = ({ headers, url }: Request): boolean =>
  headers.has('x-amz-target') ||
  headers.get('authorization')?.startsWith('AWS4-') === true ||
  headers.get('content-type')?.startsWith('application/x-amz-json') === true ||
  url.includes('X-Amz-Algorithm=')
