/**
 * The AWS face: a room behind the official KMS client, unmodified.
 *
 * @example
 * import { KMSClient } from '@aws-sdk/client-kms'
 * import { Strongroom } from 'strongroom'
 * import { awsRequestHandler } from 'strongroom/aws'
 * const room = await Strongroom.open()
 * const client = new KMSClient({
 *   region: 'eu-central-1',
 *   credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
 *   requestHandler: awsRequestHandler(room),
 * })
 */
export type { AwsRequest, AwsResponse } from './codec.ts'
export { awsFetch } from './fetch.ts'
export { awsHandler } from './handle.ts'
export { awsSeed, type SeededKey, type SeedKey } from './seed.ts'
export type { CloudHsmCluster, CloudHsmClusters } from './cloud-hsm.ts'
export type { XksFetch } from './xks/client.ts'
export type { XksOptions } from './xks/link.ts'
export type { AwsCall, AwsFault, AwsOptions } from './options.ts'
export type { AwsCredential } from './principals.ts'
export { QUOTAS, type Quotas } from './quotas.ts'
export type { Rates } from './throttle.ts'
export { awsPlugin, type AwsPlugin, type AwsPluginOptions } from './plugin.ts'
export {
  awsRequestHandler,
  type AwsHttpRequest,
  type AwsHttpResponse,
  type AwsRequestHandler,
} from './request-handler.ts'
