/** Attestation documents of AWS Nitro, from bytes to what they prove. */
import type { CryptoProvider } from '../../../crypto/provider.ts'
import { assertPath, assertSignatures, isSignedBy } from './chain.ts'
import { readSign1 } from './cose.ts'
import { readDocument, type DocumentMembers } from './document.ts'
import { refuse } from './refusal.ts'
import { readCertificate } from './x509.ts'

export interface VerifyOptions {
  readonly provider: CryptoProvider
  /** DER of the root certificates that are trusted. */
  readonly roots: readonly Uint8Array[]
  /** Milliseconds since 1970. */
  readonly now: number
}

/** What a document says once it is proven. */
export type Attestation = Omit<DocumentMembers, 'certificate' | 'cabundle'>

/**
 * Verifies a document as its specification wants (section 3): structure, members, chain to a trusted
 * root at this time, signature. It may be used any number of times while its certificates are valid.
 * @throws AttestationRefused with the reason
 */
export async function verifyAttestation(
  document: Uint8Array,
  { provider, roots, now }: VerifyOptions,
): Promise<Attestation> {
  const { payload, signature, signed } = readSign1(document)
  const { certificate, cabundle, ...attestation } = readDocument(payload)
  const signer = readCertificate(certificate)
  const path = [...cabundle.map(readCertificate), signer]
  // What costs nothing comes first, so that only chains of a trusted root cost signatures.
  assertPath(path, roots, now)
  if (!(await isSignedBy(provider, signer, signed, signature, 'raw')))
    refuse('signature', 'a document signed by its certificate')
  await assertSignatures(provider, path)
  return attestation
}
