/** Why an attestation document is not accepted. The reasons are closed; the text is for people. */

export type AttestationReason =
  /** Not a COSE_Sign1 structure around a CBOR map. */
  | 'structure'
  /** Signed otherwise than with ECDSA on P-384 and SHA-384. */
  | 'algorithm'
  /** A member of the map is missing, foreign or out of bounds. */
  | 'member'
  /** A certificate is not X.509 version 3 in DER, or of a kind that we do not know. */
  | 'certificate'
  /** The chain does not begin at a trusted root. */
  | 'untrusted'
  /** The chain breaks a rule of RFC 5280 section 6.1. */
  | 'chain'
  /** A certificate is not valid at this time. */
  | 'expired'
  /** A signature does not verify. */
  | 'signature'
  /** There is no public key, or not one that an answer can be encrypted to. */
  | 'publicKey'

export class AttestationRefused extends Error {
  override readonly name = 'AttestationRefused'
  readonly reason: AttestationReason

  constructor(reason: AttestationReason, expected: string) {
    super(`The attestation document is not accepted: expected ${expected}.`)
    this.reason = reason
  }
}

/** @throws AttestationRefused always */
export function refuse(reason: AttestationReason, expected: string): never {
  throw new AttestationRefused(reason, expected)
}
