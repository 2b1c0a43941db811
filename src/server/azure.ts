/** Azure Key Vault keys over HTTP: vaults by the name of the host (contracts: Azure 1). */
import { azureFetch, type AzureOptions } from '../faces/azure/index.ts'
import type { Strongroom } from '../index.ts'
import type { Face } from './face.ts'

const PATH = /^\/+(?:keys|deletedkeys|rng)(?:\/|$)/i

/**
 * Answers the official clients of Azure Key Vault when this server is their vault. `v1.localhost` is
 * the vault `v1`; an address, or a name without a dot, is the vault `local`, for which clients need
 * `disableChallengeResourceVerification`.
 *
 * @example
 * const server = await serve(room, { faces: [azureFace(room)], tls })
 * const client = new KeyClient(server.url, credential, { disableChallengeResourceVerification: true })
 */
export function azureFace(room: Strongroom, options: AzureOptions = {}): Face {
  return {
    name: 'azure',
    claims: ({ url }) => PATH.test(new URL(url).pathname),
    handle: azureFetch(room, options),
    tooLarge,
    authenticates: options.tokens !== undefined,
  }
}

const tooLarge = (): Response => {
  const message = 'The body is longer than this server takes.'
  return Response.json({ error: { code: 'RequestEntityTooLarge', message } }, { status: 413 })
}
