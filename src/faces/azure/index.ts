/**
 * The Azure face: a room behind the official clients of Azure Key Vault keys, unmodified.
 *
 * @example
 * import { KeyClient } from '@azure/keyvault-keys'
 * import { Strongroom } from 'strongroom'
 * import { azureCredential, azureHttpClient } from 'strongroom/azure'
 * const room = await Strongroom.open()
 * const client = new KeyClient('https://shop.vault.azure.net', azureCredential(), {
 *   httpClient: azureHttpClient(room),
 * })
 */
export { PERMISSIONS, type AccessPolicy, type Permission } from './access.ts'
export type { Authority, AuthorityKey } from './attestation.ts'
export { azureCredential, type AzureCredential } from './caller.ts'
export type { AzureRequest, AzureResponse } from './codec.ts'
export { azureFetch } from './fetch.ts'
export { azureHandler } from './handle.ts'
export {
  azureHttpClient,
  type AzureHttpClient,
  type AzureHttpHeaders,
  type AzureHttpRequest,
} from './http-client.ts'
export type { AzureCall, AzureFaultAnswer, AzureOptions } from './options.ts'
