/** What the first `Recipient` loads. */
export { envelopeFor, recipientKey } from './envelope.ts'
export { AttestationRefused } from './refusal.ts'
export { readRoots } from './roots.ts'
export { verifyAttestation, type Attestation } from './verify.ts'
