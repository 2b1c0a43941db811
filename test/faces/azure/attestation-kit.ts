/** An authority for attestation tokens, an environment with a key, and what it opens of a release. */
import {
  constants,
  createDecipheriv,
  generateKeyPairSync,
  privateDecrypt,
  sign,
  verify,
  X509Certificate,
} from 'node:crypto'
import type { Authority } from '../../../src/faces/azure/index.ts'

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
const decoded = (part: string): Record<string, never> =>
  JSON.parse(Buffer.from(part, 'base64url').toString()) as never

export const ISSUER = 'https://attest.example.net/'
const signer = generateKeyPairSync('rsa', { modulusLength: 2048 })
export const environment = generateKeyPairSync('rsa', { modulusLength: 2048 })
const stranger = generateKeyPairSync('rsa', { modulusLength: 2048 })

export const AUTHORITY: Authority = {
  authority: ISSUER.slice(0, -1),
  jwks: { keys: [{ ...signer.publicKey.export({ format: 'jwk' }), kid: 'one' } as never] },
}

export interface Telling {
  readonly claims?: object
  readonly header?: object
  readonly byStranger?: boolean
  readonly keys?: readonly object[]
}

/** A token that says these things. */
export function token({ claims, header, byStranger, keys }: Telling = {}): string {
  const jwk = environment.publicKey.export({ format: 'jwk' })
  const runtime = { keys: keys ?? [{ ...jwk, kid: 'environment', key_ops: ['encrypt'] }] }
  const payload = {
    iss: ISSUER,
    'sdk-test': true,
    'x-ms-isolation': { tee: 'sevsnp', svn: 3 },
    'x-ms-runtime': runtime,
    ...claims,
  }
  const body = `${encoded({ alg: 'RS256', typ: 'JWT', kid: 'one', ...header })}.${encoded(payload)}`
  const { privateKey } = byStranger ? stranger : signer
  return `${body}.${sign('sha256', Buffer.from(body), privateKey).toString('base64url')}`
}

export const policyOf = (anyOf: readonly object[]): Uint8Array =>
  Buffer.from(JSON.stringify({ version: '1.0.0', anyOf }))
export const POLICY = policyOf([
  { authority: ISSUER, allOf: [{ claim: 'sdk-test', equals: 'true' }] },
])

const HASHES: Readonly<Record<string, string>> = {
  CKM_RSA_AES_KEY_WRAP: 'sha1',
  RSA_AES_KEY_WRAP_256: 'sha256',
  RSA_AES_KEY_WRAP_384: 'sha384',
}

/** What a release holds, once its signature and its certificate are verified. */
export function opened(value: string) {
  const [head, body, signature] = value.split('.')
  const header = decoded(head!) as Record<string, unknown>
  const certificate = new X509Certificate(
    Buffer.from((header['x5c'] as readonly string[])[0]!, 'base64'),
  )
  const { publicKey } = certificate
  const authentic =
    certificate.verify(publicKey) && verified(`${head}.${body}`, signature!, certificate)
  return { header, payload: decoded(body!), certificate, authentic }
}

const verified = (signed: string, signature: string, { publicKey }: X509Certificate): boolean =>
  verify('sha256', Buffer.from(signed), publicKey, Buffer.from(signature, 'base64url'))

/** The material of a released key. */
export function material(hsmKey: string): Buffer {
  const { header, ciphertext } = decoded(hsmKey) as never as {
    header: { enc: string; kid: string }
    ciphertext: string
  }
  const blob = Buffer.from(ciphertext, 'base64url')
  const temporary = privateDecrypt(
    {
      key: environment.privateKey,
      padding: constants.RSA_PKCS1_OAEP_PADDING,
      oaepHash: HASHES[header.enc]!,
    },
    blob.subarray(0, 256),
  )
  const open = createDecipheriv('id-aes256-wrap-pad', temporary, Buffer.from('a65959a6', 'hex'))
  return Buffer.concat([open.update(blob.subarray(256)), open.final()])
}
