/** Attestation documents with one thing changed. */
import { p384 } from '@noble/curves/nist.js'
import { encode } from 'cborg'
import type { DerNode } from '../../../src/crypto/der.ts'
import { createNodeProvider } from '../../../src/crypto/node/index.ts'
import { AttestationRefused } from '../../../src/faces/aws/nitro/refusal.ts'
import { verifyAttestation } from '../../../src/faces/aws/nitro/verify.ts'
import {
  basicConstraints,
  CRL_SIGN,
  DIGITAL_SIGNATURE,
  KEY_CERT_SIGN,
  keyPair,
  keyUsage,
  makeCertificate,
  type CertificateInput,
  type KeyPair,
} from '../../../src/testing/nitro/certificate.ts'
import { makeSign1, type Sign1Input } from '../../../src/testing/nitro/document.ts'

export const NOW = Date.parse('2026-06-01T12:00:00Z')
const DAY_MS = 86_400_000
export const day = (offset: number): Date => new Date(NOW + offset * DAY_MS)

export const ROOT = keyPair(new Uint8Array(72).fill(1))
export const ZONE = keyPair(new Uint8Array(72).fill(2))
export const HOST = keyPair(new Uint8Array(72).fill(3))
export const LEAF = keyPair(new Uint8Array(72).fill(4))
export const OTHER = keyPair(new Uint8Array(72).fill(5))

export const authority = (pathLength?: number): readonly DerNode[] => [
  basicConstraints(pathLength === undefined ? {} : { pathLength }),
  keyUsage([KEY_CERT_SIGN, CRL_SIGN]),
]
export const signer = (): readonly DerNode[] => [
  basicConstraints(undefined),
  keyUsage([DIGITAL_SIGNATURE], false),
]

const certificate = (
  subject: string,
  pair: KeyPair,
  issuer: string,
  above: KeyPair,
  extensions: readonly DerNode[],
  change: Partial<CertificateInput> = {},
): Uint8Array =>
  makeCertificate({
    subject,
    issuer,
    serial: Uint8Array.of(1),
    spki: pair.spki,
    signer: above.secretKey,
    notBefore: day(-1),
    notAfter: day(1),
    extensions,
    ...change,
  })

export const root = (change?: Partial<CertificateInput>) =>
  certificate('root', ROOT, 'root', ROOT, authority(), change)
export const zone = (change?: Partial<CertificateInput>) =>
  certificate('zone', ZONE, 'root', ROOT, authority(1), change)
export const host = (change?: Partial<CertificateInput>) =>
  certificate('host', HOST, 'zone', ZONE, authority(0), change)
export const leaf = (change?: Partial<CertificateInput>) =>
  certificate('leaf', LEAF, 'host', HOST, signer(), change)

const zeros = new Uint8Array(48)
const chain = [root(), zone(), host()]
const right = leaf()

/** Members of a document that is in order. */
export const members = (change: Readonly<Record<string, unknown>> = {}): Map<string, unknown> => {
  const all: Readonly<Record<string, unknown>> = {
    module_id: 'i-1-enc2',
    digest: 'SHA384',
    timestamp: NOW,
    pcrs: new Map([[0, zeros], [4, zeros]]), // prettier-ignore
    certificate: right,
    cabundle: chain,
    public_key: null,
    user_data: null,
    nonce: null,
    ...change,
  }
  return new Map(Object.entries(all).filter(([, value]) => value !== undefined))
}

/** A signed document with changed members, around them a changed structure. */
export const documentOf = (
  change: Readonly<Record<string, unknown>> = {},
  around: Partial<Sign1Input> = {},
): Uint8Array =>
  makeSign1({ payload: encode(members(change)), secretKey: LEAF.secretKey, ...around })

export const sign = (message: Uint8Array, { secretKey }: KeyPair): Uint8Array =>
  p384.sign(message, secretKey)

export const provider = createNodeProvider()

export const verify = (document: Uint8Array, roots = [chain[0]!], now = NOW) =>
  verifyAttestation(document, { provider, roots, now })

/** Why a document is refused; undefined when it is not. Anything but a coded refusal is thrown. */
export async function reasonOf(verified: Promise<unknown>): Promise<string | undefined> {
  try {
    await verified
    return undefined
  } catch (error) {
    if (error instanceof AttestationRefused) return error.reason
    throw error
  }
}
