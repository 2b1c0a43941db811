/** The challenge that clients wait for, and who a token is (contracts: Azure 1.1). */
import { memo } from '../../base/remembered.ts'
import { fromBase64url, fromUtf8, toBase64url, utf8 } from '../../base/bytes.ts'
import type { Incoming, Target } from './codec.ts'
import { AzureFault, FAULTS } from './errors.ts'
import { domainOf, type Face } from './face.ts'

const TENANT = '00000000-0000-0000-0000-000000000000'
const BEARER = /^(?:Bearer|PoP) +(\S+)$/i

const MISSING = 'AKV10000: Request is missing a Bearer or PoP token.'
const UNKNOWN = 'AKV10022: The token is not one of those that are known here.'

/**
 * Clients check that the host lies below the resource; where no name of a host can, they have to be
 * told not to look.
 */
function challenge(face: Face, { hostname }: Target, more = ''): Record<string, string> {
  const service = face.isHsm(hostname) ? 'managedhsm' : 'vault'
  const resource = `https://${domainOf(hostname) ?? `${service}.azure.net`}`
  const authority = `https://login.microsoftonline.com/${face.options.tenantId ?? TENANT}`
  const parts = [`authorization="${authority}"`, `resource="${resource}"`]
  return { 'www-authenticate': `Bearer ${parts.join(', ')}${more}` }
}

/** Who asks; undefined is the owner. @throws 401 with the challenge */
export function callerOf(face: Face, target: Target, request: Incoming): string | undefined {
  const token = BEARER.exec(request.header('authorization') ?? '')?.[1]
  if (token === undefined)
    throw new AzureFault(FAULTS.unauthorized, MISSING, challenge(face, target))
  const { tokens, principalOf, accessPolicies } = face.options
  if (tokens) {
    if (Object.hasOwn(tokens, token)) return tokens[token]
    const headers = challenge(face, target, ', error="invalid_token"')
    throw new AzureFault(FAULTS.unauthorized, UNKNOWN, headers)
  }
  if (principalOf) return principalOf(token)
  const { iss, oid } = claimsOf(token)
  if (iss === ISSUER) return oid
  return accessPolicies ? (oid ?? 'anonymous') : undefined
}

/** Names the tokens of `azureCredential`. */
const ISSUER = 'strongroom'

interface Claims {
  readonly iss?: string
  readonly oid?: string
}

/** What a JWT says of itself, if anything; nobody has verified it. */
const claimsOf = memo((token: string): Claims => {
  const [, payload = ''] = token.split('.')
  try {
    const claims = JSON.parse(fromUtf8(fromBase64url(payload)!)) as Record<string, unknown>
    const { iss, oid } = claims
    return {
      ...(typeof iss === 'string' && { iss }),
      ...(typeof oid === 'string' && oid !== '' && { oid }),
    }
  } catch {
    return {}
  }
})

/** The credential of a client: what the SDK asks of `TokenCredential`. */
export interface AzureCredential {
  getToken(): Promise<{ readonly token: string; readonly expiresOnTimestamp: number }>
}

const HOUR_MS = 3_600_000
const encoded = (part: object): string => toBase64url(utf8(JSON.stringify(part)))

/**
 * A credential for clients of this face: no account is asked. Its token names a principal, or the
 * owner, and proves nothing: over a network use `tokens`.
 *
 * @example
 * const client = new KeyClient(url, azureCredential('alice'), { httpClient: azureHttpClient(room) })
 */
export function azureCredential(principal?: string): AzureCredential {
  const claims = { iss: ISSUER, ...(principal !== undefined && { oid: principal }) }
  const token = [{ alg: 'none', typ: 'JWT' }, claims].map(encoded).join('.') + '.'
  // Clients compare with the time of the system, and not of the room.
  return { getToken: async () => ({ token, expiresOnTimestamp: Date.now() + HOUR_MS }) }
}
