/** The root certificates that documents may lead to. */
import { equalBytes, fromBase64 } from '../../../base/bytes.ts'
import { invalidArgument } from '../../../base/errors.ts'
import { AttestationRefused } from './refusal.ts'
import { readCertificate } from './x509.ts'

/**
 * AWS Nitro Enclaves Root-G1, valid from 2019-10-28 to 2049-10-28
 * (https://aws-nitro-enclaves.amazonaws.com/AWS_NitroEnclaves_Root-G1.zip). The fingerprint that AWS
 * publishes (Nitro Enclaves User Guide, "Verifying the root of trust") is the SHA-256 of these bytes:
 * 641A0321A3E244EFE456463195D606317ED7CDCC3C1756E09893F3C68F79BB5B.
 */
export const AWS_NITRO_ROOT_G1 = fromBase64(
  'MIICETCCAZagAwIBAgIRAPkxdWgbkK/hHUbMtOTn+FYwCgYIKoZIzj0EAwMwSTELMAkGA1UEBhMCVVMxDzANBgNVBAoM' +
    'BkFtYXpvbjEMMAoGA1UECwwDQVdTMRswGQYDVQQDDBJhd3Mubml0cm8tZW5jbGF2ZXMwHhcNMTkxMDI4MTMyODA1WhcN' +
    'NDkxMDI4MTQyODA1WjBJMQswCQYDVQQGEwJVUzEPMA0GA1UECgwGQW1hem9uMQwwCgYDVQQLDANBV1MxGzAZBgNVBAMM' +
    'EmF3cy5uaXRyby1lbmNsYXZlczB2MBAGByqGSM49AgEGBSuBBAAiA2IABPwCVOumCMHzaHDimtqQvkY4MpJzbolL//Zy' +
    '2YlES1BR5TSksfbb48C8WBoyt7F2Bw7eEtaaP+ohG2bnUs990d0JX28TcPQXCEPZ3BABIeTPYwEoCWZEh8l5YoQwTcU/' +
    '9KNCMEAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQUkCW1DdkFR+eWw5b6cp3PmanfS5YwDgYDVR0PAQH/BAQDAgGG' +
    'MAoGCCqGSM49BAMDA2kAMGYCMQCjfy+Rocm9Xue4YnwWmNJVA44fA0P5W2OpYow9OYCVRaEevL8uO1XYru5xtMPWrfMC' +
    'MQCi85sWBbJwKKXdS6BptQFuZbT73o/gBh1qUxl/nNr12UO8Yfwr6wPLb+6NIwLz3/Y=',
)!

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/

/**
 * DER of root certificates that are given as DER or PEM; AWS's own when none are given.
 * @throws StrongroomError INVALID_ARGUMENT
 */
export function readRoots(
  given: readonly (string | Uint8Array)[] = [AWS_NITRO_ROOT_G1],
): readonly Uint8Array[] {
  return given.map((root, at) => {
    const bytes = typeof root === 'string' ? fromPem(root) : root
    if (!bytes || !isRoot(bytes))
      invalidArgument(
        `attestationRoots[${at}]`,
        'a root certificate with a key on P-384, in PEM or DER',
        root,
      )
    return new Uint8Array(bytes)
  })
}

function fromPem(text: string): Uint8Array | undefined {
  const body = PEM.exec(text)?.[1]
  return body === undefined ? undefined : fromBase64(body.replace(/\s/g, ''))
}

function isRoot(bytes: Uint8Array): boolean {
  try {
    const { isCa, issuer, subject } = readCertificate(bytes)
    return isCa && equalBytes(issuer, subject)
  } catch (error) {
    if (error instanceof AttestationRefused) return false
    throw error
  }
}
