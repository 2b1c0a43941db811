/**
 * Attestation tokens (contracts: Azure 4.9): signed by an authority that is registered here, since
 * nothing is fetched. What they prove decides about a release, and names the key that it is for.
 */
import { fromBase64url, fromUtf8, utf8 } from '../../base/bytes.ts'
import { rsaSpki } from '../../crypto/keys.ts'
import type { CryptoProvider, PublicKey } from '../../crypto/provider.ts'
import type { Json } from '../../domain/records.ts'
import { bad } from './errors.ts'
import { sameAuthority } from './release-policy.ts'

/** A public RSA key of RFC 7517; other members are ignored. */
export interface AuthorityKey {
  readonly kty: string
  readonly n?: string
  readonly e?: string
  readonly kid?: string
}

/** Who signs attestation tokens. */
export interface Authority {
  /** The issuer, as policies and tokens name it. */
  readonly authority: string
  /** What it publishes: RFC 7517 5. */
  readonly jwks: { readonly keys: readonly AuthorityKey[] }
}

export type Claims = Readonly<Record<string, Json>>

export interface Attested {
  readonly issuer: string
  readonly claims: Claims
}

const TOKEN_LENGTH_MAX = 65_536

interface Token {
  readonly header: Claims
  readonly claims: Claims
  readonly signed: Uint8Array
  readonly signature: Uint8Array
}

const malformed = (): never => bad('The target is not an attestation token: a JWT of RS256.')

function objectOf(part: string): Claims {
  try {
    const value = JSON.parse(fromUtf8(fromBase64url(part)!)) as Json
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Claims
  } catch {
    // Told below.
  }
  return malformed()
}

function readToken(token: string): Token {
  const [head, body, sealed, ...more] = token.split('.')
  if (token.length > TOKEN_LENGTH_MAX || more.length > 0 || !head || !body || !sealed)
    return malformed()
  const header = objectOf(head)
  const signature = fromBase64url(sealed)
  if (header['alg'] !== 'RS256' || !signature) return malformed()
  return { header, claims: objectOf(body), signed: utf8(`${head}.${body}`), signature }
}

/** A key of an authority, or of an environment. */
export function publicKeyOf(
  provider: CryptoProvider,
  { kty, n, e }: AuthorityKey,
): { readonly key: PublicKey; readonly spki: Uint8Array } | undefined {
  const [modulus, exponent] = [n, e].map((number) =>
    number === undefined ? undefined : fromBase64url(number),
  )
  if (kty !== 'RSA' || !modulus || !exponent) return undefined
  const spki = rsaSpki(modulus, exponent)
  const key = provider.parseRsaPublicKey(spki)
  return key && { key, spki }
}

/** Seconds; what is not told is no bound. */
function isCurrent({ exp, nbf }: Claims, nowMs: number): boolean {
  const now = nowMs / 1000
  return (typeof exp !== 'number' || now < exp) && (typeof nbf !== 'number' || now >= nbf)
}

/**
 * What a token proves; undefined when it proves nothing here.
 * @throws 400 BadParameter for what is no token
 */
export async function attested(
  provider: CryptoProvider,
  authorities: readonly Authority[],
  token: string,
  nowMs: number,
): Promise<Attested | undefined> {
  const { header, claims, signed, signature } = readToken(token)
  const { iss } = claims
  const known =
    typeof iss === 'string'
      ? authorities.find(({ authority }) => sameAuthority(authority, iss))
      : undefined
  if (!known || !isCurrent(claims, nowMs)) return undefined
  const { kid } = header
  for (const each of known.jwks.keys) {
    if (kid !== undefined && each.kid !== undefined && each.kid !== kid) continue
    const found = publicKeyOf(provider, each)
    const options = { messageType: 'raw' } as const
    if (found && (await found.key.verify('RSA_PKCS1_SHA_256', signed, signature, options)))
      return { issuer: iss as string, claims }
  }
  return undefined
}

export interface EnvironmentKey {
  readonly kid: string
  readonly spki: Uint8Array
}

/** The first key of the environment that can encrypt: what is released is wrapped with it. */
export function environmentKey(
  provider: CryptoProvider,
  { claims }: Attested,
): EnvironmentKey | undefined {
  const runtime = claims['x-ms-runtime'] as { readonly keys?: unknown } | undefined
  if (!Array.isArray(runtime?.keys)) return undefined
  for (const each of runtime.keys as readonly Claims[]) {
    const { use, key_ops, kid } = each
    const encrypts = use === 'enc' || (Array.isArray(key_ops) && key_ops.includes('encrypt'))
    const found = encrypts ? publicKeyOf(provider, each as unknown as AuthorityKey) : undefined
    if (found) return { kid: typeof kid === 'string' ? kid : '', spki: found.spki }
  }
  return undefined
}
