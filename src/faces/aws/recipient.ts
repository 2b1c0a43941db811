/**
 * `Recipient`: a plaintext for an attested enclave alone (contracts: AWS 8.2). The code that verifies
 * and encrypts is loaded when the first one comes.
 */
import { wipe } from '../../base/bytes.ts'
import type { Eventually } from '../../crypto/provider.ts'
import { validation } from './errors.ts'
import type { Call } from './call.ts'
import type { Face } from './face.ts'
import type { RECIPIENT } from './members.ts'
import type { Attestation } from './nitro/index.ts'
import type { Values } from './shape.ts'

/** Who gets the secret member of an answer. */
export interface Recipient {
  /** True when a document proved who it is. The service then leaves KeyMaterialId out as well. */
  readonly attested: boolean
  /** Condition keys of policies with the values that the document proves. */
  readonly conditions: Readonly<Record<string, string>>
  /** The members of the answer that hold a plaintext, which belongs to it from now on. */
  readonly members: (
    name: string,
    plaintext: Uint8Array,
  ) => Eventually<Readonly<Record<string, Uint8Array>>>
}

/** Without a `Recipient`, the caller. */
const CALLER: Recipient = {
  attested: false,
  conditions: {},
  members: (name, plaintext) => ({ [name]: plaintext }),
}

export interface WithRecipient {
  readonly Recipient?: Values<(typeof RECIPIENT)['shape']> | undefined
}

/** @throws ValidationException when the document is not accepted, or holds no RSA key */
export const recipientOf = (face: Face, { Recipient }: WithRecipient): Eventually<Recipient> =>
  Recipient ? attested(face, Recipient) : CALLER

type Given = NonNullable<WithRecipient['Recipient']>

async function attested(face: Face, { AttestationDocument }: Given): Promise<Recipient> {
  const nitro = await import('./nitro/index.ts')
  const provider = face.room.crypto
  const roots = nitro.readRoots(face.options.attestationRoots)
  try {
    const options = { provider, roots, now: face.now }
    const attestation = await nitro.verifyAttestation(AttestationDocument, options)
    const key = nitro.recipientKey(provider, attestation.publicKey)
    return {
      attested: true,
      conditions: conditionsOf(attestation),
      members: async (_, plaintext) => {
        try {
          return { CiphertextForRecipient: await nitro.envelopeFor(provider, key, plaintext) }
        } finally {
          wipe(plaintext)
        }
      },
    }
  } catch (error) {
    if (error instanceof nitro.AttestationRefused) validation(error.message)
    throw error
  }
}

/** The recipient of a call, which policies see from then on. */
export async function recipientFor(call: Call<WithRecipient>): Promise<Recipient> {
  const recipient = await recipientOf(call.face, call.input)
  call.proved = recipient.conditions
  return recipient
}

const PREFIX = 'kms:RecipientAttestation:'
/** Of an enclave, register 0 is the image. */
const IMAGE = 0
const REGISTER = { enclave: 'PCR', tpm: 'NitroTPMPCR' } as const

/** Condition keys for Nitro Enclaves and for NitroTPM (contracts: AWS 12). */
function conditionsOf({ source, pcrs }: Attestation): Readonly<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [index, hex] of pcrs) found[`${PREFIX}${REGISTER[source]}${index}`] = hex
  const image = pcrs.get(IMAGE)
  if (source === 'enclave' && image !== undefined) found[`${PREFIX}ImageSha384`] = image
  return found
}
