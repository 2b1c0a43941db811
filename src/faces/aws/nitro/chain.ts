/**
 * Certification paths (RFC 5280 section 6.1) in the form that attestation documents have: a straight
 * line from a root to the certificate that signed. There is no revocation, as the specification wants.
 */
import { equalBytes } from '../../../base/bytes.ts'
import type { CryptoProvider } from '../../../crypto/provider.ts'
import { refuse } from './refusal.ts'
import type { Certificate } from './x509.ts'

/**
 * Everything about a path but its signatures: it begins at one of `roots` (DER) and is valid at `now`
 * (milliseconds since 1970). The path has the root first and the signer of the document last.
 * @throws AttestationRefused `untrusted`, `expired` or `chain`
 */
export function assertPath(
  path: readonly Certificate[],
  roots: readonly Uint8Array[],
  now: number,
): void {
  const [root] = path
  if (!roots.some((trusted) => root && equalBytes(trusted, root.raw)))
    refuse('untrusted', 'a chain that begins at a trusted root certificate')
  path.forEach((certificate, at) => {
    // 6.1.3 (a) 4
    const issuer = path[Math.max(at - 1, 0)]!
    if (!equalBytes(certificate.issuer, issuer.subject))
      refuse('chain', 'each certificate to be issued by the one before it')
    // 6.1.3 (a) 2
    if (now < certificate.notBefore || now > certificate.notAfter)
      refuse('expired', `certificates that are valid at ${new Date(now).toISOString()}`)
    // The authorities that follow, not counting the signer.
    const below = path.length - 2 - at
    if (below >= 0) assertAuthority(certificate, below)
    else assertSigner(certificate)
  })
}

/** 6.1.4 (k) to (n). */
function assertAuthority(
  { isCa, pathLength, signsCertificates }: Certificate,
  below: number,
): void {
  if (!isCa) refuse('chain', 'certificates of authorities above the one that signed')
  if (!signsCertificates) refuse('chain', 'authorities whose keyUsage has keyCertSign')
  if (pathLength !== undefined && below > pathLength)
    refuse('chain', 'no more authorities than pathLenConstraint allows')
}

function assertSigner({ isCa, pathLength, signsDocuments }: Certificate): void {
  if (isCa || pathLength !== undefined) refuse('chain', 'a signer that is no authority')
  if (!signsDocuments) refuse('chain', 'a signer whose keyUsage has digitalSignature')
}

/**
 * 6.1.3 (a) 1: each certificate is signed by the one before it. The root stands for itself.
 * @throws AttestationRefused `signature`
 */
export async function assertSignatures(
  provider: CryptoProvider,
  path: readonly Certificate[],
): Promise<void> {
  for (const [at, { tbs, signature }] of path.entries()) {
    const issuer = path[at - 1]
    if (issuer && !(await isSignedBy(provider, issuer, tbs, signature, 'der')))
      refuse('signature', 'certificates signed by those above them')
  }
}

/** ECDSA with SHA-384 on P-384 by the key of a certificate. */
export async function isSignedBy(
  provider: CryptoProvider,
  { spki }: Certificate,
  message: Uint8Array,
  signature: Uint8Array,
  format: 'der' | 'raw',
): Promise<boolean> {
  try {
    const key = provider.publicKey('EC_P384', spki)
    const options = { messageType: 'raw', format } as const
    return await key.verify('ECDSA_SHA_384', message, signature, options)
  } catch {
    // A point that does not lie on the curve is nobody's key.
    return false
  }
}
